/**
 * The only way to an incident and on with it: found, become a work order, escalated, restored, marked, asked after. Each step is one transaction
 * with its row, its line in the log of steps and the item of its owner (src/exceptions), who is exactly one.
 */
import { iso, later, minutes, type Clock, type Instant } from "../kernel/clock.ts";
import type { CommandId } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { registerIn } from "../commands/register-beside.ts";
import { GATEWAY, keyOf, nobody, type Draft, type ExceptionItem } from "../exceptions/item.ts";
import type { Exceptions } from "../exceptions/exceptions.ts";
import type { ExceptionStore } from "../exceptions/exception-store.ts";
import type { Desk, ExceptionKind } from "../exceptions/kinds.ts";
import { causes, graver, type Cause } from "./causes.ts";
import { darkSinceOf, suppliedAtOf, type Wish } from "./detect.ts";
import { durationOf, IncidentId, type Incident, type IncidentChange, type IncidentStep } from "./incident.ts";
import { reasonFor, reasons, type Reason } from "./reasons.ts";
import type { Point, RecoveryStore } from "./recovery-store.ts";
import type { RecoverySettings } from "./settings.ts";

export interface IncidentParts {
  readonly store: RecoveryStore;
  readonly exceptions: Pick<Exceptions, "raise" | "become" | "end" | "escalate">;
  readonly items: Pick<ExceptionStore, "lockOpen">;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly settings: RecoverySettings;
  readonly timeZone: string;
}

/** To whom a work order goes up, by its level. */
const UP: readonly (Desk | null)[] = [null, null, "field-lead", "duty-manager"];
/** After the last escalation the hard limit of the rules counts. */
const HARD_LIMIT_MS = minutes(24 * 60);

export class Incidents {
  readonly #parts: IncidentParts;

  constructor(parts: IncidentParts) {
    this.#parts = parts;
  }

  /** One for the dark hours of one cut; what is found beside it is added. Answers it where there is news. */
  async found(tx: Transaction, point: Point, cause: Cause, wish: Wish | null): Promise<Incident | null> {
    const { store, clock, settings } = this.#parts;
    const { meter, cut } = point;
    // a wish speaks of the dark hours of now, whatever was said of an older cut
    const open = wish === null ? null : await store.lockOf(tx, { meter, cut: null });
    const known = open ?? (await store.lockOf(tx, { meter, cut: cut?.id ?? null }));
    if (known !== null && (wish === null || known.endedAt === null)) return this.#also(tx, known, cause, wish);
    if (wish === null) return this.#begin(tx, point, cause, null);
    const now = clock.now();
    const suppliedAt = known?.restoredAt ?? suppliedAtOf(point);
    // supply was seen since that cut: it did not make these hours dark, and nobody waited for them before
    if (suppliedAt !== null) {
      const from = wish.since > suppliedAt ? wish.since : (point.relayAt ?? now);
      return this.#begin(tx, { ...point, cut: null, relayAt: from }, cause, { ...wish, since: from });
    }
    if (known !== null) return this.#again(tx, known, cause, wish);
    // nobody waits for longer without having been found: this relay opened long after the purchase
    const isOld = wish.by === "wallet" && now - wish.since > HARD_LIMIT_MS;
    return this.#begin(tx, point, cause, isOld ? { ...wish, since: later(now, -settings.promiseMs) } : wish);
  }

