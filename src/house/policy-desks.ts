/** Joins what people ask of the rules to the stores: why somebody was cut, who is exempt, and who is reminded before an exemption ends. */
import type { ExceptionStore } from "../exceptions/exception-store.ts";
import type { Exceptions } from "../exceptions/exceptions.ts";
import { ExemptionDesk } from "../policy/exemption-desk.ts";
import { WhyDesk } from "../policy/why.ts";
import type { Database } from "../stores/database.ts";
import { PostgresExemptionStore } from "../stores/exemption-store.ts";
import { ExemptionReminders } from "./exemption-reminders.ts";
import type { EngineBooks, EngineRules, HouseStores } from "./ports.ts";

export interface PolicyDesksParts extends EngineBooks {
  readonly db: Database;
  readonly stores: Pick<HouseStores, "readings" | "validation">;
  readonly rules: EngineRules;
  readonly exceptions: Exceptions;
  /** Of the exceptions. */
  readonly store: ExceptionStore;
}

export function policyDesks({ db, stores, rules, store: items, ...parts }: PolicyDesksParts) {
  const store = new PostgresExemptionStore(db);
  const { timeZone } = rules.strategies;
  const reminders = new ExemptionReminders({ ...parts, store, items, timeZone });
  return {
    exemptions: new ExemptionDesk({
      ...parts,
      store,
      timeZone,
      afterEnd: (tx, exemption, by) => reminders.settle(tx, exemption, by),
    }),
    why: new WhyDesk({
      ...{ ...parts, ...rules, store: rules.policy, exemptions: store },
      latestOf: (meters) => stores.readings.latestOf(meters),
      openDoubtOf: async (meter) => {
        const doubt = await stores.validation.doubt(null, meter);
        return doubt?.open === true ? doubt : null;
      },
    }),
    reminders,
  };
}
