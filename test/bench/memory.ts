/**
 * How much memory a gateway takes that has 1,000 meters and nothing to do, and how soon it is ready: `node src/main.ts` as it is, on its
 * embedded PostgreSQL, with the street's meters on MQTT. "First start" makes the database, "later start" finds it.
 *
 * Idle means: every meter was read once, and nobody is asked any more. The broker runs in this process, so that what is measured
 * is the gateway alone; PostgreSQL's processes are not counted either.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { SiteInput } from "../../src/site-file.ts";
import { seconds, systemClock } from "../../src/kernel/clock.ts";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { freePort } from "../support/servers.ts";
import { median, rounded, spread, type Bench, type Findings } from "./bench.ts";
import { residentMb, type Workshop } from "./workshop.ts";

const METERS = 1_000;
const FIRST_ADDRESS = 202_611_220_001;
const ROUNDS = 3;
const READY_MS_MAX = seconds(60);
const LOOK_EVERY_MS = 10;
const QUIET_MS = seconds(2);

const addresses = Array.from({ length: METERS }, (_, index) => String(FIRST_ADDRESS + index));

interface Round {
  readonly firstMs: number;
  readonly laterMs: number;
  readonly residentMb: number;
}

/** From spawn to the first 200 at /readyz. */
async function start(workshop: Workshop, siteFile: string, door: string) {
  const startedAt = performance.now();
  const gateway = workshop.gateway(siteFile);
  for (;;) {
    const ready = await fetch(`${door}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    const ms = performance.now() - startedAt;
    if (ready) return { gateway, ms };
    if (gateway.child.exitCode !== null || ms > READY_MS_MAX)
      throw new Error(`the gateway was not ready within ${ms.toFixed(0)} ms`);
    await systemClock.wait(LOOK_EVERY_MS);
  }
}

async function untilIdle(door: string): Promise<void> {
  const until = performance.now() + READY_MS_MAX;
  const exchanges = async (): Promise<{ readonly open: number; readonly sum: number }> => {
    const response = await fetch(`${door}/v1/buses`);
    const { items } = (await response.json()) as { items: readonly { open: boolean; exchanges: number }[] };
    return { open: items.filter(({ open }) => open).length, sum: items.reduce((sum, bus) => sum + bus.exchanges, 0) };
  };
  for (let last = -1; ;) {
    const { open, sum } = await exchanges();
    if (open === METERS && sum > METERS && sum === last) return;
    last = sum;
    if (performance.now() > until) throw new Error(`${open} of ${METERS} lines are open after ${READY_MS_MAX / 1_000} s`);
    await systemClock.wait(QUIET_MS);
  }
}

async function measure(workshop: Workshop, mqttUrl: string, round: number): Promise<Round> {
  const port = await freePort();
  const folder = join(workshop.folder, `gateway-${round}`);
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  const site: SiteInput = {
    http: { port },
    stores: { data: join(folder, "data") },
    mqtt: { url: mqttUrl },
    buses: [{ id: "mqtt-1", transport: { kind: "mqtt" } }],
    meters: addresses.map((address) => ({ address, bus: "mqtt-1", model: "standard-wallet", account: address.slice(2) })),
  };
  const siteFile = join(folder, "gateway.yaml");
  writeFileSync(siteFile, stringify(site));
  const door = `http://127.0.0.1:${port}`;
  const first = await start(workshop, siteFile, door);
  await first.gateway.stop();
  const later = await start(workshop, siteFile, door);
  await untilIdle(door);
  const resident = residentMb(later.gateway.pid);
  await later.gateway.stop();
  return { firstMs: first.ms, laterMs: later.ms, residentMb: resident };
}

async function run(workshop: Workshop): Promise<Findings> {
  const broker = await startEmbeddedBroker({ port: 0 });
  workshop.later(() => broker.close());
  const street = ["--mqtt", broker.url, "--meters", String(METERS), "--first-address", addresses[0]!];
  await workshop.street(street);
  const rounds: Round[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    workshop.say(`round ${round} of ${ROUNDS}: a first start, a later one, and then nothing to do`);
    rounds.push(await measure(workshop, broker.url, round));
  }
  const of = (take: (round: Round) => number): readonly number[] => rounds.map(take);
  const first = of(({ firstMs }) => firstMs);
  const later = of(({ laterMs }) => laterMs);
  const resident = of(({ residentMb: mb }) => mb);
  return {
    tables: [
      {
        title: `A gateway with ${METERS} meters over MQTT, on its embedded PostgreSQL`,
        head: ["", "median [from–to]"],
        rows: [
          ["resident memory, idle, MB", spread(resident, 0)],
          ["first start to ready, ms", spread(first, 0)],
          ["later start to ready, ms", spread(later, 0)],
        ],
      },
    ],
    notes: ["Without the broker, which runs in the bench's process, and without PostgreSQL's own processes."],
    figures: {
      meters: METERS,
      residentMb: rounded(median(resident), 1),
      firstStartMs: rounded(median(first), 0),
      laterStartMs: rounded(median(later), 0),
      rounds,
    },
    complaints: [],
  };
}

export const memory: Bench = { title: "resident memory and start-up time", run };
