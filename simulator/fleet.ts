/** The meters of a street, planned and announced: each is made when somebody looks at it first, and has lived since the street began. */
import type { Chance } from "../src/kernel/chance.ts";
import { MeterAddress } from "../src/kernel/ids.ts";
import { LazyMap } from "./lazy-map.ts";
import type { MeterPlan } from "./plans.ts";
import type { Renamed } from "./renamed.ts";
import type { StreetTime } from "./street-time.ts";
import { unique } from "./unique.ts";
import { VirtualMeter } from "./virtual-meter.ts";

export function announced(
  { meters, price }: { readonly meters: readonly MeterPlan[]; readonly price?: string | undefined },
  { time, chance, renamed }: { readonly time: StreetTime; readonly chance: Chance; readonly renamed: Renamed },
): LazyMap<VirtualMeter> {
  const plans = unique(
    "address",
    meters,
    (plan) => MeterAddress(plan.address),
    (plan) => plan,
  );
  const made = new LazyMap((address) => {
    const plan = { price, ...plans.get(address)! };
    const meter = new VirtualMeter(plan, { time, chance: chance.child(`meter/${address}`), since: time.began });
    renamed.watch(meter);
    return meter;
  });
  const kinds = new Set<string>();
  for (const [address, plan] of plans) {
    made.expect(address);
    // The first of each kind is made at once: what is wrong with a plan is said while the street is built, not at midnight.
    const kind = JSON.stringify({ ...plan, address: "", bus: "" });
    if (!kinds.has(kind)) made.get(address);
    kinds.add(kind);
  }
  return made;
}
