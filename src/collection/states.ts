/**
 * What becomes of one day of one meter. A day is named by the midnight with which it begins: the registers of that moment close the day
 * before and open this one.
 *
 *     due ──► missing ──► given up          older than any meter keeps, or the meter kept none and nobody read near it
 *      └────────┴────────────┴──► collected   by freeze, by a reading near midnight, by a person
 *
 * What was given up is collected all the same when somebody puts the register in.
 */
import type { FaultCode } from "../kernel/faults.ts";

export const dayStates = ["due", "missing", "collected", "given-up"] as const;
export type DayState = (typeof dayStates)[number];

export const hows = ["freeze", "reading", "person"] as const;
export type How = (typeof hows)[number];

/** Why a day is not there, in words for a person: the first column is stored. */
export const missingBecause = {
  "not-asked": { en: "nobody could ask yet", zh: "尚未召测" },
  silent: { en: "the meter does not answer", zh: "电表无应答" },
  "line-down": { en: "its line is down", zh: "线路中断" },
  doubted: { en: "what it answered is not believed", zh: "示数存疑" },
  unreadable: { en: "what it answered cannot be read", zh: "应答无法解析" },
  "wrong-identity": { en: "the meter carries other numbers than the books", zh: "表号与档案不符" },
  "clock-behind": { en: "by its own clock the day has not begun", zh: "电表时钟偏慢，冻结未到" },
  "no-freeze-yet": { en: "it has not frozen this midnight", zh: "日冻结尚未生成" },
  "no-freeze": { en: "it kept no freeze of this midnight", zh: "无该日冻结" },
  "power-down": { en: "it was without power at this midnight", zh: "零点停电" },
  "keeps-none": {
    en: "this meter keeps no daily freezes, and nobody read it near midnight",
    zh: "电表无日冻结，零点附近也无抄读",
  },
  "older-than-kept": { en: "older than the meter keeps", zh: "超出电表冻结保存天数" },
} as const satisfies Record<string, { readonly en: string; readonly zh: string }>;
export type MissingBecause = keyof typeof missingBecause;

/** What a turn that brought nothing says of the days it was for; null: nothing, since the fault is neither the meter's nor its line's. */
export function becauseOf(fault: FaultCode): MissingBecause | null {
  switch (fault) {
    case "meter-silent":
      return "silent";
    case "line-down":
    case "line-not-ours":
      return "line-down";
    case "identity-mismatch":
      return "wrong-identity";
    case "database-unreachable":
    case "database-full":
    case "database-read-only":
    case "database-busy":
    case "commit-unknown":
    case "security-unavailable":
    case "bus-queue-full":
    case "deadline-passed":
      return null;
    default:
      return "unreadable";
  }
}
