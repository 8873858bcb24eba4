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
import type { Clock, Instant } from "../kernel/clock.ts";
import { later, minutes, seconds } from "../kernel/clock.ts";
import { faults, isFault, reasonOf, type FaultCode } from "../kernel/faults.ts";
import type { CommandId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transactor } from "../kernel/transaction.ts";
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
import type { CommandChange } from "./command-store.ts";
import { isOpen, isUnsent, type Attempt, type Command } from "./command.ts";
import { apply, type ConclusionParts } from "./conclusion.ts";
import type { Before, CommandDefinition, Verdict } from "./definition.ts";
import { identityDoubt, quarantine } from "./identity-doubt.ts";
import type { IdentityWatch } from "./identity-watch.ts";
import { EARLIER, RESTORED, type RestoredBooks } from "./restored.ts";
import { rivalsOf } from "./rivals.ts";
import { watched } from "./watched-session.ts";

/** A pause grows by this much with every look that found nobody, up to the longest. */
const LOOK_AGAIN_STEP_MS = seconds(2);
const LOOK_AGAIN_MS_MAX = minutes(5);
/** An order that was sent and met only silence is looked after for this long, then it has ended; a wish that stands makes a new one. */
const SILENCE_ENDS_SETTING_MS = minutes(10);
/** Attempts that may follow each other at once; later ones wait, so that a bad line is not beaten. */
const QUICK_ATTEMPTS = 3;
/** An attempt under which the line went away tells nothing of the meter, so many more may follow it than a silent meter is worth. */
const LINE_CLOSED = "silent, the line closed";
const LINE_CLOSED_ATTEMPTS_MAX = 50;
/** What would end an unsent command and give its money back. */
const ENDS_UNSENT: ReadonlySet<string> = new Set(["out-of-time", "declined", "cancel"]);
/** After a mistake of ours, a lock that was held too long, a disk that is full: soon enough for somebody in the dark. */
const LOOK_AFTER_MISTAKE_MS = seconds(10);
const FROZEN_LOOK_MS = minutes(30);

/** Asked in the last moment before the bytes of an automatic cut leave: why it may not be, or null. */
export interface CutGuard {
  whyNot(command: Command): Promise<string | null>;
}

/** What a session saw on its way; the books keep it. */
export interface SightKeeper {
  relay(command: Command, picture: RelayPicture): Promise<void>;
  wallet(command: Command, wallet: Wallet): Promise<void>;
  /** Of a wallet that shows no count; left out: nobody keeps it. */
  balance?(command: Command, seen: BalanceSight): Promise<void>;
}

export interface RunnerParts extends ConclusionParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly transactor: Transactor;
  readonly street: Street;
  readonly guard: CutGuard;
  readonly identities: Pick<IdentityWatch, "strangerIn" | "inDoubt" | "compared">;
  readonly sights: SightKeeper;
  /** Left out: these books never came back from a backup. */
  readonly restored?: RestoredBooks;
}

/** Thrown from within `beforeFirstByte`: nothing has been sent, and this is why. */
class NotSent extends Error {
  readonly kind: "lost" | "blocked" | "superseded" | "guard" | "not-ours";
  readonly because: string;

  constructor(kind: NotSent["kind"], because: string = kind) {
    super(`nothing was sent: ${kind}`);
    this.kind = kind;
    this.because = because;
  }
}

export class CommandRunner {
  readonly #parts: RunnerParts;
  readonly #running = new Map<CommandId, { again: boolean }>();

