/** As much of a frame as a storm has to know: whose it is, and whether it is an order. Read here by hand, on purpose not by our own codec. */
export type OrderKind = "purchase" | "refund" | "relay";

export interface SeenFrame {
  readonly meter: string;
  readonly order: OrderKind | null;
  /** Of a relay order in plain: its first byte. */
  readonly di: string | null;
}

const START = 0x68;
const OFFSET = 0x33;
const SECURITY = 0x03;
const CONTROL = 0x1c;
const WRITE = 0x14;
/** What a write takes money out by. */
const TAKES_MONEY = "04001006";
/** Identifiers of 03H that bring money: opening, top-up. */
const BRINGS_MONEY = new Set(["070101FF", "070102FF"]);

export function frameIn(bytes: Uint8Array): SeenFrame | null {
  const at = bytes.indexOf(START);
  if (at < 0 || bytes.length < at + 12 || bytes[at + 7] !== START) return null;
  const meter = [6, 5, 4, 3, 2, 1].map((n) => hexOf(bytes[at + n]!)).join("");
  const control = bytes[at + 8]!;
  const length = bytes[at + 9]!;
  const di = length < 4 ? null : [3, 2, 1, 0].map((n) => hexOf((bytes[at + 10 + n]! - OFFSET) & 0xff)).join("");
  return { meter, order: orderIn(control, di), di };
}

function orderIn(control: number, di: string | null): OrderKind | null {
  if (control === CONTROL) return "relay";
  if (control === SECURITY && BRINGS_MONEY.has(di ?? "")) return "purchase";
  return control === WRITE && di === TAKES_MONEY ? "refund" : null;
}

export const hexOf = (byte: number): string => byte.toString(16).padStart(2, "0").toUpperCase();
export const hexText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex").toUpperCase();
