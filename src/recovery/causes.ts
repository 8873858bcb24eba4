/**
 * What makes dark hours an incident, as a table: found in the books, never by waiting for a complaint. One incident for the dark hours of
 * one cut; where several causes come together the first of this table names it, and the others stand beside it.
 */
import type { FailureClass } from "../exceptions/kinds.ts";

export interface Words {
  readonly en: string;
  readonly zh: string;
}

interface CauseRow {
  readonly title: Words;
  readonly class: FailureClass;
  /** People are told at once; else when it has become a work order. */
  readonly tellsAtOnce: boolean;
  /**
   * The gateway asks for the supply back by itself. Not where the rules do so anyway, would cut again in the same minute, or where nobody
   * knows whose supply it is.
   */
  readonly restores: boolean;
  /** What it is marked with until a person says otherwise. */
  readonly compensation: Compensation;
}

export const compensations = ["yes", "no", "paid"] as const;
export type Compensation = (typeof compensations)[number];

const row = (en: string, zh: string, more: Omit<CauseRow, "title">): CauseRow => ({ title: { en, zh }, ...more });
const wrong = { class: "wrong-action", tellsAtOnce: true, restores: false, compensation: "yes" } as const;

export const causes = {
  "wrong-identity": row(
    "Cut, and then found to be another meter than the books say",
    "跳闸后发现电表与档案不符,可能错停他户",
    wrong,
  ),
  "false-register": row("Cut on a register that was false", "依据错误示数跳闸", wrong),
  "cut-in-window": row("Cut at a time at which nobody is cut", "在禁止跳闸时段跳闸", { ...wrong, restores: true }),
  "cut-unnoticed": row("Cut without the notice that was due", "未按规定送达通知即跳闸", {
    ...wrong,
    class: "not-told",
    restores: true,
  }),
  "cut-too-late": row("Cut after its deadline", "超过有效期后跳闸", { ...wrong, class: "late" }),
  "paid-but-dark": row("Paid, and still without supply", "已缴费未复电", {
    class: "late",
    tellsAtOnce: false,
    restores: false, // the rules do
    compensation: "yes",
  }),
  "restore-failed": row("Ordered back by a person, and still without supply", "人工复电未成功", {
    class: "device",
    tellsAtOnce: false,
    restores: false, // a person's order is made again only by a person
    compensation: "no",
  }),
} as const satisfies Record<string, CauseRow>;

export type Cause = keyof typeof causes;
export const causeNames = Object.keys(causes) as [Cause, ...Cause[]];

/** Pure: which of two names an incident. */
export const graver = (one: Cause, other: Cause): Cause => (causeNames.indexOf(one) <= causeNames.indexOf(other) ? one : other);
