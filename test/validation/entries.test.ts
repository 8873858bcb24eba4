/** What persons enter: the way past a doubt, with a reason, once, and never backwards but by a rebase. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hours, later, minutes } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { BusId } from "../../src/kernel/ids.ts";
import { aBench, begin, METER, type Bench } from "./bench.ts";

const DAY = hours(24);
const WHOLE = { from: later(begin, -DAY), to: later(begin, 60 * DAY), before: null, limit: 1_000 } as const;

/** Ten days of 10 kWh a day from 1000.00 on, and a jump on the eleventh. */
async function inDoubt(): Promise<Bench> {
  const bench = await aBench();
  for (let day = 0; day <= 10; day += 1) {
    bench.at(day * DAY);
    await bench.read({ importedEnergy: `${1_000 + 10 * day}.00` });
  }
  bench.at(10 * DAY + hours(6));
  await bench.read({ importedEnergy: "1280.00" });
  expect(bench.suspects.map(({ doubt }) => doubt)).toEqual(["jump"]);
  return bench;
}
const billedTo = ({ uses }: Bench): string => String(uses.at(-1)!.register);

describe("a doubted reading", () => {
  test("is accepted: it is billed as it was read, its item closed, and the next is judged by it", async () => {
    const bench = await inDoubt();
    expect((await bench.intent()).because).toBe("reading-in-doubt");
    bench.at(10 * DAY + hours(7));
    const entry = await bench.enter({ kind: "accept", register: 128_000n });
    expect(entry).toMatchObject({ register: 128_000n, takenAt: later(begin, 10 * DAY + hours(6)), by: "Wang" });
    expect(billedTo(bench)).toBe("128000");
    expect(bench.closed).toEqual(["accept 1280.00 kWh: seen at the display"]);
    expect((await bench.intent()).because, "until the meter itself bears it out").toBe("reading-in-doubt");
    await bench.read({ importedEnergy: "1280.50" });
    expect(billedTo(bench)).toBe("128050");
    expect((await bench.intent()).because).toBe("credit-exhausted");
    await expect(bench.enter({ kind: "accept", register: 128_000n })).rejects.toMatchObject({ code: "entry-impossible" }); // once
  });
  test("is accepted as it was looked at: another that came meanwhile is not, and both are named", async () => {
    const bench = await inDoubt();
    bench.at(10 * DAY + hours(7));
    await bench.read({ importedEnergy: "91280.00" });
    await expect(bench.enter({ kind: "accept", register: 128_000n })).rejects.toMatchObject({
      code: "register-changed",
      context: { field: "register", seen: "1280.00", now: "91280.00" },
    });
    await expect(bench.enter({ kind: "accept" })).rejects.toMatchObject({
      code: "invalid-request",
      context: { field: "register" },
    });
    expect(await bench.charged()).toBe(5_280n);
    expect(bench.closed).toEqual([]);
  });
  test("is not accepted where it is about whose or when, though the meter is confirmed by now", async () => {
    const bench = await inDoubt();
    await bench.stores.meters.setIdentity(null, METER, "quarantined", "another number");
    bench.at(10 * DAY + hours(7));
    await bench.read({ importedEnergy: "1105.00" });
    await bench.stores.meters.setIdentity(null, METER, "confirmed", null);
    expect(bench.suspects.at(-1)?.doubt).toBe("wrong-identity");
    await expect(bench.enter({ kind: "accept", register: 110_500n })).rejects.toMatchObject({
      code: "entry-impossible",
      context: { problem: expect.stringContaining("wrong-identity") as string },
    });
    expect(billedTo(bench)).toBe("110000");
  });
  test("is corrected: what the register really was is billed, of the moment of the doubt", async () => {
    const bench = await inDoubt();
    expect(await bench.enter({ kind: "correct", register: 110_300n })).toMatchObject({
      takenAt: later(begin, 10 * DAY + hours(6)),
    });
    expect(billedTo(bench)).toBe("110300");
    expect(await bench.stores.validation.doubt(null, METER)).toBe(null);
  });
  test("is not believed because three more agree with it; but once it is usual over the days since, it is", async () => {
    const bench = await inDoubt();
    for (const n of [7, 8, 9]) {
      bench.at(10 * DAY + hours(n));
      await bench.read({ importedEnergy: `128${n - 7}.00` });
    }
    expect(bench.suspects).toHaveLength(4);
    expect(billedTo(bench)).toBe("110000");
    bench.at(16 * DAY);
    await bench.read({ importedEnergy: "1300.00" }); // 200 kWh in seven days begun: less than three times the usual
    expect(billedTo(bench)).toBe("130000");
  });
});

