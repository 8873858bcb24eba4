/**
 * What meters said is stored with its time and source and announced, in one transaction with whoever lives on readings (billing).
 *
 * Energy registers of one moment belong together, and pass a gate first (src/validation): believed they become one EnergyUse, doubted they
 * are kept aside for a person, charge nobody and cut nobody. Everything else is stored as it came.
 */
import type { Outbox } from "../kernel/events.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { EnergyUse, Reading } from "../kernel/reading.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { DeviceStore } from "./device-store.ts";
import { energySetsOf, isEnergy, type EnergySet } from "./energy-set.ts";

/** Joins the intake's transaction for each set of believed registers. */
export interface EnergyListener {
  energy(tx: Transaction, use: EnergyUse): Promise<void>;
}

/** Joins the intake's transaction for each reading that is kept aside. */
export interface SuspectListener {
  suspect(tx: Transaction, reading: Reading, doubt: string, before: Reading | null): Promise<void>;
  /** Put aside until it is seen a second time: nobody has to look, and the meter is to be read again. */
  once?(meter: MeterAddress): void;
  /** A person decided about this meter's readings. */
  settled?(tx: Transaction, meter: MeterAddress, closing: { readonly by: string; readonly note: string }): Promise<void>;
}

export interface Judgement {
  /** Readings that are not believed, each with its named doubt. */
  readonly doubted: ReadonlyMap<Reading, string>;
  /** The one among them by which the set fell, for a person; another of the set only went with it. */
  readonly suspect: Reading | null;
  /** The one by which the set waits to be seen a second time: no item, the meter is asked again. */
  readonly once?: Reading;
  /** What is billed; null: nothing. */
  readonly use: EnergyUse | null;
  /** Believed, and older than what is believed already. */
  readonly isOlder?: boolean;
}

/** How a person stands behind readings. */
export interface Backing {
  /** He looked at the meter, and says so. */
  readonly vouched: boolean;
  /** He read them off the meter itself: while it takes its leave, what else answers by its address says nothing of them. */
  readonly offTheMeter?: true;
}

/** Says of each set of registers whether it is believed, and remembers what it said. */
export interface EnergyGate {
  judge(tx: Transaction, set: EnergySet, how: Backing): Promise<Judgement>;
}

export interface IntakeParts {
  readonly store: DeviceStore;
  readonly transactor: Transactor;
  readonly outbox: Outbox;
  readonly gate: EnergyGate;
  readonly energy: EnergyListener;
  readonly suspects?: SuspectListener;
  readonly log: Logger;
}

export class ReadingIntake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** `before`: what else was seen and goes along, first. */
  async take(readings: readonly Reading[], before?: (tx: Transaction) => Promise<void>): Promise<void> {
    if (readings.length === 0 && before === undefined) return;
    await this.#parts.transactor.transact(async (tx) => {
      await before?.(tx);
      await this.takeIn(tx, readings);
    });
  }

  /** Within a transaction. Answers what was doubted all the same. */
  async takeIn(tx: Transaction, readings: readonly Reading[], how: Backing = { vouched: false }): Promise<readonly string[]> {
    const doubts: string[] = [];
    for (const set of energySetsOf(readings)) doubts.push(...(await this.#energy(tx, set, how)));
    for (const reading of readings) if (!isEnergy(reading)) await this.#keep(tx, reading);
    return doubts;
  }

  async #energy(tx: Transaction, set: EnergySet, how: Backing): Promise<readonly string[]> {
    const { gate, energy, suspects, store, log } = this.#parts;
    const { doubted, suspect, once, use, isOlder } = await gate.judge(tx, set, how);
    for (const reading of [set.total, ...set.rates, set.exported]) {
      if (reading === null) continue;
      const doubt = doubted.get(reading);
      if (doubt !== undefined) await store.keep(tx, reading, doubt);
      else if (isOlder === true) await store.keepOlder(tx, reading);
      else await this.#keep(tx, reading);
    }
    if (use !== null) await energy.energy(tx, use);
    if (once !== undefined) {
      log.info(
        { meter: once.meter, value: once.value, source: once.source },
        "a leap is put aside until it is seen a second time",
      );
      suspects?.once?.(once.meter);
      return [doubted.get(once)!];
    }
    if (suspect === null) return [];
    const doubt = doubted.get(suspect)!;
    const before = await store.latest(tx, suspect.meter, suspect.item);
    log.warn(
      { meter: suspect.meter, item: suspect.item, value: suspect.value, before: before?.value, doubt },
      "registers that are not believed are kept aside; they charge nobody",
    );
    await suspects?.suspect(tx, suspect, doubt, before);
    return [doubt];
  }

  async #keep(tx: Transaction, reading: Reading): Promise<void> {
    const { store, outbox } = this.#parts;
    await store.keep(tx, reading, null);
    await outbox.announce(tx, { type: "reading", meter: reading.meter, item: reading.item, value: reading.value });
  }
}
