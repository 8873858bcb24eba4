/** One false register of a midnight, less than a jump: it is put aside, fetched once more, and the day is settled by what the meter really kept. */
import { afterEach, expect, test } from "vitest";
import { hours } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { at, raiseStreetHouse, type StreetHouse } from "../collection/street-house.ts";
import { answerIn, isAbout, liedBy } from "../months/lies.ts";

let house: StreetHouse | undefined;
afterEach(() => house?.stop());

test.each([1, 2])("told %d times it bills nobody, and no midnight is lost by it", async (times) => {
  let left = times;
  house = await raiseStreetHouse({
    start: at("2026-11-23T08:00:00"),
    meters: [{ energyKwh: "1000.00", loadKw: 1 }],
    pollEveryMs: hours(4),
    changed: (bytes) => {
      const frame = left > 0 ? answerIn(bytes) : null;
      if (frame === null || !isAbout.freeze(frame.di)) return bytes;
      left -= 1;
      return liedBy(2_000 * (left + 1), frame)!.bytes; // another each time
    },
  });
  const { addresses, db, stores } = house;
  await house.until(at("2026-11-24T09:00:00"));
  expect(left).toBe(0);
  const suspects = db.books.readings
    .all(null)
    .flatMap(({ suspect, reading }) => (suspect === null ? [] : [`${suspect} ${reading.source}`]));
  expect(new Set(suspects)).toEqual(new Set(["seen-once freeze"]));
  const rows = await stores.collection.counts({ from: "2026-11-24", to: "2026-11-24", by: "day" });
  expect(rows).toMatchObject([{ expected: 1, byFreeze: 1, missing: 0 }]);
  const [day] = await stores.billing.billOf(AccountId(addresses[0]!.slice(2)), "2026-11-23", "2026-11-23");
  expect(day).toMatchObject({ settledBy: "midnights" });
  expect(Number(day!.energy)).toBeGreaterThan(1_590); // sixteen hours at one kilowatt
  expect(Number(day!.energy)).toBeLessThan(1_610);
});
