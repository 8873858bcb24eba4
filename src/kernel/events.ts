/**
 * What can be announced. An announcement is written to the outbox in the transaction that made it true, and delivered at
 * least once afterwards; whoever listens must not mind hearing it twice.
 */
import type { AccountId, CommandId, MeterAddress, PaymentId } from "./ids.ts";
import type { Transaction } from "./transaction.ts";

export type Announcement =
  | {
      readonly type: "command";
      readonly id: CommandId;
      readonly meter: MeterAddress;
      readonly kind: string;
      readonly state: string;
    }
  | { readonly type: "payment"; readonly id: PaymentId; readonly account: AccountId; readonly state: string }
  /** `mode`: its money is the ledger's from now on. */
  | { readonly type: "account"; readonly account: AccountId; readonly mode?: "remote" }
  | { readonly type: "meter"; readonly address: MeterAddress }
  | { readonly type: "reading"; readonly meter: MeterAddress; readonly item: string; readonly value: string | null }
  | { readonly type: "exception"; readonly id: string; readonly kind: string; readonly state: "open" | "closed" }
  /** An account has come to another stage of its strategy: somebody may have to be told. */
  | {
      readonly type: "policy";
      readonly account: AccountId;
      readonly meter: MeterAddress;
      readonly stage: string;
      readonly want: string;
      readonly because: string;
    }
  /** An emergency stop, the brake of the automatic cut, a list of cuts that waits for two persons, or a time in which nobody is cut. */
  | { readonly type: "cuts"; readonly about: "stop" | "brake" | "batch" | "no-cut"; readonly id: string; readonly state: string }
  /** The meter wrote it down by itself; `at` by its own clock, ISO 8601. */
  | { readonly type: "event"; readonly meter: MeterAddress; readonly event: string; readonly at: string | null }
  | {
      readonly type: "intent";
      readonly meter: MeterAddress;
      readonly want: string;
      readonly because: string;
      readonly shadow: boolean;
    };

export interface Outbox {
  /** Joins the transaction; delivered after its commit. */
  announce(tx: Transaction, event: Announcement): Promise<void>;
  /** Asks for a worker to look at this command, after the commit. */
  wake(tx: Transaction, command: CommandId): Promise<void>;
}
