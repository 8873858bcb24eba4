/** The tables of ours as the database itself lists them, so that a table that a later migration brings is backed up without a word here. */
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
      "SELECT relname::text AS name FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') ORDER BY 1",
      [SCHEMA],
    )
  ).map(({ name }) => name);

export const listTables = (db: Database, tx: Transaction): Promise<readonly Table[]> =>
  db.rows<Table>(
    tx,
    `SELECT c.relname::text AS name, pg_relation_size(c.oid)::float8 AS "heapBytes",
            ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum) AS columns,
            ARRAY(SELECT DISTINCT p.relname::text FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid
                   WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid) AS parents
       FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1`,
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
