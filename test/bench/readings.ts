/**
 * Readings: how many a second are taken in, stored **and billed**, through the door that polls use, and how fast they are found again among
 * millions.
 *
 * Two ways of keeping are laid beside each other, round by round on one PostgreSQL: what one take brings in one statement, as the house
 * does it, and a statement for each reading, as it did before. Rules, judgement and money are the house's own in both.
 */
import { buildConfig, type Config } from "../../src/config.ts";
import { buildEngine } from "../../src/house/engine.ts";
import { postgresStores } from "../../src/house/postgres-stores.ts";
import type { ReadingIntake } from "../../src/devices/reading-intake.ts";
import { Instant, later, minutes, systemClock, type Clock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Reading } from "../../src/kernel/reading.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { inMemoryQueue } from "../../src/queue/in-memory.ts";
import { at, Database } from "../../src/stores/database.ts";
import { migrate } from "../../src/stores/migrate.ts";
import { PostgresReadingStore } from "../../src/stores/reading-store.ts";
import { uuidv7 } from "uuidv7";
import { emptyDatabase, MIGRATIONS } from "../support/database.ts";
import { median, rounded, spread, type Bench, type Findings } from "./bench.ts";
import { amongMillions } from "./readings-found.ts";
import { noStreet } from "./no-street.ts";
import { cpuMs, type Workshop } from "./workshop.ts";

const METERS = [1_000, 10_000] as const;
const ROUNDS = 3;
const TAKES = 500;
/** Of more meters only so many are read, spread over all: what counts is how many rows lie around theirs. */
const READ_MAX = 2_000;
/** As many takes at a time as the house has connections for transactions. */
const AT_A_TIME = 8;
const ITEMS = ["importedEnergy", "voltageA", "currentA", "power", "powerFactor"] as const;
const FIRST_ADDRESS = 202_611_220_001;
const START = Instant(Date.parse("2026-11-01T00:00:00+08:00"));
/** Registers in 0.01 kWh; so much is used between two takes. */
const STEP = 25;
const TOLD_AT_ONCE = 1_000;

/** A statement for each reading. */
class OneByOne extends PostgresReadingStore {
  readonly #db: Database;

  constructor(db: Database) {
    super(db);
    this.#db = db;
  }

  override async keep(tx: Transaction, reading: Reading, suspect: string | null): Promise<void> {
    if (suspect !== null) throw new Error("the bench brings no reading that could be doubted");
    await this.#db.run(
      tx,
      `WITH kept AS (INSERT INTO readings (meter, item, value, unit, taken_at, source) VALUES ($1, $2, $3, $4, $5, $6))
       INSERT INTO latest_readings (meter, item, value, unit, taken_at, source) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (meter, item) DO UPDATE SET value = $3, unit = $4, taken_at = $5, source = $6 WHERE latest_readings.taken_at <= $5`,
      [reading.meter, reading.item, reading.value, reading.unit, at(reading.takenAt), reading.source],
    );
  }
}

const siteOf = (meters: number): Config =>
  buildConfig(
    {
      buses: [{ id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port: 9 } }],
      meters: Array.from({ length: meters }, (_, n) => String(FIRST_ADDRESS + n)).map((address) => ({
        ...{ address, bus: "tcp-1", model: "remote-ledger", account: address.slice(2) },
      })),
    },
    { file: "bench.yaml", env: {} },
  );

type Way = "a statement each" | "one statement a take";

interface Round {
  readonly perSecond: number;
  readonly serverMs: number;
}

