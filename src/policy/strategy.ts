/**
 * The strategy by which an account is warned, noticed, cut and restored, as data: a table of rules, each with what is usual and where that
 * comes from. A site file says some of them for the site, for a class of customers, for one account; `resolve.ts` joins what was said.
 *
 * Rules that hold a cut back or delay a restore are off unless somebody says them: a site file that was written before they existed means
 * what it meant. Warnings only tell, so they are always there.
 */
import { createHash } from "node:crypto";
import { canonical, plain } from "../kernel/canonical.ts";
import type { Instant } from "../kernel/clock.ts";
import { Fen, parseYuan } from "../kernel/money.ts";
import { startOfDay } from "../ledger/period.ts";
import { Calendar, parseHours, type Maintenance } from "./calendar.ts";

/** The rules as they are written down: money in yuan, days in the site's zone. */
export interface Rules {
  readonly mode: "shadow" | "live";
  readonly restoreBy: "arm" | "reconnect";
  readonly cutBelow: string;
  readonly overdraft: string;
  readonly warn1: string | null;
  readonly warn2: string | null;
  readonly forecastDays: number;
  readonly meterWarn: boolean;
  readonly notices: "required" | "off";
  readonly noticeMinutes: number;
  readonly noticeDays: number;
  readonly graceDays: number;
  readonly freshMinutes: number;
  readonly contact: "required" | "off";
  readonly protected: boolean;
  readonly conversion: { readonly day: string; readonly days: number } | null;
  readonly stagger: { readonly seconds: number; readonly perMinute: number } | null;
  readonly "noCut.hours": string;
  readonly "noCut.weekends": boolean;
  readonly "noCut.holidays": readonly string[];
  readonly "noCut.dayBefore": boolean;
  readonly "noCut.weather": boolean;
  readonly "noCut.maintenance": readonly Maintenance[];
}
export type RuleName = keyof Rules;

interface RuleRow<T> {
  readonly usual: T;
  readonly en: string;
  readonly zh: string;
  /** What is said for the site, the class and the account adds up: nobody loses a window by being given another. */
  readonly addsUp?: true;
}

/** In the order in which people read them. Sources: the domain's table of strategies; "ours" where it has none. */
export const ruleTable: { readonly [K in RuleName]: RuleRow<Rules[K]> } = {
  mode: { usual: "shadow", en: "what the rules may do", zh: "规则执行方式" },
  cutBelow: { usual: "0.00", en: "a cut is due below this balance", zh: "欠费跳闸限值" },
  overdraft: { usual: "0.00", en: "and this much may be owed beyond it", zh: "允许透支金额" },
  warn1: { usual: null, en: "first warning below this balance", zh: "一级预警金额" }, // by class: classWarnings
  warn2: { usual: null, en: "second warning below this balance", zh: "二级预警金额" },
  forecastDays: { usual: 3, en: "warned when the balance lasts fewer days than this", zh: "余额可用天数预警" },
  meterWarn: { usual: false, en: "the meter's own alarm shows the warning", zh: "电表报警提示" },
  notices: { usual: "off", en: "nobody is cut without a delivered notice", zh: "跳闸前须送达通知" },
  noticeMinutes: { usual: 30, en: "minutes from the notice to the cut", zh: "通知后等待分钟数" },
  noticeDays: { usual: 7, en: "days for which a notice is good", zh: "通知有效天数" }, // ours: whoever was told last month was not told
  graceDays: { usual: 0, en: "days of grace: from the notice, or from the arrears", zh: "宽限天数" },
  freshMinutes: { usual: 120, en: "minutes for which a reading is fresh enough for a cut", zh: "示数有效分钟数" },
  contact: { usual: "off", en: "nobody is cut who cannot be reached", zh: "跳闸前须有联系方式" },
  protected: { usual: false, en: "no rule cuts these customers", zh: "受保护客户类别" },
  conversion: { usual: null, en: "warned only for so many days from the opening balances on", zh: "转换日后仅预警" },
  restoreBy: { usual: "arm", en: "how supply comes back", zh: "复电方式" },
  stagger: { usual: null, en: "how restores of one feeder are spread", zh: "同一馈线错峰复电" },
  "noCut.hours": { usual: "17:00-08:00", en: "hours in which nobody is cut", zh: "禁止跳闸时段" },
  "noCut.weekends": { usual: true, en: "nobody is cut on weekends", zh: "周末禁止跳闸" },
  "noCut.holidays": { usual: [], en: "holidays on which nobody is cut", zh: "节假日禁止跳闸", addsUp: true },
  "noCut.dayBefore": { usual: true, en: "nor on the day before a holiday", zh: "节假日前一天禁止跳闸" },
  "noCut.weather": { usual: false, en: "bad weather: nobody is cut until it is taken back", zh: "恶劣天气禁止跳闸" },
  "noCut.maintenance": { usual: [], en: "planned outages in which nobody is cut", zh: "计划停电检修窗口", addsUp: true },
};
export const ruleNames = Object.keys(ruleTable) as readonly RuleName[];

