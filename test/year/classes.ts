/**
 * Whom the site knows, as a table: what its file says of them, and what that comes to for whoever judges from outside. The right half is
 * written down a second time and not worked out by the house, so that both have to agree.
 */
import { hours, minutes } from "../../src/kernel/clock.ts";
import type { PolicyRules } from "../../src/policy/policy-file.ts";

/** Days on which nobody is cut, nor on the day before: 2027 as the State Council gives them, near enough. */
export const holidays: readonly string[] = [
  "2027-01-01",
  ...["05", "06", "07", "08", "09", "10", "11"].map((day) => `2027-02-${day}`),
  "2027-04-05",
  ...["01", "02", "03", "04", "05"].map((day) => `2027-05-${day}`),
  ...["2027-06-09", "2027-09-15"],
  ...["01", "02", "03", "04", "05", "06", "07"].map((day) => `2027-10-${day}`),
];

export const siteRules: PolicyRules = {
  mode: "live",
  restoreBy: "reconnect",
  cutBelow: "0.00",
  notices: "required",
  noticeMinutes: 120,
  noticeDays: 7,
  contact: "required",
  noCut: { hours: "17:00-08:00", weekends: true, holidays: [...holidays] },
};
/** The same, read by a person. */
export const CUT_FROM_HOUR = 8;
export const CUT_TO_HOUR = 17;
export const NOTICE_GOOD_MS = hours(7 * 24);

interface ClassRow {
  readonly share: number;
  readonly policy: PolicyRules;
  /** Fen: one less and a cut is due. */
  readonly cutAt: number;
  readonly noticeMs: number;
  /** Nobody of them is ever cut by a rule. */
  readonly isProtected: boolean;
}

export const classTable = {
  residential: { share: 70, policy: {}, cutAt: 0, noticeMs: minutes(120), isProtected: false },
  "trusted-residential": {
    ...{ share: 14, policy: { overdraft: "20.00" } },
    ...{ cutAt: -2_000, noticeMs: minutes(120), isProtected: false },
  },
  "non-residential": {
    ...{ share: 12, policy: { cutBelow: "10.00", noticeMinutes: 30 } },
    ...{ cutAt: 1_000, noticeMs: minutes(30), isProtected: false },
  },
  "welfare-residential": {
    ...{ share: 4, policy: { protected: true } },
    ...{ cutAt: 0, noticeMs: minutes(120), isProtected: true },
  },
} as const satisfies Record<string, ClassRow>;
export type ClassName = keyof typeof classTable;