describe("a register that was believed and was false", () => {
  /** Ten days of 10 kWh, then 56 kWh that never were, told twice: below the floor, so nobody doubted them. The true next one is doubted. */
  async function believedFalse(): Promise<Bench> {
    const bench = await aBench();
    await bench.pay(6_000n);
    for (let day = 0; day <= 10; day += 1) {
      bench.at(day * DAY);
      await bench.read({ importedEnergy: `${1_000 + 10 * day}.00` });
    }
    bench.at(10 * DAY + hours(6));
    await bench.read({ importedEnergy: "1158.60" });
    bench.at(10 * DAY + hours(6) + minutes(1));
    await bench.read({ importedEnergy: "1158.60" });
    expect(await bench.intent()).toMatchObject({ want: "disconnected", because: "credit-exhausted" });
    await bench.cut();
    bench.at(10 * DAY + hours(7));
    await bench.read({ importedEnergy: "1102.90" });
    expect(bench.suspects.map(({ doubt }) => doubt)).toEqual(["backwards"]);
    return bench;
  }
  const truth = { kind: "correct", register: 110_290n, insteadOf: 115_860n } as const;

  test("cuts nobody any longer, as soon as the meter itself contradicts it twice", async () => {
    const bench = await believedFalse();
    expect((await bench.intent()).because, "one answer may be broken").toBe("credit-exhausted");
    await bench.read({ importedEnergy: "1102.90" });
    expect(await bench.intent()).toMatchObject({ want: "connected", because: "cut-contradicted" });
  });
  test("is taken back by a person: the money is given back at once, and the next is judged by what is true", async () => {
    const bench = await believedFalse();
    const before = (await bench.stores.outbox.next(1_000, null)).length;
    const entry = await bench.enter(truth);
    expect(entry).toMatchObject({ register: 110_290n, counted: 110_290n, takenAt: bench.now(), basis: "instead of 1158.60" });
    expect(await bench.charged()).toBe(9n * 528n + 682n - 6_000n); // nine days of 10 kWh and one of 12.90
    expect(await bench.intent()).toMatchObject({ want: "connected", because: "in-credit" });
    expect(bench.closed).toEqual(["correct 1102.90 kWh: seen at the display"]);
    expect(await bench.stores.validation.doubt(null, METER)).toBe(null);
    const told = (await bench.stores.outbox.next(1_000, null)).slice(before);
    expect(told.map(({ event }) => event?.type)).toContain("account"); // wakes the rules
    for (const day of [11, 12, 13]) {
      bench.at(day * DAY + minutes(5));
      await bench.read({ importedEnergy: `${1_000 + 10 * day}.00` }, "freeze", later(begin, day * DAY));
    }
    expect(bench.suspects).toHaveLength(1);
    expect(await bench.charged()).toBe(9n * 528n + 1_057n + 2n * 528n - 6_000n); // with the midnights: 20 kWh on the tenth day, and 10 on each after it
    const days = await bench.stores.validation.days(null, METER, "2026-11-12");
    expect(days[0]).toMatchObject({ day: "2026-11-12", last: { counted: 110_290n } }); // nothing false is left to measure by
  });
  test("brought rates with it: they go on with the next that are read", async () => {
    const bench = await aBench();
    const rates = (total: string, one: string, two: string) => ({
      ...{ importedEnergy: total, importedEnergyTariff1: one, importedEnergyTariff2: two },
    });
    await bench.read(rates("100.00", "40.00", "60.00"), "freeze");
    bench.at(DAY);
    await bench.read(rates("150.00", "85.00", "65.00"), "freeze");
    bench.at(DAY + hours(1));
    await bench.enter({ kind: "correct", register: 11_000n, insteadOf: 15_000n });
    bench.at(2 * DAY);
    await bench.read(rates("120.00", "50.00", "70.00"), "freeze");
    expect(bench.suspects).toEqual([]);
    expect(bench.uses.at(-1)).toMatchObject({ register: 12_000n, rates: [5_000n, 7_000n] });
    expect(await bench.charged()).toBe(2n * 528n);
  });
  test("is named as it was looked at, and is higher than what the meter shows now or later: else nothing moves", async () => {
    const bench = await believedFalse();
    const before = await bench.charged();
    await expect(bench.enter({ ...truth, insteadOf: 115_900n })).rejects.toMatchObject({
      code: "register-changed",
      context: { field: "insteadOf", seen: "1159.00", now: "1158.60" },
    });
    const wrong = { code: "invalid-request" };
    await expect(bench.enter({ ...truth, register: 115_860n })).rejects.toMatchObject(wrong);
    await expect(bench.enter({ ...truth, takenAt: later(begin, 10 * DAY) })).rejects.toMatchObject(wrong);
    await expect(bench.enter({ ...truth, rates: [110_290n] })).rejects.toMatchObject(wrong);
    await expect(bench.enter({ kind: "correct", insteadOf: 115_860n })).rejects.toMatchObject(wrong);
    await expect(bench.enter({ ...truth, register: 90_000n })).rejects.toMatchObject({ code: "entry-impossible" }); // less than the bill began with
    expect(await bench.charged()).toBe(before);
    await bench.enter(truth);
    await expect(bench.enter(truth)).rejects.toMatchObject({ code: "register-changed" }); // once
  });
});

