/**
 * The gate through which every cut goes, twice: when it is asked for, and when its bytes leave. It fetches the figures of the site, has the
 * guard rails judge (`guard-rails.ts`), and writes down what follows: a brake that trips, a list for two persons, a cut that left.
 *
 * All of it happens in the transaction that asks or sends, behind the one lock of the site. A restore never comes by here.
 */
import { hours, later, minutes, seconds, type Clock, type Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { Outbox } from "../kernel/events.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { Command } from "../commands/command.ts";
import type { CommandService, CommandWish } from "../commands/command-service.ts";
import type { MeterStore } from "../commands/command-store.ts";
import { cuts, isAutomaticCut } from "../commands/rivals.ts";
import { isOpenBatch } from "./batch-run.ts";
import type { CutAlarms } from "./cut-alarms.ts";
import { inTurn, listUp, RULES } from "./cut-lists.ts";
import { amongDue, atTheWire, brakeCause, type BrakeCause, type DueCut, type HeldBy, type SiteFigures } from "./guard-rails.ts";
import { approvalLimit, type GuardRails } from "./guard-settings.ts";
import type { CutBatch, GuardStore, Listed } from "./guard-store.ts";
import type { Look } from "./standing.ts";

const HOUR_MS = hours(1);
/** How many meters there are is the measure of shares: it need not be of this very moment, and is asked with every cut. */
const METERS_GOOD_MS = seconds(10);
/** As long as they are written on a list, nobody reads or restores them. */
const LISTED_AT_ONCE = 500;
/** Whom persons did not want to be cut is not put before them again on the same day. */
export const DECLINED_MS = hours(24);

export interface GateParts {
  readonly store: GuardStore;
  readonly transactor: Transactor;
  readonly service: Pick<CommandService, "cancelUnsentCuts">;
  readonly meters: Pick<MeterStore, "meter">;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Logger;
  readonly rails: GuardRails;
  readonly lineOf: (meter: MeterAddress) => string;
  /** No rule cuts customers of this class. */
  readonly isProtectedClass: (account: string, className: string) => boolean;
  readonly classOf: (tx: Transaction, account: NonNullable<CommandWish["account"]>) => Promise<string | null>;
  /** Somebody has said that nobody is cut where this meter hangs; left out: nobody is asked. */
  readonly saidOf?: (tx: Transaction, meter: MeterAddress, classOf: () => Promise<string | null>) => Promise<string | null>;
  readonly alarms?: CutAlarms;
}

/** Why an order of a list that has ended is taken back: how it ended, and in whose words, stands on the list. */
export const BATCH_OVER = "batch-over";

/** What one look at everybody found. */
export interface GatePass {
  /** A stop or the brake stands: what waits is taken back. */
  readonly halted: HeldBy | null;
  /** Why this meter is not cut now; null: it may be asked for. */
  heldBy(meter: MeterAddress): HeldBy | null;
  /** It was among those who were due at once. Whoever fell due a moment later was counted by nobody, and waits for the next look. */
  counted(meter: MeterAddress): boolean;
}

export class CutGate {
  readonly #parts: GateParts;
  /** Of transactions that are about to write an attempt: the list it belongs to. */
  readonly #leaving = new WeakMap<Transaction, CutBatch | null>();
  #counted: { readonly meters: number; readonly at: Instant } | null = null;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  async figures(tx: Transaction | null): Promise<SiteFigures> {
    const { store, clock, rails } = this.#parts;
    const now = clock.now();
    const importChannels = rails.brake?.importHours == null ? null : rails.brake.importChannels;
    const known =
      this.#counted !== null && Math.abs(now - this.#counted.at) < METERS_GOOD_MS ? { meters: this.#counted.meters } : {};
    const leftSince = later(now, -minutes(rails.brake?.minutes ?? 1));
    const figures = await store.figures(tx, { now, leftSince, importChannels, ...known });
    if (known.meters === undefined) this.#counted = { meters: figures.meters, at: now };
    return figures;
  }

  /** Before the rules act on a look at everybody: too many go on a list, what shows already trips the brake, what is halted is taken back. */
  async pass(due: readonly Look[], rests: (look: Look) => Promise<boolean>): Promise<GatePass> {
    const { store, rails } = this.#parts;
    const figures = await this.figures(null);
    const halted = haltIn(figures);
    if (halted !== null) await this.#takeBack(halted);
    // Of failures in a row somebody should hear although nobody is due just now.
    else if (due.length === 0 && brakeCause(figures, rails) === "failures") await this.#trip("failures");
    if (due.length === 0) return { halted, heldBy: () => null, counted: () => false };
    const now = this.#parts.clock.now();
    const asked = new Set(await store.askedSince(null, later(now, -HOUR_MS)));
    const listed = listsOf(await store.listed(null, later(now, -DECLINED_MS)));
    const dueOf = (looks: readonly Look[]): readonly DueCut[] =>
      looks.map(({ picture: { meter } }) => ({ meter, asked: asked.has(meter), list: listed.get(meter) ?? null }));
    const judged = (looks: readonly Look[]) => {
      const meters = new Set(looks.map(({ picture }) => picture.meter));
      return amongDue(figures, rails, dueOf(looks), [...asked].filter((meter) => !meters.has(meter)).length);
    };
    let verdicts = judged(due);
    if (verdicts.propose.length > 0) {
      // A relay that is stuck is due for ever and asked for by nobody: it must not count against the others.
      const awake: Look[] = [];
      for (const look of due) if (asked.has(look.picture.meter) || !(await rests(look))) awake.push(look);
      verdicts = judged(awake);
    }
    if (verdicts.trips !== null) await this.#trip(verdicts.trips);
    if (verdicts.propose.length > 0) await this.#propose(due, new Set(verdicts.propose), asked.size);
    const wereDue = new Set(due.map(({ picture }) => picture.meter));
    return {
      halted: verdicts.trips === null ? halted : "brake",
      heldBy: (meter) => verdicts.of.get(meter) ?? null,
      counted: (meter) => wereDue.has(meter),
    };
  }

  /** In the transaction that would ask, with the meter's row locked: null, or what holds it back. */
  async mayAsk(tx: Transaction, meter: MeterAddress): Promise<HeldBy | null> {
    const { store, rails, clock } = this.#parts;
    await store.lock(tx);
    const figures = await this.figures(tx);
    const halted = haltIn(figures);
    if (halted !== null) return halted;
    const cause = brakeCause(figures, rails);
    if (cause !== null) return this.#tripped(tx, cause, figures);
    const now = clock.now();
    const list = listsOf(await store.listed(tx, later(now, -DECLINED_MS), [meter])).get(meter);
    if (list !== undefined) return list === "approved" ? "batch" : "approval";
    const limit = approvalLimit(rails, figures.meters);
    if (limit === null) return null;
    const others = (await store.askedSince(tx, later(now, -HOUR_MS))).filter((other) => other !== meter);
    return others.length + 1 > limit ? "approval" : null;
  }

  /** Of a person's wish: refused while a stop stands; true: it needs a second person. */
  async needsTwo(tx: Transaction, { kind, meter, askedBy }: CommandWish): Promise<boolean> {
    const { store, clock, meters, classOf, isProtectedClass } = this.#parts;
    if (!cuts.includes(kind) || askedBy !== "person") return false;
    const stop = (await store.standing(tx)).find((halt) => halt.kind === "stop");
    if (stop !== undefined) throw new Fault("emergency-stop", { by: stop.begunBy, reason: stop.reason });
    const account = (await meters.meter(tx, meter))?.account ?? null;
    if (account === null) return false;
    const className = await classOf(tx, account);
    return (className !== null && isProtectedClass(account, className)) || (await store.isImportant(tx, account, clock.now()));
  }

  /** In the transaction that writes the attempt: null, or why it does not leave. */
  async mayLeave(tx: Transaction, command: Command, attempt: number): Promise<string | null> {
    const { store, rails, meters, saidOf, classOf } = this.#parts;
    if (!cuts.includes(command.kind)) return null;
    const account = (await meters.meter(tx, command.meter))?.account ?? null; // the meter's row first: locks in one order
    const isAutomatic = isAutomaticCut(command);
    const list = isAutomatic ? await store.batchOf(tx, command.id) : null;
    // What counts against others goes alone: two must not both be the last that may. A stop stands before or after either of them.
    const counts = isAutomatic && attempt === 1 && list?.raisesBrake !== true;
    await store.lock(tx, counts ? "alone" : "beside");
    const said = isAutomatic
      ? await saidOf?.(tx, command.meter, async () => (account === null ? null : classOf(tx, account)))
      : null;
    if (said != null) return said;
    const figures = await this.figures(tx);
    if (!isAutomatic) return atTheWire(figures, rails, "person")?.held ?? null;
    this.#leaving.set(tx, list);
    const batch = list === null ? null : await store.batch(tx, list.id);
    if (batch !== null && !isOpenBatch(batch.state)) return BATCH_OVER; // also what was sent once and met silence is not sent again
    if (attempt > 1) return haltIn(figures); // it was counted when it left first
    const refusal = atTheWire(figures, rails, batch === null ? "rule" : batch.raisesBrake ? "raised" : "approved");
    return refusal?.trips === undefined ? (refusal?.held ?? null) : this.#tripped(tx, refusal.trips, figures);
  }

  /** The attempt was written down in this transaction. */
  async left(tx: Transaction, command: Command): Promise<void> {
    if (!isAutomaticCut(command)) return;
    const { store, clock } = this.#parts;
    const batch = this.#leaving.get(tx) ?? null;
    const kind = { approved: batch !== null, raised: batch?.raisesBrake ?? false };
    await store.noteLeft(tx, { command: command.id, meter: command.meter, at: clock.now(), ...kind });
  }

  async #tripped(tx: Transaction, because: BrakeCause, figures: SiteFigures): Promise<HeldBy> {
    const { store, outbox, newId, log, alarms, rails } = this.#parts;
    const { meters, left, failures, importAt } = figures;
    const halt = {
      ...({ id: newId(), kind: "brake", because, reason: because, begunAt: figures.now, begunBy: RULES } as const),
      figures: { meters, left, failures, importAt, brake: rails.brake },
      ...{ asked: null, released: null },
    };
    if (!(await store.haltOnce(tx, halt))) return "brake"; // another that left beside this one has found it, too
    await alarms?.halted(tx, halt);
    await outbox.announce(tx, { type: "cuts", about: "brake", id: halt.id, state: "stands" });
    log.error(
      { because, meters, left, failures },
      "the brake has tripped: nothing is cut automatically until two persons release it",
    );
    return "brake";
  }

  async #trip(because: BrakeCause): Promise<void> {
    const { transactor, store, rails } = this.#parts;
    await transactor.transact(
      async (tx) => {
        await store.lock(tx);
        const figures = await this.figures(tx);
        if (haltIn(figures) === null && brakeCause(figures, rails) === because) await this.#tripped(tx, because, figures);
      },
      { actor: RULES },
    );
  }

  /**
   * Onto the list that nobody has approved yet, or onto a new one; some at a time, so that nobody's payment waits until forty thousand are
   * written. Where somebody says yes in between, or we die, the rest goes on the next list, or with the next look.
   */
  async #propose(due: readonly Look[], meters: ReadonlySet<MeterAddress>, asked: number): Promise<void> {
    const { log, lineOf } = this.#parts;
    const all = inTurn(
      due.filter(({ picture: { meter } }) => meters.has(meter)),
      ({ picture: { meter } }) => lineOf(meter),
    );
    const reason = `${all.length} are due at once, ${asked} were asked for within the hour · 同时应停 ${all.length} 户,一小时内已下达 ${asked} 户`;
    const written = new Map<string, number>();
    for (let from = 0; from < all.length; from += LISTED_AT_ONCE) {
      const put = await this.#listSome(all.slice(from, from + LISTED_AT_ONCE), reason);
      if (put !== null) written.set(put.batch.id, (written.get(put.batch.id) ?? 0) + put.count);
    }
    for (const [batch, count] of written)
      log.warn({ batch, meters: count }, "so many cuts are not made without two persons: a list waits for them");
  }

  /** Null: all of them are on a list by now. */
  #listSome(some: readonly Look[], reason: string): Promise<{ readonly batch: CutBatch; readonly count: number } | null> {
    const { transactor, store, clock, lineOf } = this.#parts;
    const meters = some.map(({ picture: { meter } }) => meter);
    return transactor.transact(
      async (tx) => {
        await store.hold(tx, meters);
        await store.lock(tx);
        const listed = listsOf(await store.listed(tx, later(clock.now(), -DECLINED_MS), meters));
        const looks = some.filter(({ picture: { meter } }) => !listed.has(meter));
        if (looks.length === 0) return null;
        return { batch: await listUp(this.#parts, tx, looks, { reason, lineOf, first: null, by: RULES }), count: looks.length };
      },
      { actor: RULES },
    );
  }

  /** Whatever has not left: of everybody while a stop stands, of the rules while the brake does. */
  async #takeBack(halted: HeldBy): Promise<void> {
    const { store, service, transactor, meters, log } = this.#parts;
    const whose = halted === "emergency-stop" ? "anybody" : "rules";
    const unsent = (await store.unsentCuts()).filter(({ askedBy }) => whose === "anybody" || askedBy === "rule");
    for (const meter of new Set(unsent.map((one) => one.meter))) {
      const taken = await transactor.transact(
        async (tx) => {
          await meters.meter(tx, meter);
          return service.cancelUnsentCuts(tx, meter, halted, whose);
        },
        { actor: RULES, because: halted },
      );
      if (taken.length > 0) log.warn({ meter, because: halted }, "a cut that had not left was taken back");
    }
  }
}

const haltIn = ({ stop, brake }: SiteFigures): HeldBy | null => (stop ? "emergency-stop" : brake ? "brake" : null);

/** On which list each stands, as far as it holds it back: of a running list those whose turn is over are anybody's again. */
export function listsOf(listed: readonly Listed[]): ReadonlyMap<MeterAddress, NonNullable<DueCut["list"]>> {
  const lists = new Map<MeterAddress, NonNullable<DueCut["list"]>>();
  for (const { meter, state, member } of listed) {
    if (state === "proposed" || state === "declined") lists.set(meter, state);
    else if (member === "waiting" || member === "asked") lists.set(meter, "approved");
  }
  return lists;
}
