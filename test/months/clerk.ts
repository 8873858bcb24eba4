/**
 * The person at the review list. Once a day every register that is in doubt is compared with the meter itself: who really used so much is
 * believed with a reason, and what the meter never showed is left aside. Knows what is true, as somebody does who stands in front of the meter.
 */
import { minutes } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import type { MonthHouse } from "./house.ts";

const NOTE = "looked at on the spot: the meter shows it";

export class Clerk {
  readonly #house: MonthHouse;
  /** Meters whose registers were believed on his word. */
  readonly believed = new Set<string>();

  constructor(house: MonthHouse) {
    this.#house = house;
  }

  async workThrough(): Promise<void> {
    const { database, clock, told, engine } = this.#house;
    const { transactor, entries } = engine.doors;
    let left = 0;
    for (const doubt of database.books.doubts.all(null)) {
      const { meter, register, open } = doubt;
      if (!open || register === null) continue;
      const isLie = told.some((lie) => lie.meter === meter && Number(lie.said) === Number(register));
      if (isLie) continue;
      left += 1;
      const wish = { kind: "accept", register: null, rates: null, billedTo: null, energy: null, days: 7, takenAt: null } as const;
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
}
