/** What is seen of one meter when its use is reviewed, and what a list says of it. */
import type { Instant } from "../../kernel/clock.ts";
import type { AccountId, MeterAddress } from "../../kernel/ids.ts";
import type { Believed, DayRow } from "../believed.ts";
import type { DoubtRow } from "../validation-store.ts";

export interface MeterSight {
  readonly meter: MeterAddress;
  readonly account: AccountId | null;
  readonly class: string | null;
  readonly bus: string;
  readonly model: string;
  readonly relay: "unknown" | "connected" | "armed" | "disconnected";
  /** Something is left to be used, in the ledger or in the meter. */
  readonly inCredit: boolean;
  readonly createdAt: Instant;
  readonly believed: Believed | null;
  /** About which nobody has decided yet. */
  readonly doubt: DoubtRow | null;
  /** Oldest first; empty where a list does not need them. */
  readonly days: readonly DayRow[];
}

export interface ReviewRow {
  readonly meter: MeterAddress;
  readonly account: AccountId | null;
  readonly class: string | null;
  readonly bus: string;
  readonly model: string;
  /** How much it is worth a look; what it counts is the list's to say. */
  readonly score: number;
  readonly since: Instant | null;
  readonly why: string;
  readonly figures: Readonly<Record<string, string>>;
}

export interface ReviewStore {
  /** Meters in use, by address. `daysSince`: with their days from this one on; null: without. */
  sights(wish: { readonly daysSince: string | null; readonly class?: string }): Promise<readonly MeterSight[]>;
}
