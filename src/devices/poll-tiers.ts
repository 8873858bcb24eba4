/**
 * Which items are read how often: three tiers, as the site file writes them.
 *
 *     hot    a meter about which something is in question just now (hot-meters.ts)   money and relay
 *     warm   every meter                                                             money and relay
 *     cold   every meter                                                             what nobody bills: clock, voltage …
 *
 * Only warm is there by itself. A meter that is hot is read by the hot tier as well, and where that reads all of what the warm one
 * reads, it stands for it.
 */
import { itemOf, type Item } from "../protocols/dlt645/index.ts";
import { questionsFor } from "./block-reads.ts";
import { readBytes, type ExchangeBytes } from "./airtime.ts";
import type { MeterModel } from "./meter-models.ts";

/** Hottest first: the last is the first to wait when a line is full. */
export const tierNames = ["hot", "warm", "cold"] as const;
export type TierName = (typeof tierNames)[number];

export interface Tier {
  readonly everyMs: number;
  /** Null: what the tier reads by itself. */
  readonly items: readonly string[] | null;
}
/** Tiers that are null are not read. */
export type Tiers = Readonly<Record<Exclude<TierName, "warm">, Tier | null>> & { readonly warm: Tier };

/** What a tier may name: an item that can be read, or the clock, which is two. */
export const isPollable = (name: string): boolean => name === "clock" || (itemOf(name)?.row.access ?? "w") !== "w";

export const onlyWarm = (everyMs: number): Tiers => ({ hot: null, warm: { everyMs, items: null }, cold: null });

/** What one meter is read for in one go. */
export interface Duty {
  readonly tier: TierName;
  readonly everyMs: number;
  readonly items: readonly string[];
  /** Word 3 after the items; what is read seldom says nothing of supplies. */
  readonly relay: boolean;
}

const MONEY_ITEMS = { yuan: ["balance", "overdraft"], kWh: ["remainingEnergy", "overdraftEnergy"] } as const;

/** Without a bill there is nothing to ask money for, and without a clock no time. */
const itemsByItself = (tier: TierName, { money, profile }: MeterModel): readonly string[] => {
  if (tier !== "cold") {
    if (money.unit === null) return ["importedEnergy"];
    const [balance, overdraft] = MONEY_ITEMS[money.unit];
    return profile.items.overdraft === null ? ["importedEnergy", balance] : ["importedEnergy", balance, overdraft];
  }
  return profile.items.date === null ? [] : ["clock"];
};

export function dutiesOf(tiers: Tiers, model: MeterModel, isHot: boolean): readonly Duty[] {
  const duties = tierNames.flatMap((tier): Duty[] => {
    const row = tiers[tier];
    if (row === null || (tier === "hot" && !isHot)) return [];
    const items = row.items ?? itemsByItself(tier, model);
    return items.length === 0 ? [] : [{ tier, everyMs: row.everyMs, items, relay: tier !== "cold" }];
  });
  const hot = duties.find(({ tier }) => tier === "hot");
  const warm = duties.find(({ tier }) => tier === "warm");
  const standsForIt =
    hot !== undefined &&
    warm !== undefined &&
    hot.everyMs <= warm.everyMs &&
    warm.items.every((item) => hot.items.includes(item));
  return standsForIt ? duties.filter((duty) => duty !== warm) : duties;
}

const RELAY_WORD = itemOf("runStateWord3")!;
const CLOCK = [itemOf("date")!, itemOf("time")!];

/** The exchanges of one duty, as the session makes them, in order. */
export function exchangesOf({ items, relay }: Pick<Duty, "items" | "relay">, model: MeterModel): readonly ExchangeBytes[] {
  const wanted: Item[] = items.flatMap((name) => (name === "clock" ? [] : (itemOf(name) ?? [])));
  const asked = questionsFor(wanted, model.profile.blocks).map(({ di }) => itemOf(di)!);
  const clock = items.includes("clock") ? CLOCK : [];
  return [...asked, ...clock, ...(relay ? [RELAY_WORD] : [])].map((item) => readBytes(item, model.preamble));
}
