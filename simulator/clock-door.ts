/**
 * How people move the street's time: the words of `POST /clock`, which a story's `do: clock` and the `clock` command say too.
 *
 *     speed 0 | 60       stand still · an hour a minute
 *     stepMs             one step of a street that stands; one that ran stands afterwards
 *     advanceMs          so much ahead at once, whatever the speed
 *     at                 let the calendar show this: ahead, the time between is lived; back, what was counted stays
 *     households         paused | running
 */
import { z } from "zod";
import { TIME_FORM, timeOf } from "./duration.ts";
import { checked } from "./meter-door.ts";
import type { Street } from "./street.ts";
import { ADVANCE_MS_MAX, SPEED_MAX } from "./street-time.ts";
import { isoWall } from "./wall-time.ts";

const ms = z.number().min(0).max(ADVANCE_MS_MAX);
const shape = z
  .strictObject({
    at: z.string().refine((text) => timeOf(text) !== undefined, `a time, ${TIME_FORM}`),
    advanceMs: ms,
    stepMs: ms,
    speed: z.number().min(0).max(SPEED_MAX),
    households: z.enum(["running", "paused"]),
  })
  .partial();
export type ClockOrder = z.infer<typeof shape>;

export const checkedClockOrder = (given: unknown): ClockOrder => checked(shape, given);

/** In this order: where the calendar is, how far on, how fast from there. */
export function obeyClockOrder(street: Street, { at, advanceMs, stepMs, speed, households }: ClockOrder): void {
  const wanted = at === undefined ? undefined : timeOf(at);
  if (wanted !== undefined) street.jumpTo(wanted);
  if (advanceMs !== undefined) street.advance(advanceMs);
  if (stepMs !== undefined) street.step(stepMs);
  if (speed !== undefined) street.setSpeed(speed);
  if (households === "paused") street.pauseHouseholds();
  if (households === "running") street.resumeHouseholds();
}

export interface ClockView {
  /** What the calendar shows. */
  readonly now: string;
  readonly speed: number;
  readonly setBackMs: number;
}

export const clockView = ({ time }: Pick<Street, "time">): ClockView => ({
  now: isoWall(time.now(), true),
  speed: time.speed,
  setBackMs: time.setBackMs,
});
