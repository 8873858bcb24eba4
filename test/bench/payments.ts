/**
 * Ten thousand payments over two thousand meters, of which answers are lost, and a gateway that is killed with -9 twice in between: none
 * may be lost and none doubled. The gateway is the one of `npm start`; broker, street, PostgreSQL and whoever pays share its machine.
 */
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { emptyDatabase } from "../support/database.ts";
import { startGatewayProcess } from "../support/processes.ts";
import { findProgram, startMosquitto } from "../support/servers.ts";
import { rounded, type Bench, type Findings } from "./bench.ts";
import { percentile, runPayments, type PaymentsResult } from "./payments-run.ts";
import type { Workshop } from "./workshop.ts";

const METERS = 2_000;
const PAYMENTS = 10_000;
const LOST_SHARE = 0.05;
const KILLS = 2;
const WINDOW = 256;
const FIRST_ADDRESS = 202_611_270_001;

export const addressesFrom = (first: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => String(first + n));

/** The site of such a run; `database` embedded, or a connection string. */
export const siteOf = (meters: readonly string[], stores: object, mqtt: string): string =>
  JSON.stringify({
    stores,
    mqtt: { url: mqtt },
    buses: [{ id: "mqtt-1", transport: { kind: "mqtt" } }],
    meters: meters.map((address) => ({ address, bus: "mqtt-1", model: "standard-wallet", account: address.slice(2) })),
    polling: { everySeconds: 86_400 },
  });

export async function brokerFor(workshop: Workshop): Promise<string> {
  if (findProgram("mosquitto") === null) {
    const broker = await startEmbeddedBroker({ port: 0 });
    workshop.later(() => broker.close());
    return broker.url;
  }
  const broker = await startMosquitto();
  workshop.later(() => broker.stop());
  return broker.url;
}

async function run(workshop: Workshop): Promise<Findings> {
  const postgres = await workshop.postgres();
  const database = await emptyDatabase(postgres.connectionString);
  const mqtt = await brokerFor(workshop);
  const meters = addressesFrom(FIRST_ADDRESS, METERS);
  const street = await workshop.street([
    ...["--mqtt", mqtt, "--meters", String(METERS), "--first-address", meters[0]!, "--speed", "0"],
  ]);
  const siteFile = join(workshop.folder, "site.yaml");
  writeFileSync(siteFile, siteOf(meters, { data: join(workshop.folder, "data"), database: database.connectionString }, mqtt));
  try {
    const result = await runPayments({
      meters,
      payments: PAYMENTS,
      lostShare: LOST_SHARE,
      kills: KILLS,
      window: WINDOW,
      street,
      startGateway: () => startGatewayProcess(siteFile),
      books: () => Promise.resolve(database.connectionString),
      say: workshop.say,
    });
    return findingsOf(result);
  } finally {
    await database.drop();
  }
}

function findingsOf(result: PaymentsResult): Findings {
  const { tookMs, perSecond, seconds, silentOrders, answered, kills, askedAgain, wrong } = result;
  const figures = {
    payments: PAYMENTS,
    meters: METERS,
    perSecond: rounded(perSecond),
    seconds: rounded(seconds),
    p50Ms: rounded(percentile(tookMs, 0.5), 0),
    p95Ms: rounded(percentile(tookMs, 0.95), 0),
    p99Ms: rounded(percentile(tookMs, 0.99), 0),
    maxMs: rounded(percentile(tookMs, 1), 0),
    lostShare: LOST_SHARE,
    answered,
    silentOrders,
    kills,
    askedAgain,
  };
  const ms = (share: number): string => String(Math.round(percentile(tookMs, share)));
  return {
    tables: [
      {
        title: `${PAYMENTS} payments over ${METERS} meters, ${LOST_SHARE * 100} % of ${answered} answers lost, ${silentOrders} of them to orders, ${kills} × kill -9`,
        head: ["", "a second", "p50 ms", "p95 ms", "p99 ms", "longest", "asked again"],
        rows: [["confirmed", perSecond.toFixed(1), ms(0.5), ms(0.95), ms(0.99), ms(1), String(askedAgain)]],
      },
    ],
    notes: [
      "From the payment to the meter's own proof. A killed gateway's lines are driven again when its leases have lapsed (15 s): the longest waits are those.",
      ...(wrong.length === 0
        ? ["None lost, none doubled: purchase counts and credit of every meter equal the orders, and the ledger adds up."]
        : []),
    ],
    figures,
    complaints: wrong.slice(0, 20),
  };
}

export const payments: Bench = {
  title: "payments while answers are lost and the gateway is killed: none lost, none doubled",
  run,
};
