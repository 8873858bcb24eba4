/** Money that goes back: out of a meter, out of the ledger, once. What the gateway says is compared with what the meter itself holds. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Thing } from "../../src/demo/desk.ts";
import { hours, Instant, ShiftableClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
let house: TestHouse;
const LIMIT_MS = 30_000;
const address = (n: number): string => `2026112204${String(n).padStart(2, "0")}`;
const [plain, lostReply, lostRequest, refusing, spent, twins, dead, refunded, hoarding, foreign, south, numbered, busy, strange] =
  Array.from({ length: 14 }, (_, n) => address(n + 1)) as [string, ...string[]];
const remote = address(20);

beforeAll(async () => {
  const local = [plain, lostReply, lostRequest, refusing, spent, twins, dead, refunded, hoarding, foreign, busy, strange];
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    meters: [
      ...local.map((one) => ({
        address: one!,
        model: "standard-wallet" as const,
        balance: "10.00",
        loadKw: 0,
        ...(one === hoarding ? { hoardingLimit: "50.00" } : {}),
      })),
      { address: south!, model: "southern-grid", balance: "10.00", loadKw: 0 },
      { address: numbered!, model: "order-number-4g", balance: "10.00", loadKw: 0 },
      { address: remote, model: "remote-ledger", energyKwh: "100.00", loadKw: 0 },
    ],
  });
});
afterAll(() => house.close());

const REFUND = { function: "14", di: "04001006" };
const meter = (one: string | undefined) => house.street.snapshot(one!);
const account = (one: string | undefined): Promise<Thing> => house.desk.get(`/v1/accounts/${accountOf(one!)}`);
const ended = (command: string): Promise<Thing> =>
  house.desk.until(`command ${command} to end`, LIMIT_MS, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["endedAt"] === null ? null : found;
  });
const paymentOf = (id: string): Promise<Thing> => house.desk.get(`/v1/payments/${id}`);
/** Paid, and at the meter; answers the payment. */
async function paid(one: string | undefined, amount: string): Promise<string> {
  const { payment, command } = await house.desk.pay(accountOf(one!), amount);
  if (command !== null) await ended(command);
  return payment;
}
const giveBack = (payment: string): Promise<Thing> => house.desk.post(`/v1/payments/${payment}/refund`, { reason: "paid twice" });
const givenBack = async (payment: string): Promise<Thing> => ended(String(((await giveBack(payment))["command"] as Thing)["id"]));
/** Sums of legs, by the beginning of the book's name. */
async function total(prefix: string): Promise<bigint> {
  const db = await Database.open({ connectionString: house.database.connectionString, log: silentLog, connectionsMax: 1 });
  try {
    const legs = "SELECT coalesce(sum(amount), 0)::bigint AS sum FROM ledger_legs WHERE starts_with(book, $1)";
    return (await db.rows<{ sum: bigint }>(null, legs, [prefix]))[0]!.sum;
  } finally {
    await db.close();
  }
}

