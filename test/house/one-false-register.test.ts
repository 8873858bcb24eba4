/**
 * One register too high, told once and with a right checksum: by it somebody would be in arrears, and by the next true one he is not. It may be
 * told by a poll, or in the very last look before a cut.
 */
import { afterEach, expect, test } from "vitest";
import { hours } from "../../src/kernel/clock.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { at, raiseStreetHouse, type StreetHouse } from "../collection/street-house.ts";
import { answerIn, isAbout, liedBy } from "../months/lies.ts";

let house: StreetHouse | undefined;
afterEach(() => house?.stop());

interface Told {
  readonly house: StreetHouse;
  /** So often was it lied. */
  readonly lies: () => number;
  /** The next answer, or so many from the next on for which this holds. */
  readonly lieOnce: (when?: () => boolean, times?: number) => void;
}

/** The first has paid for weeks, the second owes from the first register that is billed. */
async function raised(loads: readonly [number, number], by: number): Promise<Told> {
  let told = 0;
  let lie: (() => boolean) | null = null;
  let left = 0;
  house = await raiseStreetHouse({
    start: at("2026-11-23T08:00:00"),
    meters: loads.map((loadKw, n) => ({ energyKwh: `${n + 1}000.00`, loadKw })),
    pollEveryMs: hours(4),
    rules: "live",
    changed: (bytes) => {
      const frame = answerIn(bytes);
      if (lie?.() !== true || frame === null || !isAbout.poll(frame.di) || !frame.address.endsWith("1")) return bytes;
      left -= 1;
      if (left === 0) lie = null;
      told += 1;
      return liedBy(by, frame)!.bytes;
    },
  });
  const raised = house;
  return { house: raised, lies: () => told, lieOnce: (when = () => true, times = 1) => void ([lie, left] = [when, times]) };
}
const cutsOf = ({ db, addresses }: StreetHouse, n: number) =>
  db.books.commands
    .all(null)
    .flatMap(({ command }) => (command.kind === "disconnect" && command.meter === addresses[n] ? [command] : []));
const pay = async ({ db, stores, clock, addresses }: StreetHouse, n: number, yuan: string): Promise<void> => {
  const ledger = new Ledger({ store: stores.ledger, clock });
  const account = AccountId(addresses[n]!.slice(2));
  await db.transact((tx) => ledger.receive(tx, { account, amount: parseYuan(yuan), channel: "test", reference: `paid ${n}` }));
};

test("is asked for again in the same turn: no cut is wanted, nothing is billed, and the true arrears of another are cut as ever", async () => {
  const { house, lies, lieOnce } = await raised([0.1, 1], 10_000);
  const { db, stores, street, clock, addresses } = house;
  await pay(house, 0, "20.00");
  await house.pass(hours(5));
  lieOnce();
  await house.pass(hours(5));
  expect(lies()).toBe(1);
  expect(cutsOf(house, 0)).toEqual([]);
  expect(street.snapshot(addresses[0]!)).toMatchObject({ relay: "connected", obeyed: { disconnects: 0 } });
  expect(street.snapshot(addresses[1]!)).toMatchObject({ relay: "disconnected", obeyed: { disconnects: 1 } });
  const { available } = await new Ledger({ store: stores.ledger, clock }).position(null, AccountId(addresses[0]!.slice(2)));
  expect(available).toBeGreaterThan(parseYuan("19.30")); // a kilowatt-hour, of twenty yuan
  expect((await stores.validation.doubt(null, addresses[0]!))?.open ?? false).toBe(false);
  expect(db.books.readings.all(null).filter(({ suspect }) => suspect === "seen-once")).toHaveLength(1);
});

test("told in the last look before a cut is read once more there: who owes is cut by what is true", async () => {
  const { house, lies, lieOnce } = await raised([1, 0.1], 4_000);
  await pay(house, 1, "20.00");
  lieOnce(() => cutsOf(house, 0).length > 0); // from then on the next answer is the look before the cut
  await house.pass(hours(5));
  expect(lies()).toBe(1);
  expect(cutsOf(house, 0)).toMatchObject([{ state: "confirmed" }]);
  const aside = house.db.books.readings.all(null).filter(({ suspect }) => suspect === "seen-once");
  expect(aside).toMatchObject([{ reading: { source: "command" } }]);
  expect((await house.stores.validation.validated(house.addresses)).get(house.addresses[0]!)!.register).toBeLessThan(101_000n);
});

test("told twice in one breath is not believed either: no cut rests on it, and a minute later the true one is told", async () => {
  const { house, lies, lieOnce } = await raised([0.1, 0.1], 10_000);
  await pay(house, 0, "20.00");
  await pay(house, 1, "20.00");
  await house.pass(hours(5));
  lieOnce(undefined, 2);
  await house.pass(hours(5));
  expect(lies()).toBe(2);
  expect(cutsOf(house, 0)).toEqual([]);
  expect((await house.stores.validation.doubt(null, house.addresses[0]!))?.open ?? false).toBe(false);
  expect((await house.stores.validation.validated(house.addresses)).get(house.addresses[0]!)!.register).toBeLessThan(100_200n);
});

test("told twice in the last look before a cut holds it back, and no longer than until the meter is asked again", async () => {
  const { house, lies, lieOnce } = await raised([1, 0.1], 4_000);
  await pay(house, 1, "20.00");
  lieOnce(() => cutsOf(house, 0).length > 0, 2);
  await house.pass(hours(5));
  expect(lies()).toBe(2);
  expect(cutsOf(house, 0).map(({ state }) => state)).toEqual(["cancelled", "confirmed"]);
  expect((await house.stores.validation.validated(house.addresses)).get(house.addresses[0]!)!.register).toBeLessThan(101_000n);
});
