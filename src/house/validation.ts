/** Joins the gate to stores and street: what each meter can carry, who decides past a doubt, and what is listed for review. */
import type { EnergyListener, ReadingIntake } from "../devices/reading-intake.ts";
import { registerEnd } from "../devices/energy-set.ts";
import type { Street } from "../devices/meter.ts";
import type { Clock } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { RegisterGate } from "../validation/energy-gate.ts";
import { EntryService } from "../validation/entry-service.ts";
import { Reviewer } from "../validation/review/reviewer.ts";
import type { ReviewStore } from "../validation/review/sight.ts";
import { gateDefaults, stepsPerHourAt, type MeterLimits } from "../validation/limits.ts";
import type { EngineBooks, EngineKeepers, HouseSite, HouseStores } from "./ports.ts";

export function limitsIn(config: HouseSite, street: Pick<Street, "meter">): (meter: MeterAddress) => MeterLimits {
  const usual = config.validation?.currentMaxA ?? gateDefaults.currentMaxA;
  const end = registerEnd();
  return (meter) => ({ registerEnd: end, stepsPerHour: stepsPerHourAt(street.meter(meter)?.currentMaxA ?? usual) });
}

interface GateParts {
  readonly config: HouseSite;
  readonly stores: Pick<HouseStores, "validation" | "meters">;
  readonly street: Pick<Street, "meter">;
  readonly clock: Clock;
}

export const gateOf = ({ config, stores, street, clock }: GateParts): RegisterGate =>
  new RegisterGate({
    ...{ store: stores.validation, meters: stores.meters, clock, timeZone: config.site.timeZone },
    settings: config.validation ?? gateDefaults,
    limitsOf: limitsIn(config, street),
  });

export const entriesOf = (
  parts: GateParts & {
    readonly books: Pick<EngineBooks, "newId" | "outbox">;
    readonly stores: HouseStores;
    readonly intake: ReadingIntake;
    readonly energy: EnergyListener;
    readonly keepers: EngineKeepers;
  },
): EntryService => {
  const { config, stores, street, clock, books, intake, energy, keepers } = parts;
  return new EntryService({
    ...{ store: stores.validation, meters: stores.meters, readings: stores.readings, intake, energy, clock },
    ...{ outbox: books.outbox, newId: books.newId, timeZone: config.site.timeZone },
    limitsOf: limitsIn(config, street),
    ratesApart: (config.validation ?? gateDefaults).ratesApart,
    closeItems: async (tx, meter, closing) => keepers.suspects?.settled?.(tx, meter, closing),
  });
};

export const reviewerOf = (config: HouseSite, store: ReviewStore, clock: Clock): Reviewer =>
  new Reviewer({ store, clock, timeZone: config.site.timeZone, settings: config.validation ?? gateDefaults });