describe("a payment whose money is in a meter", () => {
  test("is taken back out of it, and goes back to whoever paid", async () => {
    const payment = await paid(plain, "100.00");
    const channels = await total("channel/");
    const end = await givenBack(payment);
    expect(end).toMatchObject({ kind: "refund", state: "confirmed", payment, receipt: { after: { record: true } } });
    expect(meter(plain)).toMatchObject({ balance: "10.00", purchaseCount: 1, obeyed: { topUps: 1, refunds: 1 } });
    expect(await paymentOf(payment)).toMatchObject({ state: "refunded", refund: end["id"] });
    expect(await account(plain)).toMatchObject({ available: "0.00", held: "0.00" });
    expect(await total(`meter/${plain}`)).toBe(0n);
    expect(await total("channel/")).toBe(channels + 10_000n);
    const entries = (await house.desk.get(`/v1/accounts/${accountOf(plain)}/entries`))["items"] as Thing[];
    expect(entries.map(({ kind }) => kind)).toEqual(["payout", "refund", "settle", "hold", "payment"]);
  });

  test("is taken once although the meter's answer is lost", async () => {
    const payment = await paid(lostReply, "100.00");
    house.street.setFault(lostReply!, { kind: "lost-reply", ...REFUND });
    const end = await givenBack(payment);
    expect(end).toMatchObject({ state: "confirmed", proof: { acknowledged: null } });
    expect(end["attempts"]).toHaveLength(1);
    expect(meter(lostReply)).toMatchObject({ balance: "10.00", obeyed: { refunds: 1 } });
  });

  test("is asked for again when the record shows that the meter never heard it", async () => {
    const payment = await paid(lostRequest, "100.00");
    house.street.setFault(lostRequest!, { kind: "lost-request", ...REFUND });
    const end = await givenBack(payment);
    expect(end["state"]).toBe("confirmed");
    expect(end["attempts"]).toHaveLength(2);
    expect(meter(lostRequest)).toMatchObject({ balance: "10.00", obeyed: { refunds: 1 } });
  });

  test("stays where it is when the meter declines", async () => {
    const payment = await paid(refusing, "100.00");
    house.street.setFault(refusing!, { kind: "expired-session", ...REFUND });
    expect(await givenBack(payment)).toMatchObject({ state: "refused" });
    expect(meter(refusing)).toMatchObject({ balance: "110.00", obeyed: { refunds: 0 } });
    expect(await paymentOf(payment)).toMatchObject({ state: "allocated" });
    expect(await givenBack(payment)).toMatchObject({ state: "confirmed" });
    expect(meter(refusing)).toMatchObject({ balance: "10.00", obeyed: { refunds: 1 } });
  });

  test("is refused by name when the meter does not hold as much any more, and nothing is sent", async () => {
    const payment = await paid(spent, "100.00");
    house.street.patch(spent!, { balance: "99.99" });
    expect(await givenBack(payment)).toMatchObject({ state: "refused", because: "refund-above-balance", proof: { sent: null } });
    expect(await paymentOf(payment)).toMatchObject({ state: "allocated" });
    expect(meter(spent)).toMatchObject({ balance: "99.99", obeyed: { refunds: 0 } });
  });

  test("is taken back once, though two ask at once and a third later", async () => {
    const payment = await paid(twins, "100.00");
    const [one, two] = await Promise.all([giveBack(payment), giveBack(payment)]);
    const idOf = (answer: Thing): string => String((answer["command"] as Thing)["id"]);
    expect(idOf(one)).toBe(idOf(two));
    await ended(idOf(one));
    await expect(giveBack(payment)).rejects.toThrow("already-refunded");
    expect(meter(twins)).toMatchObject({ balance: "10.00", obeyed: { refunds: 1 } });
  });

  test("is a person's affair when the meter declined and took it all the same", async () => {
    const payment = await paid(foreign, "100.00");
    house.street.setFault(foreign!, { kind: "refused-though-done", ...REFUND });
    const end = await givenBack(payment);
    expect(end).toMatchObject({ state: "disputed", because: "no-proof" });
    expect(await paymentOf(payment)).toMatchObject({ state: "disputed" });
    await expect(giveBack(payment)).rejects.toThrow("account-disputed");
    await expect(paid(foreign, "1.00")).rejects.toThrow("account-disputed");
    expect(await total(`meter/${foreign!}`)).toBe(10_000n);
    await house.desk.post(`/v1/commands/${String(end["id"])}/resolve`, { verdict: "done", note: "the meter shows 10.00" });
    expect(await paymentOf(payment)).toMatchObject({ state: "refunded" });
    expect(await total(`meter/${foreign!}`)).toBe(0n);
    expect(meter(foreign)).toMatchObject({ balance: "10.00", obeyed: { refunds: 1 } });
  });

  test("is taken back beside a payment that comes at the same time, and neither is counted as the other", async () => {
    const payment = await paid(busy, "100.00");
    const [back, more] = await Promise.all([giveBack(payment), house.desk.pay(accountOf(busy!), "50.00")]);
    expect(await ended(String((back["command"] as Thing)["id"]))).toMatchObject({ state: "confirmed" });
    expect(await ended(more.command!)).toMatchObject({ state: "confirmed" });
    expect(meter(busy)).toMatchObject({ balance: "60.00", obeyed: { topUps: 2, refunds: 1 } });
    expect(await total(`meter/${busy!}`)).toBe(5_000n);
  });

  test("is not asked of a meter that is quarantined; what never reached it is paid out all the same", async () => {
    const payment = await paid(strange, "100.00");
    house.street.patch(strange!, { customerNumber: "000000000099" });
    const stranded = await paid(strange, "20.00");
    expect(await paymentOf(stranded)).toMatchObject({ state: "unallocated" });
    await expect(giveBack(payment)).rejects.toThrow("meter-quarantined");
    expect(await giveBack(stranded)).toMatchObject({ command: null, payment: { state: "refunded" } });
    expect(meter(strange)).toMatchObject({ balance: "110.00", obeyed: { refunds: 0 } });
  });

  test("is taken back at level 96 from a southern meter", async () => {
    const payment = await paid(south, "100.00");
    expect(await givenBack(payment)).toMatchObject({ state: "confirmed" });
    expect(meter(south)).toMatchObject({ balance: "10.00", obeyed: { refunds: 1 } });
  });

  test("is taken back under an order number, once, although the answer is lost", async () => {
    const payment = await paid(numbered, "100.00");
    expect(meter(numbered)).toMatchObject({ balance: "110.00", obeyed: { topUps: 1 } });
    house.street.setFault(numbered!, { kind: "lost-reply", function: "03", di: "070108FF" });
    expect(await givenBack(payment)).toMatchObject({ state: "confirmed", proof: { acknowledged: null } });
    expect(meter(numbered)).toMatchObject({ balance: "10.00", obeyed: { refunds: 1 } });
    expect(await paymentOf(payment)).toMatchObject({ state: "refunded" });
  });
});

