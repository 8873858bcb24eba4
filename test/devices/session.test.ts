/** Everything one can say to a meter, said to simulated meters over every kind of line. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { CLOCK_TOLERANCE_MS, digitsOf } from "../../src/devices/meter-clock.ts";
import { relayStateOf, type SendOptions } from "../../src/devices/meter.ts";
import { hours, Instant, later, minutes, seconds, ShiftableClock, systemClock } from "../../src/kernel/clock.ts";
import { Fault, isFault, type FaultCode } from "../../src/kernel/faults.ts";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { A, B, raiseHouse, type Carrier, type House, type HouseOptions } from "./house.ts";

const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});
const raise = async (options: HouseOptions = {}): Promise<House> => {
  const house = await raiseHouse(options);
  houses.push(house);
  return house;
};
const soon = (house: House): SendOptions => ({ notAfter: later(house.clock.now(), minutes(10)) });
const yuan = (n: number): Fen => Fen(BigInt(n * 100));
const code = (expected: FaultCode) => (error: unknown) => isFault(error) && error.code === expected;
/** How many requests of meter A's line carried this piece of hex. */
const heard = (house: House, piece: string): number =>
  house.simulator.frames(A).filter(({ direction, hex }) => direction === "request" && hex.replaceAll(" ", "").includes(piece))
    .length;

for (const carrier of ["memory", "tcp", "serial", "mqtt"] satisfies Carrier[]) {
  describe(`over ${carrier}`, () => {
    test("a wallet is read, a top-up acknowledged, and the wallet shows it", async () => {
      const house = await raise({ carrier, bus: carrier === "serial" ? { replyDeadlineMs: 1_000 } : {} });
      const session = await house.session();
      const before = await session.readWallet();
      expect(before).toMatchObject({
        count: 0,
        balance: yuan(50),
        overdraft: 0n,
        customerNumber: "002611220001",
        keyState: "production",
        accountOpened: true,
      });
      expect(await session.readLastPurchase()).toBeNull();
      const mark = vi.fn(() => Promise.resolve());
      const sent = await session.topUp(
        { amount: yuan(100), count: 1, opening: false },
        { ...soon(house), beforeFirstByte: mark },
      );
      expect(sent.sent).toBe("acknowledged");
      expect(mark).toHaveBeenCalledOnce();
      expect(await session.readWallet()).toMatchObject({ count: 1, balance: yuan(150) });
      expect(await session.readLastPurchase()).toEqual({ count: 1, amount: yuan(100) });
      expect(house.simulator.snapshot(A).obeyed["topUps"]).toBe(1);
      expect(session.evidence.length).toBeGreaterThan(10);
      await session.close();
    });

    test("the relay is cut and restored, and word 3 shows it", async () => {
      const house = await raise({ carrier, bus: carrier === "serial" ? { replyDeadlineMs: 1_000 } : {} });
      const session = await house.session();
      expect(relayStateOf(await session.readRelay())).toBe("connected");
      expect((await session.orderRelay("disconnect", soon(house))).sent).toBe("acknowledged");
      expect(await session.readRelay()).toMatchObject({ relay: "disconnected", order: "disconnect" });
      expect((await session.orderRelay("arm", soon(house))).sent).toBe("acknowledged");
      expect(relayStateOf(await session.readRelay())).toBe("armed");
      expect((await session.orderRelay("reconnect", soon(house))).sent).toBe("acknowledged");
      expect(relayStateOf(await session.readRelay())).toBe("connected");
      await session.close();
    });
  });
}

test("readings by name and by identifier; clock, relay and purchase count speak plainly", async () => {
  const house = await raise({ meters: [{ energyKwh: "1234.56", loadKw: 0 }] });
  const session = await house.session();
  const readings = await session.read(
    ["importedEnergy", "balance", "relay", "purchaseCount", "00010000", "tripDelay", "clock"],
    "person",
  );
  const shown = Object.fromEntries(readings.slice(0, 4).map(({ item, value, unit }) => [item, `${value} ${unit ?? ""}`.trim()]));
  expect(shown).toEqual({ importedEnergy: "1234.56 kWh", balance: "50.00 yuan", relay: "connected", purchaseCount: "0" });
  expect(readings[4]).toMatchObject({ item: "importedEnergy", value: "1234.56", meter: A, source: "person" });
  const clock = readings.find(({ item }) => item === "clock")?.value ?? "";
  expect(clock).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$/);
  expect(Math.abs(Date.parse(clock) - systemClock.now())).toBeLessThan(5_000);
  expect(await session.readTripDelayMinutes()).toBe(0);
  await session.close();
});

