/**
 * Forty thousand cuts from one list: two persons have approved it and raised the brake, five go first. The gateway is the one of `npm start`;
 * broker, street, PostgreSQL and whoever pays share its machine. Beside the time it is said what it was spent on.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { emptyDatabase } from "../support/database.ts";
import { rounded, type Bench, type BenchOptions, type Findings } from "./bench.ts";
import { baseSite, brokerWithPid, streetFile, type CpuShare, type Ground } from "./cutting.ts";
import { runMass, type MassResult } from "./mass-run.ts";
import { addressesFrom } from "./payments.ts";
import { percentile } from "./payments-run.ts";
import { findProgram, startRedis } from "../support/servers.ts";
import type { Workshop } from "./workshop.ts";

const METERS = 40_000;
const FIRST_ADDRESS = 202_611_300_001;
const PAYERS = 200;
const MINUTES_AIMED_AT = 5;
const RESTORE_MS_MAX = 2_000;
/** While all are made to owe, as many are read a second; the run itself is polled as a site usually is. */
const SHADOW_READS_A_SECOND = 300;
/** Of a core that belongs to somebody: more is as good as all of it. */
const BUSY = 0.85;

interface MassOptions {
  readonly profile?: string | undefined;
  /** The queue is kept by a Redis; else by PostgreSQL. */
  readonly redis?: boolean;
}

/** Each on the broker, each a feeder's; everybody is cut by two persons or by nobody. */
export async function massGround(
  workshop: Workshop,
  meters: number,
  { profile, redis: isRedis }: MassOptions = {},
): Promise<Ground> {
  const postgres = await workshop.postgres();
  const database = await emptyDatabase(postgres.connectionString);
  workshop.later(() => database.drop());
  const broker = await brokerWithPid(workshop);
  const redis = isRedis === true ? await startRedis() : null;
  if (redis !== null) workshop.later(() => redis.stop());
  const addresses = addressesFrom(FIRST_ADDRESS, meters);
  const file = streetFile(workshop, { first: addresses[0]!, count: meters }, { bus: "mqtt-1" });
  const street = await workshop.street(["--mqtt", broker.url, "--scenario", file]);
  const stores = { data: join(workshop.folder, "data"), database: database.connectionString, redis: redis?.url ?? null };
  return {
    ...{ workshop, street, profile, database: database.connectionString },
    pids: { postgres: postgres.pid, broker: broker.pid, ...(redis === null ? {} : { redis: redis.pid }) },
    site: {
      ...baseSite(
        addresses.map((address) => ({ address, bus: "mqtt-1", model: "remote-ledger", account: address.slice(2) })),
        stores,
      ),
      mqtt: { url: broker.url },
      buses: [{ id: "mqtt-1", transport: { kind: "mqtt" } }],
      policy: {
        ...({ mode: "live", restoreBy: "reconnect", noCut: { hours: "", weekends: false } } as const),
        guardRails: { approval: { above: 0, percent: 0, floor: 0 } },
      },
      polling: { everySeconds: 900 },
    },
  };
}

async function run(workshop: Workshop, { meters = METERS, profile }: BenchOptions): Promise<Findings> {
  const redis = findProgram("redis-server") !== null;
  const ground = await massGround(workshop, meters, { profile, redis });
  const shadowPollSeconds = Math.max(10, Math.ceil(meters / SHADOW_READS_A_SECOND));
  return findingsOf(
    meters,
    await runMass({ ground, meters, shadowPollSeconds, payers: Math.min(PAYERS, Math.floor(meters / 40)) }),
  );
}

