/** The books on PostgreSQL, all on one pool. */
import type { Clock } from "../kernel/clock.ts";
import { PostgresBillingStore } from "../stores/billing-store.ts";
import { PostgresCollectionStore } from "../stores/collection-store.ts";
import { PostgresCommandStore } from "../stores/command-store.ts";
import type { Database } from "../stores/database.ts";
import { PostgresGuardStore } from "../stores/guard-store.ts";
import { PostgresLedgerStore } from "../stores/ledger-store.ts";
import { PostgresMeterLookStore } from "../stores/meter-look-store.ts";
import { PostgresMeterStore } from "../stores/meter-store.ts";
import { PostgresNoCutStore } from "../stores/no-cut-store.ts";
import { PostgresNoticeStore } from "../stores/notice-store.ts";
import { PostgresOutbox } from "../stores/outbox.ts";
import { PostgresPaymentStore } from "../stores/payment-store.ts";
import { PostgresPolicyStore } from "../stores/policy-store.ts";
import { PostgresReadingStore } from "../stores/reading-store.ts";
import { PostgresReplacementStore } from "../stores/replacement-store.ts";
import { PostgresValidationStore } from "../stores/validation-store.ts";
import type { HouseStores } from "./ports.ts";

/** `me`: under this name commands are taken, and only on lines whose lease it has. */
export const postgresStores = (db: Database, clock: Clock, me: string) =>
  ({
    transactor: db,
    commands: new PostgresCommandStore(db, clock, me),
    meters: new PostgresMeterStore(db, clock),
    replacements: new PostgresReplacementStore(db),
    payments: new PostgresPaymentStore(db),
    readings: new PostgresReadingStore(db),
    collection: new PostgresCollectionStore(db),
    looks: new PostgresMeterLookStore(db),
    ledger: new PostgresLedgerStore(db),
    billing: new PostgresBillingStore(db),
    policy: new PostgresPolicyStore(db),
    guards: new PostgresGuardStore(db),
    noCuts: new PostgresNoCutStore(db),
    notices: new PostgresNoticeStore(db),
    validation: new PostgresValidationStore(db),
    outbox: new PostgresOutbox(db),
  }) satisfies HouseStores;
