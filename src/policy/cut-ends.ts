/** How cuts that left have ended, as far as it tells of the meters and not of people: for the brake, that counts failures in a row. Pure. */
import type { CommandState } from "../commands/command.ts";
import { minutes } from "../kernel/clock.ts";

export interface CutEnd {
  readonly state: CommandState;
  readonly because: string | null;
  /** How the cut of the same meter before it had ended; null: there was none. */
  readonly before: Omit<CutEnd, "before"> | null;
}

/** The newest that ended, as many as that at most: more than any site may ask for in a row, with those that tell nothing. */
export const LEFT_LOOKED_AT = 400;

/**
 * So far another gateway's clock may be ahead of ours. What is later than that was written before the clock was set back: it tells nothing of
 * now, or what went well in the hour that comes again would hide what fails in it.
 */
export const AHEAD_MS = minutes(1);

/** Left, and the meter does not show it. */
const NOT_SHOWN: ReadonlySet<string> = new Set(["silence", "stuck", "welded"]);

/** Null: somebody paid meanwhile, or a newer order came: that tells nothing. */
export function isFailure({ state, because }: Omit<CutEnd, "before">): boolean | null {
  if (state === "confirmed") return false;
  if (state === "refused") return true;
  return state === "unanswered" && NOT_SHOWN.has(because ?? "") ? true : null;
}

/** The meter showed that it was not obeyed: nobody sits in the dark because of it. */
export const isVain = ({ state, because }: Omit<CutEnd, "before">): boolean =>
  state === "refused" || (state === "unanswered" && because === "stuck");

/** Newest first. A relay that is known to be stuck, and is tried again by and by, tells nothing new. */
export function failuresInARow(ends: readonly CutEnd[]): number {
  let count = 0;
  for (const end of ends) {
    const failed = isFailure(end);
    if (failed === false) return count;
    if (failed === true && !(end.before !== null && isFailure(end.before) === true)) count += 1;
  }
  return count;
}
