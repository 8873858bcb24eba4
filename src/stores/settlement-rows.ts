/** Settlement days as rows of `billing_days`, and back. Registers inside of JSON are decimal strings: JSON has no bigint. */
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import { Fen, type PricePerKwh } from "../kernel/money.ts";
import { tracks, type DaySeen, type Track, type Values } from "../ledger/day-points.ts";
import type { SettlementDay } from "../ledger/settlement-day.ts";
import type { CostPart } from "../tariff/cost.ts";

type Texts = readonly string[];
type SeenJson = Readonly<Partial<Record<Track, { readonly midnight?: Texts; readonly first?: Texts; readonly last?: Texts }>>> & {
  readonly estimate?: string;
};
interface PartJson {
  readonly energy: string;
  readonly price: string;
  readonly micro: string;
}

export interface DayRow {
  meter: string;
  stretch: bigint;
  account: string;
  day: string;
  seen: SeenJson;
  from_total: bigint;
  from_rates: bigint[] | null;
  from_exported: bigint | null;
  to_total: bigint;
  to_rates: bigint[] | null;
  to_exported: bigint | null;
  start_by: SettlementDay["startBy"];
  end_by: SettlementDay["endBy"];
  energy: bigint;
  rates: bigint[] | null;
  exported: bigint | null;
  tariff: string | null;
  version: string | null;
  parts: { readonly rates: readonly PartJson[]; readonly steps: readonly PartJson[] };
  used_before: bigint;
  micro: bigint;
  micro_before: bigint;
  feed_in_micro: bigint;
  feed_in_before: bigint;
  cost: bigint;
  feed_in: bigint;
  rates_missing: boolean;
  estimated: boolean;
  settled_by: SettlementDay["settledBy"];
  revision: number;
}

const points = ["midnight", "first", "last"] as const;
const each = <A, B>(values: readonly A[], make: (value: A) => B): B[] => values.map(make);
const seenOf = (json: SeenJson): DaySeen => ({
  ...Object.fromEntries(
    tracks.flatMap((track) => {
      const seen = json[track];
      if (seen === undefined) return [];
      const known = points.flatMap((point) => (seen[point] === undefined ? [] : [[point, each(seen[point], BigInt)] as const]));
      return [[track, Object.fromEntries(known)] as const];
    }),
  ),
  ...(json.estimate === undefined ? {} : { estimate: BigInt(json.estimate) }),
});
const partOf = ({ energy, price, micro }: PartJson): CostPart => ({
  energy: BigInt(energy),
  price: BigInt(price) as PricePerKwh,
  micro: BigInt(micro),
});

export const dayOfRow = (row: DayRow): SettlementDay => ({
  meter: row.meter as MeterAddress,
  stretch: row.stretch,
  account: row.account as AccountId,
  day: row.day,
  seen: seenOf(row.seen),
  from: { total: row.from_total, rates: row.from_rates, exported: row.from_exported },
  to: { total: row.to_total, rates: row.to_rates, exported: row.to_exported },
  startBy: row.start_by,
  endBy: row.end_by,
  energy: row.energy,
  rates: row.rates,
  exported: row.exported,
  tariff: row.tariff,
  version: row.version,
  parts: { rates: each(row.parts.rates, partOf), steps: each(row.parts.steps, partOf) },
  usedBefore: row.used_before,
  micro: row.micro,
  microBefore: row.micro_before,
  feedInMicro: row.feed_in_micro,
  feedInMicroBefore: row.feed_in_before,
  cost: Fen(row.cost),
  feedIn: Fen(row.feed_in),
  ratesMissing: row.rates_missing,
  estimated: row.estimated,
  settledBy: row.settled_by,
  revision: row.revision,
});

const json = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner));
const array = (values: Values | null): Texts | null => (values === null ? null : each(values, String));

/** Column by column, in the order in which they are written. */
export const columnsOf = (day: SettlementDay): readonly (readonly [keyof DayRow | "price", unknown])[] => [
  ["meter", day.meter],
  ["stretch", day.stretch],
  ["day", day.day],
  ["account", day.account],
  ["seen", json(day.seen)],
  ["from_total", day.from.total],
  ["from_rates", array(day.from.rates)],
  ["from_exported", day.from.exported],
  ["to_total", day.to.total],
  ["to_rates", array(day.to.rates)],
  ["to_exported", day.to.exported],
  ["start_by", day.startBy],
  ["end_by", day.endBy],
  ["energy", day.energy],
  ["rates", array(day.rates)],
  ["exported", day.exported],
  ["tariff", day.tariff],
  ["version", day.version],
  ["parts", json(day.parts)],
  ["price", day.parts.rates[0]?.price ?? null],
  ["used_before", day.usedBefore],
  ["micro", day.micro],
  ["micro_before", day.microBefore],
  ["feed_in_micro", day.feedInMicro],
  ["feed_in_before", day.feedInMicroBefore],
  ["cost", day.cost],
  ["feed_in", day.feedIn],
  ["rates_missing", day.ratesMissing],
  ["estimated", day.estimated],
  ["settled_by", day.settledBy],
  ["revision", day.revision],
];
