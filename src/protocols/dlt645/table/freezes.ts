/**
 * Freezes (DI3 = 05, table A.6): DI2 the occasion, DI1 the quantity, DI0 the age (01 newest). A quantity is the total and its tariffs,
 * as many as the meter has; a whole block (DI1 = FF) puts AAH behind every quantity: see `freeze-block.ts`.
 */
import { bcdFen, count, decimal, energy, moment } from "../formats/formats.ts";
import { freezeBlock } from "../shapes/freeze-block.ts";
import type { BlockPart } from "../shapes/freeze-block.ts";
import { field, joinName, record, series } from "../item.ts";
import type { Field } from "../item.ts";
import { demandFields } from "./demands.ts";
import { fieldFamily, shapeFamily, valueFamily } from "./row.ts";
import type { FamilyRow, TableRow } from "./row.ts";
import { AGE, TARIFF } from "./variable.ts";

const time = moment("YYMMDDhhmm");
const kvarh = (signed = false) => decimal(4, 2, "kvarh", signed);

type Occasion = readonly [di2: string, name: string, en: string, zh: string, kept: string, confidence?: "high" | "medium"];
const OCCASIONS: readonly Occasion[] = [
  ["00", "timedFreeze", "timed freeze", "定时冻结", "12 kept, 60 in some"],
  ["01", "instantFreeze", "instant freeze", "瞬时冻结", "3 kept"],
  ["02", "zoneSwitchFreeze", "freeze at time-zone table switch", "两套时区表切换约定冻结", "2 kept"],
  ["03", "slotSwitchFreeze", "freeze at slot table switch", "两套日时段表切换约定冻结", "2 kept"],
  ["05", "priceSwitchFreeze", "freeze at tariff price switch", "两套费率电价切换约定冻结", "2 kept"],
  ["06", "dailyFreeze", "daily freeze", "日冻结", "62 kept"],
  [
    "07",
    "stepSwitchFreeze",
    "freeze at step switch",
    "两套阶梯切换约定冻结",
    "2 kept; one vendor uses it for a monthly freeze",
    "medium",
  ],
];

type Quantity = readonly [di1: string, name: string, en: string, zh: string, fieldsOf: (name: string) => readonly Field[]];
const QUANTITIES: readonly Quantity[] = [
  ["01", "importedEnergy", "forward active energy", "正向有功电能", (own) => [field(own, energy())]],
  ["02", "exportedEnergy", "reverse active energy", "反向有功电能", (own) => [field(own, energy())]],
  ["03", "reactive1Energy", "combined reactive 1 energy", "组合无功1电能", (own) => [field(own, kvarh(true))]],
  ["04", "reactive2Energy", "combined reactive 2 energy", "组合无功2电能", (own) => [field(own, kvarh(true))]],
  ["05", "quadrant1Energy", "quadrant 1 reactive energy", "第一象限无功电能", (own) => [field(own, kvarh())]],
  ["06", "quadrant2Energy", "quadrant 2 reactive energy", "第二象限无功电能", (own) => [field(own, kvarh())]],
  ["07", "quadrant3Energy", "quadrant 3 reactive energy", "第三象限无功电能", (own) => [field(own, kvarh())]],
  ["08", "quadrant4Energy", "quadrant 4 reactive energy", "第四象限无功电能", (own) => [field(own, kvarh())]],
  [
    "09",
    "importedDemand",
    "forward active maximum demand and time",
    "正向有功最大需量及发生时间",
    (own) => demandFields(own, "kW"),
  ],
  [
    "0A",
    "exportedDemand",
    "reverse active maximum demand and time",
    "反向有功最大需量及发生时间",
    (own) => demandFields(own, "kW"),
  ],
];
const VARIABLES = ["power", "powerA", "powerB", "powerC", "reactivePower", "reactivePowerA", "reactivePowerB", "reactivePowerC"];
const variableFields = (occasion: string): readonly Field[] =>
  VARIABLES.map((name, i) => field(joinName(occasion, name), decimal(3, 4, i < 4 ? "kW" : "kvar", true)));

