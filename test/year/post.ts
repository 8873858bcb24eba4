/**
 * Whoever carries messages to customers, in memory: what is delivered is handed to whom it is for at once, and written down for whoever
 * judges. When the carrier is out of order it says `later`, as a mail server does that is down.
 */
import type { Clock } from "../../src/kernel/clock.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import type { Message, NoticeChannel } from "../../src/notices/channel.ts";

export interface Delivered {
  readonly at: number;
  readonly kind: Message["kind"];
  /** Fen. */
  readonly available: number | null;
  readonly cutFrom: number | null;
}

export class Post {
  readonly #clock: Clock;
  readonly #told = new Map<AccountId, Delivered[]>();
  readonly #readers: ((account: AccountId, message: Delivered) => void)[] = [];
  isOutOfOrder = false;
  /** In this year. */
  count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  reads(reader: (account: AccountId, message: Delivered) => void): void {
    this.#readers.push(reader);
  }

  /** Oldest first. */
  toldTo(account: AccountId): readonly Delivered[] {
    return this.#told.get(account) ?? [];
  }

  get channel(): NoticeChannel {
    return {
      ...{ name: "post", kind: "webhook", missing: ({ phone }) => (phone === undefined ? "a phone number" : null) },
      send: ({ account, kind, available, cutFrom }) => {
        if (this.isOutOfOrder) return Promise.resolve({ outcome: "later", words: "out of order" });
        if (account !== null) {
          const message = { at: this.#clock.now(), kind, available: available === null ? null : Number(available), cutFrom };
          this.#told.set(account, [...(this.#told.get(account) ?? []), message]);
          this.count += 1;
          for (const reader of this.#readers) reader(account, message);
        }
        return Promise.resolve({ outcome: "delivered", words: "delivered" });
      },
      close: () => Promise.resolve(),
    };
  }
}
