/**
 * The person at the review list. Once a day every register that is in doubt is compared with the meter itself: who really used so much is
 * believed with a reason, and what the meter never showed is left aside. Knows what is true, as somebody does who stands in front of the meter.
 */
import { minutes } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { InMemoryReviewStore } from "../../src/stores/in-memory/review-store.ts";
import { gateDefaults } from "../../src/validation/limits.ts";
import { Reviewer } from "../../src/validation/review/reviewer.ts";
import type { MonthHouse } from "./house.ts";
import { TIME_ZONE } from "./plan.ts";

/** What the oddest household uses in a few days, 0.01 kWh: somebody who has the meter's midnights before him. */
const DAYS_BACK_MOST = 60_000;
const NOTE = "looked at on the spot: the meter shows it";

export class Clerk {
  readonly #house: MonthHouse;
  /** Meters whose registers were believed on his word. */
  readonly believed = new Set<string>();
  /** By meter, the mornings on which it stood on the list of use that swings. */
  readonly swung = new Map<string, number[]>();
  /** Meters that stood on the list of registers that stand still. */
  readonly frozen = new Set<string>();
  readonly #reviewer: Reviewer;

  constructor(house: MonthHouse) {
    this.#house = house;
    const store = new InMemoryReviewStore(house.database);
    this.#reviewer = new Reviewer({ store, clock: house.clock, timeZone: TIME_ZONE, settings: gateDefaults });
  }

  async workThrough(): Promise<void> {
    const by = { sort: "score", order: "desc" } as const;
    for (const { meter } of await this.#reviewer.draw({ list: "swings", ...by }))
      this.swung.set(meter, [...(this.swung.get(meter) ?? []), this.#house.clock.now()]);
    for (const { meter } of await this.#reviewer.draw({ list: "frozen", ...by })) this.frozen.add(meter);
    await this.vouch();
  }

  async vouch(): Promise<void> {
    const { database, clock, engine } = this.#house;
    const { transactor, entries } = engine.doors;
    let left = 0;
    for (const doubt of database.books.doubts.all(null)) {
      const { meter, register, open } = doubt;
      if (!open || register === null) continue;
      if (!this.#isShown(meter, Number(register))) continue;
      left += 1;
      const wish = {
        kind: "accept",
        register,
        insteadOf: null,
        rates: null,
        billedTo: null,
        energy: null,
        days: 7,
        takenAt: null,
      } as const;
      void transactor
        .transact((tx) => entries.enter(tx, meter, { ...wish, reason: NOTE, by: "clerk" }))
        .then(
          () => void this.believed.add(meter),
          (error: unknown) => {
            if (!isFault(error)) throw error;
          },
        )
        .finally(() => (left -= 1));
    }
    await clock.pass(minutes(10), () => left === 0);
  }

  /** On the meter at this address, whoever answers under it: it showed this within the last days. */
  #isShown(address: string, register: number): boolean {
    const meter = this.#house.street.meters.get(address)!;
    meter.settle();
    const now = Number(meter.energySteps);
    return register <= now && register > now - DAYS_BACK_MOST;
  }
}
