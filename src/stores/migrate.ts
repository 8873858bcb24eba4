/**
 * Brings the tables forward: files `NNNN-what-for.sql`, in order, each in one transaction, never back.
 *
 * What was applied is written down with the checksum of its text. A file that was changed afterwards is refused by name: the
 * same number would mean two different databases. A database that knows more than this folder was written by a newer
 * program, and an older one must not touch it. Two programs starting at once wait for each other.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { minutes, type Clock, type Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { at, type Database } from "./database.ts";

const MIGRATION_MS_MAX = minutes(30);
/** Where it is written down what was applied. */
export const MIGRATIONS_TABLE =
  "CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL)";

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
  readonly sql: string;
}

export type Applied = Pick<Migration, "number" | "name" | "checksum">;

/** Returns the names of those that were applied now. */
export async function migrate(db: Database, folder: string, clock: Clock): Promise<string[]> {
  const known = await readMigrations(folder);
  const appliedNow: string[] = [];
  await patiently(db, (tx) => db.run(tx, MIGRATIONS_TABLE));
  for (let done = false; !done;) {
    done = await patiently(db, async (tx) => {
      const next = nextOf(
        known,
        await db.rows<Applied>(tx, "SELECT number, name, checksum FROM schema_migrations ORDER BY number"),
      );
      if (next === undefined) return true;
      await applyMigration(db, tx, next, clock.now());
      appliedNow.push(next.name);
      return false;
    });
  }
  return appliedNow;
}

/** Pure: which one comes next, or why none may. */
export function nextOf<M extends Applied>(known: readonly M[], applied: readonly Applied[]): M | undefined {
  for (const [index, row] of applied.entries()) {
    const file = known[index];
    const newest = known.at(-1);
    if (newest === undefined || row.number > newest.number)
      throw new Fault("database-newer", { database: row.name, program: newest?.name ?? "none" });
    if (file?.number !== row.number)
      throw new Error(`migration ${file?.name ?? row.name} is out of order: ${row.name} was applied without it`);
    if (file.checksum !== row.checksum)
      throw new Error(`migration ${file.name} was changed after it was applied; write a further one instead`);
  }
  return known[applied.length];
}

export async function applyMigration(
  db: Database,
  tx: Transaction,
  { number, name, checksum, sql }: Migration,
  now: Instant,
): Promise<void> {
  try {
    await db.run(tx, sql);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Error(`migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  await db.run(tx, "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)", [
    number,
    name,
    checksum,
    at(now),
  ]);
}

/** Whoever changes the tables waits for whoever else does, until his transaction ends. */
export const waitForTurn = (db: Database, tx: Transaction): Promise<number> =>
  db.run(tx, "SELECT pg_advisory_xact_lock(hashtextextended('fee-control-gateway migrations', 0))");

const patiently = <T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> =>
  db.transact(
    async (tx) => {
      await waitForTurn(db, tx);
      return work(tx);
    },
    { statementMsMax: MIGRATION_MS_MAX },
  );

export async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  const migrations = await Promise.all(
    names.map(async (file) => {
      const match = /^(\d{4})-[a-z0-9-]+\.sql$/.exec(file);
      if (match === null) throw new Error(`migration ${file} is not named NNNN-what-for.sql`);
      const sql = (await readFile(join(folder, file), "utf8")).replaceAll("\r\n", "\n"); // a checkout on Windows is the same text
      return {
        number: Number(match[1]),
        name: file.slice(0, -".sql".length),
        checksum: createHash("sha256").update(sql).digest("hex"),
        sql,
      };
    }),
  );
  const twin = migrations.find((migration, index) => migrations[index + 1]?.number === migration.number);
  if (twin !== undefined) throw new Error(`two migrations have the number of ${twin.name}`);
  return migrations;
}
