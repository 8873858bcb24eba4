/**
 * Limits (0400 0D to 10, 14; 0409): coefficients of a phase, thresholds of power and voltage, of the purse, of the relay and of
 * events; and the refund, which is written like a limit.
 */
import { bcdFen, count, decimal, energy, hex, set } from "../formats/formats.ts";
import { field, opaque, record } from "../item.ts";
import { named, rowsOf, shapeFamily, shapesOf, valueFamily } from "./row.ts";
import type { Confidence, TableRow } from "./row.ts";
import { numbered } from "./variable.ts";

const parameter = rowsOf("rw parameter high");
const parameterMedium = rowsOf("rw parameter medium");
const fee = rowsOf("rw fee high");

const power = set(decimal(3, 4, "kW"));
const voltage = set(decimal(2, 1, "V"));
const percent = set(decimal(2, 2, "%"));
const seconds = set(count(1, "s"));
const minute = set(count(1, "min"));
const minutes = set(count(2, "min"));
const LEVEL_98 = "State Grid level 98";
const LEVEL_99 = "State Grid level 99";

const KINDS = ["conductance", "susceptance", "resistance", "reactance"] as const;
const KINDS_ZH = ["电导", "电纳", "电阻", "电抗"] as const;
const phaseOf = (n: number): string => (["A", "B", "C"] as const)[Math.floor((n - 1) / 4)]!;
const coefficients = valueFamily(
  {
    di: "04000DLL",
    variables: [
      numbered("LL", "conductance, susceptance, resistance, reactance of phase A, then of B and C", 12, {
        word: (n) => KINDS[(n - 1) % 4]! + phaseOf(n),
        en: (n) => `${KINDS[(n - 1) % 4]!}, phase ${phaseOf(n)}`,
        zh: (n) => `${phaseOf(n)}相${KINDS_ZH[(n - 1) % 4]!}系数`,
        symbol: { en: "LL", zh: "各相电导、电纳、电阻、电抗系数" },
      }),
    ],
    name: "{LL}",
    words: "coefficient: {LL} | {LL}",
    standing: "rw parameter high",
  },
  set(decimal(2, 3, null)),
);

const limits = named({
  importedPowerLimit: parameter("04000E01", power, "forward active power, upper limit | 正向有功功率上限值"),
  exportedPowerLimit: parameter("04000E02", power, "reverse active power, upper limit | 反向有功功率上限值"),
  voltageUpperLimit: parameter("04000E03", voltage, "voltage, upper limit | 电压上限值"),
  voltageLowerLimit: parameter("04000E04", voltage, "voltage, lower limit | 电压下限值"),
  alarmEnergy1: fee("04000F01", energy(), "alarm energy 1 | 报警电量1限值", LEVEL_99),
  alarmEnergy2: fee("04000F02", energy(), "alarm energy 2 | 报警电量2限值", LEVEL_99),
  hoardingEnergyLimit: rowsOf("rw fee medium")("04000F03", set(energy()), "hoarding energy limit | 囤积电量限值", LEVEL_98),
  overdraftEnergyLimit: fee("04000F04", set(energy()), "overdraft energy limit | 透支电量限值", LEVEL_98),
  alarmAmount1: fee("04001001", bcdFen, "alarm amount 1 | 报警金额1限值", LEVEL_99),
  alarmAmount2: fee("04001002", bcdFen, "alarm amount 2 | 报警金额2限值", LEVEL_99),
  overdraftLimit: fee("04001003", set(bcdFen), "overdraft amount limit | 透支金额限值", LEVEL_98),
  hoardingLimit: fee("04001004", set(bcdFen), "hoarding amount limit; 0 means none in one firmware | 囤积金额限值", LEVEL_98),
  armingLimit: fee("04001005", set(bcdFen), "amount from which closing is allowed | 合闸允许金额限值", LEVEL_98),
  tripDelay: fee("04001401", minutes, "pre-trip delay: alarm time before a trip | 跳闸延时时间", "0: at once"),
  tripCurrentLimit: fee(
    "04001402",
    set(decimal(3, 3, "A")),
    "relay trip current threshold: above it the trip waits | 继电器拉闸控制电流门限值",
  ),
  tripHoldOff: fee("04001403", minutes, "longest wait of a trip for the current to fall | 超过门限保护延时时间"),
  infraredValidity: rowsOf("rw security medium")("04001404", minute, "infrared authentication validity | 红外认证时效", "0: 30"),
  reportResetTime: parameterMedium("04001405", minute, "report reset time | 上报复位时间"),
  voltageUnbalanceLimit: parameterMedium("04090501", percent, "voltage unbalance limit | 电压不平衡率限值"),
  voltageUnbalanceDelay: parameterMedium("04090502", seconds, "voltage unbalance delay | 电压不平衡率判定延时时间"),
  currentUnbalanceLimit: parameterMedium("04090601", percent, "current unbalance limit | 电流不平衡率限值"),
  currentUnbalanceDelay: parameterMedium("04090602", seconds, "current unbalance delay | 电流不平衡率判定延时时间"),
  overcurrentLimit: rowsOf("rw parameter low")(
    "04090801",
    set(decimal(2, 1, "A")),
    "over-current trigger | 过流事件电流触发下限",
    "format uncertain",
  ),
  overloadLimit: parameterMedium("04090B01", power, "overload trigger | 过载事件有功功率触发下限"),
  overloadDelay: parameterMedium("04090B02", seconds, "overload delay | 过载事件判定延时时间"),
});

