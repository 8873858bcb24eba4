/**
 * The tables of ours as the database itself lists them, so that a table that a later migration brings is backed up without a word here.
 * Of one that is kept in parts (readings, by month) the whole is meant and its parts are not: they are made anew where it comes back.
 */
import type { Transaction } from "../../kernel/transaction.ts";
import type { Database } from "../database.ts";

export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** Whose rows have to be there before. */
  readonly parents: readonly string[];
  readonly heapBytes: number;
}

/** The gateway's tables stand in `public`; those of the queue have a schema of their own, and are not books. */
export const SCHEMA = "public";

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const tableNames = async (db: Database, tx: Transaction | null): Promise<readonly string[]> =>
  (
    await db.rows<{ name: string }>(
      tx,
      "SELECT relname::text AS name FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1",
      [SCHEMA],
    )
  ).map(({ name }) => name);

export const listTables = (db: Database, tx: Transaction): Promise<readonly Table[]> =>
  db.rows<Table>(
    tx,
    `SELECT c.relname::text AS name, (SELECT coalesce(sum(pg_relation_size(t.relid)), pg_relation_size(c.oid))::float8 FROM pg_partition_tree(c.oid) t) AS "heapBytes",
            ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum) AS columns,
            ARRAY(SELECT DISTINCT p.relname::text FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid
                   WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid) AS parents
       FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`,
    [SCHEMA],
  );

/** Pure: parents before children. */
export function inOrder(tables: readonly Table[]): readonly Table[] {
  const placed = new Set<string>();
  const order: Table[] = [];
  while (order.length < tables.length) {
    const next = tables.filter(({ name, parents }) => !placed.has(name) && parents.every((parent) => placed.has(parent)));
    if (next.length === 0)
      throw new Error("tables refer to each other in a circle: their rows cannot be brought back in any order");
    for (const table of next) {
      placed.add(table.name);
      order.push(table);
    }
  }
  return order;
}

/** The months that readings are kept in, the first moment of each. */
export const monthsOf = async (db: Database, tx: Transaction): Promise<readonly string[]> =>
  (
    await db.rows<{ month: string }>(
      tx,
      `SELECT replace(substring(relname FROM '^readings_(\\d{4}_\\d\\d)$'), '_', '-') || '-01T00:00:00Z' AS month FROM pg_class
        WHERE relnamespace = $1::regnamespace AND relispartition AND relname ~ '^readings_\\d{4}_\\d\\d$' ORDER BY 1`,
      [SCHEMA],
    )
  ).map(({ month }) => month);
