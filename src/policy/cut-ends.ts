/** How cuts that left have ended, as far as it tells of the meters and not of people: for the brake, that counts failures in a row. Pure. */
import type { CommandState } from "../commands/command.ts";

export interface CutEnd {
  readonly state: CommandState;
  readonly because: string | null;
}

/** More in a row than any site may ask for. */
export const FAILURES_LOOKED_AT = 200;

/** Left, and the meter does not show it. */
const NOT_SHOWN: ReadonlySet<string> = new Set(["silence", "stuck", "welded"]);

/** Null: somebody paid meanwhile, or a newer order came: that tells nothing. */
export function isFailure({ state, because }: CutEnd): boolean | null {
  if (state === "confirmed") return false;
  if (state === "refused") return true;
  return state === "unanswered" && NOT_SHOWN.has(because ?? "") ? true : null;
}

/** Newest first. */
export function failuresInARow(ends: readonly CutEnd[]): number {
  let count = 0;
  for (const end of ends) {
    const failed = isFailure(end);
    if (failed === false) return count;
    if (failed === true) count += 1;
  }
  return count;
}
