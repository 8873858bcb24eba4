/**
 * Carries approved lists out, a step at each look of the rules (`batch-run.ts` says which). What became of the orders is looked up in their
 * rows, so a gateway that died in the middle goes on where the other one left it; each turn is one transaction, decided anew.
 */
import { hours, type Clock, type Instant } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Outbox } from "../kernel/events.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import { isOpen, isUnsent, type Command } from "../commands/command.ts";
import type { CommandService } from "../commands/command-service.ts";
import type { CommandStore, MeterStore } from "../commands/command-store.ts";
import { isOpenBatch, nextStep } from "./batch-run.ts";
import type { CutAlarms } from "./cut-alarms.ts";
import { isFailure } from "./cut-ends.ts";
import type { CutGate } from "./cut-gate.ts";
import { RULES } from "./cut-lists.ts";
import { roomNow, type HeldBy, type SiteFigures } from "./guard-rails.ts";
import type { GuardRails } from "./guard-settings.ts";
import type { CutBatch, CutMember, GuardStore, MemberChange } from "./guard-store.ts";

/** A list that nobody has decided about is drawn up anew from what is due then. */
const PROPOSAL_GOOD_MS = hours(24);

/** What the rules say of one meter at its turn, its row locked: why not, or the way to ask. */
export interface Turns {
  consider(
    tx: Transaction,
    meter: MeterAddress,
  ): Promise<{ readonly because: string } | { ask(notAfter: Instant): Promise<Command | null> }>;
}

/** These pass with a reading: the member keeps its place. */
const PASSES: ReadonlySet<string> = new Set(["reading-stale"]);

export interface BatchTurnsParts {
  readonly store: GuardStore;
  readonly gate: Pick<CutGate, "figures">;
  readonly transactor: Transactor;
  readonly commands: Pick<CommandStore, "find">;
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

  constructor(parts: BatchTurnsParts) {
    this.#parts = parts;
  }

  async advance(turns: Turns): Promise<void> {
    const { store, log } = this.#parts;
    for (const batch of await store.liveBatches(null)) {
      try {
        await this.#one(batch, turns);
      } catch (error) {
        log.error({ batch: batch.id, reason: reasonOf(error) }, "a list of cuts could not go on; it is looked at again");
      }
    }
  }

  async #one(batch: CutBatch, turns: Turns): Promise<void> {
    const { store, clock, gate, rails } = this.#parts;
    if (batch.state === "proposed") {
      if (clock.now() - batch.proposedAt > PROPOSAL_GOOD_MS) await this.#end(batch, "lapsed", "nobody-decided");
      return;
    }
    const members = await this.#seen(batch, await store.members(null, batch.id));
    if (!isOpenBatch(batch.state)) {
      await this.#takeBack(batch, members);
      return;
    }
    const figures = await gate.figures(null);
    const open = members.filter(({ state }) => state === "asked").length;
    const step = nextStep({
      ...{ state: batch.state as "canary" | "running", members, canary: batch.canary },
      ...{ room: roomNow(figures, rails, { raised: batch.raisesBrake, open }), halted: haltedBy(figures) },
      ...{ now: clock.now(), goodUntil: batch.goodUntil! },
    });
    if (step.step === "end") {
      await this.#end(batch, step.state, step.because);
      await this.#takeBack(batch, members);
    }
    if (step.step !== "ask") return;
    for (const meter of step.meters) if (!(await this.#turn(batch, step.state, meter, turns))) return;
  }

  /** What became of those that were asked for. */
  async #seen(batch: CutBatch, members: readonly CutMember[]): Promise<readonly CutMember[]> {
    const { commands } = this.#parts;
    const now: CutMember[] = [];
    for (const member of members) {
      const command = member.state === "asked" && member.command !== null ? await commands.find(null, member.command) : null;
      const change = command === null || isOpen(command.state) ? null : endOf(command);
      if (change !== null) await this.#changeMember(batch, member.meter, change);
      now.push({ ...member, ...change });
    }
    return now;
  }

  /** False: nothing more is asked for now. */
  #turn(batch: CutBatch, state: "canary" | "running", meter: MeterAddress, turns: Turns): Promise<boolean> {
    const { transactor, store, clock, gate } = this.#parts;
    return transactor.transact(
      async (tx) => {
        const word = await turns.consider(tx, meter);
        await store.lock(tx);
        const known = await store.batch(tx, batch.id);
        const member = (await store.members(tx, batch.id)).find((one) => one.meter === meter);
        const isOn = known !== null && isOpenBatch(known.state) && known.state !== "proposed" && clock.now() < known.goodUntil!;
        if (!isOn || haltedBy(await gate.figures(tx)) !== null) return false;
        if (member?.state !== "waiting") return true;
        if (known.state !== state) await this.#changed(tx, known, { state });
        if (state === "canary") await store.changeMember(tx, batch.id, meter, { isCanary: true });
        if ("because" in word) {
          const change: MemberChange = PASSES.has(word.because) ? {} : { state: "left-out" };
          await store.changeMember(tx, batch.id, meter, { ...change, because: word.because });
          return true;
        }
        const command = await word.ask(known.goodUntil!);
        const change: MemberChange =
          command === null ? { state: "left-out", because: "person" } : { state: "asked", command: command.id, because: null };
        await store.changeMember(tx, batch.id, meter, change);
        return true;
      },
      { actor: RULES, because: `cut batch ${batch.id}` },
    );
  }

  async #end(batch: CutBatch, state: "done" | "stopped" | "lapsed", because: string | null): Promise<void> {
    const { transactor, store, clock, alarms, log } = this.#parts;
    await transactor.transact(
      async (tx) => {
        await store.lock(tx);
        const known = await store.batch(tx, batch.id);
        if (known === null || !isOpenBatch(known.state)) return;
        const ended = await this.#changed(tx, known, { state, because, endedAt: clock.now(), endedBy: RULES });
        await alarms?.settled(tx, ended);
        const say = { batch: batch.id, state, because };
        if (state === "stopped") log.error(say, "a list of cuts was stopped");
        else log.info(say, "a list of cuts has ended");
      },
      { actor: RULES },
    );
  }

  async #takeBack(batch: CutBatch, members: readonly CutMember[]): Promise<void> {
    const { transactor, service, meters, commands } = this.#parts;
    for (const { meter, state, command } of members) {
      if (state !== "asked" || command === null) continue;
      const known = await commands.find(null, command);
      if (known === null || !isUnsent(known.state)) continue;
      await transactor.transact(
        async (tx) => {
          await meters.meter(tx, meter);
          await service.cancelUnsentCuts(tx, meter, "batch-over");
        },
        { actor: RULES, because: `cut batch ${batch.id}` },
      );
    }
  }

  #changeMember(batch: CutBatch, meter: MeterAddress, change: MemberChange): Promise<void> {
    const { transactor, store } = this.#parts;
    return transactor.transact((tx) => store.changeMember(tx, batch.id, meter, change), { actor: RULES });
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

/** What the end of an order says of its member; who paid meanwhile, or was taken back, was left out. */
function endOf(command: Command): MemberChange {
  const failed = isFailure(command);
  if (failed === false) return { state: "cut", because: null };
  return { state: failed === true ? "failed" : "left-out", because: command.because ?? command.state };
}
