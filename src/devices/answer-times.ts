/**
 * How long meters have been taking to answer, beyond the wire's own time, and how long the next answer is worth waiting for: a
 * smoothed time and its deviation for each meter and for the line as a whole, as TCP keeps them (RFC 6298).
 *
 *     allowance = smoothed + 4 × deviation, never below the floor, never above what the line was configured with
 *
 * A time-out widens at once: the very next question has the whole allowance, so that a meter that only became slow is heard, and
 * what it took is learned, also from a late reply. One that stays silent even then is dead rather than slow: its probes cost
 * what others on this line need, and each fourth has the whole allowance again, so that nobody is called dead for ever.
 *
 * Pure: knows no clock and no wire. Only questions are shortened (`line.ts`): an order is said once, and giving up on its answer a
 * second early would buy a second and cost the certainty whether it was obeyed.
 */

/** A meter may take this long by the standard (response delay Td, 20 to 500 ms), however quick it was a moment ago. */
export const ANSWER_FLOOR_MS = 500;
/** Where the allowance is long the way is a mobile network, whose pauses nobody can know from a few answers. */
const FLOOR_SHARE = 1 / 4;
/** One lucky answer says little. */
const SAMPLES_MIN = 4;
const WHOLE_EVERY = 4;
/** A byte at 1200 baud: what a reply longer than any measured may cost where the wire's speed is not known. */
const SLOWEST_BYTE_MS = 9.2;

interface Estimate {
  smoothedMs: number;
  deviationMs: number;
  samples: number;
  /** The longest reply behind these times. */
  bytesMax: number;
}

interface MeterTimes extends Estimate {
  /** Questions without an answer in a row. */
  silences: number;
}

const unknown = (): Estimate => ({ smoothedMs: 0, deviationMs: 0, samples: 0, bytesMax: 0 });

function learn(estimate: Estimate, ms: number, bytes: number): void {
  if (estimate.samples === 0) {
    estimate.smoothedMs = ms;
    estimate.deviationMs = ms / 2;
  } else {
    estimate.deviationMs += (Math.abs(ms - estimate.smoothedMs) - estimate.deviationMs) / 4;
    estimate.smoothedMs += (ms - estimate.smoothedMs) / 8;
  }
  estimate.samples += 1;
  estimate.bytesMax = Math.max(estimate.bytesMax, bytes);
}

/** For the plan of a line: what the answers of one meter cost it, beyond the wire's own time. */
export interface MeterAnswers {
  /** Undefined: it has not answered yet. */
  readonly meanMs: number | undefined;
  /** How long it is waited for while it is silent, on the average of its probes. */
  readonly silenceMs: number;
}

export interface AnswerLimits {
  /** The whole allowance, as configured. */
  readonly allowanceMs: number;
  /** False: the wire's own time is not computed, so it hides in what is measured. */
  readonly wireIsKnown: boolean;
}

export class AnswerTimes {
  readonly #limits: AnswerLimits;
  readonly #line = unknown();
  readonly #meters = new Map<string, MeterTimes>();

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
  }

  get floorMs(): number {
    const { allowanceMs } = this.#limits;
    return Math.min(allowanceMs, Math.max(ANSWER_FLOOR_MS, allowanceMs * FLOOR_SHARE));
  }

  /** How long an answer of so many bytes by this meter is waited for, beyond the wire's own time. */
  allowanceMs(meter: string, bytes: number): number {
    const { allowanceMs: whole } = this.#limits;
    const own = this.#meters.get(meter);
    if (own === undefined) return whole;
    if (own.silences === 0) return this.#expected([own], bytes);
    return own.silences % WHOLE_EVERY === 1 ? whole : this.#expected([own, this.#line], bytes);
  }

  of(meter: string): MeterAnswers {
    const own = this.#meters.get(meter);
    const short = this.#expected([own ?? unknown(), this.#line], 0);
    return {
      meanMs: own === undefined || own.samples === 0 ? undefined : own.smoothedMs,
      silenceMs: short + (this.#limits.allowanceMs - short) / WHOLE_EVERY,
    };
  }

  answered(meter: string, ms: number, bytes: number): void {
    const own = this.#estimateOf(meter);
    own.silences = 0;
    learn(own, ms, bytes);
    learn(this.#line, ms, bytes);
  }

  silent(meter: string): void {
    this.#estimateOf(meter).silences += 1;
  }

  /** The most that any of these lets expect; nobody knows anything yet: the whole allowance. */
  #expected(estimates: readonly Estimate[], bytes: number): number {
    const known = estimates.filter(({ samples }) => samples >= SAMPLES_MIN);
    if (known.length === 0) return this.#limits.allowanceMs;
    const likely = Math.max(
      ...known.map(({ smoothedMs, deviationMs, bytesMax }) => {
        const unmeasured = this.#limits.wireIsKnown ? 0 : Math.max(0, bytes - bytesMax) * SLOWEST_BYTE_MS;
        return smoothedMs + 4 * deviationMs + unmeasured;
      }),
    );
    return Math.min(this.#limits.allowanceMs, Math.max(this.floorMs, Math.ceil(likely)));
  }

  #estimateOf(meter: string): MeterTimes {
    let own = this.#meters.get(meter);
    if (own === undefined) this.#meters.set(meter, (own = { ...unknown(), silences: 0 }));
    return own;
  }
}
