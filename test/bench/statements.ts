/**
 * A month's statements for a hundred thousand accounts: thirty settlement days and thirty charges each, a payment, and entries of the month
 * before and after that belong to no statement of it. How long until the file is whole, and whether every row leads from its opening to
 * its closing and all of them to what the books say.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { systemClock, minutes } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { migrate } from "../../src/stores/migrate.ts";
import { writeMonth, type MonthTotals } from "../../src/stores/month-run.ts";
import { emptyDatabase, MIGRATIONS } from "../support/database.ts";
import { median, rounded, spread, type Bench, type Findings } from "./bench.ts";
import type { Workshop } from "./workshop.ts";

const ACCOUNTS = Number(process.env["STATEMENTS_ACCOUNTS"] ?? "100000");
const DAYS = 30;
const MONTH = "2026-11";
const ROUNDS = 3;
const MIB = 1024 * 1024;
/** Fen, of each account. */
const PAID = { before: 10_000n, inside: 5_000n, after: 700n } as const;

/** Every account is charged 2.00 to 2.99 yuan a day for 4.00 kWh. */
const chargeOf = "200 + (a * 7 + d) % 100";

/** Rows as the house writes them, laid down past its triggers: what is measured here is the reading of them. */
async function fill(db: Database, workshop: Workshop): Promise<void> {
  const charges = (month: string, days: string): string => `
    SELECT 'charge' AS kind, a || '/${month}/' || d AS reference, (timestamptz '${month}-01 12:00+08' + d * interval '1 day') AS at,
           'available/' || a AS book, 'consumed' AS other, -(${chargeOf}) AS amount FROM generate_series(0, ${days}) d, generate_series(1, ${ACCOUNTS}) a`;
  const payments = (moment: string, amount: bigint): string => `
    SELECT 'payment' AS kind, a || '/${moment}' AS reference, timestamptz '${moment}' AS at, 'available/' || a AS book, 'channel/bank' AS other,
           ${amount} AS amount FROM generate_series(1, ${ACCOUNTS}) a`;
  const lay = (entries: string): readonly string[] => [
    `CREATE TEMPORARY TABLE laid ON COMMIT DROP AS ${entries}`,
    "INSERT INTO ledger_entries (kind, reference, at) SELECT kind, reference, at FROM laid",
    `INSERT INTO ledger_legs SELECT e.id, l.book, l.amount FROM laid l JOIN ledger_entries e USING (kind, reference)
     UNION ALL SELECT e.id, l.other, -l.amount FROM laid l JOIN ledger_entries e USING (kind, reference)`,
    "DROP TABLE laid",
  ];
  const steps = [
    `INSERT INTO accounts (account, name, class, mode, tariff, created_at) SELECT a::text, 'Flat ' || a, 'residential', 'remote', 'flat', now() FROM generate_series(1, ${ACCOUNTS}) a`,
    `INSERT INTO meters (address, meter_number, customer_number, account, bus, model, active, created_at)
     SELECT lpad(a::text, 12, '0'), '', '', a::text, 'b', 'm', true, now() FROM generate_series(1, ${ACCOUNTS}) a`,
    ...lay(payments("2026-10-15 12:00+08", PAID.before)),
    ...lay(payments("2026-11-15 12:00+08", PAID.inside)),
    ...lay(payments("2026-12-02 12:00+08", PAID.after)),
    ...lay(charges(MONTH, String(DAYS - 1))),
    ...lay(charges("2026-12", "1")),
    `INSERT INTO billing_days (account, meter, day, energy, cost, stretch, start_by, end_by, settled_by)
     SELECT a::text, lpad(a::text, 12, '0'), '${MONTH}-' || lpad((d + 1)::text, 2, '0'), 400, ${chargeOf}, 0, 'midnight', 'midnight', 'midnights' FROM generate_series(0, ${DAYS - 1}) d, generate_series(1, ${ACCOUNTS}) a`,
    "INSERT INTO ledger_positions SELECT book, sum(amount) FROM ledger_legs WHERE starts_with(book, 'available/') GROUP BY book",
  ];
  await db.transact(
    async (tx) => {
      await db.run(tx, "SET LOCAL session_replication_role = replica");
      for (const [n, step] of steps.entries()) {
        await db.run(tx, step);
        if (n % 4 === 1) workshop.say(`${n + 1} of ${steps.length} sets are laid down`);
      }
    },
    { statementMsMax: minutes(30) },
  );
  await db.transact((tx) => db.run(tx, "ANALYZE"), { statementMsMax: minutes(10) });
}

async function run(workshop: Workshop): Promise<Findings> {
  const server = await workshop.postgres();
  const empty = await emptyDatabase(server.connectionString);
  const db = await Database.open({ connectionString: empty.connectionString, log: silentLog, connectionsMax: 2 });
  workshop.later(() => db.close());
  await migrate(db, MIGRATIONS, systemClock);
  await fill(db, workshop);
  const seconds: number[] = [];
  let totals: MonthTotals | undefined;
  let bytes = 0;
  for (let n = 0; n < ROUNDS; n += 1) {
    const file = join(workshop.folder, `statements-${n}.csv`);
    const began = performance.now();
    totals = await writeMonth(db, { month: MONTH, timeZone: "Asia/Shanghai", file });
    seconds.push((performance.now() - began) / 1_000);
    bytes = statSync(file).size;
  }
  const [books] = await db.rows<{ cost: bigint; opening: bigint }>(
    null,
    `SELECT (SELECT sum(cost)::bigint FROM billing_days) AS cost, (SELECT sum(l.amount)::bigint FROM ledger_legs l JOIN ledger_entries e ON e.id = l.entry
       WHERE starts_with(l.book, 'available/') AND e.at < '2026-11-01T00:00:00+08:00') AS opening`,
  );
  const { accounts, entries, opening, closing, cost } = totals!;
  const perSecond = seconds.map((each) => accounts / each);
  return {
    tables: [
      {
        title: `Statements of ${MONTH}: ${accounts} accounts, ${entries} entries, ${DAYS} days each, a CSV file of ${(bytes / MIB).toFixed(1)} MB`,
        head: ["", "seconds", "accounts/s"],
        rows: [["all of them", spread(seconds, 1), spread(perSecond, 0)]],
      },
    ],
    notes: [
      "From the first question to the whole file. Entries of the months before are not looked at: an opening is what there is now less what moved since.",
    ],
    figures: {
      accounts,
      entries,
      seconds: seconds.map((each) => rounded(each)),
      perSecond: rounded(median(perSecond), 0),
      bytes,
    },
    complaints: [
      ...(accounts === ACCOUNTS ? [] : [`${accounts} statements of ${ACCOUNTS}`]),
      ...(entries === ACCOUNTS * (DAYS + 1) ? [] : [`${entries} entries, and not ${ACCOUNTS * (DAYS + 1)}`]),
      ...(opening === books!.opening ? [] : [`they open with ${opening} fen, the books with ${books!.opening}`]),
      ...(cost === books!.cost ? [] : [`their days cost ${cost} fen, the books' ${books!.cost}`]),
      ...(closing === opening + PAID.inside * BigInt(ACCOUNTS) - cost ? [] : [`${opening} fen became ${closing}`]),
    ],
  };
}

export const statements: Bench = { title: "a month's statements for a hundred thousand accounts", run };
