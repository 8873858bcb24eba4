/**
 * A bank's machine is never sure: it posts a payment twice at once, under one Idempotency-Key or under two, gives up waiting and posts it
 * again, and asks on while the gateway dies with its whole process group, its own PostgreSQL among what it takes down. Every meter
 * counts as many purchases as there were orders, and holds as much money.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Thing } from "../../src/demo/desk.ts";
import { embeddedAddress } from "../../src/stores/embedded-address.ts";
import { withBooks, wrongInLedger } from "../crash/books.ts";
import { Client, until } from "../crash/client.ts";
import { raiseProcessHouse, type ProcessHouse } from "../support/process-house.ts";

const METERS = 12;
const ROUNDS = 4;
const DEATHS_AT = [0.15, 0.4, 0.65];
const LIMIT_MS = 60_000;
/** Shorter than some answers take while the gateway is busy: then the same is posted again although the first is still running. */
const IMPATIENT_MS = 100;
const GIVES_UP_MS = 3_000;
const meters = Array.from({ length: METERS }, (_, n) => String(202611220401 + n));
let house: ProcessHouse;

beforeAll(async () => {
  house = await raiseProcessHouse({ meters, bus: { turnaroundMs: 0 } });
});
afterAll(() => house.close());

/** Both ask again under the same words until they have an answer; the one gives up soon, and never waits long for one. */
const patient = new Client({ url: () => house.gateway.url, limitMs: LIMIT_MS, answerMsMax: 10_000 });
const impatient = new Client({ url: () => house.gateway.url, limitMs: GIVES_UP_MS, answerMsMax: IMPATIENT_MS });

/** One order, posted by several hands; the patient ones see it through, whatever becomes of the others. */
async function order(account: string, orderId: string): Promise<Thing> {
  const body = { account, amount: "20.00", channel: "bank", orderId };
  const hurried = impatient.post("/v1/payments", body, `${orderId}-a`).catch(() => null);
  const answers = await Promise.all([
    patient.post("/v1/payments", body, `${orderId}-a`),
    patient.post("/v1/payments", body, `${orderId}-a`), // the same key
    patient.post("/v1/payments", body, `${orderId}-b`), // another one
    patient.post("/v1/payments", body), // none
  ]);
  const given = [...answers, await hurried].filter((answer) => answer !== null);
  const payments = new Set(given.map((answer) => (answer["payment"] as Thing)["id"]));
  const commands = new Set(given.map((answer) => (answer["command"] as Thing)["id"]));
  expect([payments.size, commands.size]).toEqual([1, 1]);
  return answers[0]["command"] as Thing;
}

const obeyedBy = async (meter: string): Promise<number> => (await house.street.meter(meter)).obeyed["topUps"] ?? 0;

test("paid twice at once, again after time-outs and through three deaths: each order is credited once", async () => {
  const commands: string[] = [];
  const customer = async (meter: string): Promise<void> => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      await until(`${meter} to have what was paid before`, LIMIT_MS, async () => (await obeyedBy(meter)) >= round - 1);
      commands.push(String((await order(meter.slice(2), `${meter}-${round}`))["id"]));
    }
  };
  const death = async (): Promise<void> => {
    for (const share of DEATHS_AT) {
      await until("money to have reached the meters", LIMIT_MS, async () => {
        const sums = await Promise.all(meters.map(obeyedBy));
        return sums.reduce((sum, one) => sum + one, 0) >= share * METERS * ROUNDS;
      });
      await house.dieAndRise();
    }
  };
  for (const [n, meter] of meters.entries())
    if (n % 3 < 2)
      await house.street.fault(meter, { kind: n % 3 === 0 ? "lost-reply" : "lost-request", function: "03", di: "070102FF" });
  await Promise.all([death(), ...meters.map(customer)]);
  const { desk } = house;
  for (const command of commands) await desk.commandIn(command, "confirmed", LIMIT_MS);
  for (const meter of meters) {
    expect(await house.street.meter(meter)).toMatchObject({
      balance: "90.00",
      purchaseCount: ROUNDS,
      obeyed: { topUps: ROUNDS },
    });
    expect(await desk.get(`/v1/accounts/${meter.slice(2)}`)).toMatchObject({ available: "0.00", held: "0.00" });
  }
  expect(impatient.again).toBeGreaterThan(0);
  expect(patient.again).toBeGreaterThan(0);
  await withBooks(await embeddedAddress(`${house.place.path}/data`), async (db) => {
    const [count] = await db.rows<{ payments: number; sum: bigint }>(
      null,
      "SELECT count(*)::int AS payments, sum(amount)::bigint AS sum FROM payments",
    );
    expect(count).toEqual({ payments: METERS * ROUNDS, sum: BigInt(METERS * ROUNDS * 2_000) });
    expect(await wrongInLedger(db)).toEqual([]);
  });
}, 240_000);
