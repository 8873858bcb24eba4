/** The audit's rows. They are written by triggers and chained by a function of the database (migration 0004); here they are asked for. */
import type { AuditPage, AuditStore, Note, SealedRow, Waiting } from "../audit/audit-store.ts";
import { beginning, type Head } from "../audit/audit-row.ts";
import type { Authorship } from "../kernel/transaction.ts";
import type { Database } from "./database.ts";

/** As they are hashed: text for text. */
export const ROW_TEXTS =
  "a.id::text AS id, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS at, a.who, a.what, a.subject, a.before::text AS before, a.after::text AS after, a.because";

type Raw = Omit<SealedRow, "sequence"> & { readonly sequence: bigint | null };
const sealed = (row: Raw): SealedRow => ({ ...row, sequence: row.sequence === null ? null : Number(row.sequence) });

/** Of settings alone, which have an index of their own (0026): the whole audit is too long to be read through at each start. */
export const LAST_NOTED = `SELECT subject, after FROM (
   SELECT DISTINCT ON (subject) subject, after FROM audit_rows
    WHERE what IN ('config.changed', 'permission.changed') AND starts_with(subject, $1) ORDER BY subject, id DESC) AS last
  WHERE after IS NOT NULL`;

export class PostgresAuditStore implements AuditStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async note(notes: readonly Note[], by: Authorship): Promise<void> {
    if (notes.length === 0) return;
    const texts = (of: (note: Note) => unknown): (string | null)[] =>
      notes.map((note) => (of(note) === null ? null : JSON.stringify(of(note))));
    await this.#db.transact(async (tx) => {
      await this.#db.run(
        tx,
        `WITH noted AS (
           INSERT INTO audit_rows (who, what, subject, before, after, because)
           SELECT audit_who(), n.what, n.subject, n.before, n.after, nullif(current_setting('fee_control.because', true), '')
             FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[]) WITH ORDINALITY AS n(what, subject, before, after, place) ORDER BY n.place
           RETURNING id)
         INSERT INTO audit_waiting SELECT id FROM noted`,
        [
          notes.map(({ what }) => what),
          notes.map(({ subject }) => subject),
          texts(({ before }) => before),
          texts(({ after }) => after),
        ],
      );
    }, by);
  }

  async lastNoted(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    const rows = await this.#db.rows<{ subject: string; after: unknown }>(null, LAST_NOTED, [prefix]);
    return new Map(rows.map(({ subject, after }) => [subject, after]));
  }

  async seal(rowsMax: number, patient: boolean): Promise<(Head & { readonly sealed: number }) | null> {
    const [row] = await this.#db.rows<{ sealed: number; last: bigint; head: string }>(
      null,
      "SELECT sealed, last, encode(head, 'hex') AS head FROM audit_seal($1, $2)",
      [rowsMax, patient],
    );
    return row === undefined ? null : { sealed: row.sealed, sequence: Number(row.last), hash: row.head };
  }

  async head(): Promise<Head> {
    const [row] = await this.#db.rows<{ sequence: bigint; hash: string }>(
      null,
      "SELECT sequence, encode(hash, 'hex') AS hash FROM audit_chain ORDER BY sequence DESC LIMIT 1",
    );
    return row === undefined ? beginning : { sequence: Number(row.sequence), hash: row.hash };
  }

  async waiting(): Promise<Waiting> {
    const [row] = await this.#db.rows<{ rows: number; age: number | null }>(
      null,
      `SELECT count(*)::int AS rows, (extract(epoch FROM clock_timestamp() - min(a.at)) * 1000)::float8 AS age
         FROM audit_waiting w JOIN audit_rows a ON a.id = w.audit_row`,
    );
    return { rows: row!.rows, ageMs: Math.round(row!.age ?? 0) };
  }

  async page({ limit, before, subject, what, since }: AuditPage): Promise<readonly SealedRow[]> {
    const rows = await this.#db.rows<Raw>(
      null,
      `SELECT ${ROW_TEXTS}, c.sequence FROM audit_rows a LEFT JOIN audit_chain c ON c.audit_row = a.id
        WHERE ($1::bigint IS NULL OR a.id < $1) AND ($2::text IS NULL OR a.subject = $2) AND ($3::text IS NULL OR a.what = $3)
          AND ($4::timestamptz IS NULL OR a.at >= $4) ORDER BY a.id DESC LIMIT $5`,
      [before ?? null, subject ?? null, what ?? null, since ?? null, limit],
    );
    return rows.map(sealed);
  }

  async rowsOf(subjects: readonly string[]): Promise<readonly SealedRow[]> {
    const rows = await this.#db.rows<Raw>(
      null,
      `SELECT ${ROW_TEXTS}, c.sequence FROM audit_rows a LEFT JOIN audit_chain c ON c.audit_row = a.id WHERE a.subject = ANY($1) ORDER BY a.id`,
      [subjects],
    );
    return rows.map(sealed);
  }
}