  constructor(parts: RunnerParts) {
    this.#parts = parts;
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
    let session: MeterSession | null = null;
    try {
      if (taken.effect === "sets" && this.#parts.restored?.isOfThen(taken) === true) {
        await this.#leaveUndone(taken);
        return;
      }
      if (isUnsent(taken.state) && this.#parts.clock.now() > taken.notAfter) {
        await this.#apply(taken, { type: "out-of-time" });
        return;
      }
      // A restore that nobody looked at yet is a probe of its own: its meter may only be believed silent.
      const mayProbe = definition.priority === Priority.safety && taken.looks === 0;
      const raw = await this.#parts.street.session(taken.meter, { priority: definition.priority, mayProbe });
      session = raw;
      const seen = watched(raw, {
        relay: (picture) => this.#parts.sights.relay(taken, picture),
        wallet: (wallet) => this.#parts.sights.wallet(taken, wallet),
        balance: async (balance) => this.#parts.sights.balance?.(taken, balance),
      });
      // While we waited for the meter another worker may have taken it, or a person cancelled it.
      const command = await this.#parts.commands.find(null, id);
      if (command === null || command.fence !== taken.fence || !isOpen(command.state)) return;
      if (isUnsent(command.state)) await this.#first(definition, seen, command, log);
      else await this.#lookFirst(definition, seen, command, log);
    } catch (error) {
      await this.#trouble(taken, error, log, session);
    } finally {
      await session?.close();
    }
  }

  /** Nothing has been sent yet. */
  async #first(definition: CommandDefinition, session: MeterSession, command: Command, log: Logger): Promise<void> {
    const stranger = await identityDoubt(this.#parts, session, command);
    if (stranger !== null) {
      await this.#apply(command, { type: "declined", because: stranger });
      return;
    }
    if (command.effect === "adds" && (await this.#isSuspected(session, command))) return;
    const choice = await definition.look(session, command);
    switch (choice.choose) {
      case "refuse":
        if (choice.fault === "customer-mismatch") await quarantine(this.#parts, session, command, choice.fault);
        await this.#apply(command, { type: "declined", because: choice.fault });
        return;
      case "already-so":
        await this.#apply(
          command,
          { type: "shown" },
          { verifiedAt: this.#parts.clock.now(), receipt: { proof: choice.proof, sent: false } },
        );
        return;
      case "send":
        await this.#attempt(definition, session, command, choice.before, 1, log);
    }
  }

  /** Bytes may have left: only a look tells. */
  async #lookFirst(definition: CommandDefinition, session: MeterSession, given: Command, log: Logger): Promise<void> {
    let command = given;
    const last = await this.#parts.commands.lastAttempt(command.id);
    if (last === null) throw new Error(`command ${command.id} is ${command.state} without an attempt`);
    if (command.state === "sending")
      command = await this.#applied(command, { type: "silence" }, { sentAt: command.sentAt ?? last.at, waitingFor: "read-back" });
    if (
      command.effect === "adds" &&
      session.money.purchase !== "purchase-count" &&
      this.#parts.restored?.isOfThen(command) === true
    ) {
      await this.#apply(command, { type: "nobody-can-tell", because: RESTORED }); // a balance of so long ago proves nothing
      return;
    }
    const refusal = refusalIn(last.outcome);
    const reply = refusal !== null ? "refused" : command.acknowledgedAt !== null ? "acknowledged" : "silent";
    await this.#verify(definition, session, command, last, reply, refusal, log);
  }

  /** Restored books take it for unsent, or stand behind its meter: what to do instead of sending, and whether there is something. */
  async #isSuspected(session: MeterSession, command: Command): Promise<boolean> {
    const suspicion = (await this.#parts.restored?.suspicion(session, command)) ?? "none";
    if (suspicion === "none") return false;
    if (suspicion === "dispute") await this.#dispute(command);
    else await this.#lookLater(command, suspicion === "wait" ? RESTORED : suspicion);
    return true;
  }

  /** Of what restored books take for unsent. One dispute at a time for a meter: the next waits for a person's word on the first. */
  async #dispute(command: Command): Promise<void> {
    if (await this.#parts.restored?.isBehindAnother(command)) {
      await this.#waitFor(command, { waitingFor: EARLIER, lookAt: later(this.#parts.clock.now(), LOOK_AGAIN_MS_MAX) });
      return;
    }
    await this.#apply(command, { type: "nobody-can-tell", because: RESTORED });
  }

  /** An order of before a restore may have been carried out and taken back since: nobody repeats it but whoever wants it today. */
  async #leaveUndone(command: Command): Promise<void> {
    if (isUnsent(command.state)) {
      await this.#apply(command, { type: command.askedBy === "rule" ? "cancel" : "declined", because: RESTORED });
      return;
    }
    const verifying = command.state === "sending" ? await this.#applied(command, { type: "silence" }) : command;
    await this.#apply(verifying, { type: "nobody-can-tell", because: RESTORED });
  }

