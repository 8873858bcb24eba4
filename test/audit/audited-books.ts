/** Books as a gateway leaves them, audited and sealed: an account with its meter, six payments with their entries, and their commands. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Instant } from "../../src/kernel/clock.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { PostgresAuditStore } from "../../src/stores/audit-store.ts";
import { PostgresLedgerStore } from "../../src/stores/ledger-store.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

export const METER = "202611220001";
const ALL = 10_000;

export interface AuditedBooks {
  readonly database: TestDatabase;
  /** Thrown away by whoever asked for it. */
  readonly folder: string;
  /** The file of heads, kept beside the database. */
  readonly heads: string;
  readonly payments: string[];
}

export async function auditedBooks(): Promise<AuditedBooks> {
  const database = await testDatabase();
  const run = (sql: string, params: unknown[] = []): Promise<number> => database.db.run(null, sql, params);
  const folder = mkdtempSync(join(tmpdir(), "audit-"));
  const heads = join(folder, "audit-heads.jsonl");
  const store = new PostgresAuditStore(database.db);
  const ledger = new PostgresLedgerStore(database.db);
  await run("INSERT INTO accounts VALUES ('1', 'Flat 1', 'residential', 'local', 'flat', now())");
  await run(
    "INSERT INTO meters (address, meter_number, customer_number, account, bus, model, active, created_at) VALUES ($1, $1, $1, '1', 'tcp-1', 'standard-wallet', true, now())",
    [METER],
  );
  const payments = Array.from({ length: 6 }, () => randomUUID());
  for (const [index, id] of payments.entries()) {
    await database.db.transact(
      async (tx: Transaction) => {
        await database.db.run(tx, "INSERT INTO payments VALUES ($1, '1', 1000, 'bank', $2, 'taken', null, now())", [id, id]);
        const legs = [
          { book: "channel/bank", amount: Fen(-1000n) },
          { book: "available/1", amount: Fen(1000n) },
        ];
        await ledger.append(tx, {
          kind: "payment",
          reference: id,
          closes: null,
          at: Instant(1_760_000_000_000),
          note: null,
          legs,
        });
      },
      { actor: "till-3", because: "cash at the counter" },
    );
    const command = randomUUID();
    await run(
      `INSERT INTO commands (id, kind, effect, meter, account, payment, params, asked_by, reason, state, created_at, not_after)
       VALUES ($1, 'top-up', 'adds', $2, '1', $3, '{"amount":"1000"}', 'payment', 'bank', 'accepted', now(), now())`,
      [command, METER, id],
    );
    await run("UPDATE commands SET state = 'sending', sent_at = now() WHERE id = $1", [command]);
    await run("UPDATE commands SET state = 'confirmed', verified_at = now(), ended_at = now() WHERE id = $1", [command]);
    await run("UPDATE payments SET state = 'allocated', command = $2 WHERE id = $1", [id, command]);
    const head = await store.seal(ALL, true);
    if (index % 2 === 0)
      writeFileSync(heads, `${JSON.stringify({ sequence: head!.sequence, hash: head!.hash, at: "2026-11-22T10:00:00Z" })}\n`, {
        flag: "a",
        mode: 0o600,
      });
  }
  const head = await store.head();
  writeFileSync(heads, `${JSON.stringify({ ...head, at: "2026-11-22T11:00:00Z" })}\n`, { flag: "a" });
  return { database, folder, heads, payments };
}
