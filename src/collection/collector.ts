/**
 * What each meter owes each day, asked for in the turn that a poll of its line gives it: its clock, its midnights, its own records.
 *
 *     turn ─► clock, once a day ─► midnights owed, oldest first, a few a turn ─► records, once a day ─► hours, where they are wanted
 *
 * Holds no line and no timer: whoever walks the lines (devices/poller.ts) asks `isDue` and gives a session, at the lowest urgency there
 * is, so that commands overtake between any two exchanges. What is left comes with a later turn; what was read is kept at once, in an
 * order in which a death in the middle reads it again and loses nothing: readings first, then the mark that they came.
 */
import { dayOf, hours, later, minutes, seconds, type Clock, type Instant } from "../kernel/clock.ts";
import { isFault, reasonOf, type FaultCode } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { meterModels } from "../devices/meter-models.ts";
import type { MeterSession } from "../devices/meter.ts";
import { DAY_MS, midnightOf, type Day } from "./days.ts";
import type { CollectionStore, Dues } from "./collection-store.ts";
import { DailyLook, type DailyLookParts } from "./daily-look.ts";
import { isLacking, noteHaving, noteLacking, type Lacks } from "./lacks.ts";
import { emptyMemory, isUnreadable, readMidnight, type FreezeMemory, type Midnight } from "./read-freezes.ts";
import { nextHourAfter, readHours } from "./read-hours.ts";
import type { CollectionSettings } from "./settings.ts";
import { becauseOf, type How, type MissingBecause } from "./states.ts";

/** So that an outage of weeks is made up in turns, between which others of the line are read too. */
const DAYS_PER_TURN = 6;
/** A meter whose clock is a little slow has not frozen yet when our midnight comes. */
const AFTER_MIDNIGHT_MS = minutes(3);
/** After a turn that brought nothing, and at most. */
const AGAIN_MS = { least: minutes(1), most: minutes(30) };
/** What is read of a meter just after midnight, where no freeze keeps it. */
const REGISTERS = [
  "importedEnergy",
  "importedEnergyTariff1",
  "importedEnergyTariff2",
  "importedEnergyTariff3",
  "importedEnergyTariff4",
];

export interface CollectorParts extends DailyLookParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly timeZone: string;
  readonly settings: CollectionSettings;
  readonly store: CollectionStore;
  readonly intake: CollectionIntake;
}

/** `takeIn`: within a transaction, and answers what it doubts; left out, whoever takes believes everything. */
export interface CollectionIntake {
  take(readings: readonly Reading[]): Promise<void>;
  takeIn?(tx: Transaction, readings: readonly Reading[]): Promise<readonly string[]>;
}

/** What is known of one meter's dues between two looks at the books. */
interface Debt {
  dues: Dues;
  /** Of clock, records and what it lacks this process wrote something since the last look, which may have been taken before that. */
  knowsBetter: boolean;
  /** Came since the books were looked at; never before they say so, or nobody would ask again. */
  readonly came: Set<Day>;
  /** Midnights that were not believed or could not be read: how often, and when they are read again. */
  readonly resting: Map<Day, { readonly times: number; readonly again: Instant }>;
  readonly freezes: FreezeMemory;
  notBefore: Instant;
  failures: number;
  /** When hours are asked for again; before the first look, at once. */
  hoursAt: Instant;
  /** What was last said of why nothing comes, so that it is not written down each time. */
  said: string;
}

export class Collector {
  readonly #parts: CollectorParts;
  readonly #look: DailyLook;
  readonly #debts = new Map<MeterAddress, Debt>();

  constructor(parts: CollectorParts) {
    this.#parts = parts;
    this.#look = new DailyLook(parts);
  }

