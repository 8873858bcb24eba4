/** Ledger against meter, as pure pictures: what agrees, what is found, and that one fen is enough. */
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import {
  compareBilled,
  compareWallet,
  suggestionFor,
  type Finding,
  type MeterSight,
  type Sight,
} from "../../src/exceptions/compare.ts";
import { settledBaseline, sightAsJson, sightFromJson } from "../../src/exceptions/comparison-store.ts";
import type { Bounds, Deduction } from "../../src/exceptions/deduction.ts";
import { deductionBetween } from "../../src/exceptions/wallet-look.ts";
import { Instant, hours, later } from "../../src/kernel/clock.ts";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { MeterAddress } from "../../src/kernel/ids.ts";
import { Fen, parsePrice } from "../../src/kernel/money.ts";
import { flatTariff } from "../../src/tariff/tariff.ts";

const PRICE = parsePrice("0.5283");
const MORNING = Instant(Date.UTC(2026, 10, 22));
const METER = MeterAddress("202611220001");

const sight = (meter: Partial<MeterSight> = {}, books: Partial<Sight["books"]> = {}): Sight => ({
  meter: { takenAt: MORNING, net: Fen(5_000n), register: CentiKwh(10_000n), count: 3, total: Fen(30_000n), ...meter },
  books: { settles: 2, purchased: Fen(20_000n), net: Fen(20_000n), ...books },
});
/** A day later: so much more energy, so much more sent, so much deducted. */
const next = (energy: bigint, sent: bigint, deducted: bigint, more: Partial<MeterSight> = {}): Sight =>
  sight(
    {
      takenAt: later(MORNING, hours(24)),
      net: Fen(5_000n + sent - deducted),
      register: CentiKwh(10_000n + energy),
      count: 3 + (sent > 0n ? 1 : 0),
      total: Fen(30_000n + sent),
      ...more,
    },
    { settles: 2 + (sent > 0n ? 1 : 0), purchased: Fen(20_000n + sent), net: Fen(20_000n + sent) },
  );
const deducted = (then: Sight, now: Sight): Deduction =>
  deductionBetween(flatTariff("flat", PRICE), { then, now, midnights: new Map(), timeZone: "Asia/Shanghai" });
const compared = (then: Sight, now: Sight): readonly Finding[] => compareWallet(then, now, deducted(then, now));
const whats = (now: Sight): readonly string[] => compared(sight(), now).map(({ what }) => what);

describe("a wallet", () => {
  test("agrees when the count, the total and the balance follow from what was sent and used", () => {
    expect(whats(next(1_000n, 10_000n, 528n))).toEqual([]);
    expect(whats(next(0n, 0n, 0n, { idle: true }))).toEqual([]);
  });

  test("with one fen too much or too little is found while nothing is used", () => {
    expect(compared(sight(), next(0n, 0n, -1n))).toMatchObject([{ what: "balance", difference: "0.01", unit: "yuan" }]);
    expect(compared(sight(), next(0n, 0n, 1n, { idle: true }))).toMatchObject([{ what: "balance", difference: "-0.01" }]);
  });

  test("may lack the fen of a step that the register has not shown yet, as long as power flows", () => {
    expect(whats(next(0n, 0n, 1n))).toEqual([]);
    expect(whats(next(0n, 0n, 2n))).toEqual(["balance"]);
  });

  test("whose purchases are one fen apart is found to the fen, however much was used", () => {
    const now = next(50_000n, 10_000n, 26_415n);
    const off = { ...now, books: { ...now.books, purchased: Fen(now.books.purchased + 1n) } };
    expect(compared(sight(), off)).toMatchObject([{ what: "purchase-total", difference: "-0.01" }]);
  });

  test("that somebody else charged shows it in the count, also where the count starts anew", () => {
    expect(whats(next(0n, 0n, 0n, { count: 4 }))).toEqual(["purchase-count"]);
    const before = sight({ count: 9_999 });
    expect(compared(before, next(0n, 10_000n, 0n, { count: 0 }))).toEqual([]);
  });

  test("that deducts by another price is found in one day", () => {
    expect(whats(next(1_000n, 0n, 560n))).toEqual(["balance"]); // 0.56 instead of 0.5283
  });

  test("whose register went back is told, and no money is guessed from it", () => {
    expect(compared(sight(), next(-5n, 0n, 0n))).toMatchObject([{ what: "register", fen: null }]);
  });

  test("whose balance lags by a quarter of an hour is believed", () => {
    const hour = { ...next(400n, 0n, 160n), meter: { ...next(400n, 0n, 160n).meter, takenAt: later(MORNING, hours(1)) } };
    expect(whats(hour)).toEqual([]); // 4 kWh in the hour, of which the last quarter is not deducted yet
    const day = next(400n, 0n, 160n);
    expect(whats(day)).toEqual(["balance"]);
  });

  test("never differs by what an honest meter deducts, whatever it used and whenever it was read", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 40_000n), fc.bigInt(0n, 99n), fc.bigInt(0n, 99n), (steps, headBefore, headAfter) => {
        const used = steps * 100n + headAfter - headBefore; // in hundredths of a step
        if (used < 0n) return;
        const honest = (used * PRICE) / 1_000_000n;
        const { least, most } = deducted(sight(), next(steps, 0n, honest)) as Bounds;
        expect(honest >= least && honest <= most + 1n).toBe(true);
      }),
    );
  });
});

