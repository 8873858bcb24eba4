/** A bill: days, their parts, and what they come to. */
import { expect, test } from "vitest";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { Fen } from "../../src/kernel/money.ts";
import { billCsv, billOf, printPrice, yuanExactly } from "../../src/ledger/bill.ts";
import type { BilledDay } from "../../src/ledger/billing-store.ts";

const part = (energy: bigint, price: bigint) => ({ energy: CentiKwh(energy), price, micro: energy * price });
const day = (name: string, more: Partial<BilledDay> = {}): BilledDay => ({
  ...{ day: name, energy: CentiKwh(0n), cost: Fen(0n), rates: [], steps: [], exported: null, feedIn: Fen(0n) },
  ...{ tariff: "home", version: "2026-01-01", state: "settled", settledBy: "midnights", estimated: false, ratesMissing: false },
  ...more,
});
const days = [
  day("2026-10-01", {
    ...{ energy: CentiKwh(300n), cost: Fen(131n), exported: CentiKwh(10n), feedIn: Fen(4n) },
    ...{ rates: [part(100n, 9_000n), part(200n, 2_000n)], steps: [part(250n, 0n), part(50n, 100n)] },
  }),
  day("2026-10-02", {
    ...{ energy: CentiKwh(100n), cost: Fen(60n), rates: [part(100n, 6_000n)], version: "2026-10-02" },
    ...{ state: "provisional", settledBy: null, estimated: true },
  }),
];

test("adds its days up, and its parts by number and price", () => {
  expect(billOf(days)).toMatchObject({
    ...{ energy: 400n, cost: 191n, exported: 10n, feedIn: 4n, provisional: 1 },
    rates: [
      { number: 1, price: 9_000n, energy: 100n },
      { number: 1, price: 6_000n, energy: 100n },
      { number: 2, price: 2_000n, energy: 200n },
    ],
    steps: [
      { number: 1, energy: 250n, micro: 0n },
      { number: 2, energy: 50n, micro: 5_000n },
    ],
  });
  expect(billOf([])).toMatchObject({ energy: 0n, cost: 0n, exported: null, rates: [], steps: [] });
});

test("as CSV has a line for each day and one for all of them", () => {
  expect(billCsv(billOf(days)).split("\r\n")).toEqual([
    "day,kWh,rate1,rate2,step1,step2,cost,exportedKWh,feedIn,tariff,version,state,settledBy,estimated",
    "2026-10-01,3.00,1.00,2.00,2.50,0.50,1.31,0.10,0.04,home,2026-01-01,settled,midnights,no",
    "2026-10-02,1.00,1.00,,,,0.60,,0.00,home,2026-10-02,provisional,,yes",
    "total,4.00,2.00,2.00,2.50,0.50,1.91,0.10,0.04,,,,,",
    "",
  ]);
});

test("prices have four decimals, and parts are told to the millionth of a yuan", () => {
  expect([printPrice(5_283n), printPrice(12_345n), printPrice(0n)]).toEqual(["0.5283", "1.2345", "0.0000"]);
  expect([yuanExactly(1n), yuanExactly(1_234_567n), yuanExactly(-500_000n)]).toEqual(["0.000001", "1.234567", "-0.500000"]);
});
