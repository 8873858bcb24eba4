/**
 * The indicators: every number by which the gateway is judged, as a table. Its name, what it is called, the sheet it rests on, which rows
 * count (`of`), which of them are meant (`is`), the unit, what is aimed at and where that comes from; and the pure function from rows to
 * the number. docs/indicators.md is written from it.
 *
 * `is` and `of` are said in words for people who compute the number again from the sheet; the function says the same in code.
 */
import type { Row } from "./cells.ts";
import { falseReasons, isFalse } from "./false-cuts.ts";
import { cutKinds, restoreKinds } from "./indicator-store.ts";
import { any, between, countOf, rankOf, shareOf, thingsOf, type Measure, type Test } from "./measures.ts";
import type { SheetName } from "./sheets.ts";
import type { Words } from "./words.ts";

export type Unit = "share" | "count" | "seconds";

export interface Target {
  readonly way: "at-least" | "at-most";
  readonly value: number;
  readonly source: string;
}

export interface Indicator {
  readonly title: Words;
  readonly sheet: SheetName;
  readonly of: string;
  readonly is: string;
  readonly unit: Unit;
  readonly target: Target | null;
  /** As of now: the period does not change it. */
  readonly now?: true;
  readonly measure: Measure;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const UNVERIFIED_MS = 15 * MINUTE_MS;
/** Of a top-up that left in the last minute of a day nobody is in doubt yet. */
const DOUBT_MS = MINUTE_MS;

const atLeast = (value: number, source: string): Target => ({ way: "at-least", value, source });
const atMost = (value: number, source: string): Target => ({ way: "at-most", value, source });
const mustBeNone = atMost(0, "must be 0");

const isOneOf =
  (column: string, values: readonly string[]): Test =>
  (row) =>
    values.includes(row[column] ?? "");
const lasts =
  (from: string, to: string, isLong: (ms: number) => boolean): Test =>
  (row) => {
    const ms = between(row, from, to);
    return ms !== null && isLong(ms);
  };

/** Bytes left, the command has ended, and no newer order took its place. */
const wasTried = (kinds: readonly string[]): Test => {
  const isKind = isOneOf("kind", kinds);
  const isOvertaken = isOneOf("because", ["superseded", "order-gone"]);
  return (row) => isKind(row) && row["sent_at"] !== "" && row["ended_at"] !== "" && !isOvertaken(row);
};
const tried = "sent_at and ended_at are there, and because is neither superseded nor order-gone (a newer order took its place)";

/** A rule had cut, and this payment brought the restore. */
const isOwedPower: Test = (row) => row["cut_by"] === "rule" && row["restore_asked_at"] !== "";
const owedPower = "cut_by is rule and restore_asked_at is there";
const powerTakes = (row: Row): number | null => (isOwedPower(row) ? between(row, "paid_at", "powered_at") : null);
/** Who has none yet waits still. */
const isLonger =
  (limitMs: number): Test =>
  (row) =>
    (between(row, "paid_at", row["powered_at"] === "" ? "as_of" : "powered_at") ?? 0) > limitMs;
const longer = (limit: string): string =>
  `more than ${limit} from paid_at to powered_at, or to as_of where there is no powered_at yet`;

const isOld = (hoursOld: number): Test => lasts("warned_at", "as_of", (ms) => ms >= hoursOld * HOUR_MS);
const paidWithin =
  (hoursMost: number): Test =>
  (row) => {
    const paid = between(row, "warned_at", "paid_at");
    const cut = between(row, "warned_at", "cut_at");
    return paid !== null && paid <= hoursMost * HOUR_MS && (cut === null || paid < cut);
  };
const paid = (hours: number): string => `paid_at is at most ${hours} h after warned_at, and before cut_at where there is one`;
const old = (hours: number): string => `as_of is at least ${hours} h after warned_at: those hours are over`;

const isWithin =
  (secondsMost: number): Test =>
  (row) =>
    Number(row["off_s"]) <= secondsMost;

export const indicators = {
  "collection-rate": {
    title: { en: "Collection rate", zh: "采集成功率" },
    sheet: "midnights",
    of: "every midnight that was owed",
    is: "state is collected",
    unit: "share",
    target: atLeast(0.999, "aimed at by provincial companies today; not found in print"),
    measure: shareOf(any, isOneOf("state", ["collected"])),
  },
  "collection-same-day": {
    title: { en: "Collected within the day", zh: "当日采集成功率" },
    sheet: "midnights",
    of: "every midnight that was owed",
    is: "state is collected and same_day is yes",
    unit: "share",
    target: atLeast(0.99, "daily collection, on poor lines as well: 30 % of frames lost and 5 s of latency"),
    measure: shareOf(any, (row) => row["state"] === "collected" && row["same_day"] === "yes"),
  },
  "cuts-verified": {
    title: { en: "Cuts verified", zh: "跳闸执行成功率" },
    sheet: "relay-orders",
    of: `kind is disconnect or disconnect-for; ${tried}`,
    is: "state is confirmed: the meter shows it; an acknowledgement counts for nothing",
    unit: "share",
    target: null,
    measure: shareOf(wasTried(cutKinds), isOneOf("state", ["confirmed"])),
  },
  "restores-verified": {
    title: { en: "Restores verified", zh: "复电执行成功率" },
    sheet: "relay-orders",
    of: `kind is reconnect or arm; ${tried}`,
    is: "state is confirmed: the meter shows it; an acknowledgement counts for nothing",
    unit: "share",
    target: atLeast(0.96, "Jiangsu, 2022: about 4 % of remote reconnections fail"),
    measure: shareOf(wasTried(restoreKinds), isOneOf("state", ["confirmed"])),
  },
  "power-after-payment-p50": {
    title: { en: "From payment to power, median", zh: "缴费至复电时长（中位数）" },
    sheet: "payments-while-cut",
    of: `${owedPower}, and powered_at is there`,
    is: "seconds from paid_at to powered_at, the one at place ⌈n × 0.50⌉ from the shortest on",
    unit: "seconds",
    target: null,
    measure: rankOf(0.5, powerTakes),
  },
  "power-after-payment-p95": {
    title: { en: "From payment to power, 95 of 100", zh: "缴费至复电时长（95 分位）" },
    sheet: "payments-while-cut",
    of: `${owedPower}, and powered_at is there`,
    is: "seconds from paid_at to powered_at, the one at place ⌈n × 0.95⌉ from the shortest on",
    unit: "seconds",
    target: atMost(30, "Jiangsu, 2022: normally within 30 s"),
    measure: rankOf(0.95, powerTakes),
  },
  "power-after-payment-max": {
    title: { en: "From payment to power, longest", zh: "缴费至复电时长（最长）" },
    sheet: "payments-while-cut",
    of: `${owedPower}, and powered_at is there`,
    is: "seconds from paid_at to powered_at, the longest",
    unit: "seconds",
    target: atMost(86_400, "the rules' hard limit of 24 h"),
    measure: rankOf(1, powerTakes),
  },
  "power-after-30-s": {
    title: { en: "Waited for power longer than 30 s", zh: "复电超过30秒" },
    sheet: "payments-while-cut",
    of: owedPower,
    is: longer("30 s"),
    unit: "count",
    target: null,
    measure: countOf(isLonger(30 * SECOND_MS), isOwedPower),
  },
  "power-after-5-min": {
    title: { en: "Waited for power longer than 5 min", zh: "复电超过5分钟" },
    sheet: "payments-while-cut",
    of: owedPower,
    is: longer("5 min"),
    unit: "count",
    target: null,
    measure: countOf(isLonger(5 * MINUTE_MS), isOwedPower),
  },
  "power-after-15-min": {
    title: { en: "Waited for power longer than 15 min", zh: "复电超过15分钟" },
    sheet: "payments-while-cut",
    of: owedPower,
    is: longer("15 min"),
    unit: "count",
    target: null,
    measure: countOf(isLonger(15 * MINUTE_MS), isOwedPower),
  },
  "warned-paid-24-h": {
    title: { en: "Warned and paid within 24 h", zh: "预警后24小时内缴费率" },
    sheet: "warnings",
    of: old(24),
    is: paid(24),
    unit: "share",
    target: null,
    measure: shareOf(isOld(24), paidWithin(24)),
  },
  "warned-paid-72-h": {
    title: { en: "Warned and paid within 72 h", zh: "预警后72小时内缴费率" },
    sheet: "warnings",
    of: old(72),
    is: paid(72),
    unit: "share",
    target: null,
    measure: shareOf(isOld(72), paidWithin(72)),
  },
  "false-cuts": {
    title: { en: "False cuts", zh: "误停电" },
    sheet: "rule-cuts",
    of: "every verified cut by a rule",
    is: `at least one of: ${Object.entries(falseReasons)
      .map(([code, { en }]) => `**${code}**, ${en}`)
      .join("; ")}`,
    unit: "count",
    target: mustBeNone,
    measure: countOf(isFalse, any),
  },
  "unverified-now": {
    title: { en: "Unverified for more than 15 min, now", zh: "超过15分钟未确认的命令（当前）" },
    sheet: "unverified",
    of: "every order whose first byte left, that has not ended or is disputed",
    is: "more than 15 min from sent_at to as_of",
    unit: "count",
    target: mustBeNone,
    now: true,
    measure: countOf(
      lasts("sent_at", "as_of", (ms) => ms > UNVERIFIED_MS),
      any,
    ),
  },
  "unverified-at-day-end": {
    title: { en: "Unverified for more than 15 min at the end of a day", zh: "日终超过15分钟未确认的命令" },
    sheet: "unverified-at-day-end",
    of: "every order whose first byte had left at a day's end, and that ended later, has not, or is disputed; once for each such day",
    is: "more than 15 min from sent_at to day_end",
    unit: "count",
    target: mustBeNone,
    measure: countOf(
      lasts("sent_at", "day_end", (ms) => ms > UNVERIFIED_MS),
      any,
    ),
  },
  "top-ups-in-doubt-at-day-end": {
    title: { en: "Credit in doubt at the end of a day", zh: "日终状态不明的充值" },
    sheet: "unverified-at-day-end",
    of: "effect is adds: top-ups, openings, refunds; once for each such day",
    is: "more than 1 min from sent_at to day_end",
    unit: "count",
    target: mustBeNone,
    measure: countOf(
      lasts("sent_at", "day_end", (ms) => ms > DOUBT_MS),
      isOneOf("effect", ["adds"]),
    ),
  },
  "mac-failures": {
    title: { en: "MACs that meters refused", zh: "MAC 校验失败次数" },
    sheet: "refused-macs",
    of: "every attempt that a meter refused for its MAC or because it is suspended",
    is: "fault is mac-refused",
    unit: "count",
    target: null,
    measure: countOf(isOneOf("fault", ["mac-refused"]), any),
  },
  "meters-suspended": {
    title: { en: "Meters suspended, by day", zh: "安全功能挂起的电表（按日）" },
    sheet: "refused-macs",
    of: "every meter and day",
    is: "one of its rows of that day says security-suspended, or two say mac-refused: it is sent no MAC of ours any more that day",
    unit: "count",
    target: null,
    measure: thingsOf(
      (row) => `${row["meter"]} ${row["day"]}`,
      (rows) =>
        rows.some(({ fault }) => fault === "security-suspended") ||
        rows.filter(({ fault }) => fault === "mac-refused").length >= 2,
    ),
  },
  "clocks-within-10-s": {
    title: { en: "Clocks within 10 s", zh: "时钟误差10秒内" },
    sheet: "clocks",
    of: "every look at a clock",
    is: "off_s is at most 10",
    unit: "share",
    target: null,
    measure: shareOf(any, isWithin(10)),
  },
  "clocks-within-30-s": {
    title: { en: "Clocks within 30 s", zh: "时钟误差30秒内" },
    sheet: "clocks",
    of: "every look at a clock",
    is: "off_s is at most 30",
    unit: "share",
    target: null,
    measure: shareOf(any, isWithin(30)),
  },
  "clocks-within-5-min": {
    title: { en: "Clocks within 5 min", zh: "时钟误差5分钟内" },
    sheet: "clocks",
    of: "every look at a clock",
    is: "off_s is at most 300",
    unit: "share",
    target: atLeast(1, "beyond it each is an exception that waits for a person (clock-off)"),
    measure: shareOf(any, isWithin(300)),
  },
  "meters-quarantined": {
    title: { en: "Meters in quarantine", zh: "已隔离电表" },
    sheet: "meters",
    of: "every meter in use",
    is: "identity is quarantined",
    unit: "count",
    target: null,
    now: true,
    measure: countOf(isOneOf("identity", ["quarantined"]), any),
  },
} as const satisfies Record<string, Indicator>;

export type IndicatorName = keyof typeof indicators;
export const indicatorNames = Object.keys(indicators) as [IndicatorName, ...IndicatorName[]];
export const indicatorOf = (name: IndicatorName): Indicator => indicators[name];

/** Null: nothing is aimed at, or nothing was there to be measured. */
export function meetsTarget(target: Target | null, value: number | null): boolean | null {
  if (target === null || value === null) return null;
  return target.way === "at-least" ? value >= target.value : value <= target.value;
}

/** Those that must be none: alarms may hang on them. */
export const mustBeZero: readonly IndicatorName[] = indicatorNames.filter((name) => {
  const { target, unit } = indicatorOf(name);
  return unit === "count" && target?.value === 0;
});
