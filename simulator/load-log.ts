/**
 * How the load of one meter ran over the last weeks, as stretches of steady load: the ground on which demands, load records and
 * curves are worked out when somebody asks, exactly, since the energy between two moments is a sum of whole numbers.
 *
 * A household that lives its own life makes some 24 stretches a day, and all of them follow from its curve: so what is kept is the
 * span in which that curve held, and the hours in it are spelt out again for whoever asks. A meter of which nothing extraordinary is
 * told keeps one span for forty days, and living on writes nothing down.
 */
import { Instant, later } from "../src/kernel/clock.ts";
import { flowsOf } from "./energies.ts";
import type { Curve, Load } from "./household.ts";
import type { MeterClock } from "./meter-clock.ts";
import { phaseLoads, sumOf } from "./power.ts";
import type { Supply } from "./supply.ts";

export const DAYS_KEPT = 40;
const KEPT_MS = DAYS_KEPT * 86_400_000;
const HOUR_MS = 3_600_000;

export interface Around {
  /** The street's time. */
  readonly from: Instant;
  readonly powered: boolean;
  /** Voltages that a person had set. */
  readonly volts: readonly (number | null)[];
  readonly clock: MeterClock;
}

export interface Stretch extends Around {
  readonly load: Load;
  /** By phase. */
  readonly loads: readonly Load[];
}

/** As long as nothing but the hour changed. Without a curve the load was steady. */
export interface Span extends Around {
  readonly curve: Curve | undefined;
  readonly loads: readonly Load[];
}

/** Milliwatt-milliseconds by kind. */
export type Sums = [bigint, bigint, bigint, bigint, bigint, bigint];

export class LoadLog {
  readonly #supply: Supply;
  #spans: readonly Span[] = [];
  #until: Instant;

  constructor(at: Instant, supply: Supply) {
    this.#supply = supply;
    this.#until = at;
  }

