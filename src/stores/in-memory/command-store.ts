/** Commands and their attempts in memory. What each method locks and looks at is what the statements of ../command-store.ts do. */
import {
  isOpen,
  isUnsent,
  waitsForApproval,
  type Approval,
  type Attempt,
  type Command,
  type CommandKind,
  type CommandState,
} from "../../commands/command.ts";
import type { CommandChange, CommandFilter, CommandOutline, EngineCommandStore } from "../../commands/command-store.ts";
import { later, type Clock, type Instant } from "../../kernel/clock.ts";
import type { CommandId, MeterAddress } from "../../kernel/ids.ts";
import type { WireEvidence } from "../../kernel/reading.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import { framesKept, SWEEP_AFTER_MS, TAKEN_MS_MAX } from "../command-rows.ts";
import type { InMemoryDatabase } from "./database.ts";
import { firstOf } from "./ordered-index.ts";
import type { Work } from "./table.ts";
import { ADDING, asJson, attemptKey, OPEN, pair, type Books, type CommandRow } from "./tables.ts";

const WAITING_FOR_THE_METER: readonly (string | null)[] = ["meter-online", "line", "silence"];
const TAKEN_BACK: readonly CommandState[] = ["cancelled", "expired", "refused"];

/** Nobody but its second person, and in the end its deadline, moves what needs two. */
const isRipe = (command: Command): boolean => !waitsForApproval(command);
const UNAPPROVED: Approval = { by: null, at: null, note: null };

/** Out of time, and unsent or of a meter that hangs nowhere any more. */
const isAnybodys = (command: Command, isActive: boolean, now: Instant): boolean =>
  command.notAfter < now && (isUnsent(command.state) || !isActive);

const byId = (a: CommandRow, b: CommandRow): number => (a.command.id < b.command.id ? -1 : 1);
const commandOf = ({ command }: CommandRow): Command => command;

export class InMemoryCommandStore implements EngineCommandStore {
  readonly #db: InMemoryDatabase;
  readonly #clock: Clock;
  readonly #holder: string | null;

  /** `holder`: as whom we hold lines; left out, every line is ours. */
  constructor(db: InMemoryDatabase, clock: Clock, holder: string | null = null) {
    this.#db = db;
    this.#clock = clock;
    this.#holder = holder;
  }

