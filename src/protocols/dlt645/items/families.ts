/**
 * Items that come in families: the same quantity for each tariff, phase, settlement day or record. Their identifiers are a
 * little grammar (annex A), and this is where the top byte sends one to the table that knows it.
 */
import { item } from "../item.ts";
import type { Item, Shape } from "../item.ts";
import { demandItem, energyItem } from "./energies.ts";
import { eventItem } from "./events.ts";
import { freezeItem } from "./freezes.ts";
import { instantItem } from "./instantaneous.ts";
import { loadProfileItem } from "./load-profile.ts";
import { parameterItem } from "./parameters.ts";
import { relayEventItem, supplementEventItem } from "./relay-events.ts";

/** DI3 DI2 DI1 DI0 as numbers. */
export type Identifier = readonly [number, number, number, number];

export type Found = { readonly name: string; readonly title: string; readonly shape: Shape } | undefined;

export function familyItem(di: string): Item | undefined {
  const bytes = [0, 2, 4, 6].map((at) => Number.parseInt(di.slice(at, at + 2), 16));
  const id: Identifier = [bytes[0]!, bytes[1]!, bytes[2]!, bytes[3]!];
  const found = tableOf(id);
  return found === undefined ? undefined : item({ di, zh: "", ...found });
}

function tableOf(id: Identifier): Found {
  switch (id[0]) {
    case 0x00:
      return energyItem(id);
    case 0x01:
      return demandItem(id);
    case 0x02:
      return instantItem(id);
    case 0x03:
      return eventItem(id);
    case 0x04:
      return parameterItem(id);
    case 0x05:
      return freezeItem(id);
    case 0x06:
      return loadProfileItem(id);
    case 0x1d:
    case 0x1e:
      return relayEventItem(id);
    default:
      return supplementEventItem(id);
  }
}
