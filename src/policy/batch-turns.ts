/**
 * Carries approved lists out, step by step (`batch-run.ts` says which). What became of the orders is looked up in their rows, so a gateway
 * that died in the middle goes on where the other one left it. Each member is decided anew at its turn, on its locked row; a step costs what
 * it does, however long the list is.
 */
import { hours, seconds, type Clock, type Instant } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Outbox } from "../kernel/events.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { Command } from "../commands/command.ts";
import type { CommandService } from "../commands/command-service.ts";
import type { MeterStore } from "../commands/command-store.ts";
import { BatchPace } from "./batch-pace.ts";
import { isOpenBatch, nextStep, UNDER_WAY_MAX } from "./batch-run.ts";
import type { CutAlarms } from "./cut-alarms.ts";
import { isFailure } from "./cut-ends.ts";
import { BATCH_OVER, type CutGate } from "./cut-gate.ts";
import { RULES } from "./cut-lists.ts";
import { roomNow, type HeldBy, type SiteFigures } from "./guard-rails.ts";
import type { GuardRails } from "./guard-settings.ts";
import type { CutBatch, EndedMember, GuardStore, MemberChange, MemberEnd } from "./guard-store.ts";

/** A list that nobody has decided about is drawn up anew from what is due then. */
const PROPOSAL_GOOD_MS = hours(24);
/** Without a nudge. */
const LOOK_EVERY_MS = seconds(30);
/** Between two steps of a list that runs. */
const STEP_EVERY_MS = 250;
/** In one transaction: what each costs besides is shared, and whoever pays meanwhile waits for no more than these. */
const TURNS_AT_ONCE = 16;
/** Transactions at a time: the database has others to serve. */
const SIDE_BY_SIDE = 2;
const ENDS_AT_ONCE = 500;

/** What the rules say of one meter at its turn, its row locked: why not, or the way to ask. */
export interface Turns {
  consider(
    tx: Transaction,
    meter: MeterAddress,
  ): Promise<{ readonly because: string } | { ask(notAfter: Instant): Promise<Command | null> }>;
}

/** Of another list, and not ended yet: what becomes of it is told there. */
const ELSEWHERE = "batch";
/** These pass, with a reading or the end of that order: the member keeps its place. */
const PASSES: ReadonlySet<string> = new Set(["reading-stale", ELSEWHERE]);
/** Whoever could not be asked for rests so long: a corner that is silent must not take the turns of all others. */
const PASSED_REST_MS = seconds(10);

export interface BatchTurnsParts {
  readonly store: GuardStore;
  readonly gate: Pick<CutGate, "figures">;
  readonly transactor: Transactor;
  readonly meters: Pick<MeterStore, "meter">;
  readonly service: Pick<CommandService, "cancelUnsentCuts">;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rails: GuardRails;
  readonly alarms?: CutAlarms;
}

export class BatchTurns {
  readonly #parts: BatchTurnsParts;
  readonly #pace = new BatchPace(UNDER_WAY_MAX);
  readonly #passed = new Map<MeterAddress, Instant>();
  readonly #stop = new AbortController();
  #nudge = new AbortController();
  #under: Promise<boolean> | null = null;
  #loop: Promise<void> | null = null;

  constructor(parts: BatchTurnsParts) {
    this.#parts = parts;
  }

  /** One step of each list. True: something is under way, and the next step comes soon. One call at a time: a second one joins the first. */
  advance(turns: Turns): Promise<boolean> {
    this.#under ??= this.#all(turns).finally(() => (this.#under = null));
    return this.#under;
  }

  /** Beside the looks at everybody, which take long: a list that runs has a pace of its own. */
  start(turns: Turns, everyMs: number = LOOK_EVERY_MS): void {
    this.#loop ??= this.#run(turns, everyMs);
  }

  /** Somebody has said something about a list. */
  nudge(): void {
    this.#nudge.abort("nudged");
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#nudge.abort("stopped");
    await this.#loop;
  }

  async #run(turns: Turns, everyMs: number): Promise<void> {
    const { clock, log } = this.#parts;
    while (!this.#stop.signal.aborted) {
      this.#nudge = new AbortController();
      let isUnderWay = false;
      try {
        isUnderWay = await this.advance(turns);
      } catch (error) {
        log.error({ reason: reasonOf(error) }, "lists of cuts could not be looked at; they are looked at again");
      }
      const signals = [this.#stop.signal, ...(isUnderWay ? [] : [this.#nudge.signal])];
      await clock.wait(isUnderWay ? Math.min(STEP_EVERY_MS, everyMs) : everyMs, AbortSignal.any(signals));
    }
  }

