/**
 * Brings books back from a backup: all of it in one transaction, so that whatever goes wrong leaves the database as it was.
 *
 *     read the file to its end ─► nobody at work here? empty, or set aside? ─► tables as the backup knew them ─► rows, guards off
 *        ─► guards on, counts, sums, holds ─► forward to this program ─► doubts written down (doubts.ts) ─► commit
 *
 * Rows go in past our own triggers, because they are not new: the audit has told of them already, and its rows come along. Foreign
 * keys, unique keys and checks hold as ever, and what the triggers guard is looked at as a whole afterwards.
 */
import { hours, iso, seconds, type Clock } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { Database } from "../database.ts";
import { applyMigration, MIGRATIONS_TABLE, readMigrations, waitForTurn, type Applied } from "../migrate.ts";
import { CopyIn } from "../postgres-copy.ts";
import { readBackup, type Closing, type Manifest } from "./backup-file.ts";
import { noteDoubts, type Doubts } from "./doubts.ts";
import { mustAddUp } from "./invariants.ts";
import { paceOf, type Tell } from "./pace.ts";
import { listTables, quoted, SCHEMA, tableNames } from "./tables.ts";

const RESTORE_MS_MAX = hours(24);
/** From hanging up until the database has seen it. */
const HANGS_UP_MS_MAX = seconds(2);
const LOOK_AGAIN_MS = 50;

export interface RestoreWish {
  readonly file: string;
  /** Books that are there already are set aside under another schema; else they are refused. */
  readonly replace: boolean;
  readonly migrations: string;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly tell: Tell;
}

export interface RestoreReport {
  readonly manifest: Manifest;
  readonly tables: number;
  readonly rows: number;
  /** The schema in which the former books stand now. */
  readonly setAside: string | null;
  /** Migrations that the backup did not know yet. */
  readonly broughtForward: readonly string[];
  readonly doubts: Doubts;
  readonly lastedMs: number;
}

export async function restoreBackup(db: Database, wish: RestoreWish): Promise<RestoreReport> {
  const { file, clock, tell } = wish;
  const began = clock.now();
  const { manifest, closing } = await readBackup(file, {
    progress: (done, of) => tell(paceOf("checking the file", done / of, done, clock.now() - began)),
  });
  const known = await readMigrations(wish.migrations);
  const then = stepsThen(manifest.schema, known, file);
  return db.transact(
    async (tx) => {
      await db.run(tx, "SET LOCAL idle_in_transaction_session_timeout = 0");
      await waitForTurn(db, tx);
      await mustBeAlone(db, tx, clock);
      const setAside = await makeRoom(db, tx, wish, manifest);
      await db.run(tx, MIGRATIONS_TABLE);
      for (const step of then) await applyMigration(db, tx, step, clock.now());
      for (const month of manifest.months ?? []) await db.run(tx, "SELECT readings_month($1)", [month]);
      await bringRows(db, tx, closing, wish);
      await mustAddUp(db, tx);
      const later = known.slice(then.length);
      for (const step of later) await applyMigration(db, tx, step, clock.now());
      const doubts = await noteDoubts(db, tx, { manifest, closing, now: clock.now(), newId: wish.newId });
      await db.run(tx, "ANALYZE");
      return {
        manifest,
        tables: closing.tables.length,
        rows: closing.tables.reduce((sum, { rows }) => sum + rows, 0),
        setAside,
        broughtForward: later.map(({ name }) => name),
        doubts,
        lastedMs: clock.now() - began,
      };
    },
    { statementMsMax: RESTORE_MS_MAX, actor: "meterctl restore", because: `the books of ${manifest.takenAt} were brought back` },
  );
}

/** Pure: the migrations that made the tables of the backup, as this program has them. */
export function stepsThen<M extends Applied>(schema: readonly Applied[], known: readonly M[], file: string): readonly M[] {
  const newest = known.at(-1);
  return schema.map((row, index) => {
    if (newest === undefined || row.number > newest.number)
      throw new Fault("database-newer", { backup: schema.at(-1)!.name, program: newest?.name ?? "none" });
    const own = known[index];
    if (own?.number !== row.number || own.checksum !== row.checksum)
      throw new Fault("backup-broken", { file, why: `its tables were made by another text of ${row.name} than this program's` });
    return own;
  });
}

/**
 * A gateway, or a tool of it, that works on while its books are exchanged would write into both. One that has just hung up is seen by the
 * database for a moment longer: it is waited for.
 */
