/** An advance that is large for the time that has passed is believed when it was seen twice: the measure, and what becomes of it on real books. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hours, later, minutes, type Instant } from "../../src/kernel/clock.ts";
import { kwh } from "../../src/kernel/energy.ts";
import { energySetsOf } from "../../src/devices/energy-set.ts";
import type { DayRow } from "../../src/validation/believed.ts";
import { agree, leapLimit } from "../../src/validation/leaps.ts";
import { gateDefaults } from "../../src/validation/limits.ts";
import { registerGate, usualLimits } from "../support/register-gate.ts";
import { aBench, begin, METER, type Bench } from "./bench.ts";

const DAY = hours(24);
const measure = { settings: gateDefaults, limits: usualLimits, timeZone: "Asia/Shanghai" };
/** So many days of so much each. */
const days = (count: number, energy: bigint): readonly DayRow[] =>
  Array.from({ length: count + 1 }, (_, n) => {
    const point = { at: later(begin, n * DAY), counted: energy * BigInt(n), shift: 0n };
    return { day: new Date(Date.UTC(2026, 10, 2 + n)).toISOString().slice(0, 10), first: point, last: point };
  });

describe("what is large", () => {
  test.each([
    { what: "half an hour of a household", ms: minutes(30), days: days(10, 800n), limit: 650n },
    { what: "six hours of it", ms: hours(6), days: days(10, 800n), limit: 2_300n },
    { what: "three days of it", ms: 3 * DAY, days: days(10, 800n), limit: 22_100n },
    { what: "six hours of one that uses 40 kWh a day", ms: hours(6), days: days(10, 4_000n), limit: 6_500n },
    { what: "six hours of one whose first day is over", ms: hours(6), days: days(1, 4_000n), limit: 6_500n },
    { what: "six hours of one that nobody knows yet", ms: hours(6), days: [], limit: 3_500n },
  ])("$what", ({ ms, days, limit }) => {
    expect(leapLimit(ms, { days, peersTypical: null }, measure)).toBe(limit);
  });
  test("one that nobody knows yet is measured by its kind, where that is known", () => {
    expect(leapLimit(hours(6), { days: [], peersTypical: 4_000n }, measure)).toBe(6_500n);
  });
  test("two bear each other out that lie a little apart, the later one higher, whichever was fetched first", () => {
    const usual = { days: days(10, 800n), peersTypical: null };
    const seen = (counted: bigint, ms: number) => ({ counted, takenAt: later(begin, ms) });
    const both = (a: ReturnType<typeof seen>, b: ReturnType<typeof seen>): boolean[] => [
      agree(a, b, usual, measure),
      agree(b, a, usual, measure),
    ];
    expect(both(seen(5_000n, 0), seen(5_010n, minutes(1)))).toEqual([true, true]);
    expect(both(seen(5_000n, 0), seen(4_999n, minutes(1)))).toEqual([false, false]);
    expect(both(seen(5_000n, 0), seen(5_400n, minutes(1)))).toEqual([false, false]); // more than any meter turns in a minute
    expect(both(seen(5_000n, 0), seen(9_000n, hours(6)))).toEqual([false, false]); // a leap of its own
  });
});

/** Ten days of 8 kWh from 1000.00 on, midnights read; it is half past midnight, and the register was read half an hour ago. */
async function atHome(): Promise<Bench> {
  const bench = await aBench();
  await bench.stores.meters.setIdentity(null, METER, "confirmed", null);
  for (let day = 0; day <= 10; day += 1) {
    bench.at(day * DAY);
    await bench.read({ importedEnergy: `${1_000 + 8 * day}.00` }, "freeze");
  }
  bench.at(10 * DAY + minutes(30));
  return bench;
}
const last = ({ uses }: Bench): bigint => uses.at(-1)!.register;

