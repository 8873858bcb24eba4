/** Joins what keeps exceptions to the stores: the items themselves, what commands ended as, readings kept aside, and the watch over all of it. */
import type { Clock } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transactor } from "../kernel/transaction.ts";
import type { CommandStore, MeterStore } from "../commands/command-store.ts";
import { Comparison } from "../exceptions/comparison.ts";
import { settledBaseline } from "../exceptions/comparison-store.ts";
import { Exceptions } from "../exceptions/exceptions.ts";
import { MeterFindings } from "../exceptions/collection-findings.ts";
import { CommandOutcomes } from "../exceptions/outcomes.ts";
import { MissingRates } from "../exceptions/missing-rates.ts";
import { Nightly } from "../exceptions/nightly.ts";
import { AddressItems } from "../exceptions/shared-addresses.ts";
import { SuspectReadings } from "../exceptions/suspects.ts";
import { TariffCheck } from "../exceptions/tariff-check.ts";
import { ExceptionWatch } from "../exceptions/watch.ts";
import type { Street } from "../devices/meter.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Database } from "../stores/database.ts";
import { CutItems, cutsThatStand } from "./cut-items.ts";
import { PostgresComparisonStore } from "../stores/comparison-store.ts";
import { PostgresGuardStore } from "../stores/guard-store.ts";
import { PostgresExceptionStore } from "../stores/exception-store.ts";
import type { Tariffs } from "../tariff/tariff.ts";

export interface ExceptionHouseParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  readonly transactor: Transactor;
  readonly outbox: Outbox;
  readonly commands: CommandStore;
  readonly meters: MeterStore;
  readonly ledger: Ledger;
}

export function exceptionsOf({ db, ...parts }: ExceptionHouseParts) {
  const store = new PostgresExceptionStore(db);
  const comparisonStore = new PostgresComparisonStore(db);
  const guards = new PostgresGuardStore(db);
  const exceptions = new Exceptions({
    ...parts,
    store,
    stands: (tx, item) => cutsThatStand(guards, tx, item),
    afterDifference: async (tx, item, applied) => {
      const baseline = settledBaseline(item, applied);
      if (item.meter !== null && baseline !== null)
        await comparisonStore.keepBaseline(tx, item.meter, baseline, parts.clock.now());
    },
  });
  return {
    store,
    comparisonStore,
    exceptions,
    outcomes: new CommandOutcomes({ exceptions, store }),
    rates: new MissingRates({ exceptions, store }),
    cuts: new CutItems({ exceptions, store }),
    findings: new MeterFindings({ exceptions, store, meters: parts.meters }),
    addresses: new AddressItems({ exceptions, store, meters: parts.meters }),
    suspects: new SuspectReadings({ exceptions, store, meters: parts.meters }),
    watch: new ExceptionWatch({ ...parts, exceptions, store }),
  };
}

/** The comparison of ledger and meters, which needs the street as well. */
export function comparisonOf(
  house: ExceptionHouseParts & Omit<ReturnType<typeof exceptionsOf>, "outcomes">,
  more: {
    readonly street: Street;
    readonly tariffs: Tariffs;
    readonly timeZone: string;
    readonly at: number | null;
  },
) {
  const { store: items, comparisonStore: store } = house;
  const tariffCheck = new TariffCheck({ ...house, items });
  const comparison = new Comparison({ ...house, ...more, store, items, tariffCheck });
  const nightly = new Nightly({ ...house, ...more, comparison, store });
  return {
    comparison,
    start: (): void => nightly.start(),
    stop: async (): Promise<void> => {
      await Promise.all([comparison.stop(), nightly.stop()]);
    },
  };
}
