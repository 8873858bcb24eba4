/**
 * Which readings are due. Asks with the lowest priority, one meter of a line at a time, so that a poll is many short
 * exchanges between which commands overtake; a meter that has been silent is asked later (meter-health.ts).
 *
 * Lines are walked side by side: each bus has a walker of its own. Time is handed in and may jump: due times are compared
 * at every step, nothing is counted in sleeps. What a meter is read for, and how often, is the planner's to say (poll-tiers.ts,
 * poll-planner.ts); what is due together is read in one go.
 */
import { hours, seconds, type Clock, type Instant } from "../kernel/clock.ts";
import { isFault, reasonOf, type FaultCode } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Reading } from "../kernel/reading.ts";
import { EXPORTED, isEnergyItem } from "./energy-set.ts";
import type { Duty, TierName } from "./poll-tiers.ts";
import { Priority, type IdentityFinding, type MeterRecord, type MeterSession, type RelayPicture, type Street } from "./meter.ts";
import type { ReadingIntake } from "./reading-intake.ts";

const LOOK_FOR_WORK_EVERY_MS = seconds(1);
/** Meters of one mqtt bus are lines of their own, so that many may be asked side by side. */
const SIDE_BY_SIDE_MAX = 16;
/** Of one walker: from here on a look at all of them is not for nothing. */
const MANY = 500;
const A_DAY_MS = hours(24);
/** Nothing that the meter said. */
const NOBODY = ["meter-silent", "line-down", "line-not-ours"] as const;

/** What else is to be asked of a meter in its turn, once everything that is polled has been read (collection). */
export interface Errand {
  isDue(meter: MeterAddress): boolean;
  /** Bounded: what is left comes with a later turn. Whatever fails is its own matter, and it pauses by itself; what it throws is logged. */
  run(session: MeterSession): Promise<void>;
  /** The turn ended before it came to this: the fault's code; null: a mistake of ours. It is not due again at once, or it would be asked without end. */
  unreached(meter: MeterAddress, fault: FaultCode | null): Promise<void>;
}

export interface PollerParts {
  readonly street: Street;
  readonly intake: ReadingIntake;
  readonly relay: (meter: MeterAddress, picture: RelayPicture) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** What a meter is read for and how often, hottest first; at least one. */
  readonly duties: (meter: MeterRecord) => readonly Duty[];
  /** True where the numbers inside this meter are to be compared with the books before it is believed. */
  readonly identityInDoubt: (meter: MeterAddress) => Promise<boolean>;
  readonly identity: (meter: MeterRecord, finding: IdentityFinding) => Promise<void>;
  /** Something of it was not believed since its numbers were compared; asked of memory, after each reading. Left out: never. */
  readonly isDoubted?: (meter: MeterAddress) => boolean;
  /** The newest registers of this meter were put aside until a later look bears them out: from when on it can. Left out: one look is always enough. */
  readonly borneOutFrom?: (meter: MeterAddress) => Instant | null;
  /** What hardly ever changes and has to be known all the same, like the most that a wallet may hold: asked once a day. Left out: nothing. */
  readonly onceADay?: (meter: MeterRecord) => readonly string[];
  /** Left out: none. */
  readonly errand?: Errand;
  /** Meters of one bus that may be asked at the same time. */
  readonly sideBySide: (bus: string) => boolean;
  /** How often a walker that found nothing due looks again; left out: every second. */
  readonly lookEveryMs?: number;
}

export class Poller {
  readonly #parts: PollerParts;
  readonly #readAt = new Map<MeterAddress, Map<TierName, Instant>>();
  readonly #hurried = new Set<MeterAddress>();
  /** Who is to be read again, and not before; and when that was said. */
  readonly #again = new Map<MeterAddress, { readonly saidAt: Instant; readonly from: Instant }>();
  /** The pause of a silent meter after which it was last asked, by its end. */
  readonly #probed = new Map<MeterAddress, Instant | null>();
  /** What a turn that reached nobody did not bring; it comes with the next one, however seldom it is read. */
  readonly #missed = new Map<MeterAddress, ReadonlySet<TierName>>();
  readonly #dailyAt = new Map<MeterAddress, Instant>();
  readonly #stop = new AbortController();
  readonly #beingRead = new Set<MeterAddress>();
  /** Whose turn brought readings that count, whatever became of the rest of it. */
  readonly #spoke = new Set<MeterAddress>();
  /** Who spoke, and then was silent to something, since the last turn that went well. */
  readonly #halfHeard = new Set<MeterAddress>();
  #walkers: Promise<unknown>[] = [];
  /** Whom each walker visits, by bus. */
  readonly #rounds = new Map<string, MeterRecord[][]>();
  #asking = 0;
  #paused = 0;

  constructor(parts: PollerParts) {
    this.#parts = parts;
  }

