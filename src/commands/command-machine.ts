/**
 * The life of a command, as one pure function on one page.
 *
 *     accepted ──► queued ──► sending ──► verifying ──► confirmed        money settles
 *         │           │          │            ├──────► sending           the meter says: not done, and there is time
 *         │           │          │            ├──────► refused           the meter said no; money released
 *         │           │          │            ├──────► expired           proved not obeyed, no time left; money released
 *         │           │          │            ├──────► unanswered        it sets: silence, or the relay did not move
 *         │           │          │            └──────► disputed          it adds, and nobody can tell; money stays held
 *         │           ├──► confirmed · refused · expired                 nothing was sent
 *         └───────────┴──► cancelled                                     nothing was sent; money released
 *
 * One more way leads from accepted and queued to disputed: where the books came back from a backup, "unsent" is only what they say.
 *
 * A disputed command is left by a person's decision alone: confirmed (money settles) or refused (money released).
 *
 * From `sending` the only way on is a look: sending → verifying always, whatever came back. A transition that is not here
 * does not exist; asking for it is a mistake of ours and stops that piece of work.
 */
import type { CommandState, Effect } from "./command.ts";

export type CommandEvent =
  | { readonly type: "taken" } //                              a worker looks at it for the first time
  | { readonly type: "first-byte" } //                         the attempt is written down, bytes may leave
  | { readonly type: "answered" | "silence" } //               something, or nothing, came back
  | { readonly type: "shown" } //                              the meter shows it
  | { readonly type: "declined"; readonly because: string } // the meter or a rule said no, for good
  | { readonly type: "not-done"; readonly timeLeft: boolean; readonly triesLeft: boolean; readonly because: string } // the look shows it
  | { readonly type: "out-of-time" } //                        the deadline passed before the first byte
  | { readonly type: "nobody-can-tell"; readonly because: string } // no proof, or a count that is neither
  | { readonly type: "cancel"; readonly because: string }
  | { readonly type: "resolved"; readonly done: boolean }; // a person has looked at a disputed command and decided

export type MoneyMove = "settle" | "release" | "keep";
export interface Step {
  readonly state: CommandState;
  readonly because: string | null;
  readonly money: MoneyMove;
}
export type NotPossible = { readonly impossible: string };

const to = (state: CommandState, because: string | null = null, money: MoneyMove = "keep"): Step => ({ state, because, money });

export function step(state: CommandState, event: CommandEvent, effect: Effect): Step | NotPossible {
  const impossible: NotPossible = { impossible: `${event.type} in state ${state}` };
  switch (state) {
    case "accepted":
    case "queued":
      switch (event.type) {
        case "taken":
          return to("queued");
        case "first-byte":
          return to("sending");
        case "shown":
          return effect === "adds" ? impossible : to("confirmed");
        case "declined":
          return to("refused", event.because, "release");
        case "out-of-time":
          return to("expired", "deadline", "release");
        case "cancel":
          return to("cancelled", event.because, "release");
        case "nobody-can-tell":
          return effect === "adds" ? to("disputed", event.because) : impossible;
        case "answered":
        case "silence":
        case "not-done":
        case "resolved":
          return impossible;
      }
    // every event above returns
    // falls through
    case "sending":
      switch (event.type) {
        case "answered":
        case "silence":
          return to("verifying", null);
        default:
          return impossible;
      }
    case "verifying":
      switch (event.type) {
        case "shown":
          return to("confirmed", null, "settle");
        case "first-byte":
          return to("sending");
        case "declined":
          return to("refused", event.because, "release");
        case "not-done":
          if (event.timeLeft && event.triesLeft) return to("verifying");
          if (effect === "adds") return to("expired", event.timeLeft ? "attempts" : "deadline", "release");
          return to("unanswered", event.because);
        case "nobody-can-tell":
          return effect === "adds" ? to("disputed", event.because) : to("unanswered", event.because);
        case "taken":
          return to("verifying");
        case "answered":
        case "silence":
        case "out-of-time":
        case "cancel":
        case "resolved":
          return impossible;
      }
    // every event above returns
    // falls through
    case "confirmed":
    case "refused":
    case "expired":
    case "cancelled":
    case "unanswered":
      return impossible;
    case "disputed":
      if (event.type !== "resolved") return impossible;
      return event.done ? to("confirmed", "person", "settle") : to("refused", "person", "release");
  }
}

export const isStep = (outcome: Step | NotPossible): outcome is Step => "state" in outcome;
