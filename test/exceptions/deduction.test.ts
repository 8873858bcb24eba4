/** What a wallet should have deducted by rates and steps, across midnights; pure, and to the fen. */
import { describe, expect, test } from "vitest";
import { cutsBetween, deductionOf, needsOf, type Looked, type Registers } from "../../src/exceptions/deduction.ts";
import { hours, Instant, later } from "../../src/kernel/clock.ts";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { parsePrice } from "../../src/kernel/money.ts";
import { flatTariff, type Tariff, type TariffVersion } from "../../src/tariff/tariff.ts";

const version = (more: Partial<TariffVersion>): TariffVersion => ({
  ...{ from: "2026-01-01", prices: [parsePrice("0.5000")], steps: null, timetable: null, exported: null },
  ...more,
});
const steps = {
  every: "year",
  startsOn: { month: 1, day: 1 },
  upTo: [10_000n],
  add: [parsePrice("0.0000"), parsePrice("0.1000")],
} as const;
const rates = { prices: ["1.0000", "0.8000", "0.6000", "0.3000"].map((text) => parsePrice(text)) };
const tariff = (...versions: TariffVersion[]): Tariff => ({ id: "home", versions });
const NIGHT = Instant(Date.parse("2026-12-30T03:30:00+08:00"));

const at = (register: bigint, more: { rates?: readonly bigint[]; period?: bigint } = {}): Registers => ({
  register: CentiKwh(register),
  ...(more.rates === undefined ? {} : { rates: more.rates.map(CentiKwh) }),
  ...(more.period === undefined ? {} : { period: CentiKwh(more.period) }),
});
const looked = (then: Registers, now: Registers, more: Partial<Looked> = {}): Looked => ({
  then: { day: "2026-12-30", at: NIGHT, registers: then },
  now: { day: "2026-12-31", at: later(NIGHT, hours(24)), registers: now },
  midnights: new Map(),
  isIdle: false,
  ...more,
});

describe("between two looks", () => {
  test("one price is what it was: energy times price, two steps and the purse's lag around it", () => {
    const { least, most } = deductionOf(flatTariff("flat", parsePrice("0.5283")), looked(at(0n), at(1_000n))) as never;
    expect([least, most]).toEqual([521n, 530n]);
  });

  test("rates cost what their registers say, and steps what the meter's own period says", () => {
    const all = tariff(version({ ...rates, steps }));
    const then = at(100_000n, { rates: [100n, 200n, 300n, 400n], period: 9_800n });
    const now = at(100_400n, { rates: [200n, 300n, 400n, 500n], period: 10_200n });
    // 1.00 + 0.80 + 0.60 + 0.30, and two kWh beyond the threshold at 0.10
    const { least, most } = deductionOf(all, looked(then, now)) as never;
    expect(least).toBeGreaterThan(270n - 25n);
    expect(least).toBeLessThanOrEqual(290n);
    expect(most).toBeGreaterThanOrEqual(290n);
    expect(most).toBeLessThan(300n);
  });

  test("a version that begins is cut at its midnight, by the registers that the meter froze", () => {
    const both = tariff(version({}), version({ from: "2026-12-31", prices: [parsePrice("1.0000")] }));
    expect(cutsBetween(both, "2026-12-30", "2026-12-31")).toEqual(["2026-12-31"]);
    const midnights = new Map([["2026-12-31", at(800n)]]);
    const { least, most } = deductionOf(both, looked(at(0n), at(1_000n), { midnights })) as never;
    expect(most).toBe(602n);
    expect(least).toBe(587n);
    expect(deductionOf(both, looked(at(0n), at(1_000n)))).toMatchObject({ unknown: expect.stringMatching("midnight") as string });
  });

  test("a step period that begins anew is cut as well, and what the meter has used since is asked of the meter", () => {
    const one = tariff(version({ steps }));
    const then = { day: "2026-12-31", at: NIGHT, registers: at(50_000n, { period: 20_000n }) };
    const now = { day: "2027-01-01", at: later(NIGHT, hours(24)), registers: at(52_000n, { period: 500n }) };
    const midnights = new Map([["2027-01-01", at(51_500n)]]);
    // 15 kWh at 0.60 and 5 at 0.50
    const { least, most } = deductionOf(one, { then, now, midnights, isIdle: false }) as never;
    expect(most).toBe(1_152n);
    expect(least).toBeGreaterThan(1_130n);
  });

  test("what is not known is said, and never guessed", () => {
    expect(deductionOf(tariff(version(rates)), looked(at(0n), at(1_000n)))).toMatchObject({
      unknown: expect.stringMatching("by rate") as string,
    });
    expect(deductionOf(tariff(version({ steps })), looked(at(0n), at(1_000n)))).toMatchObject({
      unknown: expect.stringMatching("steps") as string,
    });
    const lost = looked(at(0n, { rates: [0n, 0n, 0n, 0n] }), at(1_000n, { rates: [0n, 0n, 0n, 10n] }));
    expect(deductionOf(tariff(version(rates)), lost)).toMatchObject({ unknown: expect.stringMatching("add up") as string });
  });

  test("rates and the step period are read only where the tariff asks for them", () => {
    expect(needsOf(tariff(version({})), "2026-12-30", "2026-12-31")).toEqual({ rates: false, period: false });
    expect(needsOf(tariff(version({ ...rates, steps })), "2026-12-30", "2026-12-31")).toEqual({ rates: true, period: true });
  });
});
