/** Corrections, statements, periods and channel files as pure rules. */
import { describe, expect, test } from "vitest";
import { compareChannel, parseChannelFile, type OurPayment } from "../../src/ledger/channel-file.ts";
import { checkCorrection, type Correction } from "../../src/ledger/correction.ts";
import { parseCsv, printCsv } from "../../src/ledger/csv.ts";
import { periodOf } from "../../src/ledger/period.ts";
import { statementCsv, statementOf } from "../../src/ledger/statements.ts";
import { Instant, iso } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { Fen, parseYuan } from "../../src/kernel/money.ts";

const correction = (legs: readonly (readonly [string, bigint])[], note = "counted twice"): Correction => ({
  reference: "r",
  note,
  by: "desk",
  legs: legs.map(([book, amount]) => ({ book, amount: Fen(amount) })),
});

describe("a correction", () => {
  test("is an entry of two legs or more that sums to zero, between books that may be corrected", () => {
    expect(() =>
      checkCorrection(
        correction([
          ["available/1", 500n],
          ["consumed", -500n],
        ]),
      ),
    ).not.toThrow();
    expect(() =>
      checkCorrection(
        correction([
          ["available/1", 1n],
          ["consumed", 1n],
          ["adjustments", -2n],
        ]),
      ),
    ).not.toThrow();
  });
  test.each([
    ["one leg", [["available/1", 1n]], /two legs/],
    [
      "legs that do not sum to zero",
      [
        ["available/1", 2n],
        ["consumed", -1n],
      ],
      /sum to zero/,
    ],
    [
      "held money, which is its command's",
      [
        ["available/1", 1n],
        ["held/1", -1n],
      ],
      /cannot be corrected/,
    ],
    [
      "a book that nobody knows",
      [
        ["available/1", 1n],
        ["pocket", -1n],
      ],
      /cannot be corrected/,
    ],
    [
      "the same book twice",
      [
        ["available/1", 1n],
        ["available/1", -1n],
      ],
      /once/,
    ],
    [
      "a leg of nothing",
      [
        ["available/1", 1n],
        ["consumed", -1n],
        ["adjustments", 0n],
      ],
      /nothing/,
    ],
  ] as const)("with %s is refused by name", (_what, legs, why) => {
    expect(() => checkCorrection(correction(legs))).toThrow(why);
  });
  test("needs a reason", () => {
    expect(() =>
      checkCorrection(
        correction(
          [
            ["available/1", 1n],
            ["consumed", -1n],
          ],
          "  ",
        ),
      ),
    ).toThrow(/reason/);
  });
});

const ZONE = "Asia/Shanghai";
const NOON = Instant(Date.parse("2026-11-22T12:00:00+08:00"));

describe("a period", () => {
  test("of days means them whole, in the site's zone", () => {
    const { from, to } = periodOf({ from: "2026-11-20", to: "2026-11-21" }, NOON, ZONE);
    expect([iso(from, ZONE), iso(to, ZONE)]).toEqual(["2026-11-20T00:00:00+08:00", "2026-11-22T00:00:00+08:00"]);
  });
  test("of a day on which clocks change has the hours that day had", () => {
    const { from, to } = periodOf({ from: "2026-10-25", to: "2026-10-25" }, NOON, "Europe/Berlin");
    expect((to - from) / 3_600_000).toBe(25);
  });
  test("left out is today so far", () => {
    const { from, to } = periodOf({}, NOON, ZONE);
    expect([iso(from, ZONE), to]).toEqual(["2026-11-22T00:00:00+08:00", NOON + 1]);
  });
  test.each([
    { from: "2026-02-30" },
    { from: "yesterday" },
    { from: "2026-11-22", to: "2026-11-20" },
    { from: "2026-11-22T00:00" },
  ])("that cannot be is refused: %o", (given) => {
    expect(() => periodOf(given, NOON, ZONE)).toThrow(/period-malformed/);
  });
});

test("a statement's opening and lines add up to its closing, by kind as well, and the CSV says the same", () => {
  const line = (
    id: bigint,
    kind: "payment" | "hold" | "settle",
    available: bigint,
    held: bigint,
    note: string | null = null,
  ) => ({
    ...{ id, kind, reference: `r${id}`, at: NOON, note, by: null },
    available: Fen(available),
    held: Fen(held),
  });
  const lines = [line(1n, "payment", 100n, 0n, "=1+1"), line(2n, "hold", -100n, 100n), line(3n, "settle", 0n, -100n)];
  const opening = { available: Fen(7n), held: Fen(0n) };
  const statement = statementOf(AccountId("1"), { from: NOON, to: NOON }, { opening, lines });
  expect(statement.closing).toEqual({ available: 7n, held: 0n });
  expect(statement.lines.map(({ after }) => [after.available, after.held])).toEqual([
    [107n, 0n],
    [7n, 100n],
    [7n, 0n],
  ]);
  expect(statement.sums).toContainEqual({ kind: "settle", count: 1, available: 0n, held: -100n });
  const rows = parseCsv(statementCsv(statement, (at) => iso(at, ZONE)));
  expect(rows).toHaveLength(6);
  expect(rows[1]?.slice(2, 8)).toEqual(["opening", "", "", "", "0.07", "0.00"]);
  expect(rows[2]?.[9]).toBe("'=1+1"); // no spreadsheet takes it for a formula
});

test("what CSV holds comes back: quotes, commas, line ends, and the semicolons of other offices", () => {
  const cells = [
    ["a,b", 'say "yes"'],
    ["two\nlines", "电表"],
  ];
  expect(parseCsv(printCsv(cells))).toEqual(cells);
  expect(parseCsv("\uFEFForder;amount\r\nx;1.00\r\n\r\n")).toEqual([
    ["order", "amount"],
    ["x", "1.00"],
  ]);
});

describe("a channel's file", () => {
  const ours = (orderId: string, amount: string, createdAt = NOON): OurPayment => ({
    ...{ id: orderId, orderId, account: "1", state: "allocated", createdAt },
    amount: parseYuan(amount),
  });
  const day = periodOf({ from: "2026-11-22", to: "2026-11-22" }, NOON, ZONE);

  test("is read by the names of its columns, in either language, or by their order", () => {
    const expected = [{ orderId: "A1", amount: 1_050n, time: "10:00" }];
    expect(parseChannelFile("time,orderId,amount\n10:00,A1,10.50\n")).toEqual(expected);
    expect(parseChannelFile("订单号;金额;时间\nA1;10.5;10:00\n")).toEqual(expected);
    expect(parseChannelFile("A1,10.50,10:00")).toEqual(expected);
  });

  test("with a row that cannot be read is refused by its line and field", () => {
    expect(() => parseChannelFile("orderId,amount\nA1,10.50\nA2,ten\n")).toThrow(/line=3.*field=amount/);
    expect(() => parseChannelFile("orderId,amount\n,10.50\n")).toThrow(/line=2.*orderId/);
  });

  test("tells missing, extra, different and repeated orders apart, and minds no midnight", () => {
    const rows = parseChannelFile("A,1.00\nB,2.00\nC,3.00\nD,4.00\nA,1.00\n");
    const yesterday = Instant(NOON - 86_400_000);
    const found = compareChannel(
      rows,
      [ours("A", "1.00"), ours("B", "2.01"), ours("D", "4.00", yesterday), ours("E", "5.00")],
      day,
    );
    expect(found).toMatchObject({
      matched: 2,
      missing: [{ orderId: "C" }],
      different: [{ theirs: { orderId: "B" }, ours: { amount: 201n } }],
      extra: [{ orderId: "E" }],
      repeated: ["A"],
    });
  });
});
