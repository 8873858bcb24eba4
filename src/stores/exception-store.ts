/** The rows of exceptions and of what became of them, and what the watch looks for: bad ends about which nothing was said. */
import { Instant } from "../kernel/clock.ts";
import { CommandId, PaymentId, type AccountId, type MeterAddress } from "../kernel/ids.ts";
import { Fen } from "../kernel/money.ts";
import type { Period } from "../ledger/period.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Command, CommandKind } from "../commands/command.ts";
import type { ExceptionStore, ItemChange, ItemFilter, Known, SummaryRow } from "../exceptions/exception-store.ts";
import { ExceptionId, type ExceptionItem, type ExceptionStep, type Suggestion } from "../exceptions/item.ts";
import type { ExceptionKind, FailureClass } from "../exceptions/kinds.ts";
import { commandOf, type CommandRow } from "./command-columns.ts";
import { at, type Database } from "./database.ts";

interface Row {
  id: string;
  kind: ExceptionKind;
  key: string;
  class: FailureClass;
  meter: string | null;
  account: string | null;
  command: string | null;
  payment: string | null;
  order_kind: CommandKind | null;
  because: string | null;
  count: number;
  owner: string;
  evidence: Record<string, unknown>;
  suggestion: { legs: readonly { book: string; amount: string }[]; note: string } | null;
  opened_at: number;
  last_at: number;
  due_at: number;
  alarmed_at: number | null;
  closed_at: number | null;
  closed_by: string | null;
  closing_note: string | null;
}

const moment = (value: number | null): Instant | null => (value === null ? null : Instant(value));

const itemOf = (row: Row): ExceptionItem => ({
  id: ExceptionId(row.id),
  kind: row.kind,
  key: row.key,
  class: row.class,
  meter: row.meter as MeterAddress | null,
  account: row.account as AccountId | null,
  command: row.command === null ? null : CommandId(row.command),
  payment: row.payment === null ? null : PaymentId(row.payment),
  orderKind: row.order_kind,
  because: row.because,
  count: row.count,
  owner: row.owner,
  evidence: row.evidence,
  suggestion:
    row.suggestion === null
      ? null
      : {
          note: row.suggestion.note,
          legs: row.suggestion.legs.map((leg) => ({ book: leg.book, amount: Fen(BigInt(leg.amount)) })),
        },
  openedAt: Instant(row.opened_at),
  lastAt: Instant(row.last_at),
  dueAt: Instant(row.due_at),
  alarmedAt: moment(row.alarmed_at),
  closedAt: moment(row.closed_at),
  closedBy: row.closed_by,
  closingNote: row.closing_note,
});

const columns: Record<keyof ItemChange, string> = {
  kind: "kind",
  key: "key",
  class: "class",
  because: "because",
  count: "count",
  owner: "owner",
  evidence: "evidence",
  suggestion: "suggestion",
  lastAt: "last_at",
  dueAt: "due_at",
  alarmedAt: "alarmed_at",
  closedAt: "closed_at",
  closedBy: "closed_by",
  closingNote: "closing_note",
};
const moments: ReadonlySet<string> = new Set(["lastAt", "dueAt", "alarmedAt", "closedAt"]);

const suggested = (suggestion: Suggestion | null): string | null =>
  suggestion === null
    ? null
    : JSON.stringify({ ...suggestion, legs: suggestion.legs.map((leg) => ({ ...leg, amount: leg.amount.toString() })) });

function columnValue(field: string, value: unknown): unknown {
  if (moments.has(field)) return value === null ? null : at(value as Instant);
  if (field === "evidence") return JSON.stringify(value);
  return field === "suggestion" ? suggested(value as Suggestion | null) : value;
}

/** Nothing is open about the row `c` of commands. */
const UNSAID = "NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.command = c.id AND x.closed_at IS NULL)";

