/**
 * The emergency stop, and letting go of what stands. One person stops, with one word; two release, by the names of their keys, each with a
 * reason, the second within a day of the first. The brake trips by itself (`cut-gate.ts`) and is released the same way; its count begins anew.
 */
import { hours, type Clock } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import { Fault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { mustBeTwo, type Decision } from "../commands/two-persons.ts";
import type { CutAlarms } from "./cut-alarms.ts";
import type { GuardStore, Halt, HaltKind } from "./guard-store.ts";

/** What somebody said yesterday is not half of today's release. */
export const WORD_GOOD_MS = hours(24);

export interface HaltParts {
  readonly store: GuardStore;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Logger;
  readonly alarms?: CutAlarms;
}

export class HaltDesk {
  readonly #parts: HaltParts;

  constructor(parts: HaltParts) {
    this.#parts = parts;
  }

  standing(): Promise<readonly Halt[]> {
    return this.#parts.store.standing(null);
  }

  history(limit: number): Promise<readonly Halt[]> {
    return this.#parts.store.halts(limit);
  }

  /** Once it is committed no cut leaves. Pressed again it is the same stop; who would have released it did not know of what it is pressed for now. */
  async stop(tx: Transaction, { actor, note }: Decision): Promise<Halt> {
    const { store, outbox, clock, newId, log, alarms } = this.#parts;
    await store.lock(tx);
    const known = (await store.standing(tx)).find(({ kind }) => kind === "stop");
    if (known !== undefined) return this.#pressedAgain(tx, known, { actor, note });
    const halt: Halt = {
      ...{ id: newId(), kind: "stop", because: "person", reason: note, figures: {} },
      ...{ begunAt: clock.now(), begunBy: actor, asked: null, released: null },
    };
    await store.halt(tx, halt);
    await alarms?.halted(tx, halt);
    await outbox.announce(tx, { type: "cuts", about: "stop", id: halt.id, state: "stands" });
    log.error({ by: actor, reason: note }, "emergency stop: no supply is cut, whoever orders it, until two persons release it");
    return halt;
  }

  async #pressedAgain(tx: Transaction, known: Halt, { actor, note }: Decision): Promise<Halt> {
    if (known.asked === null) return known;
    const { store, outbox, log } = this.#parts;
    await store.changeHalt(tx, known.id, { asked: null });
    await outbox.announce(tx, { type: "cuts", about: "stop", id: known.id, state: "stands" });
    log.error(
      { by: actor, reason: note, asked: known.asked.by },
      "emergency stop pressed again: its release has to be asked for anew",
    );
    return { ...known, asked: null };
  }

  /** The first person asks, another lets it go. */
  async release(tx: Transaction, kind: HaltKind, { actor, note }: Decision): Promise<Halt> {
    const { store, outbox, clock, log, alarms } = this.#parts;
    await store.lock(tx);
    const halt = (await store.standing(tx)).find((one) => one.kind === kind);
    if (halt === undefined) throw new Fault("nothing-halted", { kind });
    const said = { by: actor, at: clock.now(), note };
    const age = halt.asked === null ? Number.POSITIVE_INFINITY : said.at - halt.asked.at;
    const isFirst = age > WORD_GOOD_MS;
    mustBeTwo(isFirst ? actor : halt.asked?.by, isFirst ? undefined : actor);
    const change = isFirst ? { asked: said } : { released: said };
    await store.changeHalt(tx, halt.id, change);
    const now = { ...halt, ...change };
    if (!isFirst) {
      await alarms?.released(tx, now);
      log.warn({ kind, first: halt.asked?.by, second: actor, note }, "two persons have released it: cuts go on by the rules");
    }
    await outbox.announce(tx, { type: "cuts", about: kind, id: halt.id, state: isFirst ? "release-asked" : "released" });
    return now;
  }
}