  /** What the books say is owed; what came meanwhile is not owed again. */
  know(all: readonly Dues[]): void {
    const there = new Set(all.map(({ meter }) => meter));
    for (const meter of this.#debts.keys()) if (!there.has(meter)) this.#debts.delete(meter);
    for (const dues of all) {
      const debt = this.#debts.get(dues.meter);
      if (debt === undefined) {
        this.#debts.set(dues.meter, {
          ...{
            dues,
            came: new Set<Day>(),
            resting: new Map<Day, never>(),
            freezes: emptyMemory(),
            failures: 0,
            knowsBetter: false,
            said: "",
            hoursAt: this.#parts.clock.now(),
          },
          notBefore: this.#parts.clock.now(),
        });
        continue;
      }
      for (const day of [...debt.came]) if (!dues.days.includes(day)) debt.came.delete(day);
      for (const day of [...debt.resting.keys()]) if (!dues.days.includes(day)) debt.resting.delete(day);
      // Everything else is as the books have it: while its line was another gateway's, that one wrote them.
      const { clockOn, eventsOn, aheadMs, lacks } = debt.dues;
      debt.dues = debt.knowsBetter
        ? { ...dues, clockOn: clockOn ?? dues.clockOn, eventsOn: eventsOn ?? dues.eventsOn, aheadMs, lacks }
        : dues;
      debt.knowsBetter = false;
    }
  }

  /** It is heard again, or its line is: what it owes is asked for in its next turn. */
  heard(meter: MeterAddress): void {
    const debt = this.#debts.get(meter);
    if (debt !== undefined && debt.failures > 0) debt.notBefore = this.#parts.clock.now();
  }

  /**
   * Its turn did not come to this: what it owes is a gap from now on, with that reason where it is the meter's or its line's, and it is asked
   * for again after a pause, or a line that answers at once would be asked without end.
   */
  async unreached(meter: MeterAddress, fault: FaultCode | null): Promise<void> {
    const debt = this.#debts.get(meter);
    if (debt === undefined) return;
    debt.failures += 1;
    this.#rest(debt);
    await this.#sayMissing(debt, fault === null ? null : becauseOf(fault));
  }

  #rest(debt: Debt): void {
    const pause = Math.min(AGAIN_MS.most, AGAIN_MS.least * 2 ** Math.min(debt.failures - 1, 10));
    debt.notBefore = later(this.#parts.clock.now(), pause);
  }

  isDue(meter: MeterAddress): boolean {
    const debt = this.#debts.get(meter);
    if (debt === undefined) return false;
    const now = this.#parts.clock.now();
    if (now < debt.notBefore && debt.notBefore - now <= AGAIN_MS.most) return false; // longer: the clock was set back
    const today = dayOf(now, this.#parts.timeZone);
    if (now < midnightOf(today, this.#parts.timeZone) + AFTER_MIDNIGHT_MS && !this.#owed(debt).some((day) => day < today))
      return false;
    return this.#owed(debt).length > 0 || this.#look.isOwed(debt.dues, today, now) || this.#owesHours(debt, now);
  }

  #owesHours({ dues, hoursAt }: Debt, now: Instant): boolean {
    return this.#parts.settings.hourly && now >= hoursAt && !isLacking(dues.lacks, "hourly-freeze", now);
  }

  async #hours(session: MeterSession, debt: Debt): Promise<void> {
    const { clock, looks, timeZone } = this.#parts;
    if (!this.#owesHours(debt, clock.now())) return;
    const { meter, lacks, aheadMs } = debt.dues;
    const [last] = await looks.hours(meter, { before: null, limit: 1 });
    const read = await readHours(session, last?.at ?? null, timeZone);
    if (read === null) await this.#lacks(debt, noteLacking(lacks, "hourly-freeze", clock.now()));
    else {
      await looks.keepHours(meter, read.rows);
      await this.#lacks(debt, noteHaving(lacks, "hourly-freeze"));
    }
    debt.hoursAt = read?.more === true ? clock.now() : nextHourAfter(clock.now(), aheadMs ?? 0, AFTER_MIDNIGHT_MS);
  }

  /** One turn, which ends early where somebody more urgent waits for this meter. Never throws what a meter or a line can do wrong; throws what is wrong with us, and rests after that too. */
  async run(session: MeterSession): Promise<void> {
    const { clock, log } = this.#parts;
    const { address } = session.meter;
    const debt = this.#debts.get(address);
    if (debt === undefined) return;
    let left: "done" | "more" | "later" = "later";
    try {
      this.#wrote(debt, await this.#look.clock(session, debt.dues));
      left = await this.#midnights(session, debt);
      if (left === "done") this.#wrote(debt, await this.#look.records(session, debt.dues));
      if (left === "done" && session.isWanted === true) left = "more";
      if (left === "done") await this.#hours(session, debt);
      debt.failures = left === "later" ? debt.failures + 1 : 0;
    } catch (error) {
      debt.failures += 1;
      const because = isFault(error) ? becauseOf(error.code) : null;
      if (because === null) throw error;
      log.debug({ meter: address, because, why: reasonOf(error) }, "a turn of collecting ended early");
      await this.#sayMissing(debt, because);
    } finally {
      if (debt.failures > 0) this.#rest(debt);
      else debt.notBefore = later(clock.now(), left === "more" ? 0 : seconds(5));
    }
  }

  /** Then it is its newest time that cannot be read, and behind the next midnight it is the newest no more. */
  async #hasFrozen({ dues, resting }: Debt, day: Day): Promise<boolean> {
    const isBelieved = dues.lacks["daily-freeze"] !== undefined || (resting.get(day)?.times ?? 0) >= BELIEVED_LACKING_AFTER;
    return !isBelieved && this.#parts.store.hasFrozen(dues.meter);
  }

  #wrote(debt: Debt, dues: Dues): void {
    if (dues === debt.dues) return;
    debt.dues = dues;
    debt.knowsBetter = true;
  }

  #owed({ dues, came, resting }: Debt): readonly Day[] {
    const now = this.#parts.clock.now();
    return dues.days.filter((day) => !came.has(day) && (resting.get(day)?.again ?? now) <= now);
  }

  /** Oldest first. `more`: the turn was not long enough; `later`: asking again now would bring nothing else. */
  async #midnights(session: MeterSession, debt: Debt): Promise<"done" | "more" | "later"> {
    const { clock, timeZone } = this.#parts;
    const owed = this.#owed(debt);
    if (owed.length === 0) return "done";
    if (isLacking(debt.dues.lacks, "daily-freeze", clock.now())) return this.#withoutFreezes(session, debt, owed);
    let waits = false;
    for (const day of owed.slice(0, DAYS_PER_TURN)) {
      if (session.isWanted === true) return "more";
      const wantsExported = !isLacking(debt.dues.lacks, "exported", clock.now());
      const parts = { session, clock, timeZone, aheadMs: debt.dues.aheadMs ?? 0, wantsExported };
      const midnight = await this.#read(day, debt, parts);
      if (midnight === "unreadable") {
        await this.#again(debt, day, "unreadable");
        continue;
      }
      // A meter that keeps none, and whose own first midnight is still to come, has not said that it keeps none.
      const isAhead = midnight.is === "lacking" && this.#isBehind(debt, day);
      if (midnight.is === "not-yet" || midnight.is === "moved" || isAhead) {
        await this.#wait(debt, day);
        waits = true;
        if (midnight.is === "moved") return "later";
      } else if (midnight.is === "read") {
        await this.#take(debt, day, midnight, wantsExported);
      } else if (midnight.is === "lacking") {
        if (await this.#hasFrozen(debt, day)) {
          for (const each of owed) await this.#again(debt, each, "unreadable");
          return "done";
        }
        await this.#lacks(debt, noteLacking(debt.dues.lacks, "daily-freeze", clock.now()));
        return this.#withoutFreezes(session, debt, owed);
      } else await this.#byReading(debt, day, midnight.is === "beyond" ? "older-than-kept" : "no-freeze");
    }
    if (waits) return "later";
    return owed.length > DAYS_PER_TURN ? "more" : "done";
  }

  async #read(day: Day, debt: Debt, parts: Parameters<typeof readMidnight>[2]): Promise<Midnight | "unreadable"> {
    try {
      return await readMidnight(midnightOf(day, parts.timeZone), debt.freezes, parts);
    } catch (error) {
      // Midnights with broken digits, however many, do not keep the others from being asked for.
      if (isUnreadable(error)) return "unreadable";
      throw error;
    }
  }

  async #take(
    debt: Debt,
    day: Day,
    { readings, hasExported }: Extract<Midnight, { is: "read" }>,
    askedForExported: boolean,
  ): Promise<void> {
    const { clock, store, timeZone, log } = this.#parts;
    const { meter, lacks } = debt.dues;
    if (await this.#isDoubted(readings)) {
      // Somebody has said meanwhile what it was, and the meter still says something else: the person's word stands.
      const near = await store.nearest(meter, midnightOf(day, timeZone), this.#nearMs);
      if (near !== null && isPersons(near.source)) return this.#stands(debt, day, "person", near.takenAt);
      return this.#again(debt, day, "doubted");
    }
    await store.collect(meter, day, { how: "freeze", takenAt: readings[0]!.takenAt, at: clock.now() });
    debt.came.add(day);
    const known = noteHaving(lacks, "daily-freeze");
    if (hasExported === null)
      log.warn({ meter, day }, "the reverse register of a midnight cannot be read; the forward one counts");
    if (!askedForExported || hasExported === null) await this.#lacks(debt, known);
    else await this.#lacks(debt, hasExported ? noteHaving(known, "exported") : noteLacking(known, "exported", clock.now()));
  }

  /** A reply that was broken on its way is whole the next time; a register that is really like that waits for a person. */
  async #again(debt: Debt, day: Day, because: "doubted" | "unreadable"): Promise<void> {
    const { clock, store } = this.#parts;
    const times = (debt.resting.get(day)?.times ?? 0) + 1;
    debt.resting.set(day, { times, again: later(clock.now(), againMs(times)) });
    debt.freezes.ages.clear();
    await store.miss(debt.dues.meter, [day], { state: "missing", because, at: clock.now() });
  }

  async #isDoubted(readings: readonly Reading[]): Promise<boolean> {
    const { intake, transactor } = this.#parts;
    if (intake.takeIn === undefined) await intake.take(readings);
    else return (await transactor.transact((tx) => intake.takeIn!(tx, readings))).length > 0;
    return false;
  }

  /** A register that is read now is the nearest there will be to this midnight. */
  async #withoutFreezes(session: MeterSession, debt: Debt, owed: readonly Day[]): Promise<"done" | "later"> {
    const { clock, timeZone, intake } = this.#parts;
    const today = dayOf(clock.now(), timeZone);
    const isNear = clock.now() - midnightOf(today, timeZone) <= this.#nearMs;
    if (owed.includes(today) && isNear) {
      await intake.take(
        await session.read(meterModels[session.meter.model].profile.blocks.length > 0 ? REGISTERS : ["importedEnergy"], "poll"),
      );
      if (!isLacking(debt.dues.lacks, "exported", clock.now())) {
        const exported = await session.read(["exportedEnergy"], "poll");
        await intake.take(exported);
        if (exported.every(({ value }) => value === null))
          await this.#lacks(debt, noteLacking(debt.dues.lacks, "exported", clock.now()));
      }
    }
    for (const day of owed) await this.#byReading(debt, day, "keeps-none");
    return "done";
  }

  get #nearMs(): number {
    return minutes(this.#parts.settings.nearMidnightMinutes);
  }

  /** No freeze will ever tell of it: the nearest reading stands for it, or nothing does. */
  async #byReading(debt: Debt, day: Day, because: MissingBecause): Promise<void> {
    const { clock, timeZone, store, log } = this.#parts;
    const { meter } = debt.dues;
    const near = await store.nearest(meter, midnightOf(day, timeZone), this.#nearMs);
    if (near !== null) return this.#stands(debt, day, isPersons(near.source) ? "person" : "reading", near.takenAt);
    const why = because === "no-freeze" ? await this.#look.whyNoFreeze(meter, day) : because;
    await store.miss(meter, [day], { state: "given-up", because: why, at: clock.now() });
    debt.came.add(day);
    log.info({ meter, day, because: why }, "a midnight is given up: no freeze tells of it, and nobody read the meter near it");
  }

  async #stands(debt: Debt, day: Day, how: How, takenAt: Instant): Promise<void> {
    await this.#parts.store.collect(debt.dues.meter, day, { how, takenAt, at: this.#parts.clock.now() });
    debt.came.add(day);
  }

  async #wait(debt: Debt, day: Day): Promise<void> {
    const { clock, store } = this.#parts;
    const because: MissingBecause = this.#isBehind(debt, day) ? "clock-behind" : "no-freeze-yet";
    await store.miss(debt.dues.meter, [day], { state: "missing", because, at: clock.now() });
  }

  /** By the meter's own clock this midnight has not come, or only just. */
  #isBehind({ dues }: Debt, day: Day): boolean {
    const { clock, timeZone } = this.#parts;
    return later(clock.now(), dues.aheadMs ?? 0) < midnightOf(day, timeZone) + AFTER_MIDNIGHT_MS;
  }

  async #sayMissing(debt: Debt, because: MissingBecause | null): Promise<void> {
    const owed = this.#owed(debt);
    const said = `${because} ${owed.join()}`;
    if (because === null || owed.length === 0 || debt.said === said) return;
    await this.#parts.store.miss(debt.dues.meter, owed, { state: "missing", because, at: this.#parts.clock.now() });
    debt.said = said;
  }

  async #lacks(debt: Debt, lacks: Lacks): Promise<void> {
    if (lacks === debt.dues.lacks) return;
    this.#wrote(debt, { ...debt.dues, lacks });
    await this.#parts.store.keepLacks(debt.dues.meter, lacks);
  }
}

/** So often asked in vain for its newest freeze, over more than two midnights, a meter that has had some is believed to keep none any more. */
const BELIEVED_LACKING_AFTER = 11;

/** In the next turns, then by the hour, then daily: what is broken for good must not fill the list of doubts. */
const againMs = (times: number): number => (times < 3 ? minutes(5) : times < 8 ? hours(1) : DAY_MS);

const isPersons = (source: Reading["source"]): boolean => source === "person" || source === "estimate";