test("a block answers one reading per member", async () => {
  const house = await raise();
  const session = await house.session();
  const items = (await session.read(["importedEnergyBlock"], "poll")).map(({ item }) => item);
  expect(items.length).toBeGreaterThan(1);
  expect(new Set(items).size).toBe(items.length);
  await session.close();
});

test("a name nobody knows is refused before a byte leaves, and what the meter does not have is null", async () => {
  const house = await raise({ meters: [{ model: "remote-ledger" }] });
  const session = await house.session();
  await expect(session.read(["importedEnergy", "hairColour"], "person")).rejects.toSatisfy(code("unknown-item"));
  for (const written of ["04000C03", "070102FF"])
    await expect(session.read(["importedEnergy", written], "person")).rejects.toSatisfy(code("item-not-readable"));
  expect(session.evidence).toEqual([]);
  expect(await session.read(["balance"], "person")).toMatchObject([{ item: "balance", value: null }]);
  await session.close();
});

test("the acknowledgement is lost: silent, said once, and the wallet shows that it was obeyed", async () => {
  const house = await raise();
  const session = await house.session();
  await session.readWallet();
  house.simulator.setFault(A, { kind: "lost-reply", di: "070102FF" });
  const sent = await session.topUp({ amount: yuan(20), count: 1, opening: false }, soon(house));
  expect(sent).toMatchObject({ sent: "silent" });
  expect(await session.readWallet()).toMatchObject({ count: 1, balance: yuan(70) });
  expect(house.simulator.snapshot(A).obeyed["topUps"]).toBe(1);
  expect(session.evidence.filter(({ hex }) => hex.includes(" 68 03 1E ")).length).toBe(1);
  await session.close();
});

test("the request is lost: silent as well, and not repeated by the session", async () => {
  const house = await raise();
  const session = await house.session();
  await session.readWallet();
  house.simulator.setFault(A, { kind: "lost-request", di: "070102FF" });
  expect((await session.topUp({ amount: yuan(20), count: 1, opening: false }, soon(house))).sent).toBe("silent");
  expect(await session.readWallet()).toMatchObject({ count: 0, balance: yuan(50) });
  await session.close();
});

test("a question is asked twice, and a meter known as silent once in each of its pauses", async () => {
  const clock = new ShiftableClock(systemClock.now());
  const house = await raise({ clock, bus: { replyDeadlineMs: 200, quietMs: 10 } });
  const session = await house.session();
  await session.readRelay();
  house.simulator.setFault(A, { kind: "lost-reply" });
  expect(relayStateOf(await session.readRelay())).toBe("connected");
  const id = house.simulator.setFault(A, { kind: "silence" });
  const sentSoFar = () => session.evidence.filter(({ direction }) => direction === "sent").length;
  let before = sentSoFar();
  await expect(session.readRelay()).rejects.toSatisfy(code("meter-silent"));
  expect(sentSoFar() - before).toBe(2);
  expect(house.street.health(A)).toMatchObject({ state: "silent", failures: 2 });
  before = sentSoFar();
  await expect(session.readRelay()).rejects.toSatisfy(code("meter-silent"));
  expect(sentSoFar() - before).toBe(0);
  await clock.jump(5_000);
  await expect(session.readRelay()).rejects.toSatisfy(code("meter-silent"));
  expect(sentSoFar() - before).toBe(1);
  await clock.jump(7_000);
  house.simulator.clearFaults(A, id);
  const listener = vi.fn();
  house.street.onHeard(listener);
  await session.readRelay();
  await session.readRelay();
  expect(listener.mock.calls).toEqual([[A]]);
  expect(house.street.health(A)).toMatchObject({ state: "answering", failures: 0, askAgainAt: null });
  await session.close();
});

