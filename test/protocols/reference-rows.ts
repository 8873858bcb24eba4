/**
 * The reference dictionary `test/golden/data-identifiers.csv`, row by row, and what its letters may stand for: an oracle of its own,
 * which shares no table with the code.
 */
import { readFileSync } from "node:fs";

export interface ReferenceRow {
  readonly di: string;
  readonly zh: string;
  readonly format: string;
  readonly bytes: string;
  readonly unit: string;
  readonly signed: string;
  readonly access: string;
  readonly category: string;
  readonly confidence: string;
}

/** Values are quoted where they hold a comma; a quote inside is doubled. */
const cells = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare]) =>
    quoted === undefined ? (bare ?? "") : quoted.replaceAll('""', '"'),
  );

export function referenceRows(): ReferenceRow[] {
  const [, ...lines] = readFileSync("test/golden/data-identifiers.csv", "utf8").trim().split("\n");
  return lines.map((line) => {
    const [di, , zh, format, bytes, unit, signed, access, category, notes] = cells(line);
    const confidence = /^conf=(high|medium|low);/.exec(notes ?? "")?.[1];
    if (confidence === undefined) throw new Error(`no confidence in ${line}`);
    return { di, zh, format, bytes, unit, signed, access, category, confidence } as ReferenceRow;
  });
}

/** The first, some and the last value of each letter, and whether FF may stand there. */
const LETTERS: Readonly<Record<string, { readonly values: readonly string[]; readonly all: boolean }>> = {
  TT: { values: ["00", "01", "04", "3F"], all: true },
  SS: { values: ["00", "01", "0C"], all: true },
  HH: { values: ["01", "0B", "15"], all: true },
  NN: { values: ["01", "02", "0A"], all: false },
  PP: { values: ["01", "02", "03"], all: false },
  II: { values: ["02", "07", "0F"], all: false },
  QQ: { values: ["01", "03", "06"], all: false },
  YY: { values: ["00", "01", "06"], all: false },
};
const lettersOf = (di: string): string[] => [...di.matchAll(/([G-Z])\1/g)].map(([letters]) => letters);

export const isPattern = ({ di }: ReferenceRow): boolean => lettersOf(di).length > 0;

/** Identifiers of a row. `00FE00SS` has no present one. */
export const samplesOf = ({ di }: ReferenceRow): string[] =>
  lettersOf(di)
    .reduce<string[]>(
      (some, letters) => some.flatMap((each) => LETTERS[letters]!.values.map((v) => each.replace(letters, v))),
      [di],
    )
    .filter((sample) => sample !== "00FE0000");

/** The blocks of a pattern: FF in one place, the first value in the others. */
export const blocksOf = ({ di }: ReferenceRow): string[] =>
  lettersOf(di)
    .filter((letters) => LETTERS[letters]!.all)
    .map((letters) =>
      lettersOf(di).reduce((sample, each) => sample.replace(each, each === letters ? "FF" : LETTERS[each]!.values[0]!), di),
    );

/** The Chinese title with numbers in place of its letters, for patterns whose title shows all of them. */
export function titleOfSample({ di, zh }: ReferenceRow, sample: string): string | undefined {
  const letters = lettersOf(di);
  if (!letters.every((each) => zh.includes(each)) || zh.includes("费率TT")) return undefined;
  return letters.reduce((title, each) => {
    const at = di.indexOf(each);
    return title.replace(each, String(Number.parseInt(sample.slice(at, at + 2), 16)));
  }, zh);
}