describe("an account in the ledger", () => {
  const billed = { billedTo: CentiKwh(500n), register: CentiKwh(520n), charged: Fen(264n), cost: Fen(264n), explained: Fen(0n) };
  test("agrees while the register is ahead of what was billed", () => {
    expect(compareBilled(billed)).toEqual([]);
  });
  test("is found when charges and settlement days differ by a fen, and not again once that was explained", () => {
    expect(compareBilled({ ...billed, charged: Fen(265n) })).toMatchObject([{ what: "charges", difference: "0.01" }]);
    expect(compareBilled({ ...billed, charged: Fen(265n), explained: Fen(1n) })).toEqual([]);
  });
  test("is found when more was billed than the meter shows", () => {
    expect(compareBilled({ ...billed, register: CentiKwh(499n) })).toMatchObject([
      { what: "billed-register", difference: "-0.01" },
    ]);
  });
});

describe("a suggested entry", () => {
  test("moves the meter's book to what the meter shows, and sums to zero", () => {
    const findings = compared(sight(), next(0n, 0n, -1n));
    const suggestion = suggestionFor(findings, { meter: METER, account: "1" });
    expect(suggestion?.legs).toEqual([
      { book: "adjustments", amount: -1n },
      { book: `meter/${METER}`, amount: 1n },
    ]);
  });

  test("is not made up where only counts differ", () => {
    expect(suggestionFor(compared(sight(), next(0n, 0n, 0n, { count: 4 })), { meter: METER, account: null })).toBeNull();
  });

  test("once applied leaves nothing to find, and neither does an explanation", () => {
    for (const applied of [true, false]) {
      const now = next(0n, 0n, -1n);
      const findings = compared(sight(), now);
      const suggestion = suggestionFor(findings, { meter: METER, account: null });
      const baseline = settledBaseline({ evidence: { now: sightAsJson(now) }, suggestion, meter: METER }, applied);
      if (baseline === null || !("sight" in baseline)) throw new Error("no baseline");
      const moved = applied ? 1n : 0n;
      const later = {
        ...now,
        books: { ...now.books, purchased: Fen(now.books.purchased + moved), net: Fen(now.books.net + moved) },
      };
      expect(compared(baseline.sight, later)).toEqual([]);
    }
  });

  test("comes back from the books as it was kept", () => {
    const seen = sight({ total: null });
    expect(sightFromJson(JSON.parse(JSON.stringify(sightAsJson(seen))))).toEqual(seen);
  });
});
