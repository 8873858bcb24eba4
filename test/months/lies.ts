/**
 * False registers, as one kind after the other has been seen in the field: what a meter says is changed on its way, its own registers stay
 * true. Frames are read and written with the street's small codec, so that the gateway's own cannot agree with it by mistake.
 */
import { FrameReader, writeFrame, dataItemOf, type HeardFrame } from "../../simulator/wire.ts";
import { reversed, fromHex, hex } from "../../simulator/bytes.ts";

/** How often each is drawn against the others. */
export const lieKinds = {
  /** The sign bit of the highest byte is set. */
  negative: 1,
  backwards: 2,
  /** The register has begun anew at nothing. */
  "rolled-over": 2,
  /** More than the meter could have turned. */
  jump: 2,
  /** A hundred kWh too many: possible for its wires, absurd for its household. */
  "too-much": 2,
  /** A digit from A to F. */
  "not-a-number": 1,
} as const;
export type LieKind = keyof typeof lieKinds;

const DIGITS = 8;
const ENERGY_BYTES = 4;

const withDigits = (value: number): string => String(Math.min(99_999_999, Math.max(0, value))).padStart(DIGITS, "0");

/** Eight digits as the meter meant them → as they arrive. Different from the truth in every case. */
export function falsified(kind: LieKind, digits: string): string {
  const value = Number(digits);
  switch (kind) {
    case "negative":
      return `8${digits.slice(1)}`;
    case "backwards":
      return withDigits(Math.floor(value * 0.9));
    case "rolled-over":
      return withDigits(37);
    case "jump":
      return withDigits(value + 900_000);
    case "too-much":
      return withDigits(value + 10_000);
    case "not-a-number":
      return `${digits.slice(0, 3)}A${digits.slice(4)}`;
  }
}

/** What is lied about: an answer with the register of this moment, or one with what was kept at midnight. */
export const isAbout = {
  poll: (di: string): boolean => /^0001(00|FF)00$/.test(di),
  freeze: (di: string): boolean => /^050601/.test(di),
} as const;

/** The one frame in these bytes, if they are exactly one answer to a read. */
export function answerIn(bytes: Uint8Array): (HeardFrame & { readonly di: string }) | null {
  let stray = 0;
  const reader = new FrameReader((noise) => (stray += noise.length));
  const [frame, second] = reader.push(bytes, 0);
  reader.end();
  if (frame === undefined || second !== undefined || stray > 0 || frame.control !== 0x91 || frame.data.length < 8) return null;
  return { ...frame, di: dataItemOf(frame.data).toUpperCase() };
}

/** The same answer with another first register; null: it says none (FF), or not this kind of thing. */
export const lied = (kind: LieKind, frame: HeardFrame): Lied | null => saying((digits) => falsified(kind, digits), frame);

/** So many hundredths of a kilowatt-hour more than the meter meant; of a midnight its first rate agrees. */
export const liedBy = (steps: number, frame: HeardFrame): Lied | null => {
  const more = (digits: string): string => withDigits(Number(digits) + steps);
  const total = saying(more, frame);
  const hasRates = frame.data.length > 4 + ENERGY_BYTES;
  return total === null || !hasRates ? total : { ...saying(more, answerIn(total.bytes)!, 1)!, said: total.said };
};

interface Lied {
  readonly bytes: Uint8Array;
  /** Eight digits. */
  readonly said: string;
}

/** `place`: of a block, the total first. */
function saying(what: (digits: string) => string, frame: HeardFrame, place = 0): Lied | null {
  const from = 4 + place * ENERGY_BYTES;
  const digits = hex(reversed(frame.data.subarray(from, from + ENERGY_BYTES)));
  if (!/^\d{8}$/.test(digits)) return null;
  const said = what(digits);
  const data = Uint8Array.from(frame.data);
  data.set(reversed(fromHex(said)), from);
  return { bytes: writeFrame({ address: frame.address, control: frame.control, data }), said };
}