describe("every SERR bit has its fault", () => {
  for (const [error, fault] of [
    ["0001", "meter-other-error"],
    ["0002", "repeated-top-up"],
    ["0004", "mac-refused"],
    ["0008", "identity-expired"],
    ["0010", "customer-mismatch"],
    ["0020", "purchase-count-gap"],
    ["0040", "hoard-limit"],
    ["0100", "security-suspended"],
  ] as const) {
    test(`${error} → ${fault}`, async () => {
      const house = await raise();
      const session = await house.session();
      house.simulator.setFault(A, { kind: "refusal", di: "070102FF", error });
      const sent = await session.topUp({ amount: yuan(20), count: 1, opening: false }, soon(house));
      expect(sent).toMatchObject({ sent: "refused", fault });
      await session.close();
    });
  }
});

test("the meter's own reasons: the same count again, a gap, another customer", async () => {
  const house = await raise({
    meters: [{ purchaseCount: 7 }, { customerNumber: "000000999999" }],
    records: (record) => (record.address === B ? { ...record, customerNumber: "000000000042" } : record),
  });
  const session = await house.session(A);
  const topUp = async (count: number) =>
    (await session.topUp({ amount: yuan(1), count, opening: false }, soon(house))) as { fault?: string };
  expect((await topUp(7)).fault).toBe("repeated-top-up");
  expect((await topUp(9)).fault).toBe("purchase-count-gap");
  const other = await house.session(B);
  expect(await other.readIdentity()).toEqual({ meterNumber: B, customerNumber: "000000999999", matches: false });
  expect(await other.topUp({ amount: yuan(1), count: 1, opening: false }, soon(house))).toMatchObject({
    sent: "refused",
    fault: "customer-mismatch",
  });
  expect(await session.readIdentity()).toMatchObject({ matches: true });
  await session.close();
  await other.close();
});

test("a meter is opened with its first purchase; until then it carries no customer, which is no mismatch", async () => {
  const house = await raise({
    meters: [{ opened: false, customerNumber: "000000000000" }],
    records: (record) => ({ ...record, customerNumber: "000000000042" }),
  });
  const session = await house.session();
  expect(await session.readIdentity()).toMatchObject({ matches: true });
  expect(await session.readWallet()).toMatchObject({ accountOpened: false, count: 0 });
  expect((await session.topUp({ amount: yuan(10), count: 1, opening: true }, soon(house))).sent).toBe("acknowledged");
  expect(await session.readWallet()).toMatchObject({ accountOpened: true, count: 1, customerNumber: "000000000042" });
  await session.close();
});

test("another meter number in our books: the identity is refused by name, and no order leaves", async () => {
  const house = await raise({ records: (record) => ({ ...record, meterNumber: "000000000007" }) });
  const session = await house.session();
  await expect(session.topUp({ amount: yuan(1), count: 1, opening: false }, soon(house))).rejects.toSatisfy(
    code("identity-refused"),
  );
  expect(heard(house, "68031E")).toBe(0);
  await session.close();
});

test("an identity is proved once and kept across sessions until it lapses", async () => {
  const clock = new ShiftableClock(systemClock.now());
  const house = await raise({ clock });
  const authentications = () => heard(house, "680320");
  const readOnce = async () => {
    const session = await house.session();
    await session.readWallet();
    await session.close();
  };
  await readOnce();
  await readOnce();
  expect(authentications()).toBe(1);
  const release = await house.street.hold();
  await clock.jump(minutes(4) + seconds(45));
  release();
  await readOnce();
  expect(authentications()).toBe(2);
});

test("a meter that forgot our proof is proved to once more, by itself", async () => {
  const house = await raise();
  const session = await house.session();
  await session.readWallet();
  house.simulator.setFault(A, { kind: "refusal", di: "078102FF", error: "0008" });
  expect(await session.readWallet()).toMatchObject({ count: 0 });
  // twice in a row is no accident
  house.simulator.setFault(A, { kind: "refusal", di: "078102FF", error: "0008", times: 2 });
  await expect(session.readWallet()).rejects.toSatisfy(code("identity-expired"));
  await session.close();
});

