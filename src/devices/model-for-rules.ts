/**
 * What the rules of an account ask of its meter, and what a model cannot do of it. Pure, and the one place that says so: the site file, the
 * door for new meters and a replacement ask here, because whoever can be cut and not restored would sit in the dark.
 */
import { meterModels } from "./meter-models.ts";
import type { ModelName, RelayOrder } from "./meter.ts";

export interface AskedOfModels {
  /** How supply comes back. */
  readonly restoreBy: RelayOrder;
  /** The meter's own alarm shows what is owed. */
  readonly meterWarn: boolean;
}

/**
 * One sentence for each; none: it can do it all. Rules order whoever's money is in the ledger: an account that says so, and whatever has no
 * wallet. `mode` null: nobody has it yet.
 */
export function cannotDo(model: ModelName, mode: "local" | "remote" | null, asked: AskedOfModels): readonly string[] {
  const { wallet, orders } = meterModels[model];
  if (wallet && mode !== "remote") return [];
  return [
    ...(orders.includes(asked.restoreBy) ? [] : [`a ${model} cannot be restored by "${asked.restoreBy}" (policy.restoreBy)`]),
    ...(asked.meterWarn && !orders.includes("warn") ? [`a ${model} shows no alarm (policy.meterWarn)`] : []),
  ];
}