async function mustBeAlone(db: Database, tx: Transaction, clock: Clock): Promise<void> {
  const since = clock.now();
  for (;;) {
    await db.run(tx, "SELECT pg_stat_clear_snapshot()"); // or a transaction sees the same ones again and again
    const others = await db.rows<{ name: string }>(
      tx,
      `SELECT DISTINCT application_name AS name FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND starts_with(application_name, 'fee-control-gateway')`,
    );
    if (others.length === 0) return;
    if (Math.abs(clock.now() - since) > HANGS_UP_MS_MAX)
      throw new Fault("database-in-use", { who: others.map(({ name }) => name) });
    await clock.wait(LOOK_AGAIN_MS);
  }
}

async function makeRoom(db: Database, tx: Transaction, { replace, clock }: RestoreWish, to: Manifest): Promise<string | null> {
  const there = await tableNames(db, tx);
  if (there.length === 0) return null;
  if (!replace)
    throw new Fault("database-not-empty", {
      tables: there.length,
      among: there.slice(0, 5),
      backup: `${to.site}, ${to.takenAt}`,
    });
  const name = `before_restore_${iso(clock.now(), "UTC").replaceAll(/\D/g, "").slice(0, 14)}`;
  await db.run(
    tx,
    `ALTER SCHEMA ${SCHEMA} RENAME TO ${quoted(name)}; CREATE SCHEMA ${SCHEMA}; GRANT USAGE ON SCHEMA ${SCHEMA} TO PUBLIC`,
  );
  return name;
}

async function bringRows(db: Database, tx: Transaction, closing: Closing, { file, clock, tell }: RestoreWish): Promise<void> {
  const made = (await listTables(db, tx)).map(({ name }) => name);
  const told = closing.tables.map(({ table }) => table).sort();
  if (made.join() !== told.join())
    throw new Fault("backup-broken", {
      file,
      why: `its tables are not those of its schema: ${told.filter((name) => !made.includes(name)).join(", ") || "some are missing"}`,
    });
  const guards = (state: "DISABLE" | "ENABLE"): Promise<number> =>
    db.run(tx, made.map((name) => `ALTER TABLE ${quoted(name)} ${state} TRIGGER USER`).join("; "));
  await guards("DISABLE");
  await db.run(tx, `TRUNCATE ${made.map(quoted).join(", ")}`); // what migrations wrote by themselves is in the backup as well
  const began = clock.now();
  const all = closing.tables.reduce((sum, table) => sum + table.bytes, 1);
  const rowsOf = new Map(closing.tables.map(({ table, rows }) => [table, rows]));
  let bytes = 0;
  const again = await readBackup(file, {
    table: async (name, columns, pieces) => {
      const counted = async function* (): AsyncGenerator<Buffer> {
        for await (const piece of pieces) {
          yield piece;
          bytes += piece.length;
          tell(paceOf(name, bytes / all, bytes, clock.now() - began));
        }
      };
      const rows = await db.copy(
        tx,
        new CopyIn(`COPY ${quoted(name)} (${columns.map(quoted).join(", ")}) FROM STDIN`, counted()),
      );
      if (rows !== rowsOf.get(name))
        throw new Fault("backup-broken", { file, why: `${name} has ${rows} rows, and its last line says ${rowsOf.get(name)}` });
    },
  });
  if (again.closing.sha256 !== closing.sha256)
    throw new Fault("backup-broken", { file, why: "it was changed while it was read" });
  await moveSequences(db, tx);
  await guards("ENABLE");
}

/** The next number is above all that are there. Numbers that were taken and lost leave gaps, here as ever. */
async function moveSequences(db: Database, tx: Transaction): Promise<void> {
  const columns = await db.rows<{ tab: string; col: string }>(
    tx,
    // identities, and columns whose default is a sequence of their own
    `SELECT c.relname::text AS tab, a.attname::text AS col FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relnamespace = $1::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition AND c.relkind IN ('r', 'p')
        AND pg_get_serial_sequence(format('%I.%I', $1::text, c.relname), a.attname) IS NOT NULL`,
    [SCHEMA],
  );
  for (const { tab, col } of columns)
    await db.run(
      tx,
      `SELECT setval(pg_get_serial_sequence($1, $2), coalesce((SELECT max(${quoted(col)}) FROM ${quoted(tab)}), 0) + 1, false)`,
      [quoted(tab), col],
    );
}
