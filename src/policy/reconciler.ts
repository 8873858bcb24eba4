/**
 * Compares wish and reality, and asks for commands. Woken by a reading, a payment or the clock, it takes no argument: every
 * waking does the same work, so the day after a crash is an ordinary day.
 *
 * Restores are never shadowed and never wait for a window; cuts are recorded in shadow, and re-checked by `whyNot` in the
 * last moment before their bytes leave.
 */
import { hours, minutes, seconds, type Clock, type Instant } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Outbox } from "../kernel/events.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { yuan, type Fen } from "../kernel/money.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { AfterCredit } from "../commands/payment-service.ts";
import type { Command, CommandKind } from "../commands/command.ts";
import type { CommandService } from "../commands/command-service.ts";
import type { CommandStore } from "../commands/command-store.ts";
import type { CutGuard } from "../commands/command-runner.ts";
import { protectedTime, type NoCut } from "./calendar.ts";
import type { PolicyStore, RemoteMeter } from "./policy-store.ts";
import { decide, fulfils, type Facts, type Intent } from "./rules.ts";

export interface PolicySettings {
  readonly mode: "shadow" | "live";
  readonly restoreBy: "arm" | "reconnect";
  readonly cutBelow: Fen;
  readonly noCut: NoCut;
  readonly timeZone: string;
}

/** A cut rests on a reading that is no older than this. */
export const READING_FRESH_MS = hours(2);
const LOOK_EVERY_MS = seconds(30);
/** Many wakings at once are one; and the rules use at most a fifth of the time, however many meters there are. */
const PAUSE_MS_MIN = 20;
const PAUSE_PER_WORK = 4;
const PAUSE_MS_MAX = seconds(5);
/** A wish that ended in vain (stuck, refused) is not repeated before this: latching relays wear and weld. */
const TRY_AGAIN_AFTER_MS = minutes(15);
/** A restore that was refused for a small reason is tried again sooner. */
const RESTORE_AGAIN_MS = minutes(1);
/** Meters lock a password level after a few wrong ones. */
const PASSWORD_REST_MS = hours(6);
/** A person has taken an automatic cut back: the rules do not undo that on the same day. */
const PERSON_SAID_NO_MS = hours(24);

export interface ReconcilerParts {
  readonly store: PolicyStore;
  readonly commands: CommandStore;
  readonly service: CommandService;
  readonly transactor: Transactor;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: PolicySettings;
  /** When the meter was heard last, or null. */
  readonly heardAt: (meter: MeterAddress) => Instant | null;
  /** A decision waits for a fresh reading. */
  readonly readSoon: (meter: MeterAddress) => void;
  /** How often it looks without a nudge; left out: every half minute. */
  readonly everyMs?: number;
  /** Nobody is cut while it holds: the books came back from a backup and may lack payments. Left out: it never does. */
  readonly holdsCuts?: () => Promise<boolean>;
}

