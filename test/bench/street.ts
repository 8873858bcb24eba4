/**
 * How big a street fits into one process, and how fast it is:
 *
 *     exchanges    readings per second over TCP, each of 1,000 connections asking as soon as it was answered: to 1,000 buses of one
 *                  meter each, and to one bus that all of them share (there every client hears all that passes, so every exchange
 *                  is delivered 1,000 times)
 *     memory       resident MB of a street alone: raised, after every meter answered a reading, after a virtual day
 *     time         virtual seconds per second with 1,000 meters that all live on, and how long a jump of a month takes
 *
 * The street runs in a process of its own each time; memory is what Linux says of that process, garbage that was not yet
 * collected and Node itself included.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { stringify } from "yaml";
import { dataItemBytes, writeFrame } from "../../simulator/wire.ts";
import { median, rounded, spread, type Bench, type Findings, type Table } from "./bench.ts";
import type { ChildOrder, Measured, Question } from "./street-child.ts";
import type { Workshop } from "./workshop.ts";

const CONNECTIONS = 1_000;
const FIRST_ADDRESS = 202_611_220_001;
const ROUNDS = 5;
const READINGS_EACH = 10;
/** On shared wires each exchange costs a thousand deliveries. */
const READINGS_SHARED = 100;
const REPLY_BYTES = 20;
/** 68, address, 68, control. */
const HEAD_BYTES = 9;

const FLEETS = [
  { meters: 10_000, rounds: 3, residentMbMax: 500 },
  { meters: 100_000, rounds: 1, residentMbMax: Number.POSITIVE_INFINITY },
] as const;
/** So many are asked at a time. */
const PORTION = 10_000;
const LIVING_METERS = 1_000;
const LIVING_DAYS = 5;
const MONTH_DAYS = 30;

const addressOf = (i: number): string => String(FIRST_ADDRESS + i);
const question = (i: number): Uint8Array =>
  writeFrame({ address: addressOf(i), control: 0x11, data: dataItemBytes("00010000") }, 0);

/** One connection: asks, and knows its own answer among all that passes. */
class Client {
  readonly #socket: Socket;
  readonly #question: Uint8Array;
  /** How its answer begins: its own address, and 91. */
  readonly #head: Uint8Array;
  #heard: Buffer = Buffer.alloc(0);
  #resolve: (() => void) | undefined;

  constructor(socket: Socket, asked: Uint8Array) {
    this.#socket = socket;
    this.#question = asked;
    this.#head = asked.slice(0, HEAD_BYTES).with(HEAD_BYTES - 1, 0x91);
    socket.on("data", (chunk: Buffer) => this.#hear(chunk));
  }

  static async open(port: number, asked: Uint8Array): Promise<Client> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new Client(socket, asked);
  }

  ask(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#resolve = () => resolve(undefined);
    this.#socket.write(this.#question);
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #hear(chunk: Buffer): void {
    this.#heard = Buffer.concat([this.#heard, chunk]);
    const at = this.#heard.indexOf(this.#head);
    const isWhole = at >= 0 && this.#heard.length >= at + REPLY_BYTES;
    // What may still become an answer is kept.
    this.#heard = isWhole ? Buffer.alloc(0) : this.#heard.subarray(at >= 0 ? at : Math.max(0, this.#heard.length - HEAD_BYTES));
    if (isWhole) this.#resolve?.();
  }
}

const opened = (ports: (i: number) => number): Promise<Client[]> =>
  Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => Client.open(ports(i), question(i))));

/** Exchanges per second, round by round. */
async function toManyBuses(workshop: Workshop): Promise<readonly number[]> {
  const file = join(workshop.folder, "thousand-buses.yaml");
  const buses = Array.from({ length: CONNECTIONS }, (_, i) => ({ id: `tcp-${i}`, endpoint: { kind: "tcp", port: 0 } }));
  writeFileSync(file, stringify({ buses, fleets: [{ count: CONNECTIONS, first: addressOf(0) }] }));
  const street = await workshop.street(["--scenario", file]);
  const ports = ((await (await fetch(`${street.control}/buses`)).json()) as { readonly at: number }[]).map(({ at }) => at);
  const clients = await opened((i) => ports[i]!);
  const all = async (client: Client): Promise<void> => {
    for (let i = 0; i < READINGS_EACH; i += 1) await client.ask();
  };
  await Promise.all(clients.map((client) => client.ask()));
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    await Promise.all(clients.map(all));
    rates.push((CONNECTIONS * READINGS_EACH * 1_000) / (performance.now() - startedAt));
  }
  for (const client of clients) client.close();
  await street.stop();
  return rates;
}

async function toOneBus(workshop: Workshop): Promise<readonly number[]> {
  const street = await workshop.street(["--tcp", "0", "--meters", String(CONNECTIONS), "--first-address", addressOf(0)]);
  const clients = await opened(() => street.tcp!);
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    // One after the other, as on any pair of wires; the next asks when the one before has its answer.
    for (let i = 0; i < READINGS_SHARED; i += 1) await clients[(round * READINGS_SHARED + i) % CONNECTIONS]!.ask();
    rates.push((READINGS_SHARED * 1_000) / (performance.now() - startedAt));
  }
  for (const client of clients) client.close();
  await street.stop();
  return rates;
}

