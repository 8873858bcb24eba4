/** What the rules need of a database: the picture of one remote account, or of all of them. */
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Fen } from "../kernel/money.ts";
import type { Instant } from "../kernel/clock.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Facts, Intent } from "./rules.ts";

export interface RemoteMeter {
  readonly meter: MeterAddress;
  readonly account: AccountId;
  readonly available: Fen;
  readonly relay: Facts["relay"];
  /** Bit 6 of word 3 as last seen. */
  readonly order: "connect" | "disconnect" | null;
  readonly cutBy: Facts["cutBy"];
  readonly protectedSupply: boolean;
  readonly identity: Facts["identity"];
  readonly disputed: boolean;
  /** A register of it was doubted, and none believed since. */
  readonly readingInDoubt?: boolean;
  /** When the newest believed register was read; what was estimated after it does not count. */
  readonly readAt: Instant | null;
  /** An automatic cut of this meter has been accepted and has not left. */
  readonly cutWaiting: boolean;
}

export interface PolicyStore {
  remoteMeters(): Promise<readonly RemoteMeter[]>;
  /** Inside a transaction the meter's row is locked. */
  remoteMeter(tx: Transaction | null, meter: MeterAddress): Promise<RemoteMeter | null>;
  /** The last thing the rules said about this meter. */
  lastIntent(tx: Transaction | null, meter: MeterAddress): Promise<Intent | null>;
  keepIntent(
    tx: Transaction,
    meter: MeterAddress,
    intent: Intent,
    shadow: boolean,
    facts: Readonly<Record<string, unknown>>,
    at: Instant,
  ): Promise<void>;
}
