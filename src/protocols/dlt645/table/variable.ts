/**
 * The letters of a pattern. "0001TTSS" is forward active energy for any tariff TT and settlement day SS: what a letter may stand
 * for, and how it reads in names and titles, is declared here once. Letters are G to Z, since A to F are digits.
 *
 * FF in place of a letter asks for all of them (clause 7.1 of the standard), for one letter of an identifier at most.
 */
import type { Turns } from "../item.ts";

export const ALL = 0xff;

export interface Variable {
  readonly letters: string;
  /** What it numbers, for the printed page. */
  readonly says: string;
  readonly first: number;
  readonly last: number;
  /** How often the block of all goes round; null where FF is no value. */
  readonly all: Turns | null;
  /** In names: "Tariff2". `ALL` is asked for only where the block has a name of its own. */
  readonly word: (n: number) => string;
  /** In the names of a block's members, where they are not the same. */
  readonly blockWord?: (n: number) => string;
  readonly en: (n: number) => string;
  readonly zh: (n: number) => string;
  /** How the pattern itself is titled, "(上NN次)". */
  readonly symbol: { readonly en: string; readonly zh: string };
}

const PHASES = ["", "A", "B", "C"] as const;
const phase = (n: number): string => PHASES[n] ?? String(n);

export const TARIFF: Variable = {
  letters: "TT",
  says: "tariff: 00 total, 01..3F tariffs, FF total and tariffs",
  first: 0,
  last: 0x3f,
  all: { most: 0x40, as: "(k+1)" },
  word: (n) => (n === 0 ? "" : n === ALL ? "Block" : `Tariff${n}`),
  en: (n) => (n === 0 ? "total" : n === ALL ? "total and tariffs" : `tariff ${n}`),
  zh: (n) => (n === 0 ? "总" : n === ALL ? "数据块" : `费率${n}`),
  symbol: { en: "tariff TT", zh: "费率TT" },
};

/** Prices have no total. */
export const PRICE_TARIFF: Variable = {
  ...TARIFF,
  letters: "KK",
  says: "tariff: 01..3F, FF all",
  first: 1,
  all: { most: 0x3f, as: "k" },
  word: (n) => (n === ALL ? "Block" : String(n)),
  en: (n) => (n === ALL ? "all tariffs" : `tariff ${n}`),
  zh: (n) => (n === ALL ? "" : String(n)),
  symbol: { en: "tariff KK", zh: "KK" },
};

export const SETTLEMENT: Variable = {
  letters: "SS",
  says: "settlement day: 00 now, 01..0C back, FF all",
  first: 0,
  last: 0x0c,
  all: 13,
  word: (n) => (n === 0 ? "" : n === ALL ? "Settlements" : `Settlement${n}`),
  en: (n) => (n === 0 ? "" : n === ALL ? ", all settlement days" : `, settlement day ${n} back`),
  zh: (n) => (n === 0 ? "(当前)" : n === ALL ? "(全部结算日)" : `(上${n}结算日)`),
  symbol: { en: ", settlement day SS back", zh: "(上SS结算日)" },
};

/** Where DI2 is FF, neither of the two may be: one tariff and one day of everything. */
export const ONE_TARIFF: Variable = { ...TARIFF, all: null, says: "tariff: 00 total, 01..3F tariffs" };
export const ONE_SETTLEMENT: Variable = { ...SETTLEMENT, all: null, says: "settlement day: 00 now, 01..0C back" };

/** The consumption of a period: of the running one, or of one before it. */
export const PERIOD: Variable = {
  ...SETTLEMENT,
  says: "period: 00 the running one, 01..0C back, FF all",
  en: (n) => (n === 0 ? "running" : n === ALL ? "all" : `${n} back`),
  zh: (n) => (n === 0 ? "当前" : n === ALL ? "全部" : `上${n}`),
  symbol: { en: "SS back", zh: "上SS" },
};

export const YEAR: Variable = {
  ...PERIOD,
  letters: "YY",
  says: "year: 00 the running one, 01..06 back, FF all",
  last: 6,
  all: 7,
  word: (n) => (n === 0 ? "" : n === ALL ? "s" : `Back${n}`),
  symbol: { en: "YY back", zh: "当前/上1~6" },
};

export const SETTLEMENT_BACK: Variable = {
  ...SETTLEMENT,
  says: "settlement day: 01..0C back, FF all",
  first: 1,
  all: 12,
  word: (n) => (n === ALL ? "s" : String(n)),
  en: (n) => (n === ALL ? "all settlement days" : `settlement day ${n} back`),
  zh: (n) => (n === ALL ? "全部12" : String(n)),
  symbol: { en: "settlement day SS back", zh: "SS" },
};