interface Fleet {
  readonly built: Measured;
  readonly answered: Measured;
  readonly lived: Measured;
}

async function fleetOf(workshop: Workshop, meters: number): Promise<Fleet> {
  const order: ChildOrder = { meters };
  const child = await workshop.helper("street-child.ts", order);
  const ask = (it: Question): Promise<Measured> => child.ask<Measured>(it);
  const all = async (questions: readonly Question[]): Promise<Measured> => {
    let sum: Measured = { ms: 0, residentMb: 0, answers: 0 };
    for (const question of questions) {
      const { ms, residentMb, answers } = await ask(question);
      sum = { ms: sum.ms + ms, residentMb, answers: sum.answers + answers };
    }
    return sum;
  };
  const portions = Math.ceil(meters / PORTION);
  const asked = Array.from({ length: portions }, (_, i) => ({ from: i * PORTION, to: Math.min(meters, (i + 1) * PORTION) }));
  const answered = await all(asked.map((portion) => ({ what: "answer", ...portion })));
  if (answered.answers !== meters) throw new Error(`${answered.answers} of ${meters} meters answered`);
  const lived = await all(Array.from({ length: 24 }, () => ({ what: "live", hours: 1 })));
  await child.stop();
  return { built: child.ready as Measured, answered, lived };
}

async function livingStreet(workshop: Workshop): Promise<{ readonly perSecond: readonly number[]; readonly monthMs: number }> {
  const order: ChildOrder = { meters: LIVING_METERS };
  const child = await workshop.helper("street-child.ts", order);
  const perSecond: number[] = [];
  for (let day = 0; day < LIVING_DAYS; day += 1) {
    const { ms } = await child.ask<Measured>({ what: "live", hours: 24 });
    perSecond.push((86_400 * 1_000) / ms);
  }
  const { ms: monthMs } = await child.ask<Measured>({ what: "live", hours: MONTH_DAYS * 24 });
  await child.stop();
  return { perSecond, monthMs };
}

async function run(workshop: Workshop): Promise<Findings> {
  const complaints: string[] = [];
  const rows: string[][] = [];
  const fleets: Record<string, unknown>[] = [];
  for (const { meters, rounds, residentMbMax } of FLEETS) {
    const found: Fleet[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      workshop.say(`${meters} meters, round ${round} of ${rounds}: raised, asked, and a day`);
      found.push(await fleetOf(workshop, meters));
    }
    const [built, answered, lived] = (["built", "answered", "lived"] as const).map((stage) =>
      found.map((each) => each[stage].residentMb),
    );
    const perGb = (resident: readonly number[]): number => Math.floor((meters * 1_024) / median(resident));
    const highest = Math.max(...lived!);
    if (highest >= residentMbMax)
      complaints.push(`${meters} meters take ${highest.toFixed(0)} MB after a day; promised is under ${residentMbMax}`);
    rows.push([
      meters.toLocaleString("en"),
      spread(built!, 0),
      spread(answered!, 0),
      spread(lived!, 0),
      perGb(built!).toLocaleString("en"),
      perGb(lived!).toLocaleString("en"),
      spread(
        found.map((each) => each.lived.ms / 1_000),
        1,
      ),
    ]);
    fleets.push({
      meters,
      freshMb: rounded(median(built!), 0),
      answeredMb: rounded(median(answered!), 0),
      dayMb: rounded(median(lived!), 0),
      rounds: found,
    });
  }
  workshop.say(`${LIVING_METERS} meters that live on`);
  const { perSecond, monthMs } = await livingStreet(workshop);
  workshop.say(`${CONNECTIONS} connections`);
  const many = await toManyBuses(workshop);
  const one = await toOneBus(workshop);
  const tables: Table[] = [
    {
      title: "A street alone in a process: resident MB, median [from–to]",
      head: ["meters", "raised", "each asked once", "after a day", "meters a GB, raised", "… after a day", "a day takes, s"],
      rows,
    },
    {
      title: `${CONNECTIONS} connections over TCP, readings per second`,
      head: ["to", "median [from–to]"],
      rows: [
        [`${CONNECTIONS} buses, a meter each`, spread(many, 0)],
        ["one bus, heard by all", spread(one, 0)],
      ],
    },
    {
      title: `${LIVING_METERS} meters that all live on`,
      head: ["", "median [from–to]"],
      rows: [
        ["virtual seconds per second", spread(perSecond, 0)],
        ["a jump of a month, everybody looked at, s", (monthMs / 1_000).toFixed(1)],
      ],
    },
  ];
  const living = {
    meters: LIVING_METERS,
    virtualSecondsPerSecond: rounded(median(perSecond), 0),
    monthMs: rounded(monthMs, 0),
    rounds: perSecond,
  };
  const tcp = {
    connections: CONNECTIONS,
    perSecond: rounded(median(many), 0),
    perSecondOnOneBus: rounded(median(one), 0),
    rounds: { many, one },
  };
  return {
    tables,
    notes: [
      "Raised, a street has announced its meters and made none. 100,000 meters are measured once.",
      "The time to look at everybody after a jump is the jump; the order itself takes none.",
    ],
    figures: { fleets, living, tcp },
    complaints,
  };
}

export const street: Bench = { title: "how many meters fit into a process, and how fast a street is", run };
