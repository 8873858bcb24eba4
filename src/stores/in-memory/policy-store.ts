/** The picture a decision is made from, and what the rules said, in memory. */
import type { Instant } from "../../kernel/clock.ts";
import type { AccountId, MeterAddress } from "../../kernel/ids.ts";
import { Fen } from "../../kernel/money.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import { isUnsent, type Command } from "../../commands/command.ts";
import type { Payment } from "../../commands/command-store.ts";
import { cuts } from "../../commands/rivals.ts";
import type { BillingState } from "../../ledger/billing-store.ts";
import { book } from "../../ledger/ledger.ts";
import { isTakenBack, type Exemption } from "../../policy/exemptions.ts";
import type { DeliveredNotice } from "../../policy/facts.ts";
import type { NoticeRecord } from "../../notices/notice.ts";
import {
  CONTRADICTED_MIN,
  type KeptDecision,
  type Notice,
  type PolicyStore,
  type RemoteMeter,
  type Standing,
  type StrategyVersion,
} from "../../policy/policy-store.ts";
import type { Intent } from "../../policy/rules.ts";
import { dayPlus } from "../../tariff/days.ts";
import { alarmIn, orderIn } from "../relay-word.ts";
import type { InMemoryDatabase } from "./database.ts";
import { KeptPictures } from "./kept-pictures.ts";
import type { Work } from "./table.ts";
import { firstOf } from "./ordered-index.ts";
import { ALL, asJson, billedDayKey, pair, type CommandRow, type MeterRow, type NoticeRow } from "./tables.ts";

/** One more than a mean of a week needs: today's is not over. */
const RECENT_DAYS = 8;

