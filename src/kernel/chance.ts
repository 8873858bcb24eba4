/**
 * Chance is given, never taken. Production hands in the machine's entropy; tests and the simulator hand in a seed, and a
 * failure found at seed 4711 is found there again tomorrow.
 */
import { createHash, randomBytes } from "node:crypto";

export interface Chance {
  /** 0 ≤ n < 1. */
  next(): number;
  bytes(count: number): Uint8Array;
  /** A generator of its own for a named part, so that one part asking more often does not change another's luck. */
  child(name: string): Chance;
}

export const systemChance: Chance = {
  next: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  bytes: (count) => new Uint8Array(randomBytes(count)),
  child: () => systemChance,
};

/** mulberry32: small, fast, good enough for weather; never for keys. */
export function seededChance(seed: number | string): Chance {
  let state = createHash("sha256").update(String(seed)).digest().readUInt32LE(0);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)),
    child: (name) => seededChance(`${String(seed)}/${name}`),
  };
}