  async #begin(tx: Transaction, point: Point, cause: Cause, wish: Wish | null): Promise<Incident | null> {
    const { store, clock } = this.#parts;
    const { meter, account, model, bus, cut } = point;
    const now = clock.now();
    const { class: failure, compensation } = causes[cause];
    const seenDark = darkSinceOf(point, now);
    // no order tells when a wallet's relay opened, and it was open when its wish began
    const darkSince = wish?.by === "wallet" && cut === null && wish.since < seenDark ? wish.since : seenDark;
    const incident: Incident = {
      ...{ id: IncidentId(this.#parts.newId()), cause, also: [], class: failure, meter, account, model, bus, compensation },
      ...{ firmware: null, cut: cut?.id ?? null, darkSince, foundAt: now },
      ...{ wishedAt: wish?.since ?? null, level: 0, reason: null, restoredAt: null, restoredBy: null, endedAt: null },
      ...{ energyBefore: registerIn(cut?.receipt ?? null)?.kwh ?? point.register, energyAfter: null },
      ...{ compensationNote: null, compensationBy: null, followUpAt: null, remindedAt: null, followedUpAt: null },
      ...{ followedUpBy: null, followUpNote: null, exception: null },
    };
    if (!(await store.insert(tx, incident))) return null; // another gateway is at it
    await this.#step(tx, incident, "found", cause);
    return causes[cause].tellsAtOnce ? this.#tell(tx, incident, point, "false-cut", cause) : incident;
  }

  /** What is wanted now, why it is not there, and how far up it has gone. Answers the new level, or null where nothing went up. */
  async goesOn(tx: Transaction, given: Incident, point: Point, wish: Wish | null, level: number): Promise<Incident | null> {
    const { store } = this.#parts;
    let incident = await store.lock(tx, given.id);
    if (incident === null || incident.endedAt !== null) return null;
    const reason = reasonFor(point);
    const change: IncidentChange = {
      ...(incident.wishedAt === null && wish !== null ? { wishedAt: wish.since } : {}),
      ...(incident.reason === reason ? {} : { reason, class: classOf(incident.cause, reason) }),
    };
    const isNew = Object.keys(change).length > 0;
    if (isNew) incident = await this.#changed(tx, incident, change);
    if (level <= incident.level) {
      if (isNew && incident.level > 0) await this.#tell(tx, incident, point, "restore-failed", reason);
      return null;
    }
    for (let next = incident.level + 1; next <= level; next += 1) incident = await this.#up(tx, incident, point, next, reason);
    return incident;
  }

  /** Supply is seen. A work order ends with its times; a wrong cut is still somebody's to talk about. */
  async restored(tx: Transaction, id: IncidentId, point: Point): Promise<Incident | null> {
    const { store, clock, settings, timeZone } = this.#parts;
    const known = await store.lock(tx, id);
    if (known === null || known.endedAt !== null) return null;
    const { restore } = point;
    // it may have been found days later, and been cut and restored anew since; an arm beside which it went on did not bring supply
    const first = await store.firstRestore(tx, known.meter, { since: known.darkSince, armedBefore: known.foundAt });
    const newest = restore?.state === "confirmed" && (restore.verifiedAt ?? 0) >= known.darkSince ? restore : null;
    const shown = first ?? newest;
    const now = clock.now();
    const restoredAt = shown?.verifiedAt ?? point.relayAt ?? now;
    const incident = await this.#changed(tx, known, {
      restoredAt,
      restoredBy: shown?.id ?? null,
      endedAt: now,
      energyAfter: registerIn(shown?.receipt ?? null)?.kwh ?? point.register,
      followUpAt: later(restoredAt, settings.followUpMs),
    });
    const minutesDark = Math.round((durationOf(incident) ?? 0) / 60_000);
    const note = `supply is back since ${iso(restoredAt, timeZone)}, after ${minutesDark} min${shown === null ? "" : `: command ${shown.id}`}`;
    await this.#step(tx, incident, "restored", note);
    await this.#endWorkOrder(tx, incident, note);
    return incident;
  }

  /** Nobody wants it back any more: another order, or money that was taken back. */
  async withdrawn(tx: Transaction, id: IncidentId): Promise<void> {
    const known = await this.#parts.store.lock(tx, id);
    if (known !== null && known.endedAt === null) await this.#withdraw(tx, known, "supply is wanted back by nobody any more");
  }

  /**
   * Nobody waits for supply, so nothing goes up. Once its owner has closed the item it is nobody's, and open until supply is seen all the same:
   * how long it was dark is asked by whoever compensates, and the customer is asked after it is bright.
   */
  async settled(tx: Transaction, id: IncidentId): Promise<void> {
    const { store, items } = this.#parts;
    const known = await store.lock(tx, id);
    if (known === null || known.endedAt !== null || known.exception === null) return;
    const isOpen = (await items.lockOpen(tx, keyOf.incident(id))) !== null;
    if (isOpen) await this.#endWorkOrder(tx, known, "supply is wanted back by nobody any more");
    else if (known.wishedAt !== null || known.level > 0) {
      const incident = await this.#changed(tx, known, { wishedAt: null, level: 0, reason: null });
      await this.#step(tx, incident, "withdrawn", "its item was closed, and supply is wanted back by nobody");
    }
  }

  async #withdraw(tx: Transaction, known: Incident, note: string): Promise<void> {
    const { clock, settings } = this.#parts;
    const now = clock.now();
    // whoever was cut wrongly is asked, too, where nobody will see his supply come back
    const isWrong = [known.cause, ...known.also].some((cause) => causes[cause].tellsAtOnce);
    const incident = await this.#changed(tx, known, {
      endedAt: now,
      ...(isWrong ? { followUpAt: later(now, settings.followUpMs) } : {}),
    });
    await this.#step(tx, incident, "withdrawn", note);
    await this.#endWorkOrder(tx, incident, note);
  }

  async restoreAsked(tx: Transaction, incident: Incident, command: CommandId, at: Instant): Promise<void> {
    await this.#changed(tx, incident, incident.wishedAt === null ? { wishedAt: at } : {});
    await this.#step(tx, incident, "restore-asked", `command ${command}`);
  }

  /** Two days before the two weeks are over: an item, once. */
  async remind(tx: Transaction, id: IncidentId): Promise<void> {
    const { store, exceptions, clock, timeZone } = this.#parts;
    const known = await store.lock(tx, id);
    if (known === null || known.remindedAt !== null || known.followedUpAt !== null || known.followUpAt === null) return;
    const incident = await this.#changed(tx, known, { remindedAt: clock.now() });
    await exceptions.raise(tx, {
      ...this.#draft(incident, "follow-up-due", incident.cause),
      key: keyOf.followUp(incident.id),
      evidence: { ...factsOf(incident), askUntil: iso(known.followUpAt, timeZone) },
    });
    await this.#step(tx, incident, "reminded", null);
  }

  /** It had ended because nobody wanted supply any more, and somebody does again: the same dark hours, from the new wish on. */
  async #again(tx: Transaction, known: Incident, cause: Cause, wish: Wish): Promise<Incident> {
    const incident = await this.#changed(tx, known, {
      ...{ endedAt: null, followUpAt: null, wishedAt: wish.since, level: 0, reason: null },
    });
    await this.#step(tx, incident, "wanted-again", cause);
    return (await this.#also(tx, incident, cause, wish)) ?? incident;
  }

  async #also(tx: Transaction, known: Incident, cause: Cause, wish: Wish | null): Promise<Incident | null> {
    if (known.cause === cause || known.also.includes(cause)) return null;
    const first = graver(known.cause, cause);
    const isPersons = known.compensationBy !== null;
    const incident = await this.#changed(tx, known, {
      cause: first,
      also: [...known.also, first === cause ? known.cause : cause],
      class: causes[first].class,
      ...(known.wishedAt === null && wish !== null ? { wishedAt: wish.since } : {}),
      ...(isPersons ? {} : { compensation: causes[first].compensation }),
    });
    await this.#step(tx, incident, "cause-added", cause);
    if (!causes[cause].tellsAtOnce || (await this.#parts.items.lockOpen(tx, keyOf.incident(incident.id))) !== null)
      return incident;
    return this.#tell(tx, incident, null, "false-cut", first);
  }

  async #up(tx: Transaction, given: Incident, point: Point, level: number, reason: Reason): Promise<Incident> {
    const { exceptions, items, settings } = this.#parts;
    let incident = await this.#changed(tx, given, { level });
    const since = incident.wishedAt ?? incident.foundAt;
    const next = settings.levelsMs[level];
    const dueAt = next === undefined ? later(since, HARD_LIMIT_MS) : later(since, next);
    const to = UP[level] ?? null;
    if (to === null) {
      incident = await this.#tell(tx, incident, point, "restore-failed", reason);
      await this.#step(tx, incident, "work-order", reasons[reason].title.en);
      return incident;
    }
    let item = await items.lockOpen(tx, keyOf.incident(incident.id));
    if (item === null) {
      // closed with words, and it is dark still
      incident = await this.#tell(tx, incident, point, "restore-failed", reason);
      item = await items.lockOpen(tx, keyOf.incident(incident.id));
    }
    const note = `no supply ${Math.round((settings.levelsMs[level - 1] ?? 0) / 60_000)} min after it was wanted: ${reasons[reason].title.en}`;
    if (item !== null) await exceptions.escalate(tx, item, { to, dueAt, note });
    await this.#step(tx, incident, "escalated", `${to}: ${note}`);
    return incident;
  }

  /** The item of its owner: made, or become what the incident has become. */
  async #tell(tx: Transaction, incident: Incident, point: Point | null, kind: ExceptionKind, because: string): Promise<Incident> {
    const { exceptions, items } = this.#parts;
    const draft: Draft = {
      ...this.#draft(incident, kind, because),
      evidence: { ...factsOf(incident), ...(point?.restore == null ? {} : { restore: orderOf(point.restore) }) },
    };
    const open = await items.lockOpen(tx, draft.key);
    let item: Pick<ExceptionItem, "id">;
    if (open !== null && open.kind !== kind) {
      await exceptions.become(tx, open, draft);
      item = open;
    } else item = await exceptions.raise(tx, draft);
    return incident.exception === item.id ? incident : this.#changed(tx, incident, { exception: item.id });
  }

  #draft(incident: Incident, kind: ExceptionKind, because: string): Draft {
    const { meter, account, cut, id } = incident;
    return { ...nobody, meter, account, command: cut, kind, because, key: keyOf.incident(id), evidence: {}, suggestion: null };
  }

  /** Of a wrong cut it becomes again what it was: somebody has to talk to the customer still. */
  async #endWorkOrder(tx: Transaction, incident: Incident, note: string): Promise<void> {
    const { items, exceptions } = this.#parts;
    const item = await items.lockOpen(tx, keyOf.incident(incident.id));
    if (item?.kind !== "restore-failed") return;
    const wrong = [incident.cause, ...incident.also].find((cause) => causes[cause].tellsAtOnce);
    if (wrong === undefined) await exceptions.end(tx, item, { by: GATEWAY, note });
    else await exceptions.become(tx, item, { ...this.#draft(incident, "false-cut", wrong), evidence: factsOf(incident) });
  }

  async #changed(tx: Transaction, incident: Incident, change: IncidentChange): Promise<Incident> {
    if (Object.keys(change).length > 0) await this.#parts.store.change(tx, incident.id, change);
    return { ...incident, ...change };
  }

  #step(tx: Transaction, { id }: Incident, what: IncidentStep["what"], note: string | null): Promise<void> {
    return this.#parts.store.addStep(tx, id, { at: this.#parts.clock.now(), what, by: GATEWAY, note });
  }
}

/** A wrong cut stays what it was; of a late restore the reason tells the class. */
const classOf = (cause: Cause, reason: Reason): Incident["class"] =>
  cause === "paid-but-dark" || cause === "restore-failed" ? reasons[reason].class : causes[cause].class;

const orderOf = ({ id, kind, state, because, waitingFor, createdAt, sentAt }: NonNullable<Point["restore"]>) => ({
  ...{ id, kind, state, because, waitingFor, createdAt, sentAt },
});
const factsOf = ({ id, cause, also, darkSince: darkAt, wishedAt, reason, level, energyBefore, restoredAt }: Incident) => ({
  ...{ incident: id, cause, also, darkAt, wishedAt, reason, level, energyBefore, restoredAt },
});
