/**
 * Writes down what customers are to be told, in the transaction in which the rules come to another stage: a crash loses none and doubles
 * none. Sends nothing; that is the courier's.
 */
import { later, type Clock, type Instant } from "../kernel/clock.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Fen } from "../kernel/money.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Command, CommandState } from "../commands/command.ts";
import type { Look } from "../policy/standing.ts";
import type { Teller } from "../policy/teller.ts";
import { FINAL, kindTable, nearnessOf, supplyKinds, type NoticeKind } from "./kinds.ts";
import { NoticeId, type Details, type NoticeRecord } from "./notice.ts";
import type { NoticeStore } from "./notice-store.ts";
import { isToHearOfSupply, toTell } from "./telling.ts";

export interface TellerParts {
  readonly store: NoticeStore;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** Nobody waits to be told of these any more once the account is better off. */
const threats: readonly NoticeKind[] = ["forecast", "warn-1", "warn-2", FINAL, "cut"];

export class NoticeTeller implements Teller {
  readonly #parts: TellerParts;

  constructor(parts: TellerParts) {
    this.#parts = parts;
  }

  async looked(tx: Transaction, look: Look): Promise<void> {
    const { store } = this.#parts;
    const { picture, decision, facts } = look;
    const { account } = picture;
    const was = picture.standing?.stage ?? "fine";
    if (was !== decision.stage && facts.available >= look.strategy.cutAt && nearnessOf(was) > nearnessOf(decision.stage))
      await store.cancelWaiting(tx, account, threats, isPaid(look) ? "paid" : "no-longer-so", facts.now);
    const kind = await toTell(look, (kinds) => store.newest(tx, account, kinds));
    if (kind === null) return;
    if (kind === FINAL) await store.cancelWaiting(tx, account, threats, "superseded", facts.now);
    const { at, available } = { at: tellingAt(look), available: facts.available };
    await store.insert(tx, this.#record(kind, { ...look.picture, at, available, details: detailsOf(kind, look) }));
  }

  /**
   * An order has ended. A cut is told when the order of a rule is confirmed: the rules see the open relay before that, and cannot know then
   * whose order it was. Of one that met silence and is seen later, the change of stage tells.
   */
  async ended(
    tx: Transaction,
    command: Command,
    state: CommandState,
    balanceOf: (account: AccountId) => Promise<Fen>,
  ): Promise<void> {
    const { kind, askedBy, account, meter, createdAt } = command;
    if (kind !== "disconnect" || askedBy !== "rule" || account === null || state !== "confirmed") return;
    const last = await this.#parts.store.newest(tx, account, ["cut"]);
    if (last !== null && last.at >= createdAt) return;
    const at = this.#parts.clock.now();
    await this.#parts.store.insert(
      tx,
      this.#record("cut", { account, meter, at, available: await balanceOf(account), details: {} }),
    );
  }

  /**
   * A relay is seen closed that was not: the stage may have said so long before, since an open relay that is ordered to connect is as good to
   * the rules. The meter's row is locked by the sight, and by each look: whoever comes second finds what the first has told.
   */
  async closed(
    tx: Transaction,
    { account, meter }: { readonly account: AccountId; readonly meter: MeterAddress },
    balanceOf: (account: AccountId) => Promise<Fen>,
  ): Promise<void> {
    const { store, clock } = this.#parts;
    const at = clock.now();
    if (!isToHearOfSupply(await store.newest(tx, account, supplyKinds), at)) return;
    await store.insert(tx, this.#record("restored", { account, meter, at, available: await balanceOf(account), details: {} }));
  }

  /** Something of an outage, told once; false: it was. */
  outage(
    tx: Transaction,
    kind: "outage" | "outage-soon",
    of: Pick<NoticeRecord, "account" | "meter" | "available"> & {
      readonly details: Details & { readonly to: number };
      readonly once: string;
    },
  ): Promise<boolean> {
    const { once, details } = of;
    const record = this.#record(kind, { ...of, at: this.#parts.clock.now() });
    return this.#parts.store.insert(tx, { ...record, once, notAfter: details.to as Instant });
  }

  #record(
    kind: NoticeKind,
    { account, meter, at, available, details }: Pick<NoticeRecord, "account" | "meter" | "at" | "available" | "details">,
  ): NoticeRecord {
    return {
      ...{ id: NoticeId(this.#parts.newId()), account, meter, kind, at, available, details, once: null },
      ...{ state: "waiting", because: null, delivered: null, channel: null, said: null, tries: 0 },
      ...{ notAfter: later(at, kindTable[kind].lifeMs), nextAt: at, takenUntil: null, triesFrom: at },
    };
  }
}

const isPaid = ({ facts, picture }: Look): boolean =>
  facts.paidAt !== null && facts.paidAt >= (picture.standing?.since ?? facts.paidAt);

/** The rules count what was said after the last payment: one of this very moment comes before it. */
const tellingAt = ({ facts: { now, paidAt } }: Look): Instant => (paidAt !== null && paidAt >= now ? later(paidAt, 1) : now);

const detailsOf = (kind: NoticeKind, { strategy }: Look): Details => (kind === "forecast" ? { days: strategy.forecastDays } : {});
