/**
 * The rows of the 1997 edition, four digits each: the first tells the class, the second the month and active or reactive, the third the
 * direction, the fourth the tariff. F in one place asks for all of it, FF in the last two for all groups, AAH between them.
 *
 * Values have no sign here, and the voltage has no decimal. Where a quantity lives on in the edition of 2007 it has the same name.
 */
import { bits, count, decimal, digits, energy, moment, written } from "../formats/formats.ts";
import { weekendFeature } from "../formats/feature-bytes.ts";
import type { Format } from "../formats/format.ts";
import { groupBlock } from "../shapes/group-block.ts";
import { field } from "../item.ts";
import { named, nameAt, rowsOf, shapesOf, valueFamily } from "./row.ts";
import type { Category, FamilyRow, TableRow, Words } from "./row.ts";
import { ALL, PHASE, PLAIN_PHASE, TARIFF, TOTAL_AND_PHASES, numbered } from "./variable.ts";
import type { Variable } from "./variable.ts";

// ---- energies, demands and their times: 9, A, B ----

const T: Variable = {
  ...TARIFF,
  letters: "T",
  says: "tariff: 0 total, 1..E tariffs, F total and tariffs",
  last: 0xe,
  all: { most: 0xf, as: "(k+1)" },
  symbol: { en: "tariff T", zh: "费率T" },
};
type Kind = readonly [word: string, en: string, zh: string];
const ACTIVE: readonly Kind[] = [
  ["imported", "forward active", "正向有功"],
  ["exported", "reverse active", "反向有功"],
];
/** In the order of the digit: quadrant 4 stands before 2 and 3. */
const REACTIVE: readonly Kind[] = [
  ["importedReactive", "forward reactive", "正向无功"],
  ["exportedReactive", "reverse reactive", "反向无功"],
  ["quadrant1", "quadrant 1 reactive", "第一象限无功"],
  ["quadrant4", "quadrant 4 reactive", "第四象限无功"],
  ["quadrant2", "quadrant 2 reactive", "第二象限无功"],
  ["quadrant3", "quadrant 3 reactive", "第三象限无功"],
];
const kindVariable = (kinds: readonly Kind[], every: Kind): Variable => {
  const of = (n: number): Kind => (n === ALL ? every : kinds[n - 1]!);
  return {
    letters: "K",
    says: `${kinds.map(([, en], i) => `${i + 1} ${en}`).join(", ")}, F all`,
    first: 1,
    last: kinds.length,
    all: kinds.length,
    word: (n) => of(n)[0],
    en: (n) => of(n)[1],
    zh: (n) => of(n)[2],
    symbol: { en: every[1].replace("every ", "") + " K", zh: `${every[2].replace("各类", "")}K` },
  };
};
const KINDS = [
  [kindVariable(ACTIVE, ["every", "every active", "各类有功"]), "kWh", "kW"],
  [kindVariable(REACTIVE, ["everyReactive", "every reactive", "各类无功"]), "kvarh", "kvar"],
] as const;

/** Bits 2 and 3 of the second digit step back by months. */
const MONTHS = [
  ["", "", "(当前)"],
  ["Month1", ", last month", "(上月)"],
  ["Month2", ", month before last", "(上上月)"],
] as const;

interface Quantity {
  readonly digit: string;
  readonly noun: string;
  readonly words: Words;
  readonly blockWords: Words;
  readonly category: Category;
  readonly format: (kind: 0 | 1) => Format<unknown>;
}
const QUANTITIES: readonly Quantity[] = [
  {
    digit: "9",
    noun: "Energy",
    words: "{K} energy, {T} | {K}电能{T}",
    blockWords: "{K} energy, total and tariffs | {K}电能数据块",
    category: "energy",
    format: (kind) => (kind === 0 ? energy() : decimal(4, 2, KINDS[kind][1])),
  },
  {
    digit: "A",
    noun: "Demand",
    words: "maximum demand, {K}, {T} | {K}{T}最大需量",
    blockWords: "maximum demand, {K}, total and tariffs | {K}最大需量数据块",
    category: "demand",
    format: (kind) => decimal(3, 4, KINDS[kind][2]),
  },
  {
    digit: "B",
    noun: "DemandTime",
    words: "time of the maximum demand, {K}, {T} | {K}{T}最大需量发生时间",
    blockWords: "time of the maximum demand, {K}, total and tariffs | {K}最大需量发生时间数据块",
    category: "demand",
    format: () => moment("MMDDhhmm"),
  },
];

