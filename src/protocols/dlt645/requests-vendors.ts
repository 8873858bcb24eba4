/**
 * Money to and from a meter whichever way its model takes it: the topics `purchase` and `refund` say which form it is. Whoever builds
 * one has to say which he means, and is refused where the meter would understand another.
 */
import type { CentiKwh } from "../../kernel/energy.ts";
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import type { RequestValues } from "./forms.ts";
import type { Frame } from "./frame.ts";
import { refuse } from "./refusal.ts";
import type { Operator, ToMeter } from "./requests.ts";
import { SECURITY } from "./security-identifiers.ts";
import { writeRequest } from "./speaking.ts";

/** By the length L of the frame in the standard's own case, and so named for the others. */
const PURCHASES = {
  "1E": "top-up",
  "22": "vendor-purchase",
  "28": "vendor-purchase-long",
  "18 sealed": "sealed-purchase",
  "1C": "token-purchase",
} as const satisfies Record<Choices["purchase"], string>;

const REFUNDS = {
  "22": "vendor-refund",
  "28": "vendor-refund-long",
  "18 sealed": "sealed-refund",
} as const;
const REFUNDED_BY = { "22": "070108FF", "28": "070108FF", "18 sealed": "070103FF" } as const;

type Values<F extends Parameters<typeof writeRequest>[0]["is"]> = Omit<RequestValues<F>, "di" | "operator">;

/** What a purchase carries, by its layout. */
export type Credit = {
  [L in keyof typeof PURCHASES]: { readonly layout: L } & Values<(typeof PURCHASES)[L]>;
}[keyof typeof PURCHASES];
/** What a refund of function 03H carries; that of 14H is `writeCiphered`. */
export type Refund = { [L in keyof typeof REFUNDS]: { readonly layout: L } & Values<(typeof REFUNDS)[L]> }[keyof typeof REFUNDS];

export function purchase(to: ToMeter & Operator, credit: Credit, choices: Choices = STANDARD): Frame {
  const { layout } = credit;
  if (layout !== choices.purchase) refuse("layout", `this meter is topped up by ${choices.purchase}`, layout);
  // The layout names the form, and with it the values: nothing else could have been handed in.
  const request = { ...to, ...credit, di: SECURITY.topUp, is: PURCHASES[layout] } as Parameters<typeof writeRequest>[0];
  return writeRequest(request, choices);
}

export function refund(to: ToMeter & Operator, given: Refund, choices: Choices = STANDARD): Frame {
  const { layout } = given;
  if (REFUNDED_BY[layout] !== choices.refund) refuse("layout", `this meter refunds by ${choices.refund}`, layout);
  return writeRequest({ ...to, ...given, is: REFUNDS[layout] }, choices);
}

/** Under a seal: hundredths of a kWh, and the seconds since 2000 at which somebody bought them. As they travel, lowest byte first. */
export function sealedPurchasePlainText(amount: CentiKwh, stamp: number): Uint8Array {
  if (amount < 0n || amount > 0xffff_ffffn) refuse("amount", "does not fit four bytes", amount.toString());
  if (!Number.isInteger(stamp) || stamp < 0 || stamp > 0xffff_ffff) refuse("stamp", "does not fit four bytes", stamp);
  const plain = new DataView(new ArrayBuffer(8));
  plain.setUint32(0, Number(amount), true);
  plain.setUint32(4, stamp, true);
  return new Uint8Array(plain.buffer);
}
