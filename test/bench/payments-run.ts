/**
 * Many payments over many meters, while a share of all answers of meters is lost and the gateway is killed with -9 in between: what
 * became of each, and how long it took from the payment to the meter's own proof.
 *
 * Whoever pays asks again under the same order until he has an answer, and never has more than a window of payments unconfirmed: what is
 * measured is the gateway and not the length of a queue in front of it. In the end the meters themselves are asked, and the books.
 */
import { performance } from "node:perf_hooks";
import { seconds, systemClock } from "../../src/kernel/clock.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { withBooks, wrongInLedger } from "../crash/books.ts";
import { Client } from "../crash/client.ts";
import type { GatewayProcess } from "../support/processes.ts";
import type { MeterPicture, Street } from "./workshop.ts";

export interface PaymentsPlan {
  readonly meters: readonly string[];
  readonly payments: number;
  /** This share of everything that meters say is lost, whatever it answers: 0.05. */
  readonly lostShare: number;
  readonly kills: number;
  /** So many payments may be unconfirmed at a time. */
  readonly window: number;
  readonly street: Street;
  readonly startGateway: () => Promise<GatewayProcess>;
  /** Where the books are now. */
  readonly books: () => Promise<string>;
  readonly say: (sentence: string) => void;
}

export interface PaymentsResult {
  readonly perSecond: number;
  readonly seconds: number;
  /** From the payment to the meter's proof, ms, in rising order. */
  readonly tookMs: readonly number[];
  /** Orders whose answer did not come, as the gateway wrote them down. */
  readonly silentOrders: number;
  /** Everything that meters heard and answered meanwhile; a share of these answers was lost. */
  readonly answered: number;
  readonly kills: number;
  /** How often somebody who paid had to ask again. */
  readonly askedAgain: number;
  readonly wrong: readonly string[];
}

const AMOUNT = "1.00";
const CLERKS = 32;
const ANSWER_MS_MAX = seconds(240);
const END_MS_MAX = seconds(240);
const LOOK_EVERY_MS = 100;

