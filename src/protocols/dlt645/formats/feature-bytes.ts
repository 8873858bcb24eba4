/**
 * Bytes and words of bits that are set rather than reported: which rates a port may run at, how energies are combined, what a
 * freeze keeps, what a meter reports by itself (tables A.5 of the standard; reports and key state by the supplements).
 *
 * The value of each is its plain word, so that a setting can be written back bit by bit; what the bits mean stands beside it.
 */
import { baudsIn } from "./bauds.ts";
import { flags, wideFlags } from "./bit-words.ts";
import type { FlagRow } from "./bit-words.ts";
import type { Detail } from "./format.ts";
import { bits, hex, written } from "./formats.ts";

/** 0400070x. */
export const baudFeature = written(
  "NN",
  bits(1, (word) => [{ name: "baud", value: baudsIn(word).join(", ") }]),
);

/** Two bits for each direction or quadrant: 00 ignored, 01 added, 10 subtracted. 11 says nothing that the standard knows. */
const SIGNS = ["", "+ ", "- ", "? "] as const;
const combined = (word: number, parts: readonly string[]): Detail[] => [
  {
    name: "combines",
    value: parts
      .map((part, i) => [SIGNS[((word >> (i * 2)) & 3) as 0 | 1 | 2 | 3], part] as const)
      .filter(([sign]) => sign !== "")
      .map(([sign, part]) => sign + part)
      .join(" "),
  },
];
/** 04000601, usually 05: forward plus reverse. */
export const activeCombination = written(
  "NN",
  bits(1, (word) => combined(word, ["forward", "reverse"])),
);
/** 04000602 and 03, usually 41 (quadrants 1 and 4) and 14 (2 and 3). */
export const reactiveCombination = written(
  "NN",
  bits(1, (word) => combined(word, ["quadrant 1", "quadrant 2", "quadrant 3", "quadrant 4"])),
);

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
/** 04000801: bit 0 Sunday; 0 is a day of rest, 1 a working day. */
export const weekendFeature = written(
  "NN",
  bits(1, (word) => [{ name: "restDays", value: DAYS.filter((_, bit) => ((word >> bit) & 1) === 0).join(", ") }]),
);

/** 04000901: which classes a load record keeps. */
export const profileMode = written(
  "NN",
  flags(1, "keeps", [
    [0, "voltages, currents, frequency", "电压、电流、频率"],
    [1, "active and reactive power", "有、无功功率"],
    [2, "power factors", "功率因数"],
    [3, "active and reactive energy", "有、无功总电能"],
    [4, "four-quadrant reactive energy", "四象限无功总电能"],
    [5, "present demands", "当前需量"],
  ]),
);

/** 04000902 to 06: which quantities a freeze keeps. The first two bits are certain, the others recalled. */
export const freezeMode = written(
  "NN",
  flags(1, "keeps", [
    [0, "forward active energy", "正向有功电能"],
    [1, "reverse active energy", "反向有功电能"],
    [2, "combined reactive 1", "组合无功1电能"],
    [3, "combined reactive 2", "组合无功2电能"],
    [4, "four-quadrant reactive energy", "四象限无功电能"],
    [5, "forward active maximum demand", "正向有功最大需量"],
    [6, "reverse active maximum demand", "反向有功最大需量"],
    [7, "variables", "变量"],
  ]),
);

/** 04001101. */
export const runFeature = written(
  "NN",
  flags(1, "features", [
    [0, "external relay control by pulse", "外置开关脉冲控制"],
    [2, "follow-up reporting", "跟随上报"],
  ]),
);

/** 04000508: a bit for each key, 0 while it is a public test key. Printed as the key info of functions 07, which is the same. */
export const keyState = {
  ...hex(4),
  kind: "bits" as const,
  pattern: "XXXXXXXX",
  details: (text: string): Detail[] => [{ name: "keyState", value: /^0+$/.test(text) ? "test" : "production" }],
};

/** What a meter reports by itself: the same events have one bit in the mode word and one for each phase in the state word. */
const PHASE_EVENTS = [
  ["voltage loss", "失压"],
  ["under-voltage", "欠压"],
  ["over-voltage", "过压"],
  ["current loss", "失流"],
  ["over-current", "过流"],
  ["overload", "过载"],
  ["power-flow reversal", "潮流反向"],
  ["phase failure", "断相"],
] as const;
const WHOLE_EVENTS = [
  ["voltage reverse phase sequence", "电压逆相序"],
  ["current reverse phase sequence", "电流逆相序"],
  ["voltage unbalance", "电压不平衡"],
  ["current unbalance", "电流不平衡"],
  ["auxiliary supply lost", "辅助电源失电"],
  ["power down", "掉电"],
] as const;
const RELAY_EVENTS: readonly FlagRow<string>[] = [
  [14, "disconnect", "跳闸"],
  [15, "reconnect", "合闸"],
];

/** 04001104; from one source, which names no bits between those. */
export const reportMode = written(
  "NNNNNNNNNNNNNNNN",
  wideFlags(8, "reports", [
    ...RELAY_EVENTS,
    [16, "voltage loss", "失压"],
    [17, "under-voltage", "欠压"],
    [18, "over-voltage", "过压"],
    [20, "over-current", "过流"],
    [21, "overload", "过载"],
    [23, "phase failure", "断相"],
    [32, "voltage reverse phase sequence", "电压逆相序"],
    [33, "current reverse phase sequence", "电流逆相序"],
    [34, "voltage unbalance", "电压不平衡"],
    [35, "current unbalance", "电流不平衡"],
    [37, "power down", "掉电"],
    [49, "meter clear", "电表清零"],
    [51, "event clear", "事件清零"],
  ]),
);

/** 04001501 and 04001503: phases at 16, 32 and 48, the rest from 64. */
const REPORT_STATE: readonly FlagRow<string>[] = [
  ...RELAY_EVENTS,
  ...(["A", "B", "C"] as const).flatMap((phase, i) =>
    PHASE_EVENTS.map(([name, zh], bit): FlagRow<string> => [16 + i * 16 + bit, `${name} ${phase}`, `${phase}相${zh}`]),
  ),
  ...WHOLE_EVENTS.map(([name, zh], bit): FlagRow<string> => [64 + bit, name, zh]),
  [81, "meter clear", "电表清零"],
  [83, "event clear", "事件清零"],
];
export const reportState = written("NNNNNNNNNNNNNNNNNNNNNNNN", wideFlags(12, "reports", REPORT_STATE));
