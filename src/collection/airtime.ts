/** What a day's collection asks of one meter, for the poll plan to count: its clock, one midnight, a count of each kind of record. */
import { itemOf } from "../protocols/dlt645/index.ts";
import { readBytes, type ExchangeBytes } from "../devices/airtime.ts";
import type { MeterModel } from "../devices/meter-models.ts";
import { eventKindNames, kindRow } from "./event-kinds.ts";
import type { CollectionSettings } from "./settings.ts";

const CLOCK = ["04000101", "04000102"];
const MIDNIGHT = ["05060001", "05060101", "05060201"];
const HOUR = ["05040001", "05040101", "05040201"];
const HOURS_A_DAY = 24;

export function dailyExchanges({ events, hourly }: CollectionSettings): (model: MeterModel) => readonly ExchangeBytes[] {
  const asked = [
    ...MIDNIGHT,
    ...(events ? eventKindNames.map((kind) => kindRow(kind).count) : []),
    ...(hourly ? Array.from({ length: HOURS_A_DAY }, () => HOUR).flat() : []),
  ];
  const known = new Map<string, readonly ExchangeBytes[]>();
  return ({ profile, preamble }) => {
    let exchanges = known.get(profile.name);
    if (exchanges === undefined) {
      const all = profile.items.date === null ? asked : [...CLOCK, ...asked];
      known.set(profile.name, (exchanges = all.map((di) => readBytes(itemOf(di)!, preamble))));
    }
    return exchanges;
  };
}
