/** Stories of clocks, freezes and timed cuts: done, silent and then looked at, refused; judged by the street's own door. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Instant, minutes, seconds, ShiftableClock } from "../../src/kernel/clock.ts";
import type { Thing } from "../../src/demo/desk.ts";
import { raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
let house: TestHouse;
const LIMIT_MS = 15_000;
const names = ["slow", "fast", "wild", "right", "locked", "frozen", "timed", "button", "lost", "breaker", "old", "poor"] as const;
type Name = (typeof names)[number];
const addressOf = (name: Name): string => `2026112203${String(names.indexOf(name) + 1).padStart(2, "0")}`;
const models: Partial<Record<Name, string>> = {
  breaker: "breaker-645",
  old: "state-grid-2009",
  poor: "remote-ledger",
};

beforeAll(async () => {
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    meters: names.map((name) => ({
      address: addressOf(name),
      model: (models[name] ?? "standard-wallet") as "standard-wallet",
      loadKw: 0,
      energyKwh: "100.00",
      ...(models[name] === undefined || name === "old" ? { balance: "50.00" } : {}),
      ...(name === "poor" ? { mode: "remote" as const } : {}),
    })),
  });
  house.street.pauseHouseholds();
});
afterAll(() => house.close());

const meter = (name: Name) => house.street.snapshot(addressOf(name));
const post = async (path: string, body: Thing): Promise<Thing> => house.desk.post(path, { reason: "a test wants it", ...body });
const ordered = async (name: Name, what: string, body: Thing = {}): Promise<string> =>
  String(((await post(`/v1/meters/${addressOf(name)}/${what}`, body))["command"] as Thing)["id"]);
const ended = (command: string): Promise<Thing> =>
  house.desk.until(`command ${command} to end`, LIMIT_MS, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["endedAt"] === null ? null : found;
  });
const order = async (name: Name, what: string, body: Thing = {}): Promise<Thing> => ended(await ordered(name, what, body));
const setOff = (name: Name, ms: number): void => void house.street.patch(addressOf(name), { clockOffsetMs: ms });
/** How far the meter is off, as the street itself sees it. */
const offBy = (name: Name): number => Math.abs(Date.parse(meter(name).clock) - house.street.time.now());
const jump = async (ms: number): Promise<void> => {
  const release = await house.gateway.hold();
  await clock.jump(ms);
  release();
};
const broadcasts = (): number =>
  house.street.frames().filter(({ hex }) => /68(99){6}6808/.test(hex.replaceAll(" ", "").toUpperCase())).length;
const relayOf = async (name: Name): Promise<Thing> => (await house.desk.get(`/v1/meters/${addressOf(name)}`))["relay"] as Thing;

