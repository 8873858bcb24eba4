/**
 * Function 03H, the prepayment and security extension (supplement of 2009): which identifier means what, and what the
 * meter's 83 replies hold. Amounts and counts are binary here, never BCD; customer numbers and minutes are BCD.
 *
 * MACs, randoms and serials come out with the highest byte first, as a key server takes them. Nothing is verified here:
 * keys live elsewhere, and this room does not know them.
 */
import type { Fen } from "../../kernel/money.ts";
import { binaryCount, binaryFen, digits, turned } from "./formats.ts";
import type { Format } from "./formats.ts";

export const SECURITY = {
  authenticate: "070000FF",
  setValidity: "070001FF",
  endSession: "070002FF",
  openAccount: "070101FF",
  topUp: "070102FF",
  initialisePurse: "070103FF",
  readBack: "078001FF",
  statusQuery: "078102FF",
} as const;

/** Refund is a write at level 98, with no count in it: a repeated frame refunds twice. */
export const REFUND = "04001006";

/** `reason` is for the person who will look at the bytes. */
export type FeeControlReply<T> = { readonly value: T } | { readonly fault: string };

export interface IdentityReply {
  readonly random2: Uint8Array;
  readonly serial: Uint8Array;
}

/** `bytes`: what stands behind the data identifier, as `readReply` returns it. */
export function decodeIdentityReply(bytes: Uint8Array): FeeControlReply<IdentityReply> {
  if (bytes.length !== 12) return wrongLength(bytes, 12);
  return { value: { random2: turned(bytes.subarray(0, 4)), serial: turned(bytes.subarray(4, 12)) } };
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

export function decodeStatusReply(bytes: Uint8Array): FeeControlReply<StatusReply> {
  if (bytes.length !== 26) return wrongLength(bytes, 26);
  const customerNumber = part(digits(6), bytes, 16);
  const balance = part(binaryFen, bytes, 0);
  const count = part(binaryCount, bytes, 8);
  if (customerNumber === null || balance === null || count === null) return { fault: "the customer number is not BCD" };
  return {
    value: {
      balance,
      balanceMac: turned(bytes.subarray(4, 8)),
      count,
      countMac: turned(bytes.subarray(12, 16)),
      customerNumber,
      keyInfo: turned(bytes.subarray(22, 26)),
    },
  };
}

/** What 070002FF leaves behind: no MAC, so good for a look and not for money. */
export interface ClosingReply {
  readonly customerNumber: string;
  readonly balance: Fen;
  readonly count: number;
  readonly keyInfo: Uint8Array;
}

export function decodeClosingReply(bytes: Uint8Array): FeeControlReply<ClosingReply> {
  if (bytes.length !== 18) return wrongLength(bytes, 18);
  const customerNumber = part(digits(6), bytes, 0);
  const balance = part(binaryFen, bytes, 6);
  const count = part(binaryCount, bytes, 10);
  if (customerNumber === null || balance === null || count === null) return { fault: "the customer number is not BCD" };
  return { value: { customerNumber, balance, count, keyInfo: turned(bytes.subarray(14, 18)) } };
}

export const keyStateOf = (keyInfo: Uint8Array): "production" | "test" =>
  keyInfo.some((byte) => byte !== 0) ? "production" : "test";

function part<T>(format: Format<T>, bytes: Uint8Array, at: number): T | null {
  const decoded = format.decode(bytes.subarray(at, at + format.bytes));
  return "value" in decoded ? decoded.value : null;
}

const wrongLength = (bytes: Uint8Array, expected: number) => ({ fault: `${bytes.length} bytes where ${expected} are expected` });