  async #all(turns: Turns): Promise<boolean> {
    const { store, log } = this.#parts;
    let isUnderWay = false;
    for (const batch of await store.liveBatches(null)) {
      isUnderWay ||= batch.state !== "proposed";
      try {
        await this.#one(batch, turns);
      } catch (error) {
        log.error({ batch: batch.id, reason: reasonOf(error) }, "a list of cuts could not go on; it is looked at again");
      }
    }
    return isUnderWay;
  }

  async #one(batch: CutBatch, turns: Turns): Promise<void> {
    const { store, clock, gate, rails } = this.#parts;
    if (batch.state === "proposed") {
      if (clock.now() - batch.proposedAt > PROPOSAL_GOOD_MS) await this.#end(batch, "lapsed", "nobody-decided");
      return;
    }
    await this.#noteEnds(batch);
    if (!isOpenBatch(batch.state)) {
      await this.#takeBack(batch);
      return;
    }
    const figures = await gate.figures(null);
    const resting = this.#resting();
    // canaries are spread over the lines of the whole list; the others go in its order
    const members = await store.runMembers(batch.id, batch.state === "canary" ? null : UNDER_WAY_MAX + resting.size);
    const open = members.filter(({ state }) => state === "asked").length;
    const step = nextStep({
      ...{ state: batch.state as "canary" | "running", members, canary: batch.canary, halted: haltedBy(figures) },
      room: Math.min(roomNow(figures, rails, { raised: batch.raisesBrake, open }), this.#pace.underWay - open),
      ...{ resting, now: clock.now(), goodUntil: batch.goodUntil! },
    });
    if (step.step === "end") {
      await this.#end(batch, step.state, step.because);
      await this.#takeBack(batch);
    }
    if (step.step !== "ask") return;
    const waiting = [...step.meters];
    const next = (): readonly MeterAddress[] => waiting.splice(0, TURNS_AT_ONCE);
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => this.#turnsOf(batch, step.state, next, turns)));
  }

  /** What became of those that were asked for. */
  async #noteEnds(batch: CutBatch): Promise<void> {
    const { store, transactor } = this.#parts;
    for (let more = true; more;) {
      const ended = await store.endedMembers(batch.id, ENDS_AT_ONCE);
      more = ended.length === ENDS_AT_ONCE;
      if (ended.length === 0) return;
      const ends = ended.map((one) => ({ meter: one.meter, ...endOf(one) }));
      await transactor.transact((tx) => store.endMembers(tx, batch.id, ends), { actor: RULES });
    }
  }

  async #turnsOf(batch: CutBatch, state: "canary" | "running", next: () => readonly MeterAddress[], turns: Turns): Promise<void> {
    for (let meters = next(); meters.length > 0; meters = next()) if (!(await this.#turns(batch, state, meters, turns))) return;
  }

  /** Several in one transaction, their rows locked in one order. False: nothing more is asked for now. */
  async #turns(batch: CutBatch, state: "canary" | "running", meters: readonly MeterAddress[], turns: Turns): Promise<boolean> {
    const { clock } = this.#parts;
    const began = clock.now();
    try {
      const goesOn = await this.#together(batch, state, meters.toSorted(), turns);
      this.#pace.took(Math.max(0, clock.now() - began), meters.length);
      return goesOn;
    } catch (error) {
      if (meters.length === 1) throw error;
      this.#parts.log.warn({ batch: batch.id, reason: reasonOf(error) }, "turns of a list are taken one by one");
      return this.#oneByOne(batch, state, meters, turns);
    }
  }

  /** One that fails does not hold up the others; where all do, it is not theirs. */
  async #oneByOne(batch: CutBatch, state: "canary" | "running", meters: readonly MeterAddress[], turns: Turns): Promise<boolean> {
    const { clock, log } = this.#parts;
    const failed: unknown[] = [];
    for (const meter of meters) {
      try {
        if (!(await this.#together(batch, state, [meter], turns))) return false;
      } catch (error) {
        failed.push(error);
        this.#passed.set(meter, clock.now());
        log.error(
          { batch: batch.id, meter, reason: reasonOf(error) },
          "its turn on a list could not be taken; it is taken again",
        );
      }
    }
    if (failed.length === meters.length) throw failed[0];
    return true;
  }

  #resting(): ReadonlySet<MeterAddress> {
    const now = this.#parts.clock.now();
    for (const [meter, at] of this.#passed) if (Math.abs(now - at) >= PASSED_REST_MS) this.#passed.delete(meter);
    return new Set(this.#passed.keys());
  }

  #together(batch: CutBatch, state: "canary" | "running", meters: readonly MeterAddress[], turns: Turns): Promise<boolean> {
    const { transactor, store, clock, gate } = this.#parts;
    return transactor.transact(
      async (tx) => {
        const words = new Map<MeterAddress, Awaited<ReturnType<Turns["consider"]>>>();
        for (const meter of meters) words.set(meter, await turns.consider(tx, meter));
        // beside cuts that leave: no turn counts anything, and a stop, a brake's release or a no of somebody comes before or after
        await store.lock(tx, "beside");
        let known = await store.batch(tx, batch.id);
        const isOn = known !== null && isOpenBatch(known.state) && known.state !== "proposed" && clock.now() < known.goodUntil!;
        if (known === null || !isOn || haltedBy(await gate.figures(tx)) !== null) return false;
        for (const { meter, state: stands } of await store.members(tx, batch.id, meters)) {
          if (stands !== "waiting") continue;
          if (known.state !== state) known = await this.#changed(tx, known, { state });
          const turn = await this.#turnOf(tx, words.get(meter)!, known.goodUntil!, state === "canary");
          if (turn.state === undefined) this.#passed.set(meter, clock.now());
          await store.changeMember(tx, batch.id, meter, turn);
        }
        return true;
      },
      { actor: RULES, because: `cut batch ${batch.id}` },
    );
  }

  /** What is written of a member at its turn. */
  async #turnOf(
    tx: Transaction,
    word: Awaited<ReturnType<Turns["consider"]>>,
    goodUntil: Instant,
    isCanary: boolean,
  ): Promise<MemberChange> {
    const as: MemberChange = isCanary ? { isCanary } : {};
    if ("because" in word) return { ...as, ...(PASSES.has(word.because) ? {} : { state: "left-out" }), because: word.because };
    const command = await word.ask(goodUntil);
    if (command === null) return { ...as, state: "left-out", because: "person" };
    const isElsewhere = (await this.#parts.store.batchOf(tx, command.id)) !== null;
    return isElsewhere ? { ...as, because: ELSEWHERE } : { ...as, state: "asked", command: command.id, because: null };
  }

  async #end(batch: CutBatch, state: "done" | "stopped" | "lapsed", because: string | null): Promise<void> {
    const { transactor, store, clock, alarms, log } = this.#parts;
    await transactor.transact(
      async (tx) => {
        await store.lock(tx);
        const known = await store.batch(tx, batch.id);
        if (known === null || !isOpenBatch(known.state)) return;
        const ended = await this.#changed(tx, known, { state, because, endedAt: clock.now(), endedBy: RULES });
        // who is due still stands on the next list, and that one is told
        await alarms?.settled(tx, known.state === "proposed" ? { ...ended, because: null } : ended);
        const say = { batch: batch.id, state, because };
        if (state === "stopped") log.error(say, "a list of cuts was stopped");
        else log.info(say, "a list of cuts has ended");
      },
      { actor: RULES },
    );
  }

  async #takeBack(batch: CutBatch): Promise<void> {
    const { store, transactor, service, meters } = this.#parts;
    const unsent = new Set((await store.unsentCuts()).map(({ meter }) => meter));
    const asked = (await store.runMembers(batch.id, 0)).filter(({ meter, state }) => state === "asked" && unsent.has(meter));
    for (const { meter } of asked) {
      await transactor.transact(
        async (tx) => {
          await meters.meter(tx, meter);
          await service.cancelUnsentCuts(tx, meter, BATCH_OVER);
        },
        { actor: RULES, because: `cut batch ${batch.id}` },
      );
    }
  }

  async #changed(tx: Transaction, batch: CutBatch, change: Partial<CutBatch>): Promise<CutBatch> {
    const { store, outbox } = this.#parts;
    await store.changeBatch(tx, batch.id, change);
    const now = { ...batch, ...change };
    await outbox.announce(tx, { type: "cuts", about: "batch", id: batch.id, state: now.state });
    return now;
  }
}

const haltedBy = ({ stop, brake }: SiteFigures): HeldBy | null => (stop ? "emergency-stop" : brake ? "brake" : null);

/**
 * What the end of an order says of its member; who paid meanwhile, or was taken back, was left out. So was who was found cut by somebody
 * else: that nothing had to be sent proves of no order that it is obeyed, and a canary it is not.
 */
function endOf({ state, because, left }: Omit<MemberEnd, "meter">): Omit<EndedMember, "meter"> {
  const failed = isFailure({ state, because });
  if (failed === false && !left) return { state: "left-out", because: "already-cut" };
  if (failed === false) return { state: "cut", because: null };
  return { state: failed === true ? "failed" : "left-out", because: because ?? state };
}
