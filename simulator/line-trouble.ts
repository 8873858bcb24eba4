/**
 * What the wires do to every byte while something is wrong with them, towards the meters and back. A pseudo-terminal or a socket
 * knows nothing of the far side's speed and parity, so a mismatch is a fault here; what it makes of the bytes is worked out
 * level by level (`uart.ts`).
 */
import type { Chance } from "../src/kernel/chance.ts";
import type { FaultKind, FaultShelf, StandingFault } from "./faults.ts";
import { actsOn, setting } from "./faults.ts";
import type { HeardByte, LineSettings } from "./uart.ts";
import { heardOver } from "./uart.ts";

export interface Line {
  readonly baud: number;
  readonly chance: Chance;
}
export type Way = "to-meter" | "from-meter";
type Trouble = (bytes: Uint8Array, way: Way, fault: StandingFault, line: Line) => Uint8Array;

const PARITY_OF_METERS = "even";

/** A meter's port drops what is not intact; the far side's hands on whatever it has sampled. */
const taken = (heard: readonly HeardByte[], way: Way): Uint8Array =>
  Uint8Array.from(heard.filter(({ isIntact }) => isIntact || way === "from-meter").map(({ value }) => value));

const mismatched =
  (farSide: (fault: StandingFault, meters: LineSettings) => LineSettings, isReversed = false): Trouble =>
  (bytes, way, fault, { baud }) => {
    const meters: LineSettings = { baud, parity: PARITY_OF_METERS };
    const far = farSide(fault, meters);
    const heard = way === "to-meter" ? heardOver(bytes, far, meters, isReversed) : heardOver(bytes, meters, far, isReversed);
    return taken(heard, way);
  };

const nothing: Trouble = () => new Uint8Array(0);

const oneWay =
  (trouble: Trouble): Trouble =>
  (bytes, way, fault, line) => {
    const direction = setting(fault, "direction");
    return direction === "both" || direction === way ? trouble(bytes, way, fault, line) : bytes;
  };

const troubles: Readonly<Partial<Record<FaultKind, Trouble>>> = {
  "half-open": nothing,
  "bus-short": (bytes, way, fault, { chance }) => (way === "to-meter" ? new Uint8Array(0) : shorted(bytes, fault, chance)),
  "bit-errors": oneWay((bytes, _way, fault, { chance }) => {
    const rate = setting(fault, "rate");
    return bytes.map((byte) => {
      let turned = byte;
      for (let bit = 1; bit < 0x100; bit <<= 1) if (chance.next() < rate) turned ^= bit;
      return turned;
    });
  }),
  "frame-loss": oneWay((bytes, _way, fault, { chance }) => (chance.next() < setting(fault, "rate") ? new Uint8Array(0) : bytes)),
  "baud-mismatch": oneWay(mismatched((fault, meters) => ({ ...meters, baud: setting(fault, "baud") }))),
  "parity-mismatch": oneWay(mismatched((fault, meters) => ({ ...meters, parity: setting(fault, "parity") }))),
  "swapped-wires": mismatched((_fault, meters) => meters, true),
};

/** Whether bytes may come out of the wires on this way as others than they went in. */
export const touchesBytes = ({ kind, direction = "both" }: StandingFault, way: Way): boolean =>
  troubles[kind] !== undefined && (direction === "both" || direction === way);

/** For every byte said, what everybody hears of it on wires that touch. */
export const shorted = (bytes: Uint8Array, fault: StandingFault, chance: Chance): Uint8Array =>
  setting(fault, "fill") === "zeros" ? new Uint8Array(bytes.length) : chance.bytes(bytes.length);

/** The bytes as they come out at the other end; none when nothing does. */
export function carried(bytes: Uint8Array, way: Way, shelf: FaultShelf, line: Line): Uint8Array {
  let out = bytes;
  for (const fault of shelf.standing)
    if (actsOn(fault.kind) === "line") out = troubles[fault.kind]?.(out, way, fault, line) ?? out;
  return out;
}
