/** What the ledger needs of a database. Every method joins the transaction it is given. */
import type { Fen } from "../kernel/money.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/clock.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Position } from "./ledger.ts";

export type EntryKind = "payment" | "hold" | "settle" | "release" | "charge" | "feed-in" | "correction" | "refund" | "payout";

export interface Entry {
  readonly kind: EntryKind;
  readonly reference: string;
  /** The hold this entry closes; unique, so a hold ends once. */
  readonly closes: string | null;
  readonly at: Instant;
  readonly note: string | null;
  /** Who corrected; what follows from a payment, a command or a reading names nobody. */
  readonly by?: string;
  readonly legs: readonly { readonly book: string; readonly amount: Fen }[];
}

/** One entry as an account sees it. */
export interface StatementLine {
  readonly id: bigint;
  readonly kind: EntryKind;
  readonly reference: string;
  readonly at: Instant;
  readonly available: Fen;
  readonly held: Fen;
  readonly note: string | null;
}

export interface LedgerStore {
  position(tx: Transaction | null, account: AccountId): Promise<Position>;
  /** As position, and nobody else may change it before this transaction ends. */
  lockPosition(tx: Transaction, account: AccountId): Promise<Position>;
  exists(
    tx: Transaction,
    key: { readonly kind: EntryKind; readonly reference: string; readonly closes: string | null },
  ): Promise<boolean>;
  append(tx: Transaction, entry: Entry): Promise<void>;
  statement(
    account: AccountId,
    page: { readonly limit: number; readonly before: bigint | null },
  ): Promise<readonly StatementLine[]>;
  /** Sum of the legs of one book; null: of all, which is zero. */
  total(book: string | null, tx?: Transaction): Promise<Fen>;
}
