/**
 * Parameters that are tables in the meter (DI3 = 04, DI2 = 01 to 07): time zones of the year, slots of the day, holidays, screens,
 * prices of the tariffs, steps and their prices. There are two sets of most: the one in force, and one that takes over later.
 */
import { decimal, digits, energy, hex, moment, set } from "../formats/formats.ts";
import { field, record, series } from "../item.ts";
import type { Field, Shape } from "../item.ts";
import { fieldFamily, named, shapeFamily, shapesOf, valueFamily } from "./row.ts";
import type { Access, Standing, TableRow, Words } from "./row.ts";
import { PRICE_TARIFF, numbered } from "./variable.ts";

const price = set(decimal(4, 4, "yuan/kWh"));
const threshold = set(energy());
const ENTRIES_MAX = 14;
const times = (n: number, name: string, format: Field["format"]): Field[] =>
  Array.from({ length: n }, (_, i) => field(`${name}${i + 1}`, format));

const zones = (turns: number | { most: number; as: string }): Shape =>
  series((i) => [field(`zone${i + 1}`, moment("MMDDNN"))], turns);
const slots = (): Shape => series((i) => [field(`slot${i + 1}`, moment("hhmmNN"))], ENTRIES_MAX);

const parameter = shapesOf("rw parameter high");
const zoneTables = named({
  firstZoneTable: parameter(
    "04010000",
    () => zones(ENTRIES_MAX),
    "first set: time-zone table, #daily slot table | 第一套时区表数据",
    "as many entries as 04000201 says; level 98",
  ),
  secondZoneTable: parameter(
    "04020000",
    () => zones(ENTRIES_MAX),
    "second set: time-zone table, #daily slot table | 第二套时区表数据",
  ),
});
const slotTables = (di2: string, which: "first" | "second", zh: string): TableRow =>
  shapeFamily(
    {
      di: `04${di2}00LL`,
      variables: [numbered("LL", "daily slot table", 8)],
      name: `${which}SlotTable{LL}`,
      words: `${which} set: daily slot table {LL}, #tariff | ${zh}第{LL}日时段表数据`,
      standing: "rw parameter high",
      note: "as many entries as 04000203 says, at most 14",
    },
    slots,
  );

const holidays = valueFamily(
  {
    di: "040300NN",
    variables: [numbered("NN", "holiday", 0xfe)],
    name: "holiday{NN}",
    words: "public holiday {NN} and its slot table | 第{NN}公共假日日期及日时段表号",
    standing: "rw parameter high",
  },
  moment("YYMMDDNN"),
);

/** Four bytes by the standard, five with the screen number of the supplement: the length received decides. */
const screens = (di1: string, which: "auto" | "key", en: string, zh: string): TableRow =>
  fieldFamily(
    {
      di: `0404${di1}NN`,
      variables: [numbered("NN", "screen", 0xfe)],
      name: `${which}Screen{NN}`,
      words: `${en} screen {NN} | ${zh}第{NN}屏显示数据项`,
      standing: "rw parameter high",
      note: "an identifier; the supplements add a screen number",
    },
    () => [field("item", hex(4)), field("screen", digits(1))],
    { pattern: "NNNNNNNN or NNNNNNNN,NN", bytes: null },
  );

const prices = (di1: string, name: string, en: string, zh: string, blockAccess: Access): TableRow =>
  valueFamily(
    {
      di: `0405${di1}KK`,
      variables: [PRICE_TARIFF],
      name: `${name}{KK}`,
      words: `${en}, {KK} | ${zh}费率{KK}电价`,
      blockWords: { KK: `${en}, {KK} | ${zh}费率电价数据块` },
      standing: "r fee high",
      blockAccess,
      note: "State Grid: only the second set is written, as a block at level 99",
    },
    price,
  );

/** 2009 supplement, one by one. */
const steps = (di1: string, name: string, words: Words, format: Field["format"], standing: Standing): TableRow => {
  const [en, zh] = words.split(" | ") as [string, string];
  // "第一套" and what of it
  const [which, what] = [zh.slice(0, 3), zh.slice(3)];
  return valueFamily(
    {
      di: `0406${di1}NN`,
      variables: [
        numbered("NN", "step", 0xfe, {
          all: { most: 0xfe, as: "n" },
          zh: (n) => `第${n}`,
          symbol: { en: "n", zh: "第n" },
        }),
      ],
      name: `${name}{NN}`,
      words: `${en} {NN} | ${which}{NN}${what}`,
      blockWords: { NN: `${en}, all | ${which}${what}数据块` },
      standing,
      note: "2009 supplement",
    },
    format,
  );
};

/** 2013 supplement, whole tables: 64 bytes, and 70 with the six dates of Southern Grid. */
const stepTable = (dates: 4 | 6): Shape =>
  record(
    [
      ...times(6, "stepThreshold", threshold),
      ...times(7, "stepPrice", price),
      ...times(dates, "yearlySettlement", moment("MMDDhh")),
    ],
    { pattern: `6 x NNNNNN.NN, 7 x NNNN.NNNN, ${dates} x MMDDhh` },
  );
const feeRead = shapesOf("r fee high");
const feeLow = shapesOf("rw fee low");
const SIZES = "6 thresholds, 7 prices, yearly settlement dates";
const UNCOUNTED = { most: Infinity, as: "n" };
const stepTables = named({
  stepTable: feeRead(
    "040604FF",
    () => stepTable(4),
    "step parameter table in force | 当前套阶梯参数数据块",
    `2013 supplement: ${SIZES}`,
  ),
  standbyStepTable: shapesOf("rw fee high")(
    "040605FF",
    () => stepTable(4),
    "standby step parameter table | 备用套阶梯参数数据块",
    "written at level 99",
  ),
  standbyStepTable1: feeLow(
    "04060AFF",
    () => stepTable(6),
    "standby step table 1 | 备用套第1张阶梯表",
    "Southern Grid; those in force are presumably 040608 and 040609",
  ),
  standbyStepTable2: feeLow("04060BFF", () => stepTable(6), "standby step table 2 | 备用套第2张阶梯表", "Southern Grid"),
  stepZones1: shapesOf("r fee low")(
    "04070000",
    () => zones(UNCOUNTED),
    "step time-zone table in force | 当前套阶梯时区表",
    "Southern Grid",
  ),
  stepZones2: feeLow("04070001", () => zones(UNCOUNTED), "standby step time-zone table | 备用套阶梯时区表", "Southern Grid"),
});

export const meterTableRows: readonly TableRow[] = [
  ...Object.values(zoneTables),
  slotTables("01", "first", "第一套"),
  slotTables("02", "second", "第二套"),
  holidays,
  screens("01", "auto", "auto-scroll", "自动循环显示"),
  screens("02", "key", "key-scroll", "按键循环显示"),
  prices("01", "tariffPrice", "price of the set in force", "第一套", "r"),
  prices("02", "standbyTariffPrice", "price of the standby set", "第二套", "rw"),
  steps("00", "stepThreshold", "step threshold of the first set | 第一套阶梯值", threshold, "rw fee high"),
  steps("01", "stepPrice", "step price of the first set | 第一套阶梯电价", price, "rw fee high"),
  steps("02", "standbyStepThreshold", "step threshold of the second set | 第二套阶梯值", threshold, "rw fee medium"),
  steps("03", "standbyStepPrice", "step price of the second set | 第二套阶梯电价", price, "rw fee medium"),
  ...Object.values(stepTables),
];
