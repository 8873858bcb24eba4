/**
 * The street's time. Two of them, in fact:
 *
 *     lived     how much has happened since the street was raised: it follows the clock that was handed in, faster or slower,
 *               standing still, or moved ahead, and never goes back. Registers and wallets count by it
 *     now       what calendars show. It is the same until somebody sets the street back; from then on it is behind
 *
 * The wire knows neither: bytes take their real time at any speed, and a session holds its five minutes of it (`unhurried`), or
 * nobody could finish a top-up on a street that runs a day a minute.
 *
 * Nothing here holds a timer. Whoever wants to know the time computes it, and before a later time is told, what was appointed for
 * an earlier one is done at its own moment: no meter can live past it.
 */
import { Instant } from "../src/kernel/clock.ts";
import type { Clock } from "../src/kernel/clock.ts";
import { Fault } from "../src/kernel/faults.ts";
import { refill } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";

export const SPEED_MAX = 100_000;
/** A hundred years. */
export const ADVANCE_MS_MAX = 3_153_600_000_000;

/** What befell every meter of the street at one moment; each heeds it when it is looked at next. */
export type Befallen = { readonly at: Instant } & (
  { readonly setBackMs: number } | { readonly households: "paused" | "running" }
);

interface Appointment {
  readonly at: Instant;
  readonly act: () => void;
}
interface Due {
  /** When so much was lived. */
  readonly at: number;
  readonly list: Appointment[];
  readonly appointment: Appointment;
}

interface TimeState {
  /** To the fraction, or a street at an odd speed would lose it. */
  readonly at: number;
  readonly began: Instant;
  readonly unhurried: number;
  readonly speed: number;
  readonly setBackMs: number;
  readonly befallen: readonly Befallen[];
}

export class StreetTime implements Keeps<TimeState> {
  readonly keptAs = "time";
  readonly #clock: Clock;
  #began: Instant;
  #streetAt: number;
  #clockAt: number;
  #speed: number;
  #advanced = 0;
  #setBackMs = 0;
  readonly #befallen: Befallen[] = [];
  /** Soonest first; of one moment in the order in which they were made. */
  readonly #appointments: Appointment[] = [];
  /** The same by the clock that does not hurry. */
  readonly #unhurried: Appointment[] = [];
  /** While an appointment is kept, the street stands at its moment. */
  #isStanding = false;

  constructor(clock: Clock, start?: Instant, speed = 1) {
    this.#clock = clock;
    this.#clockAt = clock.now();
    this.#began = start ?? Instant(this.#clockAt);
    this.#streetAt = this.#began;
    this.#speed = checkedSpeed(speed);
  }

  /** When the street was raised. */
  get began(): Instant {
    return this.#began;
  }

  get speed(): number {
    return this.#speed;
  }

