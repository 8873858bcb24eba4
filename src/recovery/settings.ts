/** How soon is soon enough, as a site says it; the domain's numbers where it says nothing. */
import { z } from "zod";
import { hours, minutes } from "../kernel/clock.ts";

const span = z.int().min(1).max(10_000);

/** `recovery:` in a site file. */
export const recoveryShape = z
  .strictObject({
    // A restore is looked for after this (30 s is usual, 5 min is when it is said aloud).
    promiseMinutes: span.default(5),
    // From the payment or the wish: a work order.
    workOrderMinutes: span.default(15),
    // And then up: in a city, and wherever it is.
    escalateMinutes: z.tuple([span, span]).default([60, 240]),
    // After the restore somebody asks the customer; never later than two weeks.
    followUpDays: z.int().min(1).max(14).default(14),
    // A cut meter is read again then, since no energy goes on behind it.
    readAgainHours: z.tuple([span, span]).default([1, 24]),
    // Other numbers so soon after a cut: the wrong home went dark.
    identityHours: span.default(24),
  })
  .prefault({});

export interface RecoverySettings {
  readonly promiseMs: number;
  /** A work order, then twice up. */
  readonly levelsMs: readonly [number, number, number];
  readonly followUpMs: number;
  readonly readAgainMs: readonly [number, number];
  readonly identityMs: number;
}

export const recoverySettings = (file: z.output<typeof recoveryShape>): RecoverySettings => ({
  promiseMs: minutes(file.promiseMinutes),
  levelsMs: [minutes(file.workOrderMinutes), minutes(file.escalateMinutes[0]), minutes(file.escalateMinutes[1])],
  followUpMs: hours(24 * file.followUpDays),
  readAgainMs: [hours(file.readAgainHours[0]), hours(file.readAgainHours[1])],
  identityMs: hours(file.identityHours),
});
export const usualRecovery: RecoverySettings = recoverySettings(recoveryShape.parse({}));

/** Pure: 0 below the first. */
export const levelAfter = (ms: number, { levelsMs }: RecoverySettings): number => levelsMs.filter((at) => ms >= at).length;
