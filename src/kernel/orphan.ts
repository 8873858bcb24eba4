/**
 * Started through `npm run`, a signal for npm ends npm and its shell and may never reach this program: it would hold its ports
 * and its data for ever. So under npm, and only there, a program goes when its parent has gone.
 */
import { systemClock } from "./clock.ts";

const PARENT_LOOK_MS = 200;

/** Resolves when npm, which started us, has gone; never when npm did not start us, or after the signal is aborted. */
export async function orphanedByNpm(signal: AbortSignal): Promise<void> {
  if (process.env["npm_lifecycle_event"] === undefined) return new Promise(() => undefined);
  const parent = process.ppid;
  while (process.ppid === parent) {
    await systemClock.wait(PARENT_LOOK_MS, signal);
    if (signal.aborted) return new Promise(() => undefined);
  }
  return undefined;
}