export class Reconciler implements AfterCredit, CutGuard {
  readonly #parts: ReconcilerParts;
  readonly #stop = new AbortController();
  #nudge = new AbortController();
  #wakings = 0;
  #loop: Promise<void> | null = null;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  nudge(): void {
    this.#wakings += 1;
    this.#nudge.abort("nudged");
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#nudge.abort();
    await this.#loop;
  }

  /** The one piece of work. */
  async reconcile(): Promise<void> {
    for (const seen of await this.#parts.store.remoteMeters()) {
      try {
        await this.#one(seen);
      } catch (error) {
        this.#parts.log.error(
          { meter: seen.meter, reason: reasonOf(error) },
          "the rules could not be applied to this meter; they go on with the next",
        );
      }
    }
  }

  async restore(tx: Transaction, meter: MeterAddress): Promise<Command | null> {
    const picture = await this.#parts.store.remoteMeter(tx, meter);
    if (picture === null) return null;
    const intent = decide(this.#facts(picture));
    const needed = intent.want === "connected" && picture.relay !== "unknown" && !fulfils(picture, "connected");
    return needed ? this.#ask(tx, picture, intent) : null;
  }

  async whyNot(command: Command): Promise<string | null> {
    const picture = await this.#parts.store.remoteMeter(null, command.meter);
    if (picture === null) return "no-longer-remote";
    if (this.#parts.settings.mode === "shadow") return "shadow";
    if (await this.#parts.holdsCuts?.()) return "restored";
    const facts = this.#facts(picture);
    // The look has just shown the relay; what the books say of it must not hide the rest of the rules.
    const intent = decide({ ...facts, relay: "connected" });
    return intent.want === "disconnected" ? null : intent.because;
  }

  async #run(): Promise<void> {
    const { clock, log, everyMs = LOOK_EVERY_MS } = this.#parts;
    while (!this.#stop.signal.aborted) {
      const wakings = this.#wakings;
      const began = clock.now();
      this.#nudge = new AbortController();
      try {
        await this.reconcile();
      } catch (error) {
        log.error({ reason: reasonOf(error) }, "the rules could not be applied; they are applied again");
        await clock.wait(LOOK_EVERY_MS, this.#stop.signal);
      }
      const workedMs = clock.now() - began;
      await clock.wait(Math.min(Math.max(PAUSE_MS_MIN, PAUSE_PER_WORK * workedMs), PAUSE_MS_MAX), this.#stop.signal);
      if (this.#wakings === wakings) await clock.wait(everyMs, AbortSignal.any([this.#stop.signal, this.#nudge.signal]));
    }
  }

  /** `seen` may be old by the time its turn comes: what is done is decided again, on the meter's locked row. */
  async #one(seen: RemoteMeter): Promise<void> {
    const { transactor } = this.#parts;
    const first = decide(this.#facts(seen));
    if (first.because === "reading-stale" && seen.readAt !== null) this.#parts.readSoon(seen.meter);
    const nothingToDo = seen.relay === "unknown" || fulfils(seen, first.want);
    if (nothingToDo && !(seen.cutWaiting && first.want !== "disconnected")) return;
    await transactor.transact(
      async (tx) => {
        const picture = await this.#parts.store.remoteMeter(tx, seen.meter);
        if (picture !== null) await this.#act(tx, picture);
      },
      { actor: "rules" },
    );
  }

  async #act(tx: Transaction, picture: RemoteMeter): Promise<void> {
    const { settings, service } = this.#parts;
    const facts = this.#facts(picture);
    const intent = decide(facts);
    if (intent.want !== "disconnected" && picture.cutWaiting) await service.cancelUnsentCuts(tx, picture.meter, intent.because);
    if (picture.relay === "unknown" || fulfils(picture, intent.want)) return;
    const shadow = intent.want === "disconnected" && (settings.mode === "shadow" || (await this.#parts.holdsCuts?.()) === true);
    await this.#remember(tx, picture, intent, shadow, facts);
    if (shadow || (await this.#triedInVain(tx, picture.meter, intent))) return;
    if (intent.want === "connected") await this.#ask(tx, picture, intent);
    else await service.ensure(tx, this.#wish(picture, "disconnect", intent));
  }

  #ask(tx: Transaction, picture: RemoteMeter, intent: Intent): Promise<Command | null> {
    return this.#parts.service.ensure(tx, this.#wish(picture, this.#parts.settings.restoreBy, intent));
  }

  #wish(picture: RemoteMeter, kind: CommandKind, intent: Intent): Parameters<CommandService["ensure"]>[1] {
    return {
      kind,
      meter: picture.meter,
      account: picture.account,
      payment: null,
      params: {},
      askedBy: "rule",
      reason: intent.because,
    };
  }

  /** The last command for this wish ended without effect, and it is too early to ask again. */
  async #triedInVain(tx: Transaction, meter: MeterAddress, intent: Intent): Promise<boolean> {
    const kinds: readonly CommandKind[] = intent.want === "disconnected" ? ["disconnect"] : ["reconnect", "arm"];
    const last = await this.#parts.commands.lastEnded(tx, meter, kinds);
    if (last === null || last.endedAt === null || last.askedBy !== "rule") return false;
    const since = this.#parts.clock.now() - last.endedAt;
    if (since < 0) return false; // the clock went back; nobody waits for it to come again
    return since < this.#restAfter(last, intent);
  }

  #restAfter(last: Command, intent: Intent): number {
    if (last.state === "cancelled") return last.because === "person" ? PERSON_SAID_NO_MS : 0;
    if (last.state !== "unanswered" && last.state !== "refused") return 0;
    if (last.because === "stuck") return TRY_AGAIN_AFTER_MS;
    if (last.because === "password-refused") return PASSWORD_REST_MS;
    const heardAt = this.#parts.heardAt(last.meter);
    if (last.because === "silence" && heardAt !== null && last.endedAt !== null && heardAt > last.endedAt) return 0;
    return intent.want === "connected" ? RESTORE_AGAIN_MS : TRY_AGAIN_AFTER_MS; // somebody sits in the dark
  }

  async #remember(tx: Transaction, picture: RemoteMeter, intent: Intent, shadow: boolean, facts: Facts): Promise<void> {
    const last = await this.#parts.store.lastIntent(tx, picture.meter);
    if (last !== null && last.want === intent.want && last.because === intent.because) return;
    const stored = {
      available: yuan(facts.available),
      cutBelow: yuan(facts.cutBelow),
      relay: facts.relay,
      readAt: facts.readAt,
      protectedTime: facts.protectedTime,
    };
    await this.#parts.store.keepIntent(tx, picture.meter, intent, shadow, stored, facts.now);
    await this.#parts.outbox.announce(tx, {
      type: "intent",
      meter: picture.meter,
      want: intent.want,
      because: intent.because,
      shadow,
    });
    this.#parts.log.info(
      { meter: picture.meter, want: intent.want, because: intent.because, shadow },
      shadow ? "in shadow: this would be done" : "the rules want it",
    );
  }

  #facts(picture: RemoteMeter): Facts {
    const { settings, clock } = this.#parts;
    const now = clock.now();
    return {
      now,
      available: picture.available,
      cutBelow: settings.cutBelow,
      relay: picture.relay,
      cutBy: picture.cutBy,
      protectedSupply: picture.protectedSupply,
      identity: picture.identity,
      disputed: picture.disputed,
      readingInDoubt: picture.readingInDoubt === true,
      readAt: picture.readAt,
      freshMs: READING_FRESH_MS,
      protectedTime: protectedTime(now, settings.timeZone, settings.noCut),
    };
  }
}
