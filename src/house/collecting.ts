/** Joins collection to stores, commands and the poller: what is owed is asked for in the turns of the polls. */
import type { CommandService } from "../commands/command-service.ts";
import type { CollectionStore, MeterLookStore } from "../collection/collection-store.ts";
import { Collector, type CollectionIntake } from "../collection/collector.ts";
import { dayAfter } from "../collection/days.ts";
import { rateOf } from "../collection/rate.ts";
import type { CollectionFindings } from "../collection/daily-look.ts";
import { CollectionKeeper } from "../collection/keeper.ts";
import type { CollectionSettings } from "../collection/settings.ts";
import { OPERATOR } from "../devices/street-lines.ts";
import { dayOf, type Clock, type Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Transactor } from "../kernel/transaction.ts";
import type { EngineBooks } from "./ports.ts";

export interface CollectingParts extends EngineBooks {
  readonly timeZone: string;
  readonly stores: { readonly collection: CollectionStore; readonly looks: MeterLookStore };
  readonly intake: CollectionIntake;
  readonly service: () => CommandService;
  readonly findings?: CollectionFindings;
  readonly lookEveryMs?: number;
}

export interface Collecting {
  readonly errand: Collector;
  start(): void;
  stop(): Promise<void>;
}

/** Null where the site says nothing of it. */
export function collectingOf(settings: CollectionSettings | undefined, parts: CollectingParts): Collecting | null {
  if (settings === undefined) return null;
  const { stores, service, transactor, ...rest } = parts;
  const common = { ...rest, settings, transactor, store: stores.collection, looks: stores.looks, operator: OPERATOR };
  const collector = new Collector({ ...common, setClock: clockSetter(transactor, service) });
  const keeper = new CollectionKeeper({ ...common, collector });
  return { errand: collector, start: () => keeper.start(), stop: () => keeper.stop() };
}

/** Of yesterday and today, by line, for the figures. */
export async function collectionPicture(store: Pick<CollectionStore, "counts">, clock: Clock, timeZone: string) {
  const today = dayOf(clock.now(), timeZone);
  const counts = await store.counts({ from: dayAfter(today, -1), to: today, by: "line" });
  return counts.map((count) => ({
    ...{ line: count.key ?? "", when: count.day === today ? "today" : "yesterday" },
    ...{ rate: rateOf(count) ?? 1, gaps: count.missing + count.givenUp },
  }));
}

/** As a rule's order: one that waits already is meant, and whatever a person has ordered goes first. */
function clockSetter(transactor: Transactor, service: () => CommandService) {
  return async (meter: MeterAddress, { reason, notAfter }: { readonly reason: string; readonly notAfter: Instant }) => {
    await transactor.transact((tx) =>
      service().ensure(tx, {
        ...{ kind: "clock-set", meter, account: null, payment: null, askedBy: "rule", reason, notAfter },
        params: { way: "write" },
      }),
    );
  };
}
