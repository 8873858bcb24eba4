/**
 * A meter's tariff as doors tell it: every item in words, which set it belongs to, and beside it what the site file wants there.
 * What runs is held against the version of the day; the spare sets against the version they are to become, while a switch is set.
 * Pure.
 */
import { isFault } from "../../kernel/faults.ts";
import type { Tariff } from "../../tariff/tariff.ts";
import { pendingIn } from "./difference.ts";
import {
  RUNNING_PRICES,
  RUNNING_STEPS,
  runningItems,
  SPARE_PRICES,
  SPARE_STEPS,
  spareItems,
  switchTimes,
  WORD_3,
} from "./items.ts";
import { orderOn, type TariffOrder } from "./order.ts";
import type { TariffPicture } from "./picture.ts";
import { sayBytes, sayItem } from "./said.ts";
import { wantedOf, wantedRunning, type WantedFor } from "./wanted.ts";

export interface ToldItem {
  readonly item: string;
  readonly name: string;
  readonly title: string;
  readonly zh: string;
  readonly set: "running" | "spare" | "switch" | "both";
  readonly value: string | null;
  /** Null: the site file has nothing to say about it. */
  readonly should: string | null;
  readonly differs: boolean;
}

export interface ToldTariff {
  /** Its clock, "2026-11-22 10:30"; null: it shows none. */
  readonly clock: string | null;
  /** First or second, of the tables in fixed places; null: it does not show which. */
  readonly running: { readonly zones: 1 | 2 | null; readonly slots: 1 | 2 | null };
  /** Of the site file: which tariff, and the version that should run. */
  readonly tariff: string | null;
  readonly from: string | null;
  readonly agrees: boolean | null;
  readonly items: readonly ToldItem[];
}

type Bytes = Readonly<Record<string, string>>;

export function tellTariff(picture: TariffPicture, tariff: Tariff | null, about: Omit<WantedFor, "switchAt">): ToldTariff {
  const { shown } = picture;
  const order = tariff === null || shown === null ? null : orderOn(tariff, dayOf(shown));
  const should: Bytes = {
    ...mayBe(() => (order === null ? {} : wantedRunning(picture, order, { ...about, until: firstToCome(picture) }))),
    ...wantedToCome(picture, tariff, about),
  };
  const items = itemsOf(picture).map(([item, set]): ToldItem => {
    const [has, wants] = [picture.bytes[item], should[item]];
    return {
      ...sayItem(item),
      set,
      value: sayBytes(item, has),
      should: sayBytes(item, wants),
      differs: wants !== undefined && wants !== has,
    };
  });
  return {
    clock: shown === null ? null : `${dayOf(shown)} ${shown.slice(6, 8)}:${shown.slice(8)}`,
    running: { zones: place(picture.running.zones), slots: place(picture.running.slots) },
    tariff: order?.tariff ?? null,
    from: order?.from ?? null,
    agrees: order === null ? null : !items.some(({ differs }) => differs),
    items,
  };
}

const dayOf = (shown: string): string => `20${shown.slice(0, 2)}-${shown.slice(2, 4)}-${shown.slice(4, 6)}`;
const place = (at: 0 | 1 | null): 1 | 2 | null => (at === null ? null : at === 0 ? 1 : 2);

const firstToCome = (picture: TariffPicture): string | undefined =>
  picture.shown === null ? undefined : Object.values(pendingIn(picture, picture.shown)).sort()[0];

/** The spare sets are spoken for only while a switch is set. */
function wantedToCome(picture: TariffPicture, tariff: Tariff | null, about: Omit<WantedFor, "switchAt">): Bytes {
  if (tariff === null || picture.shown === null) return {};
  const switchAt = firstToCome(picture);
  if (switchAt === undefined) return {};
  const order: TariffOrder = orderOn(tariff, dayOf(switchAt));
  return mayBe(() => {
    const { spare, times } = wantedOf(picture, order, { ...about, switchAt });
    return { ...spare, ...times };
  });
}

/** A version that this meter has no room for is held against nothing. */
function mayBe(work: () => Bytes): Bytes {
  try {
    return work();
  } catch (error) {
    if (isFault(error)) return {};
    throw error;
  }
}

function itemsOf({ bytes, running }: TariffPicture): readonly (readonly [string, ToldItem["set"]])[] {
  const runs = new Set([
    RUNNING_PRICES,
    RUNNING_STEPS,
    ...runningItems("zones", running.zones),
    ...runningItems("slots", running.slots),
  ]);
  const spare = new Set([
    SPARE_PRICES,
    SPARE_STEPS,
    ...spareItems("zones", running.zones),
    ...spareItems("slots", running.slots),
  ]);
  const switches = new Set(Object.values(switchTimes));
  return Object.keys(bytes)
    .filter((di) => di !== WORD_3)
    .map((di) => [di, runs.has(di) ? "running" : spare.has(di) ? "spare" : switches.has(di) ? "switch" : "both"] as const);
}
