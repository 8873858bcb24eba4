/** What a wallet may hold and held, from the newest readings: so that a payment the meter would refuse is refused at the counter. */
import type { WalletRoom } from "../commands/payment-service.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { parseYuan } from "../kernel/money.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { meterModels } from "../devices/meter-models.ts";
import type { MeterRecord } from "../devices/meter.ts";
import type { HouseStores } from "./ports.ts";

/** 04001004 囤积金额限值. */
const LIMIT = "hoardingLimit";

/** Items that hardly ever change, read once a day. */
export const onceADay = ({ model }: MeterRecord): readonly string[] =>
  meterModels[model].wallet && meterModels[model].profile.items.hoardingLimit?.di === "04001004" ? [LIMIT] : [];

/** In the payment's own transaction: a second connection for each would starve ten payments that come at once. */
export async function walletRoom(
  readings: HouseStores["readings"],
  meter: MeterAddress,
  tx: Transaction | null,
): Promise<WalletRoom | null> {
  const latest = new Map((await readings.latestOf([meter], tx)).map((reading) => [reading.item, reading]));
  const [limit, balance] = [latest.get(LIMIT), latest.get("balance")];
  if (limit === undefined || limit.value === null) return null;
  return {
    limit: parseYuan(limit.value),
    limitAt: limit.takenAt,
    balance: balance === undefined || balance.value === null ? null : parseYuan(balance.value),
    balanceAt: balance?.takenAt ?? null,
  };
}
