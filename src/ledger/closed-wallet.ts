/**
 * A wallet that is closed: what the meter still held goes back to the account, and what the books held on that meter beyond it was
 * used up there. Pure; sums to zero whatever the meter showed.
 *
 *     meter/OLD ──► available/ACCOUNT   what it showed        (an overdraft: owed/ACCOUNT, for a person to decide)
 *              └──► used/OLD            the rest: what the wallet consumed, less what it held before the books began
 */
import { Fen, ZERO_FEN } from "../kernel/money.ts";
import type { AccountId } from "../kernel/ids.ts";
import { book } from "./ledger.ts";

export interface ClosedWallet {
  readonly meter: string;
  readonly account: AccountId;
  /** What the books hold on it. */
  readonly inBooks: Fen;
  /** What the meter shows: balance less overdraft. */
  readonly shown: Fen;
}

export function closedWalletLegs(wallet: ClosedWallet): readonly { readonly book: string; readonly amount: Fen }[] {
  const { meter, account, inBooks, shown } = wallet;
  return [
    { book: book.meter(meter), amount: Fen(0n - inBooks) },
    { book: book.available(account), amount: shown > 0n ? shown : ZERO_FEN },
    { book: book.owed(account), amount: shown < 0n ? shown : ZERO_FEN },
    { book: book.used(meter), amount: Fen(inBooks - shown) },
  ];
}
