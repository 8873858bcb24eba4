/** The wallet inside a meter: what it shows, and credit sent to it (070101FF, 070102FF). Money is exact; MACs are checked, not believed. */
import type { Fen } from "../kernel/money.ts";
import { Fault } from "../kernel/faults.ts";
import { decodeStatusReply, dictionary, keyStateOf, requests, SECURITY } from "../protocols/dlt645/index.ts";
import { keysOf } from "./meter-keys.ts";
import type { PurchaseRecord, SendOptions, Sent, Wallet } from "./meter.ts";
import { askProved, proveIdentity, type Prover } from "./prove-identity.ts";

export async function readWallet(prover: Prover): Promise<Wallet> {
  const { talk, meter, security, operator } = prover;
  const { heard, identity } = await askProved(prover, () => requests.statusQuery({ address: meter.address, operator }));
  const status = heard.reply.is === "value" ? decodeStatusReply(heard.reply.bytes) : { fault: "no wallet came back" };
  if ("fault" in status) throw new Fault("reply-malformed", { meter: meter.address, why: status.fault });
  const { balance, balanceMac, count, countMac, customerNumber, keyInfo } = status.value;
  const genuine = await security.checkWallet(keysOf(meter), identity.seed, {
    balanceFen: balance,
    balanceMac,
    count,
    countMac,
  });
  if (!genuine)
    throw new Fault("mac-refused", {
      meter: meter.address,
      why: "the MACs of the meter's wallet are not genuine: somebody changed the reply, or the keys are others",
    });
  talk.sawPurchaseCount(count);
  const shown = await talk.known(dictionary.balance);
  const overdraft = await talk.known(dictionary.overdraft);
  const word = await talk.known(dictionary.runStateWord3);
  return {
    count,
    balance: shown.value,
    overdraft: overdraft.value,
    customerNumber,
    keyState: keyStateOf(keyInfo),
    accountOpened: word.value.accountOpened,
    takenAt: shown.at,
  };
}

/** Null before the first purchase: meters say "no such item", FF or 0 then. */
export async function readLastPurchase({ talk }: Prover): Promise<PurchaseRecord | null> {
  const count = await talk.value(dictionary.purchaseCount);
  if (count.value === null || count.value === 0) return null;
  const amount = await talk.value(dictionary.purchaseAmount);
  return amount.value === null ? null : { count: count.value, amount: amount.value };
}

export async function topUp(
  prover: Prover,
  { amount, count, opening }: { readonly amount: Fen; readonly count: number; readonly opening: boolean },
  options: SendOptions,
): Promise<Sent> {
  const { talk, meter, identities, security, operator } = prover;
  identities.mayBeOrdered(meter.address);
  const identity = await proveIdentity(prover);
  const dataItem = opening ? SECURITY.openAccount : SECURITY.topUp;
  const { customerNumber, address } = meter;
  const { mac1, mac2 } = await security.protectTopUp(keysOf(meter), identity.seed, {
    dataItem,
    amountFen: amount,
    count,
    customerNumber,
  });
  const build = opening ? requests.openAccount : requests.topUp;
  const frame = build({ address, operator, amount, count, customerNumber, mac1, mac2 });
  talk.sendsPurchase(count);
  return minded(prover, await talk.order(frame, whileProved(prover, identity, options)));
}

/** The proof must still hold when the line is ours: a MAC of a lapsed session only feeds the meter's counter of wrong ones. */
export function whileProved(
  { identities, meter }: Prover,
  identity: { readonly seed: object },
  options: SendOptions,
): SendOptions {
  return {
    notAfter: options.notAfter,
    beforeFirstByte: async () => {
      if (identities.of(meter.address)?.seed !== identity.seed)
        throw new Fault("identity-expired", {
          meter: meter.address,
          why: "it lapsed while waiting for the line; nothing was sent",
        });
      await options.beforeFirstByte?.();
    },
  };
}

/** What a refusal teaches about identity and MACs. */
export function minded({ identities, meter, talk }: Prover, sent: Sent): Sent {
  if (sent.sent !== "refused") return sent;
  if (sent.fault === "mac-refused") identities.macRefused(meter.address);
  if (sent.fault === "security-suspended") identities.suspended(meter.address);
  if (sent.fault === "identity-expired" || sent.fault === "mac-refused") {
    identities.drop(meter.address);
    talk.suspect("session"); // proved a moment ago, and forgotten: the meter lost power, or somebody else proved himself since
  }
  return sent;
}
