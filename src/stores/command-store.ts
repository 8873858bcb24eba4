/**
 * The rows of commands and their attempts. A write that names a fence changes nothing once another worker has taken the command.
 *
 * Where several gateways share the books, a command is taken only by the holder of its line, and an attempt begins only while that line is
 * held under the number of then (line_leases): the same transaction looks, on the database's clock.
 */
import { later, type Clock, type Instant } from "../kernel/clock.ts";
import { CommandId, type MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { WireEvidence } from "../kernel/reading.ts";
import { waitsForApproval } from "../commands/command.ts";
import type { Attempt, Command, CommandKind, CommandState, Effect } from "../commands/command.ts";
import type { CommandChange, CommandFilter, CommandOutline, EngineCommandStore } from "../commands/command-store.ts";
import { attemptOf, columns, commandOf, moments, when, type AttemptRow, type CommandRow } from "./command-columns.ts";
import { framesKept, SWEEP_AFTER_MS, TAKEN_MS_MAX } from "./command-rows.ts";
import { at, type Database } from "./database.ts";

/** Many rows at once, locked in one order: gateways that begin, lines that open and meters that are heard change the same ones at the same moment. */
const inOrder = (where: string, set: string): string =>
  `WITH chosen AS MATERIALIZED (SELECT c.id FROM commands c WHERE ${where} ORDER BY c.id FOR UPDATE OF c)
   UPDATE commands SET ${set} FROM chosen WHERE commands.id = chosen.id RETURNING commands.id`;

const OPEN = "('accepted', 'queued', 'sending', 'verifying')";
const UNSENT = "('accepted', 'queued')";
/** Nobody but its second person, and in the end its deadline, moves what needs two. */
const RIPE = "(NOT c.needs_approval OR c.approved_at IS NOT NULL)";
const endedByAnybody = (now: string): string => `(c.not_after < ${now} AND (c.state IN ${UNSENT} OR NOT m.active))`;

export class PostgresCommandStore implements EngineCommandStore {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #holder: string | null;

  /** `holder`: as whom we hold lines; left out, every line is ours. */
  constructor(db: Database, clock: Clock, holder: string | null = null) {
    this.#db = db;
    this.#clock = clock;
    this.#holder = holder;
  }

  async insert(tx: Transaction, c: Command): Promise<void> {
    await this.#db.run(
      tx,
      `INSERT INTO commands (id, kind, effect, meter, account, payment, params, asked_by, reason, state, created_at, not_after, look_at,
                             waiting_for, asked_by_name, needs_approval)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
      [
        c.id,
        c.kind,
        c.effect,
        c.meter,
        c.account,
        c.payment,
        JSON.stringify(c.params),
        c.askedBy,
        c.reason,
        c.state,
        at(c.createdAt),
        at(c.notAfter),
        // what nobody approves is looked at once, to end with its deadline
        at(waitsForApproval(c) ? later(c.notAfter, 1) : later(c.createdAt, SWEEP_AFTER_MS)),
        c.waitingFor,
        c.askedByName ?? null,
        c.approval != null,
      ],
    );
  }

  /** Those there are, in no order. */
  async findAll(ids: readonly CommandId[]): Promise<readonly Command[]> {
    return (await this.#db.rows<CommandRow>(null, "SELECT * FROM commands WHERE id = ANY($1)", [ids])).map(commandOf);
  }

  async find(tx: Transaction | null, id: CommandId): Promise<Command | null> {
    const [row] = await this.#db.rows<CommandRow>(tx, `SELECT * FROM commands WHERE id = $1${tx === null ? "" : " FOR UPDATE"}`, [
      id,
    ]);
    return row === undefined ? null : commandOf(row);
  }

  async newestOf(tx: Transaction, meter: MeterAddress): Promise<CommandId | null> {
    const [row] = await this.#db.rows<{ id: string }>(tx, "SELECT id FROM commands WHERE meter = $1 ORDER BY id DESC LIMIT 1", [
      meter,
    ]);
    return row === undefined ? null : CommandId(row.id);
  }

  async list(filter: CommandFilter): Promise<readonly Command[]> {
    const rows = await this.#db.rows<CommandRow>(
      null,
      `SELECT * FROM commands
        WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR meter = $2) AND ($3::text IS NULL OR kind = $3)
          AND ($4::timestamptz IS NULL OR created_at >= $4) AND ($5::uuid IS NULL OR id < $5)
        ORDER BY id DESC LIMIT $6`,
      [
        filter.state ?? null,
        filter.meter ?? null,
        filter.kind ?? null,
        when(filter.since ?? null),
        filter.before ?? null,
        filter.limit,
      ],
    );
    return rows.map(commandOf);
  }

  async attempts(id: CommandId): Promise<readonly Attempt[]> {
    return (
      await this.#db.rows<AttemptRow>(
        null,
        "SELECT number, fence, at, before, outcome, frames, thinned_at FROM attempts WHERE command = $1 ORDER BY number",
        [id],
      )
    ).map(attemptOf);
  }

  async attemptsOf(
    tx: Transaction | null,
    ids: readonly CommandId[],
  ): Promise<readonly (Attempt & { readonly command: CommandId })[]> {
    const rows = await this.#db.rows<AttemptRow & { command: string }>(
      tx,
      "SELECT command, number, fence, at, before, outcome, frames, thinned_at FROM attempts WHERE command = ANY($1) ORDER BY command, number",
      [ids],
    );
    return rows.map(({ command, ...row }) => ({ ...attemptOf(row), command: CommandId(command) }));
  }

  async lastAttempt(id: CommandId): Promise<Attempt | null> {
    const [row] = await this.#db.rows<AttemptRow>(
      null,
      "SELECT number, fence, at, before, outcome, frames, thinned_at FROM attempts WHERE command = $1 ORDER BY number DESC LIMIT 1",
      [id],
    );
    return row === undefined ? null : attemptOf(row);
  }

  /** What has run out of time, unsent or at a meter that hangs nowhere any more, may be ended by anybody: perhaps nobody holds its line. */
  async take(id: CommandId): Promise<Command | null> {
    const now = this.#clock.now();
    const [row] = await this.#db.rows<CommandRow>(
      null,
      `UPDATE commands c SET fence = fence + 1, look_at = $2, state = CASE state WHEN 'accepted' THEN 'queued' ELSE state END,
              waiting_for = CASE WHEN state IN ${UNSENT} THEN coalesce(waiting_for, 'line') ELSE waiting_for END,
              line_fencing = l.fencing
         FROM meters m LEFT JOIN line_leases l ON l.bus = m.bus AND l.holder = $3 AND l.expires_at > now()
        WHERE c.id = $1 AND c.state IN ${OPEN} AND m.address = c.meter AND (${RIPE} OR c.not_after < $4)
          AND ($3::text IS NULL OR l.fencing IS NOT NULL OR ${endedByAnybody("$4")}) RETURNING c.*`,
      [id, at(later(now, TAKEN_MS_MAX)), this.#holder, at(now)],
    );
    return row === undefined ? null : commandOf(row);
  }

  async lockOpen(tx: Transaction, meter: MeterAddress): Promise<readonly Command[]> {
    return (
      await this.#db.rows<CommandRow>(tx, `SELECT * FROM commands WHERE meter = $1 AND state IN ${OPEN} ORDER BY id FOR UPDATE`, [
        meter,
      ])
    ).map(commandOf);
  }

  async change(
    tx: Transaction | null,
    id: CommandId,
    fence: number,
    from: readonly CommandState[],
    change: CommandChange,
  ): Promise<boolean> {
    const values: unknown[] = [id, fence, from];
    const sets = Object.entries(change).map(([field, value]) => {
      values.push(field === "receipt" ? JSON.stringify(value) : moments.has(field) ? when(value as Instant | null) : value);
      return `${columns[field as keyof CommandChange]} = $${values.length}`;
    });
    if (sets.length === 0) return true;
    return (
      (await this.#db.run(
        tx,
        `UPDATE commands SET ${sets.join(", ")} WHERE id = $1 AND fence = $2 AND state = ANY($3)`,
        values,
      )) === 1
    );
  }

  async beginAttempt(
    tx: Transaction,
    id: CommandId,
    fence: number,
    attempt: Attempt,
    rivals: readonly CommandKind[],
  ): Promise<"begun" | "blocked" | "superseded" | "lost" | "not-ours"> {
    // The meter's row stands for "what may be on the wire to it": two commands that add cannot both pass here.
    // The lease is looked at on the clock of this very moment: the locks may have been waited for.
    const [row] = await this.#db.rows<{ meter: string; effect: Effect; state: CommandState; ours: boolean }>(
      tx,
      `SELECT c.meter, c.effect, c.state, $3::text IS NULL OR EXISTS (SELECT 1 FROM line_leases l
              WHERE l.bus = m.bus AND l.holder = $3 AND l.fencing = c.line_fencing AND l.expires_at > clock_timestamp()) AS ours
         FROM commands c JOIN meters m ON m.address = c.meter WHERE c.id = $1 AND c.fence = $2 AND ${RIPE} FOR UPDATE OF m, c`,
      [id, fence, this.#holder],
    );
    if (row === undefined || !["accepted", "queued", "verifying"].includes(row.state)) return "lost";
    if (!row.ours) return "not-ours";
    if (row.effect === "adds") {
      const others = await this.#db.rows(
        tx,
        "SELECT 1 FROM commands WHERE meter = $1 AND id <> $2 AND effect = 'adds' AND state IN ('sending', 'verifying', 'disputed') LIMIT 1",
        [row.meter, id],
      );
      if (others.length > 0) return "blocked";
    }
    if (rivals.length > 0) {
      const newer = await this.#db.rows(
        tx,
        "SELECT 1 FROM commands WHERE meter = $1 AND id > $2 AND kind = ANY($3) AND state NOT IN ('cancelled', 'expired', 'refused') LIMIT 1",
        [row.meter, id, rivals],
      );
      if (newer.length > 0) return "superseded";
    }
    await this.#db.run(
      tx,
      `WITH sending AS (UPDATE commands SET state = 'sending', waiting_for = NULL, sent_at = $4 WHERE id = $1 RETURNING line_fencing)
       INSERT INTO attempts (command, number, fence, at, before, outcome, line_fencing)
       SELECT $1, $2, $3, $4, $5, $6, line_fencing FROM sending`,
      [id, attempt.number, fence, at(attempt.at), JSON.stringify(attempt.before), attempt.outcome],
    );
    return "begun";
  }

  async endAttempt(
    tx: Transaction | null,
    id: CommandId,
    fence: number,
    number: number,
    outcome: string,
    frames: readonly WireEvidence[],
  ): Promise<void> {
    // the row is held while we write: whoever takes the command in this moment comes after us
    const write = (kept: readonly WireEvidence[], where = ""): Promise<number> =>
      this.#db.run(
        tx,
        `UPDATE attempts a SET outcome = $3, frames = $4 FROM (SELECT id FROM commands WHERE id = $1 AND fence = $5 FOR SHARE) c
          WHERE a.command = c.id AND a.number = $2${where}`,
        [id, number, outcome, JSON.stringify(kept), fence],
      );
    // one session tells all it saw each time: what stands there is mostly among it
    if ((await write(framesKept([], frames), " AND a.frames <@ $4::jsonb")) === 1) return;
    const [row] = await this.#db.rows<{ frames: WireEvidence[] }>(
      tx,
      "SELECT frames FROM attempts WHERE command = $1 AND number = $2",
      [id, number],
    );
    await write(framesKept(row?.frames ?? [], frames));
  }

  async due(now: Instant, limit: number, buses: readonly string[] | null = null, skip = 0): Promise<readonly CommandId[]> {
    const rows = await this.#db.rows<{ id: string }>(
      null,
      `SELECT c.id FROM commands c JOIN meters m ON m.address = c.meter
        WHERE c.ended_at IS NULL AND c.look_at <= $1 AND c.state IN ${OPEN} AND (${RIPE} OR c.not_after < $1)
          AND ($3::text[] IS NULL OR m.bus = ANY($3) OR ${endedByAnybody("$1")}) ORDER BY c.look_at, c.id LIMIT $2 OFFSET $4`,
      [at(now), limit, buses, skip],
    );
    return rows.map((row) => CommandId(row.id));
  }

  async putBack(ids: readonly CommandId[], now: Instant): Promise<void> {
    await this.#db.run(null, `UPDATE commands SET look_at = $2 WHERE id = ANY($1) AND state IN ${OPEN} AND look_at > $2`, [
      ids,
      at(now),
    ]);
  }

  async wakeMeter(meter: MeterAddress, now: Instant): Promise<readonly CommandId[]> {
    return this.wakeMeters([meter], now);
  }

  async wakeMeters(meters: readonly MeterAddress[], now: Instant): Promise<readonly CommandId[]> {
    const rows = await this.#db.rows<{ id: string }>(
      null,
      inOrder(
        `meter = ANY($1) AND state IN ${OPEN} AND waiting_for IN ('meter-online', 'line', 'silence')`,
        "look_at = $2, looks = 0",
      ),
      [meters, at(now)],
    );
    return rows.map((row) => CommandId(row.id));
  }

  async wakeWaitingFor(what: string, now: Instant): Promise<readonly CommandId[]> {
    const rows = await this.#db.rows<{ id: string }>(
      null,
      inOrder(`waiting_for = $1 AND state IN ${OPEN}`, "look_at = $2, looks = 0"),
      [what, at(now)],
    );
    return rows.map((row) => CommandId(row.id));
  }

  async lastEnded(tx: Transaction | null, meter: MeterAddress, kinds: readonly CommandKind[]): Promise<Command | null> {
    const [row] = await this.#db.rows<CommandRow>(
      tx,
      "SELECT * FROM commands WHERE meter = $1 AND kind = ANY($2) AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 1",
      [meter, kinds],
    );
    return row === undefined ? null : commandOf(row);
  }

  async markQueued(ids: readonly CommandId[]): Promise<readonly Command[]> {
    return (
      await this.#db.rows<CommandRow>(
        null,
        `UPDATE commands c SET state = 'queued', waiting_for = 'line' WHERE id = ANY($1) AND state = 'accepted' AND ${RIPE} RETURNING *`,
        [ids],
      )
    ).map(commandOf);
  }

  async makeAllDue(now: Instant, buses: readonly string[] | null = null): Promise<number> {
    return this.#db.run(
      null,
      inOrder(
        `state IN ${OPEN} AND ($2::text[] IS NULL OR EXISTS (SELECT 1 FROM meters m WHERE m.address = c.meter AND m.bus = ANY($2))) AND ${RIPE}`,
        "look_at = $1",
      ),
      [at(now), buses],
    );
  }

  async shorten(kinds: readonly CommandKind[], byMs: number): Promise<number> {
    return this.#db.run(
      null,
      `UPDATE commands SET not_after = not_after - $2 * interval '1 millisecond' WHERE kind = ANY($1) AND state IN ${UNSENT}`,
      [kinds, byMs],
    );
  }

  async outlines(ids: readonly CommandId[]): Promise<readonly CommandOutline[]> {
    return this.#db.rows(
      null,
      `SELECT c.id, c.meter, c.kind, m.bus, ${endedByAnybody("$2")} AS "isAnybodys"
         FROM commands c JOIN meters m ON m.address = c.meter WHERE c.id = ANY($1)`,
      [ids, at(this.#clock.now())],
    );
  }

  async counts(): Promise<readonly { state: CommandState; count: number }[]> {
    return this.#db.rows(null, "SELECT state, count(*)::int AS count FROM commands GROUP BY state");
  }
}
