/**
 * Compares wish and reality, and asks for commands. Woken by a reading, a payment or the clock, it takes no argument: every
 * waking does the same work, so the day after a crash is an ordinary day.
 *
 * Restores are never shadowed and never wait for a window; cuts are recorded in shadow, and re-checked by `whyNot` in the
 * last moment before their bytes leave.
 */
import { hours, later, seconds, type Clock, type Instant } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Outbox } from "../kernel/events.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import { definitionOf } from "../commands/catalogue.ts";
import type { AfterCredit } from "../commands/payment-service.ts";
import type { Command, CommandKind } from "../commands/command.ts";
import type { CommandService } from "../commands/command-service.ts";
import type { CommandStore } from "../commands/command-store.ts";
import type { CutGuard } from "../commands/command-runner.ts";
import type { BatchTurns, Turns } from "./batch-turns.ts";
import type { CutGate, GatePass } from "./cut-gate.ts";
import type { HeldBy } from "./guard-rails.ts";
import { isDue, lookAt, owes } from "./look.ts";
import { alarmWish } from "./meter-alarm.ts";
import type { PolicyStore, RemoteMeter } from "./policy-store.ts";
import { kindsOf, restAfter } from "./resting.ts";
import { decide, fulfils, type Intent } from "./rules.ts";
import { factsToKeep, standingAfter, type Look } from "./standing.ts";
import type { Strategies } from "./strategies.ts";
import type { Teller } from "./teller.ts";

const LOOK_EVERY_MS = seconds(30);
/** Time may change many decisions one after the other; they are looked at together. */
const TIME_WAKES_MS_MIN = seconds(1);
/** Many wakings at once are one; and the rules use at most a fifth of the time, however many meters there are. */
const PAUSE_MS_MIN = 20;
const PAUSE_PER_WORK = 4;
const PAUSE_MS_MAX = seconds(15);
/** A meter that shows no alarm after it was told to is not told again and again: it may know better. */
const ALARM_REST_MS = hours(1);

export interface ReconcilerParts {
  readonly store: PolicyStore;
  readonly commands: CommandStore;
  readonly service: CommandService;
  readonly transactor: Transactor;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly strategies: Strategies;
  /** When the meter was heard last, or null. */
  readonly heardAt: (meter: MeterAddress) => Instant | null;
  /** A decision waits for a fresh reading. */
  readonly readSoon: (meter: MeterAddress) => void;
  /** How often it looks without a nudge; left out: every half minute. */
  readonly everyMs?: number;
  /** Nobody is cut while it holds: the books came back from a backup and may lack payments. Left out: it never does. */
  readonly holdsCuts?: () => Promise<boolean>;
  /** Guard rails of the whole site; left out: none, as where one meter is looked at alone. */
  readonly rails?: {
    readonly gate: Pick<CutGate, "pass" | "mayAsk">;
    readonly lists: Pick<BatchTurns, "advance" | "start" | "nudge" | "stop">;
  };
  /** Left out: nobody is told. */
  readonly teller?: Teller;
}

/** Nobody could be asked whether so many may be cut: then nobody is, and whoever is in credit is restored all the same. */
const NOT_NOW: GatePass = { halted: null, heldBy: () => "cut-pace", counted: () => true };
const NO_RAILS: GatePass = { halted: null, heldBy: () => null, counted: () => true };

