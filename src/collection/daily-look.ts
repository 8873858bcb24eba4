/**
 * What is looked at once a day beside the registers, in the same turn: the meter's clock and its own records.
 *
 * Each is kept as soon as it was read, with what follows from it in the same transaction: an exception where the clock is off by minutes, or
 * where somebody else changed the meter. An order to set the clock is a command like any other, and a transaction of its own.
 */
import { dayOf, iso, later, type Clock, type Instant } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import { isFault } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import { meterModels } from "../devices/meter-models.ts";
import type { MeterSession } from "../devices/meter.ts";
import { clockWindow, verdictOf } from "./clock-check.ts";
import type { ClockRow, CollectionStore, Dues, MeterLookStore } from "./collection-store.ts";
import { midnightOf, midnightsWithin, type Day } from "./days.ts";
import { eventKindNames, kindRow, outageOf, type EventKind, type MeterEvent } from "./event-kinds.ts";
import { isLacking, noteHaving, noteLacking } from "./lacks.ts";
import { readEvents } from "./read-events.ts";
import type { CollectionSettings } from "./settings.ts";
import type { MissingBecause } from "./states.ts";

/** Who is told, in the same transaction, of what needs a person. */
export interface CollectionFindings {
  clockOff(tx: Transaction, meter: MeterAddress, row: ClockRow): Promise<void>;
  /** It was off, and is not any more. */
  clockRight(tx: Transaction, meter: MeterAddress): Promise<void>;
  /** Programmed, cleared or opened, and not by us. */
  changed(tx: Transaction, event: MeterEvent): Promise<void>;
}

export interface DailyLookParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly timeZone: string;
  readonly settings: CollectionSettings;
  readonly store: Pick<CollectionStore, "explain" | "keepLacks">;
  readonly looks: MeterLookStore;
  readonly transactor: Transactor;
  readonly outbox: Pick<Outbox, "announce">;
  /** The operator code that our orders leave in meters, where a model wants none of its own. */
  readonly operator: string;
  readonly findings?: CollectionFindings;
  /** Asks for a command that sets this clock; left out: nobody may. */
  readonly setClock?: (meter: MeterAddress, wish: { readonly reason: string; readonly notAfter: Instant }) => Promise<void>;
}

/** Outages that may explain one missing midnight. */
const OUTAGES_LOOKED_AT = 10;

export class DailyLook {
  readonly #parts: DailyLookParts;
  /** From when on a clock that was off too near to a midnight may be set. */
  readonly #setFrom = new Map<MeterAddress, Instant>();
  /** Kinds that were read today, of a look that lost its line in the middle. */
  readonly #readToday = new Map<MeterAddress, { readonly day: Day; readonly kinds: Set<EventKind> }>();

  constructor(parts: DailyLookParts) {
    this.#parts = parts;
  }

  /** Nothing before the first midnight that it owes: a meter that came just now has enough to be asked for. */
  isOwed({ meter, since, clockOn, eventsOn }: Dues, today: Day, now: Instant): boolean {
    if (today < since) return false;
    const mayBeSet = this.#setFrom.get(meter);
    return (
      clockOn !== today || (this.#parts.settings.events && eventsOn !== today) || (mayBeSet !== undefined && now >= mayBeSet)
    );
  }

  async clock(session: MeterSession, dues: Dues): Promise<Dues> {
    const { clock, timeZone, looks, transactor, log } = this.#parts;
    const { meter } = dues;
    const now = clock.now();
    const today = dayOf(now, timeZone);
    const waits = this.#setFrom.get(meter);
    const isToBeSet = waits !== undefined && now >= waits;
    if (today < dues.since || (dues.clockOn === today && !isToBeSet)) return dues;
    const hasClock = meterModels[session.meter.model].profile.items.date !== null;
    const { aheadMs, takenAt } = hasClock ? await session.readClock() : { aheadMs: null, takenAt: now };
    if (aheadMs === null) {
      if (hasClock) log.warn({ meter }, "the digits of this meter's clock are no date");
      await looks.clockDone(meter, today);
      return { ...dues, clockOn: today };
    }
    const row: ClockRow = { at: takenAt, aheadMs, verdict: verdictOf(aheadMs) };
    const wasOff = dues.aheadMs !== null && isOff(verdictOf(dues.aheadMs));
    await transactor.transact(async (tx) => {
      if (isOff(row.verdict)) await this.#parts.findings?.clockOff(tx, meter, row);
      else if (wasOff) await this.#parts.findings?.clockRight(tx, meter);
      await looks.keepClock(tx, meter, today, row);
    });
    if (row.verdict !== "right") log.info({ meter, aheadMs, verdict: row.verdict }, "this meter's clock is not ours");
    this.#setFrom.delete(meter);
    if (row.verdict === "off") await this.#setIt(meter, aheadMs);
    return { ...dues, clockOn: today, aheadMs };
  }

  async #setIt(meter: MeterAddress, aheadMs: number): Promise<void> {
    const { clock, timeZone, settings, setClock, log } = this.#parts;
    if (!settings.setClocks || setClock === undefined) return;
    const window = clockWindow(clock.now(), aheadMs, timeZone);
    if (!window.open) {
      this.#setFrom.set(meter, window.from);
      return;
    }
    const seconds = Math.round(Math.abs(aheadMs) / 1_000);
    const reason = `its clock was found ${seconds} s ${aheadMs > 0 ? "ahead" : "behind"}`;
    try {
      await setClock(meter, { reason, notAfter: window.notAfter });
    } catch (error) {
      if (!isFault(error)) throw error;
      log.info({ meter, fault: error.code }, "this meter's clock is not set now");
    }
  }

