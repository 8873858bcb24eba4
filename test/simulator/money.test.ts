/** Money is exact: whatever happens to a meter, nothing is lost and nothing appears. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Bench } from "./support/frames.ts";
import { authenticate, bench, plainOrder, purchaseData } from "./support/frames.ts";

const RANDOM_2 = "A1B2C3D4";

type Step = { load: number | null } | { jumpMs: number } | { topUp: number } | { order: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ load: fc.option(fc.double({ min: 0, max: 60, noNaN: true })) }),
  fc.record({ jumpMs: fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 40 * 86_400_000 })) }),
  fc.record({ topUp: fc.integer({ min: 1, max: 50_000 }) }),
  fc.record({ order: fc.constantFrom(0x1a, 0x1b, 0x1c, 0x1d, 0x3a, 0x3b) }),
);

function take(b: Bench, s: Step): void {
  if ("load" in s) {
    b.meter.settle();
    b.meter.household.override = s.load === null ? null : BigInt(Math.round(s.load * 1_000_000));
    b.meter.reconsider();
  } else if ("jumpMs" in s) b.clock.ms += s.jumpMs;
  else if ("topUp" in s) {
    authenticate(b);
    const next = {
      amount: BigInt(s.topUp),
      count: b.meter.purchaseCount + 1n,
      customer: b.meter.customerNumber,
      random2: RANDOM_2,
    };
    b.ask(0x03, purchaseData(b.meter, next));
  } else b.ask(0x1c, plainOrder(s.order, { deadline: "991231235959", n2: 1 }));
}

test("opening + credited = balance − overdraft + consumed, and energy × price is what was consumed", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -5_000, max: 50_000 }),
      fc.constantFrom("0.00", "20.00"),
      fc.constantFrom("0.5283", "0.0001", "9.9999"),
      fc.array(step, { maxLength: 25 }),
      (opening, overdraftLimit, price, steps) => {
        const sign = opening < 0 ? "-" : "";
        const balance = `${sign}${Math.floor(Math.abs(opening) / 100)}.${String(Math.abs(opening) % 100).padStart(2, "0")}`;
        const b = bench({ balance, overdraftLimit, price, energyKwh: "0.00" }, { random2: RANDOM_2 });
        for (const s of steps) {
          take(b, s);
          b.meter.settle();
          const { wallet, relay } = b.meter;
          expect(wallet.balance - wallet.overdraft + wallet.consumed).toBe(BigInt(opening) + wallet.credited);
          expect(wallet.balance >= 0n && wallet.overdraft >= 0n && (wallet.balance === 0n || wallet.overdraft === 0n)).toBe(true);
          if (b.meter.walletForbidsSupply) expect(relay.isClosed).toBe(false);
          // Both are cut off, one at a fen and one at 0.01 kWh, so they agree to within one step of each.
          const worth = (b.meter.energySteps * BigInt(price.replace(".", ""))) / 10_000n;
          expect(Number(wallet.consumed - worth)).toBeGreaterThanOrEqual(0);
          expect(Number(wallet.consumed - worth)).toBeLessThanOrEqual(1 + Number(price.replace(".", "")) / 10_000);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("many small looks and one jump come to the same", () => {
  const [often, once] = [bench({ loadKw: 1.234567 }), bench({ loadKw: 1.234567 })];
  for (let i = 0; i < 10_000; i += 1) {
    often.clock.ms += 1_237;
    often.meter.settle();
  }
  once.clock.ms += 10_000 * 1_237;
  once.meter.settle();
  expect(often.meter.wallet).toEqual(once.meter.wallet);
  expect(often.meter.energySteps).toBe(once.meter.energySteps);
});

test("a household's month is the same in one jump and day by day, and stands still when paused", () => {
  const plan = { loadKw: undefined, balance: "900.00", energyKwh: "0.00" };
  const [daily, once] = [bench(plan), bench(plan)];
  for (let day = 0; day < 30; day += 1) {
    daily.clock.ms += 86_400_000;
    daily.meter.settle();
  }
  once.clock.ms += 30 * 86_400_000;
  once.meter.settle();
  expect(once.meter.energySteps).toBe(daily.meter.energySteps);
  expect(Number(once.meter.energySteps)).toBeGreaterThan(5_000);
  once.meter.household.paused = true;
  const before = once.meter.wallet.consumed;
  once.clock.ms += 86_400_000;
  once.meter.settle();
  expect(once.meter.wallet.consumed).toBe(before);
});
