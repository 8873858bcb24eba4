/**
 * A wallet that is wiped: on a test bench alone, by two persons, and with the money of the books kept in a book of its own. What the
 * gateway says is compared with what the meter holds.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hours, Instant, ShiftableClock } from "../../src/kernel/clock.ts";
import type { Thing } from "../../src/demo/desk.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { booksOf, environmentOf, keysOf, Person } from "../support/persons.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
const LIMIT_MS = 30_000;
const names = ["plain", "lost", "refuses", "serving", "killed", "declined", "lapses", "empty", "again"] as const;
const meters = Object.fromEntries(
  names.map((name, index) => [name, `2026112261${String(index + 1).padStart(2, "0")}`]),
) as Record<(typeof names)[number], string>;
let house: TestHouse;
const wang = new Person(() => house.gateway.url, "wang");
const li = new Person(() => house.gateway.url, "li");

beforeAll(async () => {
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    env: environmentOf("wang", "li"),
    meters: names.map((name) => ({
      ...{ address: meters[name], model: "standard-wallet", balance: "10.00", loadKw: 0 },
      ...(name === "empty" ? { balance: "0.00" } : {}),
    })),
    site: {
      apiKeys: keysOf("wang", "li"),
      meters: names.map((name) => ({
        ...{ address: meters[name], bus: "tcp-1", model: "standard-wallet", account: accountOf(meters[name]) },
        ...(name === "serving" ? {} : { testBench: true }),
      })),
    },
  });
});
afterAll(() => house.close());

const asked = async (name: (typeof names)[number]): Promise<string> => {
  const answer = await wang.post(`/v1/meters/${meters[name]}/wallet-reset`, { reason: "the bench begins anew" });
  expect(answer).toMatchObject({ status: 202 });
  return String((answer.body["command"] as Thing)["id"]);
};
const ended = (id: string): Promise<Thing> =>
  li.until(`command ${id} to end`, LIMIT_MS, async () => {
    const { body } = await li.get(`/v1/commands/${id}`);
    return body["endedAt"] === null ? null : body;
  });
const topUp = async (name: (typeof names)[number], amount: string): Promise<void> => {
  const answer = await wang.post("/v1/payments", {
    ...{ account: accountOf(meters[name]), amount, channel: "bench", orderId: `${name}-${amount}` },
  });
  expect((await ended(String((answer.body["command"] as Thing)["id"])))["state"]).toBe("confirmed");
};
/** As a bench does it between two tests. */
const onTestKeys = (name: (typeof names)[number]): unknown => house.street.patch(meters[name], { keyState: "test" });

