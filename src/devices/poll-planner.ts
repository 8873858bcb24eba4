/**
 * Keeps the poll plan of each line: which meter is read for what and how often, as the tiers say, as the facts of the moment say, and
 * as far as the line's time goes. Warns once when a plan asks for more than there is.
 *
 * The plan is made anew every minute, when somebody asks: a meter that fell silent gives its time to the others, and one that became
 * hot takes some of theirs.
 */
import { minutes, type Clock, type Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import { PREAMBLE_BYTES } from "../protocols/dlt645/index.ts";
import { ANSWER_MS_DEFAULT, type ExchangeBytes } from "./airtime.ts";
import type { MeterAnswers } from "./answer-times.ts";
import type { BusConfig, BusTransport } from "./bus-config.ts";
import { lineNameOf } from "./line-names.ts";
import { LineShares } from "./line-shares.ts";
import { meterModels, type MeterModel } from "./meter-models.ts";
import type { BusPicture, MeterHealth, MeterRecord } from "./meter.ts";
import { complaintAboutPlan, planLine, type LinePlan } from "./poll-plan.ts";
import { dutiesOf, exchangesOf, type Duty, type Tiers } from "./poll-tiers.ts";
import { timingOf, type LineTiming } from "./timing.ts";

const PLAN_EVERY_MS = minutes(1);

/** One line and who is behind it. */
export interface LineToPlan {
  readonly id: string;
  readonly kind: BusTransport["kind"];
  readonly timing: LineTiming;
  readonly meters: readonly MeterRecord[];
}

/** A plan for each pair of wires: a bus, a meter or DTU over MQTT, a caller where meters dial in. A line without meters needs none. */
export function linesToPlan(buses: readonly BusConfig[], meters: readonly MeterRecord[]): readonly LineToPlan[] {
  return buses.flatMap((bus) => {
    const own = meters.filter((meter) => meter.bus === bus.id);
    const line = { kind: bus.transport.kind, timing: timingOf(bus) };
    return [...Map.groupBy(own, (meter) => lineNameOf(bus, meter))].map(([id, behind]) => ({ ...line, id, meters: behind }));
  });
}

export interface PlannerParts {
  readonly lines: readonly LineToPlan[];
  readonly tiers: Tiers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly health: (meter: MeterAddress) => MeterHealth;
  readonly isHot: (meter: MeterAddress) => boolean;
  /** What a model is asked once a day beside its duties; left out: nothing. */
  readonly daily?: (model: MeterModel) => readonly ExchangeBytes[];
  /** What this meter's answers take, as measured; undefined: nobody measures. */
  readonly answers: (meter: MeterAddress) => MeterAnswers | undefined;
}

/** What is shown of a line beside its counts: parts of its time, 1 is all of it. */
export interface BusShares {
  readonly planned: number;
  readonly measured: number | null;
  /** What the plan asks too much, and what waits for it; null: it fits. */
  readonly plan: string | null;
}

export class PollPlanner {
  readonly #parts: PlannerParts;
  /** Over MQTT each meter may have a line of its own: nobody looks for one among forty thousand, forty thousand times. */
  readonly #lines = new Map<string, LineToPlan>();
  readonly #lineOf = new Map<MeterAddress, LineToPlan>();
  readonly #plans = new Map<LineToPlan, { readonly plan: LinePlan; readonly at: Instant }>();
  readonly #warned = new Set<LineToPlan>();
  readonly #measured: LineShares;
  /** What a model is read for and what that takes, by model and heat: the same for all its meters and for ever. */
  readonly #dutiesOf = new Map<string, readonly (Duty & { readonly exchanges: readonly ExchangeBytes[] })[]>();

  constructor(parts: PlannerParts) {
    this.#parts = parts;
    this.#measured = new LineShares(parts.clock);
    this.know(parts.lines);
  }

  /** Lines and who is behind them, anew: a meter came, or left. */
  know(lines: readonly LineToPlan[]): void {
    this.#lines.clear();
    for (const line of lines) this.#lines.set(line.id, line);
    this.#lineOf.clear();
    this.#plans.clear();
    for (const line of lines) for (const meter of line.meters) this.#lineOf.set(meter.address, line);
  }

  /** Hottest first, with the periods as the line can keep them. */
  duties(meter: MeterRecord): readonly Duty[] {
    const duties = this.#wanted(meter);
    const line = this.#lineOf.get(meter.address);
    if (line === undefined) return duties;
    const { stretch } = this.#planOf(line);
    return duties.map((duty) => (stretch[duty.tier] > 1 ? { ...duty, everyMs: duty.everyMs * stretch[duty.tier] } : duty));
  }

  plan(lineId: string): LinePlan | null {
    const line = this.#lines.get(lineId);
    return line === undefined ? null : this.#planOf(line);
  }

  shares({ id, occupiedMs }: Pick<BusPicture, "id" | "occupiedMs">): BusShares {
    const plan = this.plan(id);
    return {
      planned: plan?.share ?? 0,
      measured: this.#measured.share(id, occupiedMs),
      plan: plan === null ? null : complaintAboutPlan(plan),
    };
  }

  #wanted({ address, model: name }: MeterRecord): readonly (Duty & { readonly exchanges: readonly ExchangeBytes[] })[] {
    const isHot = this.#parts.isHot(address);
    const key = `${name}${isHot ? ", hot" : ""}`;
    let duties = this.#dutiesOf.get(key);
    if (duties === undefined) {
      const model = meterModels[name];
      duties = dutiesOf(this.#parts.tiers, model, isHot).map((duty) => ({ ...duty, exchanges: exchangesOf(duty, model) }));
      this.#dutiesOf.set(key, duties);
    }
    return duties;
  }

  #planOf(line: LineToPlan): LinePlan {
    const { clock } = this.#parts;
    const known = this.#plans.get(line);
    const age = known === undefined ? PLAN_EVERY_MS : clock.now() - known.at;
    if (known !== undefined && age >= 0 && age < PLAN_EVERY_MS) return known.plan;
    const plan = this.#make(line);
    this.#plans.set(line, { plan, at: clock.now() });
    this.#warnOnce(line, plan);
    return plan;
  }

  #make({ kind, timing, meters }: LineToPlan): LinePlan {
    const { health, answers, daily } = this.#parts;
    return planLine(
      timing,
      meters.map((meter) => {
        const { state, failures } = health(meter.address);
        const { meanMs, silenceMs } = answers(meter.address) ?? {};
        // Measured up to a reply's 68H: its wake-up bytes are in it, and in the bytes that the plan counts.
        const answerMs = meanMs === undefined ? ANSWER_MS_DEFAULT[kind] : meanMs - PREAMBLE_BYTES * timing.byteMs;
        return {
          duties: this.#wanted(meter),
          ...(daily === undefined ? {} : { daily: daily(meterModels[meter.model]) }),
          answerMs,
          failures: state === "silent" ? failures : null,
          silenceMs,
        };
      }),
    );
  }

  #warnOnce(line: LineToPlan, plan: LinePlan): void {
    const complaint = complaintAboutPlan(plan);
    if (complaint === null) this.#warned.delete(line);
    else if (!this.#warned.has(line)) {
      this.#warned.add(line);
      this.#parts.log.warn(
        { bus: line.id, planned: plan.share, stretch: plan.stretch },
        `${complaint}; read less often, fewer items or at a higher baud rate`,
      );
    }
  }
}
