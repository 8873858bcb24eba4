/** Every meter in use as a review sees it, in memory. Exceptions are not kept here, so a doubt is listed while it is open. */
import { Instant } from "../../kernel/clock.ts";
import { newestInWallet } from "../../kernel/reading.ts";
import { book } from "../../ledger/ledger.ts";
import type { MeterSight, ReviewStore } from "../../validation/review/sight.ts";
import type { InMemoryDatabase } from "./database.ts";
import { pair } from "./tables.ts";

export class InMemoryReviewStore implements ReviewStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  sights(wish: { readonly daysSince: string | null; readonly class?: string }): Promise<readonly MeterSight[]> {
    const { meters, accounts, positions, latest, believed, doubts, meterDays } = this.#db.books;
    return this.#db.look(null, (on) =>
      meters
        .all(on)
        .filter(({ active }) => active)
        .sort((a, b) => (a.book.address < b.book.address ? -1 : 1))
        .flatMap(({ book: { address: meter, account: id, relay }, bus, model }): MeterSight[] => {
          const account = id === null ? undefined : accounts.find(on, id);
          if (wish.class !== undefined && account?.class !== wish.class) return [];
          const doubt = doubts.find(on, meter);
          const inCredit =
            account?.mode === "remote"
              ? (positions.find(on, book.available(account.account))?.amount ?? 0n) > 0n
              : Number(newestInWallet((item) => latest.find(on, pair(meter, item)))?.value ?? 0) > 0;
          const days = wish.daysSince === null ? [] : meterDays.upwards(on, "meter", meter, wish.daysSince);
          return [
            {
              ...{ meter, account: id, class: account?.class ?? null, bus, model, relay, inCredit },
              createdAt: Instant(0), // nobody keeps it here
              believed: believed.find(on, meter)?.believed ?? null,
              doubt: doubt?.open === true ? doubt : null,
              days: Array.from(days, ({ day, first, last }) => ({ day, first, last })),
            },
          ];
        }),
    );
  }
}
