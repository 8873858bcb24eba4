/** What notices need of a database. Writes join the transaction they are given. */
import { minutes, type Instant } from "../kernel/clock.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { NoticeKind } from "./kinds.ts";
import type { NoticeAttempt, NoticeChange, NoticeId, NoticeRecord, NoticeState, Outcome } from "./notice.ts";

/** Nothing waits longer from one try to the next; what seems to was written before the clock was set back, and is looked at now. */
export const PAUSE_MS_MAX = minutes(20);

export interface NoticeFilter {
  readonly account?: AccountId;
  readonly state?: NoticeState;
  readonly kind?: NoticeKind;
  readonly limit: number;
  readonly before?: NoticeId;
}

export interface NoticeStore {
  /** False: this account has been told so once, and never is again. */
  insert(tx: Transaction, notice: NoticeRecord): Promise<boolean>;
  /** Of these kinds the newest that this account was to be told. */
  newest(tx: Transaction | null, account: AccountId, kinds: readonly NoticeKind[]): Promise<NoticeRecord | null>;
  /** Those that wait and that no courier has in hand; answers how many. */
  cancelWaiting(
    tx: Transaction,
    account: AccountId,
    kinds: readonly NoticeKind[],
    because: string,
    now: Instant,
  ): Promise<number>;
  find(id: NoticeId): Promise<NoticeRecord | null>;
  /** Locked until the transaction ends. */
  lock(tx: Transaction, id: NoticeId): Promise<NoticeRecord | null>;
  change(tx: Transaction, id: NoticeId, change: NoticeChange): Promise<void>;
  /** Those whose time has come and that nobody has in hand; also those that would wait beyond every pause. What is said once comes last, since it is said to everybody. */
  due(now: Instant, limit: number): Promise<readonly NoticeId[]>;
  addAttempt(tx: Transaction, id: NoticeId, attempt: NoticeAttempt): Promise<void>;
  endAttempt(tx: Transaction, id: NoticeId, number: number, outcome: Outcome, words: string): Promise<void>;
  /** Oldest first. */
  attempts(id: NoticeId, tx?: Transaction): Promise<readonly NoticeAttempt[]>;
  /** Newest first. */
  list(filter: NoticeFilter): Promise<readonly NoticeRecord[]>;
  /** Who was told so, and when. */
  toldOnce(once: string): Promise<ReadonlyMap<AccountId, Instant>>;
  /** Meters whose customer stands before a final notice while none waits or has failed that came after the last payment. */
  untold(limit: number): Promise<readonly MeterAddress[]>;
  /** Waiting and failed ones by kind. */
  counts(): Promise<readonly { readonly state: NoticeState; readonly kind: string; readonly count: number }[]>;
}
