/** What both keepers of commands hold to: when a row comes due by itself, and how much evidence stays with an attempt. */
import { seconds } from "../kernel/clock.ts";
import type { WireEvidence } from "../kernel/reading.ts";

/** A taken command whose worker says nothing for this long is handed out again; within one process running ones are left alone. */
export const TAKEN_MS_MAX = seconds(60);
/** The outbox delivers at once; when it could not, the sweeper finds the command after this. */
export const SWEEP_AFTER_MS = seconds(10);
/** Frames kept with one attempt: how it began and how it ended. A meter that is silent for three days would fill the disk otherwise. */
const FRAMES_KEPT = { first: 40, last: 80 } as const;

const bothEnds = (frames: readonly WireEvidence[]): readonly WireEvidence[] =>
  frames.length <= FRAMES_KEPT.first + FRAMES_KEPT.last
    ? frames
    : [...frames.slice(0, FRAMES_KEPT.first), ...frames.slice(-FRAMES_KEPT.last)];

const nameOf = (frame: WireEvidence): string => `${frame.at}${frame.direction}${frame.hex}`;

/** Frames of later looks are added; a frame that is there already is known by its moment and its bytes. */
export function framesKept(known: readonly WireEvidence[], more: readonly WireEvidence[]): readonly WireEvidence[] {
  const seen = new Set(known.map(nameOf));
  const fresh = more.filter((frame) => !seen.has(nameOf(frame)));
  // sorted, because frames that were left out before come again with the evidence of a long session
  return bothEnds([...known, ...fresh].sort((a, b) => a.at - b.at));
}
