/**
 * Entries by a person: the only way past a doubt. Each is one transaction: the reading, its bill, the row that says who and why, and the
 * end of the item that asked for it.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import { dayOf, iso } from "../kernel/clock.ts";
import { kwh } from "../kernel/energy.ts";
import type { Outbox } from "../kernel/events.ts";
import { Fault } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { EnergyUse, Reading } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { MeterBook, MeterStore } from "../commands/command-store.ts";
import type { DeviceStore } from "../devices/device-store.ts";
import { RATES, TOTAL } from "../devices/energy-set.ts";
import type { EnergyListener, ReadingIntake } from "../devices/reading-intake.ts";
import { countedOf, type Believed, type Point } from "./believed.ts";
import { isDoubt, mayBeVouched, type Wait } from "./doubts.ts";
import { onlyVouched } from "./energy-gate.ts";
import { estimate, rebased, registerChanged, takenBack, type Entry, type EntryKind } from "./entries.ts";
import { midnightDay, ratesAddUp } from "./gate.ts";
import { dayBefore } from "./typical.ts";
import type { MeterLimits } from "./limits.ts";
import type { DoubtRow, ValidationStore } from "./validation-store.ts";

export interface EntryWish {
  readonly kind: EntryKind;
  readonly register: bigint | null;
  /** What is believed, as it was looked at: of a correction that lowers it, of a rebase that bills on from it. */
  readonly insteadOf: bigint | null;
  readonly rates: readonly bigint[] | null;
  readonly billedTo: bigint | null;
  readonly energy: bigint | null;
  readonly days: number;
  readonly takenAt: Instant | null;
  readonly reason: string;
  readonly by: string;
}

export interface EntryParts {
  readonly store: ValidationStore;
  readonly meters: Pick<MeterStore, "meter">;
  readonly readings: Pick<DeviceStore, "keep">;
  readonly intake: Pick<ReadingIntake, "takeIn">;
  readonly energy: EnergyListener;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly timeZone: string;
  readonly newId: () => string;
  readonly limitsOf: (meter: MeterAddress) => MeterLimits;
  /** 0.01 kWh between a total and its rates, as the gate has it. */
  readonly ratesApart: bigint;
  /** Ends the open items about this meter's readings with this note. */
  readonly closeItems: (
    tx: Transaction,
    meter: MeterAddress,
    closing: { readonly by: string; readonly note: string },
  ) => Promise<void>;
}

export class EntryService {
  readonly #parts: EntryParts;

  constructor(parts: EntryParts) {
    this.#parts = parts;
  }

  async enter(tx: Transaction, meter: MeterAddress, wish: EntryWish): Promise<Entry> {
    const { store, meters, clock, closeItems } = this.#parts;
    const book = await meters.meter(tx, meter); // locked: no reading comes between
    if (book === null) throw new Fault("unknown-meter", { meter });
    // one that takes its leave is read by persons alone, who have to get past a doubt all the same
    if (book.identity === "quarantined" && book.beingReplaced !== true)
      throw new Fault("meter-quarantined", { meter, why: book.identityNote });
    if (wish.takenAt !== null && wish.takenAt > clock.now())
      throw new Fault("invalid-request", { field: "takenAt", problem: "later than now" });
    const newest = await store.believed(tx, meter);
    const before = await store.doubt(tx, meter);
    const made = await this.#made(tx, book, newest, wish);
    const entry: Entry = {
      ...{ id: this.#parts.newId(), meter, kind: wish.kind, reason: wish.reason, by: wish.by, at: clock.now() },
      ...made,
    };
    await store.keepEntry(tx, entry);
    if (wish.kind !== "estimate" && !(await this.#isByWord(tx, meter))) await store.settleDoubt(tx, meter); // what was estimated is still not known
    // a word that nothing has borne out yet is borne out by no other word
    if (before !== null && isByWord(before)) await store.noteDoubt(tx, onlyVouched(meter, entry.register, entry.takenAt));
    await closeItems(tx, meter, { by: wish.by, note: `${wish.kind} ${kwh(entry.register)} kWh: ${wish.reason}` });
    await this.#parts.outbox.announce(tx, { type: "meter", address: meter });
    return entry;
  }

  async #isByWord(tx: Transaction, meter: MeterAddress): Promise<boolean> {
    const doubt = await this.#parts.store.doubt(tx, meter);
    return doubt !== null && isByWord(doubt);
  }

  #made(tx: Transaction, book: MeterBook, newest: Believed | null, wish: EntryWish): Promise<Made> {
    if (wish.kind === "accept") return this.#accepted(tx, book.address, wish);
    if (wish.kind === "correct" && wish.insteadOf === null) return this.#corrected(tx, book.address, newest, wish);
    if (newest === null)
      throw new Fault("entry-impossible", {
        meter: book.address,
        kind: wish.kind,
        problem: "no register of it was ever believed",
      });
    if (wish.kind === "correct") return this.#takenBack(tx, book.address, newest, wish);
    return wish.kind === "estimate" ? this.#estimated(tx, book.address, newest, wish) : this.#rebased(tx, book, newest, wish);
  }

  /** Of what was looked at, and of no other: between looking and saying so a poll may have brought the next. */
  async #accepted(tx: Transaction, meter: MeterAddress, wish: EntryWish): Promise<Made> {
    const seen = needed(wish.register, "register");
    const doubt = await this.#parts.store.doubt(tx, meter);
    const impossible = (problem: string): Fault => new Fault("entry-impossible", { meter, kind: "accept", problem });
    if (doubt === null || doubt.item !== TOTAL || doubt.register === null)
      throw impossible("there is no doubted register of it; use correct");
    if (doubt.register !== seen) throw registerChanged("register", seen, doubt.register);
    if (!isDoubt(doubt.doubt) || !mayBeVouched(doubt.doubt))
      throw impossible(`${doubt.doubt}: that is not for looking at the meter to cure`);
    return this.#vouched(tx, meter, { register: doubt.register, rates: null, takenAt: doubt.takenAt });
  }