export class PostgresExceptionStore implements ExceptionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async lockOpen(tx: Transaction, key: string): Promise<ExceptionItem | null> {
    const [row] = await this.#db.rows<Row>(tx, "SELECT * FROM exceptions WHERE key = $1 AND closed_at IS NULL FOR UPDATE", [key]);
    return row === undefined ? null : itemOf(row);
  }

  async lockOpenOf(tx: Transaction, meter: MeterAddress): Promise<readonly ExceptionItem[]> {
    const rows = await this.#db.rows<Row>(
      tx,
      "SELECT * FROM exceptions WHERE meter = $1 AND closed_at IS NULL ORDER BY id FOR UPDATE",
      [meter],
    );
    return rows.map(itemOf);
  }

  async lock(tx: Transaction, id: ExceptionId): Promise<ExceptionItem | null> {
    const [row] = await this.#db.rows<Row>(tx, "SELECT * FROM exceptions WHERE id = $1 FOR UPDATE", [id]);
    return row === undefined ? null : itemOf(row);
  }

  async insert(tx: Transaction, item: ExceptionItem): Promise<boolean> {
    const inserted = await this.#db.run(
      tx,
      `INSERT INTO exceptions (id, kind, key, class, meter, account, command, payment, order_kind, because, count, owner, evidence, suggestion,
                               opened_at, last_at, due_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
       ON CONFLICT (key) WHERE closed_at IS NULL DO NOTHING`,
      [
        ...[item.id, item.kind, item.key, item.class, item.meter, item.account, item.command, item.payment, item.orderKind],
        ...[item.because, item.count, item.owner, JSON.stringify(item.evidence), suggested(item.suggestion)],
        ...[at(item.openedAt), at(item.lastAt), at(item.dueAt)],
      ],
    );
    return inserted === 1;
  }

  async change(tx: Transaction, id: ExceptionId, change: ItemChange): Promise<void> {
    const values: unknown[] = [id];
    const sets = Object.entries(change).map(([field, value]) => {
      values.push(columnValue(field, value));
      return `${columns[field as keyof ItemChange]} = $${values.length}`;
    });
    if (sets.length > 0) await this.#db.run(tx, `UPDATE exceptions SET ${sets.join(", ")} WHERE id = $1`, values);
  }

  async addStep(tx: Transaction, id: ExceptionId, step: ExceptionStep): Promise<void> {
    await this.#db.run(
      tx,
      "INSERT INTO exception_steps (exception, at, what, made_by, from_owner, to_owner, note) VALUES ($1, $2, $3, $4, $5, $6, $7)",
      [id, at(step.at), step.what, step.by, step.from, step.to, step.note],
    );
  }

  async find(id: ExceptionId): Promise<ExceptionItem | null> {
    const [row] = await this.#db.rows<Row>(null, "SELECT * FROM exceptions WHERE id = $1", [id]);
    return row === undefined ? null : itemOf(row);
  }

  async steps(id: ExceptionId): Promise<readonly ExceptionStep[]> {
    const rows = await this.#db.rows<Omit<ExceptionStep, "at"> & { at: number }>(
      null,
      `SELECT at, what, made_by AS by, from_owner AS "from", to_owner AS "to", note FROM exception_steps WHERE exception = $1 ORDER BY id`,
      [id],
    );
    return rows.map((row) => ({ ...row, at: Instant(row.at) }));
  }

  async list(filter: ItemFilter): Promise<readonly ExceptionItem[]> {
    const rows = await this.#db.rows<Row>(
      null,
      `SELECT * FROM exceptions
        WHERE ($1::text IS NULL OR (closed_at IS NULL) = ($1 = 'open')) AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR owner = $3)
          AND ($4::text IS NULL OR meter = $4) AND ($5::text IS NULL OR account = $5)
          AND ($6::timestamptz IS NULL OR (closed_at IS NULL AND due_at < $6)) AND ($7::uuid IS NULL OR id < $7)
        ORDER BY id DESC LIMIT $8`,
      [
        ...[filter.state ?? null, filter.kind ?? null, filter.owner ?? null, filter.meter ?? null, filter.account ?? null],
        ...[filter.overdueAt === undefined ? null : at(filter.overdueAt), filter.before ?? null, filter.limit],
      ],
    );
    return rows.map(itemOf);
  }

  async known(tx: Transaction, of: { command: CommandId | null; meter: MeterAddress | null }): Promise<Known> {
    const attempts = await this.#db.rows<Omit<Known["attempts"][number], "at"> & { at: number }>(
      tx,
      "SELECT number, at, outcome, before, jsonb_array_length(frames) AS frames FROM attempts WHERE command = $1 ORDER BY number",
      [of.command],
    );
    const readings = await this.#db.rows<Omit<Known["readings"][number], "takenAt"> & { takenAt: number }>(
      tx,
      `SELECT item, value, unit, taken_at AS "takenAt", source FROM latest_readings WHERE meter = $1 ORDER BY item`,
      [of.meter],
    );
    return {
      attempts: attempts.map((attempt) => ({ ...attempt, at: Instant(attempt.at) })),
      readings: readings.map((reading) => ({ ...reading, takenAt: Instant(reading.takenAt) })),
    };
  }

  async counts(now: Instant): Promise<readonly { kind: string; open: number; overdue: number }[]> {
    return this.#db.rows(
      null,
      "SELECT kind, count(*)::int AS open, (count(*) FILTER (WHERE due_at < $1))::int AS overdue FROM exceptions WHERE closed_at IS NULL GROUP BY kind",
      [at(now)],
    );
  }

  async summary({ from, to }: Period): Promise<readonly SummaryRow[]> {
    return this.#db.rows<SummaryRow>(
      null,
      `SELECT x.class, x.kind, x.because, m.model, m.bus, count(*)::int AS items, sum(x.count)::int AS times,
              (count(*) FILTER (WHERE x.closed_at IS NULL))::int AS "stillOpen"
         FROM exceptions x LEFT JOIN meters m ON m.address = x.meter WHERE x.opened_at >= $1 AND x.opened_at < $2
        GROUP BY x.class, x.kind, x.because, m.model, m.bus ORDER BY items DESC, x.kind`,
      [at(from), at(to)],
    );
  }

  async lateCommands(before: Instant, limit: number): Promise<readonly Command[]> {
    const rows = await this.#db.rows<CommandRow>(
      null,
      `SELECT c.* FROM commands c WHERE c.ended_at IS NULL AND c.created_at < $1 AND ${UNSAID} ORDER BY c.id LIMIT $2`,
      [at(before), limit],
    );
    return rows.map(commandOf);
  }

  async silentDisputes(limit: number): Promise<readonly Command[]> {
    const rows = await this.#db.rows<CommandRow>(
      null,
      `SELECT c.* FROM commands c WHERE c.state = 'disputed' AND ${UNSAID} ORDER BY c.id LIMIT $1`,
      [limit],
    );
    return rows.map(commandOf);
  }

  async silentPayments(limit: number): ReturnType<ExceptionStore["silentPayments"]> {
    const rows = await this.#db.rows<{ id: string; account: string; command: string | null; meter: string | null }>(
      null,
      `SELECT p.id, p.account, p.command, c.meter FROM payments p LEFT JOIN commands c ON c.id = p.command
        WHERE p.state = 'unallocated' AND NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.payment = p.id) ORDER BY p.id LIMIT $1`,
      [limit],
    );
    return rows.map((row) => ({
      id: PaymentId(row.id),
      account: row.account as AccountId,
      command: row.command === null ? null : CommandId(row.command),
      meter: row.meter as MeterAddress | null,
    }));
  }

  async silentQuarantines(limit: number): ReturnType<ExceptionStore["silentQuarantines"]> {
    return this.#db.rows(
      null,
      `SELECT m.address AS meter, m.account, m.identity_note AS note FROM meters m WHERE m.active AND m.identity = 'quarantined'
          AND NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.key = 'quarantine/' || m.address AND x.closed_at IS NULL) ORDER BY m.address LIMIT $1`,
      [limit],
    );
  }

  async endedQuarantines(limit: number): Promise<readonly ExceptionId[]> {
    const rows = await this.#db.rows<{ id: string }>(
      null,
      `SELECT x.id FROM exceptions x JOIN meters m ON m.address = x.meter
        WHERE x.kind = 'meter-quarantined' AND x.closed_at IS NULL AND NOT (m.active AND m.identity = 'quarantined') ORDER BY x.id LIMIT $1`,
      [limit],
    );
    return rows.map((row) => ExceptionId(row.id));
  }

  async overdue(now: Instant, limit: number): Promise<readonly ExceptionId[]> {
    const rows = await this.#db.rows<{ id: string }>(
      null,
      "SELECT id FROM exceptions WHERE closed_at IS NULL AND alarmed_at IS NULL AND due_at < $1 ORDER BY id LIMIT $2",
      [at(now), limit],
    );
    return rows.map((row) => ExceptionId(row.id));
  }
}
