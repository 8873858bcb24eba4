/**
 * How much of a line's time is used: exchanges per second beside what the wire, the meter and the rest between two exchanges
 * allow. The bytes are counted where they pass, so the bound is made of what was really said:
 *
 *     bound = 1 / ((bytes sent + bytes received) × 11 bits ÷ baud + answering delay + turnaround)
 *
 * The line and the session are the gateway's own; the street is the simulator's command line in another process. A
 * pseudo-terminal throttles nothing and neither does TCP: the street keeps the bytes on the wire for as long as they take. A rate above the
 * bound would mean that it does not, and fails just as a rate below 0.98 of it.
 */
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import type { BusConfig } from "../../src/devices/bus-config.ts";
import { Priority, type MeterRecord } from "../../src/devices/meter.ts";
import { buildStreetLines } from "../../src/devices/street-lines.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { SerialTransport } from "../../src/transports/serial.ts";
import { TcpTransport } from "../../src/transports/tcp-client.ts";
import type { Transport } from "../../src/transports/transport.ts";
import { median, rounded, spread, type Bench, type Findings } from "./bench.ts";
import type { Street, Workshop } from "./workshop.ts";

/** What most meters leave the factory with, and what is common in the field. */
const BAUDS = [2_400, 9_600] as const;
type Baud = (typeof BAUDS)[number];
const BITS_PER_BYTE = 11;
const ANSWER_DELAY_MS = 30;
const TURNAROUND_MS = 30;
const EXCHANGES_PER_ROUND: Readonly<Record<Baud, number>> = { 2_400: 20, 9_600: 60 };
const ROUNDS = 5;
const SHARE_MIN = 0.98;
/** Timers and clocks count in whole milliseconds; beyond this the street would be giving time away. */
const SHARE_MAX = 1.01;

const METER = MeterAddress("202611220001");

interface Counted {
  sent: number;
  received: number;
}

/** The transport as it is, with an ear on both directions. */
function counting(transport: Transport, counted: Counted): Transport {
  transport.onReceived((bytes) => (counted.received += bytes.length));
  const send = transport.send.bind(transport);
  transport.send = (bytes) => {
    counted.sent += bytes.length;
    return send(bytes);
  };
  return transport;
}

interface Round {
  readonly perSecond: number;
  readonly bound: number;
  readonly bytes: number;
  readonly slowestMs: number;
}

type Carrier = "serial" | "tcp";

async function measure(workshop: Workshop, carrier: Carrier, baud: Baud): Promise<readonly Round[]> {
  const exchanges = EXCHANGES_PER_ROUND[baud];
  const link = join(workshop.folder, `tty-bench-${baud}`);
  const pace = ["--answer-delay-ms", String(ANSWER_DELAY_MS), "--meters", "1", "--first-address", METER, "--speed", "0"];
  const way =
    carrier === "serial" ? ["--serial-link", link, "--serial-baud", String(baud)] : ["--tcp", "0", "--baud", String(baud)];
  const simulator = await workshop.street([...way, ...pace]);
  const counted: Counted = { sent: 0, received: 0 };
  const transport = transportTo(carrier, simulator, baud);
  const street = buildStreetLines({
    clock: systemClock,
    chance: seededChance("bench"),
    log: silentLog,
    security: softwareModule({ chance: seededChance("bench"), log: silentLog, mode: "test" }),
    buses: [{ id: "bus-1", transport, turnaroundMs: TURNAROUND_MS }],
    meters: [RECORD],
    timeZone: "Asia/Shanghai",
    wires: new Map([["bus-1", () => counting(openerOf(transport), counted)]]),
  });
  try {
    const session = await street.session(METER, { priority: Priority.person });
    const read = () => session.read(["importedEnergy"], "poll");
    await read(); // whatever has to be loaded is loaded
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      counted.sent = counted.received = 0;
      const times: number[] = [];
      const startedAt = performance.now();
      for (let exchange = 0; exchange < exchanges; exchange += 1) {
        const askedAt = performance.now();
        await read();
        times.push(performance.now() - askedAt);
      }
      const ms = performance.now() - startedAt;
      const bytes = (counted.sent + counted.received) / exchanges;
      const allowedMs = (bytes * BITS_PER_BYTE * 1_000) / baud + ANSWER_DELAY_MS + TURNAROUND_MS;
      rounds.push({
        perSecond: (exchanges * 1_000) / ms,
        bound: 1_000 / allowedMs,
        bytes,
        slowestMs: Math.max(...times),
      });
    }
    await session.close();
    const silences = street.buses().reduce((sum, { silences }) => sum + silences, 0);
    if (silences > 0) throw new Error(`${silences} exchanges over ${carrier} met silence; nothing was broken on purpose`);
    return rounds;
  } finally {
    await street.close();
    await simulator.stop();
  }
}

