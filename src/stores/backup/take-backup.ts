/**
 * One still picture of every table of ours, written to one file while the gateway goes on working.
 *
 * The picture is that of a REPEATABLE READ transaction: it sees what was committed when it began and nothing that came later, and takes
 * no lock but the one that keeps a table from being altered. (SERIALIZABLE DEFERRABLE would show the same: the gateway's own writes
 * are guarded by row locks and not by serializability, so there is no safe moment to wait for.)
 *
 * The waiting room of the queue is left out: a job is a slip of paper, and is written anew from the commands.
 */
import { randomUUID } from "node:crypto";
import { access } from "node:fs/promises";
import { hours, iso, type Clock } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { Database } from "../database.ts";
import type { Applied } from "../migrate.ts";
import { CopyOut } from "../postgres-copy.ts";
import { BackupWriter, FORMAT, type Manifest } from "./backup-file.ts";
import { paceOf, type Tell } from "./pace.ts";
import { inOrder, listTables, monthsOf, quoted, tableNames, type Table } from "./tables.ts";

const COPY_MS_MAX = hours(24);
/** A table that is being altered just now is not waited for longer than this: whoever alters it has payments waiting behind him. */
const LOCK_MS_MAX = 10_000;

export interface BackupWish {
  readonly file: string;
  /** Null: the database's name stands for it. */
  readonly site: string | null;
  readonly gateway: string;
  readonly clock: Clock;
  readonly tell: Tell;
}

export type BackupReport = { readonly manifest: Manifest; readonly lastedMs: number } & Awaited<ReturnType<BackupWriter["end"]>>;

export async function takeBackup(db: Database, wish: BackupWish): Promise<BackupReport> {
  const { file, clock } = wish;
  if (await isThere(file)) throw new Fault("file-exists", { file });
  const names = await tableNames(db, null);
  if (!names.includes("schema_migrations"))
    throw new Fault("backup-broken", { why: "this database holds no books of a gateway: there is nothing to back up" });
  const began = clock.now();
  let writer: BackupWriter | null = null;
  try {
    return await db.transact(
      async (tx) => {
        await beStill(db, tx, names);
        const tables = inOrder(await listTables(db, tx));
        const manifest = await manifestOf(db, tx, wish);
        writer = await BackupWriter.begin(file, `${file}.unfinished-${randomUUID()}`, manifest);
        await writeTables(db, tx, writer, tables, wish);
        const end = await writer.end();
        return { manifest, ...end, lastedMs: clock.now() - began };
      },
      { statementMsMax: COPY_MS_MAX },
    );
  } catch (error) {
    await (writer as BackupWriter | null)?.abandon();
    throw error;
  }
}

/** The locks come before the first look, and the first look fixes the picture: nobody alters a table in between. */
async function beStill(db: Database, tx: Transaction, names: readonly string[]): Promise<void> {
  await db.run(
    tx,
    `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = ${LOCK_MS_MAX};
     SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'iso_8601'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 3`,
  );
  await db.run(tx, `LOCK TABLE ${names.map(quoted).join(", ")} IN ACCESS SHARE MODE`);
  const still = await tableNames(db, tx);
  if (still.join() !== names.join())
    throw new Fault("database-in-use", { why: "tables were made or dropped just now: a gateway is bringing it forward" });
}

async function manifestOf(db: Database, tx: Transaction, { site, gateway, clock }: BackupWish): Promise<Manifest> {
  const [here] = await db.rows<{ name: string; version: string }>(
    tx,
    "SELECT current_database() AS name, current_setting('server_version') AS version",
  );
  const schema = await db.rows<Applied>(tx, "SELECT number, name, checksum FROM schema_migrations ORDER BY number");
  const hasChain = (await tableNames(db, tx)).includes("audit_chain"); // books of before have none
  const [head] = hasChain
    ? await db.rows<{ sequence: number; hash: string }>(
        tx,
        "SELECT sequence::float8 AS sequence, encode(hash, 'hex') AS hash FROM audit_chain ORDER BY 1 DESC LIMIT 1",
      )
    : [];
  return {
    format: FORMAT,
    site: site ?? here!.name,
    takenAt: iso(clock.now(), "UTC"),
    gateway,
    server: here!.version,
    schema,
    auditHead: head ?? null,
    months: await monthsOf(db, tx),
  };
}

async function writeTables(
  db: Database,
  tx: Transaction,
  writer: BackupWriter,
  tables: readonly Table[],
  { clock, tell }: BackupWish,
): Promise<void> {
  const began = clock.now();
  const all = tables.reduce((sum, { heapBytes }) => sum + heapBytes, 1);
  let before = 0;
  let bytes = 0;
  for (const { name, columns, heapBytes } of tables) {
    let own = 0;
    await writer.table(name, columns, (take) =>
      db.copy(
        tx,
        // a query and not a table: one that is kept in parts has no rows itself
        new CopyOut(`COPY (SELECT ${columns.map(quoted).join(", ")} FROM ${quoted(name)}) TO STDOUT`, async (piece) => {
          await take(piece);
          own += piece.length;
          bytes += piece.length;
          tell(paceOf(name, (before + Math.min(own, heapBytes)) / all, bytes, clock.now() - began));
        }),
      ),
    );
    before += heapBytes;
  }
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
