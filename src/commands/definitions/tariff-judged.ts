/**
 * What a look says of a tariff that was written (tariff-steps.ts), held against what was found before the first byte: what is there,
 * what is missing, what moved that nobody wrote. Pure.
 */
import { differences, isSwitchSet, type ByteDifference } from "../../devices/meter-tariff/difference.ts";
import {
  RUNNING_PRICES,
  RUNNING_STEPS,
  SPARE_PRICES,
  SPARE_STEPS,
  SWITCH_OFF,
  switchTimes,
} from "../../devices/meter-tariff/items.ts";
import type { TariffPicture } from "../../devices/meter-tariff/picture.ts";
import type { Before } from "../definition.ts";

/** What the look found and chose; stored with the attempt before the first byte leaves. */
export interface TariffBefore extends Before {
  readonly switchAt: string;
  /** By our clock: later nothing is written, since a switch is near, this one or one that stood there before. */
  readonly writeUntil: number;
  /** Wanted, by identifier, hex as it travels. */
  readonly spare: Readonly<Record<string, string>>;
  readonly times: Readonly<Record<string, string>>;
  /** What runs, and what must not change by any of this. */
  readonly untouched: Readonly<Record<string, string>>;
  /** All of it as it stood. */
  readonly was: Readonly<Record<string, string>>;
  /** Which places the tables that run stood in. */
  readonly running: { readonly zones: number | null; readonly slots: number | null };
  /** Switch times of another switch, which are taken back first. */
  readonly withdraw: readonly string[];
}

export interface Judged {
  readonly spare: readonly ByteDifference[];
  readonly times: readonly ByteDifference[];
  /** Switch times of another switch that were to be taken back, and stand. */
  readonly withdrawn: readonly ByteDifference[];
  readonly untouched: readonly ByteDifference[];
}

type Bytes = Pick<TariffPicture, "bytes">;

/** Byte by byte. */
export const judge = ({ spare, times, untouched, withdraw }: TariffBefore, { bytes }: Bytes): Judged => ({
  spare: differences(spare, bytes),
  times: differences(times, bytes),
  withdrawn: differences(
    Object.fromEntries(withdraw.filter((di) => times[di] === undefined && isSwitchSet(bytes[di])).map((di) => [di, SWITCH_OFF])),
    bytes,
  ),
  untouched: differences(untouched, bytes),
});

/** The tables that ran at the look run now: else what was spare then is what the meter deducts by. */
export const runsWhereItRan = ({ running }: TariffBefore, now: Pick<TariffPicture, "running">): boolean =>
  now.running.zones === running.zones && now.running.slots === running.slots;

/** Nothing of ours stands in the meter, and the other switch, where there was one, is whole. */
export const isAsItWas = ({ spare, times, withdraw, was }: TariffBefore, { bytes }: Bytes): boolean =>
  [...Object.keys({ ...spare, ...times }), ...withdraw].every((di) => bytes[di] === was[di]);

/** Something stands neither as it stood nor as it should: a write was taken by halves, or a switch of before is gone. */
export const hasMoved = ({ spare, times, was, withdraw }: TariffBefore, { bytes }: Bytes): boolean =>
  withdraw.some((di) => bytes[di] !== was[di]) ||
  differences({ ...spare, ...times }, bytes).some(
    ({ item, found }) => found !== (was[item] ?? null) && !isTakenBack(item, found),
  );
const isTakenBack = (item: string, found: string | null): boolean =>
  Object.values(switchTimes).includes(item) && found !== null && /^(00)+$/.test(found);

/** Which items say that the set that was spare runs: prices and steps change places, tables keep theirs. */
const RUNS_AS: Readonly<Record<string, string>> = { [SPARE_PRICES]: RUNNING_PRICES, [SPARE_STEPS]: RUNNING_STEPS };
export function hasSwitched({ spare, running, switchAt }: TariffBefore, picture: TariffPicture): boolean {
  if (picture.shown === null || picture.shown < switchAt) return false;
  const wanted = Object.fromEntries(Object.entries(spare).map(([di, hex]) => [RUNS_AS[di] ?? di, hex]));
  const turned = (["zones", "slots"] as const).every(
    (kind) => !writes(spare, kind, running) || picture.running[kind] !== running[kind],
  );
  return turned && differences(wanted, picture.bytes).length === 0;
}
/** A version with one price leaves the tables where they are. */
const writes = (spare: TariffBefore["spare"], kind: "zones" | "slots", { [kind]: place }: TariffBefore["running"]): boolean =>
  Object.keys(spare).some(
    (di) => di.startsWith(place === 0 ? "0402" : "0401") && (di.endsWith("0000") ? kind === "zones" : kind === "slots"),
  );
