/**
 * From the payment to supply, as the meter shows it: over MQTT while a thousand meters are polled, on one RS-485 line, and ten thousand at once, spread
 * by feeder. The gateway is the one of `npm start`; whoever was cut was cut by the rules, because readings said that he owes.
 */
import { join } from "node:path";
import type { SiteInput } from "../../src/site-file.ts";
import { emptyDatabase } from "../support/database.ts";
import { rounded, type Bench, type BenchOptions, type Findings, type Table } from "./bench.ts";
import { baseSite, brokerWithPid, streetFile, type Ground } from "./cutting.ts";
import { addressesFrom } from "./payments.ts";
import { percentile } from "./payments-run.ts";
import { runRestores, wireOf, type RestoreResult } from "./restores-run.ts";
import { Workshop } from "./workshop.ts";

const FIRST_ADDRESS = 202_611_400_001;
/** What is promised from the payment to supply. */
const MQTT_P95_MS_MAX = 2_000;
const WIRE_MS_MAX = 5_000;
const BAUD = 9_600;
/** Before each frame of ours, and of the street's serial meters. */
const WAKE_UPS = 4;
const FEEDER = { meters: 10, seconds: 10, perMinute: 10 } as const;

export interface Sizes {
  readonly polled: { readonly meters: number; readonly cut: number; readonly pollSeconds: number; readonly atATime: number };
  readonly line: { readonly meters: number; readonly cut: number; readonly pollSeconds: number };
  readonly crowd: {
    readonly meters: number;
    readonly pollSeconds: number;
    readonly atATime: number;
    readonly shadowPollSeconds: number;
  };
}
const usual: Sizes = {
  polled: { meters: 1_000, cut: 200, pollSeconds: 15, atATime: 8 },
  line: { meters: 32, cut: 20, pollSeconds: 10 },
  // polled as a site usually is: all who are cut by the rules have to be, before anybody pays
  crowd: { meters: 10_000, pollSeconds: 900, atATime: 64, shadowPollSeconds: 70 },
};

/** Nobody asks two persons and nothing brakes: what is measured is the way back. */
const policy = (stagger: { readonly seconds: number; readonly perMinute: number } | null): SiteInput["policy"] => ({
  ...{ mode: "live", restoreBy: "reconnect", stagger },
  noCut: { hours: "", weekends: false },
  guardRails: { approval: null, brake: null },
});

interface Raised {
  readonly ground: Ground;
  readonly meters: readonly string[];
}

/** Over MQTT; `feeder`: so many behind each. */
export async function overMqtt(
  workshop: Workshop,
  count: number,
  options: { readonly feeder?: number; readonly profile?: string | undefined } = {},
): Promise<Raised> {
  const postgres = await workshop.postgres();
  const database = await emptyDatabase(postgres.connectionString);
  workshop.later(() => database.drop());
  const broker = await brokerWithPid(workshop);
  const meters = addressesFrom(FIRST_ADDRESS, count);
  const file = streetFile(workshop, { first: meters[0]!, count }, { bus: "mqtt-1" });
  const street = await workshop.street(["--mqtt", broker.url, "--scenario", file]);
  const { feeder } = options;
  const row = (address: string, n: number) => ({
    ...({ address, bus: "mqtt-1", model: "remote-ledger", account: address.slice(2) } as const),
    ...(feeder === undefined ? {} : { feeder: `feeder-${Math.floor(n / feeder)}` }),
  });
  const stores = { data: join(workshop.folder, "data"), database: database.connectionString };
  const ground: Ground = {
    ...{ workshop, street, profile: options.profile, database: database.connectionString },
    pids: { postgres: postgres.pid, broker: broker.pid },
    site: {
      ...baseSite(meters.map(row), stores),
      mqtt: { url: broker.url },
      buses: [{ id: "mqtt-1", transport: { kind: "mqtt" } }],
      policy: policy(feeder === undefined ? null : { seconds: FEEDER.seconds, perMinute: FEEDER.perMinute }),
    },
  };
  return { ground, meters };
}

/** One line on a pseudo-terminal; its street takes the time that bytes take. */
export async function onSerial(workshop: Workshop, count: number): Promise<Raised> {
  const postgres = await workshop.postgres();
  const database = await emptyDatabase(postgres.connectionString);
  workshop.later(() => database.drop());
  const meters = addressesFrom(FIRST_ADDRESS, count);
  const file = streetFile(workshop, { first: meters[0]!, count }, { bus: "serial-1" });
  const link = join(workshop.folder, "tty-street");
  const street = await workshop.street(["--serial-link", link, "--serial-baud", String(BAUD), "--scenario", file]);
  const ground: Ground = {
    ...{ workshop, street, database: database.connectionString, pids: { postgres: postgres.pid, broker: null } },
    site: {
      ...baseSite(
        meters.map((address) => ({ address, bus: "serial-1", model: "remote-ledger", account: address.slice(2) })),
        { data: join(workshop.folder, "data"), database: database.connectionString },
      ),
      buses: [{ id: "serial-1", transport: { kind: "serial", path: link, baudRate: BAUD } }],
      policy: policy(null),
    },
  };
  return { ground, meters };
}

/** Each part in a workshop of its own: what one leaves behind must not slow the next. */
async function apart<T>(workshop: Workshop, work: (own: Workshop) => Promise<T>): Promise<T> {
  const own = new Workshop(workshop.say);
  workshop.later(() => own.close());
  try {
    return await work(own);
  } finally {
    await own.close();
  }
}