/** One quantity of one month, active or reactive: a row for one direction and tariff, and a row for all of them together. */
function rowsOfMonth(quantity: Quantity, month: 0 | 1 | 2, kind: 0 | 1): readonly TableRow[] {
  const [word, back, zhMonth] = MONTHS[month];
  const [variable] = KINDS[kind];
  const variables = [variable, T];
  const name = `{K}${quantity.noun}{T}${word}`;
  const standing = `r ${quantity.category} high` as const;
  const format = quantity.format(kind);
  const head = quantity.digit + (month * 4 + kind).toString(16).toUpperCase();
  const ofMonth = (words: Words): Words => {
    const [en, zh] = words.split(" | ") as [string, string];
    return `${en}${back} | ${zhMonth}${zh}`;
  };
  const blockWords = ofMonth(quantity.blockWords);
  const family = valueFamily(
    { di: `${head}KT`, variables, name, words: ofMonth(quantity.words), blockWords: { T: blockWords }, standing },
    format,
  );
  const all = shapesOf(`r ${quantity.category} medium`)(
    `${head}FF`,
    () =>
      groupBlock(
        Array.from({ length: variable.last }, (_, k) => ({
          fieldAt: (i: number) => field(nameAt(name, variables, [k + 1, i]), format),
          most: T.last + 1,
        })),
      ),
    blockWords.replace("{K}", variable.en(ALL)).replace("{K}", variable.zh(ALL)) as Words,
    "AAH between two groups",
  );
  return [withSeparators(family, format), { ...all, name: `${variable.word(ALL)}${quantity.noun}Block${word}` }];
}
const tariffed = QUANTITIES.flatMap((quantity) =>
  ([0, 1, 2] as const).flatMap((month) => ([0, 1] as const).flatMap((kind) => rowsOfMonth(quantity, month, kind))),
);

/** A block of tariffs is one group, and some meters end it with AAH as if another followed. */
function withSeparators(row: FamilyRow<unknown>, format: Format<unknown>): TableRow {
  return {
    ...row,
    shape(name, values) {
      if (values[1] !== ALL) return row.shape(name, values);
      const fieldAt = (i: number) => field(nameAt(row.name, row.variables, values.with(1, i)), format);
      return { ...groupBlock([{ fieldAt, most: T.last + 1 }]), pattern: `${format.pattern} x (k+1)` };
    },
  };
}

// ---- what is measured now: B6 ----

const phase: Variable = { ...PLAIN_PHASE, letters: "P", says: "phase: 1 A, 2 B, 3 C, F all" };
const place: Variable = { ...TOTAL_AND_PHASES, letters: "P", says: "0 total, 1 phase A, 2 B, 3 C, F all" };
const now = (digit: string, name: string, words: Words, format: Format<unknown>, over: Variable): FamilyRow<unknown> => {
  const [en, zh] = words.split(" | ") as [string, string];
  return valueFamily(
    {
      di: `B6${digit}P`,
      variables: [over],
      name: `${name}{P}`,
      words: `${en}, {P} | {P}${zh}`,
      patternWords: words,
      blockWords: { P: `${en}, {P} | ${zh}数据块` },
      standing: "r instantaneous high",
    },
    format,
  );
};
const instantaneous = [
  now("1", "voltage", "voltage | 电压", written("XXX", decimal(2, 0, "V")), phase),
  now("2", "current", "current | 电流", decimal(2, 2, "A"), phase),
  now("3", "power", "active power | 瞬时有功功率", decimal(3, 4, "kW"), place),
  now("4", "reactivePower", "reactive power | 瞬时无功功率", decimal(2, 2, "kvar"), place),
  now("5", "powerFactor", "power factor | 功率因数", decimal(2, 3, null), place),
];
const everythingNow = named({
  instantaneousBlock: shapesOf("r instantaneous medium")(
    "B6FF",
    () =>
      groupBlock(
        instantaneous.map((row) => {
          const [variable] = row.variables as readonly [Variable];
          return {
            fieldAt: (i: number) => field(nameAt(row.name, row.variables, [variable.first + i]), row.format),
            most: variable.last - variable.first + 1,
          };
        }),
      ),
    "voltages, currents, powers, power factors | 变量数据块",
    "AAH between two groups",
  ),
});

// ---- events: B2, B3 ----

const read = rowsOf("r event high");
const low = rowsOf("r event low");
const events = named({
  programmingTime: read("B210", moment("MMDDhhmm"), "last programming | 最近一次编程时间"),
  demandClearTime: low("B211", moment("MMDDhhmm"), "last clearing of the demand | 最近一次最大需量清零时间", "recalled"),
  programmingCount: read("B212", count(2, "times"), "programmings | 编程次数"),
  demandClearCount: read("B213", count(2, "times"), "clearings of the demand | 最大需量清零次数"),
  batteryMinutes: read("B214", count(3, "min"), "working time of the battery | 电池工作时间"),
});
const failurePlace: Variable = { ...place, zh: (n) => (n === 0 ? "" : PHASE.zh(n)), symbol: { en: "P", zh: "" } };
const phaseFailures = [
  ["1", "phaseFailureCount{P}", "phase failures, {P} | {P}断相次数", count(2, "times"), "medium"] as const,
  ["2", "phaseFailureTime{P}", "accumulated phase failure, {P} | {P}断相时间累计值", count(3, "min"), "low"] as const,
  [
    "3",
    "phaseFailureStart{P}",
    "start of the last phase failure, {P} | {P}最近一次断相起始时刻",
    moment("MMDDhhmm"),
    "low",
  ] as const,
  ["4", "phaseFailureEnd{P}", "end of the last phase failure, {P} | {P}最近一次断相结束时刻", moment("MMDDhhmm"), "low"] as const,
].map(([digit, name, words, format, confidence]) =>
  valueFamily<unknown>(
    {
      di: `B3${digit}P`,
      variables: [failurePlace],
      name,
      words,
      standing: `r event ${confidence}`,
      note: confidence === "low" ? "recalled" : "",
    },
    format,
  ),
);

