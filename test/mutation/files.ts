/**
 * Which files are mutated, and which tests are asked about each. The one place to extend: a row is a file of the codec, the tests
 * that know it (the quickest and most telling first, for the first failure ends a mutant), and the names of its tables of rows.
 *
 * Not asked: `fuzz.test.ts`, ten million bytes for each mutant would take days, and `standalone.test.ts`, which bundles the files
 * from the disk and so would never see a mutant. Of the two files of laws `dictionary-laws` neither, and `functions-laws` by the places
 * of the forms alone: it takes seconds, and every mutant that survives has to sit through it.
 */

export interface FileRow {
  readonly file: string;
  readonly tests: readonly string[];
  /** Constants that are tables of rows: data of the standard, held by golden frames and not by mutants. */
  readonly tables?: readonly string[];
}

const source = (name: string): string => `src/protocols/dlt645/${name}.ts`;
const test = (name: string): string => `test/protocols/${name}.test.ts`;

const CODEC = ["formats", "requests", "replies", "deframer", "dictionary", "dictionary-bits", "functions", "explain", "golden"];
const BYTES = ["frame-edges", "deframer-edges", ...CODEC].map(test);
const VALUES = ["values-edges", "moments-edges", ...CODEC].map(test);
const SHAPES = ["shapes-edges", ...CODEC, "read-item"].map(test);
const FUNCTIONS = ["functions-refused", "functions-choices", "functions-joining"];
const ORDERS = ["requests-edges", "requests-held", "replies-edges", ...CODEC, ...FUNCTIONS].map(test);
const PLACES = [test("slots-edges"), ...ORDERS, test("functions-laws")];

export const FILES: readonly FileRow[] = [
  { file: source("frame"), tests: BYTES },
  { file: source("deframer"), tests: BYTES },
  { file: source("control-codes"), tests: BYTES, tables: ["FUNCTIONS"] },
  { file: source("formats/format"), tests: VALUES },
  { file: source("formats/numbers"), tests: VALUES },
  { file: source("formats/moments"), tests: VALUES },
  { file: source("formats/bit-words"), tests: VALUES },
  { file: source("formats/letters"), tests: VALUES },
  { file: source("formats/decimal"), tests: VALUES },
  { file: source("refusal"), tests: VALUES },
  { file: source("item"), tests: SHAPES },
  { file: source("shapes/freeze-block"), tests: SHAPES },
  { file: source("shapes/load-record"), tests: SHAPES },
  { file: source("forms/layout"), tests: PLACES },
  { file: source("forms/slots"), tests: PLACES },
  { file: source("forms/slot-moments"), tests: PLACES },
  { file: source("forms/slot-blocks"), tests: PLACES },
  { file: source("forms/slot-bauds"), tests: PLACES },
  { file: source("speaking"), tests: ORDERS },
  { file: source("answering"), tests: ORDERS },
  { file: source("joining"), tests: ORDERS },
  { file: source("write-target"), tests: ORDERS },
  { file: source("requests"), tests: ORDERS },
  { file: source("replies"), tests: ORDERS },
];

/** Below this share of killed mutants in any file the run fails. */
export const KILLED_SHARE_MIN = 0.85;