describe("fifty kilowatt-hours within half an hour", () => {
  test("that are told once bill nobody, make no item and cut nobody; the true one after them is billed", async () => {
    const bench = await atHome();
    const charged = await bench.charged();
    expect((await bench.intent()).want).toBe("disconnected"); // in arrears, and well read
    await bench.read({ importedEnergy: "1130.10" });
    expect(await bench.charged()).toBe(charged);
    expect(bench.suspects).toEqual([]);
    expect(await bench.intent()).toMatchObject({ want: "as-is", because: "reading-in-doubt" });
    bench.at(10 * DAY + minutes(31));
    await bench.read({ importedEnergy: "1080.11" });
    expect(last(bench)).toBe(108_011n);
    expect(bench.suspects).toEqual([]);
    expect((await bench.intent()).want).toBe("disconnected");
  });
  test("that were really used are billed by the second reading", async () => {
    const bench = await atHome();
    await bench.read({ importedEnergy: "1130.10" });
    expect(last(bench)).toBe(108_000n);
    bench.at(10 * DAY + minutes(31));
    await bench.read({ importedEnergy: "1130.20" });
    expect(last(bench)).toBe(113_020n);
  });
  test("that are told twice in one breath are not borne out, whoever asked; a minute after the first, another look settles it", async () => {
    for (const isTrue of [true, false]) {
      const bench = await atHome();
      await bench.read({ importedEnergy: "1130.10" });
      for (const source of ["poll", "command", "poll"] as const) {
        bench.at(10 * DAY + minutes(30) + (bench.now() % minutes(1)) + 1_000);
        await bench.read({ importedEnergy: "1130.11" }, source);
      }
      expect(last(bench)).toBe(108_000n);
      expect(bench.suspects).toEqual([]);
      expect(await bench.intent()).toMatchObject({ want: "as-is", because: "reading-in-doubt" });
      bench.at(10 * DAY + minutes(31)); // of the first: who is asked again and again is not put off for ever
      await bench.read({ importedEnergy: isTrue ? "1130.20" : "1080.11" });
      expect(last(bench)).toBe(isTrue ? 113_020n : 108_011n);
    }
  });
  test("are borne out by no look in one breath where the clock was set back between the two: a minute is counted from then", async () => {
    const bench = await atHome();
    const gate = registerGate(bench.stores, { now: bench.now, wait: () => Promise.resolve() });
    const look = async (value: string): Promise<bigint | null> => {
      const reading = { meter: METER, item: "importedEnergy", value, unit: "kWh", takenAt: bench.now(), source: "poll" } as const;
      const [set] = energySetsOf([reading]);
      return (await bench.db.transact((tx) => gate.judge(tx, set!, { vouched: false }))).use?.register ?? null;
    };
    bench.at(10 * DAY + minutes(40));
    expect(await look("1130.10")).toBe(null);
    expect(gate.borneOutFrom(METER)).toBe(later(begin, 10 * DAY + minutes(41)));
    const back = bench.at(10 * DAY + minutes(31)); // nine minutes back
    expect(gate.borneOutFrom(METER), "nobody waits for the clock to come there again").toBe(back);
    expect(await look("1130.10")).toBe(null);
    expect(gate.borneOutFrom(METER)).toBe(later(back, minutes(1)));
    bench.at(10 * DAY + minutes(31) + 59_000);
    expect(await look("1130.10")).toBe(null);
    bench.at(10 * DAY + minutes(32));
    expect(await look("1130.10")).toBe(113_010n);
    expect(gate.borneOutFrom(METER)).toBe(null);
  });
  test("that a person read off the meter are borne out by the meter's own word at once", async () => {
    const bench = await atHome();
    await bench.read({ importedEnergy: "1130.10" }, "person");
    bench.at(10 * DAY + minutes(30) + 2_000);
    await bench.read({ importedEnergy: "1130.11" });
    expect(last(bench)).toBe(113_011n);
  });
  test("are no second look where one transaction is run again with the same reading", async () => {
    const bench = await atHome();
    const gate = registerGate(bench.stores, { now: bench.now, wait: () => Promise.resolve() });
    const reading = { meter: METER, item: "importedEnergy", value: "1130.10", unit: "kWh", takenAt: bench.now() } as const;
    const [set] = energySetsOf([{ ...reading, source: "poll" }]);
    for (const _ of [1, 2, 3]) {
      const { use, once } = await bench.db.transact((tx) => gate.judge(tx, set!, { vouched: false }));
      expect([use, once]).toEqual([null, set!.total]);
    }
    bench.at(10 * DAY + minutes(31));
    const [again] = energySetsOf([{ ...reading, source: "poll" }]);
    const judged: unknown[] = [];
    const second = bench.db.transact(async (tx) => {
      judged.push((await gate.judge(tx, again!, { vouched: false })).use);
      if (judged.length === 1) throw new Error("it met another head-on");
    });
    await expect(second).rejects.toThrow("head-on");
    await bench.db.transact(async (tx) => judged.push((await gate.judge(tx, again!, { vouched: false })).use));
    expect(judged).toMatchObject([{ register: 113_010n }, { register: 113_010n }]); // nor is a second look that is run again the first
  });
  test("of a midnight wait as well: it is fetched once more, or contradicted by what is read after it", async () => {
    for (const isTrue of [true, false]) {
      const bench = await atHome();
      const midnight = later(begin, 11 * DAY);
      bench.at(11 * DAY - minutes(30));
      await bench.read({ importedEnergy: "1088.00" });
      bench.at(11 * DAY + minutes(5));
      await bench.read({ importedEnergy: "1138.00" }, "freeze", midnight);
      expect(last(bench)).toBe(108_800n);
      if (!isTrue) await bench.read({ importedEnergy: "1088.20" });
      bench.at(11 * DAY + minutes(10));
      await bench.read({ importedEnergy: isTrue ? "1138.00" : "1088.10" }, "freeze", midnight);
      expect(bench.uses.at(-1)).toMatchObject({ register: isTrue ? 113_800n : 108_810n, midnightOf: "2026-11-13" });
      expect(bench.suspects).toEqual([]);
    }
  });
  test("do not hide what stood in doubt before: a register that went back still gives supply back", async () => {
    const bench = await atHome();
    await bench.cut();
    bench.at(10 * DAY + minutes(31));
    await bench.read({ importedEnergy: "900.00" });
    expect((await bench.intent()).because, "one answer may be broken").toBe("credit-exhausted");
    await bench.read({ importedEnergy: "900.00" });
    expect((await bench.intent()).because).toBe("cut-contradicted");
    await bench.read({ importedEnergy: "1130.10" });
    expect((await bench.intent()).because).toBe("cut-contradicted");
  });
});

