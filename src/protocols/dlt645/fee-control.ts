/**
 * Function 03H, the prepayment and security extension (supplement of 2009): what the meter's 83 replies hold, for those who prove an
 * identity and move money. Amounts and counts are binary, never BCD; customer numbers are BCD.
 *
 * MACs, randoms and serials come out with the highest byte first, as a key server takes them. Nothing is verified here:
 * keys live elsewhere, and this room does not know them.
 */
import type { Fen } from "../../kernel/money.ts";
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { bytesOfHex } from "./frame.ts";
import { refuse } from "./refusal.ts";
import { readValues } from "./replies.ts";

export { SECURITY } from "./security-identifiers.ts";

/** Refund is a write at level 98, with no count in it: a repeated frame refunds twice. */
export const REFUND = "04001006";

/** `fault` is for the person who will look at the bytes. */
export type FeeControlReply<T> = { readonly value: T } | { readonly fault: string };

export interface IdentityReply {
  readonly random2: Uint8Array;
  readonly serial: Uint8Array;
}

/** `bytes`: what stands behind the data identifier, as `readReply` returns it. */
export function decodeIdentityReply(bytes: Uint8Array): FeeControlReply<IdentityReply> {
  const read = readValues("authenticate", bytes);
  return "fault" in read ? faulty(read) : { value: read.values };
}

export interface StatusReply {
  readonly balance: Fen;
  readonly balanceMac: Uint8Array;
  readonly count: number;
  readonly countMac: Uint8Array;
  readonly customerNumber: string;
  /** All zero: public test keys; anything else: production. */
  readonly keyInfo: Uint8Array;
}

export function decodeStatusReply(bytes: Uint8Array, choices: Choices = STANDARD): FeeControlReply<StatusReply> {
  const read = readValues("status-query", bytes, choices);
  if ("fault" in read) return faulty(read);
  const { purchaseCount, ...others } = read.values;
  return { value: { ...others, count: purchaseCount } };
}

/** What 070002FF leaves behind: no MAC, so good for a look and not for money. */
export interface ClosingReply {
  readonly customerNumber: string;
  readonly balance: Fen;
  readonly count: number;
  readonly keyInfo: Uint8Array;
}

export function decodeClosingReply(bytes: Uint8Array, choices: Choices = STANDARD): FeeControlReply<ClosingReply> {
  const read = readValues("end-session", bytes, choices);
  if ("fault" in read) return faulty(read);
  const { purchaseCount, ...others } = read.values;
  return { value: { ...others, count: purchaseCount } };
}

const faulty = ({ fault, field }: { readonly fault: string; readonly field: string | null }): { readonly fault: string } => ({
  fault: field === null ? fault : `${field}: ${fault}`,
});

/** What makes the keys of one meter out of the keys of all: 00 00 and the meter number 04000402, which is not its address. */
export function factorOf(meterNumber: string, keys: "production" | "test", { testFactor }: Choices = STANDARD): Uint8Array {
  if (keys === "test" && testFactor === "fixed") return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1);
  if (!/^\d{12}$/.test(meterNumber)) refuse("meterNumber", "not 12 digits", meterNumber);
  return bytesOfHex(`0000${meterNumber}`);
}

export const keyStateOf = (keyInfo: Uint8Array): "production" | "test" =>
  keyInfo.some((byte) => byte !== 0) ? "production" : "test";