export class InMemoryPolicyStore implements PolicyStore {
  readonly #db: InMemoryDatabase;
  readonly #kept: KeptPictures;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
    this.#kept = KeptPictures.of(db.books);
  }

  remoteMeters(): Promise<readonly RemoteMeter[]> {
    return this.#db.look(null, (on) => {
      const pictures: RemoteMeter[] = [];
      for (const row of this.#db.books.meters.upwards(on, "all", ALL)) {
        const picture = this.#shownOf(on, row);
        if (picture !== null) pictures.push(picture);
      }
      return pictures;
    });
  }

  remoteMeter(tx: Transaction | null, meter: MeterAddress): Promise<RemoteMeter | null> {
    const { meters } = this.#db.books;
    const picture = (on: Work | null, row: MeterRow | undefined): RemoteMeter | null =>
      row === undefined ? null : this.#shownOf(on, row);
    if (tx === null) return this.#db.look(null, (on) => picture(on, meters.find(on, meter)));
    return this.#db.statement(tx, async (on) => {
      if (picture(on, meters.find(on, meter)) === null) return null; // not a remote one: there is nothing to lock
      return picture(on, await meters.lock(on, meter, "update"));
    });
  }

  lastIntent(tx: Transaction | null, meter: MeterAddress): Promise<Intent | null> {
    return this.#db.look(tx, (on) => {
      const [newest] = this.#db.books.intents.downwards(on, "meter", meter);
      return newest?.intent ?? null;
    });
  }

  keepIntent(
    tx: Transaction,
    meter: MeterAddress,
    { want, because }: Intent,
    shadow: boolean,
    facts: Readonly<Record<string, unknown>>,
    at: Instant,
  ): Promise<void> {
    const { books } = this.#db;
    return this.#db.statement(tx, async (on) => {
      await books.intents.add(on, { id: books.nextId(), meter, intent: { want, because }, shadow, facts: asJson(facts), at });
      await books.meters.mustExist(on, meter, "intents_meter_fkey");
    });
  }

  keepDecision(tx: Transaction, decision: KeptDecision, standing: Standing): Promise<void> {
    const { books } = this.#db;
    return this.#db.statement(tx, async (on) => {
      const kept = { ...decision, blocks: [...decision.blocks], facts: asJson(decision.facts) };
      await books.decisions.add(on, { id: books.nextId(), decision: kept });
      await books.meters.mustExist(on, decision.meter, "decisions_meter_fkey");
      await books.standings.upsert(on, decision.meter, () => ({ meter: decision.meter, account: decision.account, standing }));
    });
  }

  keepStanding(tx: Transaction, meter: MeterAddress, account: AccountId, standing: Standing): Promise<void> {
    const { standings, meters } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      await standings.upsert(on, meter, () => ({ meter, account, standing }));
      await meters.mustExist(on, meter, "standings_meter_fkey");
    });
  }

  decisionsOf(account: AccountId, limit: number): Promise<readonly KeptDecision[]> {
    return this.#db.look(null, (on) =>
      newestFirst(this.#db.books.decisions.in(on, "account", account))
        .slice(0, limit)
        .map(({ decision }) => decision),
    );
  }

  noticesOf(account: AccountId, limit: number): Promise<readonly Notice[]> {
    return this.#db.look(null, (on) =>
      newestFirst(this.#db.books.notices.in(on, "account", account))
        .slice(0, limit)
        .map(({ notice }) => asNotice(notice)),
    );
  }

  keepStrategies(given: readonly StrategyVersion[]): Promise<readonly StrategyVersion[]> {
    const { books } = this.#db;
    return this.#db.transact((tx) =>
      this.#db.statement(tx, async (on) => {
        const fresh = given.filter(
          ({ scope, version }) => newestFirst(books.strategies.in(on, "scope", scope))[0]?.strategy.version !== version,
        );
        for (const strategy of fresh) await books.strategies.add(on, { id: books.nextId(), strategy: asJson(strategy) });
        return fresh;
      }),
    );
  }

  #noticeOf(on: Work | null, account: AccountId): DeliveredNotice | null {
    return this.#db.books.notices.made(on, "account", account, newestDelivered);
  }

  #mayBeCut(on: Work | null, { address, relay, relayAt, cutBy }: MeterRow["book"]): boolean {
    if (relay !== "connected" && relay !== "armed") return false;
    const { commands } = this.#db.books;
    const sent = cuts.flatMap(
      (kind) =>
        firstOf(commands.downwards(on, "kind", pair(address, kind)), ({ command: { sentAt } }) => sentAt !== null)?.command ?? [],
    );
    const last = sent.reduce<Command | undefined>(
      (newest, one) => (newest === undefined || one.id > newest.id ? one : newest),
      undefined,
    );
    if (last?.askedBy !== "rule" || last.sentAt! < (relayAt ?? Infinity)) return false;
    return last.state === "sending" || last.state === "verifying" || (last.state === "unanswered" && cutBy === "rule");
  }

  /** Once for as long as its billing stands where it stands: the rules look at everybody all the time. */
  #billedOf(on: Work | null, state: BillingState | undefined, meter: MeterAddress, account: AccountId): Billed {
    const known = this.#db.books.billedDays.made(on, "account", account, nothingYet);
    if (known.of === state && known.meter === meter) return known;
    const days = this.#daysBack(on, state, meter, account);
    const billed = { of: state, meter, days, isEstimated: this.#isEstimated(on, state) };
    // days of another account are not this one's memory
    return state === undefined || state.account === account ? Object.assign(known, billed) : billed;
  }

  /** An estimate always ends with the newest day. */
  #isEstimated(on: Work | null, state: BillingState | undefined): boolean {
    return state !== undefined && this.#db.books.billedDays.find(on, billedDayKey(state))?.seen.estimate !== undefined;
  }

  /** Found by their keys from the newest back. */

  #daysBack(
    on: Work | null,
    state: BillingState | undefined,
    meter: MeterAddress,
    account: AccountId,
  ): RemoteMeter["recentDays"] {
    const { billedDays } = this.#db.books;
    const days: { readonly day: string; readonly cost: Fen }[] = [];
    if (state?.account === account) {
      const { stretch } = state;
      for (let { day } = state; days.length < RECENT_DAYS; day = dayPlus(day, -1)) {
        const row = billedDays.find(on, billedDayKey({ meter, stretch, day, account }));
        if (row === undefined) break;
        days.push({ day, cost: row.cost });
      }
    }
    if (days.length === RECENT_DAYS) return days;
    // its stretch is younger than that: another may have been this account's as well
    return billedDays
      .in(on, "account", account)
      .filter((row) => row.meter === meter)
      .sort((a, b) => (a.day < b.day ? 1 : -1))
      .slice(0, RECENT_DAYS)
      .map(({ day, cost }) => ({ day, cost }));
  }

  #shownOf(on: Work | null, row: MeterRow): RemoteMeter | null {
    return on === null ? this.#kept.ask(row.book.address, () => this.#pictureOf(null, row)) : this.#pictureOf(on, row);
  }

  /** Null: not active, not of a remote account, or another meter is taking its place. */
  #pictureOf(on: Work | null, { book: meter, active }: MeterRow): RemoteMeter | null {
    const { accounts, positions, commands, payments, billing, exemptions, standings, believed, doubts } = this.#db.books;
    const account = meter.account === null ? undefined : accounts.find(on, meter.account);
    if (!active || meter.beingReplaced === true || account?.mode !== "remote") return null;
    const orders = commands.made(on, "unended", meter.address, unended);
    const bill = billing.find(on, meter.address);
    const billed = this.#billedOf(on, bill, meter.address, account.account);
    const standing = standings.find(on, meter.address);
    const known = doubts.find(on, meter.address);
    const doubt = known?.open === true ? known : undefined;
    const read = believed.find(on, meter.address)?.believed;
    const isLess =
      doubt?.doubt === "backwards" && doubt.item === "importedEnergy" && read !== undefined && doubt.takenAt > read.takenAt;
    const contradictions = isLess ? doubt.times : 0;
    return {
      meter: meter.address,
      account: account.account,
      class: account.class,
      available: Fen(positions.find(on, book.available(account.account))?.amount ?? 0n),
      relay: meter.relay,
      order: orderIn(meter.relayWord),
      alarm: alarmIn(meter.relayWord),
      mayBeCut: this.#mayBeCut(on, meter),
      cutBy: meter.cutBy,
      protectedSupply: meter.relayProtected || orders.protects,
      identity: meter.identity,
      disputed: payments.made(on, "disputed", account.account, isAny),
      readingInDoubt: doubt !== undefined || billed.isEstimated,
      registerContradicted: contradictions >= CONTRADICTED_MIN,
      contradictedOnce: contradictions > 0 && contradictions < CONTRADICTED_MIN,
      readAt: earlier(bill?.billedAt, read?.takenAt),
      cutWaiting: orders.cutWaits,
      exemptions: exemptions.made(on, "account", account.account, standingExemptions),
      notice: this.#noticeOf(on, account.account),
      paidAt: payments.made(on, "account", account.account, lastPaid),
      recentDays: billed.days,
      standing: standing?.account === account.account ? standing.standing : null,
    };
  }
}

