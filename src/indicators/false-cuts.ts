/**
 * Who was cut and should not have been, by the books as they are known now. Pure.
 *
 * A cut is judged anew at the moment in which its bytes left: a payment that was posted late, an exemption that was entered after the fact, a
 * register that a person took back tell now what nobody knew then. A false cut is one of which at least one of these holds; each stands in
 * its own column, so that whoever reads the sheet sees which, and may judge otherwise.
 */
import { windowsAt } from "../policy/calendar.ts";
import { keptStrategy } from "../policy/strategy.ts";
import { parseYuan } from "../kernel/money.ts";
import type { Row } from "./cells.ts";
import type { CutEvidence, RawRow } from "./indicator-store.ts";
import { between, type Test } from "./measures.ts";
import type { Words } from "./words.ts";

const MINUTE_MS = 60_000;

/** Why a cut was false, as a table: the first word is its code. */
export const falseReasons: Readonly<Record<string, Words & { readonly holds: Test }>> = {
  "in-credit": {
    en: "the balance was not below the line: in_credit is yes",
    zh: "跳闸时不欠费",
    holds: (row) => row["in_credit"] === "yes",
  },
  exempt: { en: "an exemption held: exemption is not empty", zh: "豁免期内", holds: (row) => row["exemption"] !== "" },
  window: { en: "nobody is cut in these hours: window is not empty", zh: "禁止跳闸时段", holds: (row) => row["window"] !== "" },
  "not-noticed": {
    en: "notice_minutes is not empty, and notice_delivered_at is, or is fewer minutes than that before sent_at",
    zh: "未按规定通知",
    holds: (row) => row["notice_minutes"] !== "" && !isNoticed(row),
  },
  "register-taken-back": {
    en: "register_taken_back_to is less than register_then: more had been charged than was ever used",
    zh: "所依据的示数已更正",
    holds: (row) =>
      row["register_taken_back_to"] !== "" &&
      row["register_then"] !== "" &&
      Number(row["register_taken_back_to"]) < Number(row["register_then"]),
  },
  contradicted: {
    en: "contradicted_at is not empty: the meter showed less than was believed",
    zh: "电表示数与账面矛盾",
    holds: (row) => row["contradicted_at"] !== "",
  },
  "wrong-meter": {
    en: "quarantined_at is not empty: it was another customer's meter",
    zh: "电表与档案不符",
    holds: (row) => row["quarantined_at"] !== "",
  },
  incident: {
    en: "incident is not empty: recovery found it so, and people were told",
    zh: "已登记为误停电事件",
    holds: (row) => row["incident"] !== "",
  },
};

const isNoticed = (row: Row): boolean =>
  (between(row, "notice_delivered_at", "sent_at") ?? -1) >= Number(row["notice_minutes"]) * MINUTE_MS;

/** In the order of the table; none: as far as the books know, it was right. */
export const falseBecause = (row: Row): readonly string[] =>
  Object.entries(falseReasons).flatMap(([code, { holds }]) => (holds(row) ? [code] : []));

export const isFalse: Test = (row) => falseBecause(row).length > 0;

export interface BesideCut {
  /** Causes of incidents that call it false; empty where nobody has one. */
  readonly incident: string;
  /** What somebody had said against cuts there when its bytes left: bad weather, an outage. */
  readonly said: readonly string[];
}

/** What the sheet tells of a cut. */
export function cutRow(cut: CutEvidence, timeZone: string, { incident, said }: BesideCut): RawRow {
  const strategy = cut.rules === null ? null : keptStrategy(cut.rules, timeZone);
  const line = strategy?.cutAt ?? parseYuan(cut.cutBelow ?? "0.00");
  const noticed = cut.noticeDeliveredAt;
  const windows = strategy === null ? [] : windowsAt(cut.sentAt, timeZone, strategy.calendar.noCut);
  const isGood = strategy !== null && noticed !== null && cut.sentAt - noticed < strategy.noticeGoodMs;
  return {
    ...{ command: cut.command, meter: cut.meter, class: cut.class, bus: cut.bus, model: cut.model },
    ...{ sent_at: cut.sentAt, cut_at: cut.cutAt, restored_at: cut.restoredAt },
    in_credit: cut.available >= line ? "yes" : "no",
    exemption: cut.exemption,
    window: strategy === null && said.length === 0 ? null : [...new Set([...windows, ...said])].join(" "),
    notice_minutes: strategy?.noticesRequired === true ? strategy.noticeMs / MINUTE_MS : null,
    notice_delivered_at: isGood ? noticed : null,
    register_then: cut.registerThen,
    register_taken_back_to: cut.takenBackTo,
    ...{ contradicted_at: cut.contradictedAt, quarantined_at: cut.quarantinedAt, incident },
  };
}
