/**
 * What is found how fast among many millions of readings: a million a day, as ten thousand meters give them that are read every quarter of
 * an hour. `READINGS_MILLIONS` says how many, 3 where it does not: each takes about ten seconds to be laid down.
 */
import { dayOf, Instant, later, minutes, systemClock, systemElapsed, type Clock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { MeterAddress } from "../../src/kernel/ids.ts";
import { RetentionKeeper } from "../../src/retention/keeper.ts";
import { retentionShape } from "../../src/retention/site.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { Database } from "../../src/stores/database.ts";
import { migrate } from "../../src/stores/migrate.ts";
import { PostgresReadingStore } from "../../src/stores/reading-store.ts";
import { PostgresRetentionStore } from "../../src/stores/retention-store.ts";
import { emptyDatabase, MIGRATIONS } from "../support/database.ts";
import { median, rounded, type Findings } from "./bench.ts";
import type { Workshop } from "./workshop.ts";

const PER_DAY = 96;
const METERS = 10_417;
const FIRST_ADDRESS = 202_611_220_001;
const ZONE = "Asia/Shanghai";
const LAST_MIDNIGHT = Instant(Date.parse("2026-11-26T00:00:00+08:00"));
const DAY_MS = 86_400_000;
const ASKED = 100;
const MIB = 1024 * 1024;

interface Asked {
  readonly what: string;
  readonly ms: readonly number[];
}

export async function amongMillions({
  workshop,
  server,
}: {
  readonly workshop: Workshop;
  readonly server: { readonly connectionString: string };
}): Promise<Findings> {
  const days = Math.max(2, Number(process.env["READINGS_MILLIONS"] ?? "3"));
  const empty = await emptyDatabase(server.connectionString);
  const db = await Database.open({ connectionString: empty.connectionString, log: silentLog });
  workshop.later(() => db.close());
  await migrate(db, MIGRATIONS, systemClock);
  const retention = new PostgresRetentionStore(db);
  await fill(db, retention, days, workshop);
  const store = new PostgresReadingStore(db);
  const chance = seededChance("found");
  const someMeter = (): MeterAddress => MeterAddress(String(FIRST_ADDRESS + Math.floor(chance.next() * METERS)));
  const someDay = (): Instant => Instant(LAST_MIDNIGHT - DAY_MS * (1 + Math.floor(chance.next() * days)));
  const page = { item: "importedEnergy", before: null, limit: 100 } as const;
  const asked: Asked[] = [
    await ask("latest of a meter, all items", () => store.latestOf([someMeter()])),
    await ask("a meter's readings of a day, a page of 100", () => {
      const from = someDay();
      return store.list(someMeter(), { ...page, from, to: later(from, DAY_MS) });
    }),
    await ask("a meter's newest day of energy", () => store.energyByDay(someMeter(), ZONE, 1)),
    await ask(`a meter's energy of ${days} days`, () => store.energyByDay(someMeter(), ZONE, days)),
    await ask("energy of all meters on a day", () => energyOfAll(db, someDay()), 3),
  ];
  const touched = await partsTouched(db, someDay());
  const [size] = await db.rows<{ rows: number; table: number; index: number }>(
    null,
    `SELECT (SELECT count(*)::int FROM readings) AS rows, sum(pg_table_size(relid))::float8 AS table, sum(pg_indexes_size(relid))::float8 AS index
       FROM pg_partition_tree('readings') WHERE isleaf`,
  );
  const thinning = await thinOneDay(retention, days);
  await db.close();
  await empty.drop();
  const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 0);
  return {
    tables: [
      {
        title: `Among ${(size!.rows / 1e6).toFixed(1)} million readings of ${METERS} meters in ${days} days (${(size!.table / MIB).toFixed(0)} MB, indexes ${(size!.index / MIB).toFixed(0)} MB)`,
        head: ["asked for", "p50 ms", "longest ms"],
        rows: asked.map(({ what, ms: each }) => [what, ms(median(each)), ms(Math.max(...each))]),
      },
      {
        title: "A day of all meters is thinned to one reading each",
        head: ["rows", "rows/s while it works", "longest batch ms", "of the time"],
        rows: [
          [
            String(thinning.rows),
            ((thinning.rows * 1_000) / thinning.workedMs).toFixed(0),
            thinning.longestMs.toFixed(0),
            `${(thinning.share * 100).toFixed(1)} %`,
          ],
        ],
      },
    ],
    notes: [`A question about a day touches ${touched.join(" and ")}.`],
    figures: {
      found: {
        rows: size!.rows,
        tableBytes: size!.table,
        indexBytes: size!.index,
        touched,
        ...Object.fromEntries(asked.map(({ what, ms: each }) => [what, rounded(median(each))])),
      },
      thinning,
    },
    complaints: [
      ...(touched.length > 2 ? [`a question about a day touches ${touched.length} months`] : []),
      ...(thinning.rows === METERS * (PER_DAY - 1)
        ? []
        : [`${thinning.rows} rows were thinned, and not ${METERS * (PER_DAY - 1)}`]),
    ],
  };
}

