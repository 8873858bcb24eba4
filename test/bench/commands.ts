/**
 * Confirmed top-ups per second, all the way: HTTP, PostgreSQL, queue, MQTT, meter, and back until the meter itself shows the
 * credit. Beside it, in the same run, what BullMQ does on the same store with jobs that do nothing.
 *
 * Four processes share the machine: this one pays, one is the gateway with the broker inside, one is the street of 1,000 wallets,
 * and PostgreSQL. At the end the street's side door is asked how often each meter was credited: a bench with a wrong result
 * has failed, however fast it was.
 */
import { join } from "node:path";
import { systemClock, seconds } from "../../src/kernel/clock.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { CONCURRENCY } from "../../src/queue/lanes.ts";
import { Database } from "../../src/stores/database.ts";
import { emptyDatabase } from "../support/database.ts";
import { findProgram, startRedis } from "../support/servers.ts";
import { median, rounded, spread, type Bench, type Findings, type Table } from "./bench.ts";
import type { GatewayFigures, GatewayOrder, GatewayState } from "./gateway-child.ts";
import type { NoopAnswer, NoopOrder, NoopQuestion } from "./noop-child.ts";
import { Till } from "./till.ts";
import { cpuMs, type MeterPicture, type Street, type Workshop } from "./workshop.ts";

const METERS = 1_000;
const FIRST_ADDRESS = 202_611_220_001;
const ROUNDS = 3;
/** On a slow machine two rounds have to do: a bench for which nobody waits is no bench. */
const ROUNDS_MIN = 2;
const STORE_MS_MAX = seconds(55);
const PAYMENTS_AT_A_TIME = 32;
const ALONE = 10;
const AMOUNT = "1.00";
/** One by one BullMQ is slow on PostgreSQL; in bulk a round of few jobs would end before it began. */
const NOOP_JOBS = { oneByOne: 400, bulk: 3_000 } as const;
const ROUND_MS_MAX = seconds(60);
const LOOK_EVERY_MS = 50;
/** As many as the gateway makes of its own accord. */
const LANES = { postgresql: 1, redis: 8 } as const;

type StoreName = keyof typeof LANES;

/** Where one top-up's time went, in ms. */
interface Phases {
  readonly accept: number;
  readonly queue: number;
  readonly look: number;
  readonly attempt: number;
  readonly send: number;
  readonly verify: number;
}
const phaseNames = ["accept", "queue", "look", "attempt", "send", "verify"] as const satisfies readonly (keyof Phases)[];

interface Round {
  readonly perSecond: number;
  readonly phases: Phases;
  readonly cpu: { readonly gateway: number; readonly street: number; readonly postgres: number };
  readonly figures: GatewayFigures;
}

interface StoreResult {
  readonly store: StoreName;
  readonly noop: readonly number[];
  readonly noopBulk: readonly number[];
  readonly rounds: readonly Round[];
  readonly alone: Phases;
  readonly firstPollMs: number;
}

const addresses = Array.from({ length: METERS }, (_, index) => String(FIRST_ADDRESS + index));
const accountOf = (address: string): string => address.slice(2);

const median3 = <T>(things: readonly T[], of: (thing: T) => number): number => median(things.map(of));

interface Around {
  readonly workshop: Workshop;
  readonly postgres: { readonly connectionString: string; readonly pid: number };
  readonly profile: string | undefined;
}

