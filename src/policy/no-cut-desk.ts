/**
 * Says that nobody is cut for a time, and ends that early. Said behind the lock of the site, as an emergency stop is: once it has answered,
 * no attempt of a rule begins where it holds, at no gateway; what waits is taken back by the next look, and the rules are woken for it.
 */
import type { Clock } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import { Fault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { GuardStore } from "./guard-store.ts";
import type { NoCutPage, NoCutStore } from "./no-cut-store.ts";
import { isOver, scopeOf, timesOf, WHOLE_SITE, type NoCutSpan, type NoCutWish, type ScopeKind } from "./no-cuts.ts";

export interface NoCutDeskParts {
  readonly store: NoCutStore;
  readonly guards: Pick<GuardStore, "lock">;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timeZone: string;
  readonly newId: () => string;
  /** A line or what feeds its meters goes by this name here. */
  readonly hasPlace: (kind: Exclude<ScopeKind, "class">, name: string) => boolean;
}

/** Of whom it is said; nothing named: of the whole site. */
export type ScopeWish = Partial<Readonly<Record<ScopeKind, string | undefined>>>;

export class NoCutDesk {
  readonly #parts: NoCutDeskParts;

  constructor(parts: NoCutDeskParts) {
    this.#parts = parts;
  }

  async say(
    tx: Transaction,
    wish: NoCutWish & { readonly scope: ScopeWish; readonly reason: string; readonly by: string },
  ): Promise<NoCutSpan> {
    const { store, guards, clock, newId, timeZone, outbox, log } = this.#parts;
    const { kind, reason, by } = wish;
    const scope = await this.#scopeOf(tx, wish.scope);
    await guards.lock(tx);
    const saidAt = clock.now(); // after the lock: what left before it was not cut in this time
    const span: NoCutSpan = {
      ...{ id: newId(), kind, scope, ...timesOf(wish, saidAt, timeZone), reason },
      ...{ saidAt, saidBy: by, endedAt: null, endedBy: null, endReason: null },
    };
    await store.insert(tx, span);
    await outbox.announce(tx, { type: "cuts", about: "no-cut", id: span.id, state: "said" });
    log.warn({ kind, scope, from: span.from, until: span.until, by, reason }, "somebody has said that nobody is cut for a time");
    return span;
  }

  /** Before its time, also before it has begun; it stays in the list, with who did it and why. */
  async end(tx: Transaction, id: string, { by, reason }: { readonly by: string; readonly reason: string }): Promise<NoCutSpan> {
    const { store, clock, outbox, log } = this.#parts;
    const known = await store.lock(tx, id);
    if (known === null) throw new Fault("unknown-no-cut", { noCut: id });
    const at = clock.now();
    if (isOver(known, at))
      throw new Fault("no-cut-over", { noCut: id, ...(known.endedBy === null ? {} : { by: known.endedBy }) });
    await store.end(tx, id, { at, by, reason });
    await outbox.announce(tx, { type: "cuts", about: "no-cut", id, state: "ended" });
    log.warn({ id, kind: known.kind, scope: known.scope, by, reason }, "a time in which nobody is cut was ended early");
    return { ...known, endedAt: at, endedBy: by, endReason: reason };
  }

  list(page: NoCutPage): Promise<readonly NoCutSpan[]> {
    return this.#parts.store.list(page);
  }

  /** A name that nobody has would protect nobody, and whoever said it would sleep well. */
  async #scopeOf(tx: Transaction, wish: ScopeWish): Promise<string> {
    const { store, hasPlace } = this.#parts;
    const named = Object.entries(wish).filter(([, name]) => name !== undefined) as [ScopeKind, string][];
    const [first, ...others] = named;
    if (first === undefined) return WHOLE_SITE;
    const [kind, name] = first;
    if (others.length > 0)
      throw new Fault("invalid-request", { field: others[0]![0], problem: `beside ${kind}: say one at a time` });
    const isKnown = kind === "class" ? await store.hasClass(tx, name) : hasPlace(kind, name);
    if (!isKnown) throw new Fault("unknown-no-cut-scope", { [kind]: name });
    return scopeOf(kind, name);
  }
}
