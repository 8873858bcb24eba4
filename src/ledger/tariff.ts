/**
 * Energy into money, and nothing else. One flat price for now; steps and times of day will stand here too.
 *
 * Energy comes in hundredths of a kWh and prices in ten-thousandths of a yuan, so a cost is exact in millionths of a yuan
 * and is rounded ONCE, half up, per settlement day: a charge is round(cost of the day up to now) − what was charged on that
 * day before. Splitting a reading in two or repeating it therefore never changes a bill.
 */
import { Fen, type PricePerKwh } from "../kernel/money.ts";
import type { CentiKwh } from "../kernel/energy.ts";

/** 0.01 kWh × 0.0001 yuan = 0.000001 yuan; one fen is 10,000 of these. */
const MICRO_YUAN_PER_FEN = 10_000n;

export const costOf = (energy: CentiKwh, price: PricePerKwh): Fen =>
  Fen((energy * price + MICRO_YUAN_PER_FEN / 2n) / MICRO_YUAN_PER_FEN);

export interface BillingState {
  /** Settlement day, "2026-11-22". */
  readonly day: string;
  /** Register at the start of that day. */
  readonly dayStart: CentiKwh;
  readonly billedTo: CentiKwh;
  /** Charged on that day so far. */
  readonly charged: Fen;
}

export interface Bill {
  readonly next: BillingState;
  readonly charge: Fen;
  /** Used since the reading before. */
  readonly energy: CentiKwh;
}

/** Pure: what the next reading costs. The first reading of a meter is where counting begins and costs nothing. */
export function billReading(
  state: BillingState | null,
  reading: { readonly register: CentiKwh; readonly day: string },
  price: PricePerKwh,
): Bill {
  const { register, day } = reading;
  if (state === null)
    return { next: { day, dayStart: register, billedTo: register, charged: Fen(0n) }, charge: Fen(0n), energy: 0n as CentiKwh };
  const today = state.day === day ? state : { day, dayStart: state.billedTo, billedTo: state.billedTo, charged: Fen(0n) };
  const cost = costOf((register - today.dayStart) as CentiKwh, price);
  return {
    next: { ...today, billedTo: register, charged: cost },
    charge: Fen(cost - today.charged),
    energy: (register - state.billedTo) as CentiKwh,
  };
}
