/**
 * The two keepers of the books, for suites that say of both what a port promises: rows in PostgreSQL, and memory.
 *
 * Whether somebody waits for a lock is asked of the keeper, never guessed from time: PostgreSQL tells it, and in memory nothing
 * moves any more once all promises have come to rest.
 */
import { setImmediate } from "node:timers/promises";
import type { EngineCommandStore, EngineMeterStore, PaymentStore } from "../../src/commands/command-store.ts";
import type { Idempotency } from "../../src/api/books.ts";
import type { CollectionStore, MeterLookStore } from "../../src/collection/collection-store.ts";
import type { ReplacementStore } from "../../src/commands/replacement/replacement.ts";
import type { ReadingStore } from "../../src/devices/device-store.ts";
import type { LineLeases } from "../../src/devices/line-leases.ts";
import { Instant, systemClock, type Clock } from "../../src/kernel/clock.ts";
import type { Outbox } from "../../src/kernel/events.ts";
import type { Transaction, Transactor } from "../../src/kernel/transaction.ts";
import type { DailyBillingStore } from "../../src/ledger/billing-store.ts";
import type { LedgerStore } from "../../src/ledger/ledger-store.ts";
import type { GuardStore } from "../../src/policy/guard-store.ts";
import { NoticeId, type NoticeRecord } from "../../src/notices/notice.ts";
import type { NoticeStore } from "../../src/notices/notice-store.ts";
import type { NoCutStore } from "../../src/policy/no-cut-store.ts";
import type { ExemptionStore, Notice, PolicyStore } from "../../src/policy/policy-store.ts";
import type { RetentionStore } from "../../src/retention/retention-store.ts";
import { PostgresBillingStore } from "../../src/stores/billing-store.ts";
import { PostgresCollectionStore } from "../../src/stores/collection-store.ts";
import { PostgresCommandStore } from "../../src/stores/command-store.ts";
import { at, type Database } from "../../src/stores/database.ts";
import { PostgresExemptionStore } from "../../src/stores/exemption-store.ts";
import { PostgresGuardStore } from "../../src/stores/guard-store.ts";
import { PostgresIdempotencyStore } from "../../src/stores/idempotency-store.ts";
import { InMemoryCommandStore } from "../../src/stores/in-memory/command-store.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory } from "../../src/stores/in-memory/stores.ts";
import { PostgresIndicatorStore } from "../../src/stores/indicator-store.ts";
import type { IndicatorStore } from "../../src/indicators/indicator-store.ts";
import { PostgresLedgerStore } from "../../src/stores/ledger-store.ts";
import { PostgresLineLeases } from "../../src/stores/line-leases-store.ts";
import { PostgresMeterLookStore } from "../../src/stores/meter-look-store.ts";
import { PostgresMeterStore } from "../../src/stores/meter-store.ts";
import type { Untold } from "../../src/stores/outbox-pump.ts";
import { PostgresOutbox } from "../../src/stores/outbox.ts";
import { PostgresNoCutStore } from "../../src/stores/no-cut-store.ts";
import { PostgresNoticeStore } from "../../src/stores/notice-store.ts";
import { PostgresPaymentStore } from "../../src/stores/payment-store.ts";
import { PostgresRecoveryStore } from "../../src/stores/recovery-store.ts";
import type { RecoveryStore } from "../../src/recovery/recovery-store.ts";
import { PostgresPolicyStore } from "../../src/stores/policy-store.ts";
import { PostgresReadingStore } from "../../src/stores/reading-store.ts";
import { PostgresReplacementStore } from "../../src/stores/replacement-store.ts";
import { PostgresRetentionStore } from "../../src/stores/retention-store.ts";
import { PostgresReviewStore } from "../../src/stores/review-store.ts";
import type { ReviewStore } from "../../src/validation/review/sight.ts";
import { PostgresValidationStore } from "../../src/stores/validation-store.ts";
import type { ValidationStore } from "../../src/validation/validation-store.ts";
import { testDatabase } from "../support/database.ts";

