/** Writes under proof by a session: what a virtual meter makes of them, which level each item goes by, and what never leaves. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { hours, Instant, later, minutes, ShiftableClock } from "../../src/kernel/clock.ts";
import { isFault, type FaultCode } from "../../src/kernel/faults.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { MeterSession, SendOptions, WriteProof } from "../../src/devices/meter.ts";
import type { SecurityModule } from "../../src/security/security-module.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { A, raiseHouse, type House, type HouseOptions } from "./house.ts";

const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});
async function raise(options: HouseOptions = {}): Promise<{ house: House; clock: ShiftableClock; session: MeterSession }> {
  const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 25, 2)));
  const house = await raiseHouse({ meters: [{}], ...options, clock });
  houses.push(house);
  return { house, clock, session: await house.session() };
}
const soon = (house: House): SendOptions => ({ notAfter: later(house.clock.now(), minutes(10)) });
/** As a person writes it, to the bytes of a plain write: each field turned round. */
const wire = (...fields: string[]): Uint8Array =>
  Uint8Array.from(fields.flatMap((field) => [...Buffer.from(field, "hex")].reverse()));
const code = (expected: FaultCode, why = /./) =>
  ((error: unknown) => isFault(error) && error.code === expected && why.test(error.message)) as (error: unknown) => boolean;
/** Writes that left, by their level byte. */
const levels = (house: House): string[] =>
  house.simulator
    .frames(A)
    .filter(({ direction }) => direction === "request")
    .flatMap(({ hex }) => /68.{12}6814..(?:..){4}(..)/.exec(hex.replaceAll(" ", ""))?.[1] ?? [])
    .map((byte) => (Number.parseInt(byte, 16) - 0x33).toString(16));
const shown = async (session: MeterSession, di: string): Promise<string | null> =>
  (await session.read([di], "person"))[0]?.value ?? null;
const fen = (amount: number): Uint8Array => wire(amount.toString(16).padStart(8, "0"));

