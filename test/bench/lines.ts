/**
 * A thousand TCP lines, each read once a second: what of a processor that takes, and how long an answer is in coming. The lines are the
 * gateway's own, as the site file raises them (the session, the line actor, no delay, keep-alive, half-open detection); the street
 * with its thousand buses is the simulator's command line in another process, which answers at once.
 *
 * Each line has its own moment within the second. A reading counts from the moment at which it was due, so whatever makes it start late
 * is in the figure.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { Priority, type MeterRecord } from "../../src/devices/meter.ts";
import { buildStreetLines } from "../../src/devices/street-lines.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { seconds, systemClock } from "../../src/kernel/clock.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { rounded, type Bench, type Findings } from "./bench.ts";
import { residentMb, type Workshop } from "./workshop.ts";

const LINES = 1_000;
const EVERY_MS = seconds(1);
const WARM_UP_ROUNDS = 5;
const ROUNDS = 20;
const FIRST_ADDRESS = 202_611_220_001;
/** So many must be read in their own second. */
const ON_TIME_MIN = 0.999;

const addressOf = (i: number): MeterAddress => MeterAddress(String(FIRST_ADDRESS + i));
const recordOf = (_: unknown, i: number): MeterRecord => ({
  address: addressOf(i),
  meterNumber: addressOf(i),
  customerNumber: `00${addressOf(i).slice(2)}`,
  account: null,
  bus: BusId(`tcp-${i}`),
  model: "standard-wallet",
  relayPassword: null,
});

async function portsOf(workshop: Workshop): Promise<readonly number[]> {
  const file = join(workshop.folder, "thousand-lines.yaml");
  const buses = Array.from({ length: LINES }, (_, i) => ({ id: `tcp-${i}`, endpoint: { kind: "tcp", port: 0 } }));
  writeFileSync(file, stringify({ buses, fleets: [{ count: LINES, first: addressOf(0) }] }));
  const street = await workshop.street(["--scenario", file]);
  return ((await (await fetch(`${street.control}/buses`)).json()) as { readonly at: number }[]).map(({ at }) => at);
}

async function run(workshop: Workshop): Promise<Findings> {
  workshop.say(`${LINES} lines, ${WARM_UP_ROUNDS + ROUNDS} readings each, one a second`);
  const ports = await portsOf(workshop);
  const chance = seededChance("bench lines");
  const street = buildStreetLines({
    clock: systemClock,
    chance,
    log: silentLog,
    security: softwareModule({ chance: chance.child("security"), log: silentLog, mode: "test" }),
    buses: ports.map((port, i) => ({ id: `tcp-${i}`, transport: { kind: "tcp", host: "127.0.0.1", port }, turnaroundMs: 0 })),
    meters: Array.from({ length: LINES }, recordOf),
    timeZone: "Asia/Shanghai",
  });
  workshop.later(() => street.close());
  const tookMs: number[] = [];
  const begun = performance.now() + seconds(2);
  let cpu = process.cpuUsage();
  let measuredFrom = begun;

  const readLine = async (i: number): Promise<void> => {
    const phase = chance.next() * EVERY_MS;
    const session = await street.session(addressOf(i), { priority: Priority.billing });
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
      const dueAt = begun + phase + round * EVERY_MS;
      const waitMs = dueAt - performance.now();
      if (waitMs > 0) await systemClock.wait(waitMs);
      await session.read(["importedEnergy"], "poll");
      if (round >= WARM_UP_ROUNDS) tookMs.push(performance.now() - dueAt);
    }
    await session.close();
  };
  const warm = systemClock.wait(begun + WARM_UP_ROUNDS * EVERY_MS - performance.now()).then(() => {
    cpu = process.cpuUsage();
    measuredFrom = performance.now();
  });
  await Promise.all([warm, ...Array.from({ length: LINES }, (_, i) => readLine(i))]);
  const { user, system } = process.cpuUsage(cpu);
  const ranMs = performance.now() - measuredFrom;
  const silences = street.buses().reduce((sum, bus) => sum + bus.silences, 0);
  const resident = residentMb(process.pid);

  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  const cpuShare = (user + system) / 1_000 / ranMs;
  const onTime = sorted.filter((ms) => ms < EVERY_MS).length / sorted.length;
  const complaints: string[] = [];
  if (silences > 0) complaints.push(`${silences} readings met silence; nothing was broken on purpose`);
  if (onTime < ON_TIME_MIN) complaints.push(`${(onTime * 100).toFixed(2)} % of the readings came within their second`);
  return {
    tables: [
      {
        title: `${LINES} TCP lines, one reading a second each`,
        head: ["", "value"],
        rows: [
          ["readings per second", ((sorted.length * 1_000) / ranMs).toFixed(0)],
          ["of one core", `${(cpuShare * 100).toFixed(0)} %`],
          ["processor per reading", `${((cpuShare * ranMs * 1_000) / sorted.length).toFixed(0)} µs`],
          ["from due to answered: median", `${at(0.5).toFixed(1)} ms`],
          ["p99", `${at(0.99).toFixed(1)} ms`],
          ["slowest", `${at(1).toFixed(1)} ms`],
          ["resident", `${resident.toFixed(0)} MB`],
        ],
      },
    ],
    notes: ["The street answers at once and in another process; its share of the machine is not in these figures."],
    figures: {
      lines: LINES,
      readings: sorted.length,
      cpuShare: rounded(cpuShare, 3),
      p50Ms: rounded(at(0.5)),
      p99Ms: rounded(at(0.99)),
      slowestMs: rounded(at(1)),
      residentMb: rounded(resident, 0),
      onTime: rounded(onTime, 4),
    },
    complaints,
  };
}

export const lines: Bench = { title: "a thousand TCP lines at one reading a second", run };