/** From the figures alone: whose core was full, or else what was waited for. */
export function bottleneckOf(cpu: CpuShare, tookMs: number, cores: number): string {
  const parts = Object.entries(cpu).sort(([, a], [, b]) => b - a) as [keyof CpuShare, number][];
  const all = parts.reduce((sum, [, ms]) => sum + ms, 0);
  const [most, ms] = parts[0]!;
  const share = (of: number): string => `${Math.round((of / tookMs) * 100)} %`;
  if (most === "gateway" && ms / tookMs >= BUSY) return `the gateway's one core (${share(ms)} of it)`;
  if (all / tookMs >= BUSY * cores)
    return `all ${cores} cores of the machine (${share(all)} of a core), most of them the ${most}'s`;
  return `nobody's core: ${share(ms)} of one was the ${most}'s, ${share(all)} all of them; the rest was waited for, or somebody else's`;
}

function findingsOf(meters: number, result: MassResult): Findings {
  const { tookMs, listedMs, eachMs, stages, cpu, restoreMs, wrong } = result;
  const [perSecond, each] = [(meters * 1_000) / tookMs, 1 / meters];
  const ms = (of: readonly number[], share: number): number => rounded(percentile(of, share), 0);
  const restoreP95 = ms(restoreMs, 0.95);
  const perCut = Object.fromEntries(Object.entries(cpu).map(([who, spent]) => [who, rounded(spent * each)]));
  const bottleneck = bottleneckOf(cpu, tookMs, availableParallelism());
  const figures = {
    ...{ meters, seconds: rounded(tookMs / 1_000), perSecond: rounded(perSecond), listedSeconds: rounded(listedMs / 1_000) },
    ...{ p50Ms: ms(eachMs, 0.5), p95Ms: ms(eachMs, 0.95), stages, cpuMsPerCut: perCut, bottleneck },
    restores: { payers: restoreMs.length, p50Ms: ms(restoreMs, 0.5), p95Ms: restoreP95, longestMs: ms(restoreMs, 1) },
  };
  return {
    tables: [
      {
        title: `${meters} cuts of one approved list, from the second yes to the last meter that shows it`,
        head: ["", "seconds", "a second", "of one: p50 ms", "p95 ms", "waits", "sent", "shown"],
        rows: [
          [
            ...["cuts", (tookMs / 1_000).toFixed(1), perSecond.toFixed(1), String(figures.p50Ms), String(figures.p95Ms)],
            ...Object.values(stages).map((stage) => stage.toFixed(0)),
          ],
        ],
      },
      {
        title: "CPU",
        head: ["", ...Object.keys(cpu)],
        rows: [
          ["ms a cut", ...Object.values(perCut).map(String)],
          ["of a core", ...Object.values(cpu).map((spent) => `${Math.round((spent / tookMs) * 100)} %`)],
        ],
      },
      {
        title: "Who paid meanwhile: from the payment to supply, as the meter shows it",
        head: ["", "payments", "p50 ms", "p95 ms", "longest"],
        rows: [
          [
            "restores",
            String(restoreMs.length),
            String(figures.restores.p50Ms),
            String(restoreP95),
            String(figures.restores.longestMs),
          ],
        ],
      },
    ],
    notes: [
      `The bottleneck: ${bottleneck}. The queue was kept by ${cpu.redis > 0 ? "Redis" : "PostgreSQL: with a Redis (Debian package redis-server) it would have less to do"}.`,
      `Onto the list ${(listedMs / 1_000).toFixed(1)} s after the gateway was ready. At this rate ${METERS} take ${(METERS / perSecond / 60).toFixed(1)} minutes; ${MINUTES_AIMED_AT} are aimed at.`,
    ],
    figures,
    complaints: [
      ...wrong.slice(0, 20),
      ...(meters >= METERS && tookMs > MINUTES_AIMED_AT * 60_000
        ? [`${meters} cuts took ${(tookMs / 60_000).toFixed(1)} minutes`]
        : []),
      ...(restoreP95 > RESTORE_MS_MAX
        ? [`who paid meanwhile had supply after ${restoreP95} ms (p95), promised ${RESTORE_MS_MAX}`]
        : []),
    ],
  };
}

export const mass: Bench = { title: "one approved list of many cuts, over MQTT, each shown by its meter", run };