/** Hebei: households 30 and 5 yuan, everybody else 200 and no second level. */
export const classWarnings = (className: string): Pick<Rules, "warn1" | "warn2"> =>
  /(^|-)residential$/.test(className) && !className.endsWith("non-residential")
    ? { warn1: "30.00", warn2: "5.00" }
    : { warn1: "200.00", warn2: null };

/** The rules of one account as a decision uses them. */
export interface Strategy {
  readonly version: string;
  readonly mode: Rules["mode"];
  readonly restoreBy: Rules["restoreBy"];
  /** Below this a cut is due, above it supply is restored. */
  readonly cutAt: Fen;
  readonly warn1: Fen | null;
  readonly warn2: Fen | null;
  readonly forecastDays: number;
  readonly meterWarn: boolean;
  readonly noticesRequired: boolean;
  readonly noticeMs: number;
  readonly noticeGoodMs: number;
  readonly graceMs: number;
  readonly freshMs: number;
  readonly contactRequired: boolean;
  readonly isProtected: boolean;
  /** Until then customers are warned and nobody is cut; null: they have paid this way for long. */
  readonly warnOnlyUntil: Instant | null;
  readonly stagger: { readonly jitterMs: number; readonly perMinute: number } | null;
  readonly calendar: Calendar;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const VERSION_LETTERS = 16;

/** The same rules have the same version, whoever wrote them, wherever. */
export const versionOf = (rules: Rules): string =>
  createHash("sha256")
    .update(canonical(plain(rules)))
    .digest("hex")
    .slice(0, VERSION_LETTERS);

export function strategyOf(rules: Rules, timeZone: string): Strategy {
  const money = (text: string | null, field: string): Fen | null => (text === null ? null : parseYuan(text, field));
  return {
    version: versionOf(rules),
    mode: rules.mode,
    restoreBy: rules.restoreBy,
    cutAt: Fen(parseYuan(rules.cutBelow, "cutBelow") - parseYuan(rules.overdraft, "overdraft")),
    warn1: money(rules.warn1, "warn1"),
    warn2: money(rules.warn2, "warn2"),
    forecastDays: rules.forecastDays,
    meterWarn: rules.meterWarn,
    noticesRequired: rules.notices === "required",
    noticeMs: rules.noticeMinutes * MINUTE_MS,
    noticeGoodMs: rules.noticeDays * DAY_MS,
    graceMs: rules.graceDays * DAY_MS,
    freshMs: rules.freshMinutes * MINUTE_MS,
    contactRequired: rules.contact === "required",
    isProtected: rules.protected,
    warnOnlyUntil: rules.conversion === null ? null : startOfDay(rules.conversion.day, timeZone, rules.conversion.days),
    stagger: rules.stagger === null ? null : { jitterMs: rules.stagger.seconds * 1_000, perMinute: rules.stagger.perMinute },
    calendar: new Calendar(timeZone, {
      hours: parseHours(rules["noCut.hours"]),
      weekends: rules["noCut.weekends"],
      holidays: new Set(rules["noCut.holidays"]),
      dayBefore: rules["noCut.dayBefore"],
      weather: rules["noCut.weather"],
      maintenance: rules["noCut.maintenance"].map(({ from, to }) => ({ from: momentOf(from), to: momentOf(to) })),
    }),
  };
}

/**
 * As it was kept, rule by rule with whose word each is. A rule that an older program did not know means what is usual; null: what makes a
 * cut is not among them.
 */
export function keptStrategy(kept: readonly unknown[], timeZone: string): Strategy | null {
  const said = Object.fromEntries(
    kept.flatMap((each) => {
      const { rule, value } = each as { readonly rule?: unknown; readonly value?: unknown };
      return typeof rule === "string" ? [[rule, value]] : [];
    }),
  );
  if (!("cutBelow" in said) || !("noCut.hours" in said)) return null;
  const usual = Object.fromEntries(ruleNames.map((name) => [name, ruleTable[name].usual]));
  return strategyOf({ ...usual, ...said } as unknown as Rules, timeZone);
}

const momentOf = (text: string): Instant => Date.parse(text) as Instant;