  async #corrected(tx: Transaction, meter: MeterAddress, newest: Believed | null, wish: EntryWish): Promise<Made> {
    const { store, clock, ratesApart, limitsOf } = this.#parts;
    const register = needed(wish.register, "register");
    const { rates } = wish;
    if (!ratesAddUp({ total: register, rates }, { settings: { ratesApart }, limits: limitsOf(meter) }))
      throw new Fault("invalid-request", {
        field: "rates",
        problem: `they miss the register by more than ${kwh(ratesApart)} kWh; leave them out where the meter itself shows them so`,
        sum: kwh((rates ?? []).reduce((sum, rate) => sum + rate, 0n)),
      });
    const doubt = await store.doubt(tx, meter);
    const takenAt = wish.takenAt ?? (doubt?.open === true && doubt.takenAt <= clock.now() ? doubt.takenAt : clock.now());
    const neighbours = newest !== null && takenAt < newest.takenAt ? newest : null;
    const made = await this.#vouched(tx, meter, { register, rates, takenAt }, neighbours);
    await this.#mustChange(tx, meter, newest, made);
    return made;
  }

  /** What lies before what is believed is the past, and changes nothing unless it is a midnight, or stands against an estimate. */
  async #mustChange(tx: Transaction, meter: MeterAddress, newest: Believed | null, { takenAt }: Made): Promise<void> {
    const { store, timeZone } = this.#parts;
    const now = await store.believed(tx, meter);
    if (newest === null || now === null || now.takenAt !== newest.takenAt || now.register !== newest.register) return;
    if (takenAt >= newest.takenAt || midnightDay(takenAt, 1, timeZone) !== null) return;
    if ((await store.lastEstimate(tx, meter, newest.takenAt)) !== null) return;
    throw new Fault("entry-impossible", {
      ...{ meter, kind: "correct", believed: kwh(newest.register), believedAt: iso(newest.takenAt, timeZone) },
      problem:
        "it lies before the newest believed register and is no midnight, so nothing would change; where what is believed is false, enter what the meter shows now, with insteadOf",
    });
  }

  async #doesNotFit(tx: Transaction, meter: MeterAddress, takenAt: Instant): Promise<Fault> {
    const { store, timeZone } = this.#parts;
    const { before, after } = await store.around(tx, meter, takenAt, dayOf(takenAt, timeZone));
    const told = (point: Point | null): string =>
      point === null ? "none" : `${kwh(point.counted - point.shift)} at ${iso(point.at, timeZone)}`;
    return new Fault("invalid-request", {
      field: "takenAt",
      problem:
        "lies before the newest believed register, and the register does not fit between its neighbours of then; where what is believed is false, name it with insteadOf",
      ...{ before: told(before), after: told(after) },
    });
  }

  /** Past the gate, which lets nothing go back: what was believed is false, so what it is judged by is false as well. */
  async #takenBack(tx: Transaction, meter: MeterAddress, newest: Believed, wish: EntryWish): Promise<Made> {
    const { store, clock, timeZone } = this.#parts;
    const [register, insteadOf] = [needed(wish.register, "register"), needed(wish.insteadOf, "insteadOf")];
    if (wish.rates !== null)
      throw new Fault("invalid-request", {
        field: "rates",
        problem: "not with insteadOf: they go on with the next that are read",
      });
    const now = clock.now() < newest.takenAt ? newest.takenAt : clock.now(); // clocks of two gateways differ by moments
    const takenAt = wish.takenAt ?? now;
    const next = takenBack(newest, { register, insteadOf, at: takenAt });
    const counted = countedOf(next);
    await store.saveBelieved(tx, meter, next);
    await store.takeBackDays(tx, meter, counted);
    await store.noteDay(tx, meter, dayOf(takenAt, timeZone), { at: takenAt, counted, shift: next.shift });
    const use = { meter, takenAt, register: counted, takesBack: true } as const;
    await this.#bill(tx, readingOf(meter, TOTAL, register, takenAt, "person"), use);
    return { register, counted, takenAt, basis: `instead of ${kwh(insteadOf)}` };
  }

  /** Through the gate, as every reading; vouched for, it may be much, but still not go back. */
  async #vouched(
    tx: Transaction,
    meter: MeterAddress,
    {
      register,
      rates,
      takenAt,
    }: { readonly register: bigint; readonly rates: readonly bigint[] | null; readonly takenAt: Instant },
    later: Believed | null = null,
  ): Promise<Made> {
    const { intake, store } = this.#parts;
    const at = (item: string, value: bigint): Reading => readingOf(meter, item, value, takenAt, "person");
    const readings = [at(TOTAL, register), ...(rates ?? []).map((rate, i) => at(RATES[i]!, rate))];
    const [doubt] = await intake.takeIn(tx, readings, { vouched: true, offTheMeter: true });
    if (doubt === "backwards" && later !== null) throw await this.#doesNotFit(tx, meter, takenAt);
    if (doubt !== undefined)
      throw new Fault(doubt === "backwards" ? "register-goes-back" : "entry-impossible", {
        meter,
        register: kwh(register),
        problem: doubt,
      });
    const now = await store.believed(tx, meter);
    return { register, counted: register + (now?.shift ?? 0n), takenAt, basis: null };
  }

  async #estimated(tx: Transaction, meter: MeterAddress, newest: Believed, wish: EntryWish): Promise<Made> {
    const { store, clock, timeZone, limitsOf } = this.#parts;
    const until = wish.energy === null ? (wish.takenAt ?? clock.now()) : untilWhen(wish);
    const last = await store.lastEstimate(tx, meter, newest.takenAt);
    const from = last === null ? { at: newest.takenAt, counted: countedOf(newest) } : { at: last.takenAt, counted: last.counted };
    const days = await store.days(tx, meter, dayBefore(dayOf(newest.takenAt, timeZone), wish.days + 1));
    const { counted, basis } = estimate({ until, days: wish.days, energy: wish.energy }, from, days);
    const register = (counted - newest.shift) % limitsOf(meter).registerEnd;
    const use = { meter, takenAt: until, register: counted, estimated: true } as const;
    await this.#bill(tx, readingOf(meter, TOTAL, register, until, "estimate"), use);
    return { register, counted, takenAt: until, basis };
  }

  async #rebased(tx: Transaction, book: MeterBook, newest: Believed, wish: EntryWish): Promise<Made> {
    const { store, clock, timeZone, limitsOf } = this.#parts;
    const { address: meter, relay } = book;
    const takenAt = wish.takenAt ?? clock.now();
    const register = needed(wish.register, "register");
    // whoever bills by it names what it goes on from: said again, that is another
    const insteadOf = wish.billedTo === null ? (wish.insteadOf ?? newest.register) : needed(wish.insteadOf, "insteadOf");
    const asked = { register, insteadOf, billedTo: wish.billedTo ?? newest.register, at: takenAt };
    const next = rebased(newest, asked, { disconnected: relay === "disconnected", limits: limitsOf(meter) });
    const counted = countedOf(next);
    await store.saveBelieved(tx, meter, next);
    if (wish.billedTo !== null) await store.noteDoubt(tx, onlyVouched(meter, register, takenAt));
    await store.noteDay(tx, meter, dayOf(takenAt, timeZone), { at: takenAt, counted, shift: next.shift });
    await this.#bill(tx, readingOf(meter, TOTAL, register, takenAt, "person"), { meter, takenAt, register: counted });
    return { register, counted, takenAt, basis: `billed to ${kwh(counted - newest.shift)}` };
  }

  async #bill(tx: Transaction, reading: Reading, use: EnergyUse): Promise<void> {
    const { readings, energy, outbox } = this.#parts;
    await readings.keep(tx, reading, null);
    await energy.energy(tx, use);
    await outbox.announce(tx, { type: "reading", meter: reading.meter, item: reading.item, value: reading.value });
  }
}

const isByWord = ({ open, doubt }: DoubtRow): boolean => open && doubt === ("only-vouched" satisfies Wait);

type Made = Pick<Entry, "register" | "counted" | "takenAt" | "basis">;

const readingOf = (meter: MeterAddress, item: string, value: bigint, takenAt: Instant, source: Reading["source"]): Reading => ({
  ...{ meter, item, takenAt, source },
  value: kwh(value),
  unit: "kWh",
});

/** Whoever says how much it was says until when: said again, that moment is over, and nothing is billed twice. */
function untilWhen({ takenAt }: EntryWish): Instant {
  if (takenAt === null)
    throw new Fault("invalid-request", { field: "takenAt", problem: "is needed with energy: until when that was used" });
  return takenAt;
}

function needed(value: bigint | null, field: string): bigint {
  if (value === null) throw new Fault("invalid-request", { field, problem: "is needed for this kind of entry" });
  return value;
}
