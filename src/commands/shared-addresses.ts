/**
 * Two meters under one address: whose energy, and whose supply, would it be? What a line noticed (devices/twins.ts) becomes
 *
 *     proof       a quarantine at once, with the note `address-shared`; nothing is billed, nobody can be cut
 *     one sign    a doubt: the numbers are asked before the next reading is believed, and two answers to that are proof
 *     garble      an item for a person and nothing else: bad wires look the same
 *
 * The right numbers alone do not lift it, since the right meter is still there: for an hour the other must not have been heard.
 * What is kept in memory begins anew with the process, so a quarantine that was found in the books lasts its hour again.
 */
import { hours, type Clock, type Instant } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { Street } from "../devices/meter.ts";
import type { AddressDoubt } from "../devices/twins.ts";
import type { MeterBook, MeterStore } from "./command-store.ts";

/** What such a note begins with; items and their next step go by it. */
export const ADDRESS_SHARED = "address-shared";
export const STANDS_MS = hours(1);

/** Who tells people; each in the transaction of its cause. */
export interface AddressKeeper {
  shared(tx: Transaction, meter: MeterAddress, note: string): Promise<void>;
  garbled(tx: Transaction, meter: MeterAddress, times: number): Promise<void>;
  /** It answers again. */
  readable(tx: Transaction, meter: MeterAddress): Promise<void>;
}

export interface SharedParts {
  readonly street: Pick<Street, "onHeard" | "onAddressDoubt">;
  readonly meters: MeterStore;
  readonly transactor: Transactor;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly addresses?: AddressKeeper;
}

export class SharedAddresses {
  readonly #parts: SharedParts;
  readonly #heard = new Map<MeterAddress, { readonly at: Instant; readonly note: string }>();

  constructor(parts: SharedParts, inDoubt: (meter: MeterAddress) => void) {
    this.#parts = parts;
    parts.street.onAddressDoubt?.((meter, doubt) => {
      inDoubt(meter);
      if (doubt.is === "shared") void this.#written(meter, (tx) => this.#quarantine(tx, meter, this.#note(meter, doubt)));
      if (doubt.is === "garbled") void this.#written(meter, async (tx) => this.#parts.addresses?.garbled(tx, meter, doubt.times));
    });
    if (parts.addresses !== undefined)
      parts.street.onHeard((meter) => void this.#written(meter, async (tx) => this.#parts.addresses?.readable(tx, meter)));
  }

  /** Why a meter stays quarantined though its numbers are those of the books; null: nothing stands against it. */
  standsAgainst(meter: MeterAddress, book: Pick<MeterBook, "identity" | "identityNote"> | null): string | null {
    const now = this.#parts.clock.now();
    const kept = book?.identity === "quarantined" && book.identityNote?.startsWith(ADDRESS_SHARED) ? book.identityNote : null;
    if (kept !== null && !this.#heard.has(meter)) this.#heard.set(meter, { at: now, note: kept });
    const heard = this.#heard.get(meter);
    if (heard === undefined) return null;
    if (Math.abs(now - heard.at) < STANDS_MS) return heard.note;
    this.#heard.delete(meter);
    return null;
  }

  /** Something of it is remembered, whether it still stands or not. */
  isRemembered(meter: MeterAddress): boolean {
    return this.#heard.has(meter);
  }

  /** Counts from now on, before anything is written: a comparison that ends in this moment must know it. */
  #note(meter: MeterAddress, { item, said }: Extract<AddressDoubt, { is: "shared" }>): string {
    const note = `${ADDRESS_SHARED}: two meters answer to this address; asked for ${item} one says ${said[0]}, the other ${said[1]}`;
    this.#heard.set(meter, { at: this.#parts.clock.now(), note });
    return note;
  }

  async #quarantine(tx: Transaction, meter: MeterAddress, note: string): Promise<void> {
    const { meters, outbox, clock, log, addresses } = this.#parts;
    const book = await meters.meter(tx, meter);
    if (book === null || (book.identity === "quarantined" && book.identityNote?.startsWith(ADDRESS_SHARED))) return;
    await meters.setIdentity(tx, meter, "quarantined", note, clock.now());
    await outbox.announce(tx, { type: "meter", address: meter });
    await addresses?.shared(tx, meter, note);
    log.warn({ meter, note }, "two meters carry this address: it is quarantined");
  }

  async #written(meter: MeterAddress, work: (tx: Transaction) => Promise<void>): Promise<void> {
    const { transactor, log } = this.#parts;
    try {
      await transactor.transact(work);
    } catch (error) {
      log.error({ meter, reason: reasonOf(error) }, "a doubt about an address could not be written down; the next sign of it is");
    }
  }
}