test.each([hours(6), 3 * DAY])("a household that was away for %d ms is believed at once", async (ms) => {
  const bench = await atHome();
  bench.at(10 * DAY + ms);
  await bench.read({ importedEnergy: kwh(108_000n + (800n * BigInt(ms) * 2n) / BigInt(DAY)) });
  expect(bench.suspects).toEqual([]);
  expect(last(bench)).toBeGreaterThan(108_000n);
});

/** Steps of a household, and false registers between them: none like the one before it, each further off than a household gets in its time. */
const step = fc.record({
  ms: fc.integer({ min: minutes(1), max: hours(6) }),
  loadWatts: fc.integer({ min: 0, max: 2_500 }),
  lies: fc.array(fc.integer({ min: -15, max: 60 }), { maxLength: 2 }),
});
const LEAST_LIE = 4_000n;

test("whatever single false registers are strewn into a true sequence: none of them is billed, and all that is true is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const bench = await atHome();
      let [ms, truth, said]: [number, bigint, number] = [10 * DAY + minutes(30), 108_000n, 0];
      const billedAt = (at: Instant): bigint[] => bench.uses.flatMap((use) => (use.takenAt === at ? [use.register] : []));
      for (const { ms: pause, loadWatts, lies } of steps) {
        ms += pause;
        truth += BigInt(Math.floor((loadWatts * pause) / hours(1) / 10));
        for (const lie of lies) {
          if (lie === 0 || lie === said) continue;
          said = lie;
          bench.at((ms += 1_000));
          await bench.read({ importedEnergy: kwh(truth + BigInt(lie) * LEAST_LIE) });
          expect(billedAt(bench.now())).toEqual([]);
        }
        said = 0;
        bench.at((ms += 1_000));
        await bench.read({ importedEnergy: kwh(truth) });
        expect(billedAt(bench.now())).toEqual([truth]);
      }
    }),
    { numRuns: 60 },
  );
});
