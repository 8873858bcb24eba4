/** The tables themselves: the page is written from them, nothing names a customer, and what a period is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hours, Instant } from "../../src/kernel/clock.ts";
import { momentText, rowOf } from "../../src/indicators/cells.ts";
import { cutRow, falseBecause } from "../../src/indicators/false-cuts.ts";
import { rankOf, shareOf, any } from "../../src/indicators/measures.ts";
import { indicatorsPage } from "../../src/indicators/page.ts";
import { sheetNames, sheetOf } from "../../src/indicators/sheets.ts";
import { daysIn, spanOf } from "../../src/indicators/span.ts";
import { indicatorNames, indicatorOf, meetsTarget, mustBeZero } from "../../src/indicators/table.ts";

const ZONE = "Asia/Shanghai";
const NOON = Instant(Date.parse("2026-11-22T12:00:00+08:00"));

test("docs/indicators.md is what the tables say", () => {
  expect(readFileSync(join(import.meta.dirname, "../../docs/indicators.md"), "utf8")).toBe(indicatorsPage());
});

test("no sheet has a column that names a customer, and each has those by which figures are parted", () => {
  for (const name of sheetNames) {
    const { columns, folds } = sheetOf(name);
    const names = Object.keys(columns);
    expect(
      names.filter((column) => /account|customer|^name$|order_id|amount|balance|reason|channel|contact/.test(column)),
    ).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(["class", "bus", "model"]));
    expect(folds?.filter((column) => !names.includes(column)) ?? []).toEqual([]);
  }
});

test("every sheet is somebody's, and what must be none are counts", () => {
  expect(new Set(indicatorNames.map((name) => indicatorOf(name).sheet))).toEqual(new Set(sheetNames));
  expect(mustBeZero).toEqual(["false-cuts", "unverified-now", "unverified-at-day-end", "top-ups-in-doubt-at-day-end"]);
  expect(meetsTarget(indicatorOf("false-cuts").target, 1)).toBe(false);
  expect(meetsTarget(indicatorOf("collection-rate").target, 0.999)).toBe(true);
  expect(meetsTarget(indicatorOf("collection-rate").target, null)).toBeNull();
});

describe("a number", () => {
  const row = (took: string) => ({ row: { took }, n: 1 });
  const took = ({ took: text }: { readonly [name: string]: string }) => (text === "" ? null : Number(text));

  test("that is a share is cut off, so that 1 means all of them", () => {
    const [all, few] = [
      { row: { is: "yes" }, n: 29_999 },
      { row: { is: "no" }, n: 1 },
    ];
    const share = shareOf(any, ({ is }) => is === "yes");
    expect(share([all, few])).toEqual({ value: 0.9999, numerator: 29_999, denominator: 30_000 });
    expect(share([all]).value).toBe(1);
    expect(share([])).toEqual({ value: null, numerator: 0, denominator: 0 });
  });

  test("that is a percentile was really measured, and who has no time yet is not in it", () => {
    const rows = ["3000", "1000", "", "2000", "10000"].map(row);
    expect(rankOf(0.5, took)(rows).value).toBe(2);
    expect(rankOf(0.95, took)(rows)).toEqual({ value: 10, numerator: null, denominator: 4 });
    expect(rankOf(1, took)([row("")]).value).toBeNull();
  });
});

describe("a period", () => {
  const days = (wanted: { from?: string; to?: string }) => {
    const { fromDay, toDay, dayEnds } = spanOf(wanted, NOON, ZONE);
    return [fromDay, toDay, dayEnds.length];
  };

  test("is this month up to today, a month, a day, or from one to another; a day that is not over has no end", () => {
    expect(days({})).toEqual(["2026-11-01", "2026-11-22", 21]);
    expect(days({ from: "2026-10" })).toEqual(["2026-10-01", "2026-10-31", 31]);
    expect(days({ from: "2024-02" })).toEqual(["2024-02-01", "2024-02-29", 29]);
    expect(days({ from: "2026-11-20" })).toEqual(["2026-11-20", "2026-11-22", 2]);
    expect(days({ from: "2026-11-22", to: "2026-11-22" })).toEqual(["2026-11-22", "2026-11-22", 0]);
    expect(days({ from: "2026-09", to: "2026-10" })).toEqual(["2026-09-01", "2026-10-31", 61]);
  });

  test("that ends before it begins, or is longer than a quarter, is refused", () => {
    expect(() => days({ from: "2026-11-22", to: "2026-11-21" })).toThrow(/period/);
    expect(() => days({ from: "2026-01", to: "2026-06" })).toThrow(/period/);
  });

  test("is handed out day by day, and its days touch where clocks are set too", () => {
    const pieces = [...daysIn(spanOf({ from: "2026-10-24", to: "2026-10-26" }, NOON, "Europe/Berlin"))];
    expect(pieces.map(({ from, until }) => (until - from) / hours(1))).toEqual([24, 25, 24]);
    expect(pieces[1]!.from).toBe(pieces[0]!.until);
  });
});

test("a moment keeps its milliseconds", () => {
  expect(momentText(NOON + 7, ZONE)).toBe("2026-11-22T12:00:00.007+08:00");
});

test("a cut that an incident names is false, whatever the books say, and so is one at a time of which staff had said so", () => {
  const cut = {
    ...{ command: "c", meter: "202611220001", class: "shop", bus: "b", model: "m", sentAt: NOON, cutAt: NOON, restoredAt: null },
    ...{ available: -1n, cutBelow: "0.00", rules: null, exemption: null, noticeDeliveredAt: null, registerThen: null },
    ...{ takenBackTo: null, contradictedAt: null, quarantinedAt: null },
  };
  const because = (incident: string, said: readonly string[] = []) =>
    falseBecause(rowOf("rule-cuts", cutRow(cut, ZONE, { incident, said }), ZONE));
  expect(because("")).toEqual([]);
  expect(because("wrong feeder")).toEqual(["incident"]);
  expect(because("", ["bad-weather"])).toEqual(["window"]);
});