  get #books(): Books {
    return this.#db.books;
  }

  insert(tx: Transaction, c: Command): Promise<void> {
    return this.#db.statement(tx, async (on) => {
      const command: Command = {
        ...c,
        params: asJson(c.params),
        // what a new row does not say begins at nothing
        ...{ because: null, fence: 0, looks: 0, sentAt: null, acknowledgedAt: null, verifiedAt: null },
        ...{ endedAt: null, receipt: null, askedByName: c.askedByName ?? null, approval: c.approval == null ? null : UNAPPROVED },
      };
      // what nobody approves is looked at once, to end with its deadline
      const lookAt = waitsForApproval(command) ? later(c.notAfter, 1) : later(c.createdAt, SWEEP_AFTER_MS);
      await this.#books.commands.add(on, { command, lookAt, lineFencing: null });
      await this.#books.meters.mustExist(on, c.meter, "commands_meter_fkey");
      if (c.account !== null) await this.#books.accounts.mustExist(on, c.account, "commands_account_fkey");
      if (c.payment !== null) await this.#books.payments.mustExist(on, c.payment, "commands_payment_fkey");
    });
  }

  find(tx: Transaction | null, id: CommandId): Promise<Command | null> {
    const { commands } = this.#books;
    if (tx === null) return this.#db.look(null, (on) => commands.find(on, id)?.command ?? null);
    return this.#db.statement(tx, async (on) => (await commands.lock(on, id, "update"))?.command ?? null);
  }

  newestOf(tx: Transaction, meter: MeterAddress): Promise<CommandId | null> {
    return this.#db.look(tx, (on) =>
      this.#books.commands
        .in(on, "meter", meter)
        .reduce<CommandId | null>((newest, { command: { id } }) => (newest === null || id > newest ? id : newest), null),
    );
  }

  list(filter: CommandFilter): Promise<readonly Command[]> {
    const { state, meter, kind, since, before, limit } = filter;
    return this.#db.look(null, (on) => {
      const rows = meter === undefined ? this.#books.commands.all(on) : this.#books.commands.in(on, "meter", meter);
      return rows
        .map(commandOf)
        .filter((c) => (state === undefined || c.state === state) && (kind === undefined || c.kind === kind))
        .filter((c) => (since === undefined || c.createdAt >= since) && (before === undefined || c.id < before))
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit);
    });
  }

  attempts(id: CommandId): Promise<readonly Attempt[]> {
    return this.#db.look(null, (on) => this.#attempts(on, id));
  }

  attemptsOf(tx: Transaction | null, ids: readonly CommandId[]): Promise<readonly (Attempt & { readonly command: CommandId })[]> {
    return this.#db.look(tx, (on) =>
      [...new Set(ids)].sort().flatMap((command) => this.#attempts(on, command).map((attempt) => ({ ...attempt, command }))),
    );
  }

  async lastAttempt(id: CommandId): Promise<Attempt | null> {
    return (await this.attempts(id)).at(-1) ?? null;
  }

  /** What has run out of time unsent may be ended by anybody: perhaps nobody holds its line. */
  take(id: CommandId): Promise<Command | null> {
    const now = this.#clock.now();
    const { commands, meters } = this.#books;
    return this.#db.statement(null, async (on) => {
      const found = commands.find(on, id);
      const meter = found && meters.find(on, found.command.meter);
      if (meter === undefined) return null;
      const lineFencing = this.#fencingOf(on, meter.bus);
      const mayTake = ({ command: c }: CommandRow): boolean =>
        isOpen(c.state) &&
        (isRipe(c) || c.notAfter < now) &&
        (this.#holder === null || lineFencing !== null || isAnybodys(c, meter.active, now));
      if (!mayTake(found!)) return null;
      const row = await commands.lock(on, id);
      if (row === undefined || !mayTake(row)) return null;
      const { state, waitingFor, fence } = row.command;
      const command: Command = {
        ...row.command,
        fence: fence + 1,
        state: state === "accepted" ? "queued" : state,
        waitingFor: isUnsent(state) ? (waitingFor ?? "line") : waitingFor,
      };
      await commands.update(on, { command, lookAt: later(now, TAKEN_MS_MAX), lineFencing });
      return command;
    });
  }

  lockOpen(tx: Transaction, meter: MeterAddress): Promise<readonly Command[]> {
    const { commands } = this.#books;
    return this.#db.statement(tx, async (on) => {
      const open = (row: CommandRow): boolean => isOpen(row.command.state);
      const rows = commands.in(on, "open", meter).sort(byId);
      return (await commands.lockAll(on, rows, open, "update")).map(commandOf);
    });
  }

  change(
    tx: Transaction | null,
    id: CommandId,
    fence: number,
    from: readonly CommandState[],
    { lookAt, approvedBy: by, approvedAt, approvalNote: note, ...change }: CommandChange,
  ): Promise<boolean> {
    const said: Partial<Approval> = {
      ...(by === undefined ? {} : { by }),
      ...(approvedAt === undefined ? {} : { at: approvedAt }),
      ...(note === undefined ? {} : { note }),
    };
    if (lookAt === undefined && Object.keys({ ...change, ...said }).length === 0) return Promise.resolve(true);
    const { commands } = this.#books;
    const fits = ({ command }: CommandRow): boolean => command.fence === fence && from.includes(command.state);
    return this.#db.statement(tx, async (on) => {
      const found = commands.find(on, id);
      const row = found !== undefined && fits(found) ? await commands.lock(on, id) : undefined;
      if (row === undefined || !fits(row)) return false;
      const before = row.command.approval ?? null;
      const command = {
        ...{ ...row.command, ...change, approval: before === null ? null : { ...before, ...said } },
        ...(change.receipt === undefined ? {} : { receipt: asJson(change.receipt) }),
      };
      await commands.update(on, { ...row, command, lookAt: lookAt === undefined ? row.lookAt : lookAt });
      return true;
    });
  }

  beginAttempt(
    tx: Transaction,
    id: CommandId,
    fence: number,
    attempt: Attempt,
    rivals: readonly CommandKind[],
  ): Promise<"begun" | "blocked" | "superseded" | "lost" | "not-ours"> {
    const { commands, meters, attempts } = this.#books;
    return this.#db.statement(tx, async (on) => {
      const found = commands.find(on, id);
      if (found?.command.fence !== fence) return "lost";
      // The meter's row stands for "what may be on the wire to it": two commands that add cannot both pass here.
      const meter = (await meters.lock(on, found.command.meter, "update"))!;
      const row = await commands.lock(on, id, "update");
      if (
        row?.command.fence !== fence ||
        !isRipe(row.command) ||
        !["accepted", "queued", "verifying"].includes(row.command.state)
      )
        return "lost";
      // The lease is looked at now: the locks may have been waited for.
      if (this.#holder !== null && (row.lineFencing === null || this.#fencingOf(on, meter.bus) !== row.lineFencing))
        return "not-ours";
      const { effect } = row.command;
      const adding = commands.findBy(on, ADDING, row.command.meter);
      if (effect === "adds" && adding !== undefined && adding.command.id !== id) return "blocked";
      const rival = ({ command: c }: CommandRow): boolean => c.id !== id && !TAKEN_BACK.includes(c.state);
      const newer = (kind: CommandKind): Iterable<CommandRow> => commands.upwards(on, "kind", pair(row.command.meter, kind), id);
      if (rivals.some((kind) => firstOf(newer(kind), rival) !== undefined)) return "superseded";
      await commands.update(on, { ...row, command: { ...row.command, state: "sending", waitingFor: null, sentAt: attempt.at } });
      const kept: Attempt = { ...attempt, fence, before: asJson(attempt.before), frames: [] };
      await attempts.add(on, { command: id, attempt: kept, lineFencing: row.lineFencing });
      return "begun";
    });
  }

  endAttempt(
    tx: Transaction | null,
    id: CommandId,
    fence: number,
    number: number,
    outcome: string,
    frames: readonly WireEvidence[],
  ): Promise<void> {
    const { commands, attempts } = this.#books;
    return this.#db.statement(tx, async (on) => {
      if (commands.find(on, id)?.command.fence !== fence) return;
      // the row is held while we write: whoever takes the command in this moment comes after us
      if ((await commands.lock(on, id, "share"))?.command.fence !== fence) return;
      const row = await attempts.lock(on, attemptKey(id, number));
      if (row === undefined) return;
      const attempt = { ...row.attempt, outcome, frames: framesKept(row.attempt.frames, asJson(frames)) };
      await attempts.update(on, { ...row, attempt });
    });
  }

  due(now: Instant, limit: number, buses: readonly string[] | null = null, skip = 0): Promise<readonly CommandId[]> {
    const forUs = ({ command: c }: CommandRow, on: Work | null): boolean =>
      (isRipe(c) || c.notAfter < now) &&
      (buses === null || buses.includes(this.#meterOf(on, c.meter).bus) || isAnybodys(c, this.#meterOf(on, c.meter).active, now));
    return this.#db.look(null, (on) =>
      this.#open(on)
        .filter((row) => row.command.endedAt === null && row.lookAt !== null && row.lookAt <= now && forUs(row, on))
        .sort((a, b) => a.lookAt! - b.lookAt! || byId(a, b))
        .slice(skip, skip + limit)
        .map((row) => row.command.id),
    );
  }

  async putBack(ids: readonly CommandId[], now: Instant): Promise<void> {
    await this.#each(
      (row) => ids.includes(row.command.id) && row.lookAt !== null && row.lookAt > now,
      (row) => ({ ...row, lookAt: now }),
    );
  }

  wakeMeter(meter: MeterAddress, now: Instant): Promise<readonly CommandId[]> {
    return this.wakeMeters([meter], now);
  }

  wakeMeters(meters: readonly MeterAddress[], now: Instant): Promise<readonly CommandId[]> {
    return this.#wake(({ command: c }) => meters.includes(c.meter) && WAITING_FOR_THE_METER.includes(c.waitingFor), now);
  }

  wakeWaitingFor(what: string, now: Instant): Promise<readonly CommandId[]> {
    return this.#wake(({ command }) => command.waitingFor === what, now);
  }

  async makeAllDue(now: Instant, buses: readonly string[] | null = null): Promise<number> {
    const made = await this.#each(
      ({ command }, on) => isRipe(command) && (buses === null || buses.includes(this.#meterOf(on, command.meter).bus)),
      (row) => ({ ...row, lookAt: now }),
    );
    return made.length;
  }

  async shorten(kinds: readonly CommandKind[], byMs: number): Promise<number> {
    const made = await this.#each(
      ({ command }) => kinds.includes(command.kind) && isUnsent(command.state),
      (row) => ({ ...row, command: { ...row.command, notAfter: later(row.command.notAfter, -byMs) } }),
    );
    return made.length;
  }

  lastEnded(tx: Transaction | null, meter: MeterAddress, kinds: readonly CommandKind[]): Promise<Command | null> {
    return this.#db.look(tx, (on) => {
      const newest = (kind: CommandKind): CommandRow | undefined =>
        firstOf(this.#books.commands.downwards(on, "kind", pair(meter, kind)), ({ command }) => command.endedAt !== null);
      const ended = kinds.flatMap((kind) => newest(kind) ?? []);
      return ended.sort(byId).at(-1)?.command ?? null;
    });
  }

  markQueued(ids: readonly CommandId[]): Promise<readonly Command[]> {
    return this.#each(
      ({ command }) => command.state === "accepted" && isRipe(command) && ids.includes(command.id),
      (row) => ({ ...row, command: { ...row.command, state: "queued", waitingFor: "line" } }),
    );
  }

  outlines(ids: readonly CommandId[]): Promise<readonly CommandOutline[]> {
    const now = this.#clock.now();
    return this.#db.look(null, (on) =>
      [...new Set(ids)].flatMap((id) => {
        const command = this.#books.commands.find(on, id)?.command;
        if (command === undefined) return [];
        const { meter, kind } = command;
        const { bus, active } = this.#meterOf(on, meter);
        return [{ id, meter, kind, bus, isAnybodys: isAnybodys(command, active, now) }];
      }),
    );
  }

  counts(): Promise<readonly { state: CommandState; count: number }[]> {
    return this.#db.look(null, (on) => {
      const byState = Map.groupBy(this.#books.commands.all(on), ({ command }) => command.state);
      return [...byState].map(([state, rows]) => ({ state, count: rows.length }));
    });
  }

  #attempts(on: Work | null, command: CommandId): Attempt[] {
    const rows = this.#books.attempts.in(on, "command", command).map(({ attempt }) => attempt);
    return rows.sort((a, b) => a.number - b.number);
  }

  #open(on: Work | null): CommandRow[] {
    return this.#books.commands.in(on, "open", OPEN);
  }

  #meterOf(on: Work | null, meter: MeterAddress): { readonly bus: string; readonly active: boolean } {
    return this.#books.meters.find(on, meter)!;
  }

  /** The number of our lease of this bus as it stands now, or null. */
  #fencingOf(on: Work, bus: string): bigint | null {
    const lease = this.#books.leases.find(on, bus);
    return lease !== undefined && lease.holder === this.#holder && lease.expiresAt > this.#db.now() ? lease.fencing : null;
  }

  async #wake(fits: (row: CommandRow) => boolean, now: Instant): Promise<readonly CommandId[]> {
    const woken = await this.#each(fits, (row) => ({ ...row, lookAt: now, command: { ...row.command, looks: 0 } }));
    return woken.map(({ id }) => id);
  }

  /** One statement over all open commands that fit. */
  #each(fits: (row: CommandRow, on: Work) => boolean, change: (row: CommandRow) => CommandRow): Promise<readonly Command[]> {
    const { commands } = this.#books;
    return this.#db.statement(null, async (on) => {
      const fitting = (row: CommandRow): boolean => isOpen(row.command.state) && fits(row, on);
      const rows = this.#open(on).filter(fitting).sort(byId);
      const changed = (await commands.lockAll(on, rows, fitting)).map(change);
      for (const row of changed) await commands.update(on, row);
      return changed.map(commandOf);
    });
  }
}