async function onStore(store: StoreName, { workshop, postgres, profile }: Around): Promise<StoreResult> {
  const beganAt = performance.now();
  const database = await emptyDatabase(postgres.connectionString);
  const redis = store === "redis" ? await startRedis() : null;
  if (redis !== null) workshop.later(() => redis.stop());
  const url = redis?.url ?? database.connectionString;

  workshop.say(`${store}: BullMQ alone`);
  const { noop, noopBulk } = await noopRates(workshop, { store, url, lanes: LANES[store], concurrency: CONCURRENCY });

  workshop.say(`${store}: raising ${METERS} meters and reading them once`);
  const order: GatewayOrder = {
    file: join(workshop.folder, `${store}.yaml`),
    site: {
      http: { port: 0 },
      stores: { data: join(workshop.folder, store), database: database.connectionString, redis: redis?.url ?? null },
      buses: [{ id: "mqtt-1", transport: { kind: "mqtt" } }],
      meters: addresses.map((address) => ({ address, bus: "mqtt-1", model: "standard-wallet", account: accountOf(address) })),
      policy: { mode: "live" },
      polling: { everySeconds: 86_400 },
    },
  };
  const gateway = await workshop.helper("gateway-child.ts", order, { profile });
  const street = await workshop.street([
    ...[
      "--mqtt",
      (gateway.ready as { mqtt: string }).mqtt,
      "--meters",
      String(METERS),
      "--first-address",
      addresses[0]!,
      "--speed",
      "1",
    ],
  ]);
  const startedAt = performance.now();
  const { url: door } = await gateway.ask<{ url: string }>({ ask: "raise" });
  await firstPoll(() => gateway.ask<GatewayState>({ ask: "state" }));
  const firstPollMs = performance.now() - startedAt;

  const till = new Till(door, PAYMENTS_AT_A_TIME);
  const db = await Database.open({ connectionString: database.connectionString, log: silentLog, connectionsMax: 2 });
  const before = await meterPictures(street);
  const asked = new Map<string, number>();
  const pay = async (accounts: readonly string[], oneByOne: boolean): Promise<Round> => {
    for (const account of accounts) asked.set(account, (asked.get(account) ?? 0) + 1);
    await gateway.ask({ ask: "forget" });
    const cpu = (): readonly [number, number] => [cpuMs(street.pid), cpuMs(postgres.pid)];
    const [streetBefore, postgresBefore] = cpu();
    const exchangesBefore = await gateway.ask<GatewayState>({ ask: "state" });
    const startedAt = performance.timeOrigin + performance.now();
    const paid: { command: string; ms: number }[] = [];
    if (oneByOne) {
      for (const account of accounts) {
        paid.push(await till.pay(account, AMOUNT));
        await allEnded(db);
      }
    } else {
      paid.push(...(await till.payAll(accounts, AMOUNT)));
      await allEnded(db);
    }
    const [streetAfter, postgresAfter] = cpu();
    const figures = await gateway.ask<GatewayFigures>({ ask: "figures" });
    const rows = await endedRows(
      db,
      paid.map(({ command }) => command),
    );
    const lastEnd = Math.max(...rows.map((row) => row.ended_at));
    const each = 1 / accounts.length;
    return {
      perSecond: (accounts.length * 1_000) / (lastEnd - startedAt),
      phases: phasesOf(rows, paid, figures),
      cpu: {
        gateway: figures.cpuMs * each,
        street: (streetAfter - streetBefore) * each,
        postgres: (postgresAfter - postgresBefore) * each,
      },
      figures: {
        ...figures,
        exchanges: figures.exchanges - exchangesBefore.exchanges,
        silences: figures.silences - exchangesBefore.silences,
      },
    };
  };
  try {
    const accounts = addresses.map(accountOf);
    workshop.say(`${store}: one top-up for each meter to warm up, then up to ${ROUNDS} rounds of the same`);
    await pay(accounts, false); // identities are read and proved, code is compiled
    const rounds: Round[] = [];
    while (rounds.length < ROUNDS && (rounds.length < ROUNDS_MIN || performance.now() - beganAt < STORE_MS_MAX))
      rounds.push(await pay(accounts, false));
    const alone = await pay(accounts.slice(0, ALONE), true);
    checkCredits(before, await meterPictures(street), asked);
    return { store, noop, noopBulk, rounds, alone: alone.phases, firstPollMs };
  } finally {
    till.close();
    await db.close();
    await gateway.stop();
    await street.stop();
    await redis?.stop();
    await database.drop();
  }
}

