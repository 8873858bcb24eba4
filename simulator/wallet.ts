/**
 * The money in a local fee-control meter. Energy becomes money exactly: what is worth less than one fen is carried on and never
 * lost, so that at every moment
 *
 *     opening + credited = balance − overdraft + consumed          (to the fen)
 *
 * The balance is used up first, then the overdraft grows; a top-up pays the overdraft first.
 */
import type { PricePerKwh } from "../src/kernel/money.ts";
import type { Keeps } from "./state/keeping.ts";

/** Milliwatt-milliseconds × 1/10,000 yuan per kWh that make one fen: 3.6e12 of the first are a kWh, 100 of the second a fen. */
const UNITS_PER_FEN = 360_000_000_000_000n;
/** What the wire can show: XXXXXX.XX. */
export const FEN_MAX = 99_999_999n;

interface WalletState {
  readonly balance: bigint;
  readonly overdraft: bigint;
  readonly overdraftLimit: bigint;
  readonly consumed: bigint;
  readonly credited: bigint;
  readonly carry: bigint;
}

export class Wallet implements Keeps<WalletState> {
  readonly keptAs = "wallet";
  readonly price: PricePerKwh;
  balance: bigint;
  overdraft: bigint;
  overdraftLimit = 0n;
  consumed = 0n;
  /** Top-ups and openings less refunds. */
  credited = 0n;
  #carry = 0n;

  constructor(price: PricePerKwh, balance: bigint) {
    this.price = price;
    this.balance = balance > 0n ? balance : 0n;
    this.overdraft = balance < 0n ? -balance : 0n;
  }

  /** Nothing left to use: the balance is gone and the overdraft is at its limit. */
  get isEmpty(): boolean {
    return this.balance === 0n && this.overdraft >= this.overdraftLimit;
  }

  /** After how many whole milliseconds at this load and price nothing is left; undefined when that does not happen. */
  msUntilEmpty(milliwatts: bigint, price: bigint): bigint | undefined {
    return this.isEmpty ? undefined : this.msUntilSpent(this.balance + this.overdraftLimit - this.overdraft, milliwatts, price);
  }

  /** After how many whole milliseconds so many fen more are gone. */
  msUntilSpent(fen: bigint, milliwatts: bigint, price: bigint): bigint | undefined {
    const rate = milliwatts * price;
    if (rate <= 0n) return undefined;
    const needed = fen * UNITS_PER_FEN - this.#carry;
    return needed <= 0n ? 1n : (needed + rate - 1n) / rate;
  }

  consume(milliwattMs: bigint, price: bigint): void {
    this.#carry += milliwattMs * price;
    const fen = this.#carry / UNITS_PER_FEN;
    if (fen === 0n) return;
    this.#carry -= fen * UNITS_PER_FEN;
    this.consumed += fen;
    this.#take(fen);
  }

  credit(fen: bigint): void {
    this.credited += fen;
    const paidOff = fen < this.overdraft ? fen : this.overdraft;
    this.overdraft -= paidOff;
    this.balance += fen - paidOff;
  }

  /** Money given back; the caller has made sure that it is there. */
  refund(fen: bigint): void {
    this.credited -= fen;
    this.#take(fen);
  }

  /** Set by hand or by purse initialisation; below zero is an overdraft. */
  set(fen: bigint): void {
    this.balance = fen > 0n ? fen : 0n;
    this.overdraft = fen < 0n ? -fen : 0n;
  }

  save(): WalletState {
    const { balance, overdraft, overdraftLimit, consumed, credited } = this;
    return { balance, overdraft, overdraftLimit, consumed, credited, carry: this.#carry };
  }

  load({ carry, ...fields }: WalletState): void {
    Object.assign(this, fields);
    this.#carry = carry;
  }

  #take(fen: bigint): void {
    const fromBalance = fen < this.balance ? fen : this.balance;
    this.balance -= fromBalance;
    this.overdraft += fen - fromBalance;
  }
}
