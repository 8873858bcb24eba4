/** A fresh, migrated database for a test file, on the one PostgreSQL of the run. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { inject } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { migrate } from "../../src/stores/migrate.ts";

export const MIGRATIONS = join(import.meta.dirname, "../../src/stores/migrations");

export interface TestDatabase {
  readonly db: Database;
  readonly connectionString: string;
  /** Closes it and throws it away, also when somebody still holds a connection. */
  drop(): Promise<void>;
}

export async function testDatabase(log: Logger = silentLog, server?: string, tablespace?: string): Promise<TestDatabase> {
  const empty = await emptyDatabase(server ?? inject("postgres"), tablespace);
  const { connectionString } = empty;
  const db = await Database.open({ connectionString, log });
  await migrate(db, MIGRATIONS, systemClock);
  return {
    db,
    connectionString,
    async drop() {
      await db.close();
      await empty.drop();
    },
  };
}

/** A new database without any table, on the server that is named. */
export async function emptyDatabase(
  server: string,
  tablespace = "pg_default",
): Promise<{ connectionString: string; drop(): Promise<void> }> {
  const name = `t_${randomUUID().replaceAll("-", "")}`;
  await onServer(server, `CREATE DATABASE ${name} TABLESPACE ${tablespace}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { connectionString: url.href, drop: () => onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function onServer(connectionString: string, sql: string): Promise<void> {
  const admin = await Database.open({ connectionString, log: silentLog, connectionsMax: 1 });
  try {
    await admin.run(null, sql);
  } finally {
    await admin.close();
  }
}
