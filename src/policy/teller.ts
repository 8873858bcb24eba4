/** Whoever tells customers what the rules have come to: it joins the transaction of the look, and finds in it what stood before. */
import type { Transaction } from "../kernel/transaction.ts";
import type { Look } from "./standing.ts";

export interface Teller {
  looked(tx: Transaction, look: Look): Promise<void>;
}
