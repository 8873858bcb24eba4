/** Money and moments as a customer reads them, and a notice as it is worded for one. Pure. */
import { wallClock, type Instant } from "../kernel/clock.ts";
import { yuan, type Fen } from "../kernel/money.ts";
import type { NoticeRecord, Said } from "./notice.ts";
import { fill, templateOf, usualPay, type GivenTemplates, type Language } from "./templates.ts";

export interface Wording {
  readonly site: string;
  readonly timeZone: string;
  readonly pay: { readonly [L in Language]?: string | undefined };
  readonly templates: GivenTemplates;
  readonly ofClass: ReadonlyMap<string, GivenTemplates>;
}

export interface Reader {
  readonly name: string;
  readonly class: string;
  readonly language: Language;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const pad = (n: number): string => String(n).padStart(2, "0");

/** "1,234.50元", "1,234.50 yuan". */
export function moneyFor(language: Language, fen: bigint): string {
  const [whole, cents] = yuan(fen).split(".") as [string, string];
  const text = `${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${cents}`;
  return language === "zh" ? `${text}元` : `${text} yuan`;
}

/** "2026年11月23日10:30", "23 Nov 2026, 10:30", on the wall clock of the site. */
export function momentFor(language: Language, at: Instant, timeZone: string): string {
  const { year, month, day, hour, minute } = wallClock(at, timeZone);
  const time = `${pad(hour)}:${pad(minute)}`;
  return language === "zh" ? `${year}年${month}月${day}日${time}` : `${day} ${MONTHS[month - 1]} ${year}, ${time}`;
}

/** By the rules of this moment; null: it is a kind that does not tell it. */
export interface ByTheRules {
  /** Cut off by the minute, so nobody is cut before the one that he was told. */
  readonly cutFrom: Instant | null;
  /** Below it supply is cut, above it restored. */
  readonly limit: Fen | null;
}

export function worded(
  notice: Pick<NoticeRecord, "account" | "kind" | "at" | "available" | "details">,
  reader: Reader,
  { cutFrom, limit }: ByTheRules,
  { site, timeZone, pay, templates, ofClass }: Wording,
): Said {
  const { account, kind, at, available, details } = notice;
  const { name, language } = reader;
  const moment = (ms: number | null | undefined): string => (ms == null ? "" : momentFor(language, ms as Instant, timeZone));
  const values = {
    ...{ account, name, site, at: moment(at), pay: pay[language] ?? usualPay[language] },
    ...{ balance: moneyFor(language, available), owed: moneyFor(language, available < 0n ? 0n - available : 0n) },
    ...{ days: String(details.days ?? ""), reason: details.reason ?? "", from: moment(details.from), to: moment(details.to) },
    ...{ cutFrom: moment(cutFrom), limit: limit === null ? "" : moneyFor(language, limit) },
  };
  const template = templateOf(kind, language, [templates, ofClass.get(reader.class)]);
  return { language, subject: fill(template.subject, values), text: fill(template.text, values) };
}
