/**
 * A big street is thrifty: V8 lets garbage lie about until it is as much as what is alive, and with ten thousand meters that is
 * hundreds of megabytes. Told to mind the size it collects sooner: half the memory for a third more time. For programs that are a
 * street and nothing else; `buildStreet` leaves the process it runs in alone.
 */
import { setFlagsFromString } from "node:v8";

const THRIFTY_FROM_METERS = 5_000;

export function mindSize(meters: number): void {
  if (meters >= THRIFTY_FROM_METERS) setFlagsFromString("--optimize-for-size");
}