describe("a false register of a meter that nobody pays for any more", () => {
  const leave = ({ stores }: Bench): Promise<void> =>
    stores.meters.bringIn(
      [],
      [
        {
          ...{ address: METER, meterNumber: METER, customerNumber: METER, account: null },
          ...{ bus: BusId("b"), model: "remote-ledger", relayPassword: null },
        },
      ],
    );
  test("that somebody was charged for is not taken back in silence: he would never have his money", async () => {
    const bench = await aBench();
    await bench.read({ importedEnergy: "1000.00" });
    bench.at(DAY);
    await bench.read({ importedEnergy: "1050.00" });
    const charged = await bench.charged();
    expect(charged).toBeGreaterThan(0n);
    await leave(bench);
    bench.at(DAY + hours(1));
    const truth = { kind: "correct", register: 101_000n, insteadOf: 105_000n } as const;
    await expect(bench.enter(truth)).rejects.toMatchObject({ code: "entry-impossible" });
    expect((await bench.stores.validation.validated([METER])).get(METER)!.register).toBe(105_000n);
  });
  test("that came after whoever paid had left is taken back", async () => {
    const bench = await aBench();
    await bench.read({ importedEnergy: "1000.00" });
    await leave(bench);
    bench.at(DAY);
    await bench.read({ importedEnergy: "1050.00" });
    bench.at(DAY + hours(1));
    await bench.enter({ kind: "correct", register: 101_000n, insteadOf: 105_000n });
    expect((await bench.stores.validation.validated([METER])).get(METER)!.register).toBe(101_000n);
    expect(await bench.charged()).toBe(528n); // he is billed to what it really was
  });
});

test("a rebase is billed once: said again, or of more than the meter can have counted, it is refused", async () => {
  const bench = await aBench();
  await bench.read({ importedEnergy: "10.00" });
  bench.at(hours(5));
  const wish = { kind: "rebase", register: 0n, billedTo: 1_200n, insteadOf: 1_000n } as const;
  await expect(bench.enter({ ...wish, insteadOf: null })).rejects.toMatchObject({ context: { field: "insteadOf" } });
  await expect(bench.enter({ ...wish, billedTo: 26_300n })).rejects.toMatchObject({
    code: "invalid-request",
    context: { field: "billedTo", believed: "10.00", most: "252.00" },
  });
  await bench.enter(wish);
  expect(await bench.charged()).toBe(106n);
  const changed = { code: "register-changed", context: { seen: "10.00", now: "0.00" } };
  await expect(bench.enter(wish)).rejects.toMatchObject(changed);
  bench.at(hours(6));
  await expect(bench.enter(wish)).rejects.toMatchObject(changed);
  await bench.enter({ kind: "rebase", register: 0n }); // bills nothing, so it may be said as often as one likes
  expect(await bench.charged()).toBe(106n);
});