export async function runPayments(plan: PaymentsPlan): Promise<PaymentsResult> {
  const { meters, payments, lostShare, kills, window, street, say } = plan;
  const orders = Array.from({ length: payments }, (_, n) => ({ id: `p-${n}`, meter: meters[n % meters.length]! }));
  let gateway = await plan.startGateway();
  const client = new Client({ url: () => gateway.url, limitMs: ANSWER_MS_MAX });
  const paidAt = new Map<string, number>();
  const progress = { confirmed: 0, open: 0 };
  const before = await picturesOf(street);

  const poorNetwork = { kind: "frame-loss", rate: lostShare, direction: "from-meter" };
  const { ok } = await fetch(`${street.control}/buses/mqtt-1/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(poorNetwork),
  });
  if (!ok) throw new Error("the street does not take a fault");
  const waiting = [...orders];
  const clerk = async (): Promise<void> => {
    for (let order = waiting.shift(); order !== undefined; order = waiting.shift()) {
      while (paidAt.size - progress.confirmed >= window) await systemClock.wait(LOOK_EVERY_MS / 2);
      paidAt.set(order.id, performance.timeOrigin + performance.now());
      await client.post("/v1/payments", { account: order.meter.slice(2), amount: AMOUNT, channel: "bench", orderId: order.id });
    }
  };
  const killer = async (): Promise<void> => {
    for (let n = 1; n <= kills; n += 1) {
      while (progress.confirmed < (payments * n) / (kills + 1)) await systemClock.wait(LOOK_EVERY_MS);
      say(`${progress.confirmed} of ${payments} confirmed; the gateway is killed`);
      gateway.kill("SIGKILL");
      await gateway.ended;
      gateway = await plan.startGateway();
    }
  };
  const watcher = async (): Promise<void> => {
    for (let last = { confirmed: -1, at: performance.now() }; ;) {
      const ended = await endedIn(plan.books).catch(() => null); // the books may be dead too
      if (ended !== null) progress.confirmed = ended;
      if (ended === payments) return;
      if (progress.confirmed !== last.confirmed) last = { confirmed: progress.confirmed, at: performance.now() };
      else if (performance.now() - last.at > END_MS_MAX)
        throw new Error(`${progress.confirmed} of ${payments} payments have ended, and nothing moves`);
      await systemClock.wait(LOOK_EVERY_MS);
    }
  };
  try {
    await client.readOnce(ANSWER_MS_MAX);
    const startedAt = performance.timeOrigin + performance.now();
    await Promise.all([killer(), watcher(), ...Array.from({ length: CLERKS }, clerk)]);
    const rows = await withBooks(await plan.books(), (db) =>
      db.rows<{ order_id: string; state: string; command: string; ended_at: number }>(
        null,
        "SELECT p.order_id, p.state, c.state AS command, c.ended_at FROM payments p JOIN commands c ON c.payment = p.id",
      ),
    );
    const [silent] = await withBooks(await plan.books(), (db) =>
      db.rows<{ attempts: number }>(null, "SELECT count(*)::int AS attempts FROM attempts WHERE outcome LIKE 'silent%'"),
    );
    const after = await picturesOf(street);
    const wrong = [
      ...(rows.length === payments ? [] : [`${payments} payments were made, ${rows.length} stand in the books`]),
      ...rows
        .filter(({ state, command }) => state !== "allocated" || command !== "confirmed")
        .map((row) => `payment ${row.order_id} is ${row.state}, its command ${row.command}`),
      ...wrongAtMeters(before, after, orders),
      ...(await withBooks(await plan.books(), wrongInLedger)),
    ];
    const lastEnd = rows.reduce((last, { ended_at }) => Math.max(last, ended_at), startedAt);
    const tookMs = rows.map(({ order_id, ended_at }) => ended_at - paidAt.get(order_id)!).sort((a, b) => a - b);
    const took = (lastEnd - startedAt) / 1_000;
    const answered = [...after].reduce((sum, [address, { heard }]) => sum + heard - before.get(address)!.heard, 0);
    const told = { silentOrders: silent!.attempts, answered, kills, askedAgain: client.again, wrong };
    return { perSecond: payments / took, seconds: took, tookMs, ...told };
  } finally {
    gateway.kill("SIGKILL");
    await gateway.ended;
  }
}

const endedIn = async (books: PaymentsPlan["books"]): Promise<number> =>
  withBooks(await books(), async (db) => {
    const [row] = await db.rows<{ ended: number }>(
      null,
      "SELECT count(*)::int AS ended FROM commands WHERE kind = 'top-up' AND ended_at IS NOT NULL",
    );
    return row!.ended;
  });

async function picturesOf(street: Street): Promise<ReadonlyMap<string, MeterPicture>> {
  const response = await fetch(`${street.control}/meters`);
  return new Map(((await response.json()) as readonly MeterPicture[]).map((meter) => [meter.address, meter]));
}

/** The meters themselves are asked, not the gateway: as many purchases as orders, and as much money. */
function wrongAtMeters(
  before: ReadonlyMap<string, MeterPicture>,
  now: ReadonlyMap<string, MeterPicture>,
  orders: readonly { readonly meter: string }[],
): readonly string[] {
  const times = new Map<string, number>();
  for (const { meter } of orders) times.set(meter, (times.get(meter) ?? 0) + 1);
  return [...times].flatMap(([meter, wanted]) => {
    const [was, is] = [before.get(meter)!, now.get(meter)!];
    const counted = is.purchaseCount - was.purchaseCount;
    const credited = parseYuan(is.credited, "credited") - parseYuan(was.credited, "credited");
    const right = counted === wanted && credited === parseYuan(AMOUNT, "amount") * BigInt(wanted);
    return right ? [] : [`meter ${meter} counted ${counted} purchases and ${credited} fen, asked for were ${wanted}`];
  });
}

export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
