/** What indicators rest on, in memory: each sheet as a function over the tables. Exceptions and audit are not needed for any of them. */
import type { Command } from "../../commands/command.ts";
import { dayAfter, midnightOf } from "../../collection/days.ts";
import { dayOf, type Instant } from "../../kernel/clock.ts";
import type { MeterAddress } from "../../kernel/ids.ts";
import { book } from "../../ledger/ledger.ts";
import {
  cutKinds,
  restoreKinds,
  warningStages,
  type CutEvidence,
  type IndicatorStore,
  type PlainSheet,
  type RawCount,
  type RawRow,
  type Span,
} from "../../indicators/indicator-store.ts";
import { sheetOf } from "../../indicators/sheets.ts";
import type { InMemoryDatabase } from "./database.ts";
import type { Books } from "./tables.ts";
import type { Work } from "./table.ts";

/** The tables as one statement sees them. */
class Sight {
  readonly #books: Books;
  readonly #on: Work | null;

  constructor(books: Books, on: Work | null) {
    this.#books = books;
    this.#on = on;
  }

  meterOf(address: MeterAddress, account?: string | null): RawRow {
    const { meters, accounts } = this.#books;
    const meter = meters.find(this.#on, address)!;
    const whose = account ?? meter.book.account;
    const { class: kind } = (whose === null ? undefined : accounts.find(this.#on, whose)) ?? { class: null };
    return { meter: address, class: kind, bus: meter.bus, model: meter.model };
  }

  accountOf(command: Command): string | null {
    return command.account ?? this.#books.meters.find(this.#on, command.meter)!.book.account;
  }

  commands(): readonly Command[] {
    return this.#books.commands.all(this.#on).map(({ command }) => command);
  }

  relayOrders(meter: string): readonly Command[] {
    const orders = this.#books.commands.in(this.#on, "meter", meter).map(({ command }) => command);
    return orders.filter(({ kind }) => cutKinds.includes(kind) || restoreKinds.includes(kind));
  }

  firstVerified(meter: string, kinds: readonly string[], after: number): Instant | null {
    const verified = this.relayOrders(meter).filter(({ kind, state }) => kinds.includes(kind) && state === "confirmed");
    return least(verified.map(({ verifiedAt }) => verifiedAt!).filter((at) => at > after));
  }

  /** The first byte; of what is or was disputed although the books say that none left, its acceptance. What a person took back was never sent. */
  beganAt({ id, sentAt, state, because, createdAt }: Command): Instant | null {
    const attempts = this.#books.attempts.in(this.#on, "command", id).map(({ attempt }) => attempt.at);
    const wasDisputed = state === "disputed" || (because === "person" && state !== "cancelled");
    return least(attempts) ?? sentAt ?? (wasDisputed ? createdAt : null);
  }

  paymentsOf(account: string): readonly Instant[] {
    return this.#books.payments.in(this.#on, "account", account).map(({ createdAt }) => createdAt);
  }

  decisionsOf(account: string) {
    return this.#books.decisions.in(this.#on, "account", account).sort((a, b) => a.id - b.id);
  }

  get on(): Work | null {
    return this.#on;
  }
  get books(): Books {
    return this.#books;
  }
}

const least = (moments: readonly Instant[]): Instant | null =>
  moments.reduce<Instant | null>((first, at) => (first === null || at < first ? at : first), null);
const most = (moments: readonly Instant[]): Instant | null =>
  moments.reduce<Instant | null>((last, at) => (last === null || at > last ? at : last), null);
const within = ({ from, until }: Span, at: Instant | null): at is Instant => at !== null && at >= from && at < until;
const isUndecided = ({ endedAt, state, effect }: Command): boolean =>
  effect !== "reads" && (endedAt === null || state === "disputed");
const order = ({ id, kind }: Command): RawRow => ({ command: id, kind });

const draw: Readonly<Record<PlainSheet, (sight: Sight, span: Span) => readonly RawRow[]>> = {
  midnights: (sight, { fromDay, toDay, timeZone }) =>
    sight.books.collectionDays
      .all(sight.on)
      .filter(({ day }) => day >= fromDay && day <= toDay)
      .map(({ day, meter, state, how, comeAt }) => ({
        ...{ day, ...sight.meterOf(meter), state, how, come_at: comeAt },
        same_day: comeAt !== null && comeAt < midnightOf(dayAfter(day), timeZone) ? "yes" : "no",
      })),

  "relay-orders": (sight, span) =>
    sight
      .commands()
      .filter(({ kind, createdAt }) => [...cutKinds, ...restoreKinds].includes(kind) && within(span, createdAt))
      .map((command) => ({
        ...{ ...order(command), asked_by: command.askedBy, ...sight.meterOf(command.meter, command.account) },
        ...{ state: command.state, because: command.because, asked_at: command.createdAt, sent_at: command.sentAt },
        ...{ acknowledged_at: command.acknowledgedAt, verified_at: command.verifiedAt, ended_at: command.endedAt },
      })),

  "payments-while-cut": (sight, span) =>
    sight.books.payments.all(sight.on).flatMap(({ id, account, createdAt: paidAt }): RawRow[] => {
      const meter = sight.books.meters.findBy(sight.on, "one_meter_per_account", account)?.book.address;
      if (!within(span, paidAt) || meter === undefined) return [];
      const orders = sight.relayOrders(meter);
      const [last] = orders
        .filter(({ state, verifiedAt }) => state === "confirmed" && verifiedAt! <= paidAt)
        .sort((a, b) => b.verifiedAt! - a.verifiedAt!);
      if (last === undefined || !cutKinds.includes(last.kind)) return [];
      const next = least(sight.paymentsOf(account).filter((at) => at > paidAt)) ?? Infinity;
      const recut = sight.firstVerified(meter, cutKinds, paidAt) ?? Infinity;
      const asked = orders.filter(
        ({ kind, createdAt: at }) => restoreKinds.includes(kind) && at >= paidAt && at < next && at < recut,
      );
      const powered = sight.firstVerified(meter, restoreKinds, paidAt - 1);
      return [
        {
          ...{ payment: id, ...sight.meterOf(meter), cut_by: last.askedBy === "person" ? "person" : "rule" },
          ...{ cut_at: last.verifiedAt, paid_at: paidAt, restore_asked_at: least(asked.map(({ createdAt }) => createdAt)) },
          ...{ powered_at: powered !== null && powered < recut ? powered : null, as_of: span.asOf },
        },
      ];
    }),

  warnings: (sight, span) =>
    sight.books.accounts.all(sight.on).flatMap(({ account }) => {
      const decisions = sight.decisionsOf(account).map(({ decision }) => decision);
      return decisions.flatMap(({ meter, stage, at }, n): RawRow[] => {
        const before = decisions[n - 1]?.stage ?? "";
        if (!within(span, at) || !warningStages.includes(stage) || warningStages.includes(before)) return [];
        const paid = least(sight.paymentsOf(account).filter((paidAt) => paidAt > at));
        const cut = sight.firstVerified(meter, cutKinds, at);
        return [{ ...sight.meterOf(meter, account), stage, warned_at: at, paid_at: paid, cut_at: cut, as_of: span.asOf }];
      });
    }),

  unverified: (sight, { asOf }) =>
    sight
      .commands()
      .filter(isUndecided)
      .flatMap((command): RawRow[] => {
        const sentAt = sight.beganAt(command);
        if (sentAt === null) return [];
        const { effect, state, meter, account } = command;
        return [{ ...order(command), effect, ...sight.meterOf(meter, account), state, sent_at: sentAt, as_of: asOf }];
      }),

  "unverified-at-day-end": (sight, { dayEnds }) =>
    sight.commands().flatMap((command): RawRow[] => {
      const { effect, state, endedAt, meter, account } = command;
      const sentAt = effect === "reads" ? null : sight.beganAt(command);
      if (sentAt === null) return [];
      return dayEnds
        .filter(({ end }) => sentAt <= end && command.createdAt <= end && (isUndecided(command) || endedAt! > end))
        .map(({ day, end }) => ({
          ...{ day, day_end: end, ...order(command), effect, ...sight.meterOf(meter, account), state },
          ...{ sent_at: sentAt, ended_at: endedAt },
        }));
    }),

  "refused-macs": (sight, span) =>
    sight.books.attempts.all(sight.on).flatMap(({ command: id, attempt: { number, at, outcome } }): RawRow[] => {
      const fault = /^refused: (mac-refused|security-suspended)/.exec(outcome)?.[1];
      if (fault === undefined || !within(span, at)) return [];
      const { command } = sight.books.commands.find(sight.on, id)!;
      const meter = sight.meterOf(command.meter, command.account);
      return [{ ...order(command), attempt: number, ...meter, day: dayOf(at, span.timeZone), at, fault }];
    }),

  clocks: (sight, span) =>
    sight.books.meterClocks
      .all(sight.on)
      .filter(({ at }) => within(span, at))
      .map(({ meter, at, aheadMs }) => ({
        ...{ ...sight.meterOf(meter), at, ahead_ms: aheadMs, off_s: Math.ceil(Math.abs(aheadMs) / 1_000) },
      })),

  meters: (sight, { asOf }) =>
    sight.books.meters
      .all(sight.on)
      .filter(({ active }) => active)
      .map(({ book: { address, identity } }) => ({ ...sight.meterOf(address), identity, as_of: asOf })),
};

export class InMemoryIndicatorStore implements IndicatorStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  rows(sheet: PlainSheet, span: Span): Promise<readonly RawRow[]> {
    return this.#look((sight) => draw[sheet](sight, span));
  }

  async counted(sheet: PlainSheet, span: Span): Promise<readonly RawCount[]> {
    const rows = await this.rows(sheet, span);
    const { folds } = sheetOf(sheet);
    if (folds === undefined) return rows.map((row) => ({ row, n: 1 }));
    const alike = new Map<string, { row: RawRow; n: number }>();
    for (const row of rows) {
      const part = Object.fromEntries(folds.map((name) => [name, row[name] ?? null]));
      const key = JSON.stringify(part);
      const known = alike.get(key);
      if (known === undefined) alike.set(key, { row: part, n: 1 });
      else known.n += 1;
    }
    return [...alike.values()];
  }

  cuts(span: Span): Promise<readonly CutEvidence[]> {
    return this.#look((sight) =>
      sight
        .commands()
        .filter(({ kind, state, askedBy }) => cutKinds.includes(kind) && state === "confirmed" && askedBy !== "person")
        .filter(({ verifiedAt }) => within(span, verifiedAt))
        .map((command) => evidenceOf(sight, command)),
    );
  }

  #look<T>(what: (sight: Sight) => T): Promise<T> {
    return this.#db.look(null, (on) => what(new Sight(this.#db.books, on)));
  }
}

