/**
 * One attempt: look, mark, send, look.
 *
 * Called by a worker with a command id, any number of times, at any moment, also twice at once, also after a crash. What to
 * do follows from the row alone:
 *
 *     accepted, queued    ─► look ─► choose ─► [line is ours: guard, write the attempt] ─► send once ─► look
 *     sending, verifying  ─► look first: done · not done (again, if there is time) · nobody can tell
 *
 * The worker's fence is taken before anything else; a worker that lost it can write nothing and so sends nothing. When the
 * meter or the line cannot be reached the command is not held in the air: its next look is written down and the job ends.
 */
import type { Clock } from "../kernel/clock.ts";
import { later } from "../kernel/clock.ts";
import { faults, reasonOf, type FaultCode } from "../kernel/faults.ts";
import type { CommandId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import {
  Priority,
  type BalanceSight,
  type MeterSession,
  type RelayPicture,
  type Sent,
  type Street,
  type Wallet,
} from "../devices/meter.ts";
import { definitionOf } from "./catalogue.ts";
import { isOpen, isUnsent, type Attempt, type Command } from "./command.ts";
import { CommandSteps, LOOK_AGAIN_STEP_MS, NotSent } from "./command-steps.ts";
import { CommandTrouble } from "./command-trouble.ts";
import type { ConclusionParts } from "./conclusion.ts";
import type { Before, CommandDefinition, Verdict } from "./definition.ts";
import { identityDoubt, quarantine } from "./identity-doubt.ts";
import type { IdentityWatch } from "./identity-watch.ts";
import { RESTORED, type RestoredBooks } from "./restored.ts";
import { registerBeside } from "./register-beside.ts";
import { cuts, isAutomaticCut, rivalsOf } from "./rivals.ts";
import { SightInHand } from "./sight-in-hand.ts";
import { watched, type WatchedSession } from "./watched-session.ts";

/** Attempts that may follow each other at once; later ones wait, so that a bad line is not beaten. */
const QUICK_ATTEMPTS = 3;
/** An attempt under which the line went away tells nothing of the meter, so many more may follow it than a silent meter is worth. */
const LINE_CLOSED = "silent, the line closed";
const LINE_CLOSED_ATTEMPTS_MAX = 50;
/** For the one lock of the site: from here on what was decided before it is decided again. */
const WAITED_MS = 50;

/**
 * Asked in the last moment before the bytes of an automatic cut leave: why it may not be, or null. In the transaction that writes the attempt,
 * behind its meter's row: whoever changes what it was decided from comes before or after it.
 */
export interface CutGuard {
  whyNot(command: Command, tx: Transaction): Promise<string | null>;
}

/** Asked of every cut, whoever ordered it, in the transaction that writes its attempt: directly before its bytes. */
export interface CutRails {
  /** Why it does not leave now; null: it does. */
  mayLeave(tx: Transaction, command: Command, attempt: number): Promise<string | null>;
  /** It does. */
  left(tx: Transaction, command: Command): Promise<void>;
}

/** Why a cut does not leave at this moment and may at a later one. */
export const CUT_PACE = "cut-pace";

/** Asked before a command is taken to its line: how long it has to wait for others like it. */
export interface Pace {
  pauseMs(command: Command): Promise<number>;
}

/** What a session saw on its way; the books keep it. */
export interface SightKeeper {
  relay(tx: Transaction, command: Command, picture: RelayPicture): Promise<void>;
  wallet(command: Command, wallet: Wallet): Promise<void>;
  /** Of a wallet that shows no count; left out: nobody keeps it. */
  balance?(command: Command, seen: BalanceSight): Promise<void>;
  /** Before the rules cut: what was used is read once more, and has to be believed; and when a supply is seen cut or restored. Left out: nobody reads it. */
  energy?(session: MeterSession, relay?: SightInHand): Promise<readonly Reading[]>;
}

export interface RunnerParts extends ConclusionParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly transactor: Transactor;
  readonly street: Street;
  readonly guard: CutGuard;
  /** Left out: nobody counts what is cut. */
  readonly rails?: CutRails;
  readonly identities: Pick<IdentityWatch, "strangerIn" | "inDoubt" | "compared">;
  readonly sights: SightKeeper;
  /** Left out: these books never came back from a backup. */
  readonly restored?: RestoredBooks;
  /** Left out: nothing waits for its like. */
  readonly pace?: Pace;
}

