/**
 * How the load of one meter ran over the last weeks, as stretches of steady load: the ground on which demands, load records and
 * curves are worked out when somebody asks, exactly, since the energy between two moments is a sum of whole numbers.
 *
 * A household that lives its own life makes some 24 stretches a day, and all of them follow from its curve: so what is kept is the
 * span in which that curve held, and the hours in it are worked out again for whoever asks. Only the last few stretches, which
 * demand looks at all the time, are kept as they are. A meter of which nothing extraordinary is told keeps one span for forty days.
 */
import { Instant, later } from "../src/kernel/clock.ts";
import type { Kind } from "./energies.ts";
import { flowsOf, KINDS } from "./energies.ts";
import type { Curve, Load } from "./household.ts";
import type { MeterClock } from "./meter-clock.ts";
import { phaseLoads, sumOf } from "./power.ts";
import { refill } from "./state/keeping.ts";
import type { Supply } from "./supply.ts";

export const DAYS_KEPT = 40;
const KEPT_MS = DAYS_KEPT * 86_400_000;
/** The longest demand period is 99 minutes, and its mean is looked for a period back. */
const RECENT_MS = 4 * 3_600_000;

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
  readonly #spans: Span[] = [];
  readonly #recent: Stretch[] = [];
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

  /** The last few stretches. */
  get recent(): readonly Stretch[] {
    return this.#recent;
  }

  /** As it was. */
  goOnFrom({ until, spans, recent }: { until: Instant; spans: readonly Span[]; recent: readonly Stretch[] }): void {
    this.#until = until;
    refill(this.#spans, spans);
    refill(this.#recent, recent);
    if (lately?.log === this) lately = undefined;
  }

  get start(): Instant {
    const [first] = this.#spans;
    return first === undefined ? this.#until : this.#startOf(first);
  }

  /** From then on it is like this; the same as before makes no new stretch. `curve`: the load follows it, hour by hour. */
  note(next: Stretch, curve?: Curve): void {
    const last = this.#recent.at(-1);
    if (last !== undefined && isSame(last, next) && curve === this.#spans.at(-1)?.curve) return;
    this.#recent.push(next);
    while ((this.#recent[1]?.from ?? next.from) < next.from - RECENT_MS) this.#recent.shift();
    const span = this.#spans.at(-1);
    if (span === undefined || curve === undefined || span.curve !== curve || !isAround(span, next))
      this.#spans.push({ ...next, curve });
    while ((this.#spans[1]?.from ?? next.from) < next.from - KEPT_MS) this.#spans.shift();
    if (lately?.log === this) lately = undefined;
  }

  reach(until: Instant): void {
    this.#until = until;
  }

  /** Where the running stretch began. */
  get runningSince(): Instant {
    return this.#recent.at(-1)?.from ?? this.#until;
  }

  /** All of them, oldest first; a stretch ends where the next begins, the last at `until`. */
  get stretches(): readonly Stretch[] {
    // Whoever asks for a hundred records asks the same log a hundred times; one answer is kept for the whole street.
    if (lately?.log !== this) lately = { log: this, stretches: this.#spans.flatMap((span, i) => this.#spelt(span, i)) };
    return lately.stretches;
  }

  /** What flowed between two moments of the street. */
  between(from: Instant, to: Instant): Sums {
    const sums: Sums = [0n, 0n, 0n, 0n, 0n, 0n];
    const stretches = this.#since(from);
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

  /** As `between`, for a window so short that its sums stay whole below 2^53: a demand period has many of them. */
  within(from: Instant, to: Instant): number[] {
    const sums = [0, 0, 0, 0, 0, 0];
    const stretches = this.#since(from);
    for (let i = stretches.length - 1, end = this.#until; i >= 0 && end > from; i -= 1) {
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

  /** The highest flow of each kind since a moment, in milliwatts: no average over that time is above it. */
  peaksSince(from: Instant): number[] {
    const peaks = KINDS.map(() => 0);
    const raise = (kind: Kind, speed: number): void => void (peaks[kind] = Math.max(peaks[kind]!, speed));
    const stretches = this.#since(from);
    for (let i = stretches.length - 1, end = this.#until; i >= 0 && end > from; i -= 1) {
      const { real, speed, quadrant, reactiveSpeed } = flowsOf(stretches[i]!.load);
      end = stretches[i]!.from;
      raise(real, speed);
      raise(quadrant, reactiveSpeed);
    }
    return peaks;
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
    const [span, stretch] = [this.#spans.at(-1), this.#recent.at(-1)];
    this.#spans.length = this.#recent.length = 0;
    if (span !== undefined) this.#spans.push({ ...span, from: this.#until });
    if (stretch !== undefined) this.#recent.push({ ...stretch, from: this.#until });
    if (lately?.log === this) lately = undefined;
  }

  /** As far back as asked for, or further. */
  #since(from: Instant): readonly Stretch[] {
    const [oldest] = this.#recent;
    return oldest === undefined || oldest.from <= from ? this.#recent : this.stretches;
  }

  /** A span that has lasted for longer than is kept begins with the hour in which what is kept begins. */
  #startOf(span: Span): Instant {
    const oldest = this.runningSince - KEPT_MS;
    if (span.curve === undefined || span.from >= oldest) return span.from;
    return Instant(Math.max(span.from, span.curve.nextHourAfter(Instant(oldest - 1)) - HOUR_MS));
  }

  /** The stretches of a span: one, or one an hour. */
  #spelt(span: Span, i: number): Stretch[] {
    const { curve } = span;
    if (curve === undefined) return [{ ...span, load: sumOf(span.loads) }];
    const end = this.#spans[i + 1]?.from ?? this.#until;
    const stretches: Stretch[] = [];
    let from = i === 0 ? this.#startOf(span) : span.from;
    do {
      const loads = phaseLoads(curve.loadAt(from), this.#supply, curve.splitAt(from), span.volts);
      stretches.push({ from, load: sumOf(loads), loads, powered: span.powered, volts: span.volts, clock: span.clock });
      from = curve.nextHourAfter(from);
    } while (from < end);
    return stretches;
  }
}

const HOUR_MS = 3_600_000;

/** The log that was spelt out last. Dropped as soon as something is noted there. */
let lately: { readonly log: LoadLog; readonly stretches: readonly Stretch[] } | undefined;

const isAround = (a: Around, b: Around): boolean => a.powered === b.powered && a.clock === b.clock && a.volts === b.volts;

const isSame = (a: Stretch, b: Stretch): boolean =>
  isAround(a, b) &&
  a.loads.every(({ active, reactive }, i) => active === b.loads[i]!.active && reactive === b.loads[i]!.reactive);
