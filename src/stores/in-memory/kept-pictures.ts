/**
 * Pictures of meters as committed rows show them, each kept until one of the rows is committed anew from which it was made: the rules look
 * at everybody every few minutes, and of a thousand meters few have anything new.
 *
 * A row tells by itself whose picture it is part of: a meter's, or that of the meter which hangs at an account. Which meter hangs where is
 * the meter's own row, and when that changes its own picture goes. A transaction is never shown a kept one: it may have words of its own.
 */
import type { AccountId, MeterAddress } from "../../kernel/ids.ts";
import type { RemoteMeter } from "../../policy/policy-store.ts";
import type { Books } from "./tables.ts";

/** Rows outlive a gateway, and so does what was made of them. */
const ofBooks = new WeakMap<Books, KeptPictures>();

export class KeptPictures {
  readonly #kept = new Map<MeterAddress, RemoteMeter | null>();

  static of(books: Books): KeptPictures {
    let kept = ofBooks.get(books);
    if (kept === undefined) ofBooks.set(books, (kept = new KeptPictures(books)));
    return kept;
  }

  private constructor(books: Books) {
    const meter = (address: MeterAddress): void => void this.#kept.delete(address);
    const account = (id: AccountId): void => {
      const hanging = books.meters.findBy(null, "one_meter_per_account", id);
      if (hanging !== undefined) meter(hanging.book.address);
    };
    books.meters.whenChanged(({ book }) => meter(book.address));
    books.commands.whenChanged(({ command }) => meter(command.meter));
    books.believed.whenChanged((row) => meter(row.meter));
    books.doubts.whenChanged((row) => meter(row.meter));
    books.standings.whenChanged((row) => meter(row.meter));
    books.billing.whenChanged((row) => meter(row.meter));
    books.billedDays.whenChanged((row) => {
      meter(row.meter);
      account(row.account);
    });
    books.accounts.whenChanged((row) => account(row.account));
    books.positions.whenChanged(({ book }) => account(book.slice(book.indexOf("/") + 1) as AccountId));
    books.payments.whenChanged((row) => account(row.account));
    books.exemptions.whenChanged((row) => account(row.account));
    books.notices.whenChanged(({ notice }) => account(notice.account));
  }

  /** Null is a picture too: there is nothing to decide about this meter. */
  ask(meter: MeterAddress, take: () => RemoteMeter | null): RemoteMeter | null {
    let picture = this.#kept.get(meter);
    if (picture === undefined) this.#kept.set(meter, (picture = take()));
    return picture;
  }
}
