/**
 * Wipes a meter's wallet (070103FF): balance and count begin at nothing again. For meters on a test bench, by two persons, and only
 * where the identifier means this: elsewhere it pays money out. It sets: wiped twice is wiped once.
 *
 * What the books hold on the meter goes to `reset/ADDRESS` with the end of the command (ends-with-money.ts): it is never lost, and
 * whoever balances the books sees what a bench has eaten.
 */
import { hours } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { Priority, type Wallet } from "../../devices/meter.ts";
import type { Before, CommandDefinition } from "../definition.ts";
import { noMoneyUnderWay } from "../money-under-way.ts";

const isEmpty = ({ balance, overdraft, count }: Wallet): boolean => balance === 0n && overdraft === 0n && count === 0;
const seen = ({ balance, overdraft, count, takenAt }: Wallet): Before => ({
  count,
  net: (balance - overdraft).toString(),
  takenAt,
});

export const walletReset: CommandDefinition = {
  kind: "wallet-reset",
  title: { en: "Wipe the wallet of a meter on the test bench", zh: "钱包初始化(试验台)" },
  effect: "sets",
  approval: "two-persons",
  priority: Priority.person,
  notAfterMs: hours(24),
  attemptsMax: 3,
  asked: (book, open) => {
    if (book.testBench !== true) throw new Fault("wallet-reset-forbidden", { meter: book.address });
    noMoneyUnderWay(book, open);
  },
  look: async (session) => {
    const wallet = await session.readWallet();
    const { customerNumber } = session.meter;
    if (wallet.customerNumber !== customerNumber && wallet.customerNumber !== "000000000000")
      return { choose: "refuse", fault: "customer-mismatch" };
    if (isEmpty(wallet)) return { choose: "already-so", proof: seen(wallet) };
    return wallet.keyState === "test" ? { choose: "send", before: seen(wallet) } : { choose: "refuse", fault: "key-state" };
  },
  send: (session, _command, _before, options) => session.resetWallet(options),
  verify: async (session, _command, { lastReply }) => {
    const wallet = await session.readWallet();
    if (isEmpty(wallet)) return { verdict: "done", proof: seen(wallet) };
    return lastReply === "acknowledged" ? { verdict: "unclear", because: "not-taken" } : { verdict: "not-done" };
  },
};