test("after two refused MACs no further one is sent until our day changes; reading goes on", async () => {
  const clock = new ShiftableClock(Instant(Date.parse("2026-11-22T12:00:00+08:00")));
  const house = await raise({ clock });
  const session = await house.session();
  house.simulator.setFault(A, { kind: "refusal", di: "070102FF", error: "0004", times: 2 });
  const topUp = () => session.topUp({ amount: yuan(1), count: 1, opening: false }, soon(house));
  expect(await topUp()).toMatchObject({ fault: "mac-refused" });
  expect(await topUp()).toMatchObject({ fault: "mac-refused" });
  const before = session.evidence.length;
  await expect(topUp()).rejects.toSatisfy(code("security-suspended"));
  await expect(session.orderRelay("disconnect", soon(house))).rejects.toSatisfy(code("security-suspended"));
  expect(session.evidence).toHaveLength(before);
  expect(await session.readWallet()).toMatchObject({ count: 0 });
  const release = await house.street.hold();
  await clock.jump(hours(13));
  house.simulator.advance(0);
  release();
  expect((await topUp()).sent).toBe("acknowledged");
  await session.close();
});

test("a wallet whose MACs are not genuine is not believed", async () => {
  const { softwareModule } = await import("../../src/security/software-module.ts");
  const { seededChance } = await import("../../src/kernel/chance.ts");
  const { silentLog } = await import("../../src/kernel/log.ts");
  const genuine = softwareModule({ chance: seededChance(3), log: silentLog, mode: "test" });
  const house = await raise({ security: { ...genuine, checkWallet: () => Promise.resolve(false) } });
  const session = await house.session();
  await expect(session.readWallet()).rejects.toSatisfy(code("mac-refused"));
  await session.close();
});

