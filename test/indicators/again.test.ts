/**
 * An outsider gets the same numbers: every indicator is computed a second time from its exported sheet, by code that was written apart from the
 * room (again.ts), on random books. A definition that says one thing and does another does not pass.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Instant, systemClock } from "../../src/kernel/clock.ts";
import { IndicatorDesk, type Parting } from "../../src/indicators/desk.ts";
import { fileOf } from "../../src/indicators/export.ts";
import { indicatorNames, indicatorOf } from "../../src/indicators/table.ts";
import { keepers, type Kept } from "../conformance/stores.ts";
import { computedAgain, linesOf } from "./again.ts";
import { accounts, keep, records, someBooks, ZONE } from "./books.ts";

const NOW = Instant(Date.parse("2026-11-24T15:00:00+08:00"));
const PERIODS = [{ from: "2026-11-20", to: "2026-11-22" }, { from: "2026-11-21", to: "2026-11-21" }, { from: "2026-11" }];
const RUNS = 120;
const LONG_MS = 60_000;

let kept: Kept;
beforeAll(async () => {
  kept = await keepers[0]!.open(systemClock);
});
afterAll(() => kept.close());

const deskOf = (): IndicatorDesk =>
  new IndicatorDesk({ clock: { ...systemClock, now: () => NOW }, timeZone: ZONE, store: kept.indicators });

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

test(
  "whatever the books are, each indicator is what anybody computes from its CSV, together and parted by class, line and model",
  async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        someBooks,
        fc.constantFrom(...PERIODS),
        fc.constantFrom<Parting>("none", "class", "bus", "model"),
        async (books, days, by) => {
          await kept.clear();
          await kept.meters.bringIn(accounts, records);
          await keep(kept, books);
          const desk = deskOf();
          const span = desk.spanOf(days);
          const { items } = await desk.figures(span, by);
          for (const name of indicatorNames) {
            const { sheet } = indicatorOf(name);
            const lines = linesOf(await textOf(fileOf(sheet, "csv", desk.rows(sheet, span))));
            for (const { key, value, numerator, denominator } of items.filter((item) => item.name === name)) {
              const mine = by === "none" ? lines : lines.filter((line) => line[by] === (key ?? ""));
              expect({ name, key, value, numerator, denominator }).toEqual({ name, key, ...computedAgain(name, mine) });
              if (value !== null && value > 0) seen.add(name);
            }
          }
        },
      ),
      { numRuns: RUNS, seed: 7 },
    );
    // a figure that was nothing in every run was not computed again
    expect(indicatorNames.filter((name) => !seen.has(name))).toEqual([]);
  },
  LONG_MS,
);

test("JSON lines say what the CSV says", async () => {
  await kept.clear();
  await kept.meters.bringIn(accounts, records);
  const [books] = fc.sample(someBooks, { numRuns: 1, seed: 11 });
  await keep(kept, books!);
  const desk = deskOf();
  const span = desk.spanOf(PERIODS[0]!);
  for (const sheet of ["midnights", "relay-orders", "clocks"] as const) {
    const csv = linesOf(await textOf(fileOf(sheet, "csv", desk.rows(sheet, span))));
    const jsonl = await textOf(fileOf(sheet, "jsonl", desk.rows(sheet, span)));
    expect(csv.length).toBeGreaterThan(0);
    expect(
      jsonl
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(csv);
  }
});
