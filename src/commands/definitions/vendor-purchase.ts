/**
 * Credit to a wallet that counts no purchases: proved by an order number, by a token, or by nothing but the balance.
 *
 *     order number   chosen once from the command's own id, stored with the attempt before the first byte; the meter refuses to take it
 *                    again, so it may be said again: done is what the balance shows, or "done already" to a later saying of ours
 *     token          passed through as it was bought, used up by the meter itself: the same
 *     nothing        said once; only a balance that shows exactly it ends it, everything else goes to a person
 *
 * "Done already" to the very first saying is somebody else's doing, and never settles money of ours.
 */
import { createHash } from "node:crypto";
import { Secret } from "../../kernel/secret.ts";
import type { FaultCode } from "../../kernel/faults.ts";
import { Fen } from "../../kernel/money.ts";
import type { BalanceSight, MeterSession, RepeatProof, SendOptions, Sent } from "../../devices/meter.ts";
import type { Before, Choice, Verdict, VerifyContext } from "../definition.ts";
import type { Command } from "../command.ts";
import { balanceSays } from "./drain.ts";

export interface VendorBefore extends Before {
  /** Balance less overdraft, hundredths as decimal text. */
  readonly net: string;
  readonly takenAt: number;
  /** Null where the model takes none. */
  readonly orderNumber: string | null;
}

/**
 * Sixteen hex digits that never come twice for one meter: the millisecond in which the command was made, and four digits of what its
 * whole id comes to. Two commands of one meter are made one after the other, under its row.
 */
export const orderNumberOf = (command: Pick<Command, "id">): string => {
  const digits = command.id.replaceAll("-", "");
  return (digits.slice(0, 12) + createHash("sha256").update(command.id).digest("hex").slice(0, 4)).toUpperCase();
};

/** Twenty digits, as the payment brought them; they are money. */
export const tokenOf = (command: Pick<Command, "params">): Secret<string> | null => {
  const token = command.params["token"];
  return typeof token === "string" ? new Secret(token) : null;
};

const netOf = ({ balance, overdraft }: BalanceSight): bigint => balance - overdraft;
const amountOf = (command: Command): Fen => Fen(BigInt(command.params["amount"] as string));

export async function lookAtVendor(session: MeterSession, command: Command): Promise<Choice> {
  const { purchase } = session.money;
  if (purchase === null) return { choose: "refuse", fault: "not-supported" };
  if (purchase === "token" && tokenOf(command) === null) return { choose: "refuse", fault: "token-needed" };
  const seen = await session.readBalance();
  const orderNumber = purchase === "order-number" ? orderNumberOf(command) : null;
  const before: VendorBefore = { net: netOf(seen).toString(), takenAt: seen.takenAt, orderNumber };
  return { choose: "send", before };
}

export function sendToVendor(session: MeterSession, command: Command, before: Before, options: SendOptions): Promise<Sent> {
  const token = tokenOf(command);
  if (session.money.purchase === "token" && token !== null) return session.vendorTopUp({ by: "token", token }, options);
  const { orderNumber } = before as VendorBefore;
  if (orderNumber === null) throw new Error(`no order number was chosen for command ${command.id}`);
  return session.vendorTopUp({ by: "order-number", amount: amountOf(command), orderNumber }, options);
}

export interface Seen {
  readonly balance: "moved" | "unmoved" | "either" | "neither";
  readonly reply: VerifyContext["lastReply"];
  readonly refusal: FaultCode | null;
  readonly attempt: number;
}

const unclear = (because: string, quarantine?: FaultCode): Verdict => ({
  verdict: "unclear",
  because,
  ...(quarantine === undefined ? {} : { quarantine }),
});

/** Pure: what balance and answer say together, by what the model proves a repeat by. */
export function judgeVendor(proof: RepeatProof, { balance, reply, refusal, attempt }: Seen): Verdict | "done" {
  if (refusal === "repeated-top-up") {
    if (attempt > 1) return balance === "neither" ? unclear("no-proof") : "done";
    // A token may be typed in at the meter by whoever bought it; an order number of ours is known to nobody else.
    return proof === "token" ? unclear("token-used") : unclear("count-gap", refusal);
  }
  if (refusal !== null) {
    const nothingCame = balance === "unmoved" || (balance === "either" && attempt === 1);
    return nothingCame ? { verdict: "not-done" } : unclear("no-proof");
  }
  if (balance === "moved") return "done";
  if (balance === "neither" || proof === "nothing") return unclear("no-proof");
  // Said again, since the meter itself refuses a second obeying: its answer then tells what the balance does not.
  return balance === "unmoved" && reply !== "acknowledged"
    ? { verdict: "not-done" }
    : { verdict: "not-done", otherwise: "no-proof" };
}

/** A token says itself what it is worth: any rise that is not explained otherwise is its own. */
const tokenSays = (before: VendorBefore, now: bigint): Seen["balance"] => (now > BigInt(before.net) ? "moved" : "either");

export async function verifyVendor(session: MeterSession, command: Command, context: VerifyContext): Promise<Verdict> {
  const { purchase } = session.money;
  if (purchase === null) return unclear("no-proof");
  const before = context.before as VendorBefore;
  const seen = await session.readBalance();
  const now = { net: netOf(seen), takenAt: seen.takenAt };
  const judged = judgeVendor(purchase, {
    balance:
      purchase === "token"
        ? tokenSays(before, now.net)
        : balanceSays({ net: BigInt(before.net), takenAt: before.takenAt }, amountOf(command), now),
    reply: context.lastReply,
    refusal: context.refusal,
    attempt: context.attempt,
  });
  if (judged !== "done") return judged;
  const proof = { net: now.net.toString(), takenAt: now.takenAt };
  return { verdict: "done", proof: context.refusal === null ? proof : { ...proof, saidDoneAlready: true } };
}
