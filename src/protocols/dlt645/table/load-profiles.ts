/**
 * Load profiles (DI3 = 06, table A.7): DI2 the class, 00 all six, DI0 which records; and the newer curves 0610 of the supplement of
 * 2013. How records are cut from the data is told in `load-record.ts`.
 */
import { decimal, energy, moment } from "../formats/formats.ts";
import type { Format } from "../formats/format.ts";
import { field, series } from "../item.ts";
import type { Field } from "../item.ts";
import { curve, loadRecords } from "../shapes/load-record.ts";
import { named, shapeFamily, shapesOf } from "./row.ts";
import type { Confidence, TableRow, Words } from "./row.ts";
import { numbered } from "./variable.ts";

const volt = decimal(2, 1, "V");
const ampere = decimal(3, 3, "A", true);
const power = (unit: "kW" | "kvar") => decimal(3, 4, unit, true);
const factor = decimal(2, 3, null, true);
const kvarh = (signed = false) => decimal(4, 2, "kvarh", signed);
const phases = (name: string, format: Format<unknown>): Field[] =>
  ["A", "B", "C"].map((phase) => field(`${name}${phase}`, format));
const time = moment("YYMMDDhhmm");

type Class = readonly [en: string, zh: string, fields: readonly Field[]];
const CLASSES: readonly Class[] = [
  [
    "voltages, currents, frequency",
    "电压、电流、频率",
    [...phases("voltage", volt), ...phases("current", ampere), field("frequency", decimal(2, 2, "Hz"))],
  ],
  [
    "active and reactive power",
    "有、无功功率",
    [
      field("power", power("kW")),
      ...phases("power", power("kW")),
      field("reactivePower", power("kvar")),
      ...phases("reactivePower", power("kvar")),
    ],
  ],
  ["power factors", "功率因数", [field("powerFactor", factor), ...phases("powerFactor", factor)]],
  [
    "active and reactive energy",
    "有、无功总电能",
    [
      field("importedEnergy", energy()),
      field("exportedEnergy", energy()),
      field("reactive1Energy", kvarh(true)),
      field("reactive2Energy", kvarh(true)),
    ],
  ],
  ["four-quadrant reactive energy", "四象限无功总电能", [1, 2, 3, 4].map((n) => field(`quadrant${n}Energy`, kvarh()))],
  ["present demands", "当前需量", [field("demand", power("kW")), field("reactiveDemand", power("kvar"))]],
];

const WHICH_EN = ["earliest", "given time", "latest"] as const;
const WHICH_ZH = ["最早记录块", "给定时间记录块", "最近一个记录块"] as const;
const WHICH = {
  ...numbered("LL", "", 2, {
    word: () => "",
    en: (n) => WHICH_EN[n as 0 | 1 | 2],
    zh: (n) => WHICH_ZH[n as 0 | 1 | 2],
    symbol: { en: "LL", zh: "记录块" },
  }),
  says: "00 earliest, 01 at a given time, 02 latest",
  first: 0,
};
const all = shapeFamily(
  {
    di: "060000LL",
    variables: [WHICH],
    name: "loadProfile{LL}",
    words: "load profile, all classes, {LL} | 负荷记录数据块:{LL}",
    standing: "r load high",
    note: "asked with a count of records (1 byte BCD), 01 with mm hh DD MM YY behind it",
  },
  () =>
    loadRecords(
      field("time", time),
      CLASSES.map(([, , fields]) => fields),
    ),
);
const single = CLASSES.map(([en, zh, fields], i) =>
  shapeFamily(
    {
      di: `060${i + 1}00LL`,
      variables: [WHICH],
      name: `loadProfileClass${i + 1}{LL}`,
      words: `load profile class ${i + 1} (${en}), {LL} | 第${i + 1}类负荷记录(${zh}){LL}`,
      standing: "r load high",
    },
    () => loadRecords(field("time", time), [fields]),
  ),
);

const CURVES: readonly (readonly [string, string, Words, Format<unknown>, Confidence])[] = [
  ["0101", "voltage", "voltage, phase A | A相电压曲线", volt, "medium"],
  ["0102", "voltageB", "voltage, phase B | B相电压曲线", volt, "low"],
  ["0103", "voltageC", "voltage, phase C | C相电压曲线", volt, "low"],
  ["0201", "current", "current, phase A | A相电流曲线", ampere, "medium"],
  ["0202", "currentB", "current, phase B | B相电流曲线", ampere, "low"],
  ["0203", "currentC", "current, phase C | C相电流曲线", ampere, "low"],
  ["0300", "power", "total active power | 总有功功率曲线", power("kW"), "medium"],
  ["0400", "reactivePower", "total reactive power | 总无功功率曲线", power("kvar"), "low"],
  ["0500", "powerFactor", "total power factor | 总功率因数曲线", factor, "medium"],
  ["0601", "importedEnergy", "forward active energy | 正向有功总电能曲线", energy(), "medium"],
  ["0602", "exportedEnergy", "reverse active energy | 反向有功总电能曲线", energy(), "medium"],
];
const curves = named(
  Object.fromEntries(
    CURVES.map(([di, name, words, format, confidence]) => [
      `${name}Curve`,
      shapesOf(`r load ${confidence}`)(
        `0610${di}`,
        () =>
          curve(
            field("start", time),
            series((i) => [field(`${name}${i + 1}`, format)]),
          ),
        `curve of ${words}` as Words,
        "asked with a count and mm hh DD MM YY; gaps are FF, energies repeat the last value",
      ),
    ]),
  ),
);

export const loadProfileRows: readonly TableRow[] = [all, ...single, ...Object.values(curves)];
