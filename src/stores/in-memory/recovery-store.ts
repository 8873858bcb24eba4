/** Dark meters, watched cuts and incidents, in memory. Exceptions are not kept here: an incident names its item and nobody checks that it is there. */
import { later, type Instant } from "../../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress } from "../../kernel/ids.ts";
import { newestInWallet } from "../../kernel/reading.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { Command, CommandKind } from "../../commands/command.ts";
import type { ExceptionId } from "../../exceptions/item.ts";
import type { Period } from "../../ledger/period.ts";
import type { Cause } from "../../recovery/causes.ts";
import { mayBeCut } from "../../recovery/detect.ts";
import type { Incident, IncidentChange, IncidentId, IncidentStep } from "../../recovery/incident.ts";
import {
  UNPROTECT_AGAIN_MS,
  type IncidentFilter,
  type Point,
  type RecoveryStore,
  type WatchedCut,
} from "../../recovery/recovery-store.ts";
import type { InMemoryDatabase } from "./database.ts";
import type { Work } from "./table.ts";
import { asJson, pair, type MeterRow } from "./tables.ts";

const CUTS: readonly CommandKind[] = ["disconnect", "disconnect-for"];
const RESTORES: readonly CommandKind[] = ["reconnect", "arm"];
const PURCHASES: readonly CommandKind[] = ["top-up", "open-account"];
const MONEY = /^\d+(\.\d+)?$/;
const REGISTER = /^\d+\.\d\d$/;
const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);

/** Of orders that protect or end it: whether it says what stands now. */
const counts = ({ kind, state, endedAt }: Command, now: Instant): boolean =>
  kind === "protect"
    ? state !== "cancelled" && state !== "refused" && state !== "expired"
    : state !== "cancelled" && (state === "confirmed" || endedAt === null || endedAt > later(now, -UNPROTECT_AGAIN_MS));
const protects = ({ kind, state, sentAt }: Command): boolean =>
  kind === "protect" && (state === "confirmed" || (state === "unanswered" && sentAt !== null));
/** Protected without an end, also where a later order took the place of that one before it left. */
const isForGood = ({ kind, state, because, params }: Command): boolean =>
  kind === "protect" && params["until"] === undefined && (state === "confirmed" || because === "superseded");

