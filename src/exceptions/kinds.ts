/**
 * What can be wrong enough for a person, as a table: what it is called, who has it first, how long it may stay open before it
 * is said aloud, and into which class of failure it falls (not told, late, wrong action, device).
 *
 * An owner is one name: a desk to begin with, a person once somebody took it. Every item has exactly one.
 */
import { hours, minutes } from "../kernel/clock.ts";

export type FailureClass = "not-told" | "late" | "wrong-action" | "device";
export const failureClasses: readonly FailureClass[] = ["not-told", "late", "wrong-action", "device"];

/** Who has an item until a person took it; the last two are reached by going up (escalation). */
export const desks = ["money-desk", "field-desk", "operations", "field-lead", "duty-manager"] as const;
export type Desk = (typeof desks)[number];

interface KindRow {
  readonly title: { readonly en: string; readonly zh: string };
  readonly owner: Desk;
  readonly class: FailureClass;
  readonly limitMs: number;
}

/** Money waits a day for a person; a supply or a command does not. */
const MONEY_MS = hours(24);
const COMMAND_MS = minutes(15);
const DEVICE_MS = hours(4);
/** Whoever waits for a final notice owes meanwhile; whoever is not told of a cut sits in the dark. */
const NOTICE_MS = hours(8);
/** Told a week before the end: whoever has to decide about it has most of that. */
const EXEMPTION_MS = hours(6 * 24);
/** A work order is made a quarter of an hour after the payment, and goes up an hour after it. */
const WORK_ORDER_MS = minutes(45);
/** Two days before the two weeks are over. */
const FOLLOW_UP_MS = hours(2 * 24);

const row = (owner: KindRow["owner"], failure: FailureClass, limitMs: number, en: string, zh: string): KindRow => ({
  title: { en, zh },
  owner,
  class: failure,
  limitMs,
});

export const kinds = {
  "command-disputed": row("money-desk", "not-told", MONEY_MS, "Nobody can tell whether the meter was credited", "充值结果存疑"),
  "command-refused": row("operations", "device", DEVICE_MS, "The meter or a rule said no", "命令被拒绝"),
  "command-expired": row("operations", "late", DEVICE_MS, "No time was left for the command", "命令已过期"),
  "command-unanswered": row("field-desk", "device", DEVICE_MS, "The meter does not show what was ordered", "命令无应答"),
  "command-late": row(
    "operations",
    "late",
    COMMAND_MS,
    "A command has not ended for a quarter of an hour",
    "命令超过15分钟未结束",
  ),
  "payment-unallocated": row("money-desk", "late", MONEY_MS, "A payment reached no meter", "缴费未入表"),
  "meter-quarantined": row("field-desk", "wrong-action", MONEY_MS, "The meter is not the one of the books", "电表已隔离"),
  "address-garbled": row(
    "field-desk",
    "device",
    DEVICE_MS,
    "The meter's answers cannot be read: two may carry its address",
    "电表应答乱码,可能地址重复",
  ),
  "ledger-difference": row("money-desk", "wrong-action", MONEY_MS, "Ledger and meter differ", "账表不符"),
  "books-restored": row(
    "money-desk",
    "not-told",
    MONEY_MS,
    "The books are those of an older moment; rules cut nobody until this is closed",
    "账务已恢复到较早时刻;结案前规则不执行跳闸",
  ),
  "stale-tariff": row(
    "operations",
    "wrong-action",
    MONEY_MS,
    "The meter deducts by another tariff than the site file's",
    "表内电价与站点文件不一致",
  ),
  "tariff-not-switched": row("operations", "device", MONEY_MS, "A pushed tariff has not taken over", "已下装的电价未切换"),
  "rates-missing": row("money-desk", "device", MONEY_MS, "Energy without a rate was not charged", "电量无费率,未计费"),
  "exemption-ends": row("operations", "not-told", EXEMPTION_MS, "An exemption from cuts ends soon", "免跳闸豁免即将到期"),
  "cuts-stopped": row("operations", "wrong-action", COMMAND_MS, "An emergency stop stands: nobody is cut", "紧急停止跳闸中"),
  "cuts-braked": row(
    "operations",
    "wrong-action",
    COMMAND_MS,
    "The brake has tripped: nothing is cut automatically",
    "自动跳闸已制动",
  ),
  "cut-batch": row("operations", "late", DEVICE_MS, "A list of cuts needs two persons", "停电批次待双人处理"),
  "notice-undelivered": row("operations", "not-told", NOTICE_MS, "A customer could not be told", "客户未被通知到"),
  "clock-off": row("field-desk", "device", MONEY_MS, "The meter's clock is more than five minutes off", "电表时钟超差"),
  "meter-changed": row("field-desk", "wrong-action", MONEY_MS, "Somebody else changed the meter", "电表被他人操作"),
  "reading-suspect": row("field-desk", "device", MONEY_MS, "A reading cannot be believed", "示数异常"),
  "false-cut": row("operations", "wrong-action", COMMAND_MS, "A supply was cut that should not have been", "误停电"),
  "restore-failed": row("field-desk", "device", WORK_ORDER_MS, "Work order: supply did not come back", "复电失败工单"),
  "energy-while-disconnected": row("field-desk", "device", DEVICE_MS, "Energy goes on behind an open relay", "断电后电量仍在走"),
  "follow-up-due": row("operations", "not-told", FOLLOW_UP_MS, "Ask the customer after a wrong cut", "误停电用户回访"),
} as const satisfies Record<string, KindRow>;

export type ExceptionKind = keyof typeof kinds;
export const exceptionKinds = Object.keys(kinds) as [ExceptionKind, ...ExceptionKind[]];

/** Refusals that say: this is not the meter, or not the customer, that was meant. */
const WRONG_ONE: ReadonlySet<string> = new Set([
  "customer-mismatch",
  "identity-mismatch",
  "meter-quarantined",
  "account-without-meter",
]);

export interface Standing {
  readonly owner: string;
  readonly class: FailureClass;
  readonly limitMs: number;
}

/** Pure: who has such an item first, and until when it should be closed. Money on its way makes it the money desk's, and gives it a day. */
export function standingOf(kind: ExceptionKind, because: string | null, withMoney: boolean): Standing {
  const { owner, class: usual, limitMs } = kinds[kind];
  const failure = because !== null && WRONG_ONE.has(because) ? "wrong-action" : usual;
  if (!withMoney || kind === "command-late") return { owner, class: failure, limitMs };
  return { owner: kinds["payment-unallocated"].owner, class: failure, limitMs: MONEY_MS };
}
