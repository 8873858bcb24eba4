/** Which hours are asked for since the last one kept: by the freezes' own times, whatever the clock on the wall says lies between. */
import { expect, test } from "vitest";
import { readHours } from "../../src/collection/read-hours.ts";
import type { MeterSession } from "../../src/devices/meter.ts";
import { hours, Instant, iso, later, minutes } from "../../src/kernel/clock.ts";

const ZONE = "Asia/Shanghai";
const LAST = Instant(Date.parse("2026-11-20T08:00:00+08:00"));
/** So many turns would be without end. */
const ENDLESS = 60;

/** Reads a meter that keeps freezes of these moments, newest first, until there is nothing more. */
async function caughtUp(kept: readonly (Instant | null)[], from: Instant | null = LAST) {
  let exchanges = 0;
  const session = {
    read: (items: readonly string[]) => {
      exchanges += items.length;
      return Promise.resolve(
        items.map((item) => {
          const at = kept[Number.parseInt(item.slice(6), 16) - 1] ?? null;
          const shown = item.slice(4, 6) === "00" && at !== null ? iso(at, ZONE).slice(0, 16).replace("T", " ") : "1.00";
          return { item, value: at === null ? null : shown };
        }),
      );
    },
  } as unknown as MeterSession;
  const rows: Instant[] = [];
  let turns = 0;
  for (let [last, more] = [from, true]; more && turns < ENDLESS; turns += 1) {
    const read = (await readHours(session, last, ZONE))!;
    expect(read.rows.map(({ at }) => at).toSorted((a, b) => a - b)).toEqual(read.rows.map(({ at }) => at));
    expect(read.more && read.rows.length === 0, "more without a new one").toBe(false);
    rows.push(...read.rows.map(({ at }) => at));
    last = rows.at(-1) ?? last;
    more = read.more;
  }
  return { rows, turns, exchanges };
}

const every = (ms: number, count: number, from: Instant): readonly Instant[] =>
  Array.from({ length: count }, (_, n) => later(from, (n + 1) * ms));
const newestFirst = (times: readonly Instant[]): readonly Instant[] => times.toReversed().slice(0, 254);
const BEFORE = every(hours(1), 300, later(LAST, -hours(300)));

test.each([1, 2, 6, 12, 13, 24, 100, 241])(
  "%i hours since a power failure of twelve are all kept, in as many turns as they need",
  async (count) => {
    const since = every(hours(1), count, later(LAST, hours(12)));
    const { rows, turns, exchanges } = await caughtUp(newestFirst([...BEFORE, ...since]));
    expect(rows).toEqual(since);
    expect(turns).toBe(Math.ceil(count / 12));
    expect(exchanges, "three for each, and for each turn the newest and a search").toBeLessThanOrEqual(3 * count + 14 * turns);
  },
);

test("where the meter went on freezing the calendar is right at once: one question more than the hours themselves", async () => {
  const since = every(hours(1), 11, LAST);
  expect(await caughtUp(newestFirst([...BEFORE, ...since]))).toEqual({ rows: since, turns: 1, exchanges: 3 * 11 + 1 });
  expect(await caughtUp(newestFirst([...BEFORE, ...since.slice(0, 1)]))).toEqual({ rows: [since[0]], turns: 1, exchanges: 3 });
  expect(await caughtUp(newestFirst(BEFORE)), "nothing new").toEqual({ rows: [], turns: 1, exchanges: 3 });
});

test("a meter that freezes more often than by the hour leaves no hole either", async () => {
  const since = every(minutes(30), 40, LAST);
  const { rows } = await caughtUp(newestFirst([...every(minutes(30), 300, later(LAST, -hours(150))), ...since]));
  expect(rows.filter((at) => (at - LAST) % hours(1) === 0)).toEqual(every(hours(1), 20, LAST));
});

test("a gap longer than what is kept begins with the oldest there is, also of a meter that keeps fewer", async () => {
  const since = every(hours(1), 400, LAST);
  expect((await caughtUp(newestFirst(since))).rows).toEqual(since.slice(-254));
  expect((await caughtUp(newestFirst(since).slice(0, 30))).rows).toEqual(since.slice(-30));
});

test("a first look takes the newest alone", async () => {
  expect((await caughtUp(newestFirst(BEFORE), null)).rows).toEqual([LAST]);
});