  async records(session: MeterSession, dues: Dues): Promise<Dues> {
    const { clock, timeZone, looks, settings } = this.#parts;
    const { meter } = dues;
    const today = dayOf(clock.now(), timeZone);
    if (!settings.events || today < dues.since || dues.eventsOn === today) return dues;
    const counts = await looks.eventCounts(meter);
    let { lacks } = dues;
    const known = this.#readToday.get(meter);
    const done = known?.day === today ? known.kinds : new Set<EventKind>();
    this.#readToday.set(meter, { day: today, kinds: done });
    for (const kind of eventKindNames) {
      if (session.isWanted === true) return { ...dues, lacks }; // what was read today is not read again
      if (done.has(kind) || isLacking(lacks, `event/${kind}`, clock.now())) continue;
      const count = counts.get(kind);
      const operator = meterModels[session.meter.model].operator ?? this.#parts.operator;
      const look = await readEvents(kind, count, { session, clock, timeZone, operator }).catch((error: unknown) => {
        if (!isFault(error, "meter-fault") && !isFault(error, "reply-malformed") && !isFault(error, "meter-no-data")) throw error;
        return null;
      });
      const before = lacks;
      lacks = look === null ? noteLacking(lacks, `event/${kind}`, clock.now()) : noteHaving(lacks, `event/${kind}`);
      if (lacks !== before) await this.#parts.store.keepLacks(meter, lacks);
      if (look !== null && (look.count !== count || look.events.length > 0))
        await this.#keep(meter, kind, look.count, look.events, count !== undefined);
      done.add(kind);
    }
    await looks.eventsDone(meter, today);
    this.#readToday.delete(meter);
    return { ...dues, eventsOn: today, lacks };
  }

  async #keep(
    meter: MeterAddress,
    kind: EventKind,
    count: number,
    events: readonly MeterEvent[],
    wasLookedAt: boolean,
  ): Promise<void> {
    const { looks, transactor, findings, outbox, store, timeZone } = this.#parts;
    const fresh = await transactor.transact(async (tx) => {
      const added = await looks.keepEvents(tx, meter, kind, count, events);
      for (const event of added) {
        // what happened before it was ours to look after is its history
        if (wasLookedAt && kindRow(kind).changes === true && event.ours !== true) await findings?.changed(tx, event);
        if (wasLookedAt)
          await outbox.announce(tx, {
            type: "event",
            meter,
            event: kind,
            at: event.at === null ? null : iso(event.at, timeZone),
          });
      }
      return added;
    });
    if (kind !== "power-down") return;
    for (const event of fresh) {
      const outage = outageOf(event);
      if (outage !== null) await store.explain(meter, midnightsWithin(outage.from, outage.to, timeZone), "power-down");
    }
  }

  /** A meter without power freezes nothing, unless it makes it up afterwards. */
  async whyNoFreeze(meter: MeterAddress, day: Day): Promise<MissingBecause> {
    const { looks, timeZone } = this.#parts;
    const at = midnightOf(day, timeZone);
    const outages = await looks.events({ meter, kind: "power-down", limit: OUTAGES_LOOKED_AT, before: null });
    const explains = outages.map(outageOf).some((outage) => outage !== null && outage.from <= at && at <= later(outage.to, 0));
    return explains ? "power-down" : "no-freeze";
  }
}

const isOff = (verdict: ClockRow["verdict"]): boolean => verdict === "off" || verdict === "lost";
