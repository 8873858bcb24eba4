/** What every wallet does with money, whatever frame brought it: credit and its record, money given back and its record. */
import type { VirtualMeter } from "../virtual-meter.ts";
import { FEN_MAX } from "../wallet.ts";

const RECORDS_MAX = 10;

/** False: it does not fit, and nothing was credited. */
export function creditTo(meter: VirtualMeter, amount: bigint, count: bigint = meter.purchaseCount + 1n): boolean {
  const before = meter.wallet.balance;
  const after = before + amount;
  if ((meter.hoardingLimit > 0n && after > meter.hoardingLimit) || after > FEN_MAX) return false;
  meter.wallet.credit(amount);
  meter.purchaseCount = count;
  meter.purchasedTotal += amount;
  meter.purchases.unshift({ at: meter.clock, count, amount, before, after: meter.wallet.balance, total: meter.purchasedTotal });
  meter.purchases.splice(RECORDS_MAX);
  meter.obeyed.topUps += 1;
  meter.restoreAfterCredit();
  return true;
}

/** False: there is not so much, and nothing was taken. */
export function takeFrom(meter: VirtualMeter, amount: bigint): boolean {
  const before = meter.wallet.balance;
  if (amount > before) return false;
  meter.wallet.refund(amount);
  meter.obeyed.refunds += 1;
  meter.refunds.unshift({ at: meter.clock, count: meter.purchaseCount, amount, before, after: meter.wallet.balance, total: 0n });
  meter.refunds.splice(RECORDS_MAX);
  meter.reconsider();
  return true;
}
