/**
 * Money: Fen, one hundredth of a yuan, as bigint. Money is counted, never measured, so it has no fraction.
 * Prices have four decimals (0.0001 yuan per kWh) and are a type of their own, so that the two can never be added.
 */
import type { Brand } from "./brand.ts";
import { Fault } from "./faults.ts";

export type Fen = Brand<bigint, "Fen">;
/** One ten-thousandth of a yuan per kWh. */
export type PricePerKwh = Brand<bigint, "PricePerKwh">;

export const Fen = (amount: bigint): Fen => amount as Fen;
export const ZERO_FEN = Fen(0n);

const AMOUNT = /^(-?)(\d{1,12})(?:\.(\d{1,2}))?$/;

/** Reads "100", "100.5" or "100.50" (yuan). More than two decimals is refused: a rounded payment is a wrong payment. */
export function parseYuan(text: string, field = "amount"): Fen {
  const match = AMOUNT.exec(text);
  if (match === null) throw new Fault("amount-malformed", { field, given: text });
  const fen = BigInt(match[2]!) * 100n + BigInt((match[3] ?? "").padEnd(2, "0"));
  return Fen(match[1] === "-" ? -fen : fen);
}

/** "100.00": yuan with two decimals, the one way money is written outside. */
export function yuan(fen: bigint): string {
  const digits = (fen < 0n ? -fen : fen).toString().padStart(3, "0");
  return `${fen < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export function parsePrice(text: string, field = "price"): PricePerKwh {
  const match = /^(\d{1,6})(?:\.(\d{1,4}))?$/.exec(text);
  if (match === null)
    throw new Fault("amount-malformed", { field, given: text, allowed: "yuan per kWh with at most four decimals" });
  return (BigInt(match[1]!) * 10_000n + BigInt((match[2] ?? "").padEnd(4, "0"))) as PricePerKwh;
}
