/**
 * Guard rails of the automatic cut as a site says them (`policy.guardRails`): when two persons are asked, how many go first, when the brake
 * trips. On unless somebody takes them away with null: a guard that has to be asked for is none.
 *
 * A share alone would stop a street of ten at its first debtor, so each has a floor beneath which nobody is asked and nothing trips. The
 * figures are the domain's table of strategies; the floors and hours are ours.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { canonical, plain } from "../kernel/canonical.ts";

const percent = z.number().min(0).max(100);
const channel = z.string().regex(/^[0-9A-Za-z._-]{1,40}$/, "1 to 40 letters, digits, dots or dashes");

const approval = z.strictObject({
  // More than this many within an hour, or more than this share of the remote meters, are not cut without two persons.
  above: z.int().min(0).max(1_000_000).default(20),
  percent: percent.default(5),
  floor: z.int().min(0).max(1_000).default(5),
  // How long an approval is good for; the end of the hours in which somebody may be cut comes first.
  hours: z.int().min(1).max(24).default(8),
});
const brake = z.strictObject({
  percent: percent.default(3),
  minutes: z.int().min(1).max(1_440).default(10),
  floor: z.int().min(1).max(1_000).default(10),
  // Cuts in a row that the meter did not show; null: they are not counted.
  failures: z.int().min(1).max(100).nullable().default(5),
  // Off unless payments are brought in by somebody else: the newest of them, or his word that there are none, may be so old.
  importHours: z.int().min(1).max(720).nullable().default(null),
  // Of which channels; none named: of any.
  importChannels: z.array(channel).default([]),
});

export const guardRailsShape = z
  .strictObject({
    approval: approval.nullable().prefault({}),
    // Of an approved list so many are cut first, spread over the lines; each has to be proved before the others follow.
    canary: z.int().min(1).max(100).default(5),
    brake: brake.nullable().prefault({}),
  })
  .prefault({});

export type GuardRails = z.output<typeof guardRailsShape>;

export const usualRails: GuardRails = guardRailsShape.parse(undefined);
/** Nobody is asked and nothing trips; an emergency stop stops all the same. */
export const withoutRails: GuardRails = { ...usualRails, approval: null, brake: null };

const share = (meters: number, of: number): number => Math.floor((meters * of) / 100);

/** So many automatic cuts within an hour need nobody; null: however many. */
export const approvalLimit = ({ approval }: GuardRails, meters: number): number | null =>
  approval === null ? null : Math.min(approval.above, Math.max(approval.floor, share(meters, approval.percent)));

/** So many cuts may leave within the brake's minutes; null: however many. */
export const brakeLimit = ({ brake }: GuardRails, meters: number): number | null =>
  brake === null ? null : Math.max(brake.floor, share(meters, brake.percent));

const VERSION_LETTERS = 16;

export const railsVersion = (rails: GuardRails): string =>
  createHash("sha256")
    .update(canonical(plain(rails)))
    .digest("hex")
    .slice(0, VERSION_LETTERS);