  /** What the calendar shows. */
  now(): Instant {
    return Instant(this.lived() - this.#setBackMs);
  }

  lived(): Instant {
    for (;;) {
      const at = this.#flowed();
      const next = this.#next(
        (unhurried) => this.#streetAt + Math.max(0, unhurried - this.#clockAt - this.#advanced) * this.#speed,
      );
      if (this.#isStanding || next === undefined || next.at > at) return at;
      // Whoever looks late finds it done in time: from its moment on the street runs as that left it.
      if (next.at > this.#streetAt) {
        this.#clockAt += (next.at - this.#streetAt) / this.#speed;
        this.#streetAt = next.at;
      }
      this.#keep(next);
    }
  }

  /** By how much the calendar is behind what was lived. */
  get setBackMs(): number {
    return this.#setBackMs;
  }

  get befallen(): readonly Befallen[] {
    return this.#befallen;
  }

  /** Runs at the clock's own pace whatever the speed, and is moved ahead with the street. */
  unhurried(): Instant {
    return Instant(this.#clock.now() + this.#advanced);
  }

  setSpeed(speed: number): void {
    checkedSpeed(speed);
    this.#moveTo(this.lived());
    this.#speed = speed;
  }

  /** Moves ahead at once, past what is appointed on the way. */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0)
      throw new Fault("invalid-request", { field: "advanceMs", given: ms, allowed: "milliseconds, 0 or more" });
    const from = this.lived();
    const until = Instant(from + Math.floor(ms));
    this.#moveTo(from);
    for (;;) {
      // A jump takes the wire's clock along, millisecond by millisecond.
      const next = this.#next((unhurried) => this.#streetAt + Math.max(0, unhurried - this.unhurried()), ms);
      if (next === undefined || next.at > until) break;
      this.#moveTo(Instant(Math.max(Math.floor(next.at), this.#streetAt)));
      this.#keep(next);
    }
    if (until > this.#streetAt) this.#moveTo(until);
  }

  /** One step of a street that stands: it stands still from here on, and is so much further. */
  step(ms: number): void {
    this.setSpeed(0);
    this.advance(ms);
  }

  /** Lets the calendar show this. Ahead, the time between is lived; back, clocks and sun go back, and what was counted stays. */
  jumpTo(at: Instant): void {
    const ahead = at - this.now();
    if (Math.abs(ahead) > ADVANCE_MS_MAX)
      throw new Fault("invalid-request", { field: "at", given: at, allowed: "a time within a hundred years of the street's" });
    if (ahead >= 0) this.advance(ahead);
    else {
      this.#befallen.push({ at: this.lived(), setBackMs: -ahead });
      this.#setBackMs -= ahead;
    }
  }

  /** Whether anybody draws power; clocks go on either way. */
  setHouseholds(households: "paused" | "running"): void {
    this.#befallen.push({ at: this.lived(), households });
  }

  /** Does this when so much was lived; what is past already is done when time is asked for next. */
  appoint(at: Instant, act: () => void): void {
    place(this.#appointments, { at, act });
  }

  /** The same by the clock that does not hurry: for what takes as long as it takes at any speed. */
  appointUnhurried(at: Instant, act: () => void): void {
    place(this.#unhurried, { at, act });
  }

  /** Until the next appointment, by the clock that was handed in: infinite while the street stands; undefined, there is none. */
  get msUntilNext(): number | undefined {
    const at = this.lived();
    const [next] = this.#appointments;
    return next === undefined ? undefined : (next.at - at) / this.#speed;
  }

  save(): TimeState {
    const [at, unhurried, speed] = [this.#exactly, this.unhurried(), this.#speed];
    return { at, began: this.#began, unhurried, speed, setBackMs: this.#setBackMs, befallen: this.#befallen };
  }

  /** The street goes on from there, whatever this clock shows. Who had appointed something appoints it again, loaded after this. */
  load({ at, began, unhurried, speed, setBackMs, befallen }: TimeState): void {
    this.#speed = checkedSpeed(speed);
    this.#began = began;
    this.#clockAt = this.#clock.now();
    this.#streetAt = at;
    this.#advanced = unhurried - this.#clockAt;
    this.#setBackMs = setBackMs;
    refill(this.#befallen, befallen);
    this.#appointments.length = this.#unhurried.length = 0;
  }

  #flowed(): Instant {
    return Instant(Math.floor(this.#exactly));
  }

  get #exactly(): number {
    // A machine whose clock is set back must not make the street younger: energy has been counted up to here.
    const passed = this.#isStanding ? 0 : Math.max(0, this.#clock.now() - this.#clockAt);
    return this.#streetAt + passed * this.#speed;
  }

  /** What is next; `livedAt` says where a moment of the unhurried clock lies, which has to come within `aheadMs`. */
  #next(livedAt: (unhurried: Instant) => number, aheadMs = 0): Due | undefined {
    const [appointment] = this.#appointments;
    const [errand] = this.#unhurried;
    const first = appointment && { at: appointment.at, list: this.#appointments, appointment };
    if (errand === undefined || errand.at > this.unhurried() + aheadMs) return first;
    const other = { at: livedAt(errand.at), list: this.#unhurried, appointment: errand };
    return first === undefined || other.at < first.at ? other : first;
  }

  #keep({ list, appointment }: Due): void {
    list.splice(list.indexOf(appointment), 1);
    const wasStanding = this.#isStanding;
    this.#isStanding = true;
    try {
      appointment.act();
    } finally {
      this.#isStanding = wasStanding;
    }
  }

  /** The street is there now, and flows on from this moment of the clock; standing at an appointment, from that one's. */
  #moveTo(at: Instant): void {
    this.#advanced += Math.max(0, at - this.#flowed());
    this.#streetAt = at;
    if (!this.#isStanding) this.#clockAt = this.#clock.now();
  }
}

function place(list: Appointment[], appointment: Appointment): void {
  const later = list.findIndex((other) => other.at > appointment.at);
  list.splice(later < 0 ? list.length : later, 0, appointment);
}

function checkedSpeed(speed: number): number {
  if (Number.isFinite(speed) && speed >= 0 && speed <= SPEED_MAX) return speed;
  throw new Fault("invalid-request", { field: "speed", given: speed, allowed: `0 to ${SPEED_MAX}; 0 stands still` });
}
