/** What is said of times in which nobody is cut, kept: said once, ended at most once, never edited and never deleted. */
import type { Instant } from "../kernel/clock.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { NoCutSpan, NoCutState } from "./no-cuts.ts";

export interface NoCutPage {
  readonly limit: number;
  /** The last id of the page before. */
  readonly before: string | null;
  /** At this moment; left out: of any state. */
  readonly state?: { readonly is: NoCutState; readonly at: Instant };
}

export interface NoCutStore {
  insert(tx: Transaction, span: NoCutSpan): Promise<void>;
  /** Locked until the transaction ends. */
  lock(tx: Transaction, id: string): Promise<NoCutSpan | null>;
  end(tx: Transaction, id: string, end: { readonly at: Instant; readonly by: string; readonly reason: string }): Promise<void>;
  /** Those that are not over at this moment, whether they have begun or not; in the order in which they were said. */
  open(tx: Transaction | null, now: Instant): Promise<readonly NoCutSpan[]>;
  /** Those that may have held at some moment of this span, ended since or not; in the order in which they were said. */
  during(span: { readonly from: Instant; readonly until: Instant }): Promise<readonly NoCutSpan[]>;
  /** Newest first. */
  list(page: NoCutPage): Promise<readonly NoCutSpan[]>;
  /** Some account is of this class. */
  hasClass(tx: Transaction, name: string): Promise<boolean>;
}
