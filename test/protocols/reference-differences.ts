/**
 * Where the dictionary differs from the reference by intent. A difference that no longer exists fails the test, as does one that is not
 * written down.
 */
export interface Difference {
  readonly di: string;
  readonly what: "format" | "bytes" | "unit" | "signed" | "access" | "category" | "confidence" | "zh";
  readonly theirs: string;
  readonly ours: string;
}

const APPARENT = "unsigned by the book, but some meters set the top bit and the reference asks to read it as a sign";
const apparent = (di: string): readonly [Difference, string] => [{ di, what: "signed", theirs: "0", ours: "1" }, APPARENT];

export const differences: readonly (readonly [Difference, why: string])[] = [
  apparent("02050000"),
  apparent("02050100"),
  apparent("02050200"),
  apparent("02050300"),
  apparent("0205FF00"),
  [{ di: "00FE00SS", what: "unit", theirs: "", ours: "datetime" }, "YYMMDDhhmm is a moment here as everywhere else"],
  [{ di: "04001502", what: "unit", theirs: "", ours: "bits" }, "a state word is bits"],
  [
    { di: "04001006", what: "unit", theirs: "yuan", ours: "" },
    "what travels is a cipher and a MAC; the yuan stand under the cipher, in binary",
  ],
  [{ di: "070104FF", what: "zh", theirs: "-", ours: "厂家参数设置(出口表)" }, "staff read Chinese: the reference leaves it out"],
  [{ di: "070108FF", what: "zh", theirs: "-", ours: "厂家退费(出口表)" }, "staff read Chinese: the reference leaves it out"],
];

const START = "item 01 of the record items II of the same event, whose note calls it the start time";
const OVER_DI2 = "clause 7.1 of the standard: any one of DI2, DI1, DI0 may be FF";
const PART = "the note of 0400040F names it: parts of the position at 0400041F, 042F and 043F in one firmware";
/** Rows of ours that the reference does not have, by their pattern. */
export const rowsOfOurs: ReadonlyMap<string, string> = new Map([
  ["0400041F", PART],
  ["0400042F", PART],
  ["0400043F", PART],
  ["00FFTTSS", OVER_DI2],
  ["01FFTTSS", OVER_DI2],
  ...[
    "10PP",
    "11PP",
    "12PP",
    "13PP",
    "1400",
    "1500",
    "1600",
    "1700",
    "18PP",
    "19PP",
    "1APP",
    "1BPP",
    "1CPP",
    "1F00",
    "2000",
    "21PP",
  ].map((event) => [`${event}01NN`, START] as const),
]);
