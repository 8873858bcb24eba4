/** How long something takes, and when it is, as people write it: `90s`, `2h30m`, `30d`; a time without a zone is the meters' own, UTC+8. */
import { Instant } from "../src/kernel/clock.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

export const DURATION_FORM = "like 90s, 2h30m or 30d";
export const TIME_FORM = "like 2026-11-22T10:00:00+08:00; without a zone UTC+8";

/** Milliseconds; undefined: it is none. */
export function durationOf(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) ms += Number(number) * UNITS[unit!]!;
  return Math.round(ms);
}

export function timeOf(text: string): Instant | undefined {
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text.includes("T") ? text : `${text}T00:00:00`}+08:00`;
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(zoned) : Number.NaN;
  return Number.isNaN(at) ? undefined : Instant(at);
}
