/**
 * Moments as people at the desk read them. The gateway writes ISO 8601 with the site's own offset, so the digits are
 * already the time on the wall of the site; they are cut out, not converted. "Five minutes ago" is not said anywhere:
 * a demonstration's clock jumps, and the browser's clock is not the site's.
 */

const dayIn = (iso: string): string => iso.slice(0, 10);

/** "18:30:05", or "11-22 18:30" when the day is not the one on the other side. */
export function moment(iso: string, today: string | null): string {
  return today === null || dayIn(iso) === dayIn(today) ? iso.slice(11, 19) : `${iso.slice(5, 10)} ${iso.slice(11, 16)}`;
}

/** "2026-11-22 18:30:05 +08:00": for titles, where there is room. */
export const wholeMoment = (iso: string): string =>
  `${dayIn(iso)} ${iso.slice(11, 19)} ${iso.slice(19).replace(/^\.\d+/, "")}`.trim();

/** "+08:00" */
export const offsetOf = (iso: string): string => iso.slice(19).replace(/^\.\d+/, "");

/** "2026-11-23T06:30", on the same wall, so many hours after a moment that the gateway wrote: as a field for day and time holds it. */
export const hoursAfter = (iso: string, hours: number): string =>
  new Date(Date.parse(`${iso.slice(0, 19)}Z`) + hours * 3_600_000).toISOString().slice(0, 16);

/** What such a field holds, as a moment again, at the offset of one that the gateway wrote. */
export const fieldMoment = (field: string, like: string): string => `${field}:00${offsetOf(like)}`;