export class CommandRunner {
  readonly #parts: RunnerParts;
  readonly #steps: CommandSteps;
  readonly #troubles: CommandTrouble;
  readonly #running = new Map<CommandId, { again: boolean }>();

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#steps = new CommandSteps(parts);
    this.#troubles = new CommandTrouble(parts, this.#steps);
  }

  get running(): number {
    return this.#running.size;
  }

  isRunning(id: CommandId): boolean {
    return this.#running.has(id);
  }

  /** Resolves when nothing is in hand: every command has ended or written down its next look. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await this.#parts.clock.wait(5);
  }

  /** Does what can be done for a command now. Resolves when it has ended or its next look is written down; never throws for the world's faults. */
  async run(id: CommandId): Promise<void> {
    const current = this.#running.get(id);
    if (current !== undefined) {
      current.again = true; // woken while at work: what woke it is seen by one more round
      return;
    }
    const mark = { again: false };
    this.#running.set(id, mark);
    try {
      for (let more = true; more; more = mark.again) {
        mark.again = false;
        await this.#once(id);
      }
    } finally {
      this.#running.delete(id);
    }
  }

  async #once(id: CommandId): Promise<void> {
    const taken = await this.#parts.commands.take(id);
    if (taken === null) return;
    const log = this.#parts.log.child({ command: id, meter: taken.meter, kind: taken.kind });
    const definition = definitionOf(taken.kind);
    let session: WatchedSession | null = null;
    try {
      if (taken.effect === "sets" && this.#parts.restored?.isOfThen(taken) === true) {
        await this.#steps.leaveUndone(taken);
        return;
      }
      if (isUnsent(taken.state) && this.#parts.clock.now() > taken.notAfter) {
        await this.#steps.apply(taken, { type: "out-of-time" });
        return;
      }
      const pauseMs = isUnsent(taken.state) ? ((await this.#parts.pace?.pauseMs(taken)) ?? 0) : 0;
      if (pauseMs > 0) {
        await this.#steps.waitFor(taken, { waitingFor: "feeder", lookAt: later(this.#parts.clock.now(), pauseMs) });
        return;
      }
      // A restore that nobody looked at yet is a probe of its own: its meter may only be believed silent.
      const mayProbe = definition.priority === Priority.safety && taken.looks === 0;
      const raw = await this.#parts.street.session(taken.meter, { priority: definition.priority, mayProbe });
      session = watched(raw, {
        relay: new SightInHand(this.#parts.transactor, (tx, picture) => this.#parts.sights.relay(tx, taken, picture)),
        wallet: (wallet) => this.#parts.sights.wallet(taken, wallet),
        balance: async (balance) => this.#parts.sights.balance?.(taken, balance),
      });
      // While we waited for the meter another worker may have taken it, or a person cancelled it.
      const command = await this.#parts.commands.find(null, id);
      if (command === null || command.fence !== taken.fence || !isOpen(command.state)) return;
      if (isUnsent(command.state)) await this.#first(definition, session, command, log);
      else await this.#lookFirst(definition, session, command, log);
      await session.relaySeen.settle();
    } catch (error) {
      await session?.relaySeen.settle().catch((why: unknown) => {
        log.warn({ reason: reasonOf(why) }, "what the relay showed could not be kept; it is looked at again");
      });
      await this.#troubles.meet(taken, error, log, session);
    } finally {
      await session?.close();
    }
  }

  /** Nothing has been sent yet. */
  async #first(definition: CommandDefinition, session: WatchedSession, command: Command, log: Logger): Promise<void> {
    const stranger = await identityDoubt(this.#parts, session, command);
    if (stranger !== null) {
      await this.#steps.apply(command, { type: "declined", because: stranger });
      return;
    }
    if (command.effect === "adds" && (await this.#steps.isSuspected(session, command))) return;
    const choice = await definition.look(session, command);
    if (choice.choose !== "send" || !isAutomaticCut(command)) await session.relaySeen.settle();
    switch (choice.choose) {
      case "refuse":
        if (choice.fault === "customer-mismatch") await quarantine(this.#parts, session, command, choice.fault);
        await this.#steps.apply(command, { type: "declined", because: choice.fault });
        return;
      case "already-so": {
        const verifiedAt = this.#parts.clock.now();
        const register = await registerBeside(this.#parts.sights, session, command, log);
        await this.#steps.apply(
          command,
          { type: "shown" },
          { verifiedAt, receipt: { proof: choice.proof, sent: false, ...register } },
        );
        return;
      }
      case "send":
        await this.#attempt(definition, session, command, choice.before, 1, log);
    }
  }

  /** Bytes may have left: only a look tells. */
  async #lookFirst(definition: CommandDefinition, session: WatchedSession, given: Command, log: Logger): Promise<void> {
    let command = given;
    const last = await this.#parts.commands.lastAttempt(command.id);
    if (last === null) throw new Error(`command ${command.id} is ${command.state} without an attempt`);
    if (command.state === "sending")
      command = await this.#steps.applied(
        command,
        { type: "silence" },
        { sentAt: command.sentAt ?? last.at, waitingFor: "read-back" },
      );
    // Since then its line may have been opened anew and another have come to its place: what that one shows proves nothing, and it must not be cut.
    const mayHarm = command.effect === "adds" || cuts.includes(command.kind);
    if (mayHarm && (await this.#parts.identities.inDoubt(command.meter))) {
      const stranger = await identityDoubt(this.#parts, session, command);
      if (stranger !== null) {
        await this.#steps.apply(command, { type: "nobody-can-tell", because: stranger });
        return;
      }
    }
    if (
      command.effect === "adds" &&
      session.money.purchase !== "purchase-count" &&
      this.#parts.restored?.isOfThen(command) === true
    ) {
      await this.#steps.apply(command, { type: "nobody-can-tell", because: RESTORED }); // a balance of so long ago proves nothing
      return;
    }
    const refusal = refusalIn(last.outcome);
    const reply = refusal !== null ? "refused" : command.acknowledgedAt !== null ? "acknowledged" : "silent";
    await this.#verify(definition, session, command, last, reply, refusal, log);
  }

  async #attempt(
    definition: CommandDefinition,
    session: WatchedSession,
    command: Command,
    before: Before,
    number: number,
    log: Logger,
  ): Promise<void> {
    const { clock, transactor, commands, guard, rails, outbox } = this.#parts;
    const isCut = cuts.includes(command.kind);
    // One false register looks like arrears until the next true one: nobody is cut between the two. A payment may come meanwhile, too.
    if (isAutomaticCut(command)) await this.#parts.sights.energy?.(session, session.relaySeen);
    await session.relaySeen.settle();
    const attempt: { -readonly [K in keyof Attempt]: Attempt[K] } = {
      number,
      fence: command.fence,
      at: clock.now(),
      before,
      outcome: "sending",
      frames: [],
    };
    const beforeFirstByte = async (): Promise<void> => {
      const { begun, because } = await transactor.transact(async (tx) => {
        const whyNot = (): Promise<string | null> =>
          isAutomaticCut(command) ? guard.whyNot(command, tx) : Promise.resolve(null);
        const no = await whyNot();
        if (no !== null) return { begun: "guard" as const, because: no };
        attempt.at = clock.now();
        const held = isCut ? ((await rails?.mayLeave(tx, command, number)) ?? null) : null;
        // what was found stands in the books all the same: a brake that has tripped
        if (held !== null) return { begun: held === CUT_PACE ? ("pace" as const) : ("guard" as const), because: held };
        if (clock.now() - attempt.at > WAITED_MS) {
          // behind others: the hours in which somebody may be cut may have ended meanwhile
          const late = await whyNot();
          if (late !== null) return { begun: "guard" as const, because: late };
          attempt.at = clock.now();
        }
        const outcome = await commands.beginAttempt(tx, command.id, command.fence, attempt, rivalsOf(command.kind));
        if (outcome === "begun" && isCut) await rails?.left(tx, command);
        if (outcome === "begun")
          await outbox.announce(tx, {
            type: "command",
            id: command.id,
            meter: command.meter,
            kind: command.kind,
            state: "sending",
          });
        return { begun: outcome, because: outcome };
      });
      if (begun !== "begun") throw new NotSent(begun, because);
    };
    let sent: Sent;
    try {
      sent = await definition.send(session, command, before, { notAfter: command.notAfter, beforeFirstByte });
    } catch (error) {
      const now = await commands.find(null, command.id);
      if (now?.state !== "sending" || now.fence !== command.fence) throw error; // nothing was written, so nothing was sent
      // The attempt stands in the books and the line gave way in the same moment: look before believing anything.
      sent = { sent: "silent", sentAt: attempt.at, lineClosed: true };
      log.warn({ reason: reasonOf(error) }, "the line gave way after the attempt was written down");
    }
    const sending: Command = { ...command, state: "sending" };
    const reply = sent.sent === "silent" ? "silence" : "answered";
    const silent = sent.sent === "silent" && sent.lineClosed === true ? LINE_CLOSED : sent.sent;
    const outcome = sent.sent === "refused" ? `refused: ${sent.fault} ${sent.bits.join(", ")}`.trim() : silent;
    attempt.outcome = outcome;
    const verifying = await this.#steps.applied(
      sending,
      { type: reply },
      {
        sentAt: sent.sentAt,
        ...(sent.sent === "acknowledged" ? { acknowledgedAt: sent.at } : {}),
        waitingFor: sent.sent === "silent" && sent.asExpected !== true ? "silence" : "read-back",
        looks: 0,
        lookAt: clock.now(),
      },
      (tx) => commands.endAttempt(tx, command.id, command.fence, number, outcome, session.evidence),
    );
    log.info({ attempt: number, outcome }, "sent; now the meter must show it");
    await this.#verify(definition, session, verifying, attempt, sent.sent, sent.sent === "refused" ? sent.fault : null, log);
  }

  async #verify(
    definition: CommandDefinition,
    session: WatchedSession,
    command: Command,
    attempt: Attempt,
    lastReply: "acknowledged" | "silent" | "refused",
    refusal: FaultCode | null,
    log: Logger,
  ): Promise<void> {
    const { clock, commands } = this.#parts;
    const sentAt = command.sentAt ?? attempt.at;
    const verdict: Verdict = await definition.verify(session, command, {
      before: attempt.before,
      sinceSentMs: clock.now() - sentAt,
      lastReply,
      refusal,
      attempt: attempt.number,
    });
    const said = refusal !== null ? `refused: ${refusal}` : isLineClosed(attempt) ? LINE_CLOSED : lastReply;
    const outcome = `${said}: ${verdict.verdict}`;
    const endAttempt = (tx: Transaction | null): Promise<void> =>
      commands.endAttempt(tx, command.id, command.fence, attempt.number, outcome, session.evidence);
    if (verdict.verdict !== "done") {
      await session.relaySeen.settle();
      await endAttempt(null);
    }
    switch (verdict.verdict) {
      case "done": {
        const verifiedAt = clock.now();
        const register = await registerBeside(this.#parts.sights, session, command, log);
        await session.relaySeen.settle();
        const receipt = { before: attempt.before, after: verdict.proof, attempts: attempt.number, ...register };
        await this.#steps.apply(command, { type: "shown" }, { verifiedAt, receipt }, endAttempt);
        log.info({ attempts: attempt.number }, "confirmed: the meter shows it");
        return;
      }
      case "wait":
        await this.#steps.waitFor(command, {
          waitingFor: verdict.waitingFor,
          lookAt: later(clock.now(), verdict.lookAgainMs),
        });
        return;
      case "unclear":
        if (verdict.quarantine !== undefined) await quarantine(this.#parts, session, command, verdict.quarantine);
        await this.#steps.apply(
          command,
          { type: "nobody-can-tell", because: verdict.because },
          verdict.found === undefined
            ? {}
            : { receipt: { before: attempt.before, found: verdict.found, attempts: attempt.number } },
        );
        log.warn({ because: verdict.because }, "nobody can tell what became of this command");
        return;
      case "not-done":
        await this.#notDone(definition, session, command, attempt, { lastReply, refusal, verdict }, log);
    }
  }

  /** The meter shows that it was not obeyed: again, if there is time, with the number that was chosen at the look. */
  async #notDone(
    definition: CommandDefinition,
    session: WatchedSession,
    command: Command,
    attempt: Attempt,
    {
      lastReply,
      refusal,
      verdict,
    }: {
      readonly lastReply: string;
      readonly refusal: FaultCode | null;
      readonly verdict: Extract<Verdict, { verdict: "not-done" }>;
    },
    log: Logger,
  ): Promise<void> {
    const { clock } = this.#parts;
    if (refusal !== null && refusal !== "identity-expired" && faults[refusal].retry !== "later") {
      if (refusal === "customer-mismatch") await quarantine(this.#parts, session, command, refusal);
      await this.#steps.apply(command, { type: "declined", because: refusal });
      return;
    }
    const timeLeft = clock.now() < command.notAfter;
    const triesLeft =
      verdict.again !== false && attempt.number < (isLineClosed(attempt) ? LINE_CLOSED_ATTEMPTS_MAX : definition.attemptsMax);
    const because = lastReply === "acknowledged" ? "stuck" : "silence";
    if ((!timeLeft || !triesLeft) && verdict.otherwise !== undefined) {
      await this.#steps.apply(command, { type: "nobody-can-tell", because: verdict.otherwise });
      return;
    }
    if (!timeLeft || !triesLeft) {
      await this.#steps.apply(command, { type: "not-done", timeLeft, triesLeft, because });
      return;
    }
    if (attempt.number >= QUICK_ATTEMPTS && command.looks === 0) {
      await this.#steps.waitFor(command, {
        looks: 1,
        waitingFor: "line",
        lookAt: later(clock.now(), LOOK_AGAIN_STEP_MS * attempt.number),
      });
      return;
    }
    log.info({ attempt: attempt.number + 1 }, "the meter shows that it was not obeyed; sending again");
    await this.#attempt(definition, session, command, attempt.before, attempt.number + 1, log);
  }
}

/** An attempt's outcome is kept as text; a refusal begins with its code. */
const isLineClosed = ({ outcome }: Attempt): boolean => outcome.startsWith(LINE_CLOSED);

function refusalIn(outcome: string): FaultCode | null {
  const code = /^refused: ([a-z-]+)/.exec(outcome)?.[1];
  return code !== undefined && code in faults ? (code as FaultCode) : null;
}