  start(): void {
    const buses = Map.groupBy(this.#parts.street.meters(), (meter) => meter.bus as string);
    for (const [bus, meters] of buses) {
      const walkers = this.#parts.sideBySide(bus) ? Math.min(SIDE_BY_SIDE_MAX, meters.length) : 1;
      for (let index = 0; index < walkers; index += 1)
        this.#begin(
          bus,
          meters.filter((_meter, at) => at % walkers === index),
        );
    }
  }

  #begin(bus: string, round: MeterRecord[]): void {
    this.#rounds.set(bus, [...(this.#rounds.get(bus) ?? []), round]);
    this.#walkers.push(this.#walk(round));
  }

  /** From now on this meter is read too: by a walker of its own where its bus allows that, else in its bus's round. */
  adopt(meter: MeterRecord): void {
    if (this.#stopped()) return;
    const rounds = this.#rounds.get(meter.bus) ?? [];
    if (rounds.some((round) => round.some(({ address }) => address === meter.address))) return;
    const mayBegin = rounds.length === 0 || (this.#parts.sideBySide(meter.bus) && rounds.length < SIDE_BY_SIDE_MAX);
    if (mayBegin) this.#begin(meter.bus, [meter]);
    else rounds.toSorted((a, b) => a.length - b.length)[0]!.push(meter);
  }

  retire(meter: MeterAddress): void {
    for (const round of [...this.#rounds.values()].flat()) {
      const at = round.findIndex(({ address }) => address === meter);
      if (at >= 0) round.splice(at, 1);
    }
  }

  /** Reads this meter as soon as its line is free; one that is being read is heard by that, and need not be read twice. */
  hurry(meter: MeterAddress): void {
    if (!this.#beingRead.has(meter)) this.#hurried.add(meter);
  }

  /** No new polls until the returned function is called; resolves when none is under way. */
  async pause(): Promise<() => void> {
    this.#paused += 1;
    while (this.#asking > 0) await this.#parts.clock.wait(5);
    let released = false;
    return () => {
      if (!released) this.#paused -= 1;
      released = true;
    };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#walkers);
  }

  /** Reads one meter now and hands in what it says; throws the Fault when it cannot. */
  async pollNow(meter: MeterRecord): Promise<void> {
    await this.#poll(meter, this.#parts.duties(meter).slice(0, 1));
  }

  async #poll(meter: MeterRecord, duties: readonly Duty[], errand?: Errand): Promise<void> {
    this.#asking += 1;
    this.#beingRead.add(meter.address);
    this.#spoke.delete(meter.address);
    try {
      await this.#ask(meter, duties, errand);
    } finally {
      this.#beingRead.delete(meter.address);
      this.#asking -= 1;
    }
  }

  async #walk(meters: readonly MeterRecord[]): Promise<void> {
    const { clock, lookEveryMs = LOOK_FOR_WORK_EVERY_MS } = this.#parts;
    while (!this.#stopped()) {
      const began = clock.now();
      let asked = false;
      for (const meter of [...meters]) {
        if (this.#stopped()) return;
        if (!meters.includes(meter)) continue; // it left while others were read
        const due = this.#mayBeAsked(meter) ? this.#due(meter) : [];
        if (due.length === 0 && !this.#hasErrand(meter)) continue;
        asked = true;
        this.#noteTurn(meter, due);
        try {
          await this.#poll(meter, due, this.#parts.errand);
          this.#missed.delete(meter.address);
          if (due.length > 0) this.#halfHeard.delete(meter.address);
        } catch (error) {
          if (this.#stopped()) return;
          this.#noteMissed(meter.address, due, error);
          const log = this.#parts.log.child({ meter: meter.address, bus: meter.bus });
          await this.#tellErrand(meter.address, isFault(error) ? error.code : null);
          if (isFault(error)) log.debug({ fault: error.code }, "a poll found nobody");
          else log.error({ reason: reasonOf(error) }, "a poll failed in the gateway itself");
        }
      }
      if (!asked) await clock.wait(lookEveryMs, this.#stop.signal);
      // Among thousands somebody is nearly always due: looking at all of them again for the next one would be all that is done.
      const restMs = asked && meters.length >= MANY ? lookEveryMs - Math.abs(clock.now() - began) : 0;
      if (restMs > 0) await clock.wait(restMs, this.#stop.signal);
    }
  }

  /**
   * A meter that spoke in this turn and is silent to one item has been reached. It may have lost its power in the middle, so its pause has a
   * probe after it; a second time in a row it is the item, which would be asked for without end, and nothing else would have a turn.
   */
  #noteMissed(meter: MeterAddress, due: readonly Duty[], error: unknown): void {
    const isNobody = NOBODY.some((code) => isFault(error, code));
    if (!this.#spoke.has(meter)) {
      if (isNobody) this.#missed.set(meter, new Set(due.map(({ tier }) => tier)));
      return;
    }
    this.#missed.delete(meter);
    if (!isNobody) return;
    if (this.#halfHeard.has(meter)) this.#probed.set(meter, this.#parts.street.health(meter).askAgainAt);
    this.#halfHeard.add(meter);
  }

  async #tellErrand(meter: MeterAddress, fault: FaultCode | null): Promise<void> {
    try {
      await this.#parts.errand?.unreached(meter, fault);
    } catch (error) {
      this.#parts.log.error({ meter, reason: reasonOf(error) }, "what a turn did not reach could not be written down");
    }
  }

  #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #mayBeAsked(meter: MeterRecord): boolean {
    if (this.#paused > 0) return false;
    if (this.#parts.street.isOurs?.(meter.address) === false) return false; // its holder reads it; refused at once, asking again would never end
    const { askAgainAt } = this.#parts.street.health(meter.address);
    return askAgainAt === null || this.#parts.clock.now() >= askAgainAt;
  }

  #hasErrand(meter: MeterRecord): boolean {
    return this.#parts.errand !== undefined && this.#mayBeAsked(meter) && this.#parts.errand.isDue(meter.address);
  }

  /** What this meter is to be read for now; none: not yet. */
  #due(meter: MeterRecord): readonly Duty[] {
    const now = this.#parts.clock.now();
    const health = this.#parts.street.health(meter.address);
    const duties = this.#parts.duties(meter);
    const readAt = this.#readAt.get(meter.address);
    const due = duties.filter(({ tier, everyMs }) => {
      const last = readAt?.get(tier);
      return last === undefined || now >= last + everyMs || now < last; // before: the clock was set back
    });
    // A meter that fell silent is due again as soon as it is worth asking, not only at its next regular turn: once for each of its
    // pauses, or a line that is down, and refuses at once, would be asked without end.
    const isProbe = health.state === "silent" && this.#probed.get(meter.address) !== health.askAgainAt;
    const again = this.#again.get(meter.address);
    const isAgain = again !== undefined && (now >= again.from || now < again.saidAt); // before: the clock was set back
    const atOnce = this.#hurried.has(meter.address) || isProbe || isAgain;
    if (due.length === 0 && !atOnce) return [];
    // What is read seldom may be due too, and would bring neither money nor relay; and a site's own hot items may bring no register.
    const needed = [duties[0], duties.find(({ items }) => items.some(isEnergyItem))];
    const turn = atOnce ? [...due, ...needed] : due;
    return duties.filter((duty) => turn.includes(duty) || this.#missed.get(meter.address)?.has(duty.tier) === true);
  }

  #noteTurn(meter: MeterRecord, duties: readonly Duty[]): void {
    const now = this.#parts.clock.now();
    const readAt = this.#readAt.get(meter.address) ?? new Map<TierName, Instant>();
    for (const { tier } of duties) {
      readAt.set(tier, now);
      // A meter that cools down has just been read: its warm turn is a whole period away.
      if (tier === "hot" && !this.#parts.duties(meter).some((duty) => duty.tier === "warm")) readAt.set("warm", now);
    }
    this.#readAt.set(meter.address, readAt);
    this.#probed.set(meter.address, this.#parts.street.health(meter.address).askAgainAt);
    this.#hurried.delete(meter.address);
    this.#again.delete(meter.address);
  }

  async #ask(meter: MeterRecord, duties: readonly Duty[], errand?: Errand): Promise<void> {
    const { street } = this.#parts;
    const items = [...new Set(duties.flatMap((duty) => duty.items))];
    const session = await street.session(meter.address, { priority: Priority.billing, signal: this.#stop.signal });
    try {
      const isCompared = await this.#parts.identityInDoubt(meter.address);
      if (isCompared && (await this.#isStranger(session, meter))) {
        if (errand?.isDue(meter.address) === true) await this.#tellErrand(meter.address, "identity-mismatch");
        return; // whose energy would it be?
      }
      try {
        // energy first: a bill must not wait for a relay that is hard to read
        if (items.length > 0) await this.#read(session, meter, items);
      } catch (error) {
        await this.#keepWhatIsNoNumber(meter, error);
        if (this.#spoke.has(meter.address) && !isFault(error, "meter-silent")) await this.#lookAgain(session, meter, isCompared);
        // One that spoke a moment ago may yet tell of its relay; a meter that said nothing would only cost its line another deadline.
        if (duties.some(({ relay }) => relay) && !isFault(error, "meter-silent")) await this.#readRelay(session, meter);
        throw error;
      }
      await this.#lookAgain(session, meter, isCompared);
      if (duties.some(({ relay }) => relay)) await this.#readRelay(session, meter);
      if (duties.length > 0) await this.#readDaily(session, meter);
      // a restore that waits for this meter does not wait for midnights and records besides: those come with the next turn
      if (errand?.isDue(meter.address) === true && session.isWanted !== true) await this.#runErrand(errand, session, meter);
    } finally {
      await session.close();
    }
  }

  /** Registers first, and kept as soon as all that is billed has come: one item that the meter does not answer costs nobody his bill. */
  async #read(session: MeterSession, { address }: MeterRecord, items: readonly string[]): Promise<void> {
    const came: Reading[] = [];
    const keep = async (readings: readonly Reading[]): Promise<void> => {
      await this.#parts.intake.take(readings);
      this.#spoke.add(address);
    };
    let all: readonly Reading[];
    try {
      all = await session.read(items, "poll", { first: isBilled, came: (reading) => void came.push(reading) });
    } catch (error) {
      // Total and rates are believed together, so a part of them is none.
      const isWhole = items.filter(isBilled).every((item) => came.some((reading) => reading.item === item));
      if (came.length > 0 && isWhole) await keep(came);
      throw error;
    }
    await keep(all);
  }

  /**
   * What could not be believed has its meter asked for its numbers in the same turn, or the one that it changed places with would be believed
   * meanwhile; and what was much for once is read once more: now, since most of what is false is found by that, and where it says the same
   * in a minute. Throws where it is another meter than that of the books.
   */
  async #lookAgain(session: MeterSession, meter: MeterRecord, isCompared: boolean): Promise<void> {
    const { intake, isDoubted, borneOutFrom = () => null } = this.#parts;
    const isOnce = borneOutFrom(meter.address) !== null;
    if (isOnce) this.#hurried.add(meter.address); // should this turn come no further
    if (!isCompared && isDoubted?.(meter.address) === true && (await this.#isStranger(session, meter))) return;
    if (!isOnce) return;
    // This turn may have been for other items, or for an errand alone.
    const registers = new Set(this.#parts.duties(meter).flatMap((duty) => duty.items.filter(isEnergyItem)));
    if (registers.size > 0) await intake.take(await session.read([...registers], "poll"));
    this.#hurried.delete(meter.address);
    const from = borneOutFrom(meter.address);
    if (from !== null) this.#again.set(meter.address, { saidAt: this.#parts.clock.now(), from });
  }

  /** What the turn itself was for has been read by now. */
  async #runErrand(errand: Errand, session: MeterSession, { address, bus }: MeterRecord): Promise<void> {
    try {
      await errand.run(session);
    } catch (error) {
      if (this.#stopped()) return;
      const level = isFault(error) ? "warn" : "error";
      this.#parts.log[level]({ meter: address, bus, reason: reasonOf(error) }, "an errand failed in the gateway itself");
    }
  }

  /** A register whose digits are none is kept for a person too, in the line's own words, and not only logged. */
  async #keepWhatIsNoNumber({ address }: MeterRecord, error: unknown): Promise<void> {
    if (!isFault(error, "meter-fault")) return;
    const { item, why } = error.context;
    const reading = { meter: address, item: String(item), value: String(why), unit: null, takenAt: this.#parts.clock.now() };
    if (isEnergyItem(reading.item)) await this.#parts.intake.take([{ ...reading, source: "poll" }]);
  }

  /** One item after the other, since a meter that lacks one says so for the whole question. */
  async #readDaily(session: MeterSession, meter: MeterRecord): Promise<void> {
    const now = this.#parts.clock.now();
    const items = this.#parts.onceADay?.(meter) ?? [];
    if (items.length === 0 || Math.abs(now - (this.#dailyAt.get(meter.address) ?? -A_DAY_MS)) < A_DAY_MS) return;
    this.#dailyAt.set(meter.address, now);
    for (const item of items) {
      try {
        await this.#parts.intake.take(await session.read([item], "poll"));
      } catch (error) {
        if (!isFault(error, "meter-no-data") && !isFault(error, "meter-fault")) {
          this.#dailyAt.delete(meter.address);
          throw error;
        }
      }
    }
  }

  async #readRelay(session: MeterSession, meter: MeterRecord): Promise<void> {
    await this.#parts.relay(meter.address, await session.readRelay());
  }

  /** Compares the meter's numbers with the books. A meter that has no such numbers contradicts nobody. */
  async #isStranger(session: MeterSession, meter: MeterRecord): Promise<boolean> {
    try {
      const finding = await session.readIdentity();
      await this.#parts.identity(meter, finding);
      return !finding.matches;
    } catch (error) {
      if (!isFault(error, "meter-no-data")) throw error;
      this.#parts.log.info(
        { meter: meter.address, bus: meter.bus },
        "this meter has no meter number or customer number to compare",
      );
      return false;
    }
  }
}

const isBilled = (item: string): boolean => isEnergyItem(item) && item !== EXPORTED;
