/**
 * Lists of cuts that two persons decide about: put together by the rules when too many are due, or by a person, who is then one of the two.
 *
 *     proposed ──first──► proposed ──second──► canary ─► running ─► done          (batch-run.ts)
 *         └── anybody says no: declined             └── anybody says no: stopped
 *
 * Approved is the list and not the cut: each member is decided anew by the rules when its turn comes.
 */
import { hours, later, type Clock, type Instant } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import { Fault } from "../kernel/faults.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { mustBeTwo, type Decision } from "../commands/two-persons.ts";
import { isOpenBatch } from "./batch-run.ts";
import type { CutAlarms } from "./cut-alarms.ts";
import { listsOf } from "./cut-gate.ts";
import { listUp } from "./cut-lists.ts";
import type { GuardRails } from "./guard-settings.ts";
import type { CutBatch, CutMember, GuardStore } from "./guard-store.ts";
import { isDue, lookAt } from "./look.ts";
import type { PolicyStore } from "./policy-store.ts";
import type { Strategies } from "./strategies.ts";

export interface BatchParts {
  readonly store: GuardStore;
  readonly policy: Pick<PolicyStore, "remoteMeters">;
  readonly strategies: Strategies;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Logger;
  readonly rails: GuardRails;
  readonly lineOf: (meter: MeterAddress) => string;
  readonly alarms?: CutAlarms;
}

export interface Proposal {
  readonly actor: string;
  readonly reason: string;
  readonly raisesBrake: boolean;
  /** Null: everybody who is due. */
  readonly of: { readonly accounts: readonly AccountId[]; readonly meters: readonly MeterAddress[] } | null;
}

export interface Verdict extends Decision {
  readonly raisesBrake: boolean;
  /** How many supplies he saw on the list; left out: he does not say. */
  readonly members?: number;
}

/** Who was named and is not cut by any rule now, and why. */
export interface NotDue {
  readonly account: AccountId;
  readonly meter: MeterAddress;
  readonly because: string;
}

const USUAL_HOURS = 8;

export class BatchDesk {
  readonly #parts: BatchParts;

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  list(limit: number, before: string | null): Promise<readonly CutBatch[]> {
    return this.#parts.store.batches(limit, before);
  }

