/**
 * Orders for faults that no exchange could ever suffer: each parameter is well written, and together they mean nothing. Said at
 * the door, because a fault that stands and never strikes looks like a meter that is well.
 */
import { FunctionCode } from "../wire.ts";
import type { FaultKind, FaultOrder } from "../faults.ts";

export interface Nonsense {
  readonly field: string;
  readonly allowed: string;
}

const spelt = (codes: readonly number[]): string =>
  codes.map((code) => code.toString(16).toUpperCase().padStart(2, "0")).join(", ");

/** Functions whose requests begin with a data identifier. */
export const withDataItem: readonly number[] = [
  FunctionCode.security,
  FunctionCode.read,
  FunctionCode.readOn,
  FunctionCode.write,
];
/** Functions whose no may have two bytes: SERR, and the extended reply of an order. */
const withLongError: readonly number[] = [FunctionCode.security, FunctionCode.control];
/** Kinds that only spoil what is to change something. */
export const ordersOnly: readonly FaultKind[] = [
  "empty-acknowledgement",
  "refused-though-done",
  "refused-though-partly-done",
  "mqtt-retained-order",
];
const withOrders: readonly number[] = [FunctionCode.security, FunctionCode.write, FunctionCode.control];

export function nonsenseIn({ kind, function: name, di, error }: FaultOrder): Nonsense | undefined {
  const code = name === undefined ? undefined : Number.parseInt(name, 16);
  if (code === undefined) return undefined;
  if (di !== undefined && !withDataItem.includes(code))
    return { field: "di", allowed: `only with function ${spelt(withDataItem)}: ${name} carries no data identifier` };
  if (ordersOnly.includes(kind) && !withOrders.includes(code))
    return { field: "function", allowed: `${kind} spoils orders: ${spelt(withOrders)}` };
  if (error !== undefined && Number.parseInt(error, 16) > 0xff && !withLongError.includes(code))
    return { field: "error", allowed: `two hex digits: the answer to ${name} has one byte for it` };
  return undefined;
}
