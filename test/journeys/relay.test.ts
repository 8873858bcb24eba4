/** Stories of the relay: cut, restored, protected, stuck; by people and by the rules. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hours, Instant, minutes, ShiftableClock } from "../../src/kernel/clock.ts";
import type { Thing } from "../../src/demo/desk.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
let house: TestHouse;
const LIMIT_MS = 15_000;
const names = [
  "byPerson",
  "armed",
  "stuck",
  "welded",
  "guarded",
  "lostReply",
  "lostRequest",
  "delayed",
  "byRule",
  "personStays",
  "paidInDelay",
  "silent",
  "overtaken",
  "superseded",
  "cancelled",
] as const;
const addressOf = (name: (typeof names)[number]): string => `2026112202${String(names.indexOf(name) + 1).padStart(2, "0")}`;
const remote = new Set<string>(["byRule", "personStays", "paidInDelay"]);

beforeAll(async () => {
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    meters: names.map((name) => ({
      address: addressOf(name),
      model: remote.has(name) ? "remote-ledger" : "standard-wallet",
      loadKw: 0,
      energyKwh: "100.00",
      ...(remote.has(name) ? {} : { balance: "10.00" }),
      ...(name === "delayed" || name === "paidInDelay" ? { tripDelayMinutes: 5 } : {}),
    })),
  });
});
afterAll(() => house.close());

const order = async (name: (typeof names)[number], what: string): Promise<string> =>
  String(
    (
      (await house.desk.post(`/v1/meters/${addressOf(name)}/relay`, { order: what, reason: "a test wants it" }))[
        "command"
      ] as Thing
    )["id"],
  );
const ended = (command: string): Promise<Thing> =>
  house.desk.until(`command ${command} to end`, LIMIT_MS, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["endedAt"] === null ? null : found;
  });
const waitsFor = (command: string, what: string): Promise<Thing> =>
  house.desk.until(`command ${command} to wait for ${what}`, LIMIT_MS, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["waitingFor"] === what ? found : null;
  });
const meter = (name: (typeof names)[number]) => house.street.snapshot(addressOf(name));
const reported = async (name: (typeof names)[number]): Promise<unknown> =>
  ((await house.desk.get(`/v1/meters/${addressOf(name)}`))["relay"] as Thing)["reported"];
const jump = async (ms: number): Promise<void> => {
  const release = await house.gateway.hold();
  await clock.jump(ms);
  release();
};

describe("a person", () => {
  test("cuts and restores: each is confirmed by the relay itself, and a fulfilled wish sends nothing", async () => {
    expect(await ended(await order("byPerson", "disconnect"))).toMatchObject({ state: "confirmed" });
    expect(meter("byPerson").relay).toBe("disconnected");
    expect(await reported("byPerson")).toBe("disconnected");
    const again = await ended(await order("byPerson", "disconnect"));
    expect(again).toMatchObject({ state: "confirmed", proof: { sent: null } });
    expect(await ended(await order("byPerson", "reconnect"))).toMatchObject({ state: "confirmed" });
    expect(meter("byPerson")).toMatchObject({ relay: "connected", obeyed: { disconnects: 1, reconnects: 1 } });
  });

  test("arms a meter: confirmed when the order stands, connected when the customer presses the button", async () => {
    await ended(await order("armed", "disconnect"));
    expect(await ended(await order("armed", "arm"))).toMatchObject({ state: "confirmed" });
    expect(await reported("armed")).toBe("armed");
    house.street.pressButton(addressOf("armed"));
    await house.gateway.pollAll();
    expect(await reported("armed")).toBe("connected");
  });

  test("protects a supply: it cannot be cut until it is unprotected", async () => {
    expect(await ended(await order("guarded", "protect"))).toMatchObject({ state: "confirmed" });
    expect(await ended(await order("guarded", "disconnect"))).toMatchObject({ state: "refused" });
    expect(meter("guarded").relay).toBe("connected");
    expect(await ended(await order("guarded", "unprotect"))).toMatchObject({ state: "confirmed" });
    expect(await ended(await order("guarded", "disconnect"))).toMatchObject({ state: "confirmed" });
  });

  test("is told that a relay is stuck; the order is not sent again and again", async () => {
    house.street.setFault(addressOf("stuck"), { kind: "stuck-relay" });
    const command = await order("stuck", "disconnect");
    for (const _look of [2, 10, 60]) {
      await waitsFor(command, "read-back").catch(() => undefined);
      await jump(minutes(1));
    }
    expect(await ended(command)).toMatchObject({ state: "unanswered", because: "stuck" });
    expect((await house.desk.get(`/v1/commands/${command}`))["attempts"]).toHaveLength(1);
  });

  test("is told that contacts are welded: the relay says it is open, and power flows through it", async () => {
    house.street.patch(addressOf("welded"), { loadKw: 1 });
    house.street.setFault(addressOf("welded"), { kind: "welded-relay" });
    const command = await order("welded", "disconnect");
    for (const _look of [2, 10, 60]) {
      await waitsFor(command, "read-back").catch(() => undefined);
      await jump(minutes(1));
    }
    expect(await ended(command)).toMatchObject({ state: "unanswered", because: "welded" });
    expect(meter("welded").relay).toBe("disconnected");
    expect((await house.desk.get(`/v1/commands/${command}`))["attempts"]).toHaveLength(1);
    house.street.clearFaults(addressOf("welded"));
  });

  test("sees a cut wait for the meter's trip delay", async () => {
    const command = await order("delayed", "disconnect");
    await waitsFor(command, "trip-delay");
    expect(meter("delayed").relay).toBe("connected");
    await jump(minutes(6));
    expect(await ended(command)).toMatchObject({ state: "confirmed" });
  });

  test("loses an answer and a request on the way, and the relay still obeys once", async () => {
    house.street.setFault(addressOf("lostReply"), { kind: "lost-reply", function: "1C" });
    expect(await ended(await order("lostReply", "disconnect"))).toMatchObject({
      state: "confirmed",
      proof: { acknowledged: null },
    });
    expect(meter("lostReply").obeyed.disconnects).toBe(1);
    house.street.setFault(addressOf("lostRequest"), { kind: "lost-request", function: "1C" });
    const end = await ended(await order("lostRequest", "disconnect"));
    expect(end).toMatchObject({ state: "confirmed" });
    expect(end["attempts"]).toHaveLength(2);
  });

  test("cuts a meter that falls silent after the order: unanswered in the end, and not sent again by itself", async () => {
    house.street.setFault(addressOf("silent"), { kind: "lost-request", function: "1C" });
    const command = await order("silent", "disconnect");
    await house.desk.until("the order to leave", LIMIT_MS, async () =>
      (await house.desk.get(`/v1/commands/${command}`))["state"] === "sending" ? true : null,
    );
    house.street.setFault(addressOf("silent"), { kind: "silence" });
    await waitsFor(command, "silence");
    await jump(minutes(11));
    expect(await ended(command)).toMatchObject({ state: "unanswered", because: "silence" });
    expect((await house.desk.get(`/v1/commands/${command}`))["attempts"]).toHaveLength(1);
    expect(meter("silent").obeyed.disconnects).toBe(0);
  });

  test("changes his mind: a newer order supersedes one that has not left", async () => {
    const fault = house.street.setFault(addressOf("superseded"), { kind: "silence", times: 100_000 });
    const cut = await order("superseded", "disconnect");
    const restore = await order("superseded", "reconnect");
    expect(await ended(cut)).toMatchObject({ state: "cancelled", because: "superseded" });
    house.street.clearFaults(addressOf("superseded"), fault);
    await jump(minutes(6));
    expect(await ended(restore)).toMatchObject({ state: "confirmed" });
    expect(meter("superseded").obeyed.disconnects).toBe(0);
  });

  test("changes his mind after the order has left: the old one is never sent again, whatever became of it", async () => {
    house.street.setFault(addressOf("overtaken"), { kind: "lost-request", function: "1C" });
    const cut = await order("overtaken", "disconnect");
    await house.desk.until("the order to leave", LIMIT_MS, async () =>
      (await house.desk.get(`/v1/commands/${cut}`))["state"] === "sending" ? true : null,
    );
    const silence = house.street.setFault(addressOf("overtaken"), { kind: "silence" });
    await waitsFor(cut, "silence");
    const restore = await order("overtaken", "reconnect");
    house.street.clearFaults(addressOf("overtaken"), silence);
    await jump(minutes(6));
    expect(await ended(restore)).toMatchObject({ state: "confirmed" });
    expect(await ended(cut)).toMatchObject({ state: "unanswered", because: "superseded" });
    expect(meter("overtaken")).toMatchObject({ relay: "connected", obeyed: { disconnects: 0 } });
  });

  test("cancels what has not left", async () => {
    house.street.setFault(addressOf("cancelled"), { kind: "silence", times: 100_000 });
    const cut = await order("cancelled", "disconnect");
    await house.desk.post(`/v1/commands/${cut}/cancel`, {});
    expect(await house.desk.get(`/v1/commands/${cut}`)).toMatchObject({ state: "cancelled", because: "person" });
  });
});

describe("the rules", () => {
  test("cut when the credit is gone, and restore as soon as it is paid", async () => {
    await house.gateway.pollAll();
    await house.desk.pay(accountOf(addressOf("byRule")), "5.00");
    house.street.patch(addressOf("byRule"), { loadKw: 3 });
    await jump(hours(4));
    house.street.patch(addressOf("byRule"), { loadKw: 0 });
    await house.gateway.pollAll();
    const owed = await house.desk.get(`/v1/accounts/${accountOf(addressOf("byRule"))}`);
    expect(Number(owed["available"])).toBeLessThan(0);
    const cut = await house.desk.until("the cut", LIMIT_MS, () => house.desk.newest("disconnect", addressOf("byRule")));
    expect(await ended(String(cut["id"]))).toMatchObject({ state: "confirmed", reason: "credit-exhausted", askedBy: "rule" });
    const { command } = await house.desk.pay(accountOf(addressOf("byRule")), "50.00");
    expect(await ended(command!)).toMatchObject({ kind: "reconnect", state: "confirmed", reason: "in-credit" });
    expect(meter("byRule")).toMatchObject({ relay: "connected", obeyed: { disconnects: 1, reconnects: 1 } });
  });

  test("restore at once who pays while the meter's trip delay runs: the relay never opens", async () => {
    const address = addressOf("paidInDelay");
    await house.gateway.pollAll();
    await house.desk.pay(accountOf(address), "5.00");
    house.street.patch(address, { loadKw: 3 });
    await jump(hours(4));
    house.street.patch(address, { loadKw: 0 });
    await house.gateway.pollAll();
    const cut = await house.desk.until("the cut", LIMIT_MS, () => house.desk.newest("disconnect", address));
    await waitsFor(String(cut["id"]), "trip-delay");
    expect(meter("paidInDelay")).toMatchObject({ relay: "connected", relayOrder: "disconnect" });
    const { command } = await house.desk.pay(accountOf(address), "50.00");
    expect(await ended(command!)).toMatchObject({ kind: "reconnect", state: "confirmed" });
    await jump(minutes(6));
    expect(meter("paidInDelay")).toMatchObject({ relay: "connected", relayOrder: "connect" });
    expect(await ended(String(cut["id"]))).toMatchObject({ state: "unanswered", because: "order-gone" });
  });

  test("do not touch what a person has cut, however much is paid", async () => {
    await ended(await order("personStays", "disconnect"));
    const { command } = await house.desk.pay(accountOf(addressOf("personStays")), "50.00");
    expect(command).toBe(null);
    await house.gateway.reconcile();
    expect(await house.desk.newest("reconnect", addressOf("personStays"))).toBe(null);
    expect(meter("personStays").relay).toBe("disconnected");
    expect(await ended(await order("personStays", "reconnect"))).toMatchObject({ state: "confirmed" });
  });
});
