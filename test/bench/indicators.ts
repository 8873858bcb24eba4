/** A month of ten thousand meters: how long its indicators take, sheet by sheet, on PostgreSQL. */
import { Instant, systemClock } from "../../src/kernel/clock.ts";
import { IndicatorDesk } from "../../src/indicators/desk.ts";
import { indicatorNames, indicatorOf } from "../../src/indicators/table.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { PostgresIndicatorStore } from "../../src/stores/indicator-store.ts";
import { migrate } from "../../src/stores/migrate.ts";
import { emptyDatabase, MIGRATIONS } from "../support/database.ts";
import type { Bench, Findings } from "./bench.ts";
import type { Workshop } from "./workshop.ts";

const METERS = Number(process.env["INDICATORS_METERS"] ?? "10000");
const DAYS = 30;

/** `meters` remote meters with 30 days of midnights and clocks, a cut and a restore each third, payments, warnings and top-ups. */
async function fill(db: Database, meters: number): Promise<void> {
  // triggers and references would take minutes, and what they guard is not measured here
  const run = (sql: string): Promise<number> =>
    db.transact(
      async (tx) => {
        await db.run(tx, "SET LOCAL session_replication_role = replica");
        return db.run(tx, sql);
      },
      { statementMsMax: 300_000 },
    );
  await run(`INSERT INTO accounts (account, name, class, mode, tariff, created_at)
    SELECT 'a' || n, '', CASE WHEN n % 5 = 0 THEN 'shop' ELSE 'residential' END, 'remote', 'flat', '2026-01-01' FROM generate_series(1, ${meters}) n`);
  await run(`INSERT INTO meters (address, meter_number, customer_number, account, bus, model, active, created_at)
    SELECT lpad(n::text, 12, '0'), '', '', 'a' || n, 'line-' || n % 50, 'remote-ledger', true, '2026-01-01' FROM generate_series(1, ${meters}) n`);
  await run(`INSERT INTO collection_days (meter, day, state, how, come_at)
    SELECT lpad(n::text, 12, '0'), d::date, CASE WHEN (n * 7 + extract(day FROM d)::int) % 997 = 0 THEN 'missing' ELSE 'collected' END,
           CASE WHEN (n * 7 + extract(day FROM d)::int) % 997 = 0 THEN NULL ELSE 'freeze' END, CASE WHEN (n * 7 + extract(day FROM d)::int) % 997 = 0 THEN NULL ELSE d + interval '20 minutes' END
      FROM generate_series('2026-10-01'::timestamptz, '2026-11-30', '1 day') d, generate_series(1, ${meters}) n`);
  await run(`INSERT INTO meter_clocks (meter, at, ahead_ms, verdict)
    SELECT lpad(n::text, 12, '0'), d + n * interval '1 second', (n % 61 - 30) * 1000 + n % 7, 'right'
      FROM generate_series('2026-10-01'::timestamptz, '2026-11-30', '1 day') d, generate_series(1, ${meters}) n`);
  await run(`INSERT INTO commands (id, kind, effect, meter, account, params, asked_by, reason, state, created_at, not_after, sent_at, verified_at, ended_at)
    SELECT gen_random_uuid(), k.kind, 'sets', lpad(n::text, 12, '0'), 'a' || n, '{}', 'rule', '', 'confirmed', at, at + interval '1 h', at + interval '1 s', at + interval '3 s', at + interval '3 s'
      FROM (SELECT n, k, timestamptz '2026-10-01 02:00' + (n % 60) * interval '1 day' + CASE k WHEN 'disconnect' THEN interval '0' ELSE interval '2 h' END AS at
              FROM generate_series(1, ${meters}, 3) n, unnest(ARRAY['disconnect', 'reconnect']) k) x, LATERAL (SELECT x.k AS kind) k`);
  await run(`INSERT INTO commands (id, kind, effect, meter, account, params, asked_by, reason, state, created_at, not_after, sent_at, verified_at, ended_at)
    SELECT gen_random_uuid(), 'top-up', 'adds', lpad(n::text, 12, '0'), 'a' || n, '{}', 'payment', '', 'confirmed', d, d + interval '72 h', d + interval '1 s', d + interval '3 s', d + interval '3 s'
      FROM generate_series(1, ${meters}) n, generate_series('2026-10-01 03:00'::timestamptz, '2026-11-30', '5 days') d`);
  await run(
    `INSERT INTO attempts (command, number, fence, at, before, outcome) SELECT id, 1, 1, sent_at, '{}', 'answered' FROM commands`,
  );
  await run(`INSERT INTO payments (id, account, amount, channel, order_id, state, created_at)
    SELECT gen_random_uuid(), 'a' || n, 100, 'bank', n || ' ' || d, 'allocated', d + (n % 86400) * interval '1 second'
      FROM generate_series(1, ${meters}) n, generate_series('2026-10-01'::timestamptz, '2026-11-30', '10 days') d`);
  await run(`INSERT INTO payments (id, account, amount, channel, order_id, state, created_at)
    SELECT gen_random_uuid(), account, 100, 'bank', id::text, 'allocated', created_at FROM commands WHERE kind = 'reconnect'`);
  await run(`INSERT INTO decisions (meter, account, at, stage, want, because, blocks, strategy, shadow, facts, command)
    SELECT lpad(n::text, 12, '0'), 'a' || n, d + (s.k * 3 + n % 3) * interval '1 h', s.stage, 'as-is', 'in-credit', '{}', 'v', false, '{}', NULL
      FROM generate_series('2026-10-01'::timestamptz, '2026-11-30', '20 days') d, generate_series(1, ${meters}) n, (VALUES (0, 'warn-1'), (1, 'warn-2'), (2, 'fine')) s(k, stage)`);
  await run(`WITH e AS (INSERT INTO ledger_entries (kind, reference, at) SELECT 'charge', n || ' ' || d, d
      FROM generate_series('2026-10-01'::timestamptz, '2026-11-30', '1 day') d, generate_series(1, ${meters}, 3) n RETURNING id, reference)
    INSERT INTO ledger_legs (entry, book, amount) SELECT e.id, b.book, b.amount FROM e, LATERAL (VALUES ('available/a' || split_part(e.reference, ' ', 1), -5), ('revenue', 5)) b(book, amount)`);
  for (const table of [
    "collection_days",
    "meter_clocks",
    "commands",
    "attempts",
    "payments",
    "decisions",
    "ledger_legs",
    "ledger_entries",
    "meters",
    "accounts",
  ])
    await db.run(null, `ANALYZE ${table}`);
}