export class Reconciler implements AfterCredit, CutGuard, Turns {
  readonly #parts: ReconcilerParts;
  readonly #stop = new AbortController();
  #nudge = new AbortController();
  #wakings = 0;
  /** When time alone may change a decision of the last pass. */
  #wakeAt = Number.POSITIVE_INFINITY;
  #loop: Promise<void> | null = null;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop ??= this.#run();
    this.#parts.rails?.lists.start(this, this.#parts.everyMs);
  }

  nudge(): void {
    this.#wakings += 1;
    this.#nudge.abort("nudged");
  }

  /** Somebody has said something about a list of cuts. */
  nudgeLists(): void {
    this.#parts.rails?.lists.nudge();
    this.nudge();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#nudge.abort();
    await Promise.all([this.#loop, this.#parts.rails?.lists.stop()]);
  }

  /** The one piece of work. */
  async reconcile(): Promise<void> {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const everybody = await this.#parts.store.remoteMeters();
    const pass = await this.#passOf(everybody);
    for (const seen of everybody) {
      try {
        await this.#one(seen, pass);
      } catch (error) {
        this.#parts.log.error(
          { meter: seen.meter, reason: reasonOf(error) },
          "the rules could not be applied to this meter; they go on with the next",
        );
      }
    }
    await this.#parts.rails?.lists.advance(this);
  }

  /** Of a list that persons approved: decided anew on the meter's locked row. */
  async consider(tx: Transaction, meter: MeterAddress): ReturnType<Turns["consider"]> {
    const { store, holdsCuts, readSoon } = this.#parts;
    const picture = await store.remoteMeter(tx, meter);
    if (picture === null) return { because: "no-longer-remote" };
    const look = this.#look(picture);
    const { decision, strategy } = look;
    if (strategy.mode === "shadow") return { because: "shadow" };
    if (await holdsCuts?.()) return { because: "restored" };
    if (decision.because === "reading-stale") readSoon(meter);
    if (decision.want !== "disconnected") return { because: decision.because };
    if (!isDue(look)) return { because: "already-cut" };
    if (await this.#rests(tx, meter, decision)) return { because: "rests" };
    const ask = async (goodUntil: Instant): Promise<Command | null> => {
      await this.#remember(tx, look, false);
      const command = await this.#ask(tx, look, goodUntil);
      await this.#keep(tx, look, false, command);
      return command;
    };
    return { ask };
  }

  async restore(tx: Transaction, meter: MeterAddress): Promise<Command | null> {
    const picture = await this.#parts.store.remoteMeter(tx, meter);
    if (picture === null) return null;
    const look = this.#look(picture);
    const { decision } = look;
    const needed = decision.want === "connected" && picture.relay !== "unknown" && !fulfils(picture, "connected");
    const command = needed ? await this.#ask(tx, look) : null;
    await this.#keep(tx, look, false, command);
    await this.#parts.teller?.looked(tx, look);
    return command;
  }

  async whyNot(command: Command, tx: Transaction | null = null): Promise<string | null> {
    const picture = await this.#parts.store.remoteMeter(tx, command.meter);
    if (picture === null) return "no-longer-remote";
    const { facts, strategy } = this.#look(picture);
    if (strategy.mode === "shadow") return "shadow";
    if (await this.#parts.holdsCuts?.()) return "restored";
    // The look has just shown the relay; what the books say of it must not hide the rest of the rules.
    const decision = decide({ ...facts, relay: "connected" }, strategy);
    return decision.want === "disconnected" ? null : decision.because;
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
      const pauseMs = Math.min(everyMs, Math.max(this.#wakeAt - clock.now(), TIME_WAKES_MS_MIN));
      if (this.#wakings === wakings) await clock.wait(pauseMs, AbortSignal.any([this.#stop.signal, this.#nudge.signal]));
    }
  }

  /** What the guard rails say to all who are due at once. */
  async #passOf(everybody: readonly RemoteMeter[]): Promise<GatePass> {
    const { rails, strategies, clock, holdsCuts, log } = this.#parts;
    if (rails === undefined) return NO_RAILS;
    try {
      const now = clock.now();
      const owing = (await holdsCuts?.()) === true ? [] : everybody.filter((picture) => owes(strategies, picture));
      const due = owing
        .map((picture) => lookAt(strategies, picture, now))
        .filter((look) => look.strategy.mode === "live" && isDue(look));
      return await rails.gate.pass(due, ({ picture, decision }) => this.#rests(null, picture.meter, decision));
    } catch (error) {
      log.error({ reason: reasonOf(error) }, "the guard rails could not be asked: nobody is cut at this look");
      return NOT_NOW;
    }
  }

  /** `seen` may be old by the time its turn comes: what is done is decided again, on the meter's locked row. */
  async #one(seen: RemoteMeter, pass: GatePass): Promise<void> {
    const { transactor } = this.#parts;
    const look = this.#look(seen);
    const { decision } = look;
    this.#wakeAt = Math.min(this.#wakeAt, decision.nextAt ?? Number.POSITIVE_INFINITY);
    if (decision.because === "reading-stale" && seen.readAt !== null) this.#parts.readSoon(seen.meter);
    // he may sit in the dark for a false register, or an answer was broken: the next one tells
    if (seen.contradictedOnce === true && seen.cutBy === "rule") this.#parts.readSoon(seen.meter);
    const held = decision.want === "disconnected" ? pass.heldBy(seen.meter) : null;
    const isSo = seen.relay === "unknown" || fulfils(seen, decision.want) || held !== null;
    const nothingToDo = isSo && alarmWish(look) === null;
    const nothingToTake = !seen.cutWaiting || decision.want === "disconnected";
    if (nothingToDo && nothingToTake && !this.#after(look).isOther) return;
    await transactor.transact(
      async (tx) => {
        const picture = await this.#parts.store.remoteMeter(tx, seen.meter);
        if (picture !== null) await this.#act(tx, this.#look(picture), { held, isCounted: pass.counted(seen.meter) });
      },
      { actor: "rules" },
    );
  }

  async #act(tx: Transaction, look: Look, said: { readonly held: HeldBy | null; readonly isCounted: boolean }): Promise<void> {
    const { service, holdsCuts } = this.#parts;
    const { picture, decision, strategy } = look;
    const { meter } = picture;
    if (decision.want !== "disconnected" && picture.cutWaiting) await service.cancelUnsentCuts(tx, meter, decision.because);
    const alarm = alarmWish(look);
    if (alarm !== null && !(await this.#alarmRests(tx, meter))) await service.ensure(tx, this.#wish(look, alarm));
    const shadow = decision.want === "disconnected" && (strategy.mode === "shadow" || (await holdsCuts?.()) === true);
    const isWanted = picture.relay !== "unknown" && !fulfils(picture, decision.want);
    if (isWanted) await this.#remember(tx, look, shadow);
    const mayAsk = isWanted && !shadow && !(await this.#rests(tx, meter, decision)) && !(await this.#isHeld(tx, look, said));
    await this.#keep(tx, look, shadow, mayAsk ? await this.#ask(tx, look) : null);
    await this.#parts.teller?.looked(tx, look);
  }

  /** By the guard rails; asked anew, since another gateway may have cut meanwhile. */
  async #isHeld(
    tx: Transaction,
    { picture, decision }: Look,
    { held, isCounted }: { readonly held: HeldBy | null; readonly isCounted: boolean },
  ): Promise<boolean> {
    if (decision.want !== "disconnected" || picture.cutWaiting) return false;
    if (!isCounted) {
      // hours end, and notices are over, for many in one moment: had they all been counted, it might have been a list
      this.#wakeAt = this.#parts.clock.now();
      return true;
    }
    return held !== null || ((await this.#parts.rails?.gate.mayAsk(tx, picture.meter)) ?? null) !== null;
  }

  /** What is decided anew is kept, with what was asked of the meter because of it; and told, where it is another stage. */
  async #keep(tx: Transaction, look: Look, shadow: boolean, command: Command | null): Promise<void> {
    const { store, outbox } = this.#parts;
    const { decision, facts, strategy } = look;
    const { account, meter } = look.picture;
    const { standing, isNews, isOther, stageChanged } = this.#after(look);
    // a wish that is repeated, or could be asked for only now: whoever looks at the command finds the facts beside it
    const isAsked = command !== null && command.createdAt >= facts.now;
    if (!isOther && !isAsked) return;
    if (!isNews && !isAsked) {
      await store.keepStanding(tx, meter, account, standing);
      return;
    }
    const { want, because, stage, blocks, nextAt } = decision;
    const kept = { meter, account, at: facts.now, stage, want, because, blocks, nextAt, strategy: strategy.version, shadow };
    await store.keepDecision(tx, { ...kept, facts: factsToKeep(facts, strategy), command: command?.id ?? null }, standing);
    if (stageChanged) await outbox.announce(tx, { type: "policy", account, meter, stage, want, because });
  }

  #ask(tx: Transaction, look: Look, goodUntil?: Instant): Promise<Command | null> {
    const kind = look.decision.want === "connected" ? look.strategy.restoreBy : "disconnect";
    const wish = this.#wish(look, kind);
    if (goodUntil === undefined) return this.#parts.service.ensure(tx, wish);
    const usual = later(this.#parts.clock.now(), definitionOf(kind).notAfterMs);
    return this.#parts.service.ensure(tx, { ...wish, notAfter: goodUntil < usual ? goodUntil : usual });
  }

  #wish({ picture, decision }: Look, kind: CommandKind): Parameters<CommandService["ensure"]>[1] {
    return {
      kind,
      meter: picture.meter,
      account: picture.account,
      payment: null,
      params: {},
      askedBy: "rule",
      reason: decision.because,
    };
  }

  async #alarmRests(tx: Transaction, meter: MeterAddress): Promise<boolean> {
    const last = await this.#parts.commands.lastEnded(tx, meter, ["warn", "unwarn"]);
    if (last?.endedAt == null) return false;
    const since = this.#parts.clock.now() - last.endedAt;
    return since >= 0 && since < ALARM_REST_MS;
  }

  async #rests(tx: Transaction | null, meter: MeterAddress, { want }: Intent): Promise<boolean> {
    const { commands, heardAt, clock } = this.#parts;
    return restAfter(await commands.lastEnded(tx, meter, kindsOf(want)), want, heardAt(meter), clock.now()) !== null;
  }

  async #remember(tx: Transaction, { picture, decision, facts, strategy }: Look, shadow: boolean): Promise<void> {
    const { want, because } = decision;
    const { meter } = picture;
    const last = await this.#parts.store.lastIntent(tx, meter);
    if (last !== null && last.want === want && last.because === because) return;
    await this.#parts.store.keepIntent(tx, meter, { want, because }, shadow, factsToKeep(facts, strategy), facts.now);
    await this.#parts.outbox.announce(tx, { type: "intent", meter, want, because, shadow });
    this.#parts.log.info({ meter, want, because, shadow }, shadow ? "in shadow: this would be done" : "the rules want it");
  }

  #look(picture: RemoteMeter): Look {
    return lookAt(this.#parts.strategies, picture, this.#parts.clock.now());
  }

  #after({ picture, decision, facts, strategy }: Look): ReturnType<typeof standingAfter> {
    return standingAfter(picture.standing, decision, facts, strategy);
  }
}
