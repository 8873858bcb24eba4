/** Two pictures of a meter's tariff beside each other, byte by byte: what differs, and where. Pure. */
import { setKinds, switchTimes, type SetKind } from "./items.ts";
import { fellWithin, isNear } from "./moment.ts";
import { digitsOf, type TariffPicture } from "./picture.ts";

export interface ByteDifference {
  readonly item: string;
  /** Hex in the order of the wire; null: the meter does not show it. */
  readonly wanted: string;
  readonly found: string | null;
  /** Places of the bytes that differ, from 0; empty where nothing was shown. */
  readonly at: readonly number[];
}

type Bytes = Readonly<Record<string, string>>;

export function differences(wanted: Bytes, found: Bytes): readonly ByteDifference[] {
  return Object.entries(wanted).flatMap(([item, bytes]) => {
    const shown = found[item] ?? null;
    return shown === bytes ? [] : [{ item, wanted: bytes, found: shown, at: placesOf(bytes, shown) }];
  });
}

function placesOf(wanted: string, found: string | null): readonly number[] {
  if (found === null) return [];
  const length = Math.max(wanted.length, found.length) / 2;
  const byteAt = (text: string, i: number): string => text.slice(i * 2, i * 2 + 2);
  return Array.from({ length }, (_, i) => i).filter((i) => byteAt(wanted, i) !== byteAt(found, i));
}

/** Of what stands in `bytes`, these items. */
export const only = (bytes: Bytes, items: Iterable<string>): Record<string, string> =>
  Object.fromEntries([...items].flatMap((item) => (bytes[item] === undefined ? [] : [[item, bytes[item]]])));

/** The switch times that are set, whether they have come or not; all 00 or all 99 is never. */
export function switchesIn(bytes: Bytes): Partial<Record<SetKind, string>> {
  return Object.fromEntries(
    setKinds.flatMap((kind) => {
      const wire = bytes[switchTimes[kind]];
      const at = wire === undefined ? "" : digitsOf(wire);
      return /^\d{10}$/.test(at) && isSwitchSet(wire) ? [[kind, at]] : [];
    }),
  );
}
export const isSwitchSet = (wire: string | undefined): boolean => wire !== undefined && !/^(00)+$|^(99)+$/.test(wire);

/** A switch that is still to come, by the meter's own clock; what has passed has switched. */
export const pendingIn = ({ bytes }: Pick<TariffPicture, "bytes">, nowShown: string): Partial<Record<SetKind, string>> =>
  Object.fromEntries(Object.entries(switchesIn(bytes)).filter(([, at]) => at > nowShown));

/** A switch of whatever origin so near to this look that nobody can say which set runs when it is written; null: none. */
export function nearSwitchIn({ bytes, shown, begunAt, takenAt }: TariffPicture): string | null {
  if (shown === null) return null;
  return Object.values(switchesIn(bytes)).find((at) => isNear(at, shown, takenAt - begunAt)) ?? null;
}

/** A switch came while this was read: half of it is of the time before. */
export const straddlesSwitch = ({ bytes, shown, begunAt, takenAt }: TariffPicture): boolean =>
  shown !== null && Object.values(switchesIn(bytes)).some((at) => fellWithin(at, shown, takenAt - begunAt));
