/**
 * Disturbances of the line (DI3 = 03, DI2 = 01..12, table A.4): how often and how long, and the ten newest records of each. A record
 * tells what was counted meanwhile and, for the graver ones, what was measured when it began.
 */
import { count, decimal, energy, moment } from "../formats/formats.ts";
import type { Format } from "../formats/format.ts";
import { field, record, series } from "../item.ts";
import type { Field } from "../item.ts";
import { fieldFamily, named, rowsOf, shapesOf } from "./row.ts";
import type { TableRow } from "./row.ts";
import { MONTH, RECORD, WHOLE_OR_PHASE, numbered } from "./variable.ts";

export const second = moment("YYMMDDhhmmss");
export const times = count(3, "times");
export const minutes = count(3, "min");
export const span = [field("start", second), field("end", second)];
const PHASES = ["A", "B", "C"] as const;

const ENERGY_INCREMENTS: readonly (readonly [string, Format<unknown>])[] = [
  ["importedEnergyIncrement", energy(true)],
  ["exportedEnergyIncrement", energy(true)],
  ["reactive1Increment", decimal(4, 2, "kvarh", true)],
  ["reactive2Increment", decimal(4, 2, "kvarh", true)],
];
const increments = (phase: string): Field[] => ENERGY_INCREMENTS.map(([name, format]) => field(`${name}${phase}`, format));
const measured = (phase: string): Field[] => [
  field(`voltage${phase}`, decimal(2, 1, "V")),
  field(`current${phase}`, decimal(3, 3, "A", true)),
  field(`power${phase}`, decimal(3, 4, "kW", true)),
  field(`reactivePower${phase}`, decimal(3, 4, "kvar", true)),
  field(`powerFactor${phase}`, decimal(2, 3, null, true)),
];
const ampereHours = ["ampereHours", "ampereHoursA", "ampereHoursB", "ampereHoursC"].map((name) =>
  field(name, decimal(4, 2, "Ah")),
);

/** 76 bytes; 115 with what was measured at the start; 131 with ampere-hours; 78 with the greatest unbalance. */
const SHORT = [...span, ...increments(""), ...PHASES.flatMap(increments)];
const MEASURED = [...span, ...increments(""), ...PHASES.flatMap((phase) => [...increments(phase), ...measured(phase)])];
const VOLTAGE = [...MEASURED, ...ampereHours];
const UNBALANCE = [...span, field("unbalanceMax", decimal(2, 2, "%")), ...increments(""), ...PHASES.flatMap(increments)];
const TOTAL_LOSS = [field("start", second), field("current", decimal(3, 3, "A", true)), field("end", second)];

const RECORD_NOTES: ReadonlyMap<readonly Field[], string> = new Map([
  [VOLTAGE, "start, end; increments of 4 total energies; of each phase 4 increments and 5 measured values; 4 ampere-hours"],
  [MEASURED, "start, end; increments of 4 total energies; of each phase 4 increments and 5 measured values"],
  [SHORT, "start, end; increments of 4 total energies and of 4 for each phase"],
  [UNBALANCE, "start, end; greatest unbalance; increments of 4 total energies and of 4 for each phase"],
  [TOTAL_LOSS, "start, current, end"],
  [span, "start, end"],
]);

type Event = readonly [di2: string, name: string, en: string, zh: string, fields: readonly Field[]];

/** DI1 is the phase. */
const PHASE_EVENTS: readonly Event[] = [
  ["01", "voltageLoss", "voltage loss", "失压", VOLTAGE],
  ["02", "underVoltage", "under-voltage", "欠压", VOLTAGE],
  ["03", "overVoltage", "over-voltage", "过压", VOLTAGE],
  ["04", "phaseFailure", "phase failure", "断相", VOLTAGE],
  ["0B", "currentLoss", "current loss", "失流", MEASURED],
  ["0C", "overCurrent", "over-current", "过流", MEASURED],
  ["0D", "currentInterruption", "current interruption", "断流", MEASURED],
  ["0E", "powerFlowReversal", "power-flow reversal", "潮流反向", SHORT],
  ["0F", "overload", "overload", "过载", SHORT],
];
const WHOLE_EVENTS: readonly Event[] = [
  ["05", "totalVoltageLoss", "total voltage loss", "全失压", TOTAL_LOSS],
  ["06", "auxiliarySupplyLoss", "auxiliary supply loss", "辅助电源失电", span],
  ["07", "voltageReversePhaseSequence", "voltage reverse phase sequence", "电压逆相序", SHORT],
  ["08", "currentReversePhaseSequence", "current reverse phase sequence", "电流逆相序", SHORT],
  ["09", "voltageUnbalance", "voltage unbalance", "电压不平衡", UNBALANCE],
  ["0A", "currentUnbalance", "current unbalance", "电流不平衡", UNBALANCE],
];

const shape = shapesOf("r event high");
const value = rowsOf("r event high");

const recordRow = (di: string, name: string, en: string, zh: string, fields: readonly Field[]): TableRow =>
  fieldFamily(
    {
      di,
      variables: [RECORD],
      name,
      words: `${en}, {NN} | {NN}${zh}记录`,
      standing: "r event high",
      note: RECORD_NOTES.get(fields) ?? "",
    },
    () => fields,
    { pattern: "record" },
  );

