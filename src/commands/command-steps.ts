/**
 * How the row of a command goes on, whatever the reason: an event of its machine, a pause until the next look, or a doubt of restored
 * books that stands in the way of both. Everything here may come to nothing: whoever has lost the fence changes nothing.
 */
import { later, minutes, seconds, type Clock, type Instant } from "../kernel/clock.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { MeterSession } from "../devices/meter.ts";
import type { CommandEvent, Step } from "./command-machine.ts";
import type { CommandChange } from "./command-store.ts";
import { isUnsent, type Command } from "./command.ts";
import { apply, type ConclusionParts } from "./conclusion.ts";
import { EARLIER, RESTORED, type RestoredBooks } from "./restored.ts";

/** A pause grows by this much with every look that found nobody, up to the longest. */
export const LOOK_AGAIN_STEP_MS = seconds(2);
const LOOK_AGAIN_MS_MAX = minutes(5);
/** What would end an unsent command and give its money back. */
const ENDS_UNSENT: ReadonlySet<string> = new Set(["out-of-time", "declined", "cancel"]);

/** Thrown from within `beforeFirstByte`: nothing has been sent, and this is why. */
export class NotSent extends Error {
  readonly kind: "lost" | "blocked" | "superseded" | "guard" | "pace" | "not-ours";
  readonly because: string;

  constructor(kind: NotSent["kind"], because: string = kind) {
    super(`nothing was sent: ${kind}`);
    this.kind = kind;
    this.because = because;
  }
}

type StepMore = Parameters<typeof apply>[4];
/** What is written in the same transaction, where the step was ours to take. */
type Beside = (tx: Transaction) => Promise<unknown>;

export interface StepParts extends ConclusionParts {
  readonly clock: Clock;
  readonly transactor: Transactor;
  /** Left out: these books never came back from a backup. */
  readonly restored?: RestoredBooks;
}

export class CommandSteps {
  readonly #parts: StepParts;

  constructor(parts: StepParts) {
    this.#parts = parts;
  }

  /** Restored books take it for unsent, or stand behind its meter: what to do instead of sending, and whether there is something. */
  async isSuspected(session: MeterSession, command: Command): Promise<boolean> {
    const suspicion = (await this.#parts.restored?.suspicion(session, command)) ?? "none";
    if (suspicion === "none") return false;
    if (suspicion === "dispute") await this.dispute(command);
    else await this.lookLater(command, suspicion === "wait" ? RESTORED : suspicion);
    return true;
  }

  /** Of what restored books take for unsent. One dispute at a time for a meter: the next waits for a person's word on the first. */
  async dispute(command: Command): Promise<void> {
    if (await this.#parts.restored?.isBehindAnother(command)) {
      await this.waitFor(command, { waitingFor: EARLIER, lookAt: later(this.#parts.clock.now(), LOOK_AGAIN_MS_MAX) });
      return;
    }
    await this.apply(command, { type: "nobody-can-tell", because: RESTORED });
  }

  /** An order of before a restore may have been carried out and taken back since: nobody repeats it but whoever wants it today. */
  async leaveUndone(command: Command): Promise<void> {
    if (isUnsent(command.state)) {
      await this.apply(command, { type: command.askedBy === "rule" ? "cancel" : "declined", because: RESTORED });
      return;
    }
    const verifying = command.state === "sending" ? await this.applied(command, { type: "silence" }) : command;
    await this.apply(verifying, { type: "nobody-can-tell", because: RESTORED });
  }

  /** When to look again, and what for; told when it is something new. */
  async waitFor(command: Command, change: CommandChange): Promise<void> {
    const { commands, transactor, outbox } = this.#parts;
    if (change.waitingFor === command.waitingFor) {
      await commands.change(null, command.id, command.fence, [command.state], change);
      return;
    }
    await transactor.transact(async (tx) => {
      if (await commands.change(tx, command.id, command.fence, [command.state], change))
        await outbox.announce(tx, {
          type: "command",
          id: command.id,
          meter: command.meter,
          kind: command.kind,
          state: command.state,
        });
    });
  }

  async lookLater(command: Command, what: string, pauseMs?: number): Promise<void> {
    const pause = pauseMs ?? Math.min(LOOK_AGAIN_STEP_MS * (command.looks + 1), LOOK_AGAIN_MS_MAX);
    const lookAt = later(this.#parts.clock.now(), pause);
    await this.waitFor(command, {
      looks: command.looks + 1,
      waitingFor: what,
      lookAt: earliest(lookAt, command),
    });
  }

  /** The line is another gateway's now. It stays as it stands, due at once: whoever holds the line looks, and concludes. */
  leaveToHolder(command: Command): Promise<void> {
    const waitingFor = isUnsent(command.state) ? "line" : command.waitingFor;
    return this.waitFor(command, { waitingFor, lookAt: this.#parts.clock.now() });
  }

  apply(command: Command, event: CommandEvent, more: StepMore = {}, beside?: Beside): Promise<unknown> {
    if (ENDS_UNSENT.has(event.type) && this.#parts.restored?.mayHaveBeenSent(command) === true) return this.dispute(command);
    return this.#step(command, event, more, beside);
  }

  /** As apply, and answers the command as it stands then. A lost fence ends this worker's part. */
  async applied(command: Command, event: CommandEvent, more: StepMore = {}, beside?: Beside): Promise<Command> {
    const next = await this.#step(command, event, more, beside);
    if (next === null) throw new NotSent("lost");
    return {
      ...command,
      state: next.state,
      because: next.because,
      sentAt: more.sentAt ?? command.sentAt,
      acknowledgedAt: more.acknowledgedAt ?? command.acknowledgedAt,
      waitingFor: more.waitingFor ?? command.waitingFor,
      looks: more.looks ?? command.looks,
    };
  }

  #step(command: Command, event: CommandEvent, more: StepMore, beside?: Beside): Promise<Step | null> {
    return this.#parts.transactor.transact(async (tx) => {
      const next = await apply(this.#parts, tx, command, event, more);
      if (next !== null) await beside?.(tx);
      return next;
    });
  }
}

/** An unsent command is looked at no later than directly after its deadline, so that its end is told in time. */
const earliest = (lookAt: Instant, command: Command): Instant =>
  isUnsent(command.state) && lookAt > command.notAfter ? later(command.notAfter, 1) : lookAt;