interface Told {
  readonly midnights: number | null;
  readonly allMs: number;
  readonly byClassMs: number;
  readonly sheets: Readonly<Record<string, number>>;
}

/** Of November 2026; the second time counts, with a warm cache. */
async function measure(db: Database): Promise<Told> {
  const now = Instant(Date.parse("2026-12-01T00:10:00+08:00"));
  const desk = new IndicatorDesk({
    clock: { ...systemClock, now: () => now },
    timeZone: "Asia/Shanghai",
    store: new PostgresIndicatorStore(db),
  });
  const span = desk.spanOf({ from: "2026-11" });
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    await work();
    const from = performance.now();
    await work();
    return Math.round(performance.now() - from);
  };
  const sheets: Record<string, number> = {};
  for (const name of indicatorNames) {
    const { sheet } = indicatorOf(name);
    sheets[sheet] ??= await timed(() => desk.figures(span, "none", [name]));
  }
  const { items } = await desk.figures(span, "none", ["collection-rate"]);
  return {
    sheets,
    midnights: items[0]!.denominator,
    allMs: await timed(() => desk.figures(span, "none")),
    byClassMs: await timed(() => desk.figures(span, "class")),
  };
}

async function run(workshop: Workshop): Promise<Findings> {
  const server = await workshop.postgres();
  const empty = await emptyDatabase(server.connectionString);
  const db = await Database.open({ connectionString: empty.connectionString, log: silentLog, connectionsMax: 2 });
  workshop.later(() => db.close());
  await migrate(db, MIGRATIONS, systemClock);
  await fill(db, METERS);
  workshop.say("the books are laid down");
  const { sheets, allMs, byClassMs, midnights } = await measure(db);
  const rows = Object.entries({ ...sheets, "all of them": allMs, "all, by class": byClassMs });
  return {
    tables: [
      {
        title: `Indicators of a month of ${METERS} meters`,
        head: ["sheet", "ms"],
        rows: rows.map(([name, ms]) => [name, String(ms)]),
      },
    ],
    notes: ["Each the second time it is asked for, from the question to the figures."],
    figures: { meters: METERS, sheets, allMs, byClassMs },
    complaints: midnights === METERS * DAYS ? [] : [`${midnights} midnights were counted, and not ${METERS * DAYS}`],
  };
}

export const indicators: Bench = { title: "the indicators of a month of ten thousand meters", run };
