/**
 * Keeps replacements going: at the start, when somebody says something to one, and every few seconds. Also tells the house of meters that
 * come and go: another gateway on the same books may have moved an account, so every one of them looks for itself.
 */
import { advance, type StepParts } from "../commands/replacement/replacement-steps.ts";
import type { BookedMeter, Replacement } from "../commands/replacement/replacement.ts";
import type { BusConfig } from "../devices/bus-config.ts";
import type { MeterRecord, Street } from "../devices/meter.ts";
import { linesToPlan, type PollPlanner } from "../devices/poll-planner.ts";
import type { Poller } from "../devices/poller.ts";
import { seconds } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { Rounds } from "../kernel/rounds.ts";
import { ofThePlace } from "./meters-in-use.ts";

const LOOK_EVERY_MS = seconds(2);

export interface ReplacingParts extends StepParts {
  /** Left out: every two seconds. */
  readonly everyMs?: number;
  /** Whoever reads, plans and orders meters has to know of it. */
  readonly comes: (meter: MeterRecord) => void;
  readonly goes: (meter: MeterAddress) => void;
}

export class Replacing {
  readonly #parts: ReplacingParts;
  readonly #rounds: Rounds;
  /** Hung on the street here because they take another's place; until they have, they are in nobody's use. */
  readonly #brought = new Set<MeterAddress>();

  constructor(parts: ReplacingParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#rounds = new Rounds({
      ...{ clock, log, everyMs: parts.everyMs ?? LOOK_EVERY_MS, work: () => this.#round() },
      failed: "replacements could not be looked at; they are looked at again",
    });
  }

  start(): void {
    this.#rounds.start();
  }

  nudge(): void {
    this.#rounds.nudge();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #round(): Promise<void> {
    const { replacements, log } = this.#parts;
    const open = await replacements.open();
    for (const replacement of open) {
      if (this.#rounds.isStopped) return;
      try {
        await this.#one(replacement);
      } catch (error) {
        log.error({ replacement: replacement.id, reason: reasonOf(error) }, "a replacement could not go on; it is tried again");
      }
    }
    await this.#heed();
    await this.#takeBack();
  }

  async #one(replacement: Replacement): Promise<void> {
    const { replacements } = this.#parts;
    const record = await replacements.bookedMeter(replacement.newMeter);
    if (record !== null) {
      this.#bring(record, replacement.oldMeter);
      this.#renew(record, replacement.oldMeter);
      this.#brought.add(record.address);
    }
    await advance(this.#parts, replacement.id);
  }

  /** What the books say of meters that hang here no more, whoever moved their accounts. */
  async #heed(): Promise<void> {
    const { street, replacements, goes } = this.#parts;
    for (const { meter, by } of await replacements.replaced()) {
      if (street.meter(meter) === undefined) continue;
      this.#bring(by, meter);
      this.#renew(by, meter);
      goes(meter);
    }
  }

  /** A replacement was abandoned: its new meter hangs here no more, and may come back with the numbers that it carries. */
  async #takeBack(): Promise<void> {
    const { replacements, goes } = this.#parts;
    if (this.#brought.size === 0) return;
    const open = new Set((await replacements.open()).map(({ newMeter }) => newMeter));
    for (const meter of this.#brought) {
      if (open.has(meter)) continue;
      if (await replacements.isFree(null, meter)) goes(meter);
      this.#brought.delete(meter);
    }
  }

  #bring(record: BookedMeter, before: MeterAddress): void {
    const { street, comes } = this.#parts;
    if (street.meter(record.address) !== undefined) return;
    comes({ ...record, ...ofThePlace(street.meter(before)) });
  }

  /** It was brought while it belonged to nobody, or with numbers that were wrong. */
  #renew(record: BookedMeter, before: MeterAddress): void {
    const { street, comes, goes } = this.#parts;
    const hanging = street.meter(record.address);
    if (hanging !== undefined && isTheSame(hanging, record)) return;
    goes(record.address);
    comes({ ...record, ...ofThePlace(street.meter(before) ?? hanging) });
  }
}

const isTheSame = (hanging: MeterRecord, booked: BookedMeter): boolean =>
  (["meterNumber", "customerNumber", "account", "bus", "model"] as const).every((field) => hanging[field] === booked[field]);

/** A meter is known to whoever reads it, plans for it and speaks to it; and forgotten by all of them. */
export function comingAndGoing({
  street,
  poller,
  planner,
  buses,
}: {
  readonly street: Street;
  readonly poller: Poller;
  readonly planner: PollPlanner;
  readonly buses: readonly BusConfig[];
}): Pick<ReplacingParts, "comes" | "goes"> {
  const replan = (): void => planner.know(linesToPlan(buses, street.meters()));
  return {
    comes: (meter) => {
      street.adopt?.(meter);
      replan();
      poller.adopt(meter);
    },
    goes: (meter) => {
      street.retire?.(meter);
      replan();
      poller.retire(meter);
    },
  };
}
