/**
 * Freezes: what the registers showed at a moment, kept for whoever asks later (05, dlt645-2007 section 8). By time of the day
 * and hour, on appointment, on a word (16H), and whenever a set of tables or prices takes over.
 * What is kept is kept packed (`tape.ts`): two months of days and eleven of hours fit into ten kilobytes a meter.
 * A mode byte says what is frozen; what it leaves out is not kept. Daily freezes missed for lack of power are made up, the last
 * seven; hourly and appointed ones are not.
 */
import { Instant } from "../src/kernel/clock.ts";
import { wasMissed } from "./agenda.ts";
import type { Demands } from "./demand.ts";
import { flat, maximaIn } from "./demand.ts";
import type { Snapshot } from "./energies.ts";
import { later } from "../src/kernel/clock.ts";
import { keepsAll, keepsFields } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";
import { listed, listsIn, Tape } from "./tape.ts";
import type { TapeState } from "./tape.ts";
import type { SetKind } from "./tariff.ts";
import { dayNumber, dayStart, momentOf, wallDate, wallMoment } from "./wall-time.ts";

/** What 16H asks of a meter. */
export interface FreezeSink {
  freezeNow(): void;
  /** MMDDhhmm, 99 where it stands for every; false: it makes no sense. */
  appoint(mmddhhmm: string): boolean;
}

export interface Frozen {
  readonly at: Instant;
  /** The mode byte of that moment. */
  readonly mode: number;
  readonly energies: Snapshot;
  readonly forward: Demands[number];
  readonly reverse: Demands[number];
  /** Active total, A, B, C and reactive total, A, B, C; milliwatts, undefined for phases that are not there. */
  readonly variables: readonly (number | undefined)[];
}

/** What a freeze of this kind keeps of the moment: on the hour, two totals. */
export type Take = (kind: FreezeKind) => Omit<Frozen, "at" | "mode">;

/** DI2 of the kind, how many are kept, and which mode byte (0400090n) decides. */
export const freezeKinds = {
  timed: { di2: "00", kept: 12, mode: 2, zerosBeyond: false },
  instant: { di2: "01", kept: 3, mode: 3, zerosBeyond: false },
  zones: { di2: "02", kept: 2, mode: 4, zerosBeyond: true },
  slots: { di2: "03", kept: 2, mode: 4, zerosBeyond: true },
  hourly: { di2: "04", kept: 254, mode: 5, zerosBeyond: false },
  prices: { di2: "05", kept: 2, mode: 4, zerosBeyond: true },
  daily: { di2: "06", kept: 62, mode: 6, zerosBeyond: false },
  steps: { di2: "07", kept: 2, mode: 4, zerosBeyond: true },
} as const satisfies Record<string, { di2: string; kept: number; mode: number; zerosBeyond: boolean }>;
export type FreezeKind = keyof typeof freezeKinds;

const MADE_UP_DAYS = 7;
const DAY_MS = 86_400_000;

export class Freezes implements FreezeSink {
  /** 04000901 to 06 by last digit; 1 is the load profile's and lives elsewhere. */
  readonly modes: Record<2 | 3 | 4 | 5 | 6, number> = { 2: 0xff, 3: 0xff, 4: 0xff, 5: 0x03, 6: 0xff };
  /** 04001201: hourly freezes begin then; undefined: they always have. */
  hourlyFrom: Instant | undefined;
  /** 04001202, minutes. */
  hourlyMinutes = 60;
  /** 04001203, hhmm. */
  dailyAt = "0000";
  /** 04001204, MMDDhhmm; no date at all: never. */
  appointment = "00000000";
  /** Only of kinds that ever froze. */
  #kept: Partial<Record<FreezeKind, Tape>> = {};
  readonly #take: Take;
  readonly #shown: () => Instant;
  readonly #appointed: () => void;

  /** The meter is up to date already; `shown` is what its clock says, `appointed` makes it think of what is next. */
  constructor(around: { take: Take; shown: () => Instant; appointed: () => void }) {
    this.#take = around.take;
    this.#shown = around.shown;
    this.#appointed = around.appointed;
  }

