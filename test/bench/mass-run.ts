/**
 * A list of cuts from its second approval to the last meter that shows it: by two persons with keys of their own, the brake raised, canary
 * first. While it runs some who are cut already pay, one after the other: nobody who pays may stand behind those who do not.
 *
 * In the end the street itself is asked: each meter open, each told once; who paid has supply again.
 */
import { systemClock } from "../../src/kernel/clock.ts";
import { withBooks } from "../crash/books.ts";
import {
  cpuBetween,
  cpuNow,
  intoArrears,
  pay,
  picturesOf,
  raise,
  restoresAfter,
  untilBooks,
  wallNow,
  type CpuShare,
  type Ground,
  type House,
} from "./cutting.ts";

export interface MassPlan {
  readonly ground: Ground;
  readonly meters: number;
  /** While everybody is made to owe. */
  readonly shadowPollSeconds: number;
  /** Of those that are cut so many pay while the others are. */
  readonly payers: number;
}

export interface MassResult {
  /** Until the list had everybody on it. */
  readonly listedMs: number;
  readonly tookMs: number;
  /** Of one, from asked for to shown, in rising order. */
  readonly eachMs: readonly number[];
  /** Medians of a cut's own stages. */
  readonly stages: Readonly<Record<"waits" | "sent" | "shown", number>>;
  readonly cpu: CpuShare;
  readonly restoreMs: readonly number[];
  readonly wrong: readonly string[];
}

const PAY_EVERY_MS = 100;
const members = (state: string): string => `SELECT count(*)::int AS figure FROM cut_members WHERE state IN (${state})`;
const readSince = (at: number): string =>
  `SELECT count(*)::int AS figure FROM latest_readings WHERE item = 'importedEnergy' AND taken_at >= to_timestamp(${at} / 1000.0)`;
const COMMANDS = "SELECT c.* FROM commands c JOIN cut_members m ON m.command = c.id";

export async function runMass({ ground, meters, shadowPollSeconds, payers }: MassPlan): Promise<MassResult> {
  const { workshop, street, database } = ground;
  await intoArrears(ground, meters, shadowPollSeconds);
  workshop.say("live: the rules put them on a list");
  const begunAt = wallNow();
  const house = await raise(ground, {}, true);
  const liveAt = wallNow();
  await untilBooks(ground, "members of the list", members("'waiting'"), meters);
  const listedMs = wallNow() - liveAt;
  // whoever is read and decided at the start is done with, so that what is measured is the list, and a site that is read as usual
  await untilBooks(ground, "meters that were read since", readSince(begunAt), meters);
  const before = cpuNow(ground, house);
  const approvedAt = await approve(house, meters);
  workshop.say(`approved by two persons: ${meters} cuts`);
  const paidAt = new Map<string, number>();
  const wrong: string[] = [];
  const paying = someonePays(house, ground, { payers, paidAt }).catch((error: unknown) => wrong.push(String(error)));
  await untilBooks(ground, "members that are cut", members("'cut', 'failed', 'left-out'"), meters);
  const cpu = cpuBetween(before, cpuNow(ground, house));
  await paying;
  await untilBooks(
    ground,
    "restores",
    "SELECT count(*)::int AS figure FROM commands WHERE kind = 'reconnect' AND ended_at IS NOT NULL",
    paidAt.size,
  );
  const restores = await restoresAfter(ground, paidAt);
  const rows = await withBooks(database, (db) =>
    db.rows<{ created_at: number; sent_at: number; acknowledged_at: number; ended_at: number; state: string }>(null, COMMANDS),
  );
  const others = rows.filter(({ state }) => state !== "confirmed");
  wrong.push(...restores.wrong, ...wrongAtMeters(await picturesOf(street), paidAt));
  if (rows.length !== meters || others.length > 0)
    wrong.push(`${meters} were to be cut, ${rows.length - others.length} of ${rows.length} orders are confirmed`);
  await house.stop();
  const rising = (of: (row: (typeof rows)[number]) => number): number[] => rows.map(of).sort((a, b) => a - b);
  const middle = (of: (row: (typeof rows)[number]) => number): number => rising(of)[rows.length >> 1] ?? Number.NaN;
  return {
    ...{ listedMs, cpu, wrong, restoreMs: restores.tookMs },
    tookMs: rows.reduce((last, { ended_at }) => Math.max(last, ended_at), approvedAt) - approvedAt,
    eachMs: rising((row) => row.ended_at - row.created_at),
    stages: {
      waits: middle((row) => row.sent_at - row.created_at),
      sent: middle((row) => row.acknowledged_at - row.sent_at),
      shown: middle((row) => row.ended_at - row.acknowledged_at),
    },
  };
}

async function approve({ anna, bo }: House, seen: number): Promise<number> {
  const { body } = await anna.get("/v1/cuts/batches");
  const [list, ...more] = body["items"] as readonly { readonly id: string }[];
  if (list === undefined || more.length > 0) throw new Error(`one list was to wait: ${JSON.stringify(body)}`);
  for (const person of [anna, bo]) {
    const said = { note: "bench: looked through", raiseBrake: true, members: seen };
    const { status, body: answer } = await person.post(`/v1/cuts/batches/${list.id}/approve`, said);
    if (status !== 200) throw new Error(`an approval was answered with ${status}: ${JSON.stringify(answer)}`);
  }
  return wallNow();
}

/** The next who is cut pays, as long as others are not. */
async function someonePays(
  house: House,
  { database }: Ground,
  { payers, paidAt }: { readonly payers: number; readonly paidAt: Map<string, number> },
): Promise<void> {
  await withBooks(database, async (db) => {
    while (paidAt.size < payers) {
      const [row] = await db.rows<{ meter: string | null; waiting: boolean }>(
        null,
        `SELECT (SELECT meter FROM cut_members WHERE state = 'cut' AND NOT meter = ANY($1) ORDER BY place LIMIT 1) AS meter,
                EXISTS (SELECT 1 FROM cut_members WHERE state IN ('waiting', 'asked')) AS waiting`,
        [[...paidAt.keys()]],
      );
      if (!row!.waiting) return;
      if (row!.meter !== null) {
        paidAt.set(row!.meter, wallNow());
        await pay(house, row!.meter);
      }
      await systemClock.wait(PAY_EVERY_MS);
    }
  });
}

const wrongAtMeters = (meters: Awaited<ReturnType<typeof picturesOf>>, paidAt: ReadonlyMap<string, number>): readonly string[] =>
  meters.flatMap(({ address, relay, obeyed }) => {
    const wanted = paidAt.has(address) ? "connected" : "disconnected";
    const told = obeyed["disconnects"] ?? 0;
    return relay === wanted && told === 1 ? [] : [`meter ${address} is ${relay}, wanted ${wanted}, and was cut ${told} times`];
  });
