/**
 * Credit to a wallet in the meter: top-up (070102FF) and the first purchase of a meter (070101FF).
 *
 * The purchase count is the meter's own idempotency key: it tells "done", "not done" and "someone else was here" apart. The
 * number to use is chosen at the look, stored with the attempt before the first byte, and never chosen again for that
 * attempt. Done means: the count advanced by exactly one AND the balance fits, or the meter's own purchase record names
 * this purchase (DL/T 645-2007 with the fee-control supplement, 5.13). After hours of silence every balance fits; then the record is
 * asked whether somebody else sold that one meanwhile, by card.
 */
import { faults, isFault, type FaultCode } from "../../kernel/faults.ts";
import { Fen } from "../../kernel/money.ts";
import { hours } from "../../kernel/clock.ts";
import { Priority, type MeterSession, type PurchaseRecord, type Wallet } from "../../devices/meter.ts";
import type { Before, CommandDefinition, Verdict, VerifyContext } from "../definition.ts";
import type { Command } from "../command.ts";
import { drainedAtMost, usedAtMost } from "./drain.ts";
import { lookAtVendor, sendToVendor, verifyVendor } from "./vendor-purchase.ts";

/** Counts in purchase records are two BCD bytes. */
const RECORD_COUNT_WRAPS_AT = 10_000;

export interface PurchaseBefore extends Before {
  readonly count: number;
  /** Balance less overdraft, fen as decimal text. */
  readonly net: string;
  readonly takenAt: number;
  readonly opening: boolean;
}

/** Why nothing may be sent to this wallet, or null. Zeros are the customer number of a meter that was never opened. */
export function doubtAbout(wallet: Wallet, session: MeterSession): FaultCode | null {
  if (wallet.keyState !== "production") return "key-state";
  const carriesAnother = wallet.customerNumber !== session.meter.customerNumber && wallet.customerNumber !== "000000000000";
  return carriesAnother ? "customer-mismatch" : null;
}

export const netOf = (wallet: Wallet): bigint => wallet.balance - wallet.overdraft;
export const amountOf = (command: Command): Fen => Fen(BigInt(command.params["amount"] as string));

/** Pure: does the balance seen afterwards follow from the one before, the amount, and what can have been consumed since? */
export function balanceFits(
  before: PurchaseBefore,
  amount: Fen,
  now: { readonly net: bigint; readonly takenAt: number },
): boolean {
  const highest = BigInt(before.net) + amount;
  return now.net <= highest && now.net >= highest - drainedAtMost(before.takenAt, now.takenAt);
}

/** Pure: what a wallet seen after an attempt says about it, before the purchase record is asked. */
export function judgePurchase(
  before: PurchaseBefore,
  amount: Fen,
  wallet: Wallet,
): "done" | "not-done" | "ask-record" | "count-gap" {
  if (wallet.count === before.count) return "not-done";
  if (wallet.count !== before.count + 1) return "count-gap";
  const now = { net: netOf(wallet), takenAt: wallet.takenAt };
  // In that time as much may have been used as was paid: this balance follows from any purchase, and from none. What the purse lags behind is
  // left out: it is there at once, and nobody else sells within the same breath.
  const provesNothing = usedAtMost(before.takenAt, now.takenAt) >= amount;
  return balanceFits(before, amount, now) && !provesNothing ? "done" : "ask-record";
}

/** Pure: whose purchase the meter's newest record is; "nobody's": it keeps none, or none of this count. */
export function recordIs(before: PurchaseBefore, amount: Fen, record: PurchaseRecord | null): "ours" | "another's" | "nobody's" {
  if (record === null || record.count !== (before.count + 1) % RECORD_COUNT_WRAPS_AT) return "nobody's";
  return record.amount === amount ? "ours" : "another's";
}

/** Pure: what a refusal makes of what the wallet shows. A "done" that the meter itself declined was done by someone else. */
export function weighRefusal(
  seen: "done" | "not-done",
  refusal: FaultCode | null,
  attempt: number,
): "done" | "not-done" | "count-gap" {
  if (refusal === null) return seen;
  if (seen === "done") return refusal === "repeated-top-up" && attempt > 1 ? "done" : "count-gap";
  return refusal === "repeated-top-up" ? "count-gap" : "not-done"; // "done already", with a count that has not moved
}