async function noopRates(
  workshop: Workshop,
  order: NoopOrder,
): Promise<{ noop: readonly number[]; noopBulk: readonly number[] }> {
  const child = await workshop.helper("noop-child.ts", order);
  const rates = async (question: NoopQuestion): Promise<readonly number[]> => {
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push((await child.ask<NoopAnswer>(question)).perSecond);
    return rounds;
  };
  await child.ask<NoopAnswer>({ jobs: NOOP_JOBS.bulk, atOnce: 500, inFlight: 2 }); // to warm up
  const noop = await rates({ jobs: NOOP_JOBS.oneByOne, atOnce: 1, inFlight: PAYMENTS_AT_A_TIME });
  const noopBulk = await rates({ jobs: NOOP_JOBS.bulk, atOnce: 500, inFlight: 2 });
  await child.stop();
  return { noop, noopBulk };
}

/** Every meter has answered, and nobody is asked any more. */
async function firstPoll(look: () => Promise<GatewayState>): Promise<void> {
  const until = performance.now() + ROUND_MS_MAX;
  for (let last = -1; ;) {
    await systemClock.wait(400);
    const { answering, exchanges } = await look();
    if (answering === METERS && exchanges === last) return;
    last = exchanges;
    if (performance.now() > until) throw new Error(`only ${answering} of ${METERS} meters answer`);
  }
}

async function allEnded(db: Database): Promise<void> {
  const until = performance.now() + ROUND_MS_MAX;
  for (;;) {
    const [row] = await db.rows<{ open: number }>(null, "SELECT count(*)::int AS open FROM commands WHERE ended_at IS NULL");
    if (row!.open === 0) return;
    if (performance.now() > until) throw new Error(`${row!.open} top-ups have not ended after ${ROUND_MS_MAX / 1_000} s`);
    await systemClock.wait(LOOK_EVERY_MS);
  }
}

interface EndedRow {
  readonly id: string;
  readonly state: string;
  readonly created_at: number;
  readonly sent_at: number;
  readonly acknowledged_at: number;
  readonly ended_at: number;
}

async function endedRows(db: Database, ids: readonly string[]): Promise<readonly EndedRow[]> {
  const rows = await db.rows<EndedRow>(
    null,
    "SELECT id, state, created_at, sent_at, acknowledged_at, ended_at FROM commands WHERE id = ANY($1::uuid[])",
    [ids],
  );
  const others = rows.filter((row) => row.state !== "confirmed");
  if (rows.length !== ids.length || others.length > 0)
    throw new Error(`${ids.length} top-ups were asked for, ${rows.length - others.length} are confirmed`);
  return rows;
}

function phasesOf(rows: readonly EndedRow[], paid: readonly { readonly ms: number }[], { marks }: GatewayFigures): Phases {
  const of = (take: (row: EndedRow, mark: { taken: number; began: number; begun: number }) => number): number =>
    median(
      rows.map((row) => {
        const { taken = NaN, began = NaN, begun = NaN } = marks[row.id] ?? {};
        return take(row, { taken, began, begun });
      }),
    );
  return {
    accept: median(paid.map(({ ms }) => ms)),
    queue: of((row, mark) => mark.taken - row.created_at),
    look: of((_row, mark) => mark.began - mark.taken),
    attempt: of((_row, mark) => mark.begun - mark.began),
    send: of((row, mark) => row.acknowledged_at - mark.begun),
    verify: of((row) => row.ended_at - row.acknowledged_at),
  };
}

async function meterPictures(street: Street): Promise<ReadonlyMap<string, MeterPicture>> {
  const response = await fetch(`${street.control}/meters`);
  return new Map(((await response.json()) as readonly MeterPicture[]).map((meter) => [meter.address, meter]));
}

/** The meters themselves are asked, not the gateway. */
function checkCredits(
  before: ReadonlyMap<string, MeterPicture>,
  after: ReadonlyMap<string, MeterPicture>,
  asked: ReadonlyMap<string, number>,
): void {
  const amount = parseYuan(AMOUNT, "amount");
  const wrong = addresses.filter((address) => {
    const [was, is] = [before.get(address)!, after.get(address)!];
    const times = asked.get(accountOf(address)) ?? 0;
    const credited = parseYuan(is.credited, "credited") - parseYuan(was.credited, "credited");
    return is.purchaseCount - was.purchaseCount !== times || credited !== amount * BigInt(times);
  });
  if (wrong.length > 0)
    throw new Error(`${wrong.length} of ${METERS} meters were not credited as often as asked, first of them ${wrong[0]!}`);
}