function evidenceOf(sight: Sight, command: Command): CutEvidence {
  const { on, books } = sight;
  const { meter, sentAt, verifiedAt } = command;
  const cutAt = verifiedAt!;
  const sent = sentAt ?? cutAt;
  const account = sight.accountOf(command) ?? "";
  const decisions = sight.decisionsOf(account).map(({ decision }) => decision);
  const decided = decisions.findLast((decision) => decision.command === command.id);
  const restoredAt = sight.firstVerified(meter, restoreKinds, cutAt);
  const found = (because: string): Instant | null =>
    least(
      decisions
        .filter((decision) => decision.because === because && decision.at > sent && decision.at < (restoredAt ?? Infinity))
        .map(({ at }) => at),
    );
  const strategies = books.strategies.all(on).filter(({ strategy }) => strategy.version === decided?.strategy);
  const exempt = books.exemptions
    .in(on, "account", account)
    .filter(({ from, until, endedAt }) => from <= sent && until > sent && (endedAt ?? Infinity) > sent);
  const paidAt = most(sight.paymentsOf(account).filter((at) => at <= sent)) ?? -Infinity;
  const notices = books.notices
    .in(on, "account", account)
    .map(({ notice }) => notice)
    .filter(({ kind, at, delivered }) => kind === "notice-due" && delivered !== null && delivered <= sent && at > paidAt);
  const entries = books.readingEntries.in(on, "meter", meter).filter(({ at }) => at > sent);
  const rebasedAt = least(entries.filter(({ kind }) => kind === "rebase").map(({ at }) => at)) ?? Infinity;
  const corrected = entries.filter(({ kind, at }) => kind === "correct" && at < rebasedAt).map(({ register }) => register);
  const [read] = books.readings
    .in(on, "meter", meter)
    .filter(({ reading, suspect }) => reading.item === "importedEnergy" && suspect === null && reading.value !== null)
    .filter(({ reading }) => reading.takenAt <= sent)
    .sort((a, b) => b.reading.takenAt - a.reading.takenAt || b.id - a.id);
  return {
    ...{
      command: command.id,
      ...(sight.meterOf(meter, command.account) as Pick<CutEvidence, "meter" | "class" | "bus" | "model">),
    },
    ...{ sentAt: sent, cutAt, restoredAt },
    available: books.entries
      .in(on, "book", book.available(account as never))
      .filter(({ entry }) => entry.at <= sent)
      .flatMap(({ entry }) => entry.legs)
      .reduce((sum, leg) => (leg.book === book.available(account as never) ? sum + leg.amount : sum), 0n),
    cutBelow: (decided?.facts["cutBelow"] as string | undefined) ?? null,
    rules: strategies.sort((a, b) => b.id - a.id)[0]?.strategy.rules ?? null,
    exemption: exempt.map(({ kind }) => kind).sort()[0] ?? null,
    noticeDeliveredAt: most(notices.map(({ delivered }) => delivered!)),
    registerThen: read?.reading.value ?? null,
    takenBackTo: corrected.reduce<bigint | null>((first, each) => (first === null || each < first ? each : first), null),
    ...{ contradictedAt: found("cut-contradicted"), quarantinedAt: found("meter-quarantined") },
  };
}