const asNotice = ({ account, at, kind, delivered, available, state, because, channel }: NoticeRecord): Notice => ({
  ...{ account, at, stage: kind, delivered, available, state, because, channel },
});
/** Asked of a group's rows as long as they stay as they are; a long year has many. */
const newestDelivered = (rows: () => NoticeRow[]): DeliveredNotice | null => {
  const told = newestFirst(rows()).find(({ notice: { kind, delivered } }) => kind === "notice-due" && delivered !== null)?.notice;
  return told === undefined ? null : { at: told.at, deliveredAt: told.delivered!, available: told.available };
};
const lastPaid = (rows: () => Payment[]): Instant | null =>
  rows().reduce<Payment | undefined>((newest, row) => (newest === undefined || row.id > newest.id ? row : newest), undefined)
    ?.createdAt ?? null;
const isAny = (rows: () => unknown[]): boolean => rows().length > 0;
const unended = (rows: () => CommandRow[]): { readonly protects: boolean; readonly cutWaits: boolean } => {
  const orders = rows().map(({ command }) => command);
  return {
    protects: orders.some(({ kind, endedAt }) => kind === "protect" && endedAt === null),
    cutWaits: orders.some(({ kind, askedBy, state }) => kind === "disconnect" && askedBy === "rule" && isUnsent(state)),
  };
};
const standingExemptions = (rows: () => Exemption[]): RemoteMeter["exemptions"] =>
  rows()
    .filter((one) => !isTakenBack(one))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ kind, until }) => ({ kind, until }));
/** What its days say of an account's meter; it follows also from where its billing stands. */
interface Billed {
  readonly of: BillingState | undefined;
  readonly meter: MeterAddress | null;
  readonly days: RemoteMeter["recentDays"];
  readonly isEstimated: boolean;
}
const nothingYet = (): Billed => ({ of: undefined, meter: null, days: [], isEstimated: false });
const newestFirst = <R extends { readonly id: number }>(rows: R[]): R[] => rows.sort((a, b) => b.id - a.id);
/** When it was billed, but not later than what was really read. */
const earlier = (billedAt: Instant | undefined, readAt: Instant | undefined): Instant | null =>
  billedAt === undefined ? null : readAt !== undefined && readAt < billedAt ? readAt : billedAt;
