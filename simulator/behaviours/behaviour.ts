/** A behaviour hears a request and answers, or leaves it to the next one by returning undefined. */
import type { Keeps } from "../state/keeping.ts";
import type { Frame } from "../wire.ts";
import type { VirtualMeter } from "../virtual-meter.ts";

/**
 * Control and data of a reply; "silent": heard, perhaps obeyed, but nothing is said. An answer to 11H may be of any length: what
 * fits in no frame goes on with 12H (`read-on.ts`), cut between `values` where the answer names them. `address`: spoken under
 * another name than the meter was asked by.
 */
export type Answer =
  (Pick<Frame, "control" | "data"> & { readonly values?: readonly Uint8Array[]; readonly address?: string }) | "silent";

export interface Behaviour {
  readonly name: string;
  hear(request: Frame, meter: VirtualMeter): Answer | undefined;
  /** What it remembers of its meter, if anything. */
  readonly keeps?: Keeps;
}

/** Bits of ERR, one byte (D1, D4, DC …). */
export const Err = {
  other: 0x01,
  noData: 0x02,
  unauthorised: 0x04,
  baud: 0x08,
  zones: 0x10,
  slots: 0x20,
  tariffs: 0x40,
} as const;

/** Bits of SERR, two bytes, low byte first (C3). */
export const Serr = {
  other: 0x0001,
  repeated: 0x0002,
  mac: 0x0004,
  identity: 0x0008,
  customer: 0x0010,
  count: 0x0020,
  hoarding: 0x0040,
  suspended: 0x0100,
} as const;

export const lowHigh = (word: number): [number, number] => [word & 0xff, word >> 8];
