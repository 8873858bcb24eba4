/**
 * What the audit costs: the statements of one top-up's books with the audit's triggers and without them, turn by turn on one PostgreSQL, so
 * that whatever else the machine does meets both alike; then how fast rows are sealed and verified, and in how much memory.
 *
 * CPU time of the server is what counts: `npm run bench -- commands` tells what becomes of it in the whole house.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { ChainWalk } from "../../src/audit/verify-chain.ts";
import { Instant, systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { AuditBooks } from "../../src/stores/audit-books.ts";
import { PostgresAuditStore } from "../../src/stores/audit-store.ts";
import { Database } from "../../src/stores/database.ts";
import { PostgresLedgerStore } from "../../src/stores/ledger-store.ts";
import { migrate } from "../../src/stores/migrate.ts";
import { emptyDatabase, MIGRATIONS } from "../support/database.ts";
import { median, rounded, spread, type Bench, type Findings } from "./bench.ts";
import { cpuMs, residentMb, type Workshop } from "./workshop.ts";

const ROUNDS = 5;
const TOP_UPS = 150;
const METER = "202611220001";
const SEAL_ROWS = 500;

/** The writes of one top-up, statement by statement as the stores say them, transactions where the house has them. */
async function topUp(db: Database, ledger: PostgresLedgerStore, begin: (tx: Transaction) => Promise<unknown>): Promise<void> {
  const [payment, command] = [randomUUID(), randomUUID()];
  const at = Instant(1_764_000_000_000);
  const move = (tx: Transaction, kind: "payment" | "hold" | "settle", from: string, to: string): Promise<void> => {
    const legs = [
      { book: from, amount: Fen(-100n) },
      { book: to, amount: Fen(100n) },
    ];
    const reference = kind === "payment" ? payment : command;
    return ledger.append(tx, { kind, reference, closes: kind === "settle" ? command : null, at, note: null, legs });
  };
  const inOne = (work: (tx: Transaction) => Promise<void>): Promise<void> =>
    db.transact(async (tx) => {
      await begin(tx);
      await work(tx);
    });
  const change = (sets: string): Promise<void> =>
    inOne(async (tx) => {
      await db.run(tx, `UPDATE commands SET ${sets} WHERE id = $1`, [command]);
    });
  await inOne(async (tx) => {
    await db.run(tx, "INSERT INTO payments VALUES ($1, '1', 100, 'bank', $2, 'taken', null, now())", [payment, payment]);
    await move(tx, "payment", "channel/bank", "available/1");
    await db.run(
      tx,
      `INSERT INTO commands (id, kind, effect, meter, account, payment, params, asked_by, reason, state, created_at, not_after)
       VALUES ($1, 'top-up', 'adds', $2, '1', $3, '{"amount":"100"}', 'payment', 'bank', 'accepted', now(), now())`,
      [command, METER, payment],
    );
    await move(tx, "hold", "available/1", "held/1");
    await db.run(tx, "UPDATE payments SET command = $2 WHERE id = $1", [payment, command]);
  });
  await change("state = 'queued', waiting_for = 'line'");
  await change("fence = fence + 1, look_at = now()");
  await change("state = 'sending', sent_at = now()");
  await inOne(async (tx) => {
    await db.run(
      tx,
      `INSERT INTO attempts (command, number, fence, at, before, outcome) VALUES ($1, 1, 1, now(), '{"count":0,"net":"500"}', 'sending')`,
      [command],
    );
  });
  await change("state = 'verifying', acknowledged_at = now(), waiting_for = 'read-back'");
  await inOne(async (tx) => {
    await db.run(tx, "UPDATE attempts SET outcome = 'acknowledged: done', frames = '[{\"hex\":\"68\"}]' WHERE command = $1", [
      command,
    ]);
  });
  await inOne(async (tx) => {
    await db.run(
      tx,
      "UPDATE commands SET state = 'confirmed', verified_at = now(), ended_at = now(), look_at = NULL WHERE id = $1",
      [command],
    );
    await move(tx, "settle", "held/1", `meter/${METER}`);
    await db.run(tx, "UPDATE payments SET state = 'allocated' WHERE id = $1", [payment]);
  });
}

async function run(workshop: Workshop): Promise<Findings> {
  const server = await workshop.postgres();
  const empty = await emptyDatabase(server.connectionString);
  const db = await Database.open({ connectionString: empty.connectionString, log: silentLog, connectionsMax: 2 });
  workshop.later(() => db.close());
  await migrate(db, join(MIGRATIONS), systemClock);
  const ledger = new PostgresLedgerStore(db);
  const store = new PostgresAuditStore(db);
  await db.run(null, "INSERT INTO accounts VALUES ('1', 'x', 'residential', 'local', 'flat', now())");
  await db.run(
    null,
    "INSERT INTO meters (address, meter_number, customer_number, account, bus, model, active, created_at) VALUES ($1, $2, $2, '1', 'b', 'm', true, now())",
    [METER, METER],
  );
  const ways = {
    without: (tx: Transaction) => db.run(tx, "SET LOCAL session_replication_role = replica"),
    with: (tx: Transaction) => db.run(tx, "SET LOCAL session_replication_role = origin"),
  };
  const cpu: Record<keyof typeof ways, number[]> = { without: [], with: [] };
  let sealed = 0;
  let sealMs = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const name of round % 2 === 0 ? (["without", "with"] as const) : (["with", "without"] as const)) {
      const before = cpuMs(server.pid);
      for (let n = 0; n < TOP_UPS; n += 1) await topUp(db, ledger, ways[name]);
      if (round > 0) cpu[name].push((cpuMs(server.pid) - before) / TOP_UPS); // the first warms up
    }
    const before = performance.now();
    for (;;) {
      const head = await store.seal(SEAL_ROWS, true);
      sealed += head!.sealed;
      if (head!.sealed < SEAL_ROWS) break;
    }
    sealMs += performance.now() - before;
  }
  let wrong = 0;
  const startedAt = performance.now();
  const links = await AuditBooks.look(db, async (books) => {
    const walk = new ChainWalk(() => (wrong += 1), null);
    for await (const link of books.links()) await walk.take(link);
    return (await walk.end()).links;
  });
  const verifyMs = performance.now() - startedAt;
  const share = (median(cpu.with) - median(cpu.without)) / median(cpu.without);
  return {
    tables: [
      {
        title: "CPU of PostgreSQL for the books of one top-up, ms",
        head: ["without", "with the audit", "more"],
        rows: [[spread(cpu.without, 2), spread(cpu.with, 2), `${(share * 100).toFixed(0)} %`]],
      },
      {
        title: "The chain",
        head: ["rows per top-up", "sealed rows/s", "verified rows/s", "resident MB"],
        rows: [
          [
            (sealed / ((ROUNDS + 1) * TOP_UPS)).toFixed(1),
            ((sealed * 1_000) / sealMs).toFixed(0),
            ((links * 1_000) / verifyMs).toFixed(0),
            residentMb(process.pid).toFixed(0),
          ],
        ],
      },
    ],
    notes: ["Statements of the books alone, back to back on one connection: no queue, no line, no door."],
    figures: {
      withoutMs: cpu.without.map((ms) => rounded(ms)),
      withMs: cpu.with.map((ms) => rounded(ms)),
      sealed,
      sealMs,
      links,
      verifyMs,
    },
    complaints: wrong === 0 ? [] : [`${wrong} links of a chain that nobody touched are said to be broken`],
  };
}

export const audit: Bench = { title: "what the audit costs, and how fast it is sealed and verified", run };
