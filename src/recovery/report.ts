/** What is learnt from incidents: causes counted by model, line, firmware or class (B7), and the month in one table (B1). Pure: rows in, rows out. */
import { durationOf, type Incident } from "./incident.ts";

export const countedBy = ["model", "bus", "firmware", "class"] as const;
export type CountedBy = (typeof countedBy)[number];

export interface CauseCount {
  readonly cause: string;
  /** The model, line, firmware or class; null: not known. */
  readonly of: string | null;
  readonly incidents: number;
  readonly workOrders: number;
  readonly open: number;
}

/** Most first. The sum of its incidents is the number of incidents found in the period. */
export function countCauses(incidents: readonly Incident[], by: CountedBy): readonly CauseCount[] {
  const groups = Map.groupBy(incidents, (incident) => JSON.stringify([incident.cause, incident[by]]));
  return [...groups.values()]
    .map((all) => ({
      cause: all[0]!.cause,
      of: all[0]![by],
      incidents: all.length,
      workOrders: all.filter(({ level }) => level > 0).length,
      open: all.filter(({ endedAt }) => endedAt === null).length,
    }))
    .sort((a, b) => b.incidents - a.incidents || compare(a.cause, b.cause) || compare(a.of ?? "", b.of ?? ""));
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export interface ClassReport {
  readonly class: string;
  readonly incidents: number;
  readonly restored: number;
  readonly workOrders: number;
  readonly escalated: number;
  /** Of those whose end was seen, in minutes. */
  readonly darkMinutes: { readonly total: number; readonly median: number | null; readonly longest: number | null };
  readonly toCompensate: number;
  readonly compensated: number;
  readonly followedUp: number;
}

/** By class of failure: not told, late, wrong action, device. */
export function reportOf(incidents: readonly Incident[]): readonly ClassReport[] {
  return [...Map.groupBy(incidents, (incident) => incident.class)]
    .map(([failure, all]) => {
      const minutes = all.flatMap((incident) => durationOf(incident) ?? []).map((ms) => Math.round(ms / 60_000));
      const sorted = minutes.toSorted((a, b) => a - b);
      return {
        class: failure,
        incidents: all.length,
        restored: all.filter(({ restoredAt }) => restoredAt !== null).length,
        workOrders: all.filter(({ level }) => level > 0).length,
        escalated: all.filter(({ level }) => level > 1).length,
        darkMinutes: {
          total: minutes.reduce((sum, one) => sum + one, 0),
          median: sorted[Math.floor((sorted.length - 1) / 2)] ?? null,
          longest: sorted.at(-1) ?? null,
        },
        toCompensate: all.filter(({ compensation }) => compensation === "yes").length,
        compensated: all.filter(({ compensation }) => compensation === "paid").length,
        followedUp: all.filter(({ followedUpAt }) => followedUpAt !== null).length,
      };
    })
    .sort((a, b) => compare(a.class, b.class));
}
