/** Something said on the wires in answer to a request: bytes, when, and in what manner the endpoint is to hand them over. */
import type { FaultKind, StandingFault } from "./faults.ts";

/** What a meter said to one request, before the wires had it. */
export interface Reply {
  readonly meter: string;
  readonly bytes: Uint8Array;
  readonly fault: FaultKind | undefined;
}

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
  /** Whose bytes these are, of several when they spoke at once; left out, no meter's that was asked. */
  readonly of?: readonly Reply[];
  /** Why they are there although nobody was asked for them. */
  readonly because?: FaultKind;
  /** The number under which the request was written down. */
  readonly re?: number;
  /** Which piece of the reply it is, counted from one, when it has several. */
  readonly piece?: number;
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
