/**
 * The old meter is not to be taken at its word: what answers by its address is another's. A person reads the meter itself then, and no
 * fen moves by what the line brought.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Thing } from "../../src/demo/desk.ts";
import { environmentOf, keysOf, Person, sumsOf } from "../support/persons.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const LIMIT_MS = 40_000;
const pairs = ["swapped", "late", "twin", "swapped-remote"] as const;
type Pair = (typeof pairs)[number];
const number = (pair: Pair, place: number): string => `2026112264${place}${String(pairs.indexOf(pair))}`;
const oldOf = (pair: Pair): string => number(pair, 1);
const newOf = (pair: Pair): string => number(pair, 2);
const modelOf = (pair: Pair) => (pair.includes("remote") ? "remote-ledger" : "standard-wallet");
/** Numbers of a meter that hangs elsewhere by the books. */
const another = { meterNumber: "000000000077", customerNumber: "000000000078" };
let house: TestHouse;
const wang = new Person(() => house.gateway.url, "wang");

beforeAll(async () => {
  house = await raiseTestHouse({
    env: environmentOf("wang"),
    replyDeadlineMs: 120,
    meters: pairs.flatMap((pair) => [
      { address: oldOf(pair), model: modelOf(pair), balance: "62.50", loadKw: 0, energyKwh: "1000.00" },
      {
        ...{ address: newOf(pair), model: modelOf(pair), balance: "0.00", loadKw: 0 },
        customerNumber: `00${accountOf(oldOf(pair))}`,
      },
    ]),
    site: {
      apiKeys: keysOf("wang"),
      meters: pairs.map((pair) => ({
        ...{ address: oldOf(pair), bus: "tcp-1", model: modelOf(pair), account: accountOf(oldOf(pair)) },
      })),
    },
  });
  await house.gateway.pollAll(); // they are the meters of the books, and bills begin
});
afterAll(() => house.close());

async function begin(pair: Pair, more: object = {}): Promise<string> {
  const answer = await wang.post(`/v1/meters/${oldOf(pair)}/replacement`, {
    newMeter: {
      ...{ address: newOf(pair), bus: "tcp-1", model: modelOf(pair) },
      customerNumber: `00${accountOf(oldOf(pair))}`,
    },
    reason: "worn out",
    ...more,
  });
  expect(answer).toMatchObject({ status: 202 });
  return String((answer.body["replacement"] as Thing)["id"]);
}
const reaches = (id: string, step: string, waitingFor: RegExp | null): Promise<Thing> =>
  wang.until(`replacement ${id} to be ${step}, waiting for ${String(waitingFor)}`, LIMIT_MS, async () => {
    const { body } = await wang.get(`/v1/replacements/${id}`);
    const waits = body["waitingFor"] as string | null;
    return body["step"] === step && (waitingFor === null ? waits === null : waitingFor.test(waits ?? "")) ? body : null;
  });
const account = async (pair: Pair): Promise<Thing> => (await wang.get(`/v1/accounts/${accountOf(oldOf(pair))}`)).body;
const books = (pair: Pair) =>
  sumsOf(house, { old: `meter/${oldOf(pair)}`, new: `meter/${newOf(pair)}`, used: `used/${oldOf(pair)}` });

describe("what answers by the old meter's address is not the meter of the books", () => {
  test("its wallet is nobody's to move; what a person read off the old meter goes on", async () => {
    house.street.patch(oldOf("swapped"), { ...another, balance: "200.00" });
    const id = await begin("swapped");
    const waiting = await reaches(id, "begun", /^final-readings: the meter says number 000000000077/);
    expect((waiting["says"] as { en: string }).en).toMatch(/nothing it says is taken.*--final-balance/);
    expect(await account("swapped")).toMatchObject({ available: "0.00", held: "0.00", meters: [oldOf("swapped")] });
    expect(await books("swapped")).toEqual({ old: 0n, new: 0n, used: 0n, sum: 0n });
    await begin("swapped", { finalReading: "1000.00", finalBalance: "41.20" });
    expect(await reaches(id, "done", null)).toMatchObject({ carried: "41.20", final: { source: "person" } });
    expect(house.street.snapshot(newOf("swapped"))).toMatchObject({ balance: "41.20", purchaseCount: 1 });
  });

  test("found only after it was read: what it said then moves nothing either", async () => {
    house.street.setFault(newOf("late"), { kind: "silence", times: 1_000_000 });
    const id = await begin("late");
    expect(await reaches(id, "old-read", /^new-meter$/)).toMatchObject({ final: { balance: "62.50", source: "command" } });
    house.street.patch(oldOf("late"), another);
    house.street.setFault(oldOf("late"), { kind: "silence", times: 1_000_000 });
    await house.gateway.pollAll();
    house.street.clearFaults(oldOf("late")); // whoever was silent is compared before he is believed
    await wang.until("the stranger to be found", LIMIT_MS, async () => {
      await house.gateway.pollAll();
      return (await wang.get(`/v1/meters/${oldOf("late")}`)).body["identity"] === "quarantined" ? true : null;
    });
    house.street.clearFaults(newOf("late"));
    await reaches(id, "new-read", /^final-readings: the meter says number 000000000077/);
    expect(await books("late")).toMatchObject({ old: 0n, new: 0n, used: 0n });
    await begin("late", { finalReading: "1000.00", finalBalance: "60.00" });
    expect(await reaches(id, "done", null)).toMatchObject({ carried: "60.00" });
  });

  test("nor is the right meter heard out while a second one answers under its address", async () => {
    house.street.setFault(oldOf("twin"), { kind: "twin", delayMs: 60 });
    await wang.until("the twin to be heard", LIMIT_MS, async () => {
      await house.gateway.pollAll();
      return (await wang.get(`/v1/meters/${oldOf("twin")}`)).body["identity"] === "quarantined" ? true : null;
    });
    house.street.clearFaults(oldOf("twin"));
    const id = await begin("twin");
    await reaches(id, "begun", /^final-readings: address-shared/);
    expect(await wang.post(`/v1/replacements/${id}/abandon`, {})).toMatchObject({ status: 200 });
  });

  test("of a remote account: its last energy is billed as a person read it, and a typing error can still be put right", async () => {
    house.street.patch(oldOf("swapped-remote"), another);
    const id = await begin("swapped-remote");
    await reaches(id, "begun", /^final-readings: the meter says number/);
    await begin("swapped-remote", { finalReading: "3.00" });
    await reaches(id, "begun", /^final-reading-impossible$/);
    expect(await account("swapped-remote")).toMatchObject({ available: "0.00", meters: [oldOf("swapped-remote")] });
    await begin("swapped-remote", { finalReading: "1000.10" });
    await reaches(id, "done", null);
    expect(await account("swapped-remote")).toMatchObject({ available: "-0.05", meters: [newOf("swapped-remote")] });
  });
});
