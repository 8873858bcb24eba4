/**
 * A mistake in the books is corrected by a further entry, between named books, with a reason and a name; nothing is ever
 * changed. These are the pure rules of such an entry: two legs or more, each book once, their sum zero.
 *
 * Held money is left alone: it belongs to its command, and settling or releasing that command is the way to move it.
 */
import { Fault } from "../kernel/faults.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Fen } from "../kernel/money.ts";

export interface CorrectionLeg {
  readonly book: string;
  readonly amount: Fen;
}

export interface Correction {
  /** Unique among corrections; a repetition changes nothing. */
  readonly reference: string;
  readonly legs: readonly CorrectionLeg[];
  readonly note: string;
  readonly by: string;
}

/** Where money goes that has no other side: found, lost, or given up. */
export const ADJUSTMENTS = "adjustments";

const BOOK =
  /^(?:available\/[0-9A-Za-z._-]{1,40}|channel\/[0-9A-Za-z._-]{1,40}|owed\/[0-9A-Za-z._-]{1,40}|meter\/\d{12}|consumed|adjustments)$/;
export const ALLOWED_BOOKS = "available/ACCOUNT, owed/ACCOUNT, channel/NAME, meter/ADDRESS, consumed, adjustments";

export const isCorrectable = (book: string): boolean => BOOK.test(book);

/** Pure: throws what is wrong with these legs. */
export function checkCorrection({ legs, note }: Correction): void {
  const wrong = (problem: string, more: Readonly<Record<string, unknown>> = {}): never => {
    throw new Fault("correction-malformed", { problem, ...more });
  };
  if (legs.length < 2) wrong("an entry has two legs or more");
  if (note.trim() === "") wrong("a correction needs a reason");
  const strange = legs.find(({ book }) => !isCorrectable(book));
  if (strange !== undefined) wrong("this book cannot be corrected", { book: strange.book, allowed: ALLOWED_BOOKS });
  if (new Set(legs.map(({ book }) => book)).size < legs.length) wrong("each book stands in an entry once");
  if (legs.some(({ amount }) => amount === 0n)) wrong("a leg of nothing says nothing");
  if (legs.reduce((sum, { amount }) => sum + amount, 0n) !== 0n) wrong("the legs do not sum to zero");
}

/** The accounts whose position an entry moves, in the order in which they are locked. */
export const accountsIn = (legs: readonly CorrectionLeg[]): readonly AccountId[] =>
  legs.flatMap(({ book }) => (book.startsWith("available/") ? [book.slice("available/".length) as AccountId] : [])).sort();
