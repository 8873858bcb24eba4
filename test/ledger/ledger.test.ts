/** The rules of money, without a database: what a posting does, and what is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Fen, parseYuan, yuan } from "../../src/kernel/money.ts";
import { emptyPosition, post, type Position, type Posting } from "../../src/ledger/ledger.ts";

const position = (available: string, held: string): Position => ({ available: parseYuan(available), held: parseYuan(held) });

describe("posting", () => {
  const cases: readonly [string, Position, Posting, Position | string][] = [
    [
      "a payment makes money available",
      position("0.00", "0.00"),
      { kind: "payment", amount: parseYuan("100.00") },
      position("100.00", "0.00"),
    ],
    [
      "a hold sets it aside",
      position("100.00", "0.00"),
      { kind: "hold", amount: parseYuan("60.00") },
      position("40.00", "60.00"),
    ],
    [
      "no more can be held than is there",
      position("59.99", "0.00"),
      { kind: "hold", amount: parseYuan("60.00") },
      "insufficient-funds",
    ],
    [
      "what came in just now is there, whatever older debt stands",
      position("45.00", "0.00"),
      { kind: "hold", amount: parseYuan("50.00"), cameInNow: true },
      position("-5.00", "50.00"),
    ],
    [
      "settled money leaves the account",
      position("40.00", "60.00"),
      { kind: "settle", amount: parseYuan("60.00") },
      position("40.00", "0.00"),
    ],
    [
      "released money is free again",
      position("40.00", "60.00"),
      { kind: "release", amount: parseYuan("60.00") },
      position("100.00", "0.00"),
    ],
    [
      "more than was held cannot be settled",
      position("40.00", "59.99"),
      { kind: "settle", amount: parseYuan("60.00") },
      "more-than-held",
    ],
    [
      "energy is gone, so a charge may go below zero",
      position("1.00", "0.00"),
      { kind: "charge", amount: parseYuan("2.50") },
      position("-1.50", "0.00"),
    ],
    [
      "money taken back from a meter is available again",
      position("1.00", "2.00"),
      { kind: "refund", amount: parseYuan("100.00") },
      position("101.00", "2.00"),
    ],
    [
      "money paid out leaves the account",
      position("101.00", "2.00"),
      { kind: "payout", amount: parseYuan("100.00") },
      position("1.00", "2.00"),
    ],
    [
      "no more is paid out than is there, whatever is held",
      position("99.99", "50.00"),
      { kind: "payout", amount: parseYuan("100.00") },
      "insufficient-funds",
    ],
    ["nothing cannot be posted", position("1.00", "0.00"), { kind: "charge", amount: Fen(0n) }, "not-positive"],
  ];
  test.each(cases)("%s", (_title, before, posting, after) => {
    expect(post(before, posting)).toEqual(after);
  });

  test("whatever is posted in whatever order: what came in is available, held, settled or charged", () => {
    const kinds = fc.constantFrom("payment", "hold", "settle", "release", "charge");
    fc.assert(
      fc.property(
        fc.array(fc.record({ kind: kinds, amount: fc.bigInt({ min: -5n, max: 1_000n }) }), { maxLength: 60 }),
        (postings) => {
          let now = emptyPosition;
          let cameIn = 0n;
          let wentOut = 0n;
          for (const { kind, amount } of postings) {
            const next = post(now, { kind, amount: Fen(amount) });
            if (typeof next === "string") continue;
            now = next;
            if (kind === "payment") cameIn += amount;
            if (kind === "settle" || kind === "charge") wentOut += amount;
            expect(now.held).toBeGreaterThanOrEqual(0n);
          }
          expect(now.available + now.held + wentOut).toBe(cameIn);
        },
      ),
    );
  });
});

describe("amounts as people write them", () => {
  test.each(["100.005", "1e3", "", " 1", "1,00", "0x10", "."])("%j is refused by name", (text) => {
    expect(() => parseYuan(text)).toThrow(/amount-malformed/);
  });
  test("what is printed can be read back", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 13n), max: 10n ** 13n }), (fen) => {
        expect(parseYuan(yuan(fen))).toBe(fen);
      }),
    );
  });
});