async function run(workshop: Workshop, { meters, profile }: BenchOptions): Promise<Findings> {
  const share = meters === undefined ? 1 : meters / usual.crowd.meters;
  const part = (of: number): number => Math.max(20, Math.round(of * share));
  const { polled, line, crowd } = usual;
  const many = { ...polled, meters: part(polled.meters), cut: Math.max(10, Math.round(polled.cut * share)) };
  const first = await apart(workshop, async (own) => {
    const { ground, meters: all } = await overMqtt(own, many.meters, { profile });
    return runRestores({ ...many, ground, meters: all });
  });
  const second = await apart(workshop, async (own) => {
    const { ground, meters: all } = await onSerial(own, line.meters);
    const result = await runRestores({ ...line, ground, meters: all, atATime: 1, oneByOne: true });
    const wires = [];
    for (const span of result.spans) wires.push(await wireOf(ground, span, { baud: BAUD, wakeUps: WAKE_UPS }));
    return { ...result, wires };
  });
  const crowded = { ...crowd, meters: part(crowd.meters) };
  const third = await apart(workshop, async (own) => {
    const { ground, meters: all } = await overMqtt(own, crowded.meters, { feeder: FEEDER.meters, profile });
    return runRestores({ ...crowded, ground, meters: all, cut: all.length });
  });
  return findingsOf({ polled: many, line, crowd: crowded }, first, second, third);
}

const ms = (of: readonly number[], share: number): number => rounded(percentile(of, share), 0);
const stagesOf = ({ stages }: RestoreResult): readonly string[] => Object.values(stages).map((stage) => stage.toFixed(0));

function findingsOf(
  sizes: Sizes,
  polled: RestoreResult,
  line: RestoreResult & { readonly wires: readonly { readonly wireMs: number; readonly exchanges: number }[] },
  crowd: RestoreResult,
): Findings {
  const head = ["", "restores", "p50 ms", "p95 ms", "p99 ms", "paid", "waits", "sent", "shown", "exchanges/s"];
  const rowOf = (name: string, result: RestoreResult): string[] => [
    ...[name, String(result.tookMs.length), ...[0.5, 0.95, 0.99].map((share) => String(ms(result.tookMs, share)))],
    ...[...stagesOf(result), result.exchangesPerSecond.toFixed(0)],
  ];
  const wire = line.wires.map(({ wireMs }) => wireMs).sort((a, b) => a - b);
  const asked = line.wires.map(({ exchanges }) => exchanges).sort((a, b) => a - b);
  const tables: Table[] = [
    {
      title:
        "From the payment to supply, as the meter shows it; medians of the stages: until it is accepted, leaves, is answered, is shown",
      head,
      rows: [
        rowOf(`${sizes.polled.meters} over MQTT, each polled every ${sizes.polled.pollSeconds} s`, polled),
        rowOf(`${sizes.line.meters} on a line at ${BAUD} baud`, line),
        rowOf(`${sizes.crowd.meters} at once, feeders of ${FEEDER.meters}`, crowd),
      ],
    },
    {
      title: `What the wire carried for one restore, ${BAUD} baud, 11 bits a byte`,
      head: ["", "p50", "p95", "longest"],
      rows: [
        ["ms of bytes", ...[0.5, 0.95, 1].map((share) => String(ms(wire, share)))],
        ["exchanges", ...[0.5, 0.95, 1].map((share) => String(percentile(asked, share)))],
      ],
    },
  ];
  const cpuShare = (result: RestoreResult): string =>
    Object.entries(result.cpu)
      .map(([who, spent]) => `${who} ${Math.round((spent / result.allMs) * 100)} %`)
      .join(", ");
  const seconds = (of: number): string => (of / 1_000).toFixed(1);
  const wireP95 = ms(line.tookMs, 0.95);
  return {
    tables,
    notes: [
      `${sizes.crowd.meters} at once: the last payment was taken after ${seconds(crowd.takenMs)} s, the last supply shown after ${seconds(crowd.allMs)} s; the stagger alone allows ${FEEDER.seconds} s ` +
        `(${Math.ceil(sizes.crowd.meters / FEEDER.meters)} feeders, ${FEEDER.perMinute} a minute each), the links a few milliseconds. Of a core meanwhile: ${cpuShare(crowd)}.`,
      `While ${sizes.polled.meters} are polled, of a core: ${cpuShare(polled)}.`,
    ],
    figures: {
      polled: {
        ...sizes.polled,
        p50Ms: ms(polled.tookMs, 0.5),
        p95Ms: ms(polled.tookMs, 0.95),
        p99Ms: ms(polled.tookMs, 0.99),
        stages: polled.stages,
      },
      line: {
        ...sizes.line,
        p50Ms: ms(line.tookMs, 0.5),
        p95Ms: wireP95,
        wireP50Ms: ms(wire, 0.5),
        wireP95Ms: ms(wire, 0.95),
        stages: line.stages,
      },
      crowd: {
        ...sizes.crowd,
        lastSeconds: rounded(crowd.allMs / 1_000),
        takenSeconds: rounded(crowd.takenMs / 1_000),
        p95Ms: ms(crowd.tookMs, 0.95),
      },
    },
    complaints: [
      ...[polled, line, crowd].flatMap(({ wrong }) => wrong.slice(0, 10)),
      ...(ms(polled.tookMs, 0.95) > MQTT_P95_MS_MAX
        ? [`over MQTT supply came after ${ms(polled.tookMs, 0.95)} ms (p95), promised ${MQTT_P95_MS_MAX}`]
        : []),
      ...(wireP95 > WIRE_MS_MAX ? [`on the line supply came after ${wireP95} ms (p95), promised ${WIRE_MS_MAX}`] : []),
    ],
  };
}

export const restores: Bench = { title: "from a payment to supply, as the meter shows it", run };
