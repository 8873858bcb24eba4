/** Something said on the wires in answer to a request: bytes, when, and in what manner the endpoint is to hand them over. */
import type { StandingFault } from "./faults.ts";

export interface Spoken {
  readonly bytes: Uint8Array;
  /** So much later than usual, and the wires are free meanwhile. */
  readonly lateMs: number;
  /** Silence before these bytes, during which the wires are taken. */
  readonly afterMs: number;
  /** A fault that the endpoint has to carry out, in whose hands the bytes are now. */
  readonly manner?: StandingFault | undefined;
  /** The bytes were on the wires together with the request: they cost no time of their own. */
  readonly isEcho?: true;
}

export const spoken = (bytes: Uint8Array, when: Partial<Omit<Spoken, "bytes">> = {}): Spoken => ({
  bytes,
  lateMs: 0,
  afterMs: 0,
  ...when,
});

/** Two talk at once: the driven level wins, bit by bit, and nothing that can be read is left. */
export function superposed(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0xff) & (b[i] ?? 0xff));
}
