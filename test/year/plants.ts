/** Mistakes that are planted on purpose, in wrappings around stores: a year that does not notice these would notice nothing. */
import { hours, Instant } from "../../src/kernel/clock.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { RemoteMeter } from "../../src/policy/policy-store.ts";
import { instead, type Plant } from "../months/plants.ts";
import type { Year } from "./plan.ts";

type YearPlant = (year: Year) => Plant;

/** Everybody was told yesterday, of whatever is owed: nobody waits for a notice. */
const forgetsTheNotice: YearPlant = () => (stores) => {
  const told = (picture: RemoteMeter): RemoteMeter => {
    const since = Math.max(picture.standing?.arrearsSince ?? 0, (picture.paidAt ?? 0) + 1);
    const notice = { at: Instant(since), deliveredAt: Instant(since - hours(24)), available: Fen(10_000_000n) };
    return { ...picture, notice };
  };
  return {
    ...stores,
    policy: instead(stores.policy, {
      remoteMeters: async () => (await stores.policy.remoteMeters()).map(told),
      remoteMeter: async (tx, meter) => {
        const picture = await stores.policy.remoteMeter(tx, meter);
        return picture === null ? null : told(picture);
      },
    }),
  };
};

/** The first day of a meter that took another's place costs twice what it should. */
const billsTheFirstDayTwice: YearPlant =
  ({ homes }) =>
  (stores) => {
    const spares = new Set<string>(homes.flatMap(({ replaced }) => replaced?.spare.address ?? []));
    const first = new Map<string, string>();
    const { ledger } = stores;
    const append: typeof ledger.append = (tx, entry) => {
      const [meter, day] = entry.reference.split("/") as [string, string];
      if (entry.kind !== "charge" || !spares.has(meter)) return ledger.append(tx, entry);
      if (!first.has(meter)) first.set(meter, day);
      const isFirst = first.get(meter) === day;
      const legs = entry.legs.map((leg) => (isFirst ? { ...leg, amount: Fen(leg.amount * 2n) } : leg));
      return ledger.append(tx, { ...entry, legs });
    };
    return { ...stores, ledger: instead(ledger, { append }) };
  };

export const plants = {
  nothing: () => (stores) => stores,
  "forgets-the-notice": forgetsTheNotice,
  "bills-the-first-day-twice": billsTheFirstDayTwice,
} as const satisfies Record<string, YearPlant>;
export type PlantName = keyof typeof plants;
export const isPlantName = (name: string): name is PlantName => Object.hasOwn(plants, name);