/** DI2 or DI1 = 01, 02, 03, FF. Phase A of what has no total carries the plain name: most meters have one phase. */
export const PHASE: Variable = {
  letters: "PP",
  says: "phase: 01 A, 02 B, 03 C, FF all",
  first: 1,
  last: 3,
  all: 3,
  word: (n) => (n === ALL ? "Block" : phase(n)),
  en: (n) => (n === ALL ? "all phases" : `phase ${phase(n)}`),
  zh: (n) => (n === ALL ? "各相" : `${phase(n)}相`),
  symbol: { en: "phase PP", zh: "" },
};
export const PLAIN_PHASE: Variable = { ...PHASE, word: (n) => (n === 1 ? "" : PHASE.word(n)) };

/** The total and the phases. */
export const TOTAL_AND_PHASES: Variable = {
  ...PHASE,
  says: "00 total, 01 phase A, 02 B, 03 C, FF all",
  first: 0,
  all: 4,
  en: (n) => (n === 0 ? "total" : n === ALL ? "total and phases" : PHASE.en(n)),
  zh: (n) => (n === 0 ? "总" : PHASE.zh(n)),
};
export const WHOLE_OR_PHASE: Variable = {
  ...TOTAL_AND_PHASES,
  says: "00 the whole meter, 01 phase A, 02 B, 03 C",
  all: null,
  en: (n) => (n === 0 ? "" : `, ${PHASE.en(n)}`),
  zh: (n) => (n === 0 ? "" : PHASE.zh(n)),
  symbol: { en: "", zh: "" },
};

export const HARMONIC: Variable = {
  letters: "HH",
  says: "order of the harmonic: 01..15 (1 to 21), FF all",
  first: 1,
  last: 0x15,
  all: { most: 0x15, as: "n" },
  word: (n) => (n === ALL ? "Block" : `Order${n}`),
  en: (n) => (n === ALL ? "all orders" : `order ${n}`),
  zh: (n) => (n === ALL ? "" : `${n}次`),
  symbol: { en: "order HH", zh: "HH次" },
};

export const RECORDS_KEPT = 10;
/** The records of an event, the newest first. */
export const RECORD: Variable = {
  letters: "NN",
  says: "record: 01 the newest, to 0A, FF all ten",
  first: 1,
  last: RECORDS_KEPT,
  all: RECORDS_KEPT,
  word: (n) => (n === ALL ? "s" : String(n)),
  en: (n) => (n === 1 ? "newest" : n === ALL ? "all ten" : `${n} back`),
  zh: (n) => (n === ALL ? "(全部10次)" : `(上${n}次)`),
  symbol: { en: "last NN", zh: "(上NN次)" },
};
/** The same where the newest record carries the plain name. */
export const NEWEST: Variable = { ...RECORD, word: (n) => (n === 1 ? "" : RECORD.word(n)), blockWord: RECORD.word };

/** How far back a freeze lies. All of them together would not show where one ends. */
export const AGE: Variable = {
  ...RECORD,
  says: "age: 01 the newest, to FE",
  last: 0xfe,
  all: null,
  word: (n) => (n === 1 ? "" : `Last${n}`),
  en: (n) => (n === 1 ? "newest" : `${n} back`),
};

export const MONTH: Variable = {
  letters: "MM",
  says: "month: 00 this one, 01..0C back, FF all",
  first: 0,
  last: 0x0c,
  all: 13,
  word: (n) => (n === 0 ? "" : n === ALL ? "Months" : `Month${n}`),
  en: (n) => (n === 0 ? "this month" : n === ALL ? "all months" : `month ${n} back`),
  zh: (n) => (n === 0 ? "(本月)" : n === ALL ? "(全部月)" : `(上${n}月)`),
  symbol: { en: "month MM back", zh: "(上MM月)" },
};

/** A plain number in a list: holidays, screens, steps, thresholds. */
export const numbered = (letters: string, says: string, last: number, parts: Partial<Variable> = {}): Variable => ({
  letters,
  says: `${says}: 01..${last.toString(16).toUpperCase().padStart(2, "0")}${parts.all === undefined ? "" : ", FF all"}`,
  first: 1,
  last,
  all: null,
  word: (n) => (n === ALL ? "Block" : String(n)),
  en: (n) => (n === ALL ? "all" : String(n)),
  zh: (n) => (n === ALL ? "全部" : String(n)),
  symbol: { en: letters, zh: letters },
  ...parts,
});