describe("a clock", () => {
  test("that is an hour slow is set point to point, and its own clock is the proof", async () => {
    setOff("slow", -minutes(60));
    const end = await order("slow", "clock-set");
    expect(end).toMatchObject({ state: "confirmed", kind: "clock-set" });
    expect((end["proof"] as Thing)["acknowledged"]).not.toBeNull();
    expect(offBy("slow")).toBeLessThan(seconds(3));
    expect(meter("slow").obeyed["clockSets"]).toBe(1);
  });

  test("that is right already is confirmed by that, and nothing is sent", async () => {
    const end = await order("right", "clock-set");
    expect(end).toMatchObject({ state: "confirmed", proof: { sent: null } });
    expect(end["receipt"]).toMatchObject({ proof: { aheadMs: expect.any(Number) as number } });
    expect(meter("right").obeyed["clockSets"]).toBe(0);
  });

  test("whose answer is lost is looked at: it is set, and set once", async () => {
    setOff("slow", -minutes(20));
    house.street.setFault(addressOf("slow"), { kind: "lost-reply", function: "14" });
    expect(await order("slow", "clock-set")).toMatchObject({ state: "confirmed", proof: { acknowledged: null } });
    expect(meter("slow").obeyed["clockSets"]).toBe(2);
  });

  test("of a meter that declines the password is refused, and stays as it was", async () => {
    setOff("locked", -minutes(20));
    house.street.setFault(addressOf("locked"), { kind: "refusal", function: "14", error: "04" });
    const end = await order("locked", "clock-set");
    expect(end).toMatchObject({ state: "refused" });
    expect(offBy("locked")).toBeGreaterThan(minutes(19));
  });

  test("no breaker has one: refused by name", async () => {
    expect(await order("breaker", "clock-set")).toMatchObject({ state: "refused", because: "not-supported" });
  });

  test("of a whole bus: one broadcast sets all that are near, and each shows it itself; one too far is told so", async () => {
    setOff("slow", -minutes(2));
    setOff("fast", minutes(3));
    setOff("wild", minutes(30));
    setOff("locked", 0);
    const silencesBefore = house.gateway.street.buses()[0]!.silences;
    const { commands } = (await post("/v1/buses/tcp-1/clock-set", {})) as unknown as { commands: Thing[] };
    expect(commands).toHaveLength(names.length - 1);
    const ends = new Map<unknown, Thing>();
    for (const { id, meter: address } of commands) ends.set(address, await ended(String(id)));
    for (const name of ["slow", "fast", "right"] as const)
      expect(ends.get(addressOf(name)), name).toMatchObject({ state: "confirmed" });
    expect(ends.get(addressOf("wild"))).toMatchObject({ state: "refused", because: "clock-too-far" });
    expect(broadcasts()).toBe(1);
    for (const name of ["slow", "fast"] as const) expect(offBy(name)).toBeLessThan(seconds(3));
    expect(offBy("wild")).toBeGreaterThan(minutes(29));
    // nobody answers a broadcast, and that is held against nobody
    expect(house.gateway.street.buses()[0]!.silences).toBe(silencesBefore);
    expect(house.gateway.street.meters().every(({ address }) => house.gateway.street.health(address).failures === 0)).toBe(true);
  });

  test("a second broadcast on the same day is not sent: no meter would take it", async () => {
    setOff("fast", minutes(3));
    expect(await order("fast", "clock-set", { way: "broadcast" })).toMatchObject({
      state: "refused",
      because: "clock-told-today",
    });
    expect(broadcasts()).toBe(1);
    expect(await order("fast", "clock-set")).toMatchObject({ state: "confirmed" });
  });

  test("a bus that does not exist is named", async () => {
    await expect(post("/v1/buses/nowhere/clock-set", {})).rejects.toThrow(/No such bus/);
  });
});

describe("a freeze", () => {
  test("now is confirmed by the newest instant freeze of the meter", async () => {
    const end = await order("frozen", "freeze");
    expect(end).toMatchObject({ state: "confirmed" });
    expect(end["receipt"]).toMatchObject({ after: { newest: expect.stringMatching(/^2026-11-23 09:\d\d$/) as string } });
    expect((await order("frozen", "freeze"))["state"]).toBe("confirmed"); // in the same minute: the one before moved on
  });

  test("whose answer is lost is looked at, and not made again", async () => {
    await jump(minutes(2));
    house.street.setFault(addressOf("frozen"), { kind: "lost-reply", function: "16" });
    const end = await order("frozen", "freeze");
    expect(end).toMatchObject({ state: "confirmed", proof: { acknowledged: null } });
    expect(end["attempts"]).toHaveLength(1);
  });

  test("whose request is lost is made again", async () => {
    await jump(minutes(2));
    house.street.setFault(addressOf("frozen"), { kind: "lost-request", function: "16" });
    const end = await order("frozen", "freeze");
    expect(end).toMatchObject({ state: "confirmed" });
    expect(end["attempts"]).toHaveLength(2);
  });

  test("each day at half past six is confirmed by the meter's own pattern, and once it stands nothing is sent", async () => {
    expect(await order("frozen", "freeze", { when: "99990630" })).toMatchObject({ state: "confirmed" });
    expect(await order("frozen", "freeze", { when: "99990630" })).toMatchObject({ state: "confirmed", proof: { sent: null } });
    await expect(post(`/v1/meters/${addressOf("frozen")}/freeze`, { when: "11992561" })).rejects.toThrow(/MMDDhhmm/);
  });

  test("a breaker freezes nothing: refused by name", async () => {
    expect(await order("breaker", "freeze")).toMatchObject({ state: "refused", because: "not-supported" });
  });
});

