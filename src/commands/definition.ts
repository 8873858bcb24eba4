/**
 * What a definition has to say: sets or adds, priority, deadline, money, and four verbs. One place (command-runner.ts) runs
 * them all:
 *
 *     look ──► choose ──► [attempt written down] ──► send ──► verify ◄─┐
 *                 │                                             └─wait─┘
 *                 └─► already so · refused
 *
 * `Before` is plain JSON: it is stored with the attempt before the first byte leaves, and is all that a process which was
 * born after a crash knows of the look.
 */
import type { Priority } from "../devices/meter.ts";
import type { MeterSession, SendOptions, Sent } from "../devices/meter.ts";
import type { Instant } from "../kernel/clock.ts";
import type { FaultCode } from "../kernel/faults.ts";
import type { MeterBook } from "./command-store.ts";
import type { Command, CommandKind, Effect } from "./command.ts";

export type Before = Readonly<Record<string, unknown>>;

export type Choice =
  | { readonly choose: "send"; readonly before: Before }
  | { readonly choose: "already-so"; readonly proof: Before }
  | { readonly choose: "refuse"; readonly fault: FaultCode };

export type Verdict =
  | { readonly verdict: "done"; readonly proof: Before }
  /**
   * `again`: false where a second sending could be a second obeying. `otherwise`: it may be said again without harm and its answer would
   * tell; where it can no longer be said, nobody can tell, and this is why.
   */
  | { readonly verdict: "not-done"; readonly again?: false; readonly otherwise?: string }
  /** Not yet: look again after a while. */
  | { readonly verdict: "wait"; readonly waitingFor: string; readonly lookAgainMs: number }
  /** No look will ever tell: a person decides (adds), or it ends unanswered (sets). */
  | {
      readonly verdict: "unclear";
      readonly because: string;
      /** Somebody else speaks to this meter in our place: nothing more is sent to it until a person has looked. */
      readonly quarantine?: FaultCode;
      /** What was found instead; it stands in the receipt. */
      readonly found?: Before;
    };

export interface VerifyContext {
  readonly before: Before;
  /** Since the first byte of the attempt, in ms of the handed-in clock. */
  readonly sinceSentMs: number;
  readonly lastReply: "acknowledged" | "silent" | "refused" | "unknown";
  /** What the meter said no with, when it did. */
  readonly refusal: FaultCode | null;
  /** Which attempt this is; before the first nothing of ours can have been obeyed. */
  readonly attempt: number;
}

export interface CommandDefinition {
  readonly kind: CommandKind;
  readonly title: { readonly en: string; readonly zh: string };
  readonly effect: Effect;
  readonly priority: Priority;
  /** How long it is worth sending, when whoever asks does not say. */
  readonly notAfterMs: number;
  /** Two persons: one asks, another lets it go (two-persons.ts). Left out: one is enough. */
  readonly approval?: "two-persons";
  /** How long an order that sets is looked after in silence; left out: a short while (command-trouble.ts). */
  readonly silenceEndsMs?: number;
  /** What an attempt of it may have left in the meter and must be taken back: it is looked after until this moment, whatever its deadline. */
  readonly lookedAfterUntil?: (before: Before) => Instant;
  /** Frames that may leave for one command, each after a look that showed "not done". */
  readonly attemptsMax: number;
  /** What must hold when it is asked for, in the same transaction; `open`: the meter's open and disputed commands. Throws the Fault. */
  readonly asked?: (book: MeterBook, open: readonly Command[]) => void;
  look(session: MeterSession, command: Command): Promise<Choice>;
  send(session: MeterSession, command: Command, before: Before, options: SendOptions): Promise<Sent>;
  verify(session: MeterSession, command: Command, context: VerifyContext): Promise<Verdict>;
}
