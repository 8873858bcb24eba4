/**
 * Money in two steps, and only forward: hold, then settle or release. Knows accounts, no meters and no protocols.
 *
 * Every movement is an entry with legs that sum to zero, between these books:
 *
 *     channel/NAME ──payment──► available/ACCOUNT ──hold──► held/ACCOUNT ──settle──► meter/ADDRESS
 *                                     ▲  │                      │
 *                                     │  └──charge──► consumed  │
 *                                     └────────release──────────┘
 *
 *     meter/ADDRESS ──refund──► available/ACCOUNT ──payout──► channel/NAME
 *
 * While a refund is under way its amount is in doubt in one book, the meter's: it leaves that book when the meter shows that it is gone.
 *
 * `post` is the pure rule; `Ledger` joins it to the rows. Doing anything twice under the same reference changes nothing
 * and says so, so that every caller may safely try again. The invariant is held twice, far apart: here before a row is
 * written, and by a trigger of the database when the transaction commits.
 */
import { Fen, ZERO_FEN } from "../kernel/money.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { accountsIn, checkCorrection, type Correction } from "./correction.ts";
import type { EntryKind, LedgerStore } from "./ledger-store.ts";

export interface Position {
  readonly available: Fen;
  readonly held: Fen;
}

export type Posting =
  | { readonly kind: "payment"; readonly amount: Fen }
  /** `cameInNow`: this money came in within the same transaction, so it is there, whatever older debt stands on the account. */
  | { readonly kind: "hold"; readonly amount: Fen; readonly cameInNow?: boolean }
  | { readonly kind: "settle"; readonly amount: Fen }
  | { readonly kind: "release"; readonly amount: Fen }
  | { readonly kind: "charge"; readonly amount: Fen }
  | { readonly kind: "feed-in"; readonly amount: Fen }
  | { readonly kind: "refund"; readonly amount: Fen }
  | { readonly kind: "payout"; readonly amount: Fen };

export type Refusal = "insufficient-funds" | "not-positive" | "more-than-held";
/** `repeated`: this reference was posted before; nothing changed. */
export type Posted = "posted" | "repeated" | Refusal;

/** Pure: what a posting does to a customer's position, or why it is refused. A charge may go below zero: energy is gone. */
export function post(position: Position, posting: Posting): Position | Refusal {
  const { amount } = posting;
  const mayTurn = posting.kind === "charge" || posting.kind === "feed-in"; // a day that is settled anew may have cost less
  if (mayTurn ? amount === 0n : amount <= 0n) return "not-positive";
  switch (posting.kind) {
    case "payment":
    case "refund":
      return { ...position, available: Fen(position.available + amount) };
    case "payout":
      if (amount > position.available) return "insufficient-funds";
      return { ...position, available: Fen(position.available - amount) };
    case "charge":
      return { ...position, available: Fen(position.available - amount) };
    case "feed-in":
      return { ...position, available: Fen(position.available + amount) };
    case "hold":
      if (amount > position.available && posting.cameInNow !== true) return "insufficient-funds";
      return { available: Fen(position.available - amount), held: Fen(position.held + amount) };
    case "settle":
      if (amount > position.held) return "more-than-held";
      return { ...position, held: Fen(position.held - amount) };
    case "release":
      if (amount > position.held) return "more-than-held";
      return { available: Fen(position.available + amount), held: Fen(position.held - amount) };
  }
}

export const book = {
  available: (account: AccountId): string => `available/${account}`,
  held: (account: AccountId): string => `held/${account}`,
  channel: (name: string): string => `channel/${name}`,
  meter: (address: string): string => `meter/${address}`,
  consumed: "consumed",
  /** What reverse energy earned. */
  feedIn: "feed-in",
  /** What a test bench wiped. */
  reset: (address: string): string => `reset/${address}`,
  /** What a wallet that is closed had used up of what was sent to it, less what it held before. */
  used: (address: string): string => `used/${address}`,
  /** An overdraft that a closed wallet left behind: a person decides who bears it. */
  owed: (account: AccountId): string => `owed/${account}`,
} as const;

/** Books whose sum is kept beside the entries. The others (channels, consumed) are summed when someone asks. */
export const isPositioned = (name: string): boolean => /^(available|held|meter)\//.test(name);

interface Movement {
  readonly account: AccountId;
  readonly posting: Posting;
  readonly reference: string;
  readonly closes: string | null;
  /** The book on the far side. */
  readonly from: string;
  readonly to: string;
  readonly note: string | null;
}

export class Ledger {
  readonly #store: LedgerStore;
  readonly #clock: Clock;

  constructor(parts: { readonly store: LedgerStore; readonly clock: Clock }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
  }

  position(tx: Transaction | null, account: AccountId): Promise<Position> {
    return this.#store.position(tx, account);
  }

