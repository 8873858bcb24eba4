/**
 * Meters that stand in no site file: joined to those that do at the start, and brought onto their lines while the house runs, by whichever
 * gateway they were added. Where the file and the books name the same meter, the file wins, and the start says so.
 */
import type { NewMeter, NewMeterStore } from "../commands/new-meters.ts";
import type { BusConfig } from "../devices/bus-config.ts";
import type { MeterRecord, Street } from "../devices/meter.ts";
import { seconds, type Clock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { Rounds } from "../kernel/rounds.ts";

const LOOK_EVERY_MS = seconds(5);

/** Pure: the file's meters and those beside them. `say` hears of the ones that cannot hang there any more. */
export function besideTheFile(
  file: readonly MeterRecord[],
  added: readonly NewMeter[],
  buses: ReadonlySet<string>,
  say: (what: string, about: { readonly meter: string; readonly bus: string }) => void,
): readonly MeterRecord[] {
  const named = new Set(file.map(({ address }) => address));
  const accounts = new Set(file.flatMap(({ account }) => (account === null ? [] : [account])));
  return [
    ...file,
    ...added.flatMap((meter): MeterRecord[] => {
      if (named.has(meter.address)) return [];
      const about = { meter: meter.address, bus: meter.bus };
      if (!buses.has(meter.bus)) say("the site file has no such bus any more: a meter that was added to it is not asked", about);
      else if (meter.account !== null && accounts.has(meter.account))
        say("the site file gives the account of a meter that was added to another one; the file wins", about);
      else return [{ ...meter, relayPassword: null }];
      return [];
    }),
  ];
}

export interface AddedMetersParts {
  readonly store: NewMeterStore;
  readonly street: Pick<Street, "meter">;
  /** Of this gateway's site. */
  readonly buses: ReadonlySet<string>;
  /** Whoever reads, plans and orders meters has to know of it. */
  readonly comes: (meter: MeterRecord) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class AddedMeters {
  readonly #parts: AddedMetersParts;
  readonly #rounds: Rounds;

  constructor(parts: AddedMetersParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#rounds = new Rounds({
      ...{ clock, log, everyMs: LOOK_EVERY_MS, work: () => this.bring() },
      failed: "it could not be looked whether meters were added; it is tried again",
      level: "warn",
      waitsFirst: true, // the start has brought those there were; another gateway on the same books may add more
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Somebody added one: those that hang nowhere yet are brought onto their lines now. */
  async bring(): Promise<void> {
    const { store, street, buses, comes, log } = this.#parts;
    for (const meter of await store.hanging()) {
      if (street.meter(meter.address) !== undefined || !buses.has(meter.bus)) continue;
      const about = { meter: meter.address, bus: meter.bus };
      try {
        comes({ ...meter, relayPassword: null });
        log.info(about, "a meter was added");
      } catch (error) {
        // one that finds no place must not keep the others from theirs; it stands in the books, and the next start tells of it again
        log.error({ ...about, reason: reasonOf(error) }, "a meter that was added could not be brought onto its line");
      }
    }
  }
}

/** Why no meter can be added to this bus while the house runs; null: one can. */
export const whyNotOn =
  (buses: readonly BusConfig[]) =>
  (bus: string): string | null => {
    const found = buses.find(({ id }) => id === bus);
    if (found === undefined) return `there is none of this name; there are ${buses.map(({ id }) => id).join(", ")}`;
    return found.transport.kind === "tcp-server"
      ? "who dials in is told from the site file alone: name the meter there, and its caller"
      : null;
  };