test("a parameter is written under a cipher, and read back", async () => {
  const { house, session } = await raise();
  expect(await shown(session, "04001401")).not.toBe("25");
  expect(await session.writeSecured("04001401", wire("0025"), soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(await session.readTripDelayMinutes()).toBe(25);
  expect(levels(house)).toEqual(["98"]);
});

describe("money and what decides about it travels in the clear with a MAC over its fields", () => {
  test.each<[string, readonly string[]]>([
    ["04000108", ["2612010000"]],
    ["04000109", ["2612010000"]],
    ["04000306", ["000060"]],
    ["04000307", ["000100"]],
    ["04001001", ["00003000"]],
    ["04001002", ["00001000"]],
    ["040502FF", ["00005283", "00007283", "00003283", "00001283"]],
  ])("%s", async (di, fields) => {
    const { house, session } = await raise();
    expect(await session.writeSecured(di, wire(...fields), soon(house))).toMatchObject({ sent: "acknowledged" });
    expect(levels(house)).toEqual(["99"]);
    // Only the cipher's level is left to try, and the meter wants the other: so the list above is the meter's own.
    expect(await session.writeSecured(di, wire(...fields), { ...soon(house), under: "cipher" })).toMatchObject({
      sent: "refused",
    });
    expect(levels(house)).toEqual(["99", "98"]);
  });

  test("what was written is shown", async () => {
    const { house, session } = await raise();
    await session.writeSecured("04001001", wire("00003000"), soon(house));
    expect(await shown(session, "04001001")).toBe("30.00");
  });
});

test("a refund takes its amount out of the wallet, and a second one by its own frame again", async () => {
  const { house, session } = await raise();
  expect(await session.writeSecured("04001006", fen(1_000), soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(house.simulator.snapshot(A)).toMatchObject({ balance: "40.00", obeyed: { refunds: 1 } });
  expect(await session.writeSecured("04001006", fen(1), soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(house.simulator.snapshot(A)).toMatchObject({ balance: "39.99", obeyed: { refunds: 2 } });
  expect(await session.writeSecured("04001006", fen(4_000), soon(house))).toMatchObject({ sent: "refused" });
  expect(house.simulator.snapshot(A)).toMatchObject({ balance: "39.99", obeyed: { refunds: 2 } });
  expect(levels(house)).toEqual(["98", "98", "98"]);
});

test("a refund whose answer is lost was obeyed all the same, and is not repeated by the session", async () => {
  const { house, session } = await raise({ bus: { replyDeadlineMs: 150 } });
  await session.readWallet();
  house.simulator.setFault(A, { kind: "lost-reply", function: "14" });
  expect(await session.writeSecured("04001006", fen(1_000), soon(house))).toMatchObject({ sent: "silent" });
  expect(house.simulator.snapshot(A)).toMatchObject({ balance: "40.00", obeyed: { refunds: 1 } });
  expect(levels(house)).toEqual(["98"]);
});

test.each<["southern-grid" | "state-grid-2009" | "remote-ledger", string]>([
  ["southern-grid", "96"],
  ["state-grid-2009", "98"],
  ["remote-ledger", "98"],
])("a %s is written at its own level %s", async (model, level) => {
  const { house, session } = await raise({ meters: [{ model }] });
  expect(await session.writeSecured("04001202", wire("15"), soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(levels(house)).toEqual([level]);
});

test("the meter has another number than its address: its keys come of the number", async () => {
  const { house, session } = await raise({ meters: [{ meterNumber: "000000345678" }] });
  for (const [di, data] of [
    ["04001401", wire("0010")],
    ["04001001", wire("00003000")],
    ["04001006", fen(100)],
  ] as const)
    expect(await session.writeSecured(di, data, soon(house))).toMatchObject({ sent: "acknowledged" });
});

test("a password in the record changes nothing: whoever asks for a secured write gets one", async () => {
  const { house, session } = await raise({
    records: (record) => ({ ...record, relayPassword: { level: "02", secret: new Secret("000000") } }),
  });
  expect(await session.writeSecured("04001401", wire("0010"), soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(levels(house)).toEqual(["98"]);
});

describe("what never leaves", () => {
  const never = async (
    options: HouseOptions,
    [di, data, under]: readonly [string, Uint8Array, WriteProof?],
    expected: (error: unknown) => boolean,
  ): Promise<void> => {
    const { house, session } = await raise(options);
    const mark = vi.fn(() => Promise.resolve());
    const how = { ...soon(house), beforeFirstByte: mark, ...(under === undefined ? {} : { under }) };
    await expect(session.writeSecured(di, data, how)).rejects.toSatisfy(expected);
    expect(mark).not.toHaveBeenCalled();
    expect(levels(house)).toEqual([]);
  };

  test.each<[string, string, Uint8Array, FaultCode, RegExp]>([
    ["a value that is too short", "04001401", wire("10"), "unencodable", /tripDelay has 2/],
    ["digits that are no month", "0400010C", wire("26341200100500"), "unencodable", /month|34/],
    ["an event record", "03300001", wire("00"), "unencodable", /only read/],
    ["the meter's address", "04000401", wire("202611229999"), "order-forbidden", /another address/],
    ["the meter's number, and with it its keys", "04000402", wire("202611229999"), "order-forbidden", /other keys/],
    ["a password", "04000C03", wire("02123456"), "unencodable", /no password's|password/],
    ["a refund of nothing", "04001006", fen(0), "unencodable", /more than nothing/],
    ["a refund of three bytes", "04001006", wire("0003E8"), "unencodable", /4 bytes/],
  ])("%s", (_what, di, data, fault, why) => never({}, [di, data], code(fault, why)));

  test("a refund where the model has no wallet", () =>
    never({ meters: [{ model: "remote-ledger" }] }, ["04001006", fen(100)], code("order-forbidden", /takes money back/)));

  test("a write to a meter that has no keys", () =>
    never({ meters: [{ model: "breaker-645" }] }, ["04001401", wire("0010")], code("not-supported", /no keys/)));

  test.each<[string, string, Uint8Array]>([
    ["protectWrite", "04001401", wire("0010")],
    ["sealWrite", "04001001", wire("00003000")],
    ["protectRefund", "04001006", fen(100)],
  ])("a write for which the machine has no %s", (verb, di, data) => {
    const module = softwareModule({ chance: seededChance(3), log: silentLog, mode: "test" });
    const verbs = Object.entries(module).filter(([name]) => name !== verb);
    const security = Object.fromEntries(verbs) as unknown as SecurityModule;
    return never({ security }, [di, data], code("not-supported", new RegExp(`protects no such writes \\(${verb}\\)`)));
  });

  test("a frame whose proof lapsed while it waited for the line, or whose time was over", async () => {
    const { house, clock, session } = await raise();
    const attempts = [
      [minutes(6), { notAfter: later(clock.now(), hours(1)) }, "identity-expired"],
      [minutes(2), { notAfter: later(clock.now(), minutes(7)) }, "deadline-passed"],
    ] as const;
    for (const [waits, options, fault] of attempts) {
      await session.readWallet();
      const release = await house.street.hold();
      const outcome = session.writeSecured("04001401", wire("0010"), options).catch((error: unknown) => error);
      await vi.waitFor(() => expect(house.street.buses()[0]!.waiting).toBe(1));
      await clock.jump(waits);
      release();
      expect(await outcome).toSatisfy(code(fault));
    }
    expect(levels(house)).toEqual([]);
  });
});

test("a MAC over another item is refused by the meter's chip, and changes nothing there", async () => {
  const honest = softwareModule({ chance: seededChance(3), log: silentLog, mode: "test" });
  const security: SecurityModule = {
    ...honest,
    sealWrite: (meter, seed, write) => honest.sealWrite!(meter, seed, { ...write, dataItem: "04001002" }),
  };
  const { house, session } = await raise({ security });
  // ERR 04 says no more than "not authorised": wrong MAC, lapsed session and forbidden item are one to it.
  expect(await session.writeSecured("04001001", wire("00003000"), soon(house))).toMatchObject({ sent: "refused" });
  expect(await shown(session, "04001001")).not.toBe("30.00");
});
