/**
 * Looks around every half minute for dark hours that should not be, by the books:
 *
 *     cuts whose bytes left             ──► examined once (cut-watch.ts); read again an hour and a day later
 *     meters found to be strangers, registers found to be false, after a cut by a rule ──► an incident, people told at once
 *     dark, and wanted back             ──► an incident after the promise, a work order, twice up
 *     supply seen                       ──► ended, with its times; somebody asks the customer within two weeks
 *
 * Several gateways may do so at once: an incident is there once for its cut, and each step is taken on its locked row.
 */
import { later, minutes, seconds, type Clock, type Instant } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { AccountId, CommandId, MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import { Rounds } from "../kernel/rounds.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { CommandService } from "../commands/command-service.ts";
import type { CommandStore, MeterBook, MeterStore } from "../commands/command-store.ts";
import { restAfter } from "../policy/resting.ts";
import { causes, type Cause } from "./causes.ts";
import type { CutWatch } from "./cut-watch.ts";
import { endOf, isBack, isInVain, wishOf, type Wish } from "./detect.ts";
import type { Incident } from "./incident.ts";
import type { Incidents } from "./incidents.ts";
import type { Point, RecoveryStore } from "./recovery-store.ts";
import { levelAfter, type RecoverySettings } from "./settings.ts";

const LOOK_EVERY_MS = seconds(30);
const AT_ONCE_MAX = 200;
/** Somebody has so long to ask the customer after he was reminded. */
const REMIND_BEFORE_MS = minutes(2 * 24 * 60);
/** An entry so long after a cut still says that its register was false. */
const FALSE_REGISTER_MS = minutes(14 * 24 * 60);

export interface RecoveryWatchParts {
  readonly store: RecoveryStore;
  readonly incidents: Incidents;
  readonly cuts: CutWatch;
  readonly commands: Pick<CommandStore, "find">;
  readonly meters: Pick<MeterStore, "meter">;
  readonly service: Pick<CommandService, "ensure">;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: RecoverySettings;
  /** As the strategy of this account restores. */
  readonly restoreBy: (account: AccountId | null, className: string | null) => Wish["way"];
  readonly firmwareOf: (meter: MeterAddress, signal: AbortSignal) => Promise<string | null>;
  /** Left out: half a minute. */
  readonly everyMs?: number;
}

export class RecoveryWatch {
  readonly #parts: RecoveryWatchParts;
  readonly #rounds: Rounds;
  readonly #asking = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  /** Since when each was dark at every look; null: nobody has looked yet. */
  #darkFrom: ReadonlyMap<MeterAddress, Instant> | null = null;

  constructor(parts: RecoveryWatchParts) {
    this.#parts = parts;
    const { clock, log, everyMs = LOOK_EVERY_MS } = parts;
    this.#rounds = new Rounds({
      ...{ clock, log, everyMs, work: () => this.look() },
      failed: "dark meters could not be looked after; they are looked after again",
    });
  }

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#rounds.stop();
    await Promise.all(this.#asking);
  }

  /** One look around. What fails of it is said, and stops nothing else. */
  async look(): Promise<void> {
    const { cuts, store, clock, settings, transactor, incidents } = this.#parts;
    const now = clock.now();
    await this.#safely("cuts", () =>
      cuts.examine(async (cut, wrong) => {
        for (const cause of wrong) await this.#foundOf(cut.id, cause);
      }),
    );
    await this.#safely("what was learnt after cuts", async () => {
      for (const cut of await store.cutsOfStrangers(later(now, -settings.identityMs))) await this.#foundOf(cut, "wrong-identity");
      for (const cut of await store.cutsOnFalseRegisters(later(now, -FALSE_REGISTER_MS)))
        await this.#foundOf(cut, "false-register");
    });
    await this.#safely("dark meters", async () => {
      const points = await store.darkPoints();
      this.#noteDark(points);
      for (const point of points) await this.#safely(point.meter, () => this.#dark(point));
    });
    await this.#safely("incidents", async () => {
      for (const incident of await store.open()) await this.#safely(incident.meter, () => this.#goesOn(incident));
    });
    await this.#safely("watched cuts", () => cuts.lookBehind());
    await this.#safely("protections", async () => {
      for (const { meter } of await store.protectionsOver(now)) await this.#safely(meter, () => this.#unprotect(meter));
    });
    await this.#safely("reminders", async () => {
      for (const id of await store.toRemind(later(now, REMIND_BEFORE_MS), AT_ONCE_MAX))
        await this.#safely(id, () => transactor.transact((tx) => incidents.remind(tx, id)));
    });
  }

  /** A wrong cut. Supply first, where nothing speaks against it: that needs nobody's approval. */
  async #foundOf(id: CommandId, cause: Cause): Promise<void> {
    const { store, commands, meters, transactor } = this.#parts;
    const cut = await commands.find(null, id);
    const seen = cut === null ? null : await store.point(null, cut.meter);
    if (cut === null || seen === null) return;
    const incident = await transactor.transact(async (tx) => {
      // whoever else orders this relay waits, or has ordered and is seen
      const book = causes[cause].restores ? await meters.meter(tx, cut.meter) : null;
      const now = book === null ? seen : ((await store.point(tx, cut.meter)) ?? seen);
      const made = await this.#parts.incidents.found(tx, { ...now, cut }, cause, null);
      // cut anew since: that is another cut, and whose supply it took is another question
      const isLast = now.cut?.id === cut.id;
      if (made !== null && isLast && book !== null && canBeOrdered(book)) await this.#restore(tx, made, now);
      return made;
    });
    if (incident !== null) this.#said(incident);
  }

  async #restore(tx: Transaction, incident: Incident, point: Point): Promise<void> {
    const { service, incidents, clock, restoreBy } = this.#parts;
    const { meter, account, class: kind, relay, identity, cutBy } = point;
    const way = restoreBy(account, kind);
    if (relay === "unknown" || isBack(point, way) || identity === "quarantined" || cutBy === "person") return;
    const wish = { kind: way, meter, account, payment: null, params: {}, askedBy: "rule" } as const;
    const command = await service.ensure(tx, { ...wish, reason: incident.cause });
    if (command !== null) await incidents.restoreAsked(tx, incident, command.id, clock.now());
  }

  /** What recovery asked for ended in vain, and nobody else asks: again, when it has rested. */
  async #askAgain({ id, meter }: Incident): Promise<void> {
    const { store, meters, transactor, clock } = this.#parts;
    await transactor.transact(async (tx) => {
      const book = await meters.meter(tx, meter);
      const point = await store.point(tx, meter);
      const incident = await store.lock(tx, id);
      if (incident === null || point === null || book === null || !canBeOrdered(book)) return;
      if (isInVain(incident, point) && restAfter(point.restore, "connected", null, clock.now()) === null)
        await this.#restore(tx, incident, point);
    });
  }

  /** Its 24 hours are over; what a person orders meanwhile stands, so it is asked once more behind the meter's lock. */
  #unprotect(meter: MeterAddress): Promise<unknown> {
    const { transactor, service, meters, store, clock } = this.#parts;
    const work = async (tx: Transaction): Promise<void> => {
      const book = await meters.meter(tx, meter);
      const over = (await store.protectionsOver(clock.now())).find((one) => one.meter === meter);
      if (over === undefined || book === null || !canBeOrdered(book)) return;
      const wish = { kind: "unprotect", meter, account: over.account, payment: null, params: {}, askedBy: "rule" } as const;
      await service.ensure(tx, { ...wish, reason: "protection-over" });
    };
    return transactor.transact(work, { actor: "recovery" });
  }

  async #dark(point: Point): Promise<void> {
    const { transactor, incidents, clock, settings } = this.#parts;
    const wish = this.#wishOf(point);
    if (point.wanted?.because === "cut-contradicted" && point.cutBy === "rule" && point.cut !== null)
      await this.#foundOf(point.cut.id, "false-register");
    if (wish === null || isBack(point, wish.way) || clock.now() - wish.since < settings.promiseMs) return;
    const cause = wish.by === "person" ? "restore-failed" : "paid-but-dark";
    const incident = await transactor.transact((tx) => incidents.found(tx, point, cause, wish));
    if (incident !== null) this.#said(incident);
  }

  async #goesOn(incident: Incident): Promise<void> {
    const { store, transactor, incidents, clock, settings, log } = this.#parts;
    const point = await store.point(null, incident.meter);
    const wish = point === null ? null : this.#wishOf(point);
    const end = endOf(incident, point, wish);
    if (end === "restored") return this.#restored(incident, point!);
    if (end === "withdrawn" || point === null) {
      await transactor.transact((tx) => incidents.withdrawn(tx, incident.id));
      return;
    }
    if (end === "settled") return transactor.transact((tx) => incidents.settled(tx, incident.id));
    if (isInVain(incident, point)) await this.#askAgain(incident);
    const since = incident.wishedAt ?? wish?.since ?? null;
    const level = since === null ? 0 : levelAfter(clock.now() - since, settings);
    const gone = await transactor.transact((tx) => incidents.goesOn(tx, incident, point, wish, level));
    if (gone === null) return;
    const { meter, account, reason, exception } = gone;
    log.warn(
      { incident: gone.id, meter, account, level: gone.level, reason, exception },
      "supply is not back: a work order goes up",
    );
  }

  async #restored(incident: Incident, point: Point): Promise<void> {
    const { transactor, incidents, log } = this.#parts;
    const ended = await transactor.transact((tx) => incidents.restored(tx, incident.id, point));
    if (ended === null) return;
    log.info(
      { incident: ended.id, meter: ended.meter, darkSince: ended.darkSince, restoredAt: ended.restoredAt },
      "supply is back",
    );
    if (ended.firmware === null) this.#askFirmware(ended);
  }

  /** Said aloud, and the meter is asked what it carries. */
  #said(incident: Incident): void {
    const { id, cause, meter, account, cut, darkSince } = incident;
    this.#parts.log.warn({ incident: id, cause, meter, account, cut, darkSince }, "dark hours that should not be");
    if (incident.firmware === null && cause !== "wrong-identity") this.#askFirmware(incident);
  }

  /** A busy line may take its time about it, and nobody else waits for that. */
  #askFirmware({ id, meter }: Incident): void {
    const { firmwareOf, store, transactor } = this.#parts;
    const asking = this.#safely(meter, async () => {
      const firmware = await firmwareOf(meter, this.#stop.signal);
      if (firmware !== null) await transactor.transact((tx) => store.change(tx, id, { firmware }));
    }).finally(() => this.#asking.delete(asking));
    this.#asking.add(asking);
  }

  /** Who is dark at the first look has been for nobody knows how long: found at once, and counted from the promise. */
  #noteDark(points: readonly Point[]): void {
    const { clock, settings } = this.#parts;
    const known = this.#darkFrom;
    const from = known === null ? later(clock.now(), -settings.promiseMs) : clock.now();
    this.#darkFrom = new Map(points.map(({ meter }) => [meter, known?.get(meter) ?? from]));
  }

  /** A wallet was paid hours ago, maybe, and its relay has opened just now: nobody waited for supply while it was on. */
  #wishOf(point: Point): Wish | null {
    const wish = wishOf(point, this.#parts.restoreBy(point.account, point.class));
    const from = this.#darkFrom?.get(point.meter) ?? null;
    return wish?.by === "wallet" && from !== null && from > wish.since ? { ...wish, since: from } : wish;
  }

  async #safely(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.log.error({ what, reason: reasonOf(error) }, "this part of recovery failed; it is done again");
    }
  }
}

/** Else an order is refused, and what was found would not be written either. */
const canBeOrdered = ({ identity, beingReplaced, replacedBy }: MeterBook): boolean =>
  identity !== "quarantined" && beingReplaced !== true && replacedBy == null;