export class InMemoryRecoveryStore implements RecoveryStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  darkPoints(): Promise<readonly Point[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.meters
        .all(on)
        .filter(({ active, book }) => active && book.beingReplaced !== true)
        .sort((a, b) => (a.book.address < b.book.address ? -1 : 1))
        .map((row) => this.#point(on, row))
        .filter((point) => {
          const { relay, wanted, restore, cut, mode, identity } = point;
          if (relay === "unknown" || (relay === "connected" && !mayBeCut(point))) return false;
          const isNewest = restore !== null && restore.state !== "cancelled" && (cut === null || restore.id > cut.id);
          const ordered = isNewest && (restore.askedBy === "person" || identity === "quarantined");
          return wanted?.want === "connected" || ordered || mode === "local";
        }),
    );
  }

  point(tx: Transaction | null, meter: MeterAddress): Promise<Point | null> {
    return this.#db.look(tx, (on) => {
      const row = this.#db.books.meters.find(on, meter);
      return row?.active === true ? this.#point(on, row) : null;
    });
  }

  unwatchedCuts(since: Instant, limit: number): Promise<readonly Command[]> {
    const { commands, watchedCuts } = this.#db.books;
    return this.#db.look(null, (on) =>
      commands
        .all(on)
        .map(({ command }) => command)
        .filter(
          ({ id, kind, endedAt, sentAt, state }) =>
            CUTS.includes(kind) &&
            endedAt !== null &&
            sentAt !== null &&
            sentAt >= since &&
            (state === "confirmed" || state === "unanswered") &&
            watchedCuts.find(on, id) === undefined,
        )
        .sort(byId)
        .slice(0, limit),
    );
  }

  watchCut(tx: Transaction, cut: WatchedCut): Promise<boolean> {
    const { watchedCuts } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      if ((await watchedCuts.insert(on, asJson(cut))) !== null) return false;
      const older = watchedCuts.in(on, "meter", cut.meter);
      const isOlder = (row: WatchedCut): boolean => row.endedAt === null && row.command < cut.command;
      for (const row of await watchedCuts.lockAll(on, older, isOlder))
        await watchedCuts.update(on, { ...row, endedAt: cut.cutAt, because: "cut-anew" });
      return true;
    });
  }

  watchedCuts(limit: number, after: CommandId | null): Promise<readonly WatchedCut[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.watchedCuts
        .all(on)
        .filter(({ endedAt, command }) => endedAt === null && (after === null || command > after))
        .sort((a, b) => (a.command < b.command ? -1 : 1))
        .slice(0, limit),
    );
  }

  lockWatched(tx: Transaction, command: CommandId): Promise<WatchedCut | null> {
    return this.#db.statement(tx, async (on) => {
      const row = await this.#db.books.watchedCuts.lock(on, command, "update");
      return row?.endedAt === null ? row : null;
    });
  }

  changeWatched(tx: Transaction, command: CommandId, change: Parameters<RecoveryStore["changeWatched"]>[2]): Promise<void> {
    const { watchedCuts } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const row = await watchedCuts.lock(on, command);
      if (row !== undefined) await watchedCuts.update(on, { ...row, ...asJson(change) });
    });
  }

  strategyOf(cut: CommandId): ReturnType<RecoveryStore["strategyOf"]> {
    const { decisions, strategies } = this.#db.books;
    return this.#db.look(null, (on) => {
      const decided = decisions
        .all(on)
        .filter(({ decision }) => decision.command === cut)
        .sort((a, b) => b.id - a.id)[0];
      if (decided === undefined) return null;
      const version = decided.decision.strategy;
      const said = strategies
        .all(on)
        .filter(({ strategy }) => strategy.version === version)
        .sort((a, b) => b.id - a.id)[0];
      return { version, rules: said?.strategy.rules ?? null };
    });
  }

  cutsOfStrangers(since: Instant): Promise<readonly CommandId[]> {
    return this.#cuts("wrong-identity", since, (on, { meter, because }) => {
      const row = this.#db.books.meters.find(on, meter);
      return because !== "cut-anew" && row?.active === true && row.book.identity === "quarantined";
    });
  }

  cutsOnFalseRegisters(since: Instant): Promise<readonly CommandId[]> {
    return this.#cuts("false-register", since, (on, { meter, register, cutAt }) => {
      if (register === null || !REGISTER.test(register)) return false;
      const stood = BigInt(register.replace(".", ""));
      return this.#db.books.readingEntries
        .in(on, "meter", meter)
        .some((entry) => entry.kind === "correct" && entry.at > cutAt && entry.register < stood);
    });
  }

  protectionsOver(now: Instant): Promise<readonly { meter: MeterAddress; account: AccountId | null }[]> {
    const { commands, meters } = this.#db.books;
    return this.#db.look(null, (on) =>
      meters
        .all(on)
        .map(({ book }) => book.address)
        .sort()
        .flatMap((meter) => {
          const orders = [
            ...commands.upwards(on, "kind", pair(meter, "protect")),
            ...commands.upwards(on, "kind", pair(meter, "unprotect")),
          ];
          const all = orders.map(({ command }) => command).sort((a, b) => byId(b, a));
          const newest = all.find((one) => counts(one, now));
          if (newest?.kind !== "protect" || newest.state !== "confirmed") return [];
          const before = all.filter(({ id }) => id < newest.id);
          const ended = before.findIndex(({ kind, state }) => kind === "unprotect" && state === "confirmed");
          const sinceThen = ended === -1 ? before : before.slice(0, ended);
          if (sinceThen.some(isForGood)) return [];
          const began = [newest, ...sinceThen].filter(protects).at(-1)!;
          if (began.sentAt === null) return []; // it was protected already, by somebody else
          const { until } = newest.params;
          return typeof until === "number" && until <= now ? [{ meter, account: newest.account }] : [];
        }),
    );
  }

  insert(tx: Transaction, incident: Incident): Promise<boolean> {
    const { incidents } = this.#db.books;
    return this.#db.statement(tx, async (on) => (await incidents.insert(on, { ...incident })) === null);
  }

  lockOf(tx: Transaction, { meter, cut }: { meter: MeterAddress; cut: CommandId | null }): Promise<Incident | null> {
    const { incidents } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const all = incidents.in(on, "meter", meter);
      const found = all.find((one) => cut !== null && one.cut === cut) ?? all.find(({ endedAt }) => endedAt === null) ?? null;
      return found === null ? null : ((await incidents.lock(on, found.id, "update")) ?? null);
    });
  }

  lock(tx: Transaction, id: IncidentId): Promise<Incident | null> {
    return this.#db.statement(tx, async (on) => (await this.#db.books.incidents.lock(on, id, "update")) ?? null);
  }

  change(tx: Transaction, id: IncidentId, change: IncidentChange): Promise<void> {
    const { incidents } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const row = await incidents.lock(on, id);
      if (row !== undefined) await incidents.update(on, { ...row, ...change });
    });
  }

  addStep(tx: Transaction, incident: IncidentId, step: IncidentStep): Promise<void> {
    const { incidentSteps } = this.#db.books;
    return this.#db.statement(tx, (on) => incidentSteps.add(on, { id: this.#db.books.nextId(), incident, step }));
  }

  firstRestore(tx: Transaction, meter: MeterAddress, of: { since: Instant; armedBefore: Instant }): Promise<Command | null> {
    return this.#db.look(tx, (on) => {
      const seen = this.#db.books.commands.in(on, "meter", meter).flatMap(({ command }) => {
        const { kind, state, verifiedAt } = command;
        const isSo = RESTORES.includes(kind) && state === "confirmed" && verifiedAt !== null && verifiedAt >= of.since;
        return isSo && (kind === "reconnect" || verifiedAt < of.armedBefore) ? [command] : [];
      });
      return seen.sort((a, b) => a.verifiedAt! - b.verifiedAt! || byId(a, b))[0] ?? null;
    });
  }

  async causesOf(cuts: readonly CommandId[]): Promise<ReadonlyMap<CommandId, readonly Cause[]>> {
    const wanted = new Set(cuts);
    const found = await this.#incidents(({ cut }) => cut !== null && wanted.has(cut));
    return new Map(found.map(({ cut, cause, also }) => [cut!, [cause, ...also]]));
  }

  find(id: IncidentId): Promise<Incident | null> {
    return this.#db.look(null, (on) => this.#db.books.incidents.find(on, id) ?? null);
  }

  byException(exception: ExceptionId): Promise<Incident | null> {
    return this.#incidents((one) => one.exception === exception).then(([first]) => first ?? null);
  }

  steps(id: IncidentId): Promise<readonly IncidentStep[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.incidentSteps
        .in(on, "incident", id)
        .sort((a, b) => a.id - b.id)
        .map(({ step }) => step),
    );
  }

  async list({ state, cause, meter, account, limit, before }: IncidentFilter): Promise<readonly Incident[]> {
    const all = await this.#incidents(
      (one) =>
        (state === undefined || (one.endedAt === null) === (state === "open")) &&
        (cause === undefined || one.cause === cause || one.also.includes(cause)) &&
        (meter === undefined || one.meter === meter) &&
        (account === undefined || one.account === account) &&
        (before === undefined || one.id < before),
    );
    return all.toReversed().slice(0, limit);
  }

  open(): Promise<readonly Incident[]> {
    return this.#incidents(({ endedAt }) => endedAt === null);
  }

  async counts(): Promise<readonly { level: number; open: number }[]> {
    return [...Map.groupBy(await this.open(), ({ level }) => level)]
      .map(([level, all]) => ({ level, open: all.length }))
      .sort((a, b) => a.level - b.level);
  }

  async toRemind(before: Instant, limit: number): Promise<readonly IncidentId[]> {
    const due = await this.#incidents(
      ({ followUpAt, followedUpAt, remindedAt }) =>
        followUpAt !== null && followedUpAt === null && remindedAt === null && followUpAt < before,
    );
    return due
      .toSorted((a, b) => a.followUpAt! - b.followUpAt! || byId(a, b))
      .slice(0, limit)
      .map(({ id }) => id);
  }

  async foundIn({ from, to }: Period): Promise<readonly Incident[]> {
    const found = await this.#incidents(({ foundAt }) => foundAt >= from && foundAt < to);
    return found.toSorted((a, b) => a.foundAt - b.foundAt || byId(a, b));
  }

  #incidents(fits: (incident: Incident) => boolean): Promise<readonly Incident[]> {
    return this.#db.look(null, (on) => this.#db.books.incidents.all(on).filter(fits).sort(byId));
  }

  #cuts(cause: Cause, since: Instant, fits: (on: Work | null, cut: WatchedCut) => boolean): Promise<readonly CommandId[]> {
    const { watchedCuts, incidents } = this.#db.books;
    return this.#db.look(null, (on) =>
      watchedCuts
        .all(on)
        .filter((cut) => {
          const said = incidents
            .in(on, "meter", cut.meter)
            .some((one) => one.cut === cut.command && (one.cause === cause || one.also.includes(cause)));
          return cut.byRule && cut.cutAt >= since && !said && fits(on, cut);
        })
        .map(({ command }) => command)
        .sort(),
    );
  }

  #point(on: Work | null, { book, bus, model }: MeterRow): Point {
    const { accounts, standings, latest, commands } = this.#db.books;
    const { address: meter, account: id } = book;
    const account = id === null ? undefined : accounts.find(on, id);
    const orders = commands
      .in(on, "meter", meter)
      .map(({ command }) => command)
      .sort((a, b) => byId(b, a));
    const newest = (kinds: readonly CommandKind[], fits: (one: Command) => boolean): Command | null =>
      orders.find((one) => kinds.includes(one.kind) && fits(one)) ?? null;
    const standing = standings.find(on, meter);
    const energy = latest.find(on, pair(meter, "importedEnergy"));
    const balance = newestInWallet((item) => latest.find(on, pair(meter, item)));
    const paidAt = newest(PURCHASES, ({ state }) => state === "confirmed")?.verifiedAt ?? null;
    const holdsCredit =
      paidAt !== null &&
      balance?.value != null &&
      MONEY.test(balance.value) &&
      Number(balance.value) > 0 &&
      balance.takenAt >= paidAt;
    return {
      ...{ meter, account: id, class: account?.class ?? null, mode: account?.mode ?? null, model, bus },
      ...{ relay: book.relay, relayAt: book.relayAt, identity: book.identity, cutBy: book.cutBy },
      cut: newest(CUTS, ({ sentAt, state }) => sentAt !== null || state === "confirmed"),
      restore: newest(RESTORES, () => true),
      wanted:
        standing === undefined || standing.account !== id
          ? null
          : { want: standing.standing.want, because: standing.standing.because, since: standing.standing.since },
      walletPaidAt: account?.mode === "local" && holdsCredit ? paidAt : null,
      ...{ register: energy?.value ?? null, readAt: energy?.takenAt ?? null },
    };
  }
}