const counts = named(
  Object.fromEntries([
    ...PHASE_EVENTS.map(([di2, name, en, zh]) => [
      `${name}Counts`,
      shape(
        `03${di2}0000`,
        () => series((i) => [field(`${name}Count${PHASES[i]!}`, times), field(`${name}Time${PHASES[i]!}`, minutes)], 3),
        `${en}: count and time per phase | A/B/C相${zh}总次数,总累计时间`,
        "3 bytes of count and 3 of minutes for each phase",
      ),
    ]),
    ...WHOLE_EVENTS.map(([di2, name, en, zh]) => [
      `${name}Count`,
      shape(
        `03${di2}0000`,
        () => record([field(`${name}Count`, times), field(`${name}Time`, minutes)]),
        `${en}: count and time | ${zh}总次数,总累计时间`,
      ),
    ]),
  ]) as Readonly<Record<string, ReturnType<typeof shape>>>,
);

const records: readonly TableRow[] = [
  ...PHASE_EVENTS.flatMap(([di2, name, en, zh, fields]) =>
    PHASES.map((phase, i) =>
      recordRow(`03${di2}0${i + 1}NN`, `${name}${phase}Record{NN}`, `${en}, phase ${phase}`, `${phase}相${zh}`, fields),
    ),
  ),
  ...WHOLE_EVENTS.map(([di2, name, en, zh, fields]) => recordRow(`03${di2}00NN`, `${name}Record{NN}`, en, zh, fields)),
];

/** 0310: how long the voltage was within its limits, for each month. */
const rate = decimal(3, 2, "%");
const QUALITY = [
  field("monitoredTime", minutes),
  field("passRate", rate),
  field("overRate", rate),
  field("overTime", minutes),
  field("underTime", minutes),
  field("voltageMax", decimal(2, 1, "V")),
  field("voltageMaxTime", moment("MMDDhhmm")),
  field("voltageMin", decimal(2, 1, "V")),
  field("voltageMinTime", moment("MMDDhhmm")),
];
const quality = fieldFamily(
  {
    di: "0310PPMM",
    variables: [WHOLE_OR_PHASE, MONTH],
    name: "voltageQuality{PP}{MM}",
    words: "voltage qualification statistics{PP}, {MM} | {MM}{PP}电压合格率统计数据",
    standing: "r event high",
    note: "monitored time, pass rate, over rate, over time, under time, greatest and least voltage with their times",
  },
  () => QUALITY,
  { pattern: "record" },
);

/** 0311 and 0312. */
const powerDown = fieldFamily(
  {
    di: "031100NN",
    variables: [RECORD],
    name: "powerDownRecord{NN}",
    words: "power-down, {NN} | {NN}掉电发生时刻,结束时刻",
    standing: "r event high",
  },
  () => span,
  { pattern: "YYMMDDhhmmss x 2" },
);
const OVER_LIMIT = ["Imported", "Exported", "Quadrant1", "Quadrant2", "Quadrant3", "Quadrant4"] as const;
const OVER_LIMIT_EN = ["forward active", "reverse active", "quadrant 1", "quadrant 2", "quadrant 3", "quadrant 4"] as const;
const OVER_LIMIT_ZH = ["正向有功", "反向有功", "第一象限无功", "第二象限无功", "第三象限无功", "第四象限无功"] as const;
const DEMAND = numbered("QQ", "01 forward active, 02 reverse active, 03..06 quadrants 1 to 4", 6, {
  word: (n) => OVER_LIMIT[n - 1]!,
  en: (n) => OVER_LIMIT_EN[n - 1]!,
  zh: (n) => OVER_LIMIT_ZH[n - 1]!,
  symbol: { en: "demand QQ", zh: "" },
});
const overLimit = fieldFamily(
  {
    di: "0312QQNN",
    variables: [DEMAND, RECORD],
    name: "demandOverLimit{QQ}Record{NN}",
    words: "demand over limit, {QQ}, {NN} | {NN}{QQ}需量超限记录",
    standing: "r event high",
    note: "start, end, greatest demand with its time",
  },
  (_name, [demand]) => [
    ...span,
    field("demandMax", decimal(3, 4, demand! <= 2 ? "kW" : "kvar", true)),
    field("demandMaxTime", moment("YYMMDDhhmm")),
  ],
  { pattern: "record" },
);

const others = named({
  powerDownCount: value("03110000", times, "power-down: count | 掉电总次数"),
  demandOverLimitCounts: shape(
    "03120000",
    () =>
      record(
        OVER_LIMIT.map((kind) => field(`demandOverLimit${kind}Count`, times)),
        { pattern: "XXXXXX x 6" },
      ),
    "demand over limit: counts | 需量超限总次数",
    "forward active, reverse active, quadrants 1 to 4",
  ),
});

export const disturbanceRows: readonly TableRow[] = [
  ...Object.values(counts),
  ...Object.values(others),
  ...records,
  quality,
  powerDown,
  overLimit,
];
