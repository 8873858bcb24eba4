/**
 * A meter's tariff beside the site file's, as one look shows it: what runs, and what will run after each switch that is set. Where one
 * is, the spare sets are read as well: a date says nothing of what takes over on it, and a half of a switch has the right date too.
 *
 * Reads only. What the meter cannot keep is found as well (`cannot`): it deducts by something else then.
 */
import { isFault, type Fault } from "../kernel/faults.ts";
import { meterModels } from "../devices/meter-models.ts";
import type { MeterSession } from "../devices/meter.ts";
import { pendingIn, straddlesSwitch, type ByteDifference } from "../devices/meter-tariff/difference.ts";
import {
  RUNNING_PRICES,
  setKinds,
  SPARE_PRICES,
  SPARE_STEPS,
  spareItems,
  switchTimes,
  type SetKind,
} from "../devices/meter-tariff/items.ts";
import { orderOf, orderOn, type TariffOrder } from "../devices/meter-tariff/order.ts";
import type { TariffPicture } from "../devices/meter-tariff/picture.ts";
import { runsOtherwise, turnedRound, type WantedFor } from "../devices/meter-tariff/wanted.ts";
import type { Tariff } from "../tariff/tariff.ts";

export interface Held {
  readonly differs: readonly ByteDifference[];
  /** Why this meter cannot run it at all; null: it could. */
  readonly cannot: Fault | null;
}

export interface TariffSight extends Held {
  readonly order: TariffOrder;
  /** The first switch to come that leads to something the site file does not say, or on a day on which it says nothing new. */
  readonly strange: ({ readonly at: string } & Held) | null;
  /** Switches to come after which the meter runs what the site file says of that day; YYMMDDhhmm, as all of them. */
  readonly right: readonly string[];
  /** The meter's clock. */
  readonly shown: string;
}

/** Null: this model keeps no tariff that we could read, or no clock to hold it against, or it switched while we looked. */
export async function sightOfTariff(session: MeterSession, tariff: Tariff): Promise<TariffSight | null> {
  const { meter } = session;
  const model = meterModels[meter.model];
  if (!model.keys || model.money.unit !== "yuan") return null;
  const hasTables = tariff.versions.some((version) => orderOf(tariff, version).slots !== null);
  const seen = await session.readTariff(hasTables ? "running-with-tables" : "running");
  const { shown } = seen;
  if (shown === null || straddlesSwitch(seen)) return null;
  const about = { meter: meter.address, model: meter.model };
  const pending = pendingIn(seen, shown);
  const moments = [...new Set(Object.values(pending))].sort();
  const order = orderOn(tariff, dayOf(shown));
  const now = heldAgainst(seen, order, { ...about, until: moments[0] });
  if (now === null) return null;
  const picture = moments.length === 0 ? seen : await withSpare(session, seen, hasTables);
  const known = new Set(tariff.versions.map(({ from }) => `${from.slice(2).replaceAll("-", "")}0000`));
  const toCome = whatComes(picture, { pending, moments, tariff, about });
  const isRight = ({ held }: { readonly held: Held | null }): boolean =>
    held !== null && held.differs.length === 0 && held.cannot === null;
  const strange = toCome.find(({ at, held }) => !known.has(at) || (held !== null && !isRight({ held })));
  return {
    ...now,
    ...{ order, shown, right: toCome.filter(isRight).map(({ at }) => at) },
    strange: strange === undefined ? null : { differs: [], cannot: null, ...strange.held, at: strange.at },
  };
}

export const dayOf = (shown: string): string => `20${shown.slice(0, 2)}-${shown.slice(2, 4)}-${shown.slice(4, 6)}`;

async function withSpare(session: MeterSession, seen: TariffPicture, hasTables: boolean): Promise<TariffPicture> {
  const tables = (["zones", "slots"] as const).flatMap((kind) => spareItems(kind, seen.running[kind]));
  const { bytes } = await session.readTariff([SPARE_PRICES, SPARE_STEPS, ...(hasTables ? tables : [])]);
  return { ...seen, bytes: { ...seen.bytes, ...bytes } };
}

interface Coming {
  readonly pending: Partial<Record<SetKind, string>>;
  readonly moments: readonly string[];
  readonly tariff: Tariff;
  readonly about: Omit<WantedFor, "switchAt">;
}

/** Switch by switch: the sets whose time it is change places, and what runs then is held against the version of that day. */
function whatComes(picture: TariffPicture, { pending, moments, tariff, about }: Coming): readonly ToCome[] {
  let turned = picture;
  return moments.map((at, i) => {
    turned = turnedRound(
      turned,
      setKinds.filter((kind) => pending[kind] === at),
    );
    return { at, held: heldAgainst(turned, orderOn(tariff, dayOf(at)), { ...about, until: moments[i + 1] }) };
  });
}
interface ToCome {
  readonly at: string;
  readonly held: Held | null;
}

/** Null: nobody can tell. Where the tables cannot be told, prices and steps alone are held against it: if they differ, it differs. */
function heldAgainst(picture: TariffPicture, order: TariffOrder, about: Omit<WantedFor, "switchAt">): Held | null {
  try {
    return { differs: runsOtherwise(picture, order, about), cannot: null };
  } catch (error) {
    if (!isFault(error)) throw error;
    if (isFault(error, "tariff-set-unknown") || isFault(error, "not-supported")) {
      if (order.slots !== null) {
        const prices = heldAgainst(picture, { ...order, slots: null }, about);
        return prices !== null && prices.differs.length === 0 && prices.cannot === null ? null : prices;
      }
      // It shows no prices, or no time for a switch of them: it keeps its tariff in some other way.
      if ([RUNNING_PRICES, switchTimes.prices].some((di) => picture.bytes[di] === undefined)) return null;
    }
    return { differs: [], cannot: error };
  }
}
