/** What holds cuts back, as rows: stops, the brake, lists for two persons, and what has left. One advisory lock stands for the site. */
import { Instant, later } from "../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Command } from "../commands/command.ts";
import { AHEAD_MS, failuresInARow, LEFT_LOOKED_AT, type CutEnd } from "../policy/cut-ends.ts";
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
} from "../policy/guard-store.ts";
import type { RunMember } from "../policy/batch-run.ts";
import type { SiteFigures } from "../policy/guard-rails.ts";
import { at, type Database } from "./database.ts";
import {
  batchOf,
  columnsOf,
  HALT,
  haltColumns,
  haltOf,
  memberOf,
  orNull,
  type BatchRow,
  type HaltRow,
  type MemberRow,
} from "./guard-rows.ts";

/** A number of our own among advisory locks. */
const LOCK_NUMBER = "hashtextextended('fee-control-gateway cuts', 0)";
const LOCK = {
  alone: `SELECT pg_advisory_xact_lock(${LOCK_NUMBER})`,
  beside: `SELECT pg_advisory_xact_lock_shared(${LOCK_NUMBER})`,
} as const;

/** What is counted begins anew when the brake is released. */
const ANEW =
  "(SELECT coalesce(max(h.released_at), '-infinity'::timestamptz) FROM cut_halts h WHERE h.kind = 'brake' AND h.released_at <= $4)";

