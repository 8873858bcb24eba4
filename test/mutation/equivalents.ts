/**
 * Mutants that no test can kill, because the changed program does the same: each with its reason. They are not run, are counted apart
 * and printed. A change that is found in no line, or in several places of it, stops the run: the code has moved and the reason must be
 * looked at again.
 */
import { changeOf } from "./mutants.ts";
import type { Mutant } from "./mutants.ts";

export interface Equivalent {
  /** File name without folder and ending. */
  readonly file: string;
  readonly why: string;
  /** Beginning of a line → the changes in it, as the list of survivors prints them; "#2 6 → 7" is the second such change. */
  readonly changes: Readonly<Record<string, readonly string[]>>;
}

export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: "frame",
    why: "no byte is above 255",
    changes: { "const HEX_PAIRS": ["256 → 257"], "Uint8Array.from({ length: 256 }": ["256 → 257"] },
  },
  {
    file: "frame",
    why: "what is written in front of an array, behind it, or where the next line writes, is gone",
    changes: {
      "for (let i = 0; i < at; i += 1) bytes[i] = PREAMBLE": ["0 → (-1)", "< → <="],
      "for (let i = 0; i < length; i += 1) bytes[at": ["< → <="],
      "for (let i = 0; i < length; i += 1) data[i]": ["0 → (-1)", "< → <="],
    },
  },
  {
    file: "frame",
    why: "the checksum's own place is still zero when it is counted in",
    changes: { "bytes[at + 10 + length] = checksum": ["#2 10 → 11"] },
  },
  {
    file: "frame",
    why: "ten bytes are never a whole frame, and no frame is shorter than twelve",
    changes: {
      "if (there < 10) return MORE;": ["< → <=", "10 → 11"],
      "if (found > 0) return": ["0 → 1"],
      "if (length <= 0) {": ["0 → 1"],
    },
  },
  { file: "frame", why: "only has to be negative", changes: { "export const NONE = -1;": ["1 → 2"] } },
  {
    file: "frame",
    why: "nothing is added, so nothing is taken away",
    changes: { "HIGH[bytes[at + 0]!]!,": ["+ → -"], "LOW[bytes[at + 0]!]!,": ["+ → -"] },
  },
  {
    file: "frame",
    why: "a place that is never reached: it is there to fall over loudly if the two measures ever disagree",
    changes: {
      'if (found.is === "frame") throw': [
        'found.is === "frame" → false',
        '"frame" → ""',
        'throw new Error("two measures of one frame"); → ;',
      ],
    },
  },
  {
    file: "deframer",
    why: "only has to be negative",
    changes: { "let firstStart = -1;": ["1 → 2"], "firstStart = -1;": ["1 → 2"] },
  },
  {
    file: "deframer",
    why: "what is left out or done as well is nothing: no bytes cut, no bytes kept, no bytes of noise, no byte before the first",
    changes: {
      "if (chunk.length === 0) return [];": ["chunk.length === 0 → false", "0 → (-1)"],
      "this.#held = rest === bytes.length": ["rest === bytes.length → false"],
      "if (at > noiseFrom) addNoise": ["#1 at > noiseFrom → true", "#2 at > noiseFrom → true", "#1 > → >=", "#2 > → >="],
      "let at = 0;": ["0 → (-1)"],
    },
  },
  {
    file: "deframer",
    why: "the other name of the two is the one that is looked for",
    changes: { 'const { pieces } = cut(this.#held, "nothing': ['"nothing more comes" → ""'] },
  },
  {
    file: "deframer",
    why: "no frame is shorter than twelve bytes, so 1 divides found from not found as 0 does",
    changes: { "if (found > 0) {": ["0 → 1"] },
  },
  {
    file: "deframer",
    why: "with eight bytes or more the frame's length decides, and a held start is always the first head of its flush",
    changes: { "const isHead =": ["#1 7 → 8"] },
  },
  {
    file: "deframer",
    why: "noise ends before a start byte or with the bytes, never before a wake-up byte",
    changes: { "while (from < to && bytes[from] === PREAMBLE)": ["< → <="] },
  },
  {
    file: "deframer",
    why: "before the first byte there is no frame to measure, and where noise begins there is none either",
    changes: {
      "const found = firstStart < 0 ?": ["firstStart < 0 → false", "0 → (-1)"],
      "why: found === undefined": ['"frame" → ""'],
    },
  },
  {
    file: "control-codes",
    why: "a row that no function code asks for, and bytes before the first, which are none on both sides",
    changes: { "const BY_CODE": ["1 → 2"], "for (let i = 0; i < bytes; i += 1) if (one[i]": ["0 → (-1)"] },
  },
  { file: "numbers", why: "only has to be negative", changes: { "const NOT_BCD = -1;": ["1 → 2"] } },
  {
    file: "numbers",
    why: "of the nibbles above 9 none falls below when its lowest bit is left out, and of the others none rises",
    changes: { "if (byte >> 4 > 9": ["15 → 14"] },
  },
  {
    file: "numbers",
    why: "zero is its own opposite",
    changes: { "const wire = bcdOfDigits((units < 0n": ["< → <=", "0n → 1n"] },
  },
  {
    file: "numbers",
    why: "7F is not BCD, so no digits begin with it",
    changes: { "if (signed && wire[bytes - 1]!": ["0x80 → 127"], "return of(BigInt(signed": ["0x80 → 127"] },
  },
  {
    file: "numbers",
    why: "the length was looked at before, and is not zero",
    changes: { "if (text.length !== bytes * 2": ["/^\\d*$/ → /^\\d+$/"] },
  },
  {
    file: "letters",
    why: "the length was looked at before, and is not zero",
    changes: { "if (text.length !== bytes * 2": ["/^[0-9A-Fa-f]*$/ → /^[0-9A-Fa-f]+$/"] },
  },
  {
    file: "bit-words",
    why: "a word that is wide enough has no bits before its first and behind its last",
    changes: { "for (let bit = 0; bit < bytes * 8; bit += 1) if (((word >> BigInt": ["#1 0 → (-1)", "< → <=", "8 → 9"] },
  },
  {
    file: "decimal",
    why: "zero is its own opposite",
    changes: { "const digits = (units < 0n": ["< → <=", "0n → 1n"] },
  },
  {
    file: "moments",
    why: "behind the digits that are shown there are none, or none that are looked at",
    changes: {
      "YYMMDD:": ["6 → 7"],
      "hhmmss:": ["6 → 7"],
      "hhmm:": ["4 → 5"],
      "DDhh:": ["4 → 5"],
      "MMDDhh:": ["6 → 7"],
      "MMDDhhmm:": ["8 → 9"],
      "YYMMDDhhmm:": ["10 → 11"],
      "YYMMDDhhmmss:": ["d.slice(0, 10) → d", "#1 10 → 11", "12 → 13"],
      "YYMMDDWW:": ["d.slice(0, 6) → d", "6 → 7"],
      "YYMMDDWWhhmmss:": ["d.slice(0, 6) → d", "6 → 7", "14 → 15"],
      "MMDDNN:": ["6 → 7"],
      "hhmmNN:": ["6 → 7"],
      "YYMMDDNN:": ["d.slice(0, 6) → d", "#1 6 → 7", "8 → 9"],
    },
  },
  {
    file: "moments",
    why: "two digits are never below 0 or above 99, and 99 is allowed anyway",
    changes: {
      "YY: [0, 99]": ["[0, 99] → []", "0 → (-1)", "99 → 100", "99 → 98"],
      "NN: [0, 99]": ["[0, 99] → []", "0 → (-1)", "99 → 100", "99 → 98"],
    },
  },
  {
    file: "moments",
    why: "no pattern begins with its weekday",
    changes: {
      "...(week < 0 ? {}": ["< → <=", "#1 0 → 1"],
      "if (week > 0 &&": ["> → >=", "#1 0 → 1", "#1 0 → (-1)"],
    },
  },
  {
    file: "moments",
    why: "the length was looked at before, and no pattern is empty",
    changes: { "if (d.length !== pattern.length": ["/^\\d*$/ → /^\\d+$/"], "if (/^0+$/.test(d)": ["/^0+$/ → /^0*$/"] },
  },
  {
    file: "moments",
    why: "a day that is not told is more than no day, and of a month that is not told no day is too many",
    changes: {
      "if (month !== undefined && day !== undefined": [
        "month !== undefined && day !== undefined → (month !== undefined || day !== undefined)",
      ],
    },
  },
  {
    file: "moments",
    why: "where the letters are not in the pattern, the slice is empty and counts as 0: no year that is not leap, no month, no day",
    changes: { "if (at < 0) return undefined;": ["at < 0 → false", "0 → (-1)"] },
  },
  {
    file: "moments",
    why: "a day above 31 was refused before",
    changes: { "month === 2 ?": ["31 → 32"] },
  },
  {
    file: "freeze-block",
    why: "all turns of a part are equally long",
    changes: { "const turnBytes =": ["#1 0 → 1", "#1 0 → (-1)"] },
  },
  {
    file: "freeze-block",
    why: "behind the last byte nothing more is read, whichever way that is found out",
    changes: {
      "if (at >= wire.length) return members;": ["at >= wire.length → false", ">= → >"],
      "at = end + (wire[end] === SEPARATOR": ["wire[end] === SEPARATOR → true", "0 → 1"],
    },
  },
  {
    file: "load-record",
    why: "without a length byte the record is not read",
    changes: { "const end = at + 3 + (length ?? 0);": ["0 → 1", "0 → (-1)"] },
  },
];

/** The mutants that are listed here, with their reasons. */
export function equivalentsAmong(file: string, mutants: readonly Mutant[]): ReadonlyMap<Mutant, Equivalent> {
  const found = new Map<Mutant, Equivalent>();
  for (const row of EQUIVALENTS.filter((each) => file.endsWith(`/${each.file}.ts`)))
    for (const [line, changes] of Object.entries(row.changes))
      for (const change of changes) {
        const [, nth, plain] = /^(?:#(\d+) )?(.*)$/s.exec(change)!;
        const alike = mutants.filter((mutant) => mutant.lineText.startsWith(line) && changeOf(mutant) === plain);
        const mutant = nth === undefined && alike.length > 1 ? undefined : alike[Number(nth ?? 1) - 1];
        if (mutant === undefined) throw new Error(`${row.file}: ${alike.length} mutants are "${plain}" in "${line}"`);
        found.set(mutant, row);
      }
  return found;
}
