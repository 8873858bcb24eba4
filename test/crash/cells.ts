/**
 * One group of cells: every kind of order is brought to the same step, each on a meter of its own; then the victim is killed with -9 and
 * started again, once for all of them. Afterwards each has to end as if nothing had happened, and is judged by itself.
 */
import { seconds, systemClock } from "../../src/kernel/clock.ts";
import { reasonOf } from "../../src/kernel/faults.ts";
import type { Thing } from "../../src/demo/desk.ts";
import { withBooks, wrongInLedger } from "./books.ts";
import { Client, until } from "./client.ts";
import type { Given, OrderKind, Picture } from "./orders.ts";
import type { Rig, Victim } from "./rig.ts";
import type { Hold, Placed, Step } from "./steps.ts";

export interface Cell {
  readonly order: string;
  readonly step: string;
  readonly victim: Victim;
  /** Null: as it should be. */
  readonly wrong: string | null;
  readonly seconds: number;
}

const REACH_MS_MAX = seconds(30);
const END_MS_MAX = seconds(100);
const LOOK_MS = 20;

export interface Prepared extends Given {
  readonly kind: OrderKind;
  readonly ready: string | null;
}

interface Order extends Placed {
  command: string | null;
  readonly order: Prepared;
  readonly before: Picture;
  readonly given: Promise<string>;
}

export const clientOf = (rig: Rig): Client => new Client({ url: () => rig.url(), limitMs: END_MS_MAX });

export async function runGroup(rig: Rig, step: Step, victim: Victim, prepared: readonly Prepared[]): Promise<readonly Cell[]> {
  const startedAt = performance.now();
  const client = clientOf(rig);
  const orders: Order[] = [];
  const holds: Hold[] = [];
  for (const one of prepared) {
    const target = one.kind.target?.(one) ?? one.meter;
    const before = await rig.street.meter(target);
    const placed = { kind: one.kind, meter: target, account: one.meter.slice(2), command: null as string | null };
    const hold = step.hold(rig, placed);
    const given = Promise.resolve().then(() => one.kind.give(client, one, one.ready));
    const order: Order = Object.assign(placed, { order: one, before, given });
    given.then(
      (id) => (placed.command = id),
      () => undefined, // said when it is awaited
    );
    holds.push(hold);
    orders.push(order);
  }
  let reached = await reachedOf(holds);
  if (step.next !== undefined && reached.every(Boolean)) {
    const next = await step.next(rig, orders);
    rig.release();
    reached = await reachedOf(next);
    holds.push(...next);
  }
  await rig.kill(victim);
  for (const { lock } of holds) await lock?.letGo();
  rig.disarm();
  const wrong = await Promise.all(
    orders.map(async (order, n) => (reached[n]! ? wrongWith(rig, client, order) : `not reached: ${step.tells}`)),
  );
  const ledger = await withBooks(await rig.books(), wrongInLedger);
  const took = (performance.now() - startedAt) / 1_000;
  return orders.map((order, n) => ({
    order: order.kind.name,
    step: step.name,
    victim,
    wrong: wrong[n] ?? ledger[0] ?? null,
    seconds: took,
  }));
}

/** Which were reached in time; holds that were reached stay so. */
async function reachedOf(holds: readonly Hold[]): Promise<readonly boolean[]> {
  const deadline = performance.now() + REACH_MS_MAX;
  const reached = holds.map(() => false);
  for (;;) {
    for (const [n, hold] of holds.entries()) reached[n] ||= await hold.isReached();
    if (reached.every(Boolean) || performance.now() > deadline) return reached;
    await systemClock.wait(LOOK_MS);
  }
}

async function wrongWith(rig: Rig, client: Client, order: Order): Promise<string | null> {
  try {
    const id = await order.given;
    let command: Thing = {};
    await until(`command ${id} to end`, END_MS_MAX, async () => {
      command = await client.get(`/v1/commands/${id}`);
      return command["endedAt"] !== null;
    }).catch((error: unknown) => {
      throw new Error(`${reasonOf(error)}; it is ${String(command["state"])}, waiting for ${String(command["waitingFor"])}`);
    });
    if (command["state"] !== "confirmed") return `it ended ${String(command["state"])} because ${String(command["because"])}`;
    const atMeter = order.kind.wrongAtMeter(order.before, await rig.street.meter(order.meter));
    return atMeter ?? (await order.kind.wrongInBooks(client, order.order, command));
  } catch (error) {
    return reasonOf(error);
  }
}
