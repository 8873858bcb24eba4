/**
 * Hours, weekends, holidays, planned outages and bad weather in which nobody is cut. Pure: a moment and a calendar in, names out.
 *
 * The wall clock of the site's zone counts, whatever it does in spring and autumn: an hour that comes twice is quiet twice, one that is left
 * out is nobody's. `Calendar` remembers the stretch it looked at last, since a million accounts are decided at one moment.
 */
import { dayOf, wallClock, type Instant } from "../kernel/clock.ts";

export interface NoCut {
  /** "17:00-08:00": from the first to the second, over midnight when the second is earlier. Null: no such hours. */
  readonly hours: { readonly fromMinute: number; readonly toMinute: number } | null;
  readonly weekends: boolean;
  /** Settlement days, "2026-10-01". */
  readonly holidays: ReadonlySet<string>;
  /** The day before a holiday counts too: nobody could pay on the next. */
  readonly dayBefore: boolean;
  /** Somebody has said that the weather is bad. */
  readonly weather: boolean;
  /** Planned outages: whoever is without power then is not cut as well. */
  readonly maintenance: readonly { readonly from: Instant; readonly to: Instant }[];
}

/** As it is written down: moments with their offset. */
export interface Maintenance {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

export const windowCodes = ["maintenance", "bad-weather", "holiday", "weekend", "no-cut-hours"] as const;
export type WindowCode = (typeof windowCodes)[number];

/** Windows that hold at a moment, and until when they surely stay as they are; null: longer than anybody looks ahead. */
export interface Windows {
  readonly codes: readonly WindowCode[];
  readonly until: Instant | null;
}

const HOURS = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;
const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 86_400_000;
/** Whoever waits longer for a window to end is looked at again before. */
const DAYS_AHEAD_MAX = 40;

/** "17:00-08:00" → minutes of the day; null when it is not of that shape. */
export function parseHours(text: string): NoCut["hours"] {
  const match = HOURS.exec(text);
  if (match === null) return null;
  return { fromMinute: Number(match[1]) * 60 + Number(match[2]), toMinute: Number(match[3]) * 60 + Number(match[4]) };
}

/** All windows that hold at a moment. */
export function windowsAt(at: Instant, timeZone: string, noCut: NoCut): readonly WindowCode[] {
  const { hours, weekends, holidays, dayBefore, weather, maintenance } = noCut;
  const codes: WindowCode[] = [];
  if (maintenance.some(({ from, to }) => at >= from && at < to)) codes.push("maintenance");
  if (weather) codes.push("bad-weather");
  const clock = wallClock(at, timeZone);
  if (holidays.size > 0 && (holidays.has(dayOf(at, timeZone)) || (dayBefore && holidays.has(dayAfter(clock)))))
    codes.push("holiday");
  if (weekends && (clock.weekday === 0 || clock.weekday === 6)) codes.push("weekend");
  if (hours !== null && isWithin(clock.hour * 60 + clock.minute, hours)) codes.push("no-cut-hours");
  return codes;
}

const isWithin = (minute: number, { fromMinute, toMinute }: NonNullable<NoCut["hours"]>): boolean =>
  fromMinute <= toMinute ? minute >= fromMinute && minute < toMinute : minute >= fromMinute || minute < toMinute;

const dayAfter = ({ year, month, day }: { readonly year: number; readonly month: number; readonly day: number }): string =>
  new Date(Date.UTC(year, month - 1, day + 1)).toISOString().slice(0, 10);

/** When other windows hold than at `at`, for the first time; null: not within the days that are looked at. */
export function nextChange(at: Instant, timeZone: string, noCut: NoCut): Instant | null {
  const now = windowsAt(at, timeZone, noCut).join();
  const isOther = (moment: number): boolean => windowsAt(moment as Instant, timeZone, noCut).join() !== now;
  const outages = noCut.maintenance.flatMap(({ from, to }) => [from, to]).filter((moment) => moment > at);
  const minutes = [
    ...(noCut.weekends || noCut.holidays.size > 0 ? [0] : []),
    ...(noCut.hours === null ? [] : [noCut.hours.fromMinute, noCut.hours.toMinute]),
  ];
  const today = wallClock(at, timeZone);
  const days = minutes.length === 0 ? 0 : DAYS_AHEAD_MAX;
  let nearest = outages.filter(isOther).reduce<number | null>(earlier, null);
  let last = days;
  for (let day = 0; day < last; day += 1) {
    const midnight = Date.UTC(today.year, today.month - 1, today.day + day);
    if (nearest !== null && nearest < midnight - DAY_MS) break;
    const found = momentsOf(midnight, minutes, timeZone)
      .filter((moment) => moment > at && isOther(moment))
      .reduce<number | null>(earlier, null);
    if (found === null) continue;
    nearest = earlier(nearest, found);
    last = Math.min(last, day + 3); // a day near which clocks are set tells of its neighbours as well
  }
  return nearest as Instant | null;
}

const earlier = (one: number | null, other: number): number => (one === null || other < one ? other : one);

/** Moments at which the wall of a day shows these minutes, and when that day sets its clocks. `midnight`: as if the zone were UTC. */
function momentsOf(midnight: number, minutes: readonly number[], timeZone: string): readonly number[] {
  const [before, after] = [offsetMs(midnight - DAY_MS, timeZone), offsetMs(midnight + 2 * DAY_MS, timeZone)];
  const moments = minutes.map((minute) => midnight + minute * MINUTE_MS - before);
  if (before === after) return moments;
  let [from, to] = [midnight - DAY_MS, midnight + 2 * DAY_MS];
  while (to - from > QUARTER_MS) {
    const middle = Math.floor((from + to) / 2 / QUARTER_MS) * QUARTER_MS;
    if (middle <= from) break;
    if (offsetMs(middle, timeZone) === before) from = middle;
    else to = middle;
  }
  return [...moments, ...minutes.map((minute) => midnight + minute * MINUTE_MS - after), to];
}

/** What the wall shows beyond UTC. */
function offsetMs(at: number, timeZone: string): number {
  const wall = wallClock(at as Instant, timeZone);
  return Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second) - Math.floor(at / 1_000) * 1_000;
}

export class Calendar {
  readonly timeZone: string;
  readonly noCut: NoCut;
  #since = Number.POSITIVE_INFINITY;
  #seen: Windows = { codes: [], until: null };

  constructor(timeZone: string, noCut: NoCut) {
    this.timeZone = timeZone;
    this.noCut = noCut;
  }

  at(now: Instant): Windows {
    const until = this.#seen.until ?? this.#since + DAYS_AHEAD_MAX * DAY_MS - 2 * DAY_MS;
    if (now < this.#since || now >= until) {
      this.#since = now;
      const { timeZone, noCut } = this;
      this.#seen = { codes: windowsAt(now, timeZone, noCut), until: nextChange(now, timeZone, noCut) };
    }
    return this.#seen;
  }
}
