/**
 * 14H 04001006: money given back out of the wallet. Amount and inner MAC lie under the cipher, without a count: the same frame
 * in the same session takes the money twice.
 */
import { hex } from "../bytes.ts";
import { Purpose } from "../virtual-esam.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { FunctionCode } from "../wire.ts";
import { openedField } from "./access.ts";
import { Err } from "./behaviour.ts";

export const REFUND = "04001006";
const RECORDS_MAX = 10;

export function refund(data: Uint8Array, meter: VirtualMeter): number | undefined {
  if (data[4] !== 0x98 || data.length !== 32 || !meter.hasWallet) return Err.unauthorised;
  const text = openedField(meter, data, { isLast: false });
  if (text === undefined) return Err.unauthorised;
  const amountBytes = text.slice(0, 4);
  const inner = { purpose: Purpose.purse, control: FunctionCode.write, di: REFUND, tag: 2, data: amountBytes } as const;
  if (!meter.esam.accepts(inner, text.slice(4, 8), { day: meter.day, isLast: true })) return Err.unauthorised;
  const amount = BigInt(`0x${hex(amountBytes)}`);
  const before = meter.wallet.balance;
  if (amount > before) return Err.other;
  meter.wallet.refund(amount);
  meter.obeyed.refunds += 1;
  meter.refunds.unshift({ at: meter.clock, count: meter.purchaseCount, amount, before, after: meter.wallet.balance, total: 0n });
  meter.refunds.splice(RECORDS_MAX);
  meter.reconsider();
  return undefined;
}
