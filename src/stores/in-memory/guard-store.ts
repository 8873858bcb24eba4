/** What holds cuts back, in memory. */
import { Instant, later } from "../../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress } from "../../kernel/ids.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import { isUnsent, type Command } from "../../commands/command.ts";
import { cuts } from "../../commands/rivals.ts";
import { AHEAD_MS, failuresInARow, isVain, LEFT_LOOKED_AT, type CutEnd } from "../../policy/cut-ends.ts";
import type {
  BatchChange,
  CutBatch,
  CutMember,
  EndedMember,
  FigureWish,
  GuardStore,
  Halt,
  HaltChange,
  Left,
  Listed,
  MemberChange,
  MemberEnd,
} from "../../policy/guard-store.ts";
import type { RunMember } from "../../policy/batch-run.ts";
import type { SiteFigures } from "../../policy/guard-rails.ts";
import type { InMemoryDatabase } from "./database.ts";
import { firstOf } from "./ordered-index.ts";
import type { Work } from "./table.ts";
import { ALL, asJson, OPEN, pair, type MemberRow } from "./tables.ts";

const LOCK = "cuts";

export class InMemoryGuardStore implements GuardStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  lock(tx: Transaction, how: "alone" | "beside" = "alone"): Promise<void> {
    const { siteLocks } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      // before anybody was alone there is no row that could be shared
      if (how === "beside" && (await siteLocks.lock(on, LOCK, "share")) !== undefined) return;
      await siteLocks.upsert(on, LOCK, (row) => row ?? { name: LOCK });
    });
  }

  hold(tx: Transaction, meters: readonly MeterAddress[]): Promise<void> {
    return this.#db.statement(tx, async (on) => {
      for (const meter of meters.toSorted()) await this.#db.books.meters.lock(on, meter, "key-share");
    });
  }

  figures(tx: Transaction | null, { now, leftSince, importChannels, meters }: FigureWish): Promise<SiteFigures> {
    const { books } = this.#db;
    return this.#db.look(tx, (on) => {
      const halts = books.cutHalts.all(on);
      const latest = later(now, AHEAD_MS);
      const stands = (kind: Halt["kind"]): boolean => halts.some((halt) => halt.kind === kind && halt.released === null);
      const releases = halts.flatMap(({ kind, released }) => (kind === "brake" && released !== null ? [released.at] : []));
      const anew = Math.max(-Infinity, ...releases.filter((at) => at <= latest));
      const recent = [...books.cutsLeft.upwards(on, "all", ALL, Math.max(anew, leftSince))].filter(
        ({ at }) => at > leftSince && at <= latest,
      );
      const leftAt = (id: CommandId): Instant | undefined => books.cutsLeft.find(on, id)?.at;
      const ends: CutEnd[] = [];
      for (const { command: end } of books.commands.downwards(on, "cutEnds", ALL)) {
        if (ends.length === LEFT_LOOKED_AT) break;
        if ((leftAt(end.id) ?? -Infinity) < anew) continue;
        if (end.state === "confirmed" && end.endedAt! > latest) continue;
        const older = firstOf(
          books.commands.downwards(on, "cutEnds", end.meter, end.endedAt!),
          ({ command: { id, endedAt } }) => endedAt! < end.endedAt! && leftAt(id) !== undefined,
        );
        ends.push({ ...end, before: older?.command ?? null });
        if (end.state === "confirmed") break; // what is older than the newest that went well is not counted, so nobody looks at it
      }
      const isNamed = (channel: string): boolean =>
        importChannels !== null && (importChannels.length === 0 || importChannels.includes(channel));
      const payments = importChannels === null ? [] : books.payments.downwards(on, "all", ALL);
      const paid = firstOf(payments, ({ channel }) => isNamed(channel))?.createdAt;
      const told = books.paymentImports.all(on).flatMap(({ channel, at }) => (isNamed(channel) ? [at] : []));
      const imports = [...releases, ...told, ...(paid === undefined ? [] : [paid])];
      return {
        now,
        meters: meters ?? this.#remoteMeters(on),
        stop: stands("stop"),
        brake: stands("brake"),
        left: {
          automatic: recent.filter(({ approved, raised }) => !approved && !raised).length,
          approved: recent.filter(({ approved, raised }) => approved && !raised).length,
        },
        failures: failuresInARow(ends),
        importAt: imports.length === 0 ? null : Instant(Math.max(...imports)),
      };
    });
  }

  askedSince(tx: Transaction | null, since: Instant): Promise<readonly MeterAddress[]> {
    const { commands, cutMembers, cutsLeft } = this.#db.books;
    const hasLeft = (on: Work | null, id: CommandId): boolean => (cutsLeft.find(on, id)?.at ?? -Infinity) > since;
    return this.#db.look(tx, (on) => [
      ...new Set(
        commands
          .in(on, "automaticCuts", ALL)
          .map(({ command }) => command)
          .filter((one) => one.createdAt > since || isUnsent(one.state) || hasLeft(on, one.id))
          .filter((command) => !["cancelled", "expired"].includes(command.state) && !isVain(command))
          .filter(({ id }) => cutMembers.in(on, "command", id).length === 0)
          .map(({ meter }) => meter),
      ),
    ]);
  }

  noteLeft(tx: Transaction, left: Left): Promise<void> {
    const { cutsLeft } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      await cutsLeft.insert(on, left); // said twice it is one
    });
  }

  unsentCuts(): Promise<readonly Pick<Command, "id" | "meter" | "askedBy">[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.commands
        .in(on, "open", OPEN)
        .map(({ command }) => command)
        .filter(({ kind, state }) => cuts.includes(kind) && isUnsent(state))
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ id, meter, askedBy }) => ({ id, meter, askedBy })),
    );
  }

  noteImport(tx: Transaction, channel: string, at: Instant, by: string): Promise<void> {
    const { paymentImports } = this.#db.books;
    return this.#db.statement(tx, (on) => paymentImports.upsert(on, channel, () => ({ channel, at, by })));
  }

  halt(tx: Transaction, halt: Halt): Promise<void> {
    const row = { ...halt, figures: asJson(halt.figures), asked: null, released: null };
    return this.#db.statement(tx, (on) => this.#db.books.cutHalts.add(on, row));
  }

  haltOnce(tx: Transaction, halt: Halt): Promise<boolean> {
    const row = { ...halt, figures: asJson(halt.figures), asked: null, released: null };
    return this.#db.statement(tx, async (on) => (await this.#db.books.cutHalts.insert(on, row)) === null);
  }

  changeHalt(tx: Transaction, id: string, change: HaltChange): Promise<void> {
    const { cutHalts } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const known = await cutHalts.lock(on, id);
      if (known !== undefined) await cutHalts.update(on, { ...known, ...change });
    });
  }

  standing(tx: Transaction | null): Promise<readonly Halt[]> {
    return this.#db.look(tx, (on) =>
      this.#db.books.cutHalts
        .all(on)
        .filter(({ released }) => released === null)
        .sort((a, b) => a.begunAt - b.begunAt || (a.id < b.id ? -1 : 1)),
    );
  }

  halts(limit: number): Promise<readonly Halt[]> {
    return this.#db.look(null, (on) => newestFirst(this.#db.books.cutHalts.all(on)).slice(0, limit));
  }

  insertBatch(tx: Transaction, batch: CutBatch): Promise<void> {
    return this.#db.statement(tx, (on) => this.#db.books.cutBatches.add(on, batch));
  }

  addMembers(tx: Transaction, batch: string, members: readonly CutMember[]): Promise<void> {
    const { books } = this.#db;
    return this.#db.statement(tx, async (on) => {
      for (const member of members) {
        await books.cutMembers.add(on, { ...member, facts: asJson(member.facts), batch, place: books.nextId() });
        await books.meters.mustExist(on, member.meter, "cut_members_meter_fkey");
      }
    });
  }

  changeBatch(tx: Transaction, id: string, change: BatchChange): Promise<void> {
    const { cutBatches } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const known = await cutBatches.lock(on, id);
      if (known !== undefined) await cutBatches.update(on, { ...known, ...change });
    });
  }

  changeMember(tx: Transaction, batch: string, meter: MeterAddress, change: MemberChange): Promise<void> {
    const { cutMembers } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const known = await cutMembers.lock(on, pair(batch, meter));
      if (known !== undefined) await cutMembers.update(on, { ...known, ...change });
    });
  }

  batch(tx: Transaction | null, id: string): Promise<CutBatch | null> {
    return this.#db.look(tx, (on) => this.#db.books.cutBatches.find(on, id) ?? null);
  }

  members(tx: Transaction | null, batch: string, meters?: readonly MeterAddress[]): Promise<readonly CutMember[]> {
    const named = meters === undefined ? null : new Set(meters);
    return this.#db.look(tx, (on) =>
      this.#members(on, batch).flatMap((row) => (named === null || named.has(row.meter) ? [asMember(row)] : [])),
    );
  }

  memberCount(tx: Transaction | null, batch: string): Promise<number> {
    return this.#db.look(tx, (on) => this.#members(on, batch).length);
  }

  runMembers(batch: string, waitingMax: number | null): Promise<readonly RunMember[]> {
    return this.#db.look(null, (on) => {
      const all = this.#members(on, batch);
      const first = new Set(all.filter(({ state }) => state === "waiting").slice(0, waitingMax ?? undefined));
      return all
        .filter((row) => first.has(row) || row.state === "asked" || row.isCanary)
        .map(({ meter, line, isCanary, state }) => ({ meter, line, isCanary, state }));
    });
  }

  endedMembers(batch: string, limit: number): Promise<readonly MemberEnd[]> {
    const { commands, cutsLeft } = this.#db.books;
    return this.#db.look(null, (on) =>
      this.#members(on, batch)
        .filter(({ state }) => state === "asked")
        .flatMap(({ meter, command }) => {
          const known = command === null ? undefined : commands.find(on, command)?.command;
          if (known?.endedAt == null) return [];
          return [{ meter, state: known.state, because: known.because, left: cutsLeft.find(on, known.id) !== undefined }];
        })
        .sort((a, b) => (a.meter < b.meter ? -1 : 1))
        .slice(0, limit),
    );
  }

  endMembers(tx: Transaction, batch: string, ended: readonly EndedMember[]): Promise<void> {
    const { cutMembers } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      for (const { meter, state, because } of ended.toSorted((a, b) => (a.meter < b.meter ? -1 : 1))) {
        const known = await cutMembers.lock(on, pair(batch, meter));
        if (known?.state === "asked") await cutMembers.update(on, { ...known, state, because });
      }
    });
  }

  batches(limit: number, before: string | null): Promise<readonly CutBatch[]> {
    return this.#db.look(null, (on) =>
      newestFirst(this.#db.books.cutBatches.all(on))
        .filter(({ id }) => before === null || id < before)
        .slice(0, limit),
    );
  }

  liveBatches(tx: Transaction | null): Promise<readonly CutBatch[]> {
    return this.#db.look(tx, (on) =>
      this.#db.books.cutBatches
        .all(on)
        .filter(({ id, endedAt }) => endedAt === null || this.#members(on, id).some(({ state }) => state === "asked"))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
  }

  listed(tx: Transaction | null, declinedSince: Instant, only?: readonly MeterAddress[]): Promise<readonly Listed[]> {
    return this.#db.look(tx, (on) => {
      const declined = this.#db.books.cutBatches
        .all(on)
        .filter(({ state, endedAt }) => state === "declined" && endedAt !== null && endedAt > declinedSince);
      return [...this.#open(on), ...declined]
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .flatMap(({ id, state }) =>
          this.#members(on, id)
            .filter(({ meter }) => only === undefined || only.includes(meter))
            .map(({ meter, state: member }) => ({ meter, batch: id, state, member })),
        );
    });
  }

  batchOf(tx: Transaction | null, command: CommandId): Promise<CutBatch | null> {
    const { cutMembers, cutBatches } = this.#db.books;
    return this.#db.look(tx, (on) => {
      const [member] = cutMembers.in(on, "command", command);
      return member === undefined ? null : cutBatches.find(on, member.batch)!;
    });
  }

  isImportant(tx: Transaction, account: AccountId, now: Instant): Promise<boolean> {
    return this.#db.look(tx, (on) =>
      this.#db.books.exemptions
        .in(on, "account", account)
        .some(({ kind, until, endedAt }) => kind === "important" && until > now && (endedAt === null || endedAt === until)),
    );
  }

  #open(on: Work | null): CutBatch[] {
    return this.#db.books.cutBatches
      .all(on)
      .filter(({ endedAt }) => endedAt === null)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  #members(on: Work | null, batch: string): MemberRow[] {
    return this.#db.books.cutMembers.in(on, "batch", batch).sort((a, b) => a.place - b.place);
  }

  #remoteMeters(on: Work | null): number {
    const { meters, accounts } = this.#db.books;
    return meters
      .all(on)
      .filter(({ book, active }) => active && book.beingReplaced !== true && book.account !== null)
      .filter(({ book }) => accounts.find(on, book.account!)?.mode === "remote").length;
  }
}

const asMember = ({ batch: _, place: _place, ...member }: MemberRow): CutMember => member;
const newestFirst = <R extends { readonly id: string }>(rows: R[]): R[] => rows.sort((a, b) => (a.id < b.id ? 1 : -1));
