/** How far a long piece of work is: a share between 0 and 1, what passed until now, and how long it will still take at this pace. Pure. */
export interface Pace {
  readonly what: string;
  /** 0 to 1; an estimate. */
  readonly share: number;
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** Null: too early to say. */
  readonly leftMs: number | null;
}

export type Tell = (pace: Pace) => void;

/** Shorter than this tells nothing of what comes. */
const EARLY_MS = 300;

export function paceOf(what: string, share: number, bytes: number, lastedMs: number): Pace {
  const early = lastedMs < EARLY_MS || share <= 0;
  return {
    what,
    share: Math.min(1, share),
    bytes,
    bytesPerSecond: lastedMs <= 0 ? 0 : (bytes * 1_000) / lastedMs,
    leftMs: early ? null : (lastedMs * (1 - Math.min(1, share))) / share,
  };
}
