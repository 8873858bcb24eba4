/** What a wallet seen after an attempt says about it. */
import { describe, expect, test } from "vitest";
import { Instant, hours, minutes } from "../../src/kernel/clock.ts";
import { Fen, parseYuan } from "../../src/kernel/money.ts";
import { balanceFits, judgePurchase, weighRefusal, type PurchaseBefore } from "../../src/commands/definitions/purchase.ts";
import type { Wallet } from "../../src/devices/meter.ts";

const T0 = 1_800_000_000_000;
const before: PurchaseBefore = { count: 7, net: "1000", takenAt: T0, opening: false };
const wallet = (count: number, balance: string, overdraft = "0.00", afterMs = 1_000): Wallet => ({
  count,
  balance: parseYuan(balance),
  overdraft: parseYuan(overdraft),
  customerNumber: "000000000000",
  keyState: "production",
  accountOpened: true,
  takenAt: Instant(T0 + afterMs),
});
const amount = Fen(10_000n);

describe("the purchase count tells three things apart", () => {
  test.each([
    ["unmoved: not done, whatever the balance says", wallet(7, "110.00"), "not-done"],
    ["one more and the balance fits: done", wallet(8, "110.00"), "done"],
    ["one more, a little was used meanwhile: done", wallet(8, "109.40"), "done"],
    ["one more, but the balance rose by too little: the purchase record is asked", wallet(8, "60.00"), "ask-record"],
    ["one more, but the balance rose by too much: the purchase record is asked", wallet(8, "110.01"), "ask-record"],
    ["two more: someone else was here", wallet(9, "210.00"), "count-gap"],
    ["fewer: this is another meter, or a wiped one", wallet(3, "110.00"), "count-gap"],
  ] as const)("%s", (_title, seen, expected) => expect(judgePurchase(before, amount, seen)).toBe(expected));
});

test("an overdraft is paid first, and counts", () => {
  const overdrawn: PurchaseBefore = { ...before, net: "-500" };
  expect(judgePurchase(overdrawn, amount, wallet(8, "95.00"))).toBe("done");
  expect(judgePurchase(overdrawn, amount, wallet(8, "100.00"))).toBe("ask-record");
});

test("the longer it took to see, the more may have been used", () => {
  const seen = (afterMs: number) => balanceFits(before, amount, { net: 11_000n - 4_000n, takenAt: T0 + afterMs });
  expect(seen(minutes(5))).toBe(false);
  expect(seen(hours(2))).toBe(true);
});

describe("a refusal is weighed against what the wallet shows", () => {
  test.each([
    ["nobody said no: what is seen counts", "done", null, 1, "done"],
    [
      "the first attempt was declined as a repeat, and the count moved: someone else sold the same amount",
      "done",
      "repeated-top-up",
      1,
      "count-gap",
    ],
    ["a later attempt was declined as a repeat: an earlier one of ours had been obeyed", "done", "repeated-top-up", 2, "done"],
    ["declined for another reason, yet the count moved: a person looks", "done", "mac-refused", 2, "count-gap"],
    ["done already, with a count that has not moved: a contradiction", "not-done", "repeated-top-up", 1, "count-gap"],
    ["declined, and nothing moved", "not-done", "hoard-limit", 1, "not-done"],
  ] as const)("%s", (_title, seen, refusal, attempt, expected) => expect(weighRefusal(seen, refusal, attempt)).toBe(expected));
});
