/**
 * What the meter says about itself in bits (0400 05), and the bytes of bits by which it is set (0400 06 to 09, 11, 13, 15). The bits
 * are named in `status-words.ts` and `feature-bytes.ts` of the formats.
 */
import {
  activeCombination,
  baudFeature,
  freezeMode,
  keyState,
  profileMode,
  reactiveCombination,
  reportMode,
  reportState,
  runFeature,
  weekendFeature,
} from "../formats/feature-bytes.ts";
import { bits, count, plain, set } from "../formats/formats.ts";
import { field, series } from "../item.ts";
import { reportStateShape } from "../shapes/report-state.ts";
import { phaseFaults, relay, runStateWord1, runStateWord2, runStateWord3, runStateWord7 } from "../formats/status-words.ts";
import { named, rowsOf, shapesOf } from "./row.ts";
import type { TableRow } from "./row.ts";

const parameter = rowsOf("rw parameter high");
const parameterMedium = rowsOf("rw parameter medium");
const word = rowsOf("r parameter high");

const WORDS = [runStateWord1, runStateWord2, runStateWord3, phaseFaults, phaseFaults, phaseFaults, runStateWord7] as const;

const states = named({
  runStateWord1: word("04000501", runStateWord1, "run-state word 1 | 电表运行状态字1"),
  runStateWord2: word("04000502", runStateWord2, "run-state word 2 | 电表运行状态字2"),
  runStateWord3: word("04000503", runStateWord3, "run-state word 3: relay and relay order | 电表运行状态字3"),
  relay: word("04000503", relay, "the supply: connected, armed or disconnected | 电表运行状态字3", "word 3 in one word"),
  runStateWord4: word("04000504", phaseFaults, "run-state word 4: faults of phase A | 电表运行状态字4"),
  runStateWord5: word("04000505", phaseFaults, "run-state word 5: faults of phase B | 电表运行状态字5"),
  runStateWord6: word("04000506", phaseFaults, "run-state word 6: faults of phase C | 电表运行状态字6"),
  runStateWord7: word("04000507", runStateWord7, "run-state word 7: faults of all phases together | 电表运行状态字7"),
  keyInfo: rowsOf("r security medium")(
    "04000508",
    keyState,
    "key info: all zero means public test keys | 密钥状态字",
    "supplement; the key info of 070002FF and 078102FF",
  ),
});
const runStateWords = named({
  runStateWords: shapesOf("r parameter high")(
    "040005FF",
    () => series((i) => [field(`runStateWord${i + 1}`, plain<unknown>(WORDS[i]!))], WORDS.length),
    "run-state words 1 to 7 | 电表运行状态字数据块",
  ),
});

const EXACTLY_ONE = "exactly one rate is set";
const RECALLED = "bits 2 to 7 recalled";
const bytes = named({
  activeCombination: parameter("04000601", activeCombination, "active combination word | 有功组合方式特征字", "usually 05"),
  reactiveCombination1: parameter(
    "04000602",
    reactiveCombination,
    "reactive combination 1 word | 无功组合方式1特征字",
    "usually 41",
  ),
  reactiveCombination2: parameter(
    "04000603",
    reactiveCombination,
    "reactive combination 2 word | 无功组合方式2特征字",
    "usually 14",
  ),
  baudInfraredModulated: parameter(
    "04000701",
    baudFeature,
    "baud byte of the modulated infrared port | 调制型红外光口通信速率特征字",
    EXACTLY_ONE,
  ),
  baudInfraredContact: parameter(
    "04000702",
    baudFeature,
    "baud byte of the contact infrared port | 接触式红外光口通信速率特征字",
    EXACTLY_ONE,
  ),
  baudPort1: parameter("04000703", baudFeature, "baud byte of port 1 | 通信口1通信速率特征字", EXACTLY_ONE),
  baudPort2: parameter("04000704", baudFeature, "baud byte of port 2 | 通信口2通信速率特征字", EXACTLY_ONE),
  baudPort3: parameter("04000705", baudFeature, "baud byte of port 3 | 通信口3通信速率特征字", EXACTLY_ONE),
  weekend: parameter("04000801", weekendFeature, "weekend byte: 0 rest, bit 0 Sunday | 周休日特征字"),
  weekendTable: parameter("04000802", set(count(1)), "slot table used on weekends | 周休日采用的日时段表号"),
  profileMode: parameter("04000901", profileMode, "load-profile mode byte | 负荷记录模式字"),
  timedFreezeMode: parameter("04000902", freezeMode, "timed-freeze mode byte | 定时冻结数据模式字", RECALLED),
  instantFreezeMode: parameter("04000903", freezeMode, "instant-freeze mode byte | 瞬时冻结数据模式字", RECALLED),
  appointedFreezeMode: parameter("04000904", freezeMode, "appointed-freeze mode byte | 约定冻结数据模式字", RECALLED),
  hourlyFreezeMode: parameter("04000905", freezeMode, "hourly-freeze mode byte | 整点冻结数据模式字", RECALLED),
  dailyFreezeMode: parameter("04000906", freezeMode, "daily-freeze mode byte | 日冻结数据模式字", RECALLED),
  runFeature1: parameterMedium("04001101", runFeature, "run feature byte 1 | 电能表运行特征字1", "bit 2 by one firmware"),
  reportMode: parameterMedium("04001104", reportMode, "active-report mode word | 主动上报模式字", "supplement"),
  wirelessState: parameterMedium("04001301", set(count(1)), "wireless online and signal indication | 无线通信在线及信号强弱指示"),
  cardState: rowsOf("r parameter medium")("04001502", set(bits(2)), "card insertion state word | 插卡状态字"),
  reportStateReset: rowsOf("w parameter medium")(
    "04001503",
    reportState,
    "reset the active-report state word | 复位主动上报状态字",
    "0 clears a bit",
  ),
});
const reports = named({
  reportState: shapesOf("r parameter medium")(
    "04001501",
    () => reportStateShape,
    "active-report state word and its new counts | 主动上报状态字",
    "12 bytes, then a count for each bit that is set; one firmware ends with AA",
  ),
});

export const stateValues = { ...states, ...bytes };
export const stateRows: readonly TableRow[] = [
  ...Object.values(states),
  ...Object.values(runStateWords),
  ...Object.values(bytes),
  ...Object.values(reports),
];
