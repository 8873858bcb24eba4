/**
 * A meter takes another's place. The street's own door tells what both meters hold; at every halt of the way the money is where it was
 * or where it goes, and the books sum to nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Thing } from "../../src/demo/desk.ts";
import { environmentOf, keysOf, Person, sumsOf } from "../support/persons.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const LIMIT_MS = 40_000;
const pairs = [
  "plain",
  "silent",
  "remote",
  "stranger",
  "refusing",
  "halting",
  "empty",
  "impossible",
  "misnamed",
  "keyless",
] as const;
type Pair = (typeof pairs)[number];
const number = (pair: Pair, place: number): string => `202611226${place}${String(pairs.indexOf(pair) + 1).padStart(2, "0")}`;
const oldOf = (pair: Pair): string => number(pair, 1);
const newOf = (pair: Pair): string => number(pair, 2);
const isRemote = (pair: Pair): boolean => pair === "remote" || pair === "impossible";
const modelOf = (pair: Pair) => (isRemote(pair) ? "remote-ledger" : pair === "keyless" ? "order-number-4g" : "standard-wallet");
let house: TestHouse;
const wang = new Person(() => house.gateway.url, "wang");

beforeAll(async () => {
  house = await raiseTestHouse({
    env: environmentOf("wang"),
    replyDeadlineMs: 120,
    meters: pairs.flatMap((pair) => [
      {
        address: oldOf(pair),
        model: modelOf(pair),
        balance: pair === "empty" ? "0.00" : "62.50",
        loadKw: 0,
        energyKwh: "1000.00",
      },
      {
        ...{ address: newOf(pair), model: modelOf(pair), balance: "0.00", loadKw: 0, purchaseCount: pair === "plain" ? 1 : 0 },
        // what a new meter carries: the customer of the account, or none yet
        customerNumber: `00${accountOf(oldOf(pair))}`,
        ...(pair === "stranger" ? { meterNumber: "000000000099" } : {}),
      },
    ]),
    site: {
      apiKeys: keysOf("wang"),
      meters: pairs.map((pair) => ({
        ...{ address: oldOf(pair), bus: "tcp-1", model: modelOf(pair), account: accountOf(oldOf(pair)) },
      })),
    },
  });
});
afterAll(() => house.close());

const wish = (pair: Pair, more: object = {}) => ({
  newMeter: {
    ...{ address: newOf(pair), bus: "tcp-1", model: modelOf(pair) },
    customerNumber: `00${accountOf(oldOf(pair))}`,
  },
  reason: "worn out",
  ...more,
});
async function begin(pair: Pair, more: object = {}): Promise<string> {
  const answer = await wang.post(`/v1/meters/${oldOf(pair)}/replacement`, wish(pair, more));
  expect(answer).toMatchObject({ status: 202 });
  return String((answer.body["replacement"] as Thing)["id"]);
}
const standing = async (id: string): Promise<Thing> => (await wang.get(`/v1/replacements/${id}`)).body;
const reaches = (id: string, step: string, waitingFor: string | null): Promise<Thing> =>
  wang.until(`replacement ${id} to be ${step}, waiting for ${String(waitingFor)}`, LIMIT_MS, async () => {
    const found = await standing(id);
    return found["step"] === step && found["waitingFor"] === waitingFor ? found : null;
  });
const ended = (id: unknown): Promise<Thing> =>
  wang.until(`command ${String(id)} to end`, LIMIT_MS, async () => {
    const { body } = await wang.get(`/v1/commands/${String(id)}`);
    return body["endedAt"] === null ? null : body;
  });
const pay = (pair: Pair, amount: string) =>
  wang.post("/v1/payments", { account: accountOf(oldOf(pair)), amount, channel: "c", orderId: `${pair}-${amount}` });
const account = async (pair: Pair): Promise<Thing> => (await wang.get(`/v1/accounts/${accountOf(oldOf(pair))}`)).body;
const books = (pair: Pair) => {
  const customer = accountOf(oldOf(pair));
  return sumsOf(house, {
    ...{ old: `meter/${oldOf(pair)}`, new: `meter/${newOf(pair)}`, used: `used/${oldOf(pair)}` },
    ...{ available: `available/${customer}`, held: `held/${customer}` },
  });
};
/** What there is of this account's money: on the meter that is in use, available, and held. */
async function wealth(pair: Pair, inUse: "old" | "new"): Promise<number> {
  const { balance, overdraft } = house.street.snapshot(inUse === "old" ? oldOf(pair) : newOf(pair));
  const { available, held } = await account(pair);
  return Number(balance) - Number(overdraft) + Number(available) + Number(held);
}

