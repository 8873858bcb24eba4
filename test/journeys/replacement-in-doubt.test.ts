/**
 * The old meter is not to be taken at its word: what answers by its address is another's, or its last registers are not believed. A person
 * decides then, and no fen moves by what the line brought.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hours, Instant, ShiftableClock } from "../../src/kernel/clock.ts";
import type { Thing } from "../../src/demo/desk.ts";
import { environmentOf, keysOf, Person, sumsOf } from "../support/persons.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
const LIMIT_MS = 40_000;
const pairs = ["swapped", "late", "twin", "swapped-remote", "remote-entered", "remote-given"] as const;
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
    clock,
    start: clock.now(),
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
      validation: { currentMax: 10 },
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

describe("the last registers of a remote account's meter are not believed", () => {
  /** More than it can carry: 100 kWh in an hour, unless its register is false. */
  async function usedTooMuch(pair: Pair): Promise<number> {
    house.street.patch(oldOf(pair), { loadKw: 100 });
    const release = await house.gateway.hold();
    await clock.jump(hours(1));
    release();
    house.street.patch(oldOf(pair), { loadKw: 0 });
    return Number(house.street.snapshot(oldOf(pair)).energyKwh);
  }
  const owes = (shown: number): string => (-Math.round((shown - 1000) * 52.83) / 100).toFixed(2);
  const suspectsOf = async (pair: Pair, state: string): Promise<readonly Thing[]> =>
    (await wang.get(`/v1/exceptions?meter=${oldOf(pair)}&state=${state}&kind=reading-suspect`)).body["items"] as Thing[];

  test("the account stays until a person has decided, whose entry goes through and is billed", async () => {
    const shown = await usedTooMuch("remote-entered");
    const id = await begin("remote-entered");
    const waiting = await reaches(id, "begun", /^old-meter-doubted$/);
    expect((waiting["says"] as { zh: string }).zh).toContain("存疑");
    expect(await account("remote-entered")).toMatchObject({ available: "0.00", meters: [oldOf("remote-entered")] });
    const accept = { kind: "accept", register: shown.toFixed(2), reason: "the display shows it" };
    expect(await wang.post(`/v1/meters/${oldOf("remote-entered")}/entries`, accept)).toMatchObject({ status: 201 });
    await reaches(id, "done", null);
    expect(await account("remote-entered")).toMatchObject({ available: owes(shown), meters: [newOf("remote-entered")] });
  });

  test("read off the meter once more and given, it goes on as well, and the item has its answer", async () => {
    const shown = await usedTooMuch("remote-given");
    const id = await begin("remote-given");
    await reaches(id, "begun", /^old-meter-doubted$/);
    expect(await suspectsOf("remote-given", "open")).toHaveLength(1);
    await begin("remote-given", { finalReading: "9000.00" }); // a slip: the meter says otherwise
    await reaches(id, "begun", /^final-reading-impossible$/);
    expect(await account("remote-given")).toMatchObject({ available: "0.00" });
    await begin("remote-given", { finalReading: shown.toFixed(2) });
    await reaches(id, "done", null);
    expect(await account("remote-given")).toMatchObject({ available: owes(shown), meters: [newOf("remote-given")] });
    expect(await suspectsOf("remote-given", "open")).toEqual([]);
    expect(await suspectsOf("remote-given", "closed")).toMatchObject([
      { closedBy: "wang", closingNote: `final reading ${shown.toFixed(2)} kWh: worn out` },
    ]);
  });
});
