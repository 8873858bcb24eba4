/**
 * May this cut be asked for, may it leave? Pure: figures of the whole site in, a word out. The rules say whether one household may be cut;
 * here it is asked whether so many may be at once, and whether anybody should go on cutting at all.
 *
 *     emergency stop stands ─► nothing leaves, whoever ordered it
 *     brake stands          ─► nothing automatic leaves
 *     too many are due      ─► a list for two persons
 *     too many have left    ─► the brake trips
 *
 * Nothing of this is ever asked of a restore.
 */
import type { Instant } from "../kernel/clock.ts";
import { hours } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { approvalLimit, brakeLimit, type GuardRails } from "./guard-settings.ts";

export const heldBy = ["emergency-stop", "brake", "approval", "batch", "cut-pace"] as const;
/** `approval`: two persons are asked. `batch`: they have said yes, and its turn has not come. `cut-pace`: others have left just now. */
export type HeldBy = (typeof heldBy)[number];

export const brakeCauses = ["too-many", "failures", "import-stale"] as const;
export type BrakeCause = (typeof brakeCauses)[number];

/** What is counted begins anew when two persons release the brake. */
export interface SiteFigures {
  readonly now: Instant;
  /** Meters that rules may cut. */
  readonly meters: number;
  readonly stop: boolean;
  readonly brake: boolean;
  /** Cuts that left within the brake's minutes, by the rules alone and from approved lists; in neither: lists that raised the brake. */
  readonly left: { readonly automatic: number; readonly approved: number };
  /** Cuts in a row, up to the newest that has ended, which the meter did not show. */
  readonly failures: number;
  /** When somebody brought payments in last, or said that there are none; null: never. */
  readonly importAt: Instant | null;
}

export interface Refusal {
  readonly held: HeldBy;
  /** It is this cut at which the brake trips. */
  readonly trips?: BrakeCause;
}

/** Whether the brake has to trip whoever is next: what shows it is there already. */
export function brakeCause(figures: SiteFigures, { brake }: GuardRails): BrakeCause | null {
  if (brake === null) return null;
  if (brake.failures !== null && figures.failures >= brake.failures) return "failures";
  if (brake.importHours === null) return null;
  const isStale = figures.importAt === null || figures.now - figures.importAt > hours(brake.importHours);
  return isStale ? "import-stale" : null;
}

/** Of a cut that is about to leave; null: it goes. `origin`: a person's order, the rules' own, of an approved list, of one that raised the brake. */
export function atTheWire(
  figures: SiteFigures,
  rails: GuardRails,
  origin: "person" | "rule" | "approved" | "raised",
): Refusal | null {
  if (figures.stop) return { held: "emergency-stop" };
  if (origin === "person") return null;
  if (figures.brake) return { held: "brake" };
  const cause = brakeCause(figures, rails);
  if (cause !== null) return { held: "brake", trips: cause };
  const limit = brakeLimit(rails, figures.meters);
  if (limit === null || origin === "raised") return null;
  const { automatic, approved } = figures.left;
  // What two persons approved fills the minutes and is no alarm: whoever comes then waits.
  if (origin === "rule" && automatic >= limit) return { held: "brake", trips: "too-many" };
  return automatic + approved >= limit ? { held: "cut-pace" } : null;
}

/** How many of an approved list may be asked for now; `open`: asked for, and not left yet. */
export function roomNow(
  figures: SiteFigures,
  rails: GuardRails,
  list: { readonly raised: boolean; readonly open: number },
): number {
  const limit = list.raised ? null : brakeLimit(rails, figures.meters);
  if (limit === null) return Number.POSITIVE_INFINITY;
  return Math.max(0, limit - figures.left.automatic - figures.left.approved - list.open);
}

/** One whom the rules would cut now. */
export interface DueCut {
  readonly meter: MeterAddress;
  /** Asked for within the hour, by the rules alone. */
  readonly asked: boolean;
  /** On a list that two persons have approved, on one that waits for them or that somebody has just declined; null: on none. */
  readonly list: "approved" | "proposed" | "declined" | null;
}

export interface Verdicts {
  readonly trips: BrakeCause | null;
  /** Null: may be asked for. */
  readonly of: ReadonlyMap<MeterAddress, HeldBy | null>;
  /** To be put on a list for two persons. */
  readonly propose: readonly MeterAddress[];
  /** More are due than may go without two persons. */
  readonly isMass: boolean;
}

/**
 * Of everybody who is due at once; `askedBeside`: meters asked for within the hour that are not due any more. Who is on a list that waits, or
 * was declined, counts: else a mistake that comes in portions would be cut in portions.
 */
export function amongDue(figures: SiteFigures, rails: GuardRails, due: readonly DueCut[], askedBeside: number): Verdicts {
  const trips = figures.stop || figures.brake || due.length === 0 ? null : brakeCause(figures, rails);
  const all = (held: HeldBy): ReadonlyMap<MeterAddress, HeldBy> => new Map(due.map(({ meter }) => [meter, held]));
  const limit = approvalLimit(rails, figures.meters);
  const counted = due.filter(({ list }) => list !== "approved").length + askedBeside;
  const isMass = limit !== null && counted > limit;
  if (figures.stop) return { trips, of: all("emergency-stop"), propose: [], isMass };
  if (figures.brake || trips !== null) return { trips, of: all("brake"), propose: [], isMass };
  const free = due.filter(({ asked, list }) => list === null && !asked);
  const verdict = ({ asked, list }: DueCut): HeldBy | null => {
    if (list === "approved") return "batch";
    if (list !== null) return "approval";
    return isMass && !asked ? "approval" : null;
  };
  return {
    trips,
    of: new Map(due.map((one) => [one.meter, verdict(one)])),
    propose: isMass ? free.map(({ meter }) => meter) : [],
    isMass,
  };
}
