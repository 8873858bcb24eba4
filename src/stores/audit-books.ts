/**
 * One still picture of the audit and of the books it speaks of, for whoever verifies: a transaction that reads only, and sees no change
 * that comes while it looks. Everything is fetched through cursors, some rows at a time.
 *
 * The audit of a thing adds up to what the thing should look like; the tables are held against that, both ways.
 */
import type { Link } from "../audit/audit-row.ts";
import type { Finding } from "../audit/verify-chain.ts";
import { hours } from "../kernel/clock.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { ROW_TEXTS } from "./audit-store.ts";
import type { Database } from "./database.ts";

const ROWS_AT_ONCE = 1_000;
const LOOK_MS_MAX = hours(12);

interface AuditedTable {
  readonly name: string;
  readonly subject: string;
  readonly key: string[];
  readonly ignored: string[];
  readonly hashed: string[];
}

interface RawLink {
  readonly sequence: bigint;
  readonly link_id: string;
  readonly previous: string;
  readonly hash: string;
  readonly id: string | null;
}

export class AuditBooks {
  readonly #db: Database;
  readonly #tx: Transaction;

  private constructor(db: Database, tx: Transaction) {
    this.#db = db;
    this.#tx = tx;
  }

  static look<T>(db: Database, work: (books: AuditBooks) => Promise<T>): Promise<T> {
    return db.transact(
      async (tx) => {
        await db.run(tx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
        await db.run(tx, "SET LOCAL idle_in_transaction_session_timeout = 0"); // a file on a slow disk may keep us waiting
        return work(new AuditBooks(db, tx));
      },
      { statementMsMax: LOOK_MS_MAX },
    );
  }

  /** How many links there are, for whoever shows how far it is. */
  async count(): Promise<number> {
    const [row] = await this.#db.rows<{ n: number }>(this.#tx, "SELECT coalesce(max(sequence), 0)::float8 AS n FROM audit_chain");
    return row!.n;
  }

  async *links(): AsyncGenerator<Link> {
    const sql = `SELECT c.sequence, c.audit_row::text AS link_id, encode(c.previous, 'hex') AS previous, encode(c.hash, 'hex') AS hash, ${ROW_TEXTS}
                   FROM audit_chain c LEFT JOIN audit_rows a ON a.id = c.audit_row ORDER BY c.sequence`;
    for await (const { sequence, link_id, previous, hash, id, ...rest } of this.#each<
      RawLink & Omit<NonNullable<Link["row"]>, "id">
    >(sql))
      yield { sequence: Number(sequence), previous, hash, id: link_id, row: id === null ? null : { id, ...rest } };
  }

  /** Rows that wait for the sealer; those are as good as sealed. */
  async waiting(): Promise<number> {
    const [row] = await this.#db.rows<{ n: number }>(this.#tx, "SELECT count(*)::int AS n FROM audit_waiting");
    return row!.n;
  }

  /** Everything that the audit and the tables tell differently. */
  async *differences(): AsyncGenerator<Finding> {
    yield* this.#rowsOutsideTheChain();
    const tables = await this.#db.rows<AuditedTable>(this.#tx, "SELECT * FROM audited_tables ORDER BY name");
    for (const table of tables) yield* this.#differencesOf(table);
    yield* this.#tablesOutOfSight(tables);
    yield* this.#booksThatDoNotAddUp();
  }

  async *#rowsOutsideTheChain(): AsyncGenerator<Finding> {
    const unsealed = `SELECT a.id::text AS id, a.what, a.subject FROM audit_rows a
       WHERE NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.audit_row = a.id) AND NOT EXISTS (SELECT 1 FROM audit_waiting w WHERE w.audit_row = a.id) ORDER BY a.id`;
    for await (const { id, what, subject } of this.#each<{ id: string; what: string; subject: string }>(unsealed))
      yield about(
        "never-sealed",
        subject,
        `row ${id} (${what} of ${subject}) is neither in the chain nor waiting for it: it was put in by hand, or its link was taken out`,
      );
    const gone = `SELECT w.audit_row::text AS id FROM audit_waiting w WHERE NOT EXISTS (SELECT 1 FROM audit_rows a WHERE a.id = w.audit_row) ORDER BY w.audit_row`;
    for await (const { id } of this.#each<{ id: string }>(gone))
      yield about("deleted", null, `row ${id} was deleted before it was sealed`);
  }

  async *#differencesOf(table: AuditedTable): AsyncGenerator<Finding> {
    const { name, subject } = table;
    const state = stateOf(table);
    const key = `concat_ws('/', ${quoted(subject)}, ${table.key.map((column) => `to_jsonb(x) ->> ${quoted(column)}`).join(", ")})`;
    const here = `SELECT h.subject, h.state, ${known("h.subject")} - ${textArray(table.ignored)} AS known
                    FROM (SELECT ${key} AS subject, ${state} AS state FROM ${sourceOf(name)} x) h`;
    const different = `SELECT h.subject, h.known IS NULL AS unknown,
         (SELECT string_agg(e.key || ': audited ' || coalesce((h.known -> e.key)::text, 'nothing') || ', now ' || e.value::text, '; ')
            FROM jsonb_each(h.state) e WHERE h.known -> e.key IS DISTINCT FROM e.value) AS how
       FROM (${here} OFFSET 0) h WHERE h.known IS DISTINCT FROM h.state`;
    for await (const row of this.#each<{ subject: string; unknown: boolean; how: string | null }>(different)) {
      if (row.unknown) yield about("unaudited", row.subject, `${row.subject} stands in ${name}, and the audit never heard of it`);
      else
        yield about(
          "differs",
          row.subject,
          `${row.subject} in ${name} is not what was audited (${row.how ?? "columns are missing"})`,
        );
    }
    const gone = `SELECT k.subject FROM (SELECT DISTINCT a.subject FROM audit_rows a WHERE starts_with(a.subject, ${quoted(`${subject}/`)})) k
       WHERE NOT EXISTS (SELECT 1 FROM ${sourceOf(name)} x WHERE ${key} = k.subject) AND ${known("k.subject")} IS NOT NULL ORDER BY k.subject`;
    for await (const row of this.#each<{ subject: string }>(gone))
      yield about("gone", row.subject, `${row.subject} was audited, and is gone from ${name}`);
  }

  /** A table that was taken off the list would not be looked at any more. */
  async *#tablesOutOfSight(tables: readonly AuditedTable[]): AsyncGenerator<Finding> {
    const seen = [...tables.map(({ subject }) => subject), ...WITHOUT_TABLE];
    const unseen = `SELECT DISTINCT split_part(a.subject, '/', 1) AS subject FROM audit_rows a WHERE split_part(a.subject, '/', 1) <> ALL (${textArray(seen)})`;
    for await (const { subject } of this.#each<{ subject: string }>(unseen))
      yield about("gone", subject, `things called ${subject}/… were audited, and no audited table holds them any more`);
  }

  /** What is kept beside the entries has to follow from them. */
  async *#booksThatDoNotAddUp(): AsyncGenerator<Finding> {
    const positions = `SELECT book, coalesce(p.amount, 0)::text AS kept, coalesce(s.amount, 0)::text AS sum FROM ledger_positions p
       FULL JOIN (SELECT book, sum(amount) AS amount FROM ledger_legs WHERE book ~ '^(available|held|meter)/' GROUP BY book) s USING (book)
       WHERE coalesce(p.amount, 0) <> coalesce(s.amount, 0) ORDER BY book`;
    for await (const { book, kept, sum } of this.#each<{ book: string; kept: string; sum: string }>(positions))
      yield about("books", book, `the position of ${book} is ${kept} fen, and its legs add up to ${sum}`);
    const entries = `SELECT entry::text AS entry, sum(amount)::text AS sum FROM ledger_legs GROUP BY entry HAVING sum(amount) <> 0 ORDER BY entry`;
    for await (const { entry, sum } of this.#each<{ entry: string; sum: string }>(entries))
      yield about("books", `entry/${entry}`, `the legs of ledger entry ${entry} add up to ${sum} fen and not to zero`);
  }

  async *#each<Row>(sql: string): AsyncGenerator<Row> {
    await this.#db.run(this.#tx, `DECLARE look NO SCROLL CURSOR FOR ${sql}`);
    for (;;) {
      const rows = await this.#db.rows<Row>(this.#tx, `FETCH ${ROWS_AT_ONCE} FROM look`);
      yield* rows;
      if (rows.length < ROWS_AT_ONCE) break;
    }
    await this.#db.run(this.#tx, "CLOSE look");
  }
}

/** Noted by hand, or about a table as a whole. */
const WITHOUT_TABLE = ["config", "table"];

// The same as the database's own functions say, and said here, because those could be changed together with the books.

const LEDGER = `(SELECT e.*, (SELECT jsonb_object_agg(l.book, l.amount) FROM ledger_legs l WHERE l.entry = e.id) AS legs FROM ledger_entries e)`;
const sourceOf = (name: string): string => (name === "audit_ledger" ? LEDGER : identifier(name));

function stateOf({ ignored, hashed }: AuditedTable): string {
  const digests = hashed.map(
    (name) => `${quoted(name)}, encode(sha256(convert_to((to_jsonb(x) -> ${quoted(name)})::text, 'UTF8')), 'hex')`,
  );
  return `(to_jsonb(x) - ${textArray(ignored)} || jsonb_build_object(${digests.join(", ")}))`;
}

/** What the audit's rows of a thing add up to: of each column the last word. Null when there are none, or when the last says that it is gone. */
const known = (
  subject: string,
): string => `(SELECT jsonb_object_agg(e.key, e.value ORDER BY a.id) FROM audit_rows a, jsonb_each(a.after) e
   WHERE a.subject = ${subject} AND EXISTS (SELECT 1 FROM (SELECT z.after FROM audit_rows z WHERE z.subject = ${subject} ORDER BY z.id DESC LIMIT 1) z WHERE z.after IS NOT NULL))`;

const about = (kind: Finding["kind"], subject: string | null, say: string): Finding => ({ kind, sequence: null, subject, say });

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const textArray = (names: readonly string[]): string => `ARRAY[${names.map(quoted).join(", ")}]::text[]`;
