/** What a wallet seen after an attempt says about it. */
import { describe, expect, test } from "vitest";
import { Instant, hours, minutes } from "../../src/kernel/clock.ts";
import { Fen, parseYuan } from "../../src/kernel/money.ts";
import type { Command } from "../../src/commands/command.ts";
import { balanceFits, judgePurchase, topUp, weighRefusal, type PurchaseBefore } from "../../src/commands/definitions/purchase.ts";
import type { MeterSession, PurchaseRecord, Wallet } from "../../src/devices/meter.ts";
import { Fault, type FaultCode } from "../../src/kernel/faults.ts";

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

describe("after a silence in which as much may have been used as was paid", () => {
  const sixHours = hours(6);
  test.each([
    ["a balance that fits proves nothing: the purchase record is asked", wallet(8, "60.00", "0.00", sixHours), "ask-record"],
    ["nor does the highest there can be", wallet(8, "110.00", "0.00", sixHours), "ask-record"],
    ["a count that stands still says as much as ever", wallet(7, "5.00", "0.00", sixHours), "not-done"],
    ["and one that moved by two", wallet(9, "60.00", "0.00", sixHours), "count-gap"],
    ["nor does that of a small purchase after minutes", wallet(8, "10.50", "0.00", minutes(3)), "ask-record", Fen(100n)],
    ["but within the same breath nobody else sells", wallet(8, "11.00"), "done", Fen(100n)],
    ["four hours are not long enough to use up 100 yuan", wallet(8, "60.00", "0.00", hours(4)), "done"],
  ] as const)("%s", (_title, seen, expected, paid = amount) => expect(judgePurchase(before, paid, seen)).toBe(expected));

  const command = { params: { amount: "10000" } } as unknown as Command;
  const verdict = (record: () => Promise<PurchaseRecord | null>, shown = "60.00") => {
    const session: Partial<MeterSession> = {
      money: { purchase: "purchase-count", refund: null, unit: "yuan" },
      readWallet: () => Promise.resolve(wallet(8, shown, "0.00", sixHours)),
      readLastPurchase: record,
    };
    const context = { before, sinceSentMs: sixHours, lastReply: "silent", refusal: null, attempt: 1 } as const;
    return topUp.verify(session as MeterSession, command, context);
  };
  const fault = (code: FaultCode) => () => Promise.reject(new Fault(code, {}));
  const DONE = { verdict: "done" };
  const DISPUTED = { verdict: "unclear", because: "count-gap" };
  test.each([
    ["names it: done", () => Promise.resolve({ count: 8, amount }), { ...DONE, proof: { record: true } }],
    [
      "names a sale by card: a person looks, and no money is settled",
      () => Promise.resolve({ count: 8, amount: Fen(5_000n) }),
      DISPUTED,
    ],
    ["is of an earlier purchase: it contradicts nothing", () => Promise.resolve({ count: 7, amount: Fen(5_000n) }), DONE],
    ["is not kept: the count, moved by one, is what there is", () => Promise.resolve(null), DONE],
    ["is declined", fault("meter-refused"), DONE],
    ["has digits that are none", fault("meter-fault"), DONE],
  ] as const)("a record that %s", async (_title, record, expected) => {
    expect(await verdict(record)).toMatchObject(expected);
  });

  test("silence is neither yes nor no, and a balance that cannot be is not mended by a record that is not there", async () => {
    await expect(verdict(fault("meter-silent"))).rejects.toThrow("meter-silent");
    expect(await verdict(() => Promise.resolve(null), "110.01")).toMatchObject(DISPUTED);
    await expect(verdict(fault("meter-fault"), "110.01"), "its digits may be mended").rejects.toThrow("meter-fault");
  });
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
