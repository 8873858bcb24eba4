/** What balances, records and answers say about a refund and a vendor's top-up: pure looks, no wires. */
import { describe, expect, test } from "vitest";
import { balanceSays } from "../../src/commands/definitions/drain.ts";
import { judgeRefund, type RefundBefore, type RefundSight } from "../../src/commands/definitions/refund.ts";
import { judgeVendor, orderNumberOf, type Seen } from "../../src/commands/definitions/vendor-purchase.ts";
import { hours } from "../../src/kernel/clock.ts";
import { CommandId } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";

const T0 = 1_800_000_000_000;
const AMOUNT = 10_000n;
const record = (name: string, amount = AMOUNT) => ({ hex: name, amount: Fen(amount) });
const before: RefundBefore = { net: "11000", takenAt: T0, count: 3, record: "a", orderNumber: null };
const sight = (net: bigint, newest: RefundSight["newest"], more: Partial<RefundSight> = {}): RefundSight => ({
  net,
  count: 3,
  takenAt: T0 + 1_000,
  newest,
  second: null,
  ...more,
});
const DISPUTED = { verdict: "unclear", because: "no-proof" };

describe("a refund that carries no number", () => {
  test.each([
    ["is done when exactly one record more names its amount", sight(1_000n, record("b"), { second: record("a") }), "done"],
    [
      "is a person's affair when two records came",
      sight(1_000n, record("c"), { second: record("b") }),
      { verdict: "unclear", because: "count-gap" },
    ],
    [
      "is a person's affair when the new record is about another amount",
      sight(6_000n, record("b", 5_000n), { second: record("a") }),
      { verdict: "unclear", because: "count-gap" },
    ],
    ["is done when the balance fell by it, though the record lags behind", sight(900n, record("a")), "done"],
    ["was not obeyed when neither balance nor record moved", sight(11_000n, record("a")), { verdict: "not-done" }],
    ["is a person's affair when the balance fell by something else", sight(5_000n, record("a")), DISPUTED],
    [
      "was not obeyed by its record, where a purchase in between makes the balance say nothing",
      sight(21_000n, record("a"), { count: 4 }),
      { verdict: "not-done" },
    ],
  ] as const)("%s", (_title, seen, expected) => expect(judgeRefund(before, AMOUNT, seen)).toEqual(expected));

  const without: RefundBefore = { ...before, record: null };
  test.each([
    ["is done when the balance fell by it", sight(1_000n, null), "done"],
    [
      "was not obeyed when the balance stands, and is not asked for again on that alone",
      sight(11_000n, null),
      { verdict: "not-done", again: false },
    ],
    ["is a person's affair after a purchase in between", sight(11_000n, null, { count: 4 }), DISPUTED],
    ["is done by the first record there ever was", sight(1_000n, record("b")), "done"],
  ] as const)("where the meter keeps no records: %s", (_title, seen, expected) =>
    expect(judgeRefund(without, AMOUNT, seen)).toEqual(expected),
  );

  test("is left to the record, and without one to a person, where consumption explains as much as it takes", () => {
    const small = 100n;
    expect(judgeRefund(before, small, sight(10_900n, record("a")))).toEqual({ verdict: "not-done" });
    expect(judgeRefund(without, small, sight(10_900n, null))).toEqual(DISPUTED);
  });
});

describe("a balance alone", () => {
  const at = (net: bigint, afterMs = 0) => balanceSays({ net: 1_000n, takenAt: T0 }, 2_000n, { net, takenAt: T0 + afterMs });
  test.each([
    [3_000n, 0, "moved"],
    [2_500n, 0, "moved"],
    [2_499n, 0, "neither"],
    [3_001n, 0, "neither"],
    [1_000n, 0, "unmoved"],
    [500n, 0, "unmoved"],
    [499n, 0, "neither"],
    [1_001n, 0, "neither"],
    [1_000n, hours(2), "either"],
  ] as const)("of %s fen says, after %s ms, %s", (net, afterMs, says) => expect(at(net, afterMs)).toBe(says));
});

describe("a vendor's top-up", () => {
  const seen = (more: Partial<Seen>): Seen => ({ balance: "unmoved", reply: "silent", refusal: null, attempt: 1, ...more });
  const PERSON = { verdict: "unclear", because: "no-proof" };
  const AGAIN = { verdict: "not-done" };
  const AGAIN_OR_PERSON = { verdict: "not-done", otherwise: "no-proof" };
  test.each([
    ["order-number", "the balance shows it", { balance: "moved" }, "done"],
    ["order-number", "silence and an unmoved balance: said again under the same number", {}, AGAIN],
    [
      "order-number",
      "a yes and an unmoved balance: said again, and a person in the end",
      { reply: "acknowledged" },
      AGAIN_OR_PERSON,
    ],
    ["order-number", "consumption hides it: said again, and a person in the end", { balance: "either" }, AGAIN_OR_PERSON],
    ["order-number", "another amount came", { balance: "neither" }, PERSON],
    [
      "order-number",
      "done already, to a later saying of ours",
      { balance: "either", refusal: "repeated-top-up", attempt: 2 },
      "done",
    ],
    [
      "order-number",
      "done already, to the first: somebody else knows our number",
      { refusal: "repeated-top-up" },
      { verdict: "unclear", because: "count-gap", quarantine: "repeated-top-up" },
    ],
    ["order-number", "declined, and nothing came", { refusal: "meter-other-error" }, AGAIN],
    ["order-number", "declined, and it came all the same", { refusal: "meter-other-error", balance: "moved" }, PERSON],
    [
      "order-number",
      "declined after an earlier silence that consumption may hide",
      { refusal: "meter-other-error", balance: "either", attempt: 2 },
      PERSON,
    ],
    ["token", "used already, to the first saying", { refusal: "repeated-top-up" }, { verdict: "unclear", because: "token-used" }],
    ["token", "used already, to a later saying", { refusal: "repeated-top-up", balance: "moved", attempt: 2 }, "done"],
    ["nothing", "the balance shows exactly it", { balance: "moved" }, "done"],
    ["nothing", "silence and an unmoved balance: never said again", {}, PERSON],
    ["nothing", "consumption hides it", { balance: "either" }, PERSON],
  ] as const)("proved by %s: %s", (proof, _title, more, expected) => expect(judgeVendor(proof, seen(more))).toEqual(expected));

  test("has an order number that follows from its command alone, and differs from every other", () => {
    const ids = Array.from({ length: 500 }, (_, n) =>
      CommandId(`019ab000-0000-7${n.toString(16).padStart(3, "0")}-8000-00000000${n.toString(16).padStart(4, "0")}`),
    );
    const numbers = ids.map((id) => orderNumberOf({ id }));
    for (const number of numbers) expect(number).toMatch(/^019AB0000000[0-9A-F]{4}$/);
    expect(orderNumberOf({ id: ids[7]! })).toBe(numbers[7]);
    const later = orderNumberOf({ id: CommandId("019ab000-0001-7000-8000-000000000000") });
    expect(numbers).not.toContain(later);
  });
});