/** In the order in which they would have come: quarter by quarter, every meter. */
async function fill(db: Database, retention: PostgresRetentionStore, days: number, workshop: Workshop): Promise<void> {
  await db.run(
    null,
    `INSERT INTO meters (address, meter_number, customer_number, bus, model, active, created_at)
     SELECT ($1::bigint + n)::text, '', '', 'b', 'm', true, now() FROM generate_series(0, $2 - 1) n`,
    [FIRST_ADDRESS, METERS],
  );
  const site = retentionShape.parse(undefined);
  for (let day = days; day >= 0; day -= 20) await retention.makeMonths(Instant(LAST_MIDNIGHT - day * DAY_MS), site);
  for (let day = days; day > 0; day -= 1) {
    await db.transact(
      (tx) =>
        db.run(
          tx,
          `INSERT INTO readings (meter, item, value, unit, taken_at, source)
           SELECT ($1::bigint + n)::text, 'importedEnergy', to_char(n + ($5 * ${PER_DAY} + slot) * 0.25, 'FM999990.00'), 'kWh', $3::timestamptz + slot * interval '15 minutes', 'poll'
             FROM generate_series(0, $4 - 1) slot, generate_series(0, $2 - 1) n`,
          [FIRST_ADDRESS, METERS, new Date(LAST_MIDNIGHT - day * DAY_MS), PER_DAY, days - day],
        ),
      { statementMsMax: minutes(30) },
    );
    if (day % 5 === 1) workshop.say(`${days - day + 1} of ${days} million readings are laid down`);
  }
  await db.transact(
    async (tx) => {
      await db.run(
        tx,
        "INSERT INTO latest_readings SELECT DISTINCT ON (meter, item) meter, item, value, unit, taken_at, source FROM readings WHERE taken_at >= $1 ORDER BY meter, item, taken_at DESC",
        [new Date(LAST_MIDNIGHT - minutes(15))],
      );
      await db.run(tx, "ANALYZE");
    },
    { statementMsMax: minutes(30) },
  );
}

async function ask(what: string, question: () => Promise<readonly unknown[]>, times = ASKED): Promise<Asked> {
  const ms: number[] = [];
  for (let n = 0; n <= times; n += 1) {
    const began = performance.now();
    const found = await question();
    if (found.length === 0) throw new Error(`${what}: nothing was found`);
    if (n > 0) ms.push(performance.now() - began); // the first one plans
  }
  return { what, ms };
}

const ENERGY_OF_ALL = `SELECT meter, max(value::numeric) - min(value::numeric) AS energy FROM readings
  WHERE item = 'importedEnergy' AND taken_at >= $1 AND taken_at < $2 AND suspect IS NULL GROUP BY meter`;

const energyOfAll = (db: Database, from: Instant): Promise<readonly unknown[]> =>
  db.transact((tx) => db.rows(tx, ENERGY_OF_ALL, [new Date(from), new Date(from + DAY_MS)]), { statementMsMax: minutes(5) });

async function partsTouched(db: Database, from: Instant): Promise<readonly string[]> {
  const plan = await db.rows<Record<string, string>>(null, `EXPLAIN (ANALYZE, TIMING OFF) ${ENERGY_OF_ALL}`, [
    new Date(from),
    new Date(from + DAY_MS),
  ]);
  const names = plan.flatMap((row) =>
    row["QUERY PLAN"]!.includes("never executed") ? [] : (/readings_(?:\d{4}_\d\d|beside)\b/.exec(row["QUERY PLAN"]!)?.[0] ?? []),
  );
  return [...new Set(names)];
}

/** The oldest day, by the house's own keeper; its rests are counted and not slept. */
async function thinOneDay(
  store: PostgresRetentionStore,
  days: number,
): Promise<{ rows: number; workedMs: number; longestMs: number; share: number }> {
  const site = retentionShape.parse({ readings: { all: 40, daily: 3_650 }, goOnTo: dayOf(Instant(LAST_MIDNIGHT), ZONE) });
  const now = Instant(LAST_MIDNIGHT + (42 - days) * DAY_MS - 1);
  let restedMs = 0;
  const clock: Clock = { now: () => now, wait: (ms) => Promise.resolve(void (restedMs += ms)) };
  const sure = {
    makeMonths: store.makeMonths.bind(store),
    doneTo: store.doneTo.bind(store),
    oldest: store.oldest.bind(store),
    markDone: store.markDone.bind(store),
    setBack: store.setBack.bind(store),
    thin: store.thin.bind(store),
  };
  // it is asked in the middle of the readings, and not after a week of them
  const daysRead = (asked: Parameters<typeof store.daysRead>[0]): Promise<number> =>
    asked.length > 1 ? Promise.resolve(asked.length) : store.daysRead(asked);
  const keeper = new RetentionKeeper({
    store: { ...sure, daysRead },
    site,
    timeZone: ZONE,
    clock,
    elapsed: systemElapsed,
    log: silentLog,
  });
  const went = await keeper.thinDue();
  const { workedMs, longestMs } = keeper.picture;
  return {
    rows: went["readings-daily"],
    workedMs: rounded(workedMs),
    longestMs: rounded(longestMs),
    share: workedMs / (workedMs + restedMs),
  };
}
