/**
 * Why a supply is cut or restored. Pure: same facts, same intent. No clock, no database, no meter.
 *
 * The order of the lines is the policy, and the tests read like it. `because` travels with the command to the receipt, the
 * console and the customer's message.
 */
import type { Fen } from "../kernel/money.ts";
import type { Instant } from "../kernel/clock.ts";

export interface Facts {
  readonly now: Instant;
  /** What the customer may still use, in the ledger. */
  readonly available: Fen;
  readonly cutBelow: Fen;
  readonly relay: "unknown" | "connected" | "armed" | "disconnected";
  readonly cutBy: "person" | "rule" | null;
  readonly protectedSupply: boolean;
  readonly identity: "unread" | "confirmed" | "quarantined";
  readonly disputed: boolean;
  /** A register was doubted, and none believed since: nobody knows what was used. */
  readonly readingInDoubt?: boolean;
  /** When the energy that was charged last was read; null: never. */
  readonly readAt: Instant | null;
  readonly freshMs: number;
  /** Why nobody is cut at this moment, or null. */
  readonly protectedTime: string | null;
}

export interface Intent {
  readonly want: "connected" | "disconnected" | "as-is";
  readonly because: string;
}

/** A reading from the future was taken before the clock went back: its age is not known. */
const CLOCK_SLACK_MS = 60_000;

export function decide(f: Facts): Intent {
  if (f.identity === "quarantined") return { want: "as-is", because: "meter-quarantined" }; // whose supply would it be?
  if (f.cutBy === "person") return { want: "as-is", because: "cut-by-person" }; // someone may be working on that line
  if (f.protectedSupply) return { want: "connected", because: "supply-protected" };
  if (f.available > f.cutBelow) return { want: "connected", because: "in-credit" };
  if (f.available === f.cutBelow) return { want: "as-is", because: "nothing-left" }; // not in arrears, not in credit
  if (f.disputed) return { want: "as-is", because: "account-disputed" };
  if (f.relay === "disconnected") return { want: "disconnected", because: "credit-exhausted" };
  if (f.readingInDoubt === true) return { want: "as-is", because: "reading-in-doubt" };
  if (f.readAt === null || f.now - f.readAt > f.freshMs || f.now < f.readAt - CLOCK_SLACK_MS)
    return { want: "as-is", because: "reading-stale" };
  if (f.protectedTime !== null) return { want: "as-is", because: f.protectedTime };
  return { want: "disconnected", because: "credit-exhausted" };
}

/**
 * An armed relay counts as connected: what is left to do is the customer's. A relay that still conducts while its order says
 * disconnect (a trip delay runs, the current is too high) does not: it will open although it was paid.
 */
export const fulfils = (
  seen: { readonly relay: Facts["relay"]; readonly order: "connect" | "disconnect" | null },
  want: Intent["want"],
): boolean => {
  if (want === "as-is") return true;
  if (want === "disconnected") return seen.relay === "disconnected";
  return (seen.relay === "connected" || seen.relay === "armed") && seen.order !== "disconnect";
};