  freezeNow(): void {
    this.freeze("instant", this.#shown());
  }

  appoint(mmddhhmm: string): boolean {
    if (mmddhhmm === "99999999") {
      this.freezeNow();
      return true;
    }
    if (!isAppointment(mmddhhmm)) return false;
    this.appointment = mmddhhmm;
    this.#appointed();
    return true;
  }

  /** The age-th newest, 1 the last; undefined when there is none. */
  kept(kind: FreezeKind, age: number): Frozen | undefined {
    const row = this.#kept[kind]?.row(age);
    return row && frozenIn(row);
  }

  freeze(kind: FreezeKind, at: Instant): void {
    const { kept, mode } = freezeKinds[kind];
    const tape = (this.#kept[kind] ??= new Tape(kept));
    tape.push(rowOf({ at, mode: this.modes[mode], ...this.#take(kind) }));
  }

  switched(kind: SetKind, due: Instant): void {
    this.freeze(kind, due);
  }

  nextHourAfter(shown: Instant): Instant | undefined {
    const ms = this.hourlyMinutes * 60_000;
    if (ms <= 0) return undefined;
    // Intervals are counted from midnight, or from the moment at which freezes were told to begin.
    const from = this.hourlyFrom ?? dayStart(dayNumber(shown));
    if (from > shown) return from;
    const next = later(from, (Math.floor((shown - from) / ms) + 1) * ms);
    const midnight = dayStart(dayNumber(shown) + 1);
    return this.hourlyFrom === undefined && next > midnight ? midnight : next;
  }

  hour(due: Instant, now: Instant): void {
    if (!wasMissed(due, now)) this.freeze("hourly", due);
  }

  nextDayAfter(shown: Instant): Instant {
    const minute = Number(this.dailyAt.slice(0, 2)) * 60 + Number(this.dailyAt.slice(2));
    const today = later(dayStart(dayNumber(shown)), minute * 60_000);
    return today > shown ? today : later(today, DAY_MS);
  }

  day(due: Instant, now: Instant): void {
    const isTooOld = now - due > MADE_UP_DAYS * DAY_MS;
    // The clock was set back over it: the day was frozen already.
    if (!isTooOld && this.kept("daily", 1)?.at !== due) this.freeze("daily", due);
  }

  nextAppointedAfter(shown: Instant): Instant | undefined {
    return nextMatch(this.appointment, shown);
  }

  appointed(due: Instant, now: Instant): void {
    if (!wasMissed(due, now)) this.freeze("timed", due);
  }

  get keeps(): Keeps {
    const open = ["modes", "hourlyFrom", "hourlyMinutes", "dailyAt", "appointment"] as const;
    return keepsAll("freezes", keepsFields("", this, open), {
      save: () => ({ kept: Object.fromEntries(Object.entries(this.#kept).map(([kind, tape]) => [kind, tape.save()])) }),
      load: ({ kept }: { kept: Partial<Record<FreezeKind, TapeState>> }) => {
        this.#kept = {};
        for (const kind of Object.keys(kept) as FreezeKind[])
          (this.#kept[kind] = new Tape(freezeKinds[kind].kept)).load(kept[kind]!);
      },
    });
  }

  clear(): void {
    for (const tape of Object.values(this.#kept)) tape.clear();
  }
}

function rowOf({ at, mode, energies, forward, reverse, variables }: Frozen): (number | undefined)[] {
  return [at, mode, ...listed(energies), ...listed(flat(forward)), ...listed(flat(reverse)), ...listed(variables)];
}

function frozenIn(row: readonly (number | undefined)[]): Frozen {
  const lists = listsIn(row, 2);
  const [energies, forward, reverse, variables] = [lists(), lists(), lists(), lists()];
  return {
    at: Instant(row[0]!),
    mode: row[1]!,
    energies: energies as number[],
    forward: maximaIn(forward),
    reverse: maximaIn(reverse),
    variables,
  };
}

const EVERY = "99";

/** 99 stands above valid fields only, never below one; what is valid must be on the calendar (29 February is). */
export function isAppointment(mmddhhmm: string): boolean {
  if (!/^\d{8}$/.test(mmddhhmm)) return false;
  const fields = mmddhhmm.match(/../g)!;
  const firstValid = fields.findIndex((field) => field !== EVERY);
  if (firstValid < 0 || fields.slice(firstValid).includes(EVERY)) return false;
  const filled = fields.map((field, i) => (field === EVERY ? ["01", "01", "00", "00"][i]! : field)).join("");
  return momentOf(`28${filled}00`) !== undefined;
}

function nextMatch(pattern: string, shown: Instant): Instant | undefined {
  if (!isAppointment(pattern)) return undefined;
  const [month, day, hour, minute] = pattern.match(/../g)!.map(Number) as [number, number, number, number];
  const now = wallDate(shown);
  if (hour === 99) {
    const thisHour = later(
      wallMoment(now.year, now.month, now.day),
      Math.floor((shown - dayStart(dayNumber(shown))) / 3_600_000) * 3_600_000,
    );
    const at = later(thisHour, minute * 60_000);
    return at > shown ? at : later(at, 3_600_000);
  }
  if (day === 99) {
    const at = wallMoment(now.year, now.month, now.day, hour, minute);
    return at > shown ? at : later(at, DAY_MS);
  }
  // Months without a 31st and years without a 29 February are passed over.
  for (let i = 0; i <= 12 * 8; i += 1) {
    const at = wallMoment(now.year, now.month + i, day, hour, minute);
    const there = wallDate(at);
    if (at > shown && there.day === day && (month === 99 || there.month === month)) return at;
  }
  return undefined;
}
