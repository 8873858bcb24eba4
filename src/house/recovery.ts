/** Joins recovery to the house: incidents to the items of their owners, restores to the strategies, and looks behind cuts to the poller. */
import type { Exceptions } from "../exceptions/exceptions.ts";
import type { ExceptionStore } from "../exceptions/exception-store.ts";
import type { Street } from "../devices/meter.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { PolicyStore } from "../policy/policy-store.ts";
import { CutWatch } from "../recovery/cut-watch.ts";
import { RecoveryDesk } from "../recovery/desk.ts";
import { expectedSupply, type Expected } from "../recovery/expected.ts";
import { firmwareOf } from "../recovery/firmware.ts";
import { Incidents } from "../recovery/incidents.ts";
import type { RecoveryStore } from "../recovery/recovery-store.ts";
import { RecoveryWatch } from "../recovery/recovery-watch.ts";
import type { RecoverySettings } from "../recovery/settings.ts";
import type { Engine, EngineBooks } from "./ports.ts";

export interface RecoveryHouseParts extends EngineBooks {
  readonly store: RecoveryStore;
  readonly policy: PolicyStore;
  readonly exceptions: Pick<Exceptions, "raise" | "become" | "end" | "escalate">;
  readonly items: Pick<ExceptionStore, "lockOpen">;
  readonly engine: Pick<Engine, "rules" | "doors" | "readSoon">;
  readonly street: Street;
  readonly settings: RecoverySettings;
  /** How often it looks around; left out: as it is used to. */
  readonly everyMs?: number;
}

export function recoveryOf({ engine, street, ...parts }: RecoveryHouseParts) {
  const { store, policy, clock } = parts;
  const { strategies } = engine.rules;
  const { timeZone } = strategies;
  const restoreBy = (account: AccountId | null, className: string | null): "arm" | "reconnect" =>
    strategies.of(account ?? ("" as AccountId), className ?? "residential").strategy.restoreBy;
  const incidents = new Incidents({ ...parts, timeZone });
  const cuts = new CutWatch({
    ...parts,
    ...{ timeZone, notices: policy, noCuts: engine.rules.noCuts, readSoon: engine.readSoon },
    isOurs: (meter) => street.isOurs?.(meter) !== false,
  });
  return {
    desk: new RecoveryDesk(parts),
    watch: new RecoveryWatch({
      ...{ ...parts, incidents, cuts, restoreBy, service: engine.doors.service },
      firmwareOf: (meter, signal) => firmwareOf(street, meter, signal),
    }),
    /** When supply may be expected back; null: no meter hangs there. */
    expected: async (meter: MeterAddress): Promise<Expected | null> => {
      const point = await store.point(null, meter);
      if (point === null) return null;
      const line = street.buses().find(({ id }) => id === point.bus) ?? null;
      const { askAgainAt } = street.health(meter);
      return expectedSupply(point, { line, askAgainAt, restoreBy: restoreBy(point.account, point.class), now: clock.now() });
    },
  };
}
