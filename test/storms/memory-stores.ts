/** The books in memory, as a life of a gateway stands on them. */
import type { Clock } from "../../src/kernel/clock.ts";
import type { HouseStores } from "../../src/house/ports.ts";
import { InMemoryBillingStore } from "../../src/stores/in-memory/billing-store.ts";
import { InMemoryCommandStore } from "../../src/stores/in-memory/command-store.ts";
import type { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { InMemoryLedgerStore } from "../../src/stores/in-memory/ledger-store.ts";
import { InMemoryMeterStore } from "../../src/stores/in-memory/meter-store.ts";
import { InMemoryOutbox } from "../../src/stores/in-memory/outbox.ts";
import { InMemoryPaymentStore } from "../../src/stores/in-memory/payment-store.ts";
import { InMemoryPolicyStore } from "../../src/stores/in-memory/policy-store.ts";
import { InMemoryReadingStore } from "../../src/stores/in-memory/reading-store.ts";

export const memoryStores = (db: InMemoryDatabase, clock: Clock, me: string) =>
  ({
    transactor: db,
    commands: new InMemoryCommandStore(db, clock, me),
    meters: new InMemoryMeterStore(db),
    payments: new InMemoryPaymentStore(db),
    readings: new InMemoryReadingStore(db),
    ledger: new InMemoryLedgerStore(db),
    billing: new InMemoryBillingStore(db),
    policy: new InMemoryPolicyStore(db),
    outbox: new InMemoryOutbox(db),
  }) satisfies HouseStores;
