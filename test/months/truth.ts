/**
 * What is true at the end of a month: the registers that each meter of the street kept at each of its midnights, and what the oracle says they
 * cost. Asked of the street itself; the gateway is not asked.
 */
import { Kind, placeOf, TARIFFS } from "../../simulator/energies.ts";
import type { Street } from "../../simulator/street.ts";
import { dayOf } from "../oracle/calendar.ts";
import { billDays, type Fitting, type OracleDay, type Registers } from "../oracle/oracle.ts";
import { FIRST_DAY, TIME_ZONE, type Household, type Month } from "./plan.ts";

const KEPT = 62;

/** By the day that begins with them. */
export function midnightsOf(street: Street, address: string): ReadonlyMap<string, Registers> {
  const meter = street.meter(address);
  meter.settle();
  const midnights = new Map<string, Registers>();
  for (let age = KEPT; age >= 1; age -= 1) {
    const frozen = meter.life.freezes.kept("daily", age);
    if (frozen === undefined) continue;
    const register = (kind: 0 | 1, tariff: number): number => frozen.energies[placeOf(kind, tariff)] ?? 0;
    midnights.set(dayOf(frozen.at, TIME_ZONE), {
      total: register(Kind.forward, 0),
      rates: Array.from({ length: TARIFFS }, (_, n) => register(Kind.forward, n + 1)),
      exported: register(Kind.reverse, 0),
    });
  }
  return midnights;
}

/** Day by day. Nobody used anything before the first of them. */
export function trueDays(month: Month, household: Household, midnights: ReadonlyMap<string, Registers>): OracleDay[] {
  const first = midnights.get(FIRST_DAY);
  if (first === undefined) throw new Error(`${household.address} kept no registers at the first midnight`);
  const meter: Fitting = {
    from: 0,
    until: Number.MAX_SAFE_INTEGER,
    registers: (at) => {
      const day = dayOf(at, TIME_ZONE);
      if (day <= FIRST_DAY) return first;
      const kept = midnights.get(day);
      if (kept === undefined) throw new Error(`${household.address} kept nothing at the midnight of ${day}`);
      return kept;
    },
  };
  const tariffs = [{ from: "2000-01-01", tariff: month.tariffs[household.tariff] }];
  return billDays({ zone: TIME_ZONE, tariffs, fittings: [meter] }, FIRST_DAY, month.days.at(-1)!);
}
