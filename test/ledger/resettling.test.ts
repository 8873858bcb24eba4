/** A day's bill and its entry are the same money, or neither is kept. */
import { expect, test } from "vitest";
import { Fen } from "../../src/kernel/money.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import type { BillingParts } from "../../src/ledger/billing.ts";
import type { Posted } from "../../src/ledger/ledger.ts";
import { Resettling } from "../../src/ledger/resettling.ts";
import { blankDay, type SettlementDay } from "../../src/ledger/settlement-day.ts";
import { ANNA, dayName, METER } from "./billing-world.ts";

const nothing = { total: 0n, rates: null, exported: null };
const day: SettlementDay = {
  ...blankDay({ meter: METER, stretch: 7n, account: ANNA, day: dayName(1), tariff: "flat" }, nothing, "begin"),
  ...{ cost: Fen(150n), feedIn: Fen(20n) },
};

/** Posts the day on a ledger that answers so; tells the days that were kept. */
async function post(charge: Posted, feedIn: Posted): Promise<readonly SettlementDay[]> {
  const kept: SettlementDay[] = [];
  const parts = {
    store: { saveDay: (_tx: Transaction, saved: SettlementDay) => Promise.resolve(void kept.push(saved)) },
    ledger: { charge: () => Promise.resolve(charge), feedIn: () => Promise.resolve(feedIn) },
  };
  await new Resettling(parts as unknown as BillingParts).post({} as Transaction, [], [day]);
  return kept;
}

test("a day is kept when its entries were posted", async () => {
  expect(await post("posted", "posted")).toEqual([{ ...day, revision: 1 }]);
});

test.each([
  ["repeated", "posted"],
  ["not-positive", "posted"],
  ["posted", "repeated"],
] as const)(
  "a day whose charge was %s and whose feed-in was %s is a mistake that stops the transaction",
  async (charge, feedIn) => {
    await expect(post(charge, feedIn)).rejects.toThrow(
      `${METER}/${dayName(1)}/7.1 was ${charge === "posted" ? feedIn : charge}: a mistake of ours`,
    );
  },
);
