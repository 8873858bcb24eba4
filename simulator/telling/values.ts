/**
 * How the value of a data item is said: digits with their unit, a date, or the bits that are set. What has no digits where digits
 * belong is shown as bytes; FF everywhere means that the meter has nothing to say.
 */
import { bcdDigits, fromBinary, hex, reversed } from "../bytes.ts";
import { bitsSet, relayBits, type BitTable } from "./bits.ts";

/** One sentence for engineers, one for the staff. */
export interface Said {
  readonly en: string;
  readonly zh: string;
}
export type Form = (bytes: Uint8Array) => Said;

const both = (text: string): Said => ({ en: text, zh: text });
const raw: Form = (bytes) => both(hex(reversed(bytes)));
const isNothing = (bytes: Uint8Array): boolean => bytes.length > 0 && bytes.every((byte) => byte === 0xff);
const NOTHING: Said = { en: "no data", zh: "无数据" };

const orRaw =
  (size: number, say: (digits: string) => Said | undefined): Form =>
  (bytes) => {
    if (isNothing(bytes)) return NOTHING;
    const digits = bytes.length === size ? bcdDigits(bytes) : undefined;
    return (digits === undefined ? undefined : say(digits)) ?? raw(bytes);
  };

/** "00012345", 2 → "123.45" */
function decimal(digits: string, places: number): string {
  const whole = digits.slice(0, digits.length - places).replace(/^0+(?=\d)/, "");
  return places === 0 ? whole : `${whole}.${digits.slice(digits.length - places)}`;
}

const withUnit = (text: string, unit: readonly [string, string] | string): Said =>
  typeof unit === "string" ? both(unit === "" ? text : `${text} ${unit}`) : { en: `${text} ${unit[0]}`, zh: `${text}${unit[1]}` };

const number =
  (size: number, places: number, unit: readonly [string, string] | string): Form =>
  (bytes) =>
    orRaw(size, (digits) => withUnit(decimal(digits, places), unit))(bytes);

/** The top bit of the highest byte is the sign, the rest stays BCD. */
const signed = (size: number, places: number, unit: string): Form => {
  const plain = number(size, places, unit);
  return (bytes) => {
    if (isNothing(bytes) || bytes.length !== size || bytes[size - 1]! < 0x80) return plain(bytes);
    const positive = Uint8Array.from(bytes);
    positive[size - 1]! &= 0x7f;
    const { en, zh } = plain(positive);
    return { en: `-${en}`, zh: `-${zh}` };
  };
};

const word =
  (table: BitTable): Form =>
  (bytes) => {
    const set = bitsSet(Number(fromBinary(bytes.slice(0, 2))), table);
    const value = `${hex(reversed(bytes))}H`;
    return { en: [value, ...set.map(({ en }) => en)].join(", "), zh: [value, ...set.map(({ zh }) => zh)].join("、") };
  };

const YUAN = ["yuan", "元"] as const;
const moment = (d: string): string => `20${d.slice(0, 2)}-${d.slice(2, 4)}-${d.slice(4, 6)}`;
const clockTime = (d: string): string => (d.match(/../g) ?? []).join(":");

export const forms = {
  energy: number(4, 2, "kWh"),
  signedEnergy: signed(4, 2, "kWh"),
  energies: (bytes: Uint8Array): Said =>
    bytes.length % 4 !== 0
      ? raw(bytes)
      : both(Array.from({ length: bytes.length / 4 }, (_, i) => forms.energy(bytes.slice(i * 4, i * 4 + 4)).en).join(" / ")),
  money: number(4, 2, YUAN),
  price: number(4, 4, ["yuan/kWh", "元/kWh"]),
  volts: number(2, 1, "V"),
  amps: signed(3, 3, "A"),
  kilowatts: signed(3, 4, "kW"),
  kilovars: signed(3, 4, "kvar"),
  factor: signed(2, 3, ""),
  hertz: number(2, 2, "Hz"),
  degrees: signed(2, 1, "°C"),
  battery: number(2, 2, "V"),
  minutes: number(2, 0, ["min", "分钟"]),
  count: number(3, 0, ["times", "次"]),
  purchases: number(2, 0, ["purchases", "次"]),
  digits12: orRaw(6, both),
  date: orRaw(4, (d) => both(moment(d))),
  time: orRaw(3, (d) => both(clockTime(d))),
  dateTime: orRaw(7, (d) => both(`${moment(d)} ${clockTime(d.slice(8))}`)),
  stamp: orRaw(6, (d) => both(`${moment(d)} ${clockTime(d.slice(6))}`)),
  minute: orRaw(5, (d) => both(`${moment(d)} ${clockTime(d.slice(6))}`)),
  dayHour: orRaw(2, (d) => both(d === "9999" ? "-" : `${d.slice(0, 2)} ${d.slice(2)}:00`)),
  relayWord: word(relayBits),
  bits: (bytes: Uint8Array): Said => both(`${hex(reversed(bytes))}H`),
  bytes: raw,
} as const satisfies Record<string, Form>;

/** Unsigned binary, as amounts and counts of 03H travel. */
export const binaryMoney = (bytes: Uint8Array): Said => {
  const digits = fromBinary(bytes).toString().padStart(3, "0");
  return withUnit(decimal(digits, 2), YUAN);
};
export const binaryCount = (bytes: Uint8Array): string => fromBinary(bytes).toString();
