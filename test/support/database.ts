/**
 * A fresh, migrated database for a test file, on the one PostgreSQL of the run: a copy of the one that was migrated when the run began.
 * On a server of its own, the tables are made there.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { inject } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { migrate } from "../../src/stores/migrate.ts";

export const MIGRATIONS = join(import.meta.dirname, "../../src/stores/migrations");

const MIGRATED = "migrated";

export interface TestDatabase {
  readonly db: Database;
  readonly connectionString: string;
  /** Closes it and throws it away, also when somebody still holds a connection. */
  drop(): Promise<void>;
}

export async function testDatabase(log: Logger = silentLog, server?: string, tablespace?: string): Promise<TestDatabase> {
  const isCopy = server === undefined && tablespace === undefined;
  const empty = await (isCopy
    ? newDatabase(inject("postgres"), `TEMPLATE ${MIGRATED}`)
    : emptyDatabase(server ?? inject("postgres"), tablespace));
  const { connectionString } = empty;
  const db = await Database.open({ connectionString, log });
  if (!isCopy) await migrate(db, MIGRATIONS, systemClock);
  return {
    db,
    connectionString,
    async drop() {
      await db.close();
      await empty.drop();
    },
  };
}

interface NewDatabase {
  readonly connectionString: string;
  drop(): Promise<void>;
}

/** A new database without any table, on the server that is named. */
export const emptyDatabase = (server: string, tablespace = "pg_default"): Promise<NewDatabase> =>
  newDatabase(server, `TABLESPACE ${tablespace}`);

/** Makes what all of a run are copied from; nobody stays connected, because a database in use cannot be copied. */
export async function migrateTemplate(server: string): Promise<void> {
  const { connectionString } = await newDatabase(server, "", MIGRATED);
  const db = await Database.open({ connectionString, log: silentLog, connectionsMax: 1 });
  try {
    await migrate(db, MIGRATIONS, systemClock);
  } finally {
    await db.close();
  }
}

async function newDatabase(server: string, how: string, name = `t_${randomUUID().replaceAll("-", "")}`): Promise<NewDatabase> {
  await onServer(server, `CREATE DATABASE ${name} ${how}`);
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