  /** Up to where the log goes. */
  get until(): Instant {
    return this.#until;
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** As it was. */
  goOnFrom({ until, spans }: { until: Instant; spans: readonly Span[] }): void {
    this.#until = until;
    this.#spans = spans;
  }

  get start(): Instant {
    const [first] = this.#spans;
    return first === undefined ? this.#until : this.#startOf(first);
  }

  /** From then on it is like this; the same as before is nothing new. `curve`: the load follows it, hour by hour. */
  note(next: Around & { readonly loads: readonly Load[] }, curve?: Curve): void {
    const last = this.#spans.at(-1);
    if (
      last !== undefined &&
      last.curve === curve &&
      isAround(last, next) &&
      (curve !== undefined || isSame(last.loads, next.loads))
    )
      return;
    const { from, powered, volts, clock } = next;
    const span = { from, powered, volts, clock, curve, loads: curve === undefined ? next.loads : NONE };
    this.#spans = [...this.#spans, span];
  }

  reach(until: Instant): void {
    this.#until = until;
    const [, second] = this.#spans;
    if (second !== undefined && second.from < this.runningSince - KEPT_MS) this.#spans = this.#spans.slice(1);
  }

  /** Where the running stretch began. */
  get runningSince(): Instant {
    const last = this.#spans.at(-1);
    return last === undefined ? this.#until : beginning(last, later(this.#until, -1));
  }

  /** All of them, oldest first; a stretch ends where the next begins, the last at `until`. */
  get stretches(): readonly Stretch[] {
    // Whoever asks for a hundred records asks the same log a hundred times; one answer is kept for the whole street.
    if (lately?.log !== this || lately.until !== this.#until || lately.spans !== this.#spans)
      lately = { log: this, until: this.#until, spans: this.#spans, stretches: this.since(this.start) };
    return lately.stretches;
  }

  /** Those that had not ended by then, spelt out for this one question. */
  since(from: Instant): readonly Stretch[] {
    const stretches: Stretch[] = [];
    for (let i = this.#spans.length - 1, end = this.#until; i >= 0 && (end > from || stretches.length === 0); i -= 1) {
      const span = this.#spans[i]!;
      const first = i === 0 ? this.#startOf(span) : span.from;
      stretches.unshift(...this.#spelt(span, Instant(Math.max(first, beginning(span, from))), end));
      end = span.from;
    }
    return stretches;
  }

  /** What flowed between two moments of the street. */
  between(from: Instant, to: Instant): Sums {
    const sums: Sums = [0n, 0n, 0n, 0n, 0n, 0n];
    const { stretches } = this;
    for (let i = stretches.length - 1, end = this.#until; i >= 0 && end > from; i -= 1) {
      const stretch = stretches[i]!;
      const ms = Math.min(end, to) - Math.max(stretch.from, from);
      end = stretch.from;
      if (ms <= 0) continue;
      const { real, speed, quadrant, reactiveSpeed } = flowsOf(stretch.load);
      if (speed > 0) sums[real] += BigInt(speed) * BigInt(ms);
      if (reactiveSpeed > 0) sums[quadrant] += BigInt(reactiveSpeed) * BigInt(ms);
    }
    return sums;
  }

  /** The stretch in which the meter's clock passed `shown`: the latest, if it was set back. A stretch owns its end. */
  passing(shown: Instant): { readonly stretch: Stretch; readonly at: Instant } | undefined {
    const { stretches } = this;
    for (let i = stretches.length - 1, end = this.#until; i >= 0; i -= 1) {
      const stretch = stretches[i]!;
      if (stretch.clock.at(stretch.from) < shown && shown <= stretch.clock.at(end))
        return { stretch, at: stretch.clock.firstAt(shown, later(stretch.from, 1)) };
      end = stretch.from;
    }
    return undefined;
  }

  clear(): void {
    const last = this.#spans.at(-1);
    this.#spans = last === undefined ? [] : [{ ...last, from: this.#until }];
  }

  /** A span that has lasted for longer than is kept begins with the hour in which what is kept begins. */
  #startOf(span: Span): Instant {
    const oldest = this.runningSince - KEPT_MS;
    return span.curve === undefined || span.from >= oldest ? span.from : beginning(span, Instant(oldest - 1));
  }

  /** The stretches of a span from one of them on: one, or one an hour. */
  #spelt(span: Span, first: Instant, end: Instant): Stretch[] {
    const { curve, powered, volts, clock } = span;
    if (curve === undefined) return [{ ...span, load: sumOf(span.loads) }];
    const stretches: Stretch[] = [];
    let from = first;
    do {
      const loads = phaseLoads(curve.loadAt(from), this.#supply, curve.splitAt(from), volts);
      stretches.push({ from, load: sumOf(loads), loads, powered, volts, clock });
      from = curve.nextHourAfter(from);
    } while (from < end);
    return stretches;
  }
}

const NONE: readonly Load[] = [];

/** What was spelt out whole last. */
let lately:
  | { readonly log: LoadLog; readonly until: Instant; readonly spans: readonly Span[]; readonly stretches: readonly Stretch[] }
  | undefined;

/** Where the stretch of a span that holds this moment begins. */
const beginning = ({ from, curve }: Span, at: Instant): Instant =>
  curve === undefined ? from : Instant(Math.max(from, curve.nextHourAfter(at) - HOUR_MS));

const isAround = (a: Around, b: Around): boolean => a.powered === b.powered && a.clock === b.clock && a.volts === b.volts;

const isSame = (a: readonly Load[], b: readonly Load[]): boolean =>
  a.length === b.length && a.every(({ active, reactive }, i) => active === b[i]!.active && reactive === b[i]!.reactive);

/** What flowed between two moments, for a window so short that its sums stay whole below 2^53: a demand period has many of them. */
export function sumsWithin(stretches: readonly Stretch[], until: Instant, { from, to }: { from: number; to: number }): number[] {
  const sums = [0, 0, 0, 0, 0, 0];
  for (let i = stretches.length - 1, end = until; i >= 0 && end > from; i -= 1) {
    const stretch = stretches[i]!;
    const ms = Math.min(end, to) - Math.max(stretch.from, from);
    end = stretch.from;
    if (ms <= 0) continue;
    const { real, speed, quadrant, reactiveSpeed } = flowsOf(stretch.load);
    sums[real]! += speed * ms;
    sums[quadrant]! += reactiveSpeed * ms;
  }
  return sums;
}

/** The highest flow of each kind, in milliwatts: no average over that time is above it. */
export function peaksOf(stretches: readonly Stretch[]): number[] {
  const peaks = [0, 0, 0, 0, 0, 0];
  for (const { load } of stretches) {
    const { real, speed, quadrant, reactiveSpeed } = flowsOf(load);
    peaks[real] = Math.max(peaks[real]!, speed);
    peaks[quadrant] = Math.max(peaks[quadrant]!, reactiveSpeed);
  }
  return peaks;
}
