/**
 * Freezes (05): kind in DI2, item in DI1, age in DI0, 01 the newest. The whole block (DI1 = FF) puts AAH behind every item; one
 * that its mode byte left out leaves only the AAH, and asked for alone it is no data. Beyond what was frozen there is no data
 * either, but for the freezes at a switch: those read zeros.
 */
import { bcd, joined } from "../bytes.ts";
import type { Kind } from "../energies.ts";
import { placeOf, TARIFFS } from "../energies.ts";
import type { Freezes, FreezeKind, Frozen } from "../freezes.ts";
import { freezeKinds } from "../freezes.ts";
import type { Life } from "../life.ts";
import { wireMinute } from "../wall-time.ts";
import { demandField, energyField } from "./energy-items.ts";
import { powerField } from "./instant-items.ts";

const SEPARATOR = Uint8Array.of(0xaa);
const ZERO_DEMAND = { value: 0, at: undefined };

/** Items by DI1 and the bit of the mode byte that asks for them. */
const items: readonly { readonly di1: number; readonly bit: number }[] = [
  { di1: 0x01, bit: 0 },
  { di1: 0x02, bit: 1 },
  { di1: 0x03, bit: 2 },
  { di1: 0x04, bit: 3 },
  { di1: 0x05, bit: 4 },
  { di1: 0x06, bit: 4 },
  { di1: 0x07, bit: 4 },
  { di1: 0x08, bit: 4 },
  { di1: 0x09, bit: 5 },
  { di1: 0x0a, bit: 6 },
  { di1: 0x10, bit: 7 },
];
/** On the hour only two totals are kept. */
const HOURLY_ITEMS = items.slice(0, 2);
const TIME = 0x00;
const ALL = 0xff;

const kinds: ReadonlyMap<string, FreezeKind> = new Map(
  Object.entries(freezeKinds).map(([kind, row]) => [row.di2, kind as FreezeKind]),
);

function nothing(life: Life, freezes: Freezes, kind: FreezeKind): Frozen {
  return {
    at: life.shown,
    mode: freezes.modes[freezeKinds[kind].mode],
    energies: [],
    forward: [],
    reverse: [],
    variables: Array.from({ length: 8 }, () => 0),
  };
}

function field(life: Life, kind: FreezeKind, frozen: Frozen, di1: number): Uint8Array {
  const tariffs = kind === "hourly" ? [0] : Array.from({ length: TARIFFS + 1 }, (_, i) => i);
  const steps = (tariff: number) => (of: Kind) => frozen.energies[placeOf(of, tariff)] ?? 0;
  if (di1 === 0x10) return joined(...frozen.variables.map(powerField));
  if (di1 === 0x09 || di1 === 0x0a) {
    const maxima = di1 === 0x09 ? frozen.forward : frozen.reverse;
    return joined(...tariffs.map((tariff) => demandField(maxima[tariff] ?? ZERO_DEMAND)));
  }
  return joined(...tariffs.map((tariff) => energyField(life, di1, steps(tariff)) ?? bcd(0, 4)));
}

export function freezeItem(life: Life, di: string): readonly Uint8Array[] | undefined {
  const kind = kinds.get(di.slice(2, 4));
  const [di1, age] = [Number.parseInt(di.slice(4, 6), 16), Number.parseInt(di.slice(6), 16)];
  if (!di.startsWith("05") || kind === undefined || age < 1 || age > freezeKinds[kind].kept) return undefined;
  const { freezes } = life;
  const kept = freezes.kept(kind, age);
  if (kept === undefined && !freezeKinds[kind].zerosBeyond) return undefined;
  const frozen = kept ?? nothing(life, freezes, kind);
  const time = kept === undefined ? new Uint8Array(5) : wireMinute(kept.at);
  if (di1 === TIME) return [time];
  const known = kind === "hourly" ? HOURLY_ITEMS : items;
  const isOn = (bit: number): boolean => ((frozen.mode >> bit) & 1) === 1;
  if (di1 === ALL) {
    const parts = known.map((item) => (isOn(item.bit) ? field(life, kind, frozen, item.di1) : new Uint8Array(0)));
    return [time, ...parts].map((part) => joined(part, SEPARATOR));
  }
  const item = known.find((each) => each.di1 === di1);
  return item !== undefined && isOn(item.bit) ? [field(life, kind, frozen, di1)] : undefined;
}
