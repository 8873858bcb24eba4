/** What the composition has to know of meters whose wallet counts no purchases: who takes tokens, and what their balance is called. */
import type { BalanceSight, Street } from "../devices/meter.ts";
import { meterModels } from "../devices/meter-models.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { yuan } from "../kernel/money.ts";
import type { Reading } from "../kernel/reading.ts";

const waysOf = (street: Pick<Street, "meter">, address: MeterAddress) => {
  const meter = street.meter(address);
  return meter === undefined ? null : meterModels[meter.model].money;
};

export const takesTokens = (street: Pick<Street, "meter">, address: MeterAddress): boolean =>
  waysOf(street, address)?.purchase === "token";

/** As readings; a wallet of kilowatt-hours has items of its own for them. Hundredths are printed alike. */
export function balanceReadings(street: Pick<Street, "meter">, meter: MeterAddress, seen: BalanceSight): readonly Reading[] {
  const base = { meter, takenAt: seen.takenAt, source: "command" } as const;
  return waysOf(street, meter)?.unit === "kWh"
    ? [{ ...base, item: "remainingEnergy", value: yuan(seen.balance), unit: "kWh" }]
    : [{ ...base, item: "balance", value: yuan(seen.balance), unit: "yuan" }];
}
