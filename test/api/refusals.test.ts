/** Every bad payment gets a refusal by name before anything is written: no payment, no command, no entry, nothing to be handed out. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { ask, expectProblem, thing, until, untilTrue, type Answer, type Thing } from "./door.ts";

const WALLET = "202611220061";
const SMALL = "202611220062"; // may hold 120 yuan, and holds 50
const STRANGER = "202611220063"; // carries another customer's number
const LOST = "202611220064"; // loses an answer while somebody else charges it

let house: TestHouse;
let books: Database;
let before: Thing;
let orders = 0;

const rowsOf = async (): Promise<Thing> => {
  const [row] = await books.rows<Thing>(
    null,
    `SELECT (SELECT count(*) FROM payments) AS payments, (SELECT count(*) FROM commands) AS commands,
            (SELECT count(*) FROM ledger_entries) AS entries, (SELECT count(*) FROM outbox WHERE command IS NOT NULL) AS outbox`,
  );
  return row!;
};

beforeAll(async () => {
  house = await raiseTestHouse({
    meters: [
      { address: WALLET, balance: "10.00" },
      { address: SMALL, balance: "50.00", hoardingLimit: "120.00" },
      { address: STRANGER, customerNumber: "009999999999" },
      { address: LOST, balance: "10.00" },
    ],
    site: { channels: [{ name: "counter" }] },
  });
  house.street.pauseHouseholds();
  books = await Database.open({ connectionString: house.database.connectionString, log: silentLog, connectionsMax: 2 });
  await house.gateway.pollAll();
  await until("the limit of a wallet is known", async () => {
    const [row] = await books.rows(null, "SELECT 1 FROM latest_readings WHERE meter = $1 AND item = 'hoardingLimit'", [SMALL]);
    return row ?? null;
  });
  house.street.setFault(LOST, { kind: "lost-reply", function: "03", di: "070102FF" });
  const taken = await pay(order({ account: accountOf(LOST), amount: "5.00" }));
  await untilTrue("its top-up is obeyed", () => house.street.snapshot(LOST).purchaseCount === 1);
  house.street.patch(LOST, { purchaseCount: 7 });
  await untilTrue("it is disputed", async () => (await command(taken))["state"] === "disputed", 60_000);
  await untilTrue("everything is told", async () => Number((await rowsOf())["outbox"]) === 0);
});
afterAll(async () => {
  await books.close();
  await house.close();
});
beforeEach(async () => {
  before = await rowsOf();
});

const order = (changes: Thing = {}): Thing => ({
  account: accountOf(WALLET),
  amount: "10.00",
  channel: "counter",
  orderId: `refused-${++orders}`,
  ...changes,
});
const pay = (body: unknown): Promise<Answer> => ask(house.gateway.url, "POST", "/v1/payments", { body });
const command = async (answer: Answer): Promise<Thing> =>
  (await ask(house.gateway.url, "GET", `/v1/commands/${String(thing(answer.json["command"])["id"])}`)).json;

describe("a payment", () => {
  test.each([
    ["of an unknown account", { account: "4711" }, 404, "unknown-account"],
    ["of three decimals", { amount: "1.005" }, 400, "amount-malformed"],
    ["of nothing", { amount: "0.00" }, 400, "amount-malformed"],
    ["below nothing", { amount: "-5.00" }, 400, "amount-malformed"],
    ["that is no number", { amount: "1e3" }, 400, "amount-malformed"],
    ["above the cap", { amount: "50000.01" }, 422, "amount-above-cap"],
    ["above what the meter may hold at all", { account: accountOf(SMALL), amount: "120.01" }, 422, "hoard-limit"],
    ["above what the meter may hold beside what it holds", { account: accountOf(SMALL), amount: "70.01" }, 422, "hoard-limit"],
    ["for a meter in quarantine", { account: accountOf(STRANGER) }, 409, "meter-quarantined"],
    ["of an account with a dispute", { account: accountOf(LOST) }, 409, "account-disputed"],
    ["through an unknown channel", { channel: "shop" }, 403, "unknown-channel"],
    ["that comes after its own deadline", { notAfter: "2026-01-01T00:00:00+08:00" }, 409, "deadline-passed"],
  ] as const)("%s is refused by name, and nothing is written", async (_what, changes, status, code) => {
    expectProblem(await pay(order(changes)), status, code);
    expect(await rowsOf()).toEqual(before);
  });

  test("a limit says how much may still be bought, and exactly that is taken", async () => {
    const refused = await pay(order({ account: accountOf(SMALL), amount: "100.00" }));
    expect(refused.json).toMatchObject({ limit: "120.00", holds: "50.00", atMost: "70.00" });
    const taken = await pay(order({ account: accountOf(SMALL), amount: "70.00" }));
    expect(taken.status).toBe(202);
    await untilTrue("it is confirmed", async () => (await command(taken))["state"] === "confirmed");
    expect(house.street.snapshot(SMALL).balance).toBe("120.00");
  });
});

test("a relay order after its deadline is refused by name, and nothing is written", async () => {
  const answer = await ask(house.gateway.url, "POST", `/v1/meters/${WALLET}/relay`, {
    body: { order: "disconnect", reason: "too late", notAfter: "2026-01-01T00:00:00+08:00" },
  });
  expectProblem(answer, 409, "deadline-passed");
  expect(await rowsOf()).toEqual(before);
});
