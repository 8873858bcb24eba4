/**
 * Is this reading possible? Then it is stored with its time and source and announced, in one transaction with whoever
 * lives on readings (billing). An impossible one is kept aside for a person: it charges nobody and cuts nobody.
 *
 * A register does not go backwards, and does not turn faster than the meter's largest load allows.
 */
import type { Instant } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import type { Logger } from "../kernel/log.ts";
import { parseYuan } from "../kernel/money.ts";
import type { EnergyUse, Reading } from "../kernel/reading.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { DeviceStore } from "./device-store.ts";

/** 0.01 kWh per hour of a meter at its largest load: 3 × 60 A × 220 V, rounded up generously. */
const REGISTER_STEPS_PER_HOUR_MAX = 5_000n;
/** Below this a jump is not worth doubting: clocks differ, registers round. */
const REGISTER_STEPS_FREE = 200n;
/** What is allowed between readings of which the later says that it is the earlier: a clock was set back, and nobody knows how long it was. */
const UNKNOWN_HOURS = 24n;

/** Joins the intake's transaction for each believed reading of imported energy. */
export interface EnergyListener {
  energy(tx: Transaction, use: EnergyUse): Promise<void>;
}

/** Joins the intake's transaction for each reading that is kept aside. */
export interface SuspectListener {
  suspect(tx: Transaction, reading: Reading, doubt: string, before: Reading | null): Promise<void>;
}

/** Pure: why a register cannot be believed, or null. Registers are in 0.01 kWh. */
export function registerDoubt(
  before: { readonly register: bigint; readonly takenAt: Instant } | null,
  now: { readonly register: bigint; readonly takenAt: Instant },
): string | null {
  if (before === null) return null;
  if (now.register < before.register) return "backwards";
  const elapsed = now.takenAt - before.takenAt;
  const hours = elapsed < 0 ? UNKNOWN_HOURS : BigInt(Math.ceil(elapsed / 3_600_000));
  if (now.register - before.register > REGISTER_STEPS_FREE + REGISTER_STEPS_PER_HOUR_MAX * hours)
    return "faster-than-the-meter-can-turn";
  return null;
}

export class ReadingIntake {
  readonly #parts: {
    readonly store: DeviceStore;
    readonly transactor: Transactor;
    readonly outbox: Outbox;
    readonly energy: EnergyListener;
    readonly suspects?: SuspectListener;
    readonly log: Logger;
  };

  constructor(parts: {
    readonly store: DeviceStore;
    readonly transactor: Transactor;
    readonly outbox: Outbox;
    readonly energy: EnergyListener;
    readonly suspects?: SuspectListener;
    readonly log: Logger;
  }) {
    this.#parts = parts;
  }

  async take(readings: readonly Reading[]): Promise<void> {
    if (readings.length === 0) return;
    await this.#parts.transactor.transact(async (tx) => {
      for (const reading of readings) await this.#one(tx, reading);
    });
  }

  async #one(tx: Transaction, reading: Reading): Promise<void> {
    const { store, outbox, energy, log } = this.#parts;
    if (reading.item === "importedEnergy" && reading.value !== null) {
      const register = parseYuan(reading.value, "importedEnergy"); // two decimals, like money; the number alone is meant
      const before = await store.latest(tx, reading.meter, reading.item);
      const known =
        before?.value == null ? null : { register: parseYuan(before.value, "importedEnergy") as bigint, takenAt: before.takenAt };
      const doubt = registerDoubt(known, { register, takenAt: reading.takenAt });
      await store.keep(tx, reading, doubt);
      if (doubt === null) await energy.energy(tx, { meter: reading.meter, register, takenAt: reading.takenAt });
      else
        log.warn(
          { meter: reading.meter, value: reading.value, before: before?.value, doubt },
          "an impossible reading is kept aside; it charges nobody",
        );
      if (doubt !== null) {
        await this.#parts.suspects?.suspect(tx, reading, doubt, before);
        return;
      }
    } else {
      await store.keep(tx, reading, null);
    }
    await outbox.announce(tx, { type: "reading", meter: reading.meter, item: reading.item, value: reading.value });
  }
}
