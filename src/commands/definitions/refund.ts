/**
 * Money taken back out of a meter's wallet (04001006, or a vendor's 070108FF under an order number).
 *
 * The frame of the standard counts nothing: a meter that hears it twice pays twice. So it is said once, and afterwards only looked after.
 * What the meter keeps is the balance, and a record of each refund (03340001, the newest). The record names it: another one than at the
 * look, of this amount, and directly before it the one that was the newest then. Where a meter keeps no records the balance alone speaks,
 * as long as consumption cannot explain what it says.
 *
 * It is said a second time only when the record itself shows that nothing was taken, and after our session was ended by a new proof of
 * identity: a frame that still lies somewhere in a modem carries a MAC of the old one, and dies of it.
 */
import { hours } from "../../kernel/clock.ts";
import { Priority, type MeterSession, type RefundRecord } from "../../devices/meter.ts";
import type { Before, Choice, CommandDefinition, Verdict, VerifyContext } from "../definition.ts";
import type { Command } from "../command.ts";
import { balanceSays } from "./drain.ts";
import { amountOf, doubtAbout, netOf } from "./purchase.ts";
import { judgeVendor, orderNumberOf } from "./vendor-purchase.ts";

export interface RefundBefore extends Before {
  /** Balance less overdraft, fen as decimal text. */
  readonly net: string;
  readonly takenAt: number;
  /** Purchases until then; null where the model counts none. */
  readonly count: number | null;
  /** The newest refund record, all of it; null: no such item. */
  readonly record: string | null;
  readonly orderNumber: string | null;
}

/** What is seen of a wallet, by whichever way its model shows it. */
interface WalletSight {
  readonly net: bigint;
  readonly count: number | null;
  readonly takenAt: number;
}

async function sightOf(session: MeterSession): Promise<WalletSight> {
  if (session.money.purchase === "purchase-count") {
    const wallet = await session.readWallet();
    return { net: netOf(wallet), count: wallet.count, takenAt: wallet.takenAt };
  }
  const { balance, overdraft, takenAt } = await session.readBalance();
  return { net: balance - overdraft, count: null, takenAt };
}

const isWritten = (session: MeterSession): boolean => session.money.refund === "nothing";

async function look(session: MeterSession, command: Command): Promise<Choice> {
  const { refund: proof, unit } = session.money;
  if (proof === null || unit !== "yuan") return { choose: "refuse", fault: "not-supported" };
  if (isWritten(session)) {
    const doubt = doubtAbout(await session.readWallet(), session);
    if (doubt !== null) return { choose: "refuse", fault: doubt };
  }
  const record = isWritten(session) ? await session.readRefund(1) : null;
  const { net, count, takenAt } = await sightOf(session);
  if (net < amountOf(command)) return { choose: "refuse", fault: "refund-above-balance" };
  const orderNumber = proof === "order-number" ? orderNumberOf(command) : null;
  const before: RefundBefore = { net: net.toString(), takenAt, count, record: record?.hex ?? null, orderNumber };
  return { choose: "send", before };
}

export interface RefundSight extends WalletSight {
  readonly newest: RefundRecord | null;
  readonly second: RefundRecord | null;
}

/** Pure: what balance and records say about a refund that carries no number. */
export function judgeRefund(
  before: RefundBefore,
  amount: bigint,
  now: RefundSight,
): "done" | Exclude<Verdict, { verdict: "done" }> {
  const { newest, second } = now;
  const unclear = (because: string): ReturnType<typeof judgeRefund> => ({ verdict: "unclear", because });
  if (newest !== null && newest.hex !== before.record) {
    // Two refunds since then, or one of another amount: somebody else takes money back here as well.
    const isNext = before.record === null || second?.hex === before.record;
    return newest.amount === amount && isNext ? "done" : unclear("count-gap");
  }
  const hasRecords = newest !== null && before.record !== null;
  // A purchase in between makes the balance say nothing.
  const says = now.count === before.count ? balanceSays({ ...before, net: BigInt(before.net) }, -amount, now) : "neither";
  switch (says) {
    case "moved":
      return "done";
    case "unmoved":
      return hasRecords ? { verdict: "not-done" } : { verdict: "not-done", again: false };
    case "either":
      return hasRecords ? { verdict: "not-done" } : unclear("no-proof");
    case "neither":
      return hasRecords && now.count !== before.count ? { verdict: "not-done" } : unclear("no-proof");
  }
}

async function verify(session: MeterSession, command: Command, context: VerifyContext): Promise<Verdict> {
  const before = context.before as RefundBefore;
  const amount = amountOf(command);
  if (!isWritten(session)) return verifyNumbered(session, before, amount, context);
  if (context.lastReply !== "acknowledged") await session.forgetProof();
  const wallet = await sightOf(session);
  const newest = await session.readRefund(1);
  const second = newest === null || newest.hex === before.record ? null : await session.readRefund(2);
  const judged = judgeRefund(before, amount, { ...wallet, newest, second });
  // Declined, and gone all the same: whose doing it was nobody can tell.
  if (judged === "done" && context.refusal !== null) return { verdict: "unclear", because: "no-proof" };
  if (judged !== "done") return judged;
  const record = newest !== null && newest.hex !== before.record;
  return { verdict: "done", proof: { count: wallet.count, net: wallet.net.toString(), takenAt: wallet.takenAt, record } };
}

/** The meter refuses an order number it has seen, so the same rules hold as for a purchase under one, downwards. */
async function verifyNumbered(
  session: MeterSession,
  before: RefundBefore,
  amount: bigint,
  { refusal, attempt, lastReply }: VerifyContext,
): Promise<Verdict> {
  const { net, takenAt } = await sightOf(session);
  const balance = balanceSays({ net: BigInt(before.net), takenAt: before.takenAt }, -amount, { net, takenAt });
  const judged = judgeVendor("order-number", { balance, reply: lastReply, refusal, attempt });
  return judged === "done" ? { verdict: "done", proof: { net: net.toString(), takenAt } } : judged;
}

/** Each follows a look that proved "not done". */
const ATTEMPTS_MAX = 3;

export const refund: CommandDefinition = {
  kind: "refund",
  title: { en: "Take money back out of the meter", zh: "退费" },
  effect: "adds",
  // Whoever pays goes first.
  priority: Priority.person,
  notAfterMs: hours(24),
  attemptsMax: ATTEMPTS_MAX,
  look,
  send: (session, command, before, options) =>
    session.refund({ amount: amountOf(command), orderNumber: (before as RefundBefore).orderNumber }, options),
  verify,
};