test("no entry lets a register go back by mistake; after a rebase the count goes on anew", async () => {
  const bench = await inDoubt();
  for (const kind of ["correct"] as const)
    await expect(bench.enter({ kind, register: 109_000n, takenAt: bench.now() })).rejects.toMatchObject({
      code: "register-goes-back",
    });
  expect(billedTo(bench)).toBe("110000");
  await expect(bench.enter({ kind: "rebase", register: 0n, billedTo: 109_999n, insteadOf: 110_000n })).rejects.toMatchObject({
    code: "invalid-request",
  });
  const before = await bench.charged();
  expect(await bench.enter({ kind: "rebase", register: 0n, billedTo: 110_200n, insteadOf: 110_000n })).toMatchObject({
    counted: 110_200n,
  });
  expect(billedTo(bench)).toBe("110200");
  expect(await bench.charged()).toBeGreaterThan(before);
  bench.at(10 * DAY + hours(8));
  await bench.read({ importedEnergy: "0.30" });
  expect(billedTo(bench)).toBe("110230");
});

describe("a person's slip", () => {
  test("is billed and holds cuts back until a reading of the meter itself, later than it, is believed", async () => {
    const bench = await inDoubt();
    bench.at(10 * DAY + hours(7));
    await bench.enter({ kind: "correct", register: 1_103_000n, takenAt: bench.now() }); // a digit too many
    expect(billedTo(bench)).toBe("1103000");
    const held = { want: "as-is", because: "reading-in-doubt" };
    expect(await bench.intent()).toMatchObject(held);
    await bench.enter({ kind: "correct", register: 1_103_000n, takenAt: bench.now() }); // the same again bears out nothing
    expect(await bench.intent()).toMatchObject(held);
    await bench.read({ importedEnergy: "1100.00" }, "freeze", later(begin, 10 * DAY)); // earlier than it
    expect(await bench.intent()).toMatchObject(held);
    await bench.read({ importedEnergy: "1103.00" });
    expect(bench.suspects.at(-1)).toMatchObject({ doubt: "backwards" });
    expect(await bench.intent()).toMatchObject(held);
    await bench.enter({ kind: "correct", register: 110_300n, insteadOf: 1_103_000n });
    bench.at(10 * DAY + hours(8));
    await bench.read({ importedEnergy: "1103.40" });
    expect((await bench.intent()).because).toBe("credit-exhausted");
  });
  test("that is a leap, or billed by a rebase, holds them back too; what the meter would have been believed by itself does not", async () => {
    for (const { wish, because } of [
      { wish: { kind: "correct", register: 115_000n }, because: "reading-in-doubt" },
      { wish: { kind: "rebase", register: 0n, billedTo: 110_900n, insteadOf: 110_000n }, because: "reading-in-doubt" },
      { wish: { kind: "rebase", register: 0n }, because: "credit-exhausted" },
      { wish: { kind: "correct", register: 110_300n }, because: "credit-exhausted" },
    ] as const) {
      const bench = await inDoubt();
      bench.at(10 * DAY + hours(7));
      await bench.enter({ ...wish, takenAt: bench.now() });
      expect(
        (await bench.intent()).because,
        JSON.stringify(wish, (_, value: unknown) => String(value)),
      ).toBe(because);
      if (because === "credit-exhausted") continue;
      bench.at(10 * DAY + hours(8));
      await bench.read({ importedEnergy: wish.kind === "rebase" ? "0.20" : "1150.20" });
      expect((await bench.intent()).because).toBe("credit-exhausted");
    }
  });
  test("whatever is typed, in whatever order: nobody is cut before the meter has spoken", async () => {
    const typed = fc.record({
      kind: fc.constantFrom("correct", "accept", "rebase", "takes back"),
      by: fc.integer({ min: 600, max: 4_000_000 }),
      hours: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(typed, { minLength: 1, maxLength: 6 }), async (entries) => {
        const bench = await inDoubt();
        await bench.pay(6_000n); // in credit by what the meter itself says
        let at = 10 * DAY + hours(7);
        for (const { kind, by, hours: pause } of entries) {
          bench.at((at += hours(pause)));
          const { register } = (await bench.stores.validation.validated([METER])).get(METER)!;
          const more = register + BigInt(by);
          const wish = {
            correct: { kind: "correct", register: more, takenAt: bench.now() },
            accept: { kind: "accept", register: 128_000n },
            rebase: { kind: "rebase", register: 0n, billedTo: more, insteadOf: register },
            "takes back": { kind: "correct", register: register - 1n, insteadOf: register },
          } as const;
          await bench.enter(wish[kind]).catch((error: unknown) => {
            if (!isFault(error)) throw error;
          });
          expect((await bench.intent()).want).not.toBe("disconnected");
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("a correction", () => {
  test("of the past that would change nothing is refused, and says what to do; its item stays", async () => {
    const bench = await inDoubt();
    bench.at(10 * DAY + hours(5) + minutes(30));
    await bench.read({ importedEnergy: "1105.00" });
    bench.at(10 * DAY + hours(7));
    const past = { kind: "correct", register: 110_200n, takenAt: later(begin, 10 * DAY + hours(2)) } as const;
    await expect(bench.enter(past)).rejects.toMatchObject({
      code: "entry-impossible",
      context: { believed: "1105.00", problem: expect.stringContaining("insteadOf") as string },
    });
    expect(bench.closed).toEqual([]);
    expect(await bench.stores.readings.list(METER, { ...WHOLE, item: null })).not.toContainEqual(
      expect.objectContaining({ source: "person" }),
    );
  });
  test("of the past is a midnight's, to the moment, and settles its day", async () => {
    const bench = await aBench();
    await bench.read({ importedEnergy: "1000.00" }, "freeze");
    bench.at(DAY + hours(12));
    await bench.read({ importedEnergy: "1012.00" });
    await bench.enter({ kind: "correct", register: 100_700n, takenAt: later(begin, DAY) });
    expect(bench.uses.at(-1)).toMatchObject({ register: 100_700n, midnightOf: "2026-11-03" });
    expect(bench.closed).toHaveLength(1);
  });
  test("of the past that does not fit is refused by its moment, with the registers on either side of it", async () => {
    const bench = await inDoubt();
    await expect(
      bench.enter({ kind: "correct", register: 112_000n, takenAt: later(begin, 9 * DAY + hours(1)) }),
    ).rejects.toMatchObject({
      code: "invalid-request",
      context: {
        field: "takenAt",
        before: "1090.00 at 2026-11-11T00:00:00+08:00",
        after: "1100.00 at 2026-11-12T00:00:00+08:00",
      },
    });
  });
  test("with rates that miss the register is refused by their field; a step for each rate misses nothing", async () => {
    const bench = await inDoubt();
    const wish = { kind: "correct", register: 110_300n } as const;
    await expect(bench.enter({ ...wish, rates: [60_000n, 50_401n] })).rejects.toMatchObject({
      code: "invalid-request",
      context: { field: "rates", sum: "1104.01" },
    });
    await expect(bench.enter({ ...wish, rates: [60_000n, 50_199n] })).rejects.toMatchObject({ context: { field: "rates" } });
    expect(billedTo(bench)).toBe("110000");
    await bench.enter({ ...wish, rates: [60_000n, 50_300n] });
    expect(bench.uses.at(-1)).toMatchObject({ register: 110_300n, rates: [60_000n, 50_300n] });
  });
});

describe("an estimate", () => {
  test("is reckoned by the mean of the last days, billed, and settled by the next reading; no rule cuts by it", async () => {
    const bench = await inDoubt();
    bench.at(12 * DAY);
    const entry = await bench.enter({ kind: "estimate", days: 5 });
    expect(entry).toMatchObject({ counted: 112_000n, basis: "mean of 5 days: 10.00 kWh a day (median 10.00)" });
    expect(billedTo(bench)).toBe("112000");
    expect((await bench.intent()).because).toBe("reading-in-doubt");
    bench.at(13 * DAY);
    const given = { kind: "estimate", energy: 500n, takenAt: bench.now() } as const;
    await bench.enter(given);
    const charged = await bench.charged();
    // said again: until then it is billed
    await expect(bench.enter(given)).rejects.toMatchObject({ code: "invalid-request", context: { field: "takenAt" } });
    await expect(bench.enter({ ...given, takenAt: null })).rejects.toMatchObject({ context: { field: "takenAt" } });
    expect(await bench.charged()).toBe(charged);
    expect(billedTo(bench)).toBe("112500"); // goes on from the estimate before
    bench.at(14 * DAY);
    await bench.read({ importedEnergy: "1119.00" }); // less than was estimated, and more than was read
    expect(bench.suspects).toHaveLength(1);
    bench.at(15 * DAY);
    await bench.read({ importedEnergy: "1130.00" });
    expect(billedTo(bench)).toBe("113000");
    expect(await bench.charged()).toBe(5_280n + 4n * 251n + 581n); // ten days, 19 kWh spread over four, and 11 kWh, each day rounded once
  });
  test("that was too high is given back by the first register that is read after it, and nobody is cut by it meanwhile or then", async () => {
    const bench = await inDoubt();
    bench.at(11 * DAY + hours(6));
    await bench.pay(20_000n);
    await bench.enter({ kind: "estimate", energy: 40_000n, takenAt: bench.now() });
    expect(await bench.charged()).toBe(5_280n + 21_132n - 20_000n); // ten days of 10 kWh, and 400 kWh spread over two
    expect((await bench.intent()).because).toBe("reading-in-doubt");
    bench.at(11 * DAY + hours(6) + minutes(20));
    await bench.read({ importedEnergy: "1112.00" });
    expect(await bench.intent()).toMatchObject({ want: "connected", because: "in-credit" });
    expect(await bench.charged()).toBe(5_280n + 634n - 20_000n);
    // the next midnight is missing, and all that come later count
    for (const day of [13, 14, 16, 20]) {
      bench.at(day * DAY + minutes(5));
      await bench.read({ importedEnergy: `${1_000 + 10 * day}.00` }, "freeze", later(begin, day * DAY));
    }
    expect(await bench.charged()).toBe(10_561n - 20_000n); // 200 kWh, each day rounded once
    expect(bench.suspects).toHaveLength(1);
  });
  test("is not what a cut rests on: its moment is none of a reading, though the doubt before it was decided", async () => {
    const bench = await aBench();
    await bench.read({ importedEnergy: "1000.00" });
    bench.at(2 * DAY);
    await bench.enter({ kind: "estimate", energy: 4_000n, takenAt: bench.now() });
    const picture = await bench.stores.policy.remoteMeter(null, METER);
    expect(picture).toMatchObject({ readAt: begin, readingInDoubt: true, available: -2_114n });
  });
  test("needs a day to reckon from, or to be given, and a register that was ever believed", async () => {
    const bench = await aBench();
    await expect(bench.enter({ kind: "estimate" })).rejects.toMatchObject({ code: "entry-impossible" });
    await bench.read({ importedEnergy: "5.00" });
    await expect(bench.enter({ kind: "estimate" })).rejects.toMatchObject({ code: "invalid-request" }); // no time went by
    bench.at(hours(1));
    await expect(bench.enter({ kind: "estimate" })).rejects.toMatchObject({
      code: "invalid-request",
      context: { field: "energy" },
    });
  });
});

test("nothing is entered for a meter that is quarantined, that nobody knows, or of tomorrow", async () => {
  const bench = await inDoubt();
  await expect(bench.enter({ kind: "correct", register: 120_000n, takenAt: later(bench.now(), DAY) })).rejects.toMatchObject({
    code: "invalid-request",
  });
  await expect(bench.enter({ kind: "correct" })).rejects.toMatchObject({
    code: "invalid-request",
    context: { field: "register" },
  });
  await bench.stores.meters.setIdentity(null, METER, "quarantined", "another number");
  await expect(bench.enter({ kind: "accept", register: 128_000n })).rejects.toMatchObject({ code: "meter-quarantined" });
});

test("of one that is quarantined and takes its leave, a person's word is billed, and the line's is not", async () => {
  const bench = await inDoubt();
  await bench.stores.meters.setIdentity(null, METER, "quarantined", "another number");
  await bench.db.transact((tx) => bench.stores.replacements.setBeingReplaced(tx, METER, true));
  await bench.read({ importedEnergy: "1101.00" });
  expect(bench.uses.at(-1)).not.toMatchObject({ register: 110_100n });
  await bench.enter({ kind: "correct", register: 110_500n });
  expect(bench.uses.at(-1)).toMatchObject({ register: 110_500n });
});

test("rates, reverse energy and midnights of one moment become one use; a reverse register that is broken does not stop the forward bill", async () => {
  const bench = await aBench();
  const set = { importedEnergy: "10.00", importedEnergyTariff1: "4.00", importedEnergyTariff2: "6.00", exportedEnergy: "3.00" };
  await bench.read(set, "freeze");
  expect(bench.uses).toEqual([
    { meter: METER, takenAt: begin, register: 1_000n, rates: [400n, 600n], exported: 300n, midnightOf: "2026-11-02" },
  ]);
  bench.at(hours(1));
  await bench.read({ importedEnergy: "10.50", exportedEnergy: "1.00" });
  expect(bench.uses.at(-1)).toEqual({ meter: METER, takenAt: bench.now(), register: 1_050n });
  expect(bench.suspects).toEqual([{ doubt: "backwards", item: "exportedEnergy", value: "1.00" }]);
  await bench.read({ exportedEnergy: "3.20" });
  bench.at(hours(2));
  await bench.read({ importedEnergy: "10.60", exportedEnergy: "3.30" });
  expect(bench.uses.at(-1)).toMatchObject({ register: 1_060n, exported: 330n });
  expect(bench.uses).toHaveLength(3);
});

test.each([
  { value: "-1.00", doubt: "negative" },
  { value: "digit A in 0000A100", doubt: "not-a-number" },
])("a reverse register that says $value is doubted by itself: beside it the forward bill goes on", async ({ value, doubt }) => {
  const bench = await aBench();
  await bench.read({ importedEnergy: "10.00", exportedEnergy: "1.00" }, "freeze");
  bench.at(DAY);
  await bench.read({ importedEnergy: "11.00", exportedEnergy: value }, "freeze");
  expect(bench.uses.at(-1)).toEqual({ meter: METER, takenAt: bench.now(), register: 1_100n, midnightOf: "2026-11-03" });
  expect(await bench.charged(), "1.00 kWh at 0.5283").toBe(53n);
  expect(bench.suspects).toEqual([{ doubt, item: "exportedEnergy", value }]);
  expect(await bench.stores.validation.doubt(null, METER), "nothing that a bill or a cut waits for").toBeNull();
  // and alone, as a register is handed in whose digits are none
  bench.at(DAY + hours(1));
  await bench.read({ exportedEnergy: value });
  expect(bench.suspects).toHaveLength(2);
  expect(await bench.stores.validation.doubt(null, METER), "nothing that a bill or a cut waits for").toBeNull();
  await bench.read({ importedEnergy: "11.50", exportedEnergy: "1.20" });
  expect(bench.uses.at(-1)).toMatchObject({ register: 1_150n, exported: 120n });
});

test("a forward register that cannot be read is doubted with all that came with it, a good reverse one too", async () => {
  const bench = await aBench();
  await bench.read({ importedEnergy: "10.00", exportedEnergy: "1.00" });
  bench.at(hours(1));
  await bench.read({ importedEnergy: "-10.50", exportedEnergy: "1.20" });
  expect(bench.uses).toHaveLength(1);
  expect(bench.suspects).toEqual([{ doubt: "negative", item: "importedEnergy", value: "-10.50" }]);
  expect(await bench.stores.validation.doubt(null, METER)).toMatchObject({ open: true, item: "importedEnergy" });
});

test("a midnight that is fetched after a poll of its day brings rates that go on from the midnight before", async () => {
  const bench = await aBench();
  const rates = (total: string, one: string, two: string) => ({
    ...{ importedEnergy: total, importedEnergyTariff1: one, importedEnergyTariff2: two },
  });
  bench.at(minutes(5));
  await bench.read({ importedEnergy: "10.10" });
  await bench.read({ ...rates("10.00", "4.00", "6.00"), exportedEnergy: "1.00" }, "freeze", begin);
  expect(bench.uses.at(-1)).toMatchObject({ register: 1_000n, rates: [400n, 600n], exported: 100n, midnightOf: "2026-11-02" });
  bench.at(DAY + minutes(5));
  await bench.read({ importedEnergy: "20.10" });
  await bench.read({ ...rates("20.00", "9.00", "11.00"), exportedEnergy: "1.50" }, "freeze", later(begin, DAY));
  expect(bench.uses.at(-1)).toMatchObject({ register: 2_000n, rates: [900n, 1_100n], exported: 150n });
  // and one that was missed is fetched last of all
  bench.at(3 * DAY);
  await bench.read(rates("40.00", "19.00", "21.00"), "freeze");
  await bench.read(rates("30.00", "14.00", "16.00"), "freeze", later(begin, 2 * DAY));
  expect(bench.uses.at(-1)).toMatchObject({ register: 3_000n, rates: [1_400n, 1_600n], midnightOf: "2026-11-04" });
  expect(bench.suspects).toEqual([]);
});
