/**
 * From local to remote mode: the rest of the wallet is credited to the account once, whatever gets lost on the way. The street's own
 * door tells what the meter holds and did; the ledger's rows, what the books made of it.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Instant, minutes, ShiftableClock } from "../../src/kernel/clock.ts";
import type { Thing } from "../../src/demo/desk.ts";
import { environmentOf, keysOf, Person, sumsOf } from "../support/persons.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
const LIMIT_MS = 30_000;
const names = [
  "plain",
  "lost",
  "lostRequest",
  "refuses",
  "killed",
  "byHand",
  "already",
  "paying",
  "overdrawn",
  "before",
  "asked",
] as const;
type Name = (typeof names)[number];
const meters = Object.fromEntries(
  names.map((name, index) => [name, `2026112262${String(index + 1).padStart(2, "0")}`]),
) as Record<Name, string>;
const modelOf = (name: Name) => (name === "byHand" || name === "already" ? "standard-wallet" : "southern-grid");
let house: TestHouse;
const wang = new Person(() => house.gateway.url, "wang");
const li = new Person(() => house.gateway.url, "li");

beforeAll(async () => {
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    env: environmentOf("wang", "li"),
    meters: names.map((name) => ({
      ...{ address: meters[name], model: modelOf(name), balance: name === "overdrawn" ? "-3.00" : "10.00", loadKw: 0 },
      ...(name === "overdrawn" ? { overdraftLimit: "20.00" } : {}),
    })),
    site: {
      apiKeys: keysOf("wang", "li"),
    },
  });
});
afterAll(() => house.close());

const asked = async (name: Name, more: object = {}): Promise<string> => {
  const answer = await wang.post(`/v1/meters/${meters[name]}/mode`, {
    mode: "remote",
    reason: "the village goes remote",
    ...more,
  });
  expect(answer).toMatchObject({ status: 202 });
  return String((answer.body["command"] as Thing)["id"]);
};
const ended = (id: string): Promise<Thing> =>
  li.until(`command ${id} to end`, LIMIT_MS, async () => {
    const { body } = await li.get(`/v1/commands/${id}`);
    return body["endedAt"] === null ? null : body;
  });
const pay = async (name: Name, amount: string): Promise<Thing> =>
  (await wang.post("/v1/payments", { account: accountOf(meters[name]), amount, channel: "c", orderId: `${name}-${amount}` }))
    .body;
const giveBack = (payment: unknown) => wang.post(`/v1/payments/${String(payment)}/refund`, { reason: "moved out" });
const topUp = async (name: Name, amount: string): Promise<void> => {
  const { command } = (await pay(name, amount)) as { command: Thing };
  expect((await ended(String(command["id"])))["state"]).toBe("confirmed");
};
const account = async (name: Name): Promise<Thing> => (await li.get(`/v1/accounts/${accountOf(meters[name])}`)).body;
const books = (name: Name) => {
  const [meter, customer] = [meters[name], accountOf(meters[name])];
  return sumsOf(house, {
    meter: `meter/${meter}`,
    available: `available/${customer}`,
    used: `used/${meter}`,
    owed: `owed/${customer}`,
  });
};

describe("a switch to remote mode", () => {
  test("credits the rest of the wallet to the account, and later payments stay in the ledger", async () => {
    await topUp("plain", "100.00");
    const end = await ended(await asked("plain"));
    expect(end).toMatchObject({ state: "confirmed", askedByName: "wang", approval: null });
    expect(house.street.snapshot(meters.plain)).toMatchObject({ mode: "remote", obeyed: { modeSwitches: 1 } });
    expect(await account("plain")).toMatchObject({ mode: "remote", available: "110.00", held: "0.00" });
    // 100.00 were sent and the wallet held 10.00 before: nothing was used
    expect(await books("plain")).toEqual({ meter: 0n, available: 11_000n, used: -1_000n, owed: 0n, sum: 0n });
    expect(await pay("plain", "20.00")).toMatchObject({ payment: { state: "allocated" } });
    expect(await account("plain")).toMatchObject({ available: "130.00" });
  });

  test("whose answer is lost is looked at, and credited once", async () => {
    house.street.setFault(meters.lost, { kind: "lost-reply", function: "03", di: "07A006FF" });
    const end = await ended(await asked("lost"));
    expect(end).toMatchObject({ state: "confirmed", proof: { acknowledged: null } });
    expect(end["attempts"]).toHaveLength(1);
    expect(await account("lost")).toMatchObject({ mode: "remote", available: "10.00" });
  });

  test("whose request is lost is sent again, and credited once", async () => {
    house.street.setFault(meters.lostRequest, { kind: "lost-request", function: "03", di: "07A006FF" });
    const end = await ended(await asked("lostRequest"));
    expect(end["state"]).toBe("confirmed");
    expect(end["attempts"]).toHaveLength(2);
    expect(house.street.snapshot(meters.lostRequest).obeyed.modeSwitches).toBe(1);
    expect(await books("lostRequest")).toEqual({ meter: 0n, available: 1_000n, used: -1_000n, owed: 0n, sum: 0n });
  });

  test("that the meter refuses changes nothing", async () => {
    house.street.setFault(meters.refuses, { kind: "refusal", function: "03", di: "07A006FF", times: 9 });
    const end = await ended(await asked("refuses"));
    expect(end["state"]).toBe("refused");
    expect(await account("refuses")).toMatchObject({ mode: "local", available: "0.00" });
    expect(house.street.snapshot(meters.refuses)).toMatchObject({ mode: "local", balance: "10.00" });
  });

  test("survives a restart between the meter's obeying and our credit, and the books keep the mode against the site file", async () => {
    house.street.setFault(meters.killed, { kind: "lost-reply", function: "03", di: "07A006FF" });
    const id = await asked("killed");
    await li.until("the meter to obey", LIMIT_MS, () =>
      Promise.resolve(house.street.snapshot(meters.killed).obeyed.modeSwitches === 1 ? true : null),
    );
    await house.restart();
    expect(await ended(id)).toMatchObject({ state: "confirmed" });
    await house.restart();
    expect(await account("killed")).toMatchObject({ mode: "remote", available: "10.00" });
    expect(await books("killed")).toEqual({ meter: 0n, available: 1_000n, used: -1_000n, owed: 0n, sum: 0n });
  });

  test("of a meter without such an order is done there by hand, and the readings decide", async () => {
    const told = await wang.post(`/v1/meters/${meters.byHand}/mode`, { mode: "remote", reason: "by order" });
    expect(told).toMatchObject({ status: 422, body: { code: "not-supported" } });
    const id = await asked("byHand", { way: "at-the-meter" });
    await li.until("it to be watched", LIMIT_MS, async () =>
      (await li.get(`/v1/commands/${id}`)).body["waitingFor"] === "person-at-meter" ? true : null,
    );
    expect(await account("byHand")).toMatchObject({ mode: "local", available: "0.00" });
    house.street.patch(meters.byHand, { mode: "remote" });
    const release = await house.gateway.hold();
    await clock.jump(minutes(2));
    release();
    expect(await ended(id)).toMatchObject({ state: "confirmed" });
    expect(await account("byHand")).toMatchObject({ mode: "remote", available: "10.00" });
  });

  test("that nobody saw needs the balance from a person, and a second one who approves it", async () => {
    house.street.patch(meters.already, { mode: "remote" });
    expect(await ended(await asked("already", { way: "at-the-meter" }))).toMatchObject({
      ...{ state: "refused", because: "mode-already-remote" },
    });
    const id = await asked("already", { balance: "7.50" });
    expect((await li.get(`/v1/commands/${id}`)).body).toMatchObject({ state: "accepted", waitingFor: "approval" });
    await li.post(`/v1/commands/${id}/approve`, { note: "the photograph shows 7.50" });
    expect(await ended(id)).toMatchObject({ state: "confirmed" });
    expect(await account("already")).toMatchObject({ mode: "remote", available: "7.50" });
  });

  test("gives a payment that waited behind it to the ledger", async () => {
    const release = await house.gateway.hold(); // both are there before either is sent
    const id = await asked("paying");
    const { payment, command } = (await pay("paying", "30.00")) as { payment: Thing; command: Thing };
    release();
    const [switched, sent] = [await ended(id), await ended(String(command["id"]))];
    expect(switched["state"]).toBe("confirmed");
    expect(sent).toMatchObject({ state: "cancelled", because: "mode-switched" });
    expect((await li.get(`/v1/payments/${String(payment["id"])}`)).body).toMatchObject({ state: "allocated" });
    expect(await account("paying")).toMatchObject({ mode: "remote", available: "40.00", held: "0.00" });

    // the next step of the item that was raised for it: its money is in the books, and so it comes from there
    expect(await giveBack(payment["id"])).toMatchObject({ status: 202, body: { command: null, payment: { state: "refunded" } } });
    expect(await account("paying")).toMatchObject({ available: "10.00" });
    expect(await giveBack(payment["id"])).toMatchObject({ status: 409, body: { code: "already-refunded" } });
    expect(await account("paying")).toMatchObject({ available: "10.00" });
  });

  test("what was topped up before it is given back by the books, as long as it is there, and no meter is asked", async () => {
    const { payment, command } = (await pay("before", "50.00")) as { payment: Thing; command: Thing };
    await ended(String(command["id"]));
    house.street.patch(meters.before, { balance: "45.00" }); // 15.00 of 60.00 were used
    expect(await ended(await asked("before"))).toMatchObject({ state: "confirmed" });
    expect(await giveBack(payment["id"])).toMatchObject({
      status: 409,
      body: { code: "refund-not-covered", available: "45.00" },
    });
    await pay("before", "5.00");
    expect(await giveBack(payment["id"])).toMatchObject({ status: 202, body: { command: null, payment: { state: "refunded" } } });
    expect(await account("before")).toMatchObject({ available: "0.00", held: "0.00" });
    expect(await books("before")).toMatchObject({ meter: 0n, available: 0n, sum: 0n });
    expect(house.street.snapshot(meters.before).obeyed.refunds).toBe(0);
  });

  test("that comes while money waits to be given back leaves that to the books as well", async () => {
    const { payment, command } = (await pay("asked", "50.00")) as { payment: Thing; command: Thing };
    await ended(String(command["id"]));
    const release = await house.gateway.hold();
    const id = await asked("asked");
    const refund = (await giveBack(payment["id"])).body["command"] as Thing;
    release();
    expect(await ended(id)).toMatchObject({ state: "confirmed" });
    expect(await ended(String(refund["id"]))).toMatchObject({ state: "cancelled", because: "mode-switched" });
    expect((await li.get(`/v1/payments/${String(payment["id"])}`)).body).toMatchObject({
      ...{ state: "allocated", command: command["id"] },
    });
    expect(await giveBack(payment["id"])).toMatchObject({ status: 202, body: { command: null } });
    expect(await account("asked")).toMatchObject({ available: "10.00" });
    expect(house.street.snapshot(meters.asked).obeyed.refunds).toBe(0);
  });

  test("writes an overdraft down for a person to decide, and the account begins at nothing", async () => {
    expect(await ended(await asked("overdrawn"))).toMatchObject({ state: "confirmed" });
    expect(await account("overdrawn")).toMatchObject({ mode: "remote", available: "0.00" });
    expect(await books("overdrawn")).toMatchObject({ meter: 0n, owed: -300n, sum: 0n });
  });

  test("goes one way: back to local is refused by name", async () => {
    const back = await wang.post(`/v1/meters/${meters.refuses}/mode`, { mode: "local", reason: "back" });
    expect(back).toMatchObject({ status: 409, body: { code: "mode-switch-back" } });
  });
});
