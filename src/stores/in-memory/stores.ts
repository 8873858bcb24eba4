/** Every store of this room upon one database in memory: what a gateway needs to live without PostgreSQL. */
import type { Clock } from "../../kernel/clock.ts";
import { InMemoryBillingStore } from "./billing-store.ts";
import { InMemoryCollectionStore } from "./collection-store.ts";
import { InMemoryExemptionStore } from "./exemption-store.ts";
import { InMemoryCommandStore } from "./command-store.ts";
import type { InMemoryDatabase } from "./database.ts";
import { InMemoryGuardStore } from "./guard-store.ts";
import { InMemoryIdempotencyStore } from "./idempotency-store.ts";
import { InMemoryIndicatorStore } from "./indicator-store.ts";
import { InMemoryLedgerStore } from "./ledger-store.ts";
import { InMemoryLineLeases } from "./line-leases.ts";
import { InMemoryMeterLookStore } from "./meter-look-store.ts";
import { InMemoryMeterStore } from "./meter-store.ts";
import { InMemoryNoCutStore } from "./no-cut-store.ts";
import { InMemoryNoticeStore } from "./notice-store.ts";
import { InMemoryOutbox } from "./outbox.ts";
import { InMemoryPaymentStore } from "./payment-store.ts";
import { InMemoryPolicyStore } from "./policy-store.ts";
import { InMemoryReadingStore } from "./reading-store.ts";
import { InMemoryRecoveryStore } from "./recovery-store.ts";
import { InMemoryReplacementStore } from "./replacement-store.ts";
import { InMemoryRetentionStore } from "./retention-store.ts";
import { InMemoryReviewStore } from "./review-store.ts";
import { InMemoryValidationStore } from "./validation-store.ts";

export interface StoresInMemory {
  readonly commands: InMemoryCommandStore;
  readonly payments: InMemoryPaymentStore;
  readonly meters: InMemoryMeterStore;
  readonly replacements: InMemoryReplacementStore;
  readonly readings: InMemoryReadingStore;
  readonly retention: InMemoryRetentionStore;
  readonly collection: InMemoryCollectionStore;
  readonly looks: InMemoryMeterLookStore;
  readonly ledger: InMemoryLedgerStore;
  readonly billing: InMemoryBillingStore;
  readonly policy: InMemoryPolicyStore;
  readonly exemptions: InMemoryExemptionStore;
  readonly guards: InMemoryGuardStore;
  readonly noCuts: InMemoryNoCutStore;
  readonly notices: InMemoryNoticeStore;
  readonly recovery: InMemoryRecoveryStore;
  readonly validation: InMemoryValidationStore;
  readonly reviews: InMemoryReviewStore;
  readonly indicators: InMemoryIndicatorStore;
  readonly outbox: InMemoryOutbox;
  readonly idempotency: InMemoryIdempotencyStore;
  readonly leases: InMemoryLineLeases;
}

/** `holder`: as whom this gateway holds lines; null: every line is ours. */
export const storesInMemory = (db: InMemoryDatabase, clock: Clock, holder: string | null = null): StoresInMemory => ({
  commands: new InMemoryCommandStore(db, clock, holder),
  payments: new InMemoryPaymentStore(db),
  meters: new InMemoryMeterStore(db, clock),
  replacements: new InMemoryReplacementStore(db),
  readings: new InMemoryReadingStore(db),
  retention: new InMemoryRetentionStore(db),
  collection: new InMemoryCollectionStore(db),
  looks: new InMemoryMeterLookStore(db),
  ledger: new InMemoryLedgerStore(db),
  billing: new InMemoryBillingStore(db),
  policy: new InMemoryPolicyStore(db),
  exemptions: new InMemoryExemptionStore(db),
  guards: new InMemoryGuardStore(db),
  noCuts: new InMemoryNoCutStore(db),
  notices: new InMemoryNoticeStore(db),
  recovery: new InMemoryRecoveryStore(db),
  validation: new InMemoryValidationStore(db),
  reviews: new InMemoryReviewStore(db),
  indicators: new InMemoryIndicatorStore(db),
  outbox: new InMemoryOutbox(db),
  idempotency: new InMemoryIdempotencyStore(db),
  leases: new InMemoryLineLeases(db),
});