describe("a payment whose money is in the ledger", () => {
  test("that reached no meter is paid out at once, and once", async () => {
    house.street.patch(hoarding!, { balance: "45.00" }); // more than we know of: at the counter there was room
    const payment = await paid(hoarding, "30.00");
    expect(await paymentOf(payment)).toMatchObject({ state: "unallocated" });
    expect(await giveBack(payment)).toMatchObject({ command: null, payment: { state: "refunded" } });
    expect(await account(hoarding)).toMatchObject({ available: "0.00", held: "0.00" });
    await expect(giveBack(payment)).rejects.toThrow("already-refunded");
    expect(meter(hoarding)).toMatchObject({ balance: "45.00", obeyed: { refunds: 0 } });
  });

  test("of a remote account is paid out as long as enough of it is left", async () => {
    const first = await paid(remote, "20.00");
    await house.gateway.pollAll();
    house.street.patch(remote, { loadKw: 3 });
    const release = await house.gateway.hold();
    await clock.jump(hours(4));
    release();
    house.street.patch(remote, { loadKw: 0 });
    await house.gateway.pollAll();
    await expect(giveBack(first)).rejects.toThrow("refund-not-covered");
    const second = await paid(remote, "30.00");
    expect(await giveBack(second)).toMatchObject({ command: null, payment: { state: "refunded" } });
    expect(meter(remote).obeyed["refunds"]).toBe(0);
  });
});

test("a payment that is still under way, or unknown, is not given back", async () => {
  house.street.setFault(refunded!, { kind: "silence", times: 40 });
  const { payment } = await house.desk.pay(accountOf(refunded!), "5.00");
  await expect(giveBack(payment)).rejects.toThrow("payment-under-way");
  await expect(giveBack("00000000-0000-7000-8000-000000000000")).rejects.toThrow("unknown-payment");
});

test("a refund whose meter falls silent is disputed in the end, and a person who looks frees it", async () => {
  const payment = await paid(dead, "100.00");
  house.street.setFault(dead!, { kind: "lost-reply", ...REFUND });
  // The look needs no new proof of identity, the look after silence does.
  const silence = house.street.setFault(dead!, { kind: "silence", function: "03", di: "070000FF", times: 1_000 });
  const id = String(((await giveBack(payment))["command"] as Thing)["id"]);
  await house.desk.until("the order to have left and nobody to answer for it", LIMIT_MS, async () => {
    const found = await house.desk.get(`/v1/commands/${id}`);
    return found["waitingFor"] === "silence" && found["state"] === "verifying" ? found : null;
  });
  const release = await house.gateway.hold();
  await clock.jump(hours(25));
  release();
  expect(await ended(id)).toMatchObject({ state: "disputed", because: "no-proof" });
  expect(await paymentOf(payment)).toMatchObject({ state: "disputed" });
  house.street.clearFaults(dead!, silence);
  expect(meter(dead)).toMatchObject({ balance: "10.00", obeyed: { refunds: 1 } });
  await house.desk.post(`/v1/commands/${id}/resolve`, { verdict: "not-done", note: "a test is wrong on purpose" });
  expect(await paymentOf(payment)).toMatchObject({ state: "allocated" });
  expect(await account(dead)).toMatchObject({ available: "0.00", held: "0.00" });
}, 60_000);
