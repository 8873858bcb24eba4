/**
 * How far a command has come on the road accepted → queued → sending → verifying → confirmed. One that ended elsewhere
 * stops where it left the road; whether bytes had left tells where that was. For eyes only: the chip says it in words.
 */
import type { Command } from "../shapes.ts";

const road = ["accepted", "queued", "sending", "verifying", "confirmed"];

function stepOf({ state, proof }: Command): number {
  const step = road.indexOf(state);
  if (step >= 0) return step;
  return proof.sent === null ? 1 : 3;
}

export function ProgressTrack({ command }: { readonly command: Command }) {
  const reached = stepOf(command);
  return (
    <span className={`track state-${command.state}`} aria-hidden="true">
      {road.map((step, n) => (
        <i key={step} className={n < reached ? "passed" : n === reached ? "here" : "ahead"} />
      ))}
    </span>
  );
}

const ends = new Set(["confirmed", "refused", "expired", "cancelled", "unanswered", "disputed"]);
export const isMoving = (command: Command): boolean => !ends.has(command.state);
/** What a person has to look at: nobody else will go on with it. */
export const needsPerson = (command: Command): boolean =>
  ["refused", "expired", "unanswered", "disputed"].includes(command.state) ||
  (isMoving(command) && command.approval != null && command.approval.by === null);
