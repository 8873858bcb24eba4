/**
 * The run-state words 04000501..07 and their bits (annex A of the standard, State Grid supplements of 2009 and 2013).
 * Word 3 is the one that fee control lives by: what the relay does, and what it has been told.
 *
 * Bits 0, 3, 5, 10 and 11 of word 3 mean different things to different generations and are only shown in the hex; `word3-layouts.ts`
 * tells them apart. Bits 6 and 7 of word 1 are the output of a terminal to State Grid and the fee mode to Southern Grid: shown by number.
 */
import { hexOfWord, wordAt, wordBytes, wordOfHex } from "./bit-words.ts";
import { format, isAllFf } from "./format.ts";
import type { Format } from "./format.ts";
import { flags } from "./formats.ts";

export interface RunStateWord3 {
  readonly word: number;
  /** Bit 4: the relay itself. */
  readonly relay: "connected" | "disconnected";
  /** Bit 6: what it has been told. */
  readonly order: "connect" | "disconnect";
  /** Bit 7: the alarm before a trip, and the alarm ordered from afar. */
  readonly preTripAlarm: boolean;
  /** Bit 12. */
  readonly protected: boolean;
  /** Bit 13. */
  readonly identityValid: boolean;
  /** Bit 14 = 0. */
  readonly accountOpened: boolean;
  /** Bits 8 and 9. */
  readonly prepayment: "none" | "energy" | "money" | "unknown";
}

const PREPAYMENT = ["none", "energy", "money", "unknown"] as const;

export function runStateWord3Of(word: number): RunStateWord3 {
  const bit = (at: number): boolean => ((word >> at) & 1) === 1;
  return {
    word,
    relay: bit(4) ? "disconnected" : "connected",
    order: bit(6) ? "disconnect" : "connect",
    preTripAlarm: bit(7),
    protected: bit(12),
    identityValid: bit(13),
    accountOpened: !bit(14),
    prepayment: PREPAYMENT[(word >> 8) & 3]!,
  };
}

/** Ordered to connect and still open: it waits for the customer's button. */
export const relayStateOfWord3 = (state: Pick<RunStateWord3, "relay" | "order">): "connected" | "armed" | "disconnected" =>
  state.relay === "connected" ? "connected" : state.order === "connect" ? "armed" : "disconnected";

const wordFormat = (print: (state: RunStateWord3) => string, details?: Format<RunStateWord3>["details"]): Format<RunStateWord3> =>
  format({
    kind: "bits",
    pattern: "XXXX",
    bytes: 2,
    print,
    details,
    decodeAt: (wire, at) => (isAllFf(wire, at, 2) ? null : runStateWord3Of(wordAt(wire, at, 2))),
    encode: ({ word }) => wordBytes(word, 2),
    parse: (text, field) => runStateWord3Of(wordOfHex(text, 2, field)),
  });

export const runStateWord3 = wordFormat(
  ({ word }) => hexOfWord(word, 2),
  (state) => [
    { name: "relay", value: state.relay },
    { name: "relayOrder", value: state.order },
    { name: "preTripAlarm", value: String(state.preTripAlarm) },
    { name: "protected", value: String(state.protected) },
    { name: "identityValid", value: String(state.identityValid) },
    { name: "accountOpened", value: String(state.accountOpened) },
    { name: "prepayment", value: state.prepayment },
  ],
);

/** The same item asked for by the name "relay": one word instead of sixteen bits. */
export const relay = wordFormat(relayStateOfWord3);

export const runStateWord1 = flags(2, "states", [
  [0, "external switch by pulse", "外置开关脉冲控制"],
  [1, "block demand", "区间需量"],
  [2, "clock battery low", "时钟电池欠压"],
  [3, "outage-reading battery low", "停电抄表电池欠压"],
  [4, "active power reverse", "有功功率反向"],
  [5, "reactive power reverse", "无功功率反向"],
  [8, "control loop error", "控制回路错误"],
  [9, "ESAM error", "ESAM错误"],
  [12, "internal program error", "内部程序错误"],
  [13, "memory fault", "存储器故障"],
  [14, "overdraft", "透支状态"],
  [15, "clock fault", "时钟故障"],
]);

export const runStateWord2 = flags(2, "reversed", [
  [0, "active power A", "A相有功功率"],
  [1, "active power B", "B相有功功率"],
  [2, "active power C", "C相有功功率"],
  [4, "reactive power A", "A相无功功率"],
  [5, "reactive power B", "B相无功功率"],
  [6, "reactive power C", "C相无功功率"],
]);

/** Words 4, 5 and 6: one phase each, 1 = present now. */
export const phaseFaults = flags(2, "faults", [
  [0, "voltage loss", "失压"],
  [1, "under-voltage", "欠压"],
  [2, "over-voltage", "过压"],
  [3, "current loss", "失流"],
  [4, "over-current", "过流"],
  [5, "overload", "过载"],
  [6, "power-flow reversal", "潮流反向"],
  [7, "phase failure", "断相"],
  [8, "current interruption", "断流"],
  [14, "CT short", "CT短路"],
  [15, "CT open", "CT开路"],
]);

export const runStateWord7 = flags(2, "faults", [
  [0, "voltage reverse phase sequence", "电压逆相序"],
  [1, "current reverse phase sequence", "电流逆相序"],
  [2, "voltage unbalance", "电压不平衡"],
  [3, "current unbalance", "电流不平衡"],
  [4, "auxiliary supply lost", "辅助电源失电"],
  [5, "power down", "掉电"],
  [6, "demand over limit", "需量超限"],
  [7, "power factor below limit", "总功率因数超下限"],
  [8, "severe current unbalance", "电流严重不平衡"],
  [9, "meter cover open", "开表盖"],
  [10, "terminal cover open", "开端钮盒"],
]);