export class PostgresGuardStore implements GuardStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async lock(tx: Transaction, how: "alone" | "beside" = "alone"): Promise<void> {
    await this.#db.run(tx, LOCK[how]);
  }

  async hold(tx: Transaction, meters: readonly MeterAddress[]): Promise<void> {
    await this.#db.run(tx, "SELECT 1 FROM meters WHERE address = ANY($1) ORDER BY address FOR KEY SHARE", [meters]);
  }

  async figures(tx: Transaction | null, { now, leftSince, importChannels, meters }: FigureWish): Promise<SiteFigures> {
    const [row] = await this.#db.rows<{
      meters: number;
      stop: boolean;
      brake: boolean;
      automatic: number;
      approved: number;
      ends: CutEnd[];
      paid: number | null;
      told: number | null;
      released: number | null;
    }>(
      tx,
      `WITH anew AS MATERIALIZED (SELECT ${ANEW} AS at),
            ended AS NOT MATERIALIZED (SELECT c.id, c.state, c.because, c.ended_at, l.meter FROM commands c JOIN cuts_left l ON l.command = c.id CROSS JOIN anew
                       WHERE c.kind = 'disconnect' AND c.asked_by = 'rule' AND c.ended_at IS NOT NULL AND l.at >= anew.at),
            -- what is older than the newest that went well is not counted, so nobody looks at it
            good AS MATERIALIZED (SELECT e.ended_at, e.id FROM ended e WHERE e.state = 'confirmed' AND e.ended_at <= $4 ORDER BY e.ended_at DESC, e.id DESC LIMIT 1)
       SELECT coalesce($3::int, (SELECT count(*) FROM meters m JOIN accounts a ON a.account = m.account AND a.mode = 'remote' WHERE m.active AND NOT m.being_replaced)::int) AS meters,
              EXISTS (SELECT 1 FROM cut_halts h WHERE h.kind = 'stop' AND h.released_at IS NULL) AS stop,
              EXISTS (SELECT 1 FROM cut_halts h WHERE h.kind = 'brake' AND h.released_at IS NULL) AS brake,
              (SELECT count(*) FROM cuts_left l WHERE l.at > $1 AND l.at <= $4 AND l.at >= anew.at AND NOT l.approved AND NOT l.raised)::int AS automatic,
              (SELECT count(*) FROM cuts_left l WHERE l.at > $1 AND l.at <= $4 AND l.at >= anew.at AND l.approved AND NOT l.raised)::int AS approved,
              (SELECT coalesce(jsonb_agg(jsonb_build_object('state', x.state, 'because', x.because, 'before', x.before) ORDER BY x.ended_at DESC, x.id DESC), '[]')
                 FROM (SELECT c.id, c.state, c.because, c.ended_at,
                              (SELECT jsonb_build_object('state', b.state, 'because', b.because) FROM cuts_left e JOIN commands b ON b.id = e.command
                                WHERE e.meter = c.meter AND b.ended_at < c.ended_at ORDER BY b.ended_at DESC LIMIT 1) AS before
                         FROM ended c
                        WHERE c.ended_at >= coalesce((SELECT g.ended_at FROM good g), '-infinity'::timestamptz)
                          AND NOT EXISTS (SELECT 1 FROM good g WHERE (c.ended_at, c.id) < (g.ended_at, g.id))
                          AND (c.state <> 'confirmed' OR c.ended_at <= $4)
                        ORDER BY c.ended_at DESC, c.id DESC LIMIT ${LEFT_LOOKED_AT}) x) AS ends,
              CASE WHEN $2::text[] IS NOT NULL THEN (SELECT y.created_at FROM payments y
                WHERE cardinality($2::text[]) = 0 OR y.channel = ANY($2) ORDER BY y.id DESC LIMIT 1) END AS paid,
              CASE WHEN $2::text[] IS NOT NULL THEN (SELECT max(i.at) FROM payment_imports i
                WHERE cardinality($2::text[]) = 0 OR i.channel = ANY($2)) END AS told,
              (SELECT max(h.released_at) FROM cut_halts h WHERE h.kind = 'brake') AS released
         FROM anew`,
      [at(leftSince), importChannels, meters ?? null, at(later(now, AHEAD_MS))],
    );
    const { ends, automatic, approved, paid, told, released, ...rest } = row!;
    const imports = [paid, told, released].filter((when) => when !== null);
    return {
      ...{ now, ...rest },
      left: { automatic, approved },
      failures: failuresInARow(ends),
      importAt: imports.length === 0 ? null : Instant(Math.max(...imports)),
    };
  }

  async askedSince(tx: Transaction | null, since: Instant): Promise<readonly MeterAddress[]> {
    const rows = await this.#db.rows<{ meter: MeterAddress }>(
      tx,
      `SELECT DISTINCT c.meter FROM commands c
        WHERE c.id IN (SELECT id FROM commands WHERE kind = 'disconnect' AND created_at > $1
                       UNION SELECT id FROM commands WHERE kind = 'disconnect' AND state IN ('accepted', 'queued')
                       UNION SELECT command FROM cuts_left WHERE at > $1)
          AND c.kind = 'disconnect' AND c.asked_by = 'rule' AND c.state NOT IN ('cancelled', 'expired', 'refused')
          AND NOT (c.state = 'unanswered' AND c.because = 'stuck')
          AND NOT EXISTS (SELECT 1 FROM cut_members m WHERE m.command = c.id)`,
      [at(since)],
    );
    return rows.map(({ meter }) => meter);
  }

  async noteLeft(tx: Transaction, { command, meter, at: when, approved, raised }: Left): Promise<void> {
    await this.#db.run(
      tx,
      "INSERT INTO cuts_left (command, meter, at, approved, raised) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (command) DO NOTHING",
      [command, meter, at(when), approved, raised],
    );
  }

  async unsentCuts(): Promise<readonly Pick<Command, "id" | "meter" | "askedBy">[]> {
    return this.#db.rows(
      null,
      `SELECT id, meter, asked_by AS "askedBy" FROM commands
        WHERE kind IN ('disconnect', 'disconnect-for') AND state IN ('accepted', 'queued') ORDER BY id`,
    );
  }

  async noteImport(tx: Transaction, channel: string, when: Instant, by: string): Promise<void> {
    await this.#db.run(
      tx,
      "INSERT INTO payment_imports (channel, at, by) VALUES ($1, $2, $3) ON CONFLICT (channel) DO UPDATE SET at = EXCLUDED.at, by = EXCLUDED.by",
      [channel, at(when), by],
    );
  }

  async halt(tx: Transaction, halt: Halt): Promise<void> {
    await this.#db.run(tx, HALT, haltColumns(halt));
  }

  async haltOnce(tx: Transaction, halt: Halt): Promise<boolean> {
    return (await this.#db.run(tx, `${HALT} ON CONFLICT (kind) WHERE released_at IS NULL DO NOTHING`, haltColumns(halt))) === 1;
  }

  async changeHalt(tx: Transaction, id: string, { asked, released }: HaltChange): Promise<void> {
    if (asked !== undefined)
      await this.#db.run(tx, "UPDATE cut_halts SET asked_by = $2, asked_at = $3, asked_note = $4 WHERE id = $1", [
        ...[id, asked?.by ?? null, orNull(asked?.at ?? null), asked?.note ?? null],
      ]);
    if (released != null)
      await this.#db.run(tx, "UPDATE cut_halts SET released_by = $2, released_at = $3, released_note = $4 WHERE id = $1", [
        ...[id, released.by, at(released.at), released.note],
      ]);
  }

  async standing(tx: Transaction | null): Promise<readonly Halt[]> {
    return (await this.#db.rows<HaltRow>(tx, "SELECT * FROM cut_halts WHERE released_at IS NULL ORDER BY begun_at, id")).map(
      haltOf,
    );
  }

  async halts(limit: number): Promise<readonly Halt[]> {
    return (await this.#db.rows<HaltRow>(null, "SELECT * FROM cut_halts ORDER BY id DESC LIMIT $1", [limit])).map(haltOf);
  }

  async insertBatch(tx: Transaction, batch: CutBatch): Promise<void> {
    await this.#db.run(
      tx,
      `INSERT INTO cut_batches (id, state, proposed_by, proposed_at, reason, raises_brake, first_by, first_at, first_note, first_raises,
              second_by, second_at, second_note, good_until, canary, version, because, ended_at, ended_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
      columnsOf(batch),
    );
  }

  async addMembers(tx: Transaction, batch: string, members: readonly CutMember[]): Promise<void> {
    const rows = members.map(({ available, readAt, noticedAt, isCanary, ...one }) => ({
      ...one,
      is_canary: isCanary,
      available: available.toString(),
      read_at: orNull(readAt),
      noticed_at: orNull(noticedAt),
    }));
    await this.#db.run(
      tx,
      `INSERT INTO cut_members (batch, meter, account, line, is_canary, state, available, read_at, noticed_at, strategy, facts, command, because)
       SELECT $1, x.meter, x.account, x.line, x.is_canary, x.state, x.available, x.read_at, x.noticed_at, x.strategy, x.facts, x.command, x.because
         FROM jsonb_to_recordset($2::jsonb) AS x(meter text, account text, line text, is_canary boolean, state text, available bigint,
              read_at timestamptz, noticed_at timestamptz, strategy text, facts jsonb, command uuid, because text)`,
      [batch, JSON.stringify(rows)],
    );
  }

  async changeBatch(tx: Transaction, id: string, change: BatchChange): Promise<void> {
    const known = await this.batch(tx, id);
    if (known === null) return;
    await this.#db.run(
      tx,
      `UPDATE cut_batches SET state = $2, proposed_by = $3, proposed_at = $4, reason = $5, raises_brake = $6, first_by = $7, first_at = $8,
              first_note = $9, first_raises = $10, second_by = $11, second_at = $12, second_note = $13, good_until = $14, canary = $15,
              version = $16, because = $17, ended_at = $18, ended_by = $19 WHERE id = $1`,
      columnsOf({ ...known, ...change }),
    );
  }

  async changeMember(tx: Transaction, batch: string, meter: MeterAddress, change: MemberChange): Promise<void> {
    await this.#db.run(
      tx,
      `UPDATE cut_members SET is_canary = coalesce($3, is_canary), state = coalesce($4, state), command = coalesce($5, command),
              because = CASE WHEN $6 THEN $7 ELSE because END WHERE batch = $1 AND meter = $2`,
      [
        ...[batch, meter, change.isCanary ?? null, change.state ?? null, change.command ?? null],
        ...[change.because !== undefined, change.because ?? null],
      ],
    );
  }

  async batch(tx: Transaction | null, id: string): Promise<CutBatch | null> {
    const [row] = await this.#db.rows<BatchRow>(tx, "SELECT * FROM cut_batches WHERE id = $1", [id]);
    return row === undefined ? null : batchOf(row);
  }

  async members(tx: Transaction | null, batch: string, meters?: readonly MeterAddress[]): Promise<readonly CutMember[]> {
    const rows = await (meters === undefined
      ? this.#db.rows<MemberRow>(tx, "SELECT * FROM cut_members WHERE batch = $1 ORDER BY place", [batch])
      : this.#db.rows<MemberRow>(tx, "SELECT * FROM cut_members WHERE batch = $1 AND meter = ANY($2) ORDER BY place", [
          ...[batch, meters],
        ]));
    return rows.map(memberOf);
  }

  async memberCount(tx: Transaction | null, batch: string): Promise<number> {
    const [row] = await this.#db.rows<{ members: number }>(
      tx,
      "SELECT count(*)::int AS members FROM cut_members WHERE batch = $1",
      [batch],
    );
    return row!.members;
  }

  async runMembers(batch: string, waitingMax: number | null): Promise<readonly RunMember[]> {
    return this.#db.rows<RunMember>(
      null,
      `SELECT meter, line, is_canary AS "isCanary", state FROM (
         (SELECT meter, line, is_canary, state, place FROM cut_members WHERE batch = $1 AND state = 'waiting' ORDER BY place LIMIT $2)
         UNION SELECT meter, line, is_canary, state, place FROM cut_members WHERE batch = $1 AND state = 'asked'
         UNION SELECT meter, line, is_canary, state, place FROM cut_members WHERE batch = $1 AND is_canary) x
       ORDER BY place`,
      [batch, waitingMax],
    );
  }

  async endedMembers(batch: string, limit: number): Promise<readonly MemberEnd[]> {
    return this.#db.rows<MemberEnd>(
      null,
      `SELECT m.meter, c.state, c.because, EXISTS (SELECT 1 FROM cuts_left l WHERE l.command = c.id) AS left
         FROM cut_members m JOIN commands c ON c.id = m.command
        WHERE m.batch = $1 AND m.state = 'asked' AND c.ended_at IS NOT NULL ORDER BY m.meter LIMIT $2`,
      [batch, limit],
    );
  }

  async endMembers(tx: Transaction, batch: string, ended: readonly EndedMember[]): Promise<void> {
    await this.#db.run(
      tx,
      `WITH ends AS MATERIALIZED (
         SELECT m.meter, x.state, x.because FROM jsonb_to_recordset($2::jsonb) AS x(meter text, state text, because text)
           JOIN cut_members m ON m.batch = $1 AND m.meter = x.meter AND m.state = 'asked' ORDER BY m.meter FOR UPDATE OF m)
       UPDATE cut_members m SET state = ends.state, because = ends.because FROM ends WHERE m.batch = $1 AND m.meter = ends.meter`,
      [batch, JSON.stringify(ended.map(({ meter, state, because }) => ({ meter, state, because })))],
    );
  }

  async batches(limit: number, before: string | null): Promise<readonly CutBatch[]> {
    return (
      await this.#db.rows<BatchRow>(
        null,
        "SELECT * FROM cut_batches WHERE $2::uuid IS NULL OR id < $2 ORDER BY id DESC LIMIT $1",
        [limit, before],
      )
    ).map(batchOf);
  }

  async liveBatches(tx: Transaction | null): Promise<readonly CutBatch[]> {
    return (
      await this.#db.rows<BatchRow>(
        tx,
        `SELECT * FROM cut_batches b WHERE ended_at IS NULL OR EXISTS (SELECT 1 FROM cut_members m WHERE m.batch = b.id AND m.state = 'asked')
          ORDER BY id`,
      )
    ).map(batchOf);
  }

  async listed(tx: Transaction | null, declinedSince: Instant, meters?: readonly MeterAddress[]): Promise<readonly Listed[]> {
    return this.#db.rows<Listed>(
      tx,
      `SELECT m.meter, b.id AS batch, b.state, m.state AS member FROM cut_batches b JOIN cut_members m ON m.batch = b.id
        WHERE (b.ended_at IS NULL OR (b.state = 'declined' AND b.ended_at > $1))${meters === undefined ? "" : " AND m.meter = ANY($2)"} ORDER BY b.id, m.place`,
      [at(declinedSince), ...(meters === undefined ? [] : [meters])],
    );
  }

  async batchOf(tx: Transaction | null, command: CommandId): Promise<CutBatch | null> {
    const [row] = await this.#db.rows<BatchRow>(
      tx,
      "SELECT b.* FROM cut_batches b JOIN cut_members m ON m.batch = b.id WHERE m.command = $1",
      [command],
    );
    return row === undefined ? null : batchOf(row);
  }

  async isImportant(tx: Transaction, account: AccountId, now: Instant): Promise<boolean> {
    const rows = await this.#db.rows(
      tx,
      `SELECT 1 FROM exemptions WHERE account = $1 AND kind = 'important' AND ends_at > $2 AND (ended_at IS NULL OR ended_at = ends_at) LIMIT 1`,
      [account, at(now)],
    );
    return rows.length > 0;
  }
}