async function intakes(
  meters: number,
  around: { readonly workshop: Workshop; readonly server: { readonly connectionString: string; readonly pid: number } },
): Promise<Record<Way, Round[]>> {
  const { workshop, server } = around;
  const empty = await emptyDatabase(server.connectionString);
  const db = await Database.open({ connectionString: empty.connectionString, log: silentLog });
  workshop.later(() => db.close());
  await migrate(db, MIGRATIONS, systemClock);
  const config = siteOf(meters);
  let now = START;
  const clock: Clock = { now: () => now, wait: (ms, signal) => systemClock.wait(ms, signal) };
  const stores = postgresStores(db, clock, "bench");
  await stores.meters.bringIn(config.accounts, config.meters);
  const intakeOn = (readings: PostgresReadingStore): ReadingIntake =>
    buildEngine({
      ...{
        config,
        stores: { ...stores, readings },
        street: noStreet(config.meters),
        clock,
        worldClock: systemClock,
        newId: uuidv7,
        log: silentLog,
      },
      leases: { holds: () => true, onTaken: () => undefined, held: () => [] },
      queue: inMemoryQueue({ log: silentLog, clock }),
      lanes: ["lane"],
      live: { publish: () => undefined },
      count: () => undefined,
      keepers: () => ({}),
      closers: { add: () => undefined },
      stopCommandsMs: 0,
    }).doors.intake;
  const ways: Record<Way, ReadingIntake> = {
    "a statement each": intakeOn(new OneByOne(db)),
    "one statement a take": intakeOn(stores.readings),
  };
  const registers = new Map(config.meters.map(({ address }, n) => [address, 10_000 + n]));
  const read = config.meters.filter((_, n) => n % Math.ceil(meters / READ_MAX) === 0);
  let next = 0;
  const take = async (intake: ReadingIntake): Promise<void> => {
    if (next % read.length === 0) now = later(now, minutes(15));
    const { address: meter } = read[next % read.length]!;
    next += 1;
    const register = registers.get(meter)! + STEP;
    registers.set(meter, register);
    await intake.take(
      ITEMS.map((item) => ({
        meter,
        item,
        value: item === "importedEnergy" ? (register / 100).toFixed(2) : "1.00",
        unit: null,
        takenAt: now,
        source: "poll",
      })),
    );
  };
  const round = async (intake: ReadingIntake, takes: number): Promise<Round> => {
    const [cpu, began] = [cpuMs(server.pid), performance.now()];
    let left = takes;
    const work = { isOpen: true };
    const taker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await take(intake);
      }
    };
    // what is announced is told meanwhile, as in the house
    const pump = (async () => {
      while (work.isOpen) {
        const told = await stores.outbox.next(TOLD_AT_ONCE, null);
        if (told.length === 0) await systemClock.wait(20);
        else await stores.outbox.forget(told.map(({ id }) => id));
      }
    })();
    await Promise.all(Array.from({ length: AT_A_TIME }, taker));
    const tookMs = performance.now() - began;
    work.isOpen = false;
    await pump;
    return { perSecond: (takes * ITEMS.length * 1_000) / tookMs, serverMs: (cpuMs(server.pid) - cpu) / takes };
  };
  workshop.say(`${meters} meters: each is read for the first time`);
  await round(ways["one statement a take"], read.length);
  const rounds: Record<Way, Round[]> = { "a statement each": [], "one statement a take": [] };
  const names = Object.keys(ways) as Way[];
  for (let n = 0; n < ROUNDS; n += 1)
    for (const way of n % 2 === 0 ? names : names.toReversed()) rounds[way].push(await round(ways[way], TAKES));
  await mustBeRight(db, { readings: next * ITEMS.length, energy: BigInt((next - read.length) * STEP) });
  await db.close();
  await empty.drop();
  return rounds;
}

/** A fast bench with a wrong result has failed. */
async function mustBeRight(db: Database, expected: { readonly readings: number; readonly energy: bigint }): Promise<void> {
  const [row] = await db.rows<{ readings: number; energy: bigint; latest: number; cost: bigint; charged: bigint }>(
    null,
    `SELECT (SELECT count(*)::int FROM readings) AS readings, (SELECT sum(energy)::bigint FROM billing_days) AS energy,
            (SELECT count(*)::int FROM latest_readings l WHERE EXISTS (SELECT 1 FROM readings r WHERE r.meter = l.meter AND r.item = l.item AND r.taken_at > l.taken_at)) AS latest,
            (SELECT sum(cost)::bigint FROM billing_days) AS cost,
            (SELECT -sum(l.amount)::bigint FROM ledger_legs l JOIN ledger_entries e ON e.id = l.entry WHERE e.kind = 'charge' AND starts_with(l.book, 'available/')) AS charged`,
  );
  const { readings, energy, latest, cost, charged } = row!;
  if (readings !== expected.readings) throw new Error(`${readings} readings were kept of ${expected.readings}`);
  if (energy !== expected.energy) throw new Error(`${energy} x 0.01 kWh were billed of ${expected.energy}`);
  if (cost !== charged) throw new Error(`days cost ${cost} fen and ${charged} were charged`);
  if (latest !== 0) throw new Error(`of ${latest} items the latest reading is not the newest`);
}

async function run(workshop: Workshop): Promise<Findings> {
  const server = await workshop.postgres();
  const rows: string[][] = [];
  const figures: Record<string, unknown> = {};
  for (const meters of METERS) {
    const rounds = await intakes(meters, { workshop, server });
    const [before, after] = [rounds["a statement each"], rounds["one statement a take"]];
    const ratio = median(after.map(({ perSecond }, n) => perSecond / before[n]!.perSecond));
    for (const [way, each] of Object.entries(rounds))
      rows.push([
        String(meters),
        way,
        spread(
          each.map(({ perSecond }) => perSecond),
          0,
        ),
        spread(
          each.map(({ perSecond }) => perSecond / ITEMS.length),
          0,
        ),
        spread(
          each.map(({ serverMs }) => serverMs),
          2,
        ),
      ]);
    figures[String(meters)] = {
      ...Object.fromEntries(Object.entries(rounds).map(([way, each]) => [way, each.map(({ perSecond }) => rounded(perSecond))])),
      ratio: rounded(ratio),
    };
    rows.push([String(meters), "times as fast", ratio.toFixed(2), "", ""]);
  }
  const found = await amongMillions({ workshop, server });
  return {
    tables: [
      {
        title: `Readings a second from intake to stored and billed; a take is ${ITEMS.length} readings of one meter and one charge, ${AT_A_TIME} at a time`,
        head: ["meters", "kept with", "readings/s", "takes/s", "CPU of PostgreSQL per take, ms"],
        rows,
      },
      ...found.tables,
    ],
    notes: ["A take is one transaction, flushed to disk. The bench, the house and PostgreSQL share the machine.", ...found.notes],
    figures: { intake: figures, ...found.figures },
    complaints: found.complaints,
  };
}

export const readings: Bench = { title: "readings a second, stored and billed, and how they are found among millions", run };
