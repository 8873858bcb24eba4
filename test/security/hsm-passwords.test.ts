/**
 * Passwords that the cipher machine keeps (`hsm:NAME`): asked for at each use and known to nobody afterwards, and without the machine nothing
 * leaves. That none of them is told anywhere: `test/devices/secrets.test.ts`.
 */
import { inspect } from "node:util";
import { expect, onTestFinished, test, vi } from "vitest";
import { hours, later, minutes } from "../../src/kernel/clock.ts";
import { isFault, reasonOf } from "../../src/kernel/faults.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { HsmModule } from "../../src/security/hsm.ts";
import { untilTrue } from "../api/door.ts";
import { A, raiseHouse, type House } from "../devices/house.ts";
import { back, cipherServer, expectUnavailable, hex, listeningLog, orderOf, startedHsm, wireTo } from "../support/hsm.ts";

const NAME = "relay/202611220001";
const PASSWORD = "748295";
const passwords = new Map([[NAME, new Secret(PASSWORD)]]);

async function raise(security: HsmModule, inMachine = NAME): Promise<House> {
  const house = await raiseHouse({
    carrier: "tcp",
    security,
    meters: [{ clockOffsetMs: hours(2), passwords: { "02": "000000", "04": PASSWORD } }],
    records: (record) => ({ ...record, relayPassword: { level: "04", secret: { inMachine } } }),
  });
  onTestFinished(() => house.close());
  return house;
}
const soon = (house: House) => ({ notAfter: later(house.clock.now(), minutes(10)) });
const heard = (house: House, control: "14" | "1C"): number =>
  house.simulator.frames(A).filter(({ direction, hex: said }) => direction === "request" && said.includes(` 68 ${control} `))
    .length;