  async #attempt(
    definition: CommandDefinition,
    session: MeterSession,
    command: Command,
    before: Before,
    number: number,
    log: Logger,
  ): Promise<void> {
    const { clock, transactor, commands, guard, outbox } = this.#parts;
    const attempt: { -readonly [K in keyof Attempt]: Attempt[K] } = {
      number,
      fence: command.fence,
      at: clock.now(),
      before,
      outcome: "sending",
      frames: [],
    };
    const beforeFirstByte = async (): Promise<void> => {
      if (command.kind === "disconnect" && command.askedBy === "rule") {
        const because = await guard.whyNot(command);
        if (because !== null) throw new NotSent("guard", because);
      }
      attempt.at = clock.now();
      const begun = await transactor.transact(async (tx) => {
        const outcome = await commands.beginAttempt(tx, command.id, command.fence, attempt, rivalsOf(command.kind));
        if (outcome === "begun")
          await outbox.announce(tx, {
            type: "command",
            id: command.id,
            meter: command.meter,
            kind: command.kind,
            state: "sending",
          });
        return outcome;
      });
      if (begun !== "begun") throw new NotSent(begun);
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
    const verifying = await this.#applied(
      sending,
      { type: reply },
      {
        sentAt: sent.sentAt,
        ...(sent.sent === "acknowledged" ? { acknowledgedAt: sent.at } : {}),
        waitingFor: sent.sent === "silent" && sent.asExpected !== true ? "silence" : "read-back",
        looks: 0,
        lookAt: clock.now(),
      },
    );
    const silent = sent.sent === "silent" && sent.lineClosed === true ? LINE_CLOSED : sent.sent;
    const outcome = sent.sent === "refused" ? `refused: ${sent.fault} ${sent.bits.join(", ")}`.trim() : silent;
    attempt.outcome = outcome;
    await commands.endAttempt(null, command.id, command.fence, number, outcome, session.evidence);
    log.info({ attempt: number, outcome }, "sent; now the meter must show it");
    await this.#verify(definition, session, verifying, attempt, sent.sent, sent.sent === "refused" ? sent.fault : null, log);
  }

  async #verify(
    definition: CommandDefinition,
    session: MeterSession,
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
    await commands.endAttempt(
      null,
      command.id,
      command.fence,
      attempt.number,
      refusal === null
        ? `${isLineClosed(attempt) ? LINE_CLOSED : lastReply}: ${verdict.verdict}`
        : `refused: ${refusal}: ${verdict.verdict}`,
      session.evidence,
    );
    switch (verdict.verdict) {
      case "done":
        await this.#apply(
          command,
          { type: "shown" },
          { verifiedAt: clock.now(), receipt: { before: attempt.before, after: verdict.proof, attempts: attempt.number } },
        );
        log.info({ attempts: attempt.number }, "confirmed: the meter shows it");
        return;
      case "wait":
        await this.#waitFor(command, {
          waitingFor: verdict.waitingFor,
          lookAt: later(clock.now(), verdict.lookAgainMs),
        });
        return;
      case "unclear":
        if (verdict.quarantine !== undefined) await quarantine(this.#parts, session, command, verdict.quarantine);
        await this.#apply(command, { type: "nobody-can-tell", because: verdict.because });
        log.warn({ because: verdict.because }, "nobody can tell what became of this command");
        return;
      case "not-done":
        await this.#notDone(definition, session, command, attempt, { lastReply, refusal, verdict }, log);
    }
  }

  /** The meter shows that it was not obeyed: again, if there is time, with the number that was chosen at the look. */
  async #notDone(
    definition: CommandDefinition,
    session: MeterSession,
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
      await this.#apply(command, { type: "declined", because: refusal });
      return;
    }
    const timeLeft = clock.now() < command.notAfter;
    const triesLeft =
      verdict.again !== false && attempt.number < (isLineClosed(attempt) ? LINE_CLOSED_ATTEMPTS_MAX : definition.attemptsMax);
    const because = lastReply === "acknowledged" ? "stuck" : "silence";
    if ((!timeLeft || !triesLeft) && verdict.otherwise !== undefined) {
      await this.#apply(command, { type: "nobody-can-tell", because: verdict.otherwise });
      return;
    }
    if (!timeLeft || !triesLeft) {
      await this.#apply(command, { type: "not-done", timeLeft, triesLeft, because });
      return;
    }
    if (attempt.number >= QUICK_ATTEMPTS && command.looks === 0) {
      await this.#waitFor(command, {
        looks: 1,
        waitingFor: "line",
        lookAt: later(clock.now(), LOOK_AGAIN_STEP_MS * attempt.number),
      });
      return;
    }
    log.info({ attempt: attempt.number + 1 }, "the meter shows that it was not obeyed; sending again");
    await this.#attempt(definition, session, command, attempt.before, attempt.number + 1, log);
  }

  async #trouble(taken: Command, error: unknown, log: Logger, session: MeterSession | null): Promise<void> {
    const { clock, commands } = this.#parts;
    const command = await commands.find(null, taken.id);
    if (command === null || command.fence !== taken.fence || !isOpen(command.state)) return;
    if (error instanceof NotSent) {
      await this.#notSent(command, error);
      return;
    }
    if (!isFault(error)) {
      log.error(
        { reason: reasonOf(error), stack: error instanceof Error ? error.stack : undefined },
        "a mistake of ours; the command will be looked at again",
      );
      await this.#lookLater(command, "line", LOOK_AFTER_MISTAKE_MS);
      return;
    }
    log.info({ fault: error.code, state: command.state }, "not now");
    if (error.code === "line-not-ours") {
      await this.#leaveToHolder(command);
      return;
    }
    if (isUnsent(command.state)) {
      if (error.code === "deadline-passed" || clock.now() > command.notAfter) await this.#apply(command, { type: "out-of-time" });
      else if (faults[error.code].retry === "later" || faults[error.code].retry === "verify-first")
        await this.#lookLater(command, waitingFor(error.code), this.#pauseFor(command, error.code));
      else await this.#apply(command, { type: "declined", because: error.code });
      return;
    }
    if (session !== null) {
      const last = await commands.lastAttempt(command.id);
      if (last !== null) await commands.endAttempt(null, command.id, command.fence, last.number, last.outcome, session.evidence);
    }
    const verifying =
      command.state === "sending"
        ? await this.#applied(command, { type: "silence" }, { sentAt: command.sentAt ?? clock.now() })
        : command;
    if (this.#noMoreLooks(verifying))
      await this.#apply(verifying, { type: "nobody-can-tell", because: verifying.effect === "adds" ? "no-proof" : "silence" });
    else
      await this.#lookLater(
        verifying,
        error.code === "security-unavailable" ? waitingFor(error.code) : "silence",
        this.#pauseFor(command, error.code),
      );
  }

  /** A silent meter is looked at when it is asked again, by whomever: before that nothing would be sent. */
  #pauseFor(command: Command, code: FaultCode): number | undefined {
    if (code === "security-suspended") return FROZEN_LOOK_MS;
    if (code !== "meter-silent") return undefined;
    const { askAgainAt } = this.#parts.street.health(command.meter);
    return askAgainAt === null ? undefined : Math.max(0, askAgainAt - this.#parts.clock.now());
  }

  /** After the deadline a silent meter is not waited for any longer: we do not know, and say so. */
  #noMoreLooks(command: Command): boolean {
    const now = this.#parts.clock.now();
    if (command.effect === "adds") return now > command.notAfter;
    return now > Math.min(command.notAfter, (command.sentAt ?? command.createdAt) + SILENCE_ENDS_SETTING_MS);
  }

  /** Nothing left just now. What had left before ends openly; a newer order, or a rule that says no, is obeyed either way. */
  async #notSent(command: Command, why: NotSent): Promise<void> {
    switch (why.kind) {
      case "lost":
        return;
      case "not-ours":
        await this.#leaveToHolder(command);
        return;
      case "blocked":
        await this.#lookLater(command, "earlier-top-up");
        return;
      case "superseded":
      case "guard":
        await this.#apply(
          command,
          isUnsent(command.state) ? { type: "cancel", because: why.because } : { type: "nobody-can-tell", because: why.because },
        );
    }
  }

  /** When to look again, and what for; told when it is something new. */
  async #waitFor(command: Command, change: CommandChange): Promise<void> {
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

  async #lookLater(command: Command, what: string, pauseMs?: number): Promise<void> {
    const pause = pauseMs ?? Math.min(LOOK_AGAIN_STEP_MS * (command.looks + 1), LOOK_AGAIN_MS_MAX);
    const lookAt = later(this.#parts.clock.now(), pause);
    await this.#waitFor(command, {
      looks: command.looks + 1,
      waitingFor: what,
      lookAt: earliest(lookAt, command),
    });
  }

  /** The line is another gateway's now. It stays as it stands, due at once: whoever holds the line looks, and concludes. */
  #leaveToHolder(command: Command): Promise<void> {
    const waitingFor = isUnsent(command.state) ? "line" : command.waitingFor;
    return this.#waitFor(command, { waitingFor, lookAt: this.#parts.clock.now() });
  }

  #apply(command: Command, event: Parameters<typeof apply>[3], more: Parameters<typeof apply>[4] = {}): Promise<unknown> {
    if (ENDS_UNSENT.has(event.type) && this.#parts.restored?.mayHaveBeenSent(command) === true) return this.#dispute(command);
    return this.#parts.transactor.transact((tx) => apply(this.#parts, tx, command, event, more));
  }

  /** As apply, and answers the command as it stands then. A lost fence ends this worker's part. */
  async #applied(command: Command, event: Parameters<typeof apply>[3], more: Parameters<typeof apply>[4] = {}): Promise<Command> {
    const next = await this.#parts.transactor.transact((tx) => apply(this.#parts, tx, command, event, more));
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
}

/** An attempt's outcome is kept as text; a refusal begins with its code. */
const isLineClosed = ({ outcome }: Attempt): boolean => outcome.startsWith(LINE_CLOSED);

function refusalIn(outcome: string): FaultCode | null {
  const code = /^refused: ([a-z-]+)/.exec(outcome)?.[1];
  return code !== undefined && code in faults ? (code as FaultCode) : null;
}

const waits: Partial<Record<FaultCode, string>> = {
  "meter-silent": "meter-online",
  "clock-near-midnight": "window",
  "security-suspended": "security",
  "security-unavailable": "cipher-machine",
};
const waitingFor = (code: FaultCode): string => waits[code] ?? "line";
/** An unsent command is looked at no later than directly after its deadline, so that its end is told in time. */
const earliest = (lookAt: Instant, command: Command): Instant =>
  isUnsent(command.state) && lookAt > command.notAfter ? later(command.notAfter, 1) : lookAt;
