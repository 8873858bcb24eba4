/** Passwords are planted in orders of every shape and then looked for in everything that is kept or told. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { reasonOf } from "../../src/kernel/faults.ts";
import type { Logger } from "../../src/kernel/log.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { cipherServer, startedHsm } from "../support/hsm.ts";
import { raiseHouse } from "./house.ts";

/** How the password looks wherever it may turn up: as digits, and as bytes on the wire with and without the 33H. */
function disguises(password: string): string[] {
  const pairs = (password.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const hex = (bytes: readonly number[], separator: string) =>
    bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, "0")).join(separator);
  const wire = [...pairs].reverse();
  return [pairs, wire, wire.map((byte) => byte + 0x33), pairs.map((byte) => byte + 0x33)].flatMap((bytes) => [
    hex(bytes, " "),
    hex(bytes, ""),
  ]);
}

test("no password reaches evidence, logs, faults or the printed record, whatever the meter answers", async () => {
  const said: string[] = [];
  const note = (fields: object, message: string) => void said.push(JSON.stringify(fields) + message);
  const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };
  const passwords = new Map<string, Secret<string>>();
  const hsm = await startedHsm((await cipherServer({ passwords, log })).port, { log });
  // Six digits that stand nowhere else by chance: no pair repeats, and none is a byte of an ordinary frame.
  const anyPassword = fc
    .uniqueArray(fc.constantFrom("71", "82", "93", "74", "85", "96", "73", "84", "95"), { minLength: 3, maxLength: 3 })
    .map((pairs) => pairs.join(""));
  await fc.assert(
    fc.asyncProperty(
      anyPassword,
      fc.constantFrom("02", "03", "04"),
      fc.constantFrom("right", "wrong", "lost-reply", "torn-reply", "echo"),
      fc.constantFrom("in the record", "in the machine"),
      fc.constantFrom("relay", "clock"),
      async (password, level, story, kept, order) => {
        const isKept = kept === "in the machine";
        said.length = 0;
        passwords.set("relay/a", new Secret(password));
        const house = await raiseHouse({
          log,
          bus: { replyDeadlineMs: 150, quietMs: 5 },
          ...(isKept ? { security: hsm } : {}),
          meters: [{ passwords: { "02": "000000", "04": "111111", [level]: story === "wrong" ? "000001" : password } }],
          records: (record) => ({
            ...record,
            relayPassword: { level, secret: isKept ? { inMachine: "relay/a" } : new Secret(password) },
          }),
        });
        if (story === "lost-reply" || story === "torn-reply")
          house.simulator.setFault("202611220001", { kind: story, function: order === "relay" ? "1C" : "14" });
        if (story === "echo") house.simulator.setBusFault("bus-1", { kind: story });
        const session = await house.session();
        const options = { notAfter: later(systemClock.now(), minutes(1)) };
        const outcome: unknown = await (
          order === "relay" ? session.orderRelay("warn", options) : session.setClock("write", systemClock.now(), options)
        ).catch(reasonOf);
        await session.close();
        const told = [
          JSON.stringify(session.evidence),
          JSON.stringify(outcome),
          JSON.stringify(house.street.meters()),
          JSON.stringify(hsm),
          ...said,
        ]
          .join("\n")
          .toLowerCase();
        await house.close();
        expect(session.evidence.some(({ hex }) => hex.includes(order === "relay" ? " 68 1C " : " 68 14 "))).toBe(true);
        for (const disguise of [password, ...disguises(password)]) expect(told).not.toContain(disguise);
      },
    ),
    { numRuns: 50 },
  );
}, 60_000);