  /** Money came in through a channel. Reference: the payment. */
  receive(tx: Transaction, p: { account: AccountId; amount: Fen; channel: string; reference: string }): Promise<Posted> {
    return this.#move(tx, {
      ...p,
      posting: { kind: "payment", amount: p.amount },
      closes: null,
      from: book.channel(p.channel),
      to: book.available(p.account),
      note: null,
    });
  }

  /** Set aside for a command. The hold is named after it. */
  hold(tx: Transaction, p: { account: AccountId; amount: Fen; hold: string; cameInNow?: boolean }): Promise<Posted> {
    return this.#move(tx, {
      account: p.account,
      posting: { kind: "hold", amount: p.amount, cameInNow: p.cameInNow === true },
      reference: p.hold,
      closes: null,
      from: book.available(p.account),
      to: book.held(p.account),
      note: null,
    });
  }

  /** The meter shows it: what was held is the meter's now. Settling or releasing a second time changes nothing. */
  settle(tx: Transaction, p: { account: AccountId; amount: Fen; hold: string; meter: string }): Promise<Posted> {
    return this.#move(tx, {
      account: p.account,
      posting: { kind: "settle", amount: p.amount },
      reference: p.hold,
      closes: p.hold,
      from: book.held(p.account),
      to: book.meter(p.meter),
      note: null,
    });
  }

  /** It did not happen: the money is free again. */
  release(tx: Transaction, p: { account: AccountId; amount: Fen; hold: string; note: string }): Promise<Posted> {
    return this.#move(tx, {
      account: p.account,
      posting: { kind: "release", amount: p.amount },
      reference: p.hold,
      closes: p.hold,
      from: book.held(p.account),
      to: book.available(p.account),
      note: p.note,
    });
  }

  /** Taken back from a meter's wallet, once the meter shows it. Reference: the command. */
  refund(
    tx: Transaction,
    p: { account: AccountId; amount: Fen; meter: string; reference: string; note: string },
  ): Promise<Posted> {
    return this.#move(tx, {
      ...p,
      posting: { kind: "refund", amount: p.amount },
      closes: null,
      from: book.meter(p.meter),
      to: book.available(p.account),
    });
  }

  /** Given back to whoever paid. Reference: the payment, so that it is given back once. */
  payout(
    tx: Transaction,
    p: { account: AccountId; amount: Fen; channel: string; reference: string; note: string },
  ): Promise<Posted> {
    return this.#move(tx, {
      ...p,
      posting: { kind: "payout", amount: p.amount },
      closes: null,
      from: book.available(p.account),
      to: book.channel(p.channel),
    });
  }

  /** Nobody else moves this account's money, or works out its bill, before this transaction ends. */
  async lock(tx: Transaction, account: AccountId): Promise<void> {
    await this.#store.lockPosition(tx, account);
  }

  /** Reverse energy is paid for; below zero: it was less than was thought. Never taken off a charge. */
  feedIn(tx: Transaction, p: { account: AccountId; amount: Fen; reference: string; note: string }): Promise<Posted> {
    return this.#move(tx, {
      ...p,
      posting: { kind: "feed-in", amount: p.amount },
      closes: null,
      from: book.feedIn,
      to: book.available(p.account),
    });
  }

  /** Energy used; below zero: given back, where a day is settled anew. Named after its day and how often that was billed. */
  charge(tx: Transaction, p: { account: AccountId; amount: Fen; reference: string; note: string }): Promise<Posted> {
    return this.#move(tx, {
      account: p.account,
      posting: { kind: "charge", amount: p.amount },
      reference: p.reference,
      closes: null,
      from: book.available(p.account),
      to: book.consumed,
      note: p.note,
    });
  }

  /** Puts the books right by a further entry; what is wrong with the entry itself is thrown. May go below zero: the truth may. */
  async correct(tx: Transaction, correction: Correction): Promise<"posted" | "repeated"> {
    checkCorrection(correction);
    const { reference, legs, note, by } = correction;
    for (const account of accountsIn(legs)) await this.#store.lockPosition(tx, account);
    if (await this.#store.exists(tx, { kind: "correction", reference, closes: null })) return "repeated";
    await this.#store.append(tx, { kind: "correction", reference, closes: null, at: this.#clock.now(), note, by, legs });
    return "posted";
  }

  /** What the books hold on a meter; in a transaction together with what it has written. */
  onMeter(tx: Transaction, address: string): Promise<Fen> {
    return this.#store.total(book.meter(address), tx);
  }

  /**
   * The same for what the house itself moves, also between books that no person corrects: a meter that was wiped, replaced or
   * switched. Legs of nothing are left out, and an entry of nothing is none.
   */
  async moveOver(
    tx: Transaction,
    movement: Omit<Correction, "by"> & { readonly by: string | null },
  ): Promise<"posted" | "repeated"> {
    const { reference, note, by } = movement;
    for (const account of accountsIn(movement.legs)) await this.#store.lockPosition(tx, account);
    if (await this.#store.exists(tx, { kind: "correction", reference, closes: null })) return "repeated";
    const legs = movement.legs.filter(({ amount }) => amount !== 0n);
    const entry = {
      kind: "correction",
      reference,
      closes: null,
      at: this.#clock.now(),
      note,
      ...(by === null ? {} : { by }),
      legs,
    } as const;
    if (legs.length > 0) await this.#store.append(tx, entry);
    return "posted";
  }

  async #move(tx: Transaction, move: Movement): Promise<Posted> {
    const before = await this.#store.lockPosition(tx, move.account);
    const kind: EntryKind = move.posting.kind;
    if (await this.#store.exists(tx, { kind, reference: move.reference, closes: move.closes })) return "repeated";
    const after = post(before, move.posting);
    if (typeof after === "string") return after;
    await this.#store.append(tx, {
      kind,
      reference: move.reference,
      closes: move.closes,
      at: this.#clock.now(),
      note: move.note,
      legs: [
        { book: move.from, amount: negated(move.posting.amount) },
        { book: move.to, amount: move.posting.amount },
      ],
    });
    return "posted";
  }
}

const negated = (amount: bigint): Fen => Fen(-amount);

export const emptyPosition: Position = { available: ZERO_FEN, held: ZERO_FEN };
