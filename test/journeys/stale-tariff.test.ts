/**
 * Meters that deduct by themselves, and the site file: a stale price is found in one night and mended by a push, a push that did not
 * take over is found in one night, and rates and steps are compared to the fen across a midnight at which a version begins.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hours, Instant, ShiftableClock } from "../../src/kernel/clock.ts";
import { ask, expectProblem, itemsOf, thing, things, type Answer, type Thing } from "../api/door.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const clock = new ShiftableClock(Instant(Date.parse("2026-12-30T20:00:00+08:00")));
const LIMIT_MS = 100_000;
const STALE = "202611220401"; // still has the price of last year
const HELD = "202611220402"; // its switch never comes
const RATES = "202611220403"; // by four rates and steps, as it should
const REMOTE = "202611220404";
const MONTHLY = "202611220405"; // steps of a month that is not its own
const ONE_PRICE = "202611220406"; // should have rates, and has one price
const DAY = ["00:00 4", "08:00 3", "10:00 2", "12:00 3", "17:00 2", "19:00 1", "21:00 3", "23:00 4"];
const PRICES = ["0.9283", "0.7283", "0.5283", "0.2783"];
const steps = { every: "year" as const, startsOn: "01-01", upTo: ["2.00", "3.00"], add: ["0.0000", "0.0500", "0.3000"] };

let house: TestHouse;
beforeAll(async () => {
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    replyDeadlineMs: 5_000, // a busy machine is no silent meter
    meters: [
      { address: STALE, balance: "50.00", loadKw: 0 },
      { address: HELD, balance: "50.00", loadKw: 0 },
      {
        address: RATES,
        balance: "50.00",
        loadKw: 1,
        tariff: {
          prices: PRICES,
          tables: [DAY.map((slot) => ({ at: slot.slice(0, 5), tariff: Number(slot.slice(6)) }))],
          steps: { thresholds: ["2.00", "3.00"], prices: ["0.0000", "0.0500", "0.3000"], yearly: ["01-01T00"] },
          next: { at: "2027-01-01T00:00", prices: ["1.0000", "0.8000", "0.6000", "0.3000"] },
        },
      },
      { address: REMOTE, model: "remote-ledger", mode: "remote", loadKw: 0 },
      { address: MONTHLY, balance: "50.00", loadKw: 0 },
      { address: ONE_PRICE, balance: "50.00", loadKw: 0 },
    ],
    site: {
      reconciliation: { at: null },
      tariffs: [
        {
          id: "home",
          versions: [
            { from: "2026-01-01", price: "0.5283" },
            { from: "2026-12-01", price: "0.4883" },
          ],
        },
        {
          id: "rates",
          versions: [
            { from: "2026-01-01", rates: { prices: PRICES, day: DAY }, steps },
            { from: "2027-01-01", rates: { prices: ["1.0000", "0.8000", "0.6000", "0.3000"], day: DAY }, steps },
          ],
        },
        { id: "remote", price: "0.5283" },
        {
          id: "monthly",
          versions: [
            {
              ...{ from: "2026-01-01", price: "0.5283" },
              steps: { every: "month" as const, startsOn: 15, upTo: ["100.00"], add: ["0.0000", "0.1000"] },
            },
          ],
        },
        { id: "new-rates", versions: [{ from: "2026-01-01", rates: { prices: PRICES, day: DAY } }] },
      ],
      accounts: [
        { account: accountOf(STALE), tariff: "home" },
        { account: accountOf(HELD), tariff: "home" },
        { account: accountOf(RATES), tariff: "rates" },
        { account: accountOf(REMOTE), tariff: "home", mode: "remote" },
        { account: accountOf(MONTHLY), tariff: "monthly" },
        { account: accountOf(ONE_PRICE), tariff: "new-rates" },
      ],
    },
  });
}, 120_000);
afterAll(() => house.close());

const get = (path: string): Promise<Answer> => ask(house.gateway.url, "GET", path);
const post = (path: string, body: unknown = {}): Promise<Answer> => ask(house.gateway.url, "POST", path, { body });
const until = <T>(what: string, look: () => Promise<T | null>): Promise<T> => house.desk.until(what, LIMIT_MS, look);
const jump = async (ms: number): Promise<void> => {
  const release = await house.gateway.hold();
  await clock.jump(ms);
  release();
};
const compare = async (...meters: string[]): Promise<Thing> => {
  const asked = await post("/v1/reconciliations", { meters });
  return until("the comparison", async () => {
    const { json } = await get(`/v1/reconciliations/${String(asked.json["id"])}`);
    return json["state"] === "done" ? thing(json["report"]) : null;
  });
};
const itemsAbout = async (meter: string, state = "open"): Promise<readonly Thing[]> =>
  itemsOf(await get(`/v1/exceptions?meter=${meter}&state=${state}`));
const ended = (command: string): Promise<Thing> =>
  until(`command ${command} to end`, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["endedAt"] === null ? null : found;
  });
const reason = "the new year's price";

describe("a meter that still has last year's price", { timeout: 120_000 }, () => {
  test("is an item after one night, with what it has and what it should have, and a push as the next step", async () => {
    await compare(STALE, HELD);
    const [item] = (await itemsAbout(STALE)) as [Thing];
    expect(item).toMatchObject({ kind: "stale-tariff", because: "running-differs", owner: "operations" });
    const whole = (await get(`/v1/exceptions/${String(item["id"])}`)).json;
    expect(String(thing(whole["nextStep"])["en"])).toMatch(/meterctl tariff push/);
    const [differs] = things(thing(whole["evidence"])["differs"]) as [Thing];
    expect(differs).toMatchObject({
      item: "040501FF",
      has: "0.5283 0.5283 0.5283 0.5283",
      should: "0.4883 0.4883 0.4883 0.4883",
    });
    const told = (await get(`/v1/meters/${STALE}/tariff`)).json;
    expect(told).toMatchObject({ tariff: "home", from: "2026-12-01", agrees: false });
    expect(things(told["items"]).find(({ item: di }) => di === "040501FF")).toMatchObject({ set: "running", differs: true });
  });

  test("takes the push of its tariff with all others of it, each by its own command", async () => {
    expectProblem(await post("/v1/tariffs/home/push", { from: "2026-12-02", reason }), 404, "unknown-tariff");
    expectProblem(
      await post(`/v1/meters/${REMOTE}/tariff`, { tariff: "home", from: "2026-12-01", reason }),
      422,
      "not-supported",
    );
    const push = await post("/v1/tariffs/home/push", { from: "2026-12-01", reason });
    expect(push).toMatchObject({ status: 202, json: { meters: 2, tariff: "home", from: "2026-12-01" } });
    for (const { command } of things(push.json["items"]))
      expect(await ended(String(thing(command)["id"]))).toMatchObject({ state: "confirmed" });
    const progress = (await get(`/v1/tariffs/home/push/${String(push.json["push"])}`)).json;
    expect(progress).toMatchObject({ meters: 2, ended: 2, states: { confirmed: 2 } });
    // it waits for its midnight, and is no news until then
    await compare(STALE, HELD);
    expect(await itemsAbout(STALE)).toMatchObject([{ kind: "stale-tariff", count: 1 }]);
  });

  test("runs the new one after midnight, and its item is closed by what it shows", async () => {
    house.street.meter(HELD).parameters.set("04000108", new Uint8Array(5)); // somebody took the switch back
    await jump(hours(8));
    await compare(STALE, HELD);
    expect(await itemsAbout(STALE)).toEqual([]);
    expect(house.street.snapshot(STALE).price).toBe("0.4883");
    expect((await get(`/v1/meters/${STALE}/tariff`)).json).toMatchObject({ agrees: true });
  });

  test("and one that has not switched is told apart, in one night", async () => {
    const [item] = (await itemsAbout(HELD)) as [Thing];
    expect(item).toMatchObject({ kind: "tariff-not-switched", because: "switch-time-passed" });
  });
});

describe("a push of a whole tariff", { timeout: 120_000 }, () => {
  const body = { from: "2026-12-01", reason };
  const pushed = (key?: string): Promise<Answer> =>
    ask(house.gateway.url, "POST", "/v1/tariffs/home/push", {
      body,
      ...(key === undefined ? {} : { headers: { "idempotency-key": key } }),
    });
  const commandsOf = async (meter: string): Promise<number> =>
    itemsOf(await get(`/v1/commands?kind=tariff-set&meter=${meter}`)).length;

  test("whose answer was lost is answered the same for ever, and orders no meter twice", async () => {
    const before = await commandsOf(STALE);
    const [first, twin] = await Promise.all([pushed("january"), pushed("january")]);
    expect(twin.json["push"]).toBe(first.json["push"]);
    for (const { command } of things(first.json["items"])) await ended(String(thing(command)["id"]));
    const later = await pushed("january");
    expect([first.text, twin.text]).toContain(later.text);
    expect(await commandsOf(STALE)).toBe(before + 1);
    expect((await get(`/v1/tariffs/home/push/${String(first.json["push"])}`)).json).toMatchObject({ meters: 2, ended: 2 });
    expectProblem(
      await ask(house.gateway.url, "POST", "/v1/tariffs/home/push", {
        body: { ...body, reason: "another" },
        headers: { "idempotency-key": "january" },
      }),
      409,
      "idempotency-conflict",
    );
  });

  test("is found under its own tariff alone, and has a name of its own", async () => {
    const [one, other] = await Promise.all([pushed(), pushed()]);
    expect(one.json["push"]).not.toBe(other.json["push"]);
    for (const { command } of [...things(one.json["items"]), ...things(other.json["items"])])
      if (command !== null) await ended(String(thing(command)["id"]));
    const [name] = [one, other].filter(({ json }) => things(json["items"]).some(({ command }) => command !== null));
    expectProblem(await get(`/v1/tariffs/rates/push/${String(name!.json["push"])}`), 404, "not-found");
  });
});

describe("a meter by rates and steps", { timeout: 120_000 }, () => {
  test("agrees over a night in which the year's steps begin anew and other prices take over", async () => {
    expect(await compare(RATES)).toMatchObject({ meters: 1 }); // counts from here
    await jump(hours(22.5));
    const report = await compare(RATES);
    expect(report).toMatchObject({ agree: 1, skipped: [], differences: [] });
    expect(await itemsAbout(RATES)).toEqual([]);
    expect(Number(house.street.snapshot(RATES).consumed)).toBeGreaterThan(15);
  });

  test("and five yuan that nobody can explain are found all the same", async () => {
    await jump(hours(6));
    const { balance } = house.street.snapshot(RATES);
    house.street.patch(RATES, { balance: (Number(balance) - 5).toFixed(2) });
    const report = await compare(RATES);
    const [difference] = things(report["differences"]) as [Thing];
    const [finding] = things(difference["findings"]) as [Thing];
    expect(finding["what"]).toBe("balance");
    expect(Number(finding["difference"])).toBeLessThan(-4.3);
    expect((await itemsAbout(RATES)).map(({ kind }) => kind)).toEqual(["ledger-difference"]);
  });
});

describe("a switch that the site file knows nothing of", { timeout: 120_000 }, () => {
  test("is told before it comes, and forgotten when it is gone", async () => {
    const { parameters } = house.street.meter(STALE);
    parameters.set("04000108", Uint8Array.from([0x00, 0x00, 0x01, 0x03, 0x27])); // 2027-03-01 00:00
    await compare(STALE);
    expect(await itemsAbout(STALE)).toMatchObject([{ kind: "stale-tariff", because: "pending-differs" }]);
    parameters.set("04000108", new Uint8Array(5));
    await compare(STALE);
    expect(await itemsAbout(STALE)).toEqual([]);
  });
});

describe("a meter that cannot run its account's tariff, or runs one price of it", { timeout: 120_000 }, () => {
  test("is named, and its money is compared all the same", async () => {
    expect(await compare(MONTHLY)).toMatchObject({ skipped: [], agree: 1 });
    expect(await itemsAbout(MONTHLY)).toMatchObject([{ kind: "stale-tariff", because: "tariff-month-differs" }]);
    const { balance } = house.street.snapshot(MONTHLY);
    house.street.patch(MONTHLY, { balance: (Number(balance) - 5).toFixed(2) });
    const [difference] = things((await compare(MONTHLY))["differences"]) as [Thing];
    expect(things(difference["findings"])).toMatchObject([{ what: "balance", difference: "-5.00" }]);
  });

  test("and one price where rates should be is found in one night", async () => {
    await compare(ONE_PRICE);
    const [item] = (await itemsAbout(ONE_PRICE)) as [Thing];
    expect(item).toMatchObject({ kind: "stale-tariff", because: "running-differs" });
    const { evidence } = (await get(`/v1/exceptions/${String(item["id"])}`)).json;
    expect(things(thing(evidence)["differs"]).map(({ item: di }) => di)).toContain("040501FF");
  });
});
