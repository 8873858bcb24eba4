/**
 * Which meters are hot: about which something is in question just now, so that they are worth asking more often than the others. The
 * facts come in as they happen (readings, accounts, commands); wires are not looked at, and nothing is kept beyond a restart, after
 * which the first round tells most of it again.
 */
import { hours, minutes, type Clock, type Instant } from "../kernel/clock.ts";
import type { CommandId, MeterAddress } from "../kernel/ids.ts";
import { Fen } from "../kernel/money.ts";

/** About a day of a household's use: below it the next reading may be the one that cuts. */
export const LOW_BALANCE = Fen(1_000n);
/** A supply that came back is looked after for so long: does the load come, does the balance hold? */
export const RESTORED_MS = minutes(30);
/** Where gateways share a database another one may be told how an order ended: one that is heard of no more is forgotten. */
export const ORDER_BELIEVED_MS = hours(1);

export interface HeatFacts {
  /** What the customer may still use, in wallet or ledger; null: not known. */
  readonly available: Fen | null;
  readonly orderOpen: boolean;
  readonly restoredAt: Instant | null;
  readonly now: Instant;
}
export type Heat = "order-open" | "just-restored" | "low-balance";

/** Pure: why a meter is hot, or null. */
export function heatOf({ available, orderOpen, restoredAt, now }: HeatFacts, lowBelow: Fen = LOW_BALANCE): Heat | null {
  if (orderOpen) return "order-open";
  if (restoredAt !== null && now - restoredAt < RESTORED_MS) return "just-restored";
  return available !== null && available < lowBelow ? "low-balance" : null;
}

interface Known {
  available: Fen | null;
  /** And when each was last heard of. */
  readonly orders: Map<CommandId, Instant>;
  restoredAt: Instant | null;
}

const OPEN: readonly string[] = ["accepted", "queued", "sending", "verifying"];
const RESTORES: readonly string[] = ["reconnect", "arm"];

export class HotMeters {
  readonly #clock: Clock;
  readonly #lowBelow: Fen;
  readonly #meters = new Map<MeterAddress, Known>();

  constructor(clock: Clock, lowBelow: Fen = LOW_BALANCE) {
    this.#clock = clock;
    this.#lowBelow = lowBelow;
  }

  heat(meter: MeterAddress): Heat | null {
    const known = this.#meters.get(meter);
    if (known === undefined) return null;
    const { available, orders, restoredAt } = known;
    const now = this.#clock.now();
    for (const [order, heardAt] of orders) if (now - heardAt >= ORDER_BELIEVED_MS) orders.delete(order);
    return heatOf({ available, orderOpen: orders.size > 0, restoredAt, now }, this.#lowBelow);
  }

  balance(meter: MeterAddress, available: Fen): void {
    this.#of(meter).available = available;
  }

  command(meter: MeterAddress, id: CommandId, kind: string, state: string): void {
    const known = this.#of(meter);
    if (OPEN.includes(state)) known.orders.set(id, this.#clock.now());
    else known.orders.delete(id);
    if (state === "confirmed" && RESTORES.includes(kind)) known.restoredAt = this.#clock.now();
  }

  #of(meter: MeterAddress): Known {
    let known = this.#meters.get(meter);
    if (known === undefined) this.#meters.set(meter, (known = { available: null, orders: new Map(), restoredAt: null }));
    return known;
  }
}