const RECORD: MeterRecord = {
  address: METER,
  meterNumber: METER,
  customerNumber: `00${METER.slice(2)}`,
  account: null,
  bus: BusId("bus-1"),
  model: "standard-wallet",
  relayPassword: null,
};

/** Timers of a machine with more to do than cores wake late, and that is not the line's fault; it is no excuse either. */
function busyness(): string {
  const [load = 0] = loadavg();
  const cores = availableParallelism();
  return load <= cores ? "" : ` (the machine is busy: load ${load.toFixed(1)} on ${cores} cores; measure again when it is not)`;
}

function transportTo(carrier: Carrier, simulator: Street, baudRate: Baud): BusConfig["transport"] {
  return carrier === "serial"
    ? { kind: "serial", path: simulator.serial!, baudRate, dataBits: 8, parity: "even", stopBits: 1 }
    : { kind: "tcp", host: "127.0.0.1", port: simulator.tcp! };
}

function openerOf(transport: BusConfig["transport"]): Transport {
  if (transport.kind === "serial") return new SerialTransport(transport);
  if (transport.kind === "tcp") return new TcpTransport(transport, systemClock);
  throw new Error(`no line over ${transport.kind} is measured here`);
}

async function run(workshop: Workshop): Promise<Findings> {
  const lines = BAUDS.flatMap((baud) => (["serial", "tcp"] as const).map((carrier) => ({ carrier, baud })));
  const complaints: string[] = [];
  const figures: Record<string, unknown> = { answerDelayMs: ANSWER_DELAY_MS, turnaroundMs: TURNAROUND_MS };
  const rows: string[][] = [];
  workshop.say(`${ROUNDS} rounds of readings over a serial line and over TCP, at ${BAUDS.join(" and ")} baud, side by side`);
  const measured = await Promise.all(
    lines.map(async (line) => ({ ...line, rounds: await measure(workshop, line.carrier, line.baud) })),
  );
  for (const { carrier, baud, rounds } of measured) {
    const line = `${carrier}, ${baud} baud`;
    const share = median(rounds.map(({ perSecond, bound }) => perSecond / bound));
    const rates = rounds.map(({ perSecond }) => perSecond);
    const bound = median(rounds.map((round) => round.bound));
    const bytes = median(rounds.map((round) => round.bytes));
    if (share < SHARE_MIN)
      complaints.push(`${line}: ${share.toFixed(3)} of what the line allows; promised is ${SHARE_MIN}${busyness()}`);
    if (share > SHARE_MAX) complaints.push(`${line}: ${share.toFixed(3)} of what the line allows: the street keeps no time`);
    figures[line] = { perSecond: rounded(median(rates)), bound: rounded(bound), share: rounded(share, 3), bytes, rounds };
    const slowest = Math.max(...rounds.map((round) => round.slowestMs));
    rows.push([line, bytes.toFixed(0), bound.toFixed(2), spread(rates, 2), share.toFixed(3), slowest.toFixed(0)]);
  }
  return {
    tables: [
      {
        title: `Reading 00010000 back to back, ${ANSWER_DELAY_MS} ms answering delay, ${TURNAROUND_MS} ms turnaround`,
        head: ["line", "bytes", "bound/s", "measured/s", "share", "slowest ms"],
        rows,
      },
    ],
    notes: [],
    figures,
    complaints,
  };
}

export const bus: Bench = { title: "how much of a line's time is used", run };
