/**
 * Whose values are these? Before a reading is believed, a meter about which there is doubt is asked for its numbers, and they are
 * compared with the books. Confirmed once is not confirmed for ever: meters are swapped. So there is doubt again
 *
 *     when its line was opened anew · when it was silent · when a register of it was not believed ·
 *     when its numbers were read at another address: the two may have changed places ·
 *     for a person who reads, when nobody compared for an hour
 *
 * or where a second meter under its address made itself heard (shared-addresses.ts), whose quarantine right numbers do not lift;
 * and each costs two short exchanges once, not with every reading. Orders ask the same, but for the hour (identity-doubt.ts).
 */
import { hours, type Clock, type Instant } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import { Fault, isFault } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transactor } from "../kernel/transaction.ts";
import type { IdentityFinding, MeterRecord, MeterSession, Street } from "../devices/meter.ts";
import type { MeterStore } from "./command-store.ts";
import { SharedAddresses, type AddressKeeper } from "./shared-addresses.ts";

/** A meter can be changed between two polls, unseen by its line; a person who reads wants to know it. */
const BELIEVED_MS = hours(1);

export interface WatchParts {
  /** `meters` left out: nobody is known by another's numbers. */
  readonly street: Pick<Street, "health" | "onHeard" | "onLineOpen" | "onAddressDoubt"> & Partial<Pick<Street, "meters">>;
  readonly meters: MeterStore;
  readonly transactor: Transactor;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Logger;
  /** Who tells people of an address that two meters share; left out: the books alone. */
  readonly addresses?: AddressKeeper;
}

export class IdentityWatch {
  readonly #parts: WatchParts;
  readonly #doubted = new Set<MeterAddress>();
  readonly #shared: SharedAddresses;
  readonly #comparedAt = new Map<MeterAddress, Instant>();

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#shared = new SharedAddresses(parts, (meter) => this.#doubted.add(meter));
    parts.street.onHeard((meter) => this.#doubted.add(meter));
    parts.street.onLineOpen((meters) => {
      for (const meter of meters) this.#doubted.add(meter);
    });
  }

  /** Something about it cannot be: its numbers are asked before the next reading of it is believed. */
  doubt(meter: MeterAddress): void {
    this.#doubted.add(meter);
  }

  /** As `doubt` said, and nobody compared since. */
  isDoubted(meter: MeterAddress): boolean {
    return this.#doubted.has(meter);
  }

  async inDoubt(meter: MeterAddress): Promise<boolean> {
    if (this.#doubted.has(meter) || this.#parts.street.health(meter).state !== "answering") return true;
    return (await this.#parts.meters.meter(null, meter))?.identity !== "confirmed";
  }

  /** Writes down what a meter says it is, and tells what stands against it. Its first answer after a silence was part of the comparison, so that doubt is settled too. */
  async compared(meter: MeterRecord, finding: IdentityFinding): Promise<string | null> {
    const { meters, transactor, outbox, clock, log } = this.#parts;
    let note: string | null;
    this.#doubted.delete(meter.address);
    this.#comparedAt.set(meter.address, clock.now());
    if (!finding.matches) this.#doubtOwner(meter, finding);
    const isClean = (): boolean => identityNote(meter, finding) === null && !this.#shared.isRemembered(meter.address);
    try {
      // mostly nothing is new: one word to the books, and no lock; what was heard of it meanwhile counts
      if (isClean() && (await meters.confirmAgain(meter.address, clock.now())) && isClean()) return null;
      note = await transactor.transact(async (tx) => {
        const before = await meters.meter(tx, meter.address);
        const against = this.#shared.standsAgainst(meter.address, before) ?? identityNote(meter, finding);
        const identity = against === null ? "confirmed" : "quarantined";
        await meters.setIdentity(tx, meter.address, identity, against, clock.now());
        if (before?.identity !== identity || before.identityNote !== against)
          await outbox.announce(tx, { type: "meter", address: meter.address });
        return against;
      });
    } catch (error) {
      this.#doubted.add(meter.address); // nobody will know of this comparison
      throw error;
    }
    if (note !== null)
      log.warn({ meter: meter.address, note }, "the meter is not, or not alone, the one of the books: it is quarantined");
    return note;
  }

  /** Whose numbers were read here: what hangs at that one's own address now is asked before it is believed. */
  #doubtOwner(here: MeterRecord, { meterNumber, customerNumber }: IdentityFinding): void {
    for (const other of this.#parts.street.meters?.() ?? [])
      if (other.address !== here.address && (other.meterNumber === meterNumber || other.customerNumber === customerNumber))
        this.#doubted.add(other.address);
  }

  /** As `compared`; throws where something stands against it. */
  async mustMatch(meter: MeterRecord, finding: IdentityFinding): Promise<void> {
    const why = await this.compared(meter, finding);
    if (why !== null) throw new Fault("identity-mismatch", { meter: meter.address, bus: meter.bus, why });
  }

  /** What to say of a meter that is not ours; null when nothing speaks against it. Asks it only where there is doubt. */
  async strangerIn(session: MeterSession): Promise<string | null> {
    const { meter } = session;
    if (!this.#isOld(meter.address) && !(await this.inDoubt(meter.address))) return null;
    try {
      const finding = await session.readIdentity();
      return await this.compared(meter, finding);
    } catch (error) {
      if (isFault(error, "meter-no-data")) return null; // a meter without such numbers contradicts nobody
      throw error;
    }
  }

  /** Throws `identity-mismatch` with what was found; nothing of such a meter is to be shown or kept. */
  async mustBeOurs(session: MeterSession): Promise<void> {
    const why = await this.strangerIn(session);
    if (why !== null) throw new Fault("identity-mismatch", { meter: session.meter.address, bus: session.meter.bus, why });
  }

  #isOld(meter: MeterAddress): boolean {
    const at = this.#comparedAt.get(meter);
    return at === undefined || Math.abs(this.#parts.clock.now() - at) >= BELIEVED_MS;
  }
}

/** What to write beside a meter whose numbers were read; null when they are what the books say. */
export const identityNote = (books: MeterRecord, found: IdentityFinding): string | null =>
  found.matches
    ? null
    : `the meter says number ${found.meterNumber}, customer ${found.customerNumber}; the books say ${books.meterNumber}, ${books.customerNumber}`;
