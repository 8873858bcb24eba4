/** The dictionary beside the reference, both ways: every row of theirs is one of ours, and every row of ours is one of theirs. */
import { expect, test } from "vitest";
import { TABLE, itemOf } from "../../src/protocols/dlt645/dictionary.ts";
import { describe } from "../../src/protocols/dlt645/table/describe.ts";
import { accessOf, diOf, patternTitle, valuesIn } from "../../src/protocols/dlt645/table/row.ts";
import type { DictionaryItem, TableRow } from "../../src/protocols/dlt645/table/row.ts";
import { ALL } from "../../src/protocols/dlt645/table/variable.ts";
import { differences, rowsOfOurs } from "./reference-differences.ts";
import type { Difference } from "./reference-differences.ts";
import { blocksOf, isPattern, referenceRows, samplesOf, titleOfSample } from "./reference-rows.ts";
import type { ReferenceRow } from "./reference-rows.ts";

const reference = referenceRows();
const exact = new Set(reference.filter((row) => !isPattern(row)).map(({ di }) => di));
/** An identifier with a row of its own is told there, and is no sample of the pattern around it. */
const ownSamples = (row: ReferenceRow): string[] => samplesOf(row).filter((di) => !isPattern(row) || !exact.has(di));

const saysOf = (item: DictionaryItem, theirs: ReferenceRow): Omit<ReferenceRow, "di"> => {
  const { format, bytes, unit, signed } = describe(item.shape);
  return {
    format,
    bytes: bytes === null ? "var" : String(bytes),
    unit,
    signed: signed ? "1" : "0",
    access: accessOf(item.row, valuesIn(item.row, item.di)!),
    category: item.row.category,
    confidence: item.row.confidence,
    zh: isPattern(theirs) ? patternTitle(item.row, "zh") : item.zh,
  };
};

test("the reference is whole", () => {
  expect(reference).toHaveLength(856);
  expect(reference.filter(isPattern).length).toBeGreaterThan(240);
});

test("every row and pattern of the reference is found, and says the same", () => {
  const found: Difference[] = [];
  for (const theirs of reference) {
    const samples = ownSamples(theirs);
    expect(samples.length, theirs.di).toBeGreaterThan(0);
    for (const di of samples) {
      const item = itemOf(di);
      expect(item, `${di} of ${theirs.di}`).toBeDefined();
      const ours = saysOf(item!, theirs);
      for (const what of ["format", "bytes", "unit", "signed", "access", "category", "confidence", "zh"] as const) {
        const difference = { di: theirs.di, what, theirs: theirs[what], ours: ours[what] };
        const known = found.some((each) => each.di === theirs.di && each.what === what && each.ours === ours[what]);
        if (ours[what] !== theirs[what] && !known) found.push(difference);
      }
    }
  }
  const byPlace = (a: Difference, b: Difference): number => (a.di + a.what).localeCompare(b.di + b.what);
  expect(found.toSorted(byPlace)).toEqual(differences.map(([difference]) => difference).toSorted(byPlace));
});

test("titles of instances are the title of the pattern with numbers for its letters", () => {
  let compared = 0;
  for (const theirs of reference.filter(isPattern)) {
    for (const di of ownSamples(theirs)) {
      const title = titleOfSample(theirs, di);
      if (title === undefined) continue;
      expect(itemOf(di)?.zh, di).toBe(title);
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(600);
});

test("FF in one place of a pattern is the block of what the pattern says", () => {
  let blocks = 0;
  for (const theirs of reference.filter(isPattern)) {
    for (const di of blocksOf(theirs)) {
      const item = itemOf(di);
      expect(item, di).toBeDefined();
      const { format, unit, signed } = describe(item!.shape);
      expect({ di, unit, signed: signed ? "1" : "0" }).toEqual({
        di,
        unit: differences.find(([each]) => each.di === theirs.di && each.what === "unit")?.[0].ours ?? theirs.unit,
        signed: theirs.signed,
      });
      const turn = theirs.format.includes(",") ? `(${theirs.format})` : theirs.format;
      expect(format.startsWith(`${turn} x `), `${di}: ${format}`).toBe(true);
      blocks += 1;
    }
  }
  expect(blocks).toBeGreaterThan(45);
});

test("every row of ours is in the reference, or listed with its reason", () => {
  const theirs = new Set(reference.flatMap(samplesOf));
  const strays = TABLE.filter((row) => !instances(row).some((di) => theirs.has(di))).map(({ di }) => di);
  expect(strays.toSorted()).toEqual([...rowsOfOurs.keys()].toSorted());
});

/** The first and the last of each letter, and its block. */
function instances(row: TableRow): string[] {
  const choices = row.variables.map(({ first, last, all }) => [first, first + 1, last, ...(all === null ? [] : [ALL])]);
  return choices
    .reduce<number[][]>((some, values) => some.flatMap((each) => values.map((value) => [...each, value])), [[]])
    .map((values) => diOf(row, values));
}

test("no two rows say the same identifier, but for the supply, which is word 3 in one word", () => {
  const seen = new Map<string, string>();
  const doubled = TABLE.filter(({ di, name }) => seen.size === seen.set(di, seen.get(di) ?? name).size).map(({ name }) => name);
  expect(doubled).toEqual(["relay"]);
});
