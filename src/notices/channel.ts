/** The port to whatever carries notices away. It says what became of one; it knows no books, and tries nothing twice. */
import type { Instant } from "../kernel/clock.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Fen } from "../kernel/money.ts";
import type { Contact } from "./contacts.ts";
import type { Said } from "./notice.ts";
import type { NoticeKind } from "./kinds.ts";

export const channelKinds = ["file", "webhook", "smtp"] as const;
export type ChannelKind = (typeof channelKinds)[number];

export interface Message extends Said {
  /** The same for every try of the same notice: whoever hears it twice knows. */
  readonly id: string;
  /** "test": somebody tries the channel. */
  readonly kind: NoticeKind | "test";
  readonly account: AccountId | null;
  readonly name: string;
  readonly class: string | null;
  /** When it is sent. */
  readonly at: Instant;
  /** The balance that it tells; null: it is about none. */
  readonly available: Fen | null;
  readonly cutFrom: Instant | null;
  readonly contact: Contact;
}

/** `later`: not taken, and perhaps the next time; `never`: this channel will not take this one. Words are for people who look into it. */
export interface Sent {
  readonly outcome: "delivered" | "later" | "never";
  readonly words: string;
}

export interface NoticeChannel {
  readonly name: string;
  readonly kind: ChannelKind;
  /** Null: it reaches this customer; else what is missing for that. */
  missing(contact: Contact): string | null;
  /** Never throws for the world's faults; gives up when the signal says so. */
  send(message: Message, signal: AbortSignal): Promise<Sent>;
  close(): Promise<void>;
}
