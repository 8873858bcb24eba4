/**
 * What `policy:` may look like in a site file, for the site, for a class (`classes.NAME.policy`) and for an account (`accounts[].policy`): the
 * same rules everywhere, each left out where nothing is to be said. What is usual stands in `strategy.ts`.
 */
import { z } from "zod";
import type { Rules } from "./strategy.ts";

const yuanText = z.string().regex(/^-?\d{1,12}(\.\d{1,2})?$/, 'yuan with at most two decimals, in quotes, like "100.00"');
const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, "a day like 2026-10-01")
  .refine((text) => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text), "there is no such day");
const moment = z.iso.datetime({ offset: true, error: "a moment with its offset, like 2026-12-01T09:00:00+08:00" });
const owed = yuanText.refine((text) => !text.startsWith("-"), "how much may be owed, so without a minus");

const noCut = z.strictObject({
  hours: z
    .string()
    .regex(/^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$/, 'like "17:00-08:00", or "" for none')
    .optional(),
  weekends: z.boolean().optional(),
  holidays: z.array(day).optional(),
  // Nobody could pay on the holiday itself.
  dayBefore: z.boolean().optional(),
  weather: z.boolean().optional(),
  maintenance: z
    .array(
      z
        .strictObject({ from: moment, to: moment, reason: z.string().min(1).max(200) })
        .refine(({ from, to }) => Date.parse(from) < Date.parse(to), { path: ["to"], error: "after from" }),
    )
    .optional(),
});

export const policyRules = z.strictObject({
  mode: z.enum(["shadow", "live"]).optional(),
  restoreBy: z.enum(["arm", "reconnect"]).optional(),
  cutBelow: yuanText.optional(),
  overdraft: owed.optional(),
  warn1: yuanText.nullable().optional(),
  warn2: yuanText.nullable().optional(),
  forecastDays: z.int().min(0).max(60).optional(),
  meterWarn: z.boolean().optional(),
  notices: z.enum(["required", "off"]).optional(),
  noticeMinutes: z.int().min(0).max(43_200).optional(),
  noticeDays: z.int().min(1).max(90).optional(),
  graceDays: z.int().min(0).max(90).optional(),
  freshMinutes: z.int().min(1).max(1_440).optional(),
  contact: z.enum(["required", "off"]).optional(),
  protected: z.boolean().optional(),
  conversion: z
    .strictObject({ day, days: z.int().min(0).max(366).default(30) })
    .nullable()
    .optional(),
  stagger: z
    .strictObject({ seconds: z.int().min(0).max(60).default(10), perMinute: z.int().min(1).max(600).default(10) })
    .nullable()
    .optional(),
  noCut: noCut.optional(),
});

/** As somebody said them. */
export type PolicyRules = z.output<typeof policyRules>;

/** Only what was said, under the names of the table. */
export function saidIn({ noCut: windows, ...rules }: PolicyRules): Partial<Rules> {
  const nested = Object.entries(windows ?? {}).map(([name, value]) => [`noCut.${name}`, value] as const);
  return Object.fromEntries([...Object.entries(rules), ...nested].filter(([, value]) => value !== undefined)) as Partial<Rules>;
}

/** What only the rules of an account together can tell, in one sentence; null: nothing is wrong. */
export function contradictionIn(rules: Rules): { readonly rule: keyof Rules; readonly why: string } | null {
  const { warn1, warn2, noticeMinutes, noticeDays, graceDays } = rules;
  if (warn1 !== null && warn2 !== null && Number(warn2) > Number(warn1))
    return { rule: "warn2", why: `the second warning (${warn2}) comes after the first (${warn1}), so it is lower` };
  const waitDays = Math.max(noticeMinutes / 1_440, graceDays);
  if (rules.notices === "required" && waitDays >= noticeDays)
    return {
      rule: "noticeDays",
      why: `a notice that is good for ${noticeDays} days is over before the ${waitDays} days after it: nobody could ever be cut`,
    };
  return null;
}