const statementsOf = ({ figures }: Round, queue: boolean): number =>
  Object.values(figures.statements).reduce((sum, row) => sum + (row.queue === queue ? row.times : 0), 0) / METERS;

function tablesOf(results: readonly StoreResult[]): readonly Table[] {
  const ms = (value: number): string => value.toFixed(1);
  return [
    {
      title: `Confirmed top-ups per second, ${METERS} meters over MQTT, beside BullMQ's jobs that do nothing`,
      head: ["store", "rounds", "top-ups/s", "no-op/s one by one", "share", "no-op/s in bulk", "share"],
      rows: results.map(({ store, rounds, noop, noopBulk }) => {
        const rates = rounds.map(({ perSecond }) => perSecond);
        const share = (peer: readonly number[]): string => `${((median(rates) / median(peer)) * 100).toFixed(1)} %`;
        return [store, String(rounds.length), spread(rates), spread(noop, 0), share(noop), spread(noopBulk, 0), share(noopBulk)];
      }),
    },
    {
      title: `Where the time of one top-up goes, ms (medians): ${PAYMENTS_AT_A_TIME} payments at a time, and one alone`,
      head: ["store", ...phaseNames],
      rows: results.flatMap(({ store, rounds, alone }) => [
        [store, ...phaseNames.map((name) => ms(median3(rounds, ({ phases }) => phases[name])))],
        [`${store}, alone`, ...phaseNames.map((name) => ms(alone[name]))],
      ]),
    },
    {
      title: "What one top-up costs",
      head: ["store", "SQL books", "SQL queue", "exchanges", "CPU ms gateway", "street", "postgresql"],
      rows: results.map(({ store, rounds }) => [
        store,
        ms(median3(rounds, (round) => statementsOf(round, false))),
        ms(median3(rounds, (round) => statementsOf(round, true))),
        ms(median3(rounds, ({ figures }) => figures.exchanges / METERS)),
        ms(median3(rounds, ({ cpu }) => cpu.gateway)),
        ms(median3(rounds, ({ cpu }) => cpu.street)),
        ms(median3(rounds, ({ cpu }) => cpu.postgres)),
      ]),
    },
  ];
}

const figuresOf = ({ store, rounds, noop, noopBulk, alone, firstPollMs }: StoreResult): object => ({
  store,
  perSecond: rounded(median3(rounds, ({ perSecond }) => perSecond)),
  noopPerSecond: rounded(median(noop)),
  noopBulkPerSecond: rounded(median(noopBulk)),
  phases: rounds.map(({ phases }) => phases),
  alone,
  firstPollMs: rounded(firstPollMs, 0),
  cpuMs: rounds.map(({ cpu }) => cpu),
  statements: Object.entries(rounds[0]!.figures.statements)
    .map(([sql, { times, ms, queue }]) => ({ sql, perTopUp: rounded(times / METERS), ms: rounded(ms / METERS), queue }))
    .sort((a, b) => b.ms - a.ms),
});

async function run(workshop: Workshop): Promise<Findings> {
  const postgres = await workshop.postgres();
  const profile = process.env["BENCH_PROFILE"];
  const stores: readonly StoreName[] = findProgram("redis-server") === null ? ["postgresql"] : ["postgresql", "redis"];
  const results: StoreResult[] = [];
  for (const store of stores) results.push(await onStore(store, { workshop, postgres, profile }));
  const silences = results.flatMap(({ store, rounds }) =>
    rounds.some(({ figures }) => figures.silences > 0) ? [`${store}: some exchanges met silence`] : [],
  );
  return {
    tables: tablesOf(results),
    notes: [
      "All on one machine: the gateway with its embedded broker, the street, PostgreSQL and whoever pays share its cores.",
      ...(stores.includes("redis")
        ? []
        : ["Not measured on Redis: redis-server (Debian package redis-server) is not installed."]),
    ],
    figures: { meters: METERS, stores: results.map(figuresOf) },
    complaints: silences,
  };
}

export const commands: Bench = { title: "confirmed top-ups per second, from the payment to the meter's own proof", run };
