/** Who is told, in the same transaction, that cuts are held back or that a list waits: what needs a person. Left out: nobody. */
import type { Transaction } from "../kernel/transaction.ts";
import type { CutBatch, Halt } from "./guard-store.ts";

export interface CutAlarms {
  halted(tx: Transaction, halt: Halt): Promise<void>;
  released(tx: Transaction, halt: Halt): Promise<void>;
  /** It waits for two persons; `members`: how many supplies. */
  proposed(tx: Transaction, batch: CutBatch, members: number): Promise<void>;
  /** Approved, declined, done, or ended otherwise: `because` then says why. */
  settled(tx: Transaction, batch: CutBatch): Promise<void>;
}
