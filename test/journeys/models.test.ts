/** The models beside the first two, from the door of the gateway to the meter and back: cut and restored, topped up, read. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Thing } from "../../src/demo/desk.ts";
import { hours, Instant, ShiftableClock } from "../../src/kernel/clock.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
let house: TestHouse;
const LIMIT_MS = 15_000;
const OLD = "202611220301"; // state-grid-2009
const SOUTH = "202611220302"; // southern-grid
const BREAKER = "202611220303"; // breaker-645
const SWAPPED = "202611220304"; // another breaker than the books say

beforeAll(async () => {
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    meters: [
      { address: OLD, model: "state-grid-2009", balance: "10.00", loadKw: 0 },
      { address: SOUTH, model: "southern-grid", balance: "10.00", loadKw: 0, meterNumber: SOUTH },
      { address: BREAKER, model: "breaker-645", energyKwh: "100.00", loadKw: 0 },
      { address: SWAPPED, model: "breaker-645", meterNumber: "000000000099", loadKw: 0 },
    ],
  });
});
afterAll(() => house.close());

const order = async (meter: string, what: string): Promise<Thing> => {
  const asked = await house.desk.post(`/v1/meters/${meter}/relay`, { order: what, reason: "a test wants it" });
  return ended(String((asked["command"] as Thing)["id"]));
};
const ended = (command: string): Promise<Thing> =>
  house.desk.until(`command ${command} to end`, LIMIT_MS, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["endedAt"] === null ? null : found;
  });
const pay = async (meter: string, amount: string): Promise<Thing> =>
  ended((await house.desk.pay(accountOf(meter), amount)).command!);
const reported = async (meter: string): Promise<unknown> =>
  ((await house.desk.get(`/v1/meters/${meter}`))["relay"] as Thing)["reported"];
/** First data bytes of everything of this function that the meter was sent, 33H taken off. */
const levelsOf = (meter: string, control: string): string[] =>
  house.street
    .frames(meter)
    .map(({ direction, hex }) => ({ direction, bytes: hex.replaceAll(" ", "").replace(/^(?:FE)+/, "") }))
    .filter(({ direction, bytes }) => direction === "request" && bytes.slice(16, 18) === control)
    .map(({ bytes }) => ((Number.parseInt(bytes.slice(20, 22), 16) + 0xcd) & 0xff).toString(16));

describe("a meter of 2009", () => {
  test("is cut; nobody can close it from afar, and the answer says what can be done", async () => {
    expect(await order(OLD, "disconnect")).toMatchObject({ state: "confirmed" });
    expect(await order(OLD, "reconnect")).toMatchObject({ state: "refused", because: "not-supported", proof: { sent: null } });
    expect(house.street.snapshot(OLD)).toMatchObject({ relay: "disconnected", obeyed: { reconnects: 0 } });
  });

  test("is armed, and connected when the customer presses the button", async () => {
    expect(await order(OLD, "arm")).toMatchObject({ state: "confirmed" });
    expect(await reported(OLD)).toBe("armed");
    expect(house.street.pressButton(OLD)).toBe(true);
    await house.gateway.pollAll();
    expect(await reported(OLD)).toBe("connected");
  });

  test("is topped up, and its answer of four bytes is enough", async () => {
    expect(await pay(OLD, "100.00")).toMatchObject({ kind: "top-up", state: "confirmed" });
    expect(house.street.snapshot(OLD)).toMatchObject({ balance: "110.00", purchaseCount: 1 });
  });
});

describe("a southern meter", () => {
  test("is cut and restored at level 96, and never hears another", async () => {
    expect(await order(SOUTH, "disconnect")).toMatchObject({ state: "confirmed" });
    expect(house.street.snapshot(SOUTH).relay).toBe("disconnected");
    expect(await order(SOUTH, "reconnect")).toMatchObject({ state: "confirmed" });
    expect(house.street.snapshot(SOUTH)).toMatchObject({ relay: "connected", obeyed: { disconnects: 1, reconnects: 1 } });
    expect(levelsOf(SOUTH, "1C")).toEqual(["96", "96"]);
  });

  test("is topped up once, although the answer is lost", async () => {
    house.street.setFault(SOUTH, { kind: "lost-reply", function: "03", di: "070102FF" });
    expect(await pay(SOUTH, "100.00")).toMatchObject({ kind: "top-up", state: "confirmed", proof: { acknowledged: null } });
    expect(house.street.snapshot(SOUTH)).toMatchObject({ balance: "110.00", purchaseCount: 1, obeyed: { topUps: 1 } });
  });
});

describe("a smart breaker", () => {
  test("is cut and restored by its password; there is no button to arm", async () => {
    expect(await order(BREAKER, "disconnect")).toMatchObject({ state: "confirmed" });
    expect(await reported(BREAKER)).toBe("disconnected");
    expect(await order(BREAKER, "arm")).toMatchObject({ state: "refused", because: "not-supported" });
    expect(await order(BREAKER, "reconnect")).toMatchObject({ state: "confirmed" });
    expect(await reported(BREAKER)).toBe("connected");
    expect(levelsOf(BREAKER, "1C")).toEqual(["2", "2"]);
    expect(levelsOf(BREAKER, "03")).toEqual([]);
  });

  test("is known by its own number alone: another one is not cut", async () => {
    await house.gateway.pollAll();
    expect(await house.desk.get(`/v1/meters/${BREAKER}`)).toMatchObject({ identity: "confirmed" });
    await expect(order(SWAPPED, "disconnect")).rejects.toThrow("meter-quarantined");
    expect(await house.desk.get(`/v1/meters/${SWAPPED}`)).toMatchObject({ identity: "quarantined" });
    expect(house.street.snapshot(SWAPPED)).toMatchObject({ relay: "connected", obeyed: { disconnects: 0 } });
  });

  test("is cut by the rules when the credit in the ledger is gone, and restored when it is paid", async () => {
    await house.gateway.pollAll();
    await house.desk.pay(accountOf(BREAKER), "5.00");
    house.street.patch(BREAKER, { loadKw: 3 });
    const release = await house.gateway.hold();
    await clock.jump(hours(4));
    release();
    house.street.patch(BREAKER, { loadKw: 0 });
    await house.gateway.pollAll();
    const cut = await house.desk.until("the cut by the rules", LIMIT_MS, async () => {
      const newest = await house.desk.newest("disconnect", BREAKER);
      return newest?.["askedBy"] === "rule" ? newest : null;
    });
    expect(await ended(String(cut["id"]))).toMatchObject({ state: "confirmed", reason: "credit-exhausted" });
    const { command } = await house.desk.pay(accountOf(BREAKER), "50.00");
    expect(await ended(command!)).toMatchObject({ kind: "reconnect", state: "confirmed", reason: "in-credit" });
    expect(house.street.snapshot(BREAKER)).toMatchObject({ relay: "connected", obeyed: { disconnects: 2, reconnects: 2 } });
  });
});
