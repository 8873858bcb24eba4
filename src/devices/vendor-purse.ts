/**
 * Wallets that know no purchase count: what they show, and credit sent to them in their vendor's own layout of 070102FF. A purchase under
 * an order number carries zeros for MACs, since these meters have no keys; a token is passed through as it was bought and proves itself.
 */
import { Fault } from "../kernel/faults.ts";
import { dictionary, requests } from "../protocols/dlt645/index.ts";
import type { MeterModel } from "./meter-models.ts";
import type { BalanceSight, SendOptions, Sent, VendorPurchase } from "./meter.ts";
import type { Prover } from "./prove-identity.ts";

export const NO_MAC = new Uint8Array(4);

/** Which rows of the dictionary show the balance, by what the wallet counts. */
const SHOWN = {
  yuan: { balance: dictionary.balance, overdraft: dictionary.overdraft },
  kWh: { balance: dictionary.remainingEnergy, overdraft: dictionary.overdraftEnergy },
} as const;

export async function readBalance({ talk }: Prover, { money, profile }: MeterModel): Promise<BalanceSight> {
  const { balance, overdraft } = SHOWN[money.unit ?? "yuan"];
  const { value, at } = await talk.known<bigint>(balance);
  const owed = profile.items.overdraft === null ? null : (await talk.value<bigint>(overdraft)).value;
  return { balance: value, overdraft: owed ?? 0n, takenAt: at };
}

export async function vendorTopUp(
  { talk, meter, operator }: Prover,
  { money, profile: { choices } }: MeterModel,
  purchase: VendorPurchase,
  options: SendOptions,
): Promise<Sent> {
  const { address, model } = meter;
  if (purchase.by !== money.purchase)
    throw new Fault("not-supported", {
      meter: address,
      model,
      why: `it is topped up by ${money.purchase ?? "nobody"}, not by ${purchase.by}`,
    });
  const credit =
    purchase.by === "token"
      ? ({ layout: "1C", token: purchase.token.open() } as const)
      : ({
          layout: "22",
          amount: purchase.amount,
          orderNumber: purchase.orderNumber,
          meterAddress: address,
          mac1: NO_MAC,
          mac2: NO_MAC,
        } as const);
  return talk.order(requests.purchase({ address, operator }, credit, choices), options);
}