export interface Kept {
  readonly transactor: Transactor;
  readonly commands: EngineCommandStore;
  /** The commands as the gateway of this name sees them. */
  commandsOf(holder: string): EngineCommandStore;
  readonly payments: PaymentStore;
  readonly meters: EngineMeterStore;
  readonly replacements: ReplacementStore;
  readonly readings: ReadingStore;
  readonly retention: RetentionStore;
  readonly collection: CollectionStore;
  readonly looks: MeterLookStore;
  readonly ledger: LedgerStore;
  readonly billing: DailyBillingStore;
  readonly policy: PolicyStore;
  readonly exemptions: ExemptionStore;
  readonly guards: GuardStore;
  readonly noCuts: NoCutStore;
  readonly notices: NoticeStore;
  /** As whoever sends notices writes them. */
  addNotice(notice: Notice): Promise<void>;
  readonly recovery: RecoveryStore;
  readonly validation: ValidationStore;
  readonly reviews: ReviewStore;
  readonly indicators: IndicatorStore;
  readonly outbox: Outbox & Untold;
  readonly idempotency: Idempotency;
  readonly leases: LineLeases;
  /** So much time goes by for whoever judges leases. */
  pass(ms: number): Promise<void>;
  /** Every row of the books is gone. */
  clear(): Promise<void>;
  /** Resolves when this has ended, or when somebody stands still waiting for a lock. */
  atRest(work: Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

export interface Keeper {
  readonly title: string;
  readonly open: (clock: Clock) => Promise<Kept>;
}

const LOOK_MS = 5;

async function onPostgres(clock: Clock): Promise<Kept> {
  const database = await testDatabase();
  const { db } = database;
  const outbox = new PostgresOutbox(db);
  return {
    transactor: db,
    commands: new PostgresCommandStore(db, clock),
    commandsOf: (holder) => new PostgresCommandStore(db, clock, holder),
    payments: new PostgresPaymentStore(db),
    meters: new PostgresMeterStore(db, clock),
    replacements: new PostgresReplacementStore(db),
    readings: new PostgresReadingStore(db),
    retention: new PostgresRetentionStore(db),
    collection: new PostgresCollectionStore(db),
    looks: new PostgresMeterLookStore(db),
    ledger: new PostgresLedgerStore(db),
    billing: new PostgresBillingStore(db),
    policy: new PostgresPolicyStore(db),
    exemptions: new PostgresExemptionStore(db),
    guards: new PostgresGuardStore(db),
    noCuts: new PostgresNoCutStore(db),
    notices: new PostgresNoticeStore(db),
    addNotice: async ({ account, at: when, stage, delivered, available }) => {
      await db.run(
        null,
        "INSERT INTO notices (account, at, stage, delivered, available, state) VALUES ($1, $2, $3, $4, $5, $6)",
        [
          ...[
            account,
            at(when),
            stage,
            delivered === null ? null : at(delivered),
            available,
            delivered === null ? "waiting" : "delivered",
          ],
        ],
      );
    },
    recovery: new PostgresRecoveryStore(db),
    validation: new PostgresValidationStore(db),
    reviews: new PostgresReviewStore(db),
    indicators: new PostgresIndicatorStore(db),
    outbox,
    idempotency: new PostgresIdempotencyStore(db, clock),
    leases: new PostgresLineLeases(db),
    // its clock cannot be moved; the ends of everything can
    pass: async (ms) => {
      for (const table of ["gateways", "line_leases"])
        await db.run(null, `UPDATE ${table} SET expires_at = expires_at - interval '${ms} milliseconds'`);
    },
    clear: async () => {
      const tables = await db.rows<{ tablename: string }>(
        null,
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' AND NOT starts_with(tablename, 'audit')",
      );
      await db.run(null, `TRUNCATE ${tables.map(({ tablename }) => tablename).join(", ")} CASCADE`);
    },
    atRest: async (work) => {
      const state = { ended: false };
      void work.catch(() => undefined).finally(() => (state.ended = true));
      while (!state.ended && !(await somebodyWaits(db))) await systemClock.wait(LOOK_MS);
    },
    close: () => database.drop(),
  };
}

const somebodyWaits = async (db: Database): Promise<boolean> =>
  (await db.rows(null, "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")).length >
  0;

function inMemory(clock: Clock): Kept {
  let now = 1_000;
  let db = new InMemoryDatabase({ now: () => Instant(now) });
  let stores = storesInMemory(db, clock);
  return {
    transactor: { transact: (work) => db.transact(work) },
    get commands() {
      return stores.commands;
    },
    commandsOf: (holder) => new InMemoryCommandStore(db, clock, holder),
    get payments() {
      return stores.payments;
    },
    get meters() {
      return stores.meters;
    },
    get replacements() {
      return stores.replacements;
    },
    get readings() {
      return stores.readings;
    },
    get retention() {
      return stores.retention;
    },
    get collection() {
      return stores.collection;
    },
    get looks() {
      return stores.looks;
    },
    get ledger() {
      return stores.ledger;
    },
    get billing() {
      return stores.billing;
    },
    get policy() {
      return stores.policy;
    },
    get exemptions() {
      return stores.exemptions;
    },
    get guards() {
      return stores.guards;
    },
    get noCuts() {
      return stores.noCuts;
    },
    get notices() {
      return stores.notices;
    },
    get recovery() {
      return stores.recovery;
    },
    get validation() {
      return stores.validation;
    },
    get reviews() {
      return stores.reviews;
    },
    get indicators() {
      return stores.indicators;
    },
    addNotice: ({ stage, ...notice }) => {
      const { books } = db;
      const { at: when } = notice;
      const record: NoticeRecord = {
        ...{ ...notice, id: NoticeId(`notice-${books.nextId()}`), kind: stage as NoticeRecord["kind"], meter: null, details: {} },
        ...{ state: notice.delivered === null ? "waiting" : "delivered", because: null, channel: null, once: null, said: null },
        ...{ notAfter: when, nextAt: null, takenUntil: null, triesFrom: when, tries: 0 },
      };
      return db.statement(null, (on) => books.notices.add(on, { id: books.nextId(), notice: record }));
    },
    get outbox() {
      return stores.outbox;
    },
    get idempotency() {
      return stores.idempotency;
    },
    get leases() {
      return stores.leases;
    },
    pass: (ms) => Promise.resolve(void (now += ms)),
    clear: () => {
      db = new InMemoryDatabase({ now: () => Instant(now) });
      stores = storesInMemory(db, clock);
      return Promise.resolve();
    },
    atRest: () => setImmediate(),
    close: () => Promise.resolve(),
  };
}

export const keepers: readonly Keeper[] = [
  { title: "in memory", open: (clock) => Promise.resolve(inMemory(clock)) },
  { title: "on PostgreSQL", open: onPostgres },
];

/**
 * Holds the first transaction open until the second has ended or stands still; then the first ends, by a throw where it `givesUp`.
 * Answers who ended first: a lock that is kept lets the second wait.
 */
export async function whoWaits(
  kept: Kept,
  first: (tx: Transaction) => Promise<unknown>,
  second: (tx: Transaction) => Promise<unknown>,
  givesUp = false,
): Promise<readonly ("first" | "second")[]> {
  const ended: ("first" | "second")[] = [];
  const done = Promise.withResolvers<null>();
  const release = Promise.withResolvers<null>();
  const one = kept.transactor
    .transact(async (tx) => {
      await first(tx);
      done.resolve(null);
      await release.promise;
      ended.push("first");
      if (givesUp) throw new Error("gave up");
    })
    .catch((error: unknown) => {
      done.reject(error);
      if (!givesUp) throw error;
    });
  await done.promise;
  const two = kept.transactor.transact(async (tx) => {
    await second(tx);
    ended.push("second");
  });
  await kept.atRest(two);
  release.resolve(null);
  await Promise.all([one, two]);
  return ended;
}