// ---- parameters: C ----

const parameter = rowsOf("rw parameter high");
const shown = rowsOf("r parameter high");
const parameters = named({
  date: parameter("C010", moment("YYMMDDWW"), "date and weekday | 日期及周次"),
  time: parameter("C011", moment("hhmmss"), "time | 时间"),
  meterState: shown("C020", bits(1), "meter state byte | 电表运行状态字"),
  gridState: rowsOf("r parameter low")("C021", bits(1), "grid state byte | 电网状态字", "recalled"),
  weekend: parameter("C022", weekendFeature, "weekend byte | 周休日状态字"),
  activeConstant: shown("C030", count(3, "imp/kWh"), "pulse constant, active | 电表常数(有功)"),
  reactiveConstant: shown("C031", count(3, "imp/kvarh"), "pulse constant, reactive | 电表常数(无功)"),
  communicationAddress: parameter("C032", digits(6), "meter number, used as address | 表号"),
  demandPeriod: parameter("C111", count(1, "min"), "demand period | 最大需量周期"),
  demandStep: parameter("C112", count(1, "min"), "demand sliding step | 滑差时间"),
  settlementDay1: parameter("C117", moment("DDhh"), "settlement day | 自动抄表日期"),
});

const SIZES: readonly (readonly [name: string, en: string, zh: string])[] = [
  ["zoneCount", "yearly time zones", "年时区数"],
  ["slotTableCount", "daily slot tables", "日时段表数"],
  ["slotCount", "slots per day", "日时段数"],
  ["tariffCount", "tariffs", "费率数"],
  ["holidayCount", "public holidays", "公共假日数"],
];
const sizeOf = (n: number) => SIZES[n] ?? (["tableSizes", "sizes of all tables", "时区、时段、费率、假日数数据块"] as const);
const sizes = valueFamily(
  {
    di: "C31L",
    variables: [
      {
        ...numbered("L", "", SIZES.length - 1),
        says: `${SIZES.map(([, en], i) => `${i} ${en}`).join(", ")}, F all`,
        first: 0,
        all: SIZES.length,
        word: (n) => sizeOf(n)[0],
        en: (n) => sizeOf(n)[1],
        zh: (n) => sizeOf(n)[2],
        symbol: { en: "L", zh: "年时区数、日时段表数、日时段数、费率数、公共假日数" },
      },
    ],
    name: "{L}",
    words: "{L} | {L}",
    standing: "rw parameter high",
  },
  count(1),
);

const ENTRIES = { all: { most: 14, as: "n" }, word: (n: number) => (n === ALL ? "s" : String(n)) };
const zones = valueFamily(
  {
    di: "C32L",
    variables: [{ ...numbered("L", "time zone", 14, ENTRIES), says: "time zone: 1..E, F all" }],
    name: "zone{L}",
    words: "time zone {L}, #daily slot table | 第{L}时区起始日期及日时段表号",
    blockWords: { L: "time-zone table, #daily slot table | 时区表数据块" },
    standing: "rw parameter high",
  },
  moment("MMDDNN"),
);
const slots = Array.from({ length: 8 }, (_, i) =>
  valueFamily(
    {
      di: `C3${(i + 3).toString(16).toUpperCase()}L`,
      variables: [{ ...numbered("L", "slot", 14, ENTRIES), says: "slot: 1..E, F all" }],
      name: `table${i + 1}Slot{L}`,
      words: `daily slot table ${i + 1}, slot {L}, #tariff | 第${i + 1}日时段表第{L}时段起始时间及费率号`,
      blockWords: { L: `daily slot table ${i + 1}, #tariff | 第${i + 1}日时段表数据块` },
      standing: "rw parameter high",
    },
    moment("hhmmNN"),
  ),
);

export const TABLE_1997: readonly TableRow[] = [
  ...tariffed,
  ...instantaneous,
  ...Object.values(everythingNow),
  ...Object.values(events),
  ...phaseFailures,
  ...Object.values(parameters),
  sizes,
  zones,
  ...slots,
];
