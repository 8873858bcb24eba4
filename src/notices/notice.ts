/**
 * One thing that one customer is to be told, and what became of it.
 *
 *     waiting ──► delivered     a channel took it: the one moment from which the rules count
 *        │  ▲
 *        │  └── later           tried again with a growing pause, as long as it is worth telling
 *        ├────► cancelled       no longer so before it left: paid, superseded, over
 *        └────► failed          nobody took it in time, or nobody can be reached: an item for a person, who may have it tried again
 *
 * Outwards it is sent at least once, always under the same id; in the books it is delivered at most once.
 */
import type { Brand } from "../kernel/brand.ts";
import type { Instant } from "../kernel/clock.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Fen } from "../kernel/money.ts";
import type { Language } from "./templates.ts";
import type { NoticeKind } from "./kinds.ts";

export type NoticeId = Brand<string, "NoticeId">;
export const NoticeId = (text: string): NoticeId => text as NoticeId;

export const noticeStates = ["waiting", "delivered", "failed", "cancelled"] as const;
export type NoticeState = (typeof noticeStates)[number];

/** What its text is filled with beside the balance; moments in milliseconds. */
export interface Details {
  /** Of a forecast. */
  readonly days?: number;
  /** Of an outage. */
  readonly from?: number;
  readonly to?: number;
  readonly reason?: string;
}

export interface Said {
  readonly language: Language;
  readonly subject: string;
  readonly text: string;
}

export interface NoticeRecord {
  readonly id: NoticeId;
  readonly account: AccountId;
  /** Null: it is about no meter. */
  readonly meter: MeterAddress | null;
  readonly kind: NoticeKind;
  /** When it became true. */
  readonly at: Instant;
  /** The balance that it tells. */
  readonly available: Fen;
  readonly details: Details;
  /** Said once to an account for ever; null: the teller decides. */
  readonly once: string | null;
  readonly state: NoticeState;
  /** Why it was cancelled or failed. */
  readonly because: string | null;
  readonly delivered: Instant | null;
  /** The channel that took it. */
  readonly channel: string | null;
  /** As it was worded when it was sent last. */
  readonly said: Said | null;
  readonly notAfter: Instant;
  /** When the courier looks at it; null: no more. */
  readonly nextAt: Instant | null;
  /** A courier has it in hand until then; after that it is dead. */
  readonly takenUntil: Instant | null;
  /** What channels said before this moment does not count: somebody has mended something. */
  readonly triesFrom: Instant;
  readonly tries: number;
}

export type NoticeChange = Partial<
  Pick<
    NoticeRecord,
    "state" | "because" | "delivered" | "channel" | "said" | "notAfter" | "nextAt" | "takenUntil" | "triesFrom" | "tries"
  >
>;

/** `begun`: written before the first byte left; a courier that died then leaves it so. */
export type Outcome = "begun" | "delivered" | "later" | "never";

export interface NoticeAttempt {
  readonly number: number;
  readonly at: Instant;
  readonly channel: string;
  readonly outcome: Outcome;
  /** What the channel said, without anybody's number or address; null: nothing yet. */
  readonly words: string | null;
}