test("relay and clock are ordered by it, and each use asks the machine anew: what was changed there holds at once", async () => {
  const changing = new Map(passwords);
  const server = await cipherServer({ passwords: changing });
  const house = await raise(await startedHsm(server.port));
  const session = await house.session();
  expect(await session.orderRelay("disconnect", soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(await session.setClock("write", house.clock.now(), soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(house.simulator.snapshot(A)).toMatchObject({ relay: "disconnected", obeyed: { disconnects: 1 } });
  expect(Math.abs((await session.readClock()).aheadMs!)).toBeLessThan(3_000);
  changing.set(NAME, new Secret("000001"));
  expect(await session.orderRelay("reconnect", soon(house))).toMatchObject({ sent: "refused" });
  expect(server.heard).toMatchObject({ password: 3 });
  expect(server.heard["begin-identity"]).toBeUndefined();
  await session.close();
});

test("while the machine is away nothing leaves, and the order that comes again afterwards is obeyed", async () => {
  const server = await cipherServer({ passwords });
  const hsm = await startedHsm(server.port);
  const house = await raise(hsm);
  const session = await house.session();
  server.mode = "refusing";
  const mark = vi.fn(() => Promise.resolve());
  const options = { ...soon(house), beforeFirstByte: mark };
  await expectUnavailable(session.orderRelay("disconnect", options), /declined password \(refused/);
  await expectUnavailable(session.setClock("write", house.clock.now(), options), /declined password/);
  expect(mark).not.toHaveBeenCalled();
  expect([heard(house, "14"), heard(house, "1C")]).toEqual([0, 0]);
  expect(hsm.trouble).not.toBeNull();
  server.mode = "honest";
  expect(await session.orderRelay("disconnect", soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(hsm.trouble).toBeNull();
  await session.close();
});

test("a name that the machine does not keep is said, and the machine is well for all others", async () => {
  const hsm = await startedHsm((await cipherServer({ passwords })).port);
  const house = await raise(hsm, "relay/none");
  const session = await house.session();
  await expectUnavailable(
    session.orderRelay("warn", soon(house)),
    /keeps no password of this name \(unknown-password: .*; bring it/,
  );
  expect(hsm.trouble).toBeNull();
  expect(heard(house, "1C")).toBe(0);
  await session.close();
});

test("a machine that keeps no passwords at all is named", async () => {
  const server = await cipherServer({ passwords });
  const hsm = await startedHsm(
    await wireTo(server.port, (line) => {
      const { id, password } = JSON.parse(line) as Record<string, unknown>;
      return [password === undefined ? `${line}\n` : `{"id":${String(id)},"ok":false,"code":"unknown-verb","why":""}\n`];
    }),
  );
  const house = await raise(hsm);
  const session = await house.session();
  await expect(session.orderRelay("warn", soon(house))).rejects.toSatisfy(
    (error) => isFault(error, "not-supported") && /does not know password/.test(error.message),
  );
  const software = await raiseHouse({
    records: (record) => ({ ...record, relayPassword: { level: "02", secret: { inMachine: NAME } } }),
  });
  onTestFinished(() => software.close());
  const other = await software.session();
  await expect(other.orderRelay("warn", soon(software))).rejects.toSatisfy(
    (error) =>
      isFault(error, "not-supported") && /software-test-keys .*keeps no passwords; name relay\/202611220001/.test(error.message),
  );
  await session.close();
  await other.close();
});

test.each<[string, (line: string) => string]>([
  ["five digits", (line) => line.replace(`"${PASSWORD}"`, '"74829"')],
  ["a letter", (line) => line.replace(`"${PASSWORD}"`, '"74829A"')],
  ["a number", (line) => line.replace(`"${PASSWORD}"`, PASSWORD)],
  ["nothing", (line) => line.replace(`"password"`, '"word"')],
])(
  "an answer of %s is no password: nothing leaves, what it said is not repeated, the connection is made anew",
  async (_what, change) => {
    const server = await cipherServer({ passwords });
    const { log, text } = listeningLog();
    const hsm = await startedHsm(
      await wireTo(server.port, (line) => [`${server.heard["password"] === 1 ? change(line) : line}\n`]),
      {
        log,
      },
    );
    const outcome = hsm.password(NAME);
    await expectUnavailable(outcome, /password is not six digits/);
    expect(`${text()}${reasonOf(await outcome.catch((error: unknown) => error))}`).not.toMatch(/74829/);
    await back(hsm);
    expect((await hsm.password(NAME)).open()).toBe(PASSWORD);
  },
);

test("it is in no log, fault or print of the module, also where the machine repeats it as its reason or gives it too late", async () => {
  const server = await cipherServer({ passwords, slowMs: 150 });
  const { log, text } = listeningLog();
  let repeats = false;
  const port = await wireTo(server.port, (line) => {
    const { id, password } = JSON.parse(line) as Record<string, unknown>;
    if (!repeats || password === undefined) return [`${line}\n`];
    return [`{"id":${String(id)},"ok":false,"code":"${PASSWORD}","why":"not ${PASSWORD} or 59 ${PASSWORD}0"}\n`];
  });
  const hsm = await startedHsm(port, { log, deadlineMs: 100 });
  const given = await hsm.password(NAME);
  repeats = true;
  const declined: unknown = await hsm.password(NAME).catch((error: unknown) => error);
  repeats = false;
  server.mode = "slow";
  const late: unknown = await hsm.password(NAME).catch((error: unknown) => error);
  await untilTrue("the late answer to have come", () => text().includes("belongs to no one"));
  server.mode = "honest";
  expect(hex(await orderOf(hsm))).toMatch(/^D869/);
  expect(given.open()).toBe(PASSWORD);
  const told = [
    text(),
    inspect([given, declined, late, hsm], { depth: 9 }),
    JSON.stringify([given, declined, late, hsm, hsm.trouble]),
  ];
  expect(told.join("\n")).toMatch(/declined password/);
  expect(told.join("\n")).not.toContain(PASSWORD);
});