describe("a meter is replaced", () => {
  test("the old one's balance goes on to the new one, whose count goes on as its own, and later payments go there", async () => {
    expect((await ended(((await pay("plain", "100.00")).body["command"] as Thing)["id"]))["state"]).toBe("confirmed");
    expect(await wealth("plain", "old")).toBe(162.5);
    const id = await begin("plain");
    const done = await reaches(id, "done", null);
    expect(done).toMatchObject({
      ...{ askedByName: "wang", carried: "162.50" },
      final: { balance: "162.50", count: 1, source: "command" },
      begin: { balance: "0.00", count: 1 },
    });
    expect(house.street.snapshot(newOf("plain"))).toMatchObject({ balance: "162.50", purchaseCount: 2, obeyed: { topUps: 1 } });
    expect(await wealth("plain", "new")).toBe(162.5);
    expect(await books("plain")).toEqual({ old: 0n, new: 16_250n, used: -6_250n, available: 0n, held: 0n, sum: 0n });
    expect(await account("plain")).toMatchObject({ meters: [newOf("plain")] });
    const { command } = (await pay("plain", "7.00")).body as { command: Thing };
    expect(await ended(command["id"])).toMatchObject({ state: "confirmed", meter: newOf("plain") });
    expect(house.street.snapshot(newOf("plain"))).toMatchObject({ balance: "169.50", purchaseCount: 3 });
  });

  test("the old one is ordered no more, whoever asks, also after a restart with a site file that still names it", async () => {
    const order = () => wang.post(`/v1/meters/${oldOf("plain")}/relay`, { order: "disconnect", reason: "by its old name" });
    await wang.until("the old meter to be forgotten", LIMIT_MS, async () => ((await order()).status === 404 ? true : null));
    await house.restart();
    expect((await wang.get(`/v1/meters/${oldOf("plain")}`)).body).toMatchObject({ code: "meter-replaced", by: newOf("plain") });
    const { heard } = house.street.snapshot(oldOf("plain"));
    const { command } = (await pay("plain", "0.50")).body as { command: Thing };
    expect(await ended(command["id"])).toMatchObject({ state: "confirmed", meter: newOf("plain") });
    expect(house.street.snapshot(newOf("plain"))).toMatchObject({ balance: "170.00", purchaseCount: 4 });
    await house.gateway.pollAll();
    expect(house.street.snapshot(oldOf("plain")).heard).toBe(heard);
    expect((await wang.get("/v1/meters")).body["items"]).not.toContainEqual(expect.objectContaining({ address: oldOf("plain") }));
  });

  test("what was topped up at the old one is taken back out of the new one, where it is now", async () => {
    const payments = (await wang.get(`/v1/payments?account=${accountOf(oldOf("plain"))}`)).body["items"] as Thing[];
    const atTheOld = payments.find(({ amount }) => amount === "100.00")!;
    const giveBack = () => wang.post(`/v1/payments/${String(atTheOld["id"])}/refund`, { reason: "paid twice" });
    const { command } = (await giveBack()).body as { command: Thing };
    expect(await ended(command["id"])).toMatchObject({ kind: "refund", state: "confirmed", meter: newOf("plain") });
    expect(house.street.snapshot(newOf("plain"))).toMatchObject({ balance: "70.00", obeyed: { refunds: 1 } });
    expect(await books("plain")).toMatchObject({ old: 0n, new: 7_000n, available: 0n, held: 0n });
    expect(await giveBack()).toMatchObject({ status: 409, body: { code: "already-refunded" } });
  });

  test("an old one that answers no more: a person gives its last readings, and no payment is taken meanwhile", async () => {
    house.street.setFault(oldOf("silent"), { kind: "silence", times: 1_000_000 });
    const id = await begin("silent");
    await reaches(id, "begun", "final-readings");
    expect(await pay("silent", "5.00")).toMatchObject({ status: 409, body: { code: "meter-being-replaced" } });
    expect(await account("silent")).toMatchObject({ available: "0.00", held: "0.00" });
    const half = await wang.post(`/v1/meters/${oldOf("silent")}/replacement`, wish("silent", { finalReading: "1000.00" }));
    expect(half).toMatchObject({ status: 409, body: { code: "replacement-conflict", field: "finalBalance" } });
    const typed = wish("silent", { finalReading: "1000.00", finalBalance: "50000.01" });
    const tooMuch = await wang.post(`/v1/meters/${oldOf("silent")}/replacement`, typed);
    expect(tooMuch).toMatchObject({ status: 422, body: { code: "amount-above-cap", field: "finalBalance", cap: "50000.00" } });
    expect(await begin("silent", { finalReading: "1000.00", finalBalance: "41.20", finalCount: 3 })).toBe(id);
    expect(await reaches(id, "done", null)).toMatchObject({ carried: "41.20", final: { source: "person", count: 3 } });
    expect(house.street.snapshot(newOf("silent"))).toMatchObject({ balance: "41.20", purchaseCount: 1 });
    expect(await books("silent")).toMatchObject({ new: 4_120n, used: -4_120n, sum: 0n });
  });

  test("of a remote account: the last energy is billed, and the new one's register begins where it stands", async () => {
    await pay("remote", "100.00");
    await house.gateway.pollAll();
    house.street.patch(oldOf("remote"), { loadKw: 50 });
    await wang.until("some energy", LIMIT_MS, async () =>
      Promise.resolve(Number(house.street.snapshot(oldOf("remote")).energyKwh) >= 1000.05 ? true : null),
    );
    house.street.patch(oldOf("remote"), { loadKw: 0 });
    const used = Number(house.street.snapshot(oldOf("remote")).energyKwh) - 1000;
    await reaches(await begin("remote"), "done", null);
    const left = Number((await account("remote"))["available"]);
    expect(left).toBeCloseTo(100 - Math.round(used * 52.83) / 100, 2);
    await house.gateway.pollAll();
    expect(Number((await account("remote"))["available"])).toBe(left);
    expect(await account("remote")).toMatchObject({ meters: [newOf("remote")] });
  });

  test("an impossible last reading bills nobody and moves nothing", async () => {
    await house.gateway.pollAll();
    house.street.setFault(oldOf("impossible"), { kind: "silence", times: 1_000_000 });
    const id = await begin("impossible", { finalReading: "3.00" });
    await reaches(id, "begun", "final-reading-impossible");
    expect(await account("impossible")).toMatchObject({ available: "0.00", meters: [oldOf("impossible")] });
    await begin("impossible", { finalReading: "1000.10" });
    await reaches(id, "done", null);
    expect(await account("impossible")).toMatchObject({ available: "-0.05", meters: [newOf("impossible")] });
  });

  test("a new one that is not the one we mean takes nobody's place, and the old one serves on", async () => {
    const id = await begin("stranger");
    await wang.until("the stranger to be seen", LIMIT_MS, async () =>
      String((await standing(id))["waitingFor"]).startsWith("new-meter-identity") ? true : null,
    );
    expect(await wealth("stranger", "old")).toBe(62.5);
    expect(await wang.post(`/v1/replacements/${id}/abandon`, {})).toMatchObject({ status: 200, body: { step: "abandoned" } });
    const { command } = (await pay("stranger", "10.00")).body as { command: Thing };
    expect(await ended(command["id"])).toMatchObject({ state: "confirmed", meter: oldOf("stranger") });
    expect(await wealth("stranger", "old")).toBe(72.5);
  });

  test("one begun with wrong numbers is abandoned, and begun again with those that the new meter carries", async () => {
    const numbered = (meterNumber: string) => ({ newMeter: { ...wish("misnamed").newMeter, meterNumber } });
    const abandoned = async (meterNumber: string): Promise<string> => {
      const id = await begin("misnamed", numbered(meterNumber));
      await wang.until("the wrong number to be seen", LIMIT_MS, async () =>
        String((await standing(id))["waitingFor"]).startsWith("new-meter-identity") ? true : null,
      );
      expect(await wang.post(`/v1/replacements/${id}/abandon`, {})).toMatchObject({ status: 200 });
      return id;
    };
    await abandoned("000000000098");
    await wang.until("the new meter to hang there no more", LIMIT_MS, async () =>
      (await wang.get(`/v1/meters/${newOf("misnamed")}`)).status === 404 ? true : null,
    );
    const id = await abandoned("000000000097");
    const last = await begin("misnamed", numbered(newOf("misnamed"))); // in that very moment
    expect(await reaches(last, "done", null)).toMatchObject({ carried: "62.50" });
    expect(await wealth("misnamed", "new")).toBe(62.5);
    expect(await standing(id)).toMatchObject({ step: "abandoned", waitingFor: null });
  });

  test("a new one that refuses the balance leaves it to the account, and takes it when it is sent once more", async () => {
    house.street.patch(newOf("refusing"), { keyState: "test" });
    const id = await begin("refusing");
    await reaches(id, "moved", "carry-over-refused");
    expect(await account("refusing")).toMatchObject({ available: "62.50", held: "0.00", meters: [newOf("refusing")] });
    expect(await wealth("refusing", "new")).toBe(62.5);
    house.street.patch(newOf("refusing"), { keyState: "production" });
    expect(await wang.post(`/v1/replacements/${id}/carry-over`, {})).toMatchObject({ status: 200 });
    await reaches(id, "done", null);
    expect(await wealth("refusing", "new")).toBe(62.5);
    expect(await account("refusing")).toMatchObject({ available: "0.00", held: "0.00" });
    expect(house.street.snapshot(newOf("refusing"))).toMatchObject({ balance: "62.50", purchaseCount: 1 });
  });

  test("halted and started again at each of its steps, it ends with every fen carried once", async () => {
    const [old, fresh] = [oldOf("halting"), newOf("halting")];
    house.street.setFault(old, { kind: "silence", times: 1_000_000 });
    house.street.setFault(fresh, { kind: "silence", times: 1_000_000 });
    const id = await begin("halting");
    await reaches(id, "begun", "final-readings");
    await house.restart();
    expect(await wealth("halting", "old")).toBe(62.5);
    house.street.clearFaults(old);
    await reaches(id, "old-read", "new-meter");
    await house.restart();
    expect(await wealth("halting", "old")).toBe(62.5);
    // it answers, obeys the top-up that carries the balance, and its answer is lost
    house.street.clearFaults(fresh);
    house.street.setFault(fresh, { kind: "lost-reply", function: "03", di: "070102FF" });
    await wang.until("the new meter to obey", LIMIT_MS, () =>
      Promise.resolve(house.street.snapshot(fresh).obeyed.topUps === 1 ? true : null),
    );
    await house.restart();
    await reaches(id, "done", null);
    await house.restart();
    expect(house.street.snapshot(fresh)).toMatchObject({ balance: "62.50", purchaseCount: 1, obeyed: { topUps: 1 } });
    expect(await wealth("halting", "new")).toBe(62.5);
    expect(await books("halting")).toEqual({ old: 0n, new: 6_250n, used: -6_250n, available: 0n, held: 0n, sum: 0n });
  });

  test("by one that has no keys and counts no purchases: the balance goes on to it under an order number", async () => {
    expect(await reaches(await begin("keyless"), "done", null)).toMatchObject({ carried: "62.50" });
    expect(house.street.snapshot(newOf("keyless"))).toMatchObject({ balance: "62.50", obeyed: { topUps: 1 } });
    expect(await books("keyless")).toMatchObject({ old: 0n, new: 6_250n, available: 0n, held: 0n, sum: 0n });
  });

  test("without a fen in it, nothing is carried and nothing is sent", async () => {
    expect(await reaches(await begin("empty"), "done", null)).toMatchObject({ carried: "0.00", command: null });
    expect(house.street.snapshot(newOf("empty")).obeyed.topUps).toBe(0);
  });

  test("is refused by name where it cannot be", async () => {
    const at = (path: string, body: object) => wang.post(`/v1/meters/${path}/replacement`, body);
    const toItself = { ...wish("empty"), newMeter: { ...wish("empty").newMeter, address: newOf("empty") } };
    expect((await at(newOf("empty"), toItself)).body).toMatchObject({ code: "replacement-conflict", field: "newMeter.address" });
    expect((await at(oldOf("plain"), wish("plain"))).body).toMatchObject({ code: "meter-replaced" });
    const elsewhere = { ...wish("stranger"), newMeter: { ...wish("stranger").newMeter, bus: "nowhere" } };
    expect((await at(oldOf("stranger"), elsewhere)).body).toMatchObject({ code: "replacement-conflict", field: "newMeter.bus" });
    const noWallet = { ...wish("stranger"), newMeter: { ...wish("stranger").newMeter, model: "remote-ledger" } };
    expect((await at(oldOf("stranger"), noWallet)).body).toMatchObject({ code: "replacement-conflict", field: "newMeter.model" });
    const byTokens = { ...wish("stranger"), newMeter: { ...wish("stranger").newMeter, model: "sts-token" } };
    expect((await at(oldOf("stranger"), byTokens)).body).toMatchObject({
      ...{ code: "replacement-conflict", field: "newMeter.model" },
      why: expect.stringContaining("sts-token takes nothing but tokens") as unknown,
    });
  });
});
