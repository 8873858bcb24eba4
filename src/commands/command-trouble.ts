/**
 * What stood in a command's way: a meter or a line that is not there, a mistake of ours, a newer order, another worker. What had not left
 * may go on later or end; what had left is looked after until the meter shows it, or time is over and we say that we do not know.
 */
import { Instant, minutes, seconds, type Clock } from "../kernel/clock.ts";
import { faults, isFault, reasonOf, type FaultCode } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { MeterSession, Street } from "../devices/meter.ts";
import { definitionOf } from "./catalogue.ts";
import type { CommandStore, MeterStore } from "./command-store.ts";
import { isOpen, isUnsent, type Command } from "./command.ts";
import { NotSent, type CommandSteps } from "./command-steps.ts";

/** An order that was sent and met only silence is looked after for this long, then it has ended; a wish that stands makes a new one. */
const SILENCE_ENDS_SETTING_MS = minutes(10);
/** After a mistake of ours, a lock that was held too long, a disk that is full: soon enough for somebody in the dark. */
const LOOK_AFTER_MISTAKE_MS = seconds(10);
const FROZEN_LOOK_MS = minutes(30);
const SWITCH_LOOK_MS = minutes(5);
/** What is looked after beyond its deadline; whoever is heard again is looked at in that moment. */
const LATE_LOOK_MS = minutes(30);
/** So many have been cut just now that this one waits for minutes to pass. */
const PACE_LOOK_MS = seconds(30);

const waits: Partial<Record<FaultCode, string>> = {
  "meter-silent": "meter-online",
  "clock-near-midnight": "window",
  "tariff-switch-near": "window",
  "security-suspended": "security",
  "security-unavailable": "cipher-machine",
};
const waitingFor = (code: FaultCode): string => waits[code] ?? "line";

export interface TroubleParts {
  readonly clock: Clock;
  readonly commands: CommandStore;
  readonly meters: Pick<MeterStore, "account" | "meter">;
  readonly street: Pick<Street, "health">;
}

export class CommandTrouble {
  readonly #parts: TroubleParts;
  readonly #steps: CommandSteps;

  constructor(parts: TroubleParts, steps: CommandSteps) {
    this.#parts = parts;
    this.#steps = steps;
  }

  /** What an attempt, or a look, threw: nothing is lost by it, and nothing believed. */
  async meet(taken: Command, error: unknown, log: Logger, session: MeterSession | null): Promise<void> {
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
      await this.#steps.lookLater(command, "line", LOOK_AFTER_MISTAKE_MS);
      return;
    }
    log.info({ fault: error.code, state: command.state }, "not now");
    if (error.code === "line-not-ours") {
      await this.#steps.leaveToHolder(command);
      return;
    }
    if (isUnsent(command.state)) {
      if (error.code === "deadline-passed" || clock.now() > command.notAfter)
        await this.#steps.apply(command, { type: "out-of-time" });
      else if (["later", "verify-first"].includes(faults[error.code].retry) || (await this.#isYetToCome(command, error.code)))
        await this.#steps.lookLater(command, waitingFor(error.code), this.#pauseFor(command, error.code));
      else await this.#steps.apply(command, { type: "declined", because: error.code });
      return;
    }
    if (session !== null) {
      const last = await commands.lastAttempt(command.id);
      if (last !== null) await commands.endAttempt(null, command.id, command.fence, last.number, last.outcome, session.evidence);
    }
    const verifying =
      command.state === "sending"
        ? await this.#steps.applied(command, { type: "silence" }, { sentAt: command.sentAt ?? clock.now() })
        : command;
    const until = await this.#lookedAfterUntil(verifying);
    if (clock.now() > until)
      await this.#steps.apply(verifying, {
        type: "nobody-can-tell",
        because: verifying.effect === "adds" ? "no-proof" : "silence",
      });
    else
      await this.#steps.lookLater(
        verifying,
        error.code === "security-unavailable" ? waitingFor(error.code) : "silence",
        clock.now() > verifying.notAfter ? Math.min(LATE_LOOK_MS, until + 1 - clock.now()) : this.#pauseFor(command, error.code),
      );
  }

  /**
   * Added by another gateway, and not on our lines yet: its account's meter by the books, which every gateway goes by (house/added-meters.ts).
   * Of one without an account they say only that none has taken its place.
   */
  async #isYetToCome({ meter, account }: Command, code: FaultCode): Promise<boolean> {
    if (code !== "unknown-meter") return false;
    const { meters } = this.#parts;
    if (account !== null) return (await meters.account(null, account))?.meter === meter;
    const book = await meters.meter(null, meter);
    return book !== null && book.replacedBy == null;
  }

  /** A silent meter is looked at when it is asked again, by whomever: before that nothing would be sent. */
  #pauseFor(command: Command, code: FaultCode): number | undefined {
    if (code === "security-suspended") return FROZEN_LOOK_MS;
    if (code === "tariff-switch-near") return SWITCH_LOOK_MS;
    if (code !== "meter-silent") return undefined;
    const { askAgainAt } = this.#parts.street.health(command.meter);
    return askAgainAt === null ? undefined : Math.max(0, askAgainAt - this.#parts.clock.now());
  }

  /** After the deadline a silent meter is not waited for any longer, unless what was begun may do harm: we do not know, and say so. */
  async #lookedAfterUntil(command: Command): Promise<Instant> {
    if (command.effect === "adds") return command.notAfter;
    const { silenceEndsMs = SILENCE_ENDS_SETTING_MS, lookedAfterUntil } = definitionOf(command.kind);
    const until = Math.min(command.notAfter, (command.sentAt ?? command.createdAt) + silenceEndsMs);
    const last = lookedAfterUntil === undefined ? null : await this.#parts.commands.lastAttempt(command.id);
    return Instant(last === null ? until : Math.max(until, lookedAfterUntil!(last.before)));
  }

  /** Nothing left just now. What had left before ends openly; a newer order, or a rule that says no, is obeyed either way. */
  async #notSent(command: Command, why: NotSent): Promise<void> {
    switch (why.kind) {
      case "lost":
        return;
      case "not-ours":
        await this.#steps.leaveToHolder(command);
        return;
      case "blocked":
        await this.#steps.lookLater(command, "earlier-top-up");
        return;
      case "pace":
        await this.#steps.lookLater(command, why.because, PACE_LOOK_MS);
        return;
      case "superseded":
      case "guard":
        await this.#steps.apply(
          command,
          isUnsent(command.state) ? { type: "cancel", because: why.because } : { type: "nobody-can-tell", because: why.because },
        );
    }
  }
}