/** "Done already" to the first frame of ours: the number was used by somebody else (SERR bit 1). */
const takenByAnother = ({ refusal, attempt }: VerifyContext): { readonly quarantine?: FaultCode } =>
  refusal === "repeated-top-up" && attempt === 1 ? { quarantine: refusal } : {};

async function verify(session: MeterSession, command: Command, context: VerifyContext): Promise<Verdict> {
  if (session.money.purchase !== "purchase-count") return verifyVendor(session, command, context);
  const before = context.before as PurchaseBefore;
  const amount = amountOf(command);
  const wallet = await session.readWallet();
  const seen = { count: wallet.count, net: netOf(wallet).toString(), takenAt: wallet.takenAt };
  const judged = judgePurchase(before, amount, wallet);
  const fits = balanceFits(before, amount, { net: netOf(wallet), takenAt: wallet.takenAt });
  const record = judged === "ask-record" ? recordIs(before, amount, await newestRecord(session, fits)) : null;
  const named = record === "ours";
  // Where no record says whose it was, our own count, moved by exactly one, and a balance that may follow from it are all there is: most
  // meters are sold to by nobody else, and a long silence alone is no ground to dispute. Only a record of another purchase is.
  const isDone = judged === "done" || named || (record === "nobody's" && fits);
  if (judged !== "not-done" && !isDone) return { verdict: "unclear", because: "count-gap", ...takenByAnother(context) };
  switch (weighRefusal(judged === "not-done" ? "not-done" : "done", context.refusal, context.attempt)) {
    case "done":
      return { verdict: "done", proof: named ? { ...seen, record: true } : seen };
    case "not-done":
      // Meters have said no, kept the count and added the money all the same: that is no ground to give it back, nor to send again.
      return context.refusal !== null && netOf(wallet) > BigInt(before.net)
        ? { verdict: "unclear", because: "no-proof" }
        : { verdict: "not-done" };
    case "count-gap":
      return { verdict: "unclear", because: "count-gap", ...takenByAnother(context) };
  }
}

/** `fits`: it is asked only whether it contradicts, so one that cannot be read contradicts nothing. Silence is thrown, as everywhere. */
async function newestRecord(session: MeterSession, fits: boolean): Promise<PurchaseRecord | null> {
  try {
    return await session.readLastPurchase();
  } catch (error) {
    if (fits && isFault(error) && ["never", "person"].includes(faults[error.code].retry)) return null;
    throw error;
  }
}

const shared = {
  effect: "adds",
  priority: Priority.money,
  notAfterMs: hours(72),
  // Each follows a look that proved "not done", and carries the same count: a repeat that was obeyed after all is refused by the meter.
  attemptsMax: 8,
  send: (session, command, before, options) =>
    session.money.purchase === "purchase-count"
      ? session.topUp(
          { amount: amountOf(command), count: (before as PurchaseBefore).count + 1, opening: (before as PurchaseBefore).opening },
          options,
        )
      : sendToVendor(session, command, before, options),
  verify,
} satisfies Partial<CommandDefinition>;

/** Whether the account has to be opened is seen at the look: the books may be older than the meter. */
const look: CommandDefinition["look"] = async (session, command) => {
  if (session.money.purchase !== "purchase-count") return lookAtVendor(session, command);
  const wallet = await session.readWallet();
  const doubt = doubtAbout(wallet, session);
  if (doubt !== null) return { choose: "refuse", fault: doubt };
  // 070101FF takes the counts 0 and 1 alone, and moves money from 0 to 1: an unopened meter that has counted was sold to by others.
  if (!wallet.accountOpened && wallet.count > 0) return { choose: "refuse", fault: "purchase-count-gap" };
  const before: PurchaseBefore = {
    count: wallet.count,
    net: netOf(wallet).toString(),
    takenAt: wallet.takenAt,
    opening: !wallet.accountOpened,
  };
  return { choose: "send", before };
};

export const topUp: CommandDefinition = { ...shared, look, kind: "top-up", title: { en: "Add credit to the meter", zh: "充值" } };

export const openAccount: CommandDefinition = {
  ...shared,
  look,
  kind: "open-account",
  title: { en: "Open the meter's account with its first purchase", zh: "开户" },
};