describe("a supply cut for a time", () => {
  test("is confirmed as cut, comes back by itself, and belongs to the person until then", async () => {
    await house.gateway.pollAll();
    expect(await order("timed", "relay", { order: "disconnect-for", minutes: 5 })).toMatchObject({
      state: "confirmed",
      kind: "disconnect-for",
    });
    expect(meter("timed").relay).toBe("disconnected");
    expect(await relayOf("timed")).toMatchObject({ reported: "disconnected", desired: "connected", cutBy: "person" });
    await jump(minutes(6));
    await house.gateway.pollAll();
    expect(meter("timed").relay).toBe("connected");
    expect(await relayOf("timed")).toMatchObject({ reported: "connected", cutBy: null });
  });

  test("the rules do not restore it early though the account is in credit, and decide again once it is back", async () => {
    await house.desk.pay(addressOf("poor").slice(2), "100.00");
    await house.gateway.pollAll();
    await order("poor", "relay", { order: "disconnect-for", minutes: 10 });
    await house.gateway.reconcile();
    await house.gateway.reconcile();
    expect(meter("poor")).toMatchObject({ relay: "disconnected", obeyed: { reconnects: 0 } });
    await jump(minutes(11));
    await house.gateway.pollAll();
    await house.gateway.reconcile();
    expect(meter("poor")).toMatchObject({ relay: "connected", obeyed: { reconnects: 0 } });
    expect(await relayOf("poor")).toMatchObject({ cutBy: null });
  });

  test("and then: the button. It waits for the customer", async () => {
    await order("button", "relay", { order: "disconnect-for", minutes: 5, then: "arm" });
    await jump(minutes(6));
    await house.gateway.pollAll();
    expect(await relayOf("button")).toMatchObject({ reported: "armed", desired: "armed" });
    house.street.pressButton(addressOf("button"));
    await house.gateway.pollAll();
    expect(await relayOf("button")).toMatchObject({ reported: "connected", cutBy: null });
  });

  test("whose answer is lost is looked at and not cut anew; a lost request is said again", async () => {
    house.street.setFault(addressOf("lost"), { kind: "lost-reply", function: "1C" });
    const end = await order("lost", "relay", { order: "disconnect-for", minutes: 5 });
    expect(end).toMatchObject({ state: "confirmed", proof: { acknowledged: null } });
    expect(meter("lost").obeyed.disconnects).toBe(1);
    await jump(minutes(6));
    house.street.setFault(addressOf("lost"), { kind: "lost-request", function: "1C" });
    expect((await order("lost", "relay", { order: "disconnect-for", minutes: 5 }))["attempts"]).toHaveLength(2);
  });

  test("is refused by name where the model has no such order, and by the meter where it is cut for good", async () => {
    expect(await order("old", "relay", { order: "disconnect-for", minutes: 5 })).toMatchObject({
      state: "refused",
      because: "not-supported",
    });
    await order("right", "relay", { order: "disconnect" });
    expect(await order("right", "relay", { order: "disconnect-for", minutes: 5 })).toMatchObject({ state: "refused" });
    expect(meter("right").relay).toBe("disconnected");
  });

  test("needs its minutes, in steps of five; and minutes go with nothing else", async () => {
    const path = `/v1/meters/${addressOf("timed")}/relay`;
    await expect(post(path, { order: "disconnect-for" })).rejects.toThrow(/minutes/);
    await expect(post(path, { order: "disconnect-for", minutes: 7 })).rejects.toThrow(/five/);
    await expect(post(path, { order: "disconnect", minutes: 5 })).rejects.toThrow(/disconnect-for alone/);
  });
});