describe("a wallet reset", () => {
  test("waits for a second person, then wipes, and the money of the books goes to the bench's own book", async () => {
    await topUp("plain", "100.00");
    onTestKeys("plain");
    const id = await asked("plain");
    expect((await li.get(`/v1/commands/${id}`)).body).toMatchObject({
      ...{ state: "accepted", waitingFor: "approval", askedByName: "wang", approval: { by: null, at: null } },
      proof: { sent: null },
    });
    const same = await wang.post(`/v1/commands/${id}/approve`, { note: "I say so myself" });
    expect(same).toMatchObject({ status: 403, body: { code: "two-persons-needed" } });
    expect(house.street.snapshot(meters.plain)).toMatchObject({ balance: "110.00", purchaseCount: 1 });
    expect(await li.post(`/v1/commands/${id}/approve`, { note: "seen on the bench" })).toMatchObject({ status: 200 });
    const end = await ended(id);
    expect(end).toMatchObject({ state: "confirmed", approval: { by: "li", note: "seen on the bench" } });
    expect(house.street.snapshot(meters.plain)).toMatchObject({
      ...{ balance: "0.00", purchaseCount: 0 },
      obeyed: { initialisations: 1 },
    });
    expect(await booksOf(house, meters.plain)).toEqual({ meter: 0n, reset: 10_000n, sum: 0n });
    const again = await li.post(`/v1/commands/${id}/approve`, { note: "again" });
    expect(again.body).toMatchObject({ code: "already-ended" });
  });

  test("is no difference between ledger and meter that night: what was seen before it says nothing any more", async () => {
    const compared = async (): Promise<Thing> => {
      const asked = await li.post("/v1/reconciliations", {});
      const id = String(asked.body["id"]);
      return li.until("the comparison to end", LIMIT_MS, async () => {
        const { body } = await li.get(`/v1/reconciliations/${id}`);
        return body["doneAt"] === null ? null : (body["report"] as Thing);
      });
    };
    await house.gateway.pollAll();
    await topUp("again", "100.00");
    expect((await compared())["differences"]).toEqual([]);
    onTestKeys("again");
    const id = await asked("again");
    await li.post(`/v1/commands/${id}/approve`, { note: "seen on the bench" });
    expect(await ended(id)).toMatchObject({ state: "confirmed" });
    expect((await compared())["differences"]).toEqual([]);
    house.street.patch(meters.again, { keyState: "production", balance: "7.00" }); // and from then on a difference is one
    const [found] = (await compared())["differences"] as readonly Thing[];
    expect(found).toMatchObject({ meter: meters.again });
  });

  test("whose answer is lost is wiped once, and booked once", async () => {
    await topUp("lost", "100.00");
    onTestKeys("lost");
    house.street.setFault(meters.lost, { kind: "lost-reply", function: "03", di: "070103FF" });
    const id = await asked("lost");
    await li.post(`/v1/commands/${id}/approve`, { note: "yes" });
    expect(await ended(id)).toMatchObject({ state: "confirmed", proof: { acknowledged: null } });
    expect(house.street.snapshot(meters.lost)).toMatchObject({ balance: "0.00", obeyed: { initialisations: 1 } });
    expect(await booksOf(house, meters.lost)).toEqual({ meter: 0n, reset: 10_000n, sum: 0n });
  });

  test("is refused by a meter on production keys, and nothing is booked", async () => {
    await topUp("refuses", "100.00");
    const id = await asked("refuses");
    await li.post(`/v1/commands/${id}/approve`, { note: "yes" });
    expect(await ended(id)).toMatchObject({ state: "refused", because: "key-state", proof: { sent: null } });
    expect(house.street.snapshot(meters.refuses)).toMatchObject({ balance: "110.00", purchaseCount: 1 });
    expect(await booksOf(house, meters.refuses)).toEqual({ meter: 10_000n, reset: 0n, sum: 0n });
  });

  test("is not even taken for a meter that serves somebody", async () => {
    const answer = await wang.post(`/v1/meters/${meters.serving}/wallet-reset`, { reason: "by mistake" });
    expect(answer).toMatchObject({ status: 409, body: { code: "wallet-reset-forbidden" } });
  });

  test("is not taken while money is under way to the meter", async () => {
    house.street.setFault(meters.empty, { kind: "silence", times: 1_000 });
    await wang.post("/v1/payments", { account: accountOf(meters.empty), amount: "5.00", channel: "bench", orderId: "under-way" });
    const answer = await wang.post(`/v1/meters/${meters.empty}/wallet-reset`, { reason: "too early" });
    expect(answer).toMatchObject({ status: 409, body: { code: "money-under-way" } });
  });

  test("that is declined ends cancelled, and no byte leaves", async () => {
    onTestKeys("declined");
    const id = await asked("declined");
    expect(await li.post(`/v1/commands/${id}/decline`, { note: "not today" })).toMatchObject({
      body: { state: "cancelled", because: "declined", receipt: { declined: { by: "li", note: "not today" } } },
    });
    expect(house.street.snapshot(meters.declined).obeyed.initialisations).toBe(0);
  });

  test("that waits survives a restart unsent, and is done after it", async () => {
    onTestKeys("killed");
    const id = await asked("killed");
    await house.restart();
    expect((await li.get(`/v1/commands/${id}`)).body).toMatchObject({ state: "accepted", waitingFor: "approval" });
    await li.post(`/v1/commands/${id}/approve`, { note: "after the restart" });
    expect(await ended(id)).toMatchObject({ state: "confirmed" });
    expect(house.street.snapshot(meters.killed)).toMatchObject({ balance: "0.00", obeyed: { initialisations: 1 } });
  });

  test("that nobody approves lapses at its deadline", async () => {
    onTestKeys("lapses");
    const id = await asked("lapses");
    const release = await house.gateway.hold();
    await clock.jump(hours(25));
    release();
    expect(await ended(id)).toMatchObject({ state: "expired", because: "deadline", proof: { sent: null } });
    expect(house.street.snapshot(meters.lapses).obeyed.initialisations).toBe(0);
  });
});
