/**
 * Some are cut by the rules and pay; how long until their meters show supply again. Everybody else has paid before, and is polled all the time.
 * The payment comes through the door, the end is the meter's own proof as the books have it, and the street itself is asked in the end.
 */
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

export interface RestorePlan {
  readonly ground: Ground;
  /** All of the site. */
  readonly meters: readonly string[];
  /** The first so many are cut, and pay. */
  readonly cut: number;
  readonly atATime: number;
  readonly pollSeconds: number;
  /** In shadow every meter is read this often until all owe, before the rules go live; left out: they go live at once. */
  readonly shadowPollSeconds?: number;
  /** Whoever pays waits for his own supply before the next does. */
  readonly oneByOne?: boolean;
}

export interface RestoreResult {
  /** From before the payment is sent until the meter shows supply, in rising order. */
  readonly tookMs: readonly number[];
  /** Medians: until the command stands, until it leaves, until it is answered, until it is shown. */
  readonly stages: Readonly<Record<"paid" | "waits" | "sent" | "shown", number>>;
  /** From the first payment to the last that is shown, and to the last that was taken. */
  readonly allMs: number;
  readonly takenMs: number;
  /** Exchanges with all meters a second meanwhile. */
  readonly exchangesPerSecond: number;
  readonly cpu: CpuShare;
  /** When each was sent and shown, for whoever wants to ask the wire. */
  readonly spans: readonly { readonly meter: string; readonly from: number; readonly to: number }[];
  readonly wrong: readonly string[];
}

const CLERKS_BEFORE = 16;
const CUT = "SELECT count(*)::int AS figure FROM commands WHERE kind = 'disconnect' AND state = 'confirmed'";
const ENDED = "SELECT count(*)::int AS figure FROM commands WHERE kind = 'reconnect' AND ended_at IS NOT NULL";

export async function runRestores(plan: RestorePlan): Promise<RestoreResult> {
  const { ground, meters, cut, atATime, pollSeconds, oneByOne = false } = plan;
  const { workshop } = ground;
  const owing = meters.slice(0, cut);
  if (cut < meters.length) {
    workshop.say(`${meters.length - cut} of ${meters.length} pay beforehand`);
    const before = await raise(ground, { policy: { ...ground.site.policy, mode: "shadow" }, polling: { everySeconds: 86_400 } });
    await inClerks(meters.slice(cut), CLERKS_BEFORE, (meter) => pay(before, meter));
    await before.stop();
  }
  if (plan.shadowPollSeconds !== undefined) await intoArrears(ground, cut, plan.shadowPollSeconds);
  workshop.say(`live, each meter read every ${pollSeconds} s: ${cut} owe and are cut by the rules`);
  const house = await raise(ground, { polling: { everySeconds: pollSeconds } }, true);
  await untilBooks(ground, "supplies that are cut", CUT, cut);
  workshop.say(`${cut} are cut and pay, ${oneByOne ? "one after the other" : `${atATime} at a time`}`);
  const [cpuBefore, exchangesBefore, paidAt] = [cpuNow(ground, house), await exchangesOf(house), new Map<string, number>()];
  const beganAt = wallNow();
  await inClerks(owing, oneByOne ? 1 : atATime, async (meter) => {
    paidAt.set(meter, wallNow());
    await pay(house, meter);
    if (oneByOne) await untilBooks(ground, "restores", ENDED, paidAt.size);
  });
  const takenMs = wallNow() - beganAt;
  await untilBooks(ground, "restores", ENDED, cut);
  const [cpu, exchanges, seenMs] = [cpuBetween(cpuBefore, cpuNow(ground, house)), await exchangesOf(house), wallNow() - beganAt];
  const { tookMs, wrong } = await restoresAfter(ground, paidAt);
  const rows = await withBooks(ground.database, (db) =>
    db.rows<{ meter: string; created_at: number; sent_at: number; acknowledged_at: number; ended_at: number }>(
      null,
      "SELECT meter, created_at, sent_at, acknowledged_at, ended_at FROM commands WHERE kind = 'reconnect' AND state = 'confirmed'",
    ),
  );
  const middle = (of: (row: (typeof rows)[number]) => number): number =>
    rows.map(of).sort((a, b) => a - b)[rows.length >> 1] ?? Number.NaN;
  const dark = (await picturesOf(ground.street)).filter(({ relay }) => relay !== "connected");
  const twice = (await picturesOf(ground.street)).filter(({ obeyed }) => (obeyed["reconnects"] ?? 0) > 1);
  await house.stop();
  return {
    ...{ tookMs, takenMs, cpu },
    allMs: rows.reduce((last, { ended_at }) => Math.max(last, ended_at), beganAt) - beganAt,
    exchangesPerSecond: ((exchanges - exchangesBefore) * 1_000) / seenMs,
    stages: {
      paid: middle((row) => row.created_at - paidAt.get(row.meter)!),
      waits: middle((row) => row.sent_at - row.created_at),
      sent: middle((row) => row.acknowledged_at - row.sent_at),
      shown: middle((row) => row.ended_at - row.acknowledged_at),
    },
    spans: rows.map(({ meter, ended_at }) => ({ meter, from: paidAt.get(meter)!, to: ended_at })),
    wrong: [
      ...wrong,
      ...dark.map(({ address, relay }) => `meter ${address} is ${relay}`),
      ...twice.map(({ address }) => `meter ${address} was restored more than once`),
    ],
  };
}

async function inClerks(meters: readonly string[], clerks: number, work: (meter: string) => Promise<void>): Promise<void> {
  const waiting = [...meters];
  const clerk = async (): Promise<void> => {
    for (let meter = waiting.shift(); meter !== undefined; meter = waiting.shift()) await work(meter);
  };
  await Promise.all(Array.from({ length: clerks }, clerk));
}

async function exchangesOf({ anna }: House): Promise<number> {
  const { body } = await anna.get("/v1/buses");
  return (body["items"] as readonly { readonly exchanges: number }[]).reduce((sum, bus) => sum + bus.exchanges, 0);
}

export interface WireSpan {
  /** Bytes of these exchanges at the line's pace. */
  readonly wireMs: number;
  readonly exchanges: number;
}

/** What the wire carried for one meter in a span, as the street heard it; bits a byte as on RS-485. */
export async function wireOf(
  ground: Ground,
  { meter, from, to }: RestoreResult["spans"][number],
  { baud, wakeUps }: { readonly baud: number; readonly wakeUps: number },
): Promise<WireSpan> {
  const url = `${ground.street.control}/frames?meter=${meter}&since=${encodeURIComponent(new Date(from).toISOString())}`;
  const frames = (await (await fetch(url)).json()) as readonly {
    readonly at: string;
    readonly direction: string;
    readonly hex: string;
  }[];
  const within = frames.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) <= to);
  const bytes = within.reduce((sum, { hex }) => sum + hex.replaceAll(" ", "").length / 2 + wakeUps, 0);
  return { wireMs: (bytes * 11 * 1_000) / baud, exchanges: within.filter(({ direction }) => direction === "request").length };
}