/** Under the cipher stand amount 4 and an inner MAC 4, high byte first, in binary fen; no count, so a repeated frame refunds twice. */
const refund = named({
  refund: shapesOf("w fee medium")(
    "04001006",
    () => record([field("cipher", hex(16)), field("mac", hex(4))], { pattern: "cipher 16, MAC 4" }),
    "refund, taken from the purse | 退费",
    "function 14 at level 98 (96); two firmwares",
  ),
});

type Group = readonly [di1: string, name: string, en: string, zh: string, confidence?: Confidence];
/** 0409: thresholds of an event and then its delay; where one is known it has a row of its own above. */
const GROUPS: readonly Group[] = [
  ["01", "voltageLoss", "voltage loss", "失压"],
  ["02", "underVoltage", "under-voltage", "欠压"],
  ["03", "overVoltage", "over-voltage", "过压"],
  ["04", "phaseFailure", "phase failure", "断相"],
  ["05", "voltageUnbalance", "voltage unbalance", "电压不平衡率", "medium"],
  ["06", "currentUnbalance", "current unbalance", "电流不平衡率", "medium"],
  ["07", "currentLoss", "current loss", "失流"],
  ["08", "overCurrent", "over-current", "过流", "medium"],
  ["09", "currentInterruption", "current interruption", "断流"],
  ["0A", "powerFlowReversal", "power-flow reversal", "潮流反向"],
  ["0B", "overload", "overload", "过载", "medium"],
  ["0C", "voltageAssessment", "voltage assessment", "电压考核"],
  ["0D", "demandOverLimit", "demand over limit", "需量超限"],
  ["0E", "powerFactorLow", "power factor low", "功率因数"],
  ["0F", "severeCurrentUnbalance", "severe current unbalance", "电流严重不平衡"],
];
const THRESHOLD = numbered("NN", "number of the threshold", 10);
const thresholds = GROUPS.map(([di1, name, en, zh, confidence = "low"]) =>
  shapeFamily(
    {
      di: `0409${di1}NN`,
      variables: [THRESHOLD],
      name: `${name}Threshold{NN}`,
      words: `event threshold group, ${en}: {NN} | ${zh}事件判据参数{NN}`,
      patternWords: `event threshold group: ${en} | ${zh}事件判据参数`,
      standing: `rw parameter ${confidence}`,
      note: "thresholds, then delay in seconds; lengths not known",
    },
    (own) => opaque(own, "varies", null),
  ),
);

export const limitValues = limits;
export const limitRows: readonly TableRow[] = [coefficients, ...Object.values(limits), ...Object.values(refund), ...thresholds];