describe("relay orders", () => {
  const orders = async (house: House) => {
    const session = await house.session();
    const sent = await session.orderRelay("disconnect", soon(house));
    await session.close();
    return { sent, evidence: session.evidence.filter(({ hex }) => / 68 1C /.test(hex)) };
  };

  test("secured at level 98 where the record names no password", async () => {
    const { sent, evidence } = await orders(await raise());
    expect(sent.sent).toBe("acknowledged");
    expect(evidence).toHaveLength(1);
    expect(evidence[0]?.hex).toMatch(/68 1C 1C CB /); // 98H + 33H
  });

  test("plain at the level of the record, the password dots in the evidence", async () => {
    const house = await raise({
      records: (record) => ({ ...record, relayPassword: { level: "02", secret: new Secret("000000") } }),
    });
    const { sent, evidence } = await orders(house);
    expect(sent.sent).toBe("acknowledged");
    expect(evidence[0]?.hex).toMatch(/68 1C 10 35 (\S\S) \1 \1 /);
    expect(evidence[0]?.hex).not.toContain("35 33 33 33");
  });

  test("a wrong password is a refusal of the meter", async () => {
    const house = await raise({
      records: (record) => ({ ...record, relayPassword: { level: "02", secret: new Secret("123456") } }),
    });
    expect((await orders(house)).sent).toMatchObject({ sent: "refused", fault: "password-refused" });
  });

  test("a meter that lives in another time gets the deadline in its own", async () => {
    for (const clockOffsetMs of [hours(3), -hours(3), CLOCK_TOLERANCE_MS / 2]) {
      const house = await raise({ meters: [{ clockOffsetMs }] });
      const { sent } = await orders(house);
      expect(sent.sent).toBe("acknowledged");
    }
  });

  test("the meter's clock is read once in ten minutes, not before each order", async () => {
    const clock = new ShiftableClock(systemClock.now());
    const house = await raise({ clock });
    const session = await house.session();
    const clockReads = () =>
      session.evidence.filter(({ direction, hex }) => direction === "sent" && hex.includes("34 34 33 37")).length; // 04000101
    await session.orderRelay("warn", soon(house));
    await session.orderRelay("unwarn", soon(house));
    expect(clockReads()).toBe(1);
    const release = await house.street.hold();
    await clock.jump(minutes(11));
    release();
    await session.orderRelay("warn", soon(house));
    expect(clockReads()).toBe(2);
    await session.close();
  });

  test("a clock that jumped since it was read costs one order, and is read anew before the next", async () => {
    const house = await raise();
    const session = await house.session();
    expect(await session.orderRelay("warn", soon(house))).toMatchObject({ sent: "acknowledged" });
    house.simulator.patch(A, { clockOffsetMs: hours(3) });
    expect(await session.orderRelay("unwarn", soon(house))).toMatchObject({ sent: "refused" });
    expect(await session.orderRelay("unwarn", soon(house))).toMatchObject({ sent: "acknowledged" });
    await session.close();
  });

  test("protection is respected by the meter and told apart from a wrong password", async () => {
    const house = await raise();
    const session = await house.session();
    expect((await session.orderRelay("protect", soon(house))).sent).toBe("acknowledged");
    expect(await session.readRelay()).toMatchObject({ protected: true });
    expect(await session.orderRelay("disconnect", soon(house))).toMatchObject({ sent: "refused", fault: "meter-refused" });
    expect((await session.orderRelay("unprotect", soon(house))).sent).toBe("acknowledged");
    await session.close();
  });

  test("the deadline in the frame is never after ours, and five minutes ahead at most", async () => {
    const start = Instant(Date.parse("2026-11-22T10:25:00+08:00"));
    const deadlineOf = async (notAfterMs: number) => {
      const house = await raise({
        clock: new ShiftableClock(start),
        records: (record) => ({ ...record, relayPassword: { level: "02", secret: new Secret("000000") } }),
      });
      const session = await house.session();
      await session.orderRelay("disconnect", { notAfter: later(house.clock.now(), notAfterMs) });
      await session.close();
      const frame = session.evidence.find(({ hex }) => / 68 1C /.test(hex))?.hex.split(" ") ?? [];
      const wire = frame.slice(-8, -2).map((pair) => (Number.parseInt(pair, 16) - 0x33).toString(16).padStart(2, "0"));
      return wire.reverse().join("");
    };
    expect(await deadlineOf(seconds(60))).toBe(digitsOf(later(start, seconds(60)), "Asia/Shanghai"));
    expect(await deadlineOf(hours(2))).toBe(digitsOf(later(start, minutes(5)), "Asia/Shanghai"));
  });

  test("an order whose own deadline has passed is not even prepared", async () => {
    const house = await raise();
    const session = await house.session();
    const mark = vi.fn(() => Promise.resolve());
    const late = session.orderRelay("disconnect", { notAfter: Instant(systemClock.now() - 1), beforeFirstByte: mark });
    await expect(late).rejects.toSatisfy(code("deadline-passed"));
    expect(mark).not.toHaveBeenCalled();
    expect(session.evidence).toEqual([]);
    await session.close();
  });

  test("what the last look throws arrives unchanged, and nothing was sent", async () => {
    const house = await raise();
    const session = await house.session();
    const why = new Fault("already-ended");
    await expect(session.orderRelay("disconnect", { ...soon(house), beforeFirstByte: () => Promise.reject(why) })).rejects.toBe(
      why,
    );
    expect(house.simulator.snapshot(A).obeyed["disconnects"]).toBe(0);
    await session.close();
  });
});

test("a model without a wallet is told so, and its relay obeys", async () => {
  const house = await raise({ meters: [{ model: "remote-ledger" }] });
  const session = await house.session();
  await expect(session.readWallet()).rejects.toSatisfy(code("wrong-mode"));
  await expect(session.topUp({ amount: yuan(1), count: 1, opening: false }, soon(house))).rejects.toSatisfy(code("wrong-mode"));
  expect((await session.orderRelay("disconnect", soon(house))).sent).toBe("acknowledged");
  await session.close();
});

test("a closed session says so instead of speaking to a meter that another one holds", async () => {
  const house = await raise();
  const session = await house.session();
  await session.close();
  await session.close();
  await expect(session.readRelay()).rejects.toThrow(/closed/);
});
