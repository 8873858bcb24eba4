/** What may go wrong, and how often each comes against the others. */
import type { Death } from "./life.ts";

/** Of one exchange, as the street knows them. */
export const EXCHANGE = {
  "lost-reply": 10,
  "lost-request": 8,
  "late-reply": 5,
  "duplicate-reply": 3,
  "bad-checksum": 3,
  "bit-flips": 3,
  "torn-reply": 3,
  "split-reply": 2,
  "stale-reply": 2,
  "wrong-address": 1,
  "power-loss": 4,
  "expired-session": 2,
  refusal: 2,
  "refused-though-done": 1,
  "empty-acknowledgement": 3,
  "count-jump": 2,
} as const;
export type ExchangeTrouble = keyof typeof EXCHANGE;

export const TROUBLES = {
  exchange: 52,
  "dead-meter": 4,
  "stuck-relay": 3,
  "clock-jump": 1,
  "balance-moved": 2,
  "dead-line": 2,
  unplugged: 4,
  noise: 2,
  death: 10,
  overlap: 6,
  "lost-in-commit": 5,
  "database-away": 2,
  "queue-emptied": 3,
  "jobs-doubled": 3,
  "clock-set": 4,
} as const;
export type Trouble = keyof typeof TROUBLES;

/** Where a gateway dies. */
export const DEATHS: Readonly<Record<Death, number>> = {
  now: 2,
  "before-commit": 3,
  "after-commit": 3,
  "before-first-byte": 3,
  "after-last-byte": 4,
  "in-mid-exchange": 3,
};

/** After these a meter's numbers may tell nothing of an order. */
export const DOUBTFUL: ReadonlySet<string> = new Set(["count-jump", "refused-though-done"]);
