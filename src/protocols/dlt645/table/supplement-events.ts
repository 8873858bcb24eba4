/**
 * The event classes of the supplements (DI3 = 10..22): DI2 the phase, DI1 the item of a record, DI0 its age; DI1 = 00 the counts.
 * Little more than counts, times and the start of a record is told by any source, so the other items are shown as they came.
 */
import { moment } from "../formats/formats.ts";
import { opaque } from "../item.ts";
import { minutes, times } from "./disturbances.ts";
import { named, rowsOf, shapeFamily, valueFamily } from "./row.ts";
import type { Confidence, TableRow } from "./row.ts";
import { ALL, PHASE, RECORD, numbered } from "./variable.ts";
import type { Variable } from "./variable.ts";

/** One identifier for each phase: FF would mix them up with what some meters keep at 00. */
const PHASED: Variable = { ...PHASE, all: null, says: "phase: 01 A, 02 B, 03 C" };
const NN: Variable = { ...RECORD, all: null, says: "record: 01 the newest, to 0A" };
const ITEM: Variable = numbered(
  "II",
  "item of the record: 01 its start, FF the whole record; the others are not described",
  0xfe,
  {
    all: 1,
    word: (n) => (n === ALL ? "Record" : `Item${n}`),
    en: (n) => (n === ALL ? "whole record" : `item ${n}`),
    zh: (n) => (n === ALL ? "数据块" : `分项${n}`),
    symbol: { en: "item II", zh: "分项II" },
  },
);

type Event = readonly [di3: string, name: string, en: string, zh: string, over: "phases" | "whole", count?: Confidence];
const EVENTS: readonly Event[] = [
  ["10", "voltageLoss", "voltage loss", "失压", "phases", "medium"],
  ["11", "underVoltage", "under-voltage", "欠压", "phases"],
  ["12", "overVoltage", "over-voltage", "过压", "phases"],
  ["13", "phaseFailure", "phase failure", "断相", "phases"],
  ["14", "voltageReverseSequence", "voltage reverse sequence", "电压逆相序", "whole", "medium"],
  ["15", "currentReverseSequence", "current reverse sequence", "电流逆相序", "whole"],
  ["16", "voltageUnbalance", "voltage unbalance", "电压不平衡", "whole"],
  ["17", "currentUnbalance", "current unbalance", "电流不平衡", "whole"],
  ["18", "currentLoss", "current loss", "失流", "phases", "medium"],
  ["19", "overCurrent", "over-current", "过流", "phases"],
  ["1A", "currentInterruption", "current interruption", "断流", "phases", "medium"],
  ["1B", "powerFlowReversal", "power-flow reversal", "潮流反向", "phases"],
  ["1C", "overload", "overload", "过载", "phases"],
  ["1F", "powerFactorLow", "total power factor below limit", "总功率因数超下限", "whole"],
  ["20", "severeCurrentUnbalance", "severe current unbalance", "电流严重不平衡", "whole"],
  ["21", "powerFlowReversal", "power-flow reversal (newer code)", "潮流反向", "phases"],
];

function rowsOfEvent([di3, name, en, zh, over, count = "low"]: Event): readonly TableRow[] {
  const phased = over === "phases";
  const head = di3 + (phased ? "PP" : "00");
  const variables = phased ? [PHASED] : [];
  const place = phased ? "{PP}" : "";
  const who = phased ? `${en}, {PP}` : en;
  const total = (di0: string, word: string, title: string, chinese: string, confidence: Confidence, format: typeof times) =>
    valueFamily(
      {
        di: `${head}00${di0}`,
        variables,
        name: `${name}${word}${place}`,
        words: `${who}: ${title} | ${place}${zh}${chinese}`,
        standing: `r event ${confidence}`,
        note: "extended event class of the supplements",
      },
      format,
    );
  return [
    total("01", "TotalCount", "total count", "总次数", count, times),
    total("02", "TotalTime", "accumulated time", "总累计时间", "low", minutes),
    valueFamily(
      {
        di: `${head}01NN`,
        variables: [...variables, NN],
        name: `${name}Start{NN}${place}`,
        words: `${who}, {NN}: start | {NN}${place}${zh}记录分项1`,
        standing: "r event low",
        note: "item 01 of a record is its start",
      },
      moment("YYMMDDhhmmss"),
    ),
    shapeFamily(
      {
        di: `${head}IINN`,
        variables: [...variables, ITEM, NN],
        name: `${name}{II}Of{NN}${place}`,
        words: `${who}, {NN}: {II} | {NN}${place}${zh}记录{II}`,
        standing: "r event low",
      },
      (own) => opaque(own, "varies", null),
    ),
  ];
}

const clockBattery = named({
  clockBatteryLowTotalCount: rowsOf("r event low")(
    "22000001",
    times,
    "clock battery low: total count | 时钟电池欠压总次数",
    "Southern Grid extension",
  ),
});

export const supplementEventRows: readonly TableRow[] = [...EVENTS.flatMap(rowsOfEvent), ...Object.values(clockBattery)];