const family = (
  [, name, en, zh, kept, confidence = "high"]: Occasion,
  di: string,
  word: string,
  title: string,
  chinese: string,
) =>
  ({
    di,
    variables: [AGE],
    name: `${joinName(name, word)}{NN}`,
    words: `${en}, {NN}: ${title} | {NN}${zh}${chinese}`,
    standing: `r freeze ${confidence}`,
    note: kept,
  }) as const;

const timeRow = (occasion: Occasion, chinese = "冻结时间"): FamilyRow<string> =>
  valueFamily(family(occasion, `05${occasion[0]}00NN`, "time", "when", chinese), time);

function rowsOfOccasion(occasion: Occasion): readonly TableRow[] {
  const [di2, name] = occasion;
  return [
    timeRow(occasion),
    ...QUANTITIES.map(([di1, word, en, zh, fieldsOf]) =>
      shapeFamily(family(occasion, `05${di2}${di1}NN`, word, en, zh), (_own, [age]) =>
        series((i) => fieldsOf(joinName(name, word, TARIFF.word(i), AGE.word(age!))), { most: TARIFF.last + 1, as: "(k+1)" }),
      ),
    ),
    shapeFamily(
      family(occasion, `05${di2}10NN`, "variables", "active power total, A, B, C, then reactive power", "变量数据"),
      () => record(variableFields(name), { pattern: "XX.XXXX x 8" }),
    ),
    shapeFamily(family(occasion, `05${di2}FFNN`, "block", "whole block", "数据块"), () =>
      freezeBlock([
        timePart(name),
        ...QUANTITIES.map(([, word, , , fieldsOf]) => quantityPart(name, word, fieldsOf)),
        { fieldsAt: () => variableFields(name), repeats: false, mayBeOff: true },
      ]),
    ),
  ];
}
const timePart = (name: string): BlockPart => ({
  fieldsAt: () => [field(joinName(name, "time"), time)],
  repeats: false,
  mayBeOff: false,
});
const quantityPart = (name: string, word: string, fieldsOf: Quantity[4]): BlockPart => ({
  fieldsAt: (i) => fieldsOf(joinName(name, word, TARIFF.word(i))),
  repeats: true,
  mayBeOff: true,
});

/** 0504: no tariffs, and nothing but time and two totals. */
const HOURLY: Occasion = ["04", "hourlyFreeze", "hourly freeze", "整点冻结", "254 kept"];
const hourly: readonly TableRow[] = [
  timeRow(HOURLY, "时间"),
  ...QUANTITIES.slice(0, 2).map(([di1, word, en, zh]) =>
    valueFamily(family(HOURLY, `0504${di1}NN`, word, `${en}, total`, zh.replace("电能", "总电能")), energy()),
  ),
  shapeFamily(family(HOURLY, "0504FFNN", "block", "whole block", "数据块"), () =>
    freezeBlock([
      timePart("hourlyFreeze"),
      ...QUANTITIES.slice(0, 2).map(([, word, , , fieldsOf]) => quantityPart("hourlyFreeze", word, fieldsOf)),
    ]),
  ),
];

/** Southern Grid keeps the purse in a freeze of its own; the order of the three is inferred. */
const purse = fieldFamily(
  {
    di: "050802NN",
    variables: [AGE],
    name: "dailyFreezePurse{NN}",
    words: "daily freeze, {NN}: purchase count, remaining and overdraft amount | {NN}日冻结总购电次数+剩余金额+透支金额",
    standing: "r freeze low",
    note: "Southern Grid",
  },
  () => [
    field("dailyFreezePurchaseCount", count(2, "times")),
    field("dailyFreezeBalance", bcdFen),
    field("dailyFreezeOverdraft", bcdFen),
  ],
);

const occasions = OCCASIONS.map(rowsOfOccasion);
const dailyTime = occasions[5]![0] as FamilyRow<string>;
export const freezeValues = { dailyFreezeTime: dailyTime.at(1) };
export const freezeRows: readonly TableRow[] = [...occasions.flat(), ...hourly, purse];