  /** The newest, and however old it is whatever waits for somebody or is under way. Newest first. */
  async shown(limit: number): Promise<readonly CutBatch[]> {
    const { store } = this.#parts;
    const [newest, live] = [await store.batches(limit, null), await store.liveBatches(null)];
    const all = new Map([...newest, ...live].map((batch) => [batch.id, batch]));
    return [...all.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  async find(id: string): Promise<{ readonly batch: CutBatch; readonly members: readonly CutMember[] }> {
    const batch = await this.#parts.store.batch(null, id);
    if (batch === null) throw new Fault("unknown-cut-batch", { batch: id });
    return { batch, members: await this.#parts.store.members(null, id) };
  }

  async propose(
    tx: Transaction,
    { actor, reason, raisesBrake, of }: Proposal,
  ): Promise<{ readonly batch: CutBatch; readonly notDue: readonly NotDue[] }> {
    const { store, policy, strategies, clock, lineOf } = this.#parts;
    mustBeTwo(actor);
    const now = clock.now();
    const isNamed = (account: AccountId, meter: MeterAddress): boolean =>
      of === null || of.accounts.includes(account) || of.meters.includes(meter);
    const pictures = (await policy.remoteMeters()).filter(({ account, meter }) => isNamed(account, meter));
    const looks = pictures.map((picture) => lookAt(strategies, picture, now));
    await store.hold(
      tx,
      looks.filter(isDue).map(({ picture }) => picture.meter),
    );
    await store.lock(tx);
    const listed = listsOf(await store.listed(tx, now)); // who was declined may be proposed again by a person
    const whyNot = (look: (typeof looks)[number]): string | null => {
      if (look.strategy.mode === "shadow") return "shadow";
      if (!isDue(look)) return look.picture.relay === "disconnected" ? "already-cut" : look.decision.because;
      return listed.has(look.picture.meter) ? "batch" : null;
    };
    const due = looks.filter((look) => whyNot(look) === null);
    const notDue = looks.flatMap((look): readonly NotDue[] => {
      const because = whyNot(look);
      const { account, meter } = look.picture;
      return because === null || of === null ? [] : [{ account, meter, because }];
    });
    if (due.length === 0) throw new Fault("nothing-due", { asked: looks.length, because: notDue.slice(0, 20) });
    const first = { by: actor, at: now, note: reason, raisesBrake };
    return { batch: await listUp(this.#parts, tx, due, { by: actor, reason, lineOf, first }), notDue };
  }

  /** Of the first person it keeps the name; the second lets it begin. */
  async approve(tx: Transaction, id: string, { actor, note, raisesBrake, members }: Verdict): Promise<CutBatch> {
    const { store, clock, log } = this.#parts;
    const batch = await this.#locked(tx, id);
    if (batch.state !== "proposed") throw new Fault("cut-batch-over", { batch: id, state: batch.state });
    const count = await store.memberCount(tx, id);
    if (members !== undefined && members !== count)
      throw new Fault("cut-batch-changed", { batch: id, seen: members, members: count });
    // It would only be stopped by the first look, and two persons had said yes for nothing.
    const [halt] = await store.standing(tx);
    if (halt !== undefined)
      throw new Fault(halt.kind === "stop" ? "emergency-stop" : "cuts-braked", { by: halt.begunBy, reason: halt.reason });
    const said = { by: actor, at: clock.now(), note };
    if (batch.first === null) {
      mustBeTwo(actor);
      return this.#changed(tx, batch, { first: { ...said, raisesBrake } });
    }
    mustBeTwo(batch.first.by, actor);
    const approved = await this.#changed(tx, batch, {
      ...{ state: "canary", second: said, goodUntil: this.#goodUntil(said.at) },
      raisesBrake: batch.first.raisesBrake && raisesBrake,
    });
    await this.#parts.alarms?.settled(tx, approved);
    log.warn({ batch: id, first: batch.first.by, second: actor, members: count }, "two persons have approved a list of cuts");
    return approved;
  }

  /** One is enough to say no, also to a list that runs: what has not left is taken back. */
  async decline(tx: Transaction, id: string, { actor, note }: Decision): Promise<CutBatch> {
    const batch = await this.#locked(tx, id);
    if (!isOpenBatch(batch.state)) throw new Fault("cut-batch-over", { batch: id, state: batch.state });
    const end = { because: note, endedAt: this.#parts.clock.now(), endedBy: actor };
    const declined = await this.#changed(tx, batch, { ...end, state: batch.state === "proposed" ? "declined" : "stopped" });
    await this.#parts.alarms?.settled(tx, { ...declined, because: null });
    return declined;
  }

  /** The hours in which somebody may be cut, as the site says them, or so many from now. */
  #goodUntil(now: Instant): Instant {
    const { rails, strategies } = this.#parts;
    const latest = later(now, hours(rails.approval?.hours ?? USUAL_HOURS));
    const { codes, until } = strategies.ofSite().calendar.at(now);
    return codes.length === 0 && until !== null && until < latest ? until : latest;
  }

  async #locked(tx: Transaction, id: string): Promise<CutBatch> {
    await this.#parts.store.lock(tx);
    const batch = await this.#parts.store.batch(tx, id);
    if (batch === null) throw new Fault("unknown-cut-batch", { batch: id });
    return batch;
  }

  async #changed(tx: Transaction, batch: CutBatch, change: Partial<CutBatch>): Promise<CutBatch> {
    const { store, outbox } = this.#parts;
    await store.changeBatch(tx, batch.id, change);
    const now = { ...batch, ...change };
    await outbox.announce(tx, { type: "cuts", about: "batch", id: batch.id, state: now.state });
    return now;
  }
}
