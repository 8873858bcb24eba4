/**
 * From local to remote mode: the wallet in the meter is closed, and the ledger holds the account's money from then on. Never back.
 *
 * What the wallet holds and where the register stands is looked at first and stored; the meter is told (07A006FF), or somebody does it
 * at the meter and we only watch; when word 3 shows no wallet any more, what the look saw is credited and the account's mode changes,
 * in one transaction with the command's end (ends-with-money.ts). From the registers of that same look the ledger bills: what was used
 * between look and switch is billed once, whatever the meter had deducted of it.
 *
 * The meter only sets, but the credit adds. So it is treated as a purchase is: alone on the wire, looked after until its deadline, and
 * where nobody can tell, a person decides.
 */
import { hours, Instant, later, minutes } from "../../kernel/clock.ts";
import { Fault, isFault } from "../../kernel/faults.ts";
import { TOTAL } from "../../devices/energy-set.ts";
import { Priority, type MeterSession } from "../../devices/meter.ts";
import { readEnergy } from "../../devices/read-energy.ts";
import type { Reading } from "../../kernel/reading.ts";
import type { Command } from "../command.ts";
import type { Before, CommandDefinition } from "../definition.ts";
import { noMoneyUnderWay } from "../money-under-way.ts";

/** The newest refund: time, count, amount, before, after. One firmware writes it when it switches. */
const REFUND_RECORD = "03340001";
const LOOK_FOR_PERSON_MS = minutes(1);
/** Bits 8 and 9 of run-state word 3: 10 a wallet of money, 01 one of energy, 00 none. */
const WALLET_KIND = 0x0300;

export interface SwitchBefore extends Before {
  /** Balance less overdraft, fen as decimal text: what is credited. */
  readonly net: string;
  readonly count: number | null;
  /** Imported energy as the meter shows it, for people. */
  readonly register: string;
  /** All its registers of that moment: where billing begins. Left out by an older program, which read the total alone. */
  readonly readings?: readonly Reading[];
  readonly takenAt: number;
  /** The meter had been switched already, and a person named the balance. */
  readonly named?: true;
}

const namedBalance = ({ params }: Command): string | null => (typeof params["balance"] === "string" ? params["balance"] : null);
/** Somebody switches it with a tool of his own, or has done so. */
const isByHand = ({ params }: Command): boolean => params["way"] === "at-the-meter";

const isRemote = async (session: MeterSession): Promise<boolean> => ((await session.readRelay()).word & WALLET_KIND) === 0;

async function registers(session: MeterSession): Promise<Pick<SwitchBefore, "register" | "readings">> {
  const readings = await readEnergy(session);
  const register = readings.find(({ item }) => item === TOTAL)?.value;
  if (register == null) throw new Fault("meter-no-data", { meter: session.meter.address, item: TOTAL });
  return { register, readings };
}

/** What the meter wrote of it, for people; null where it has no such record. */
async function refundRecord(session: MeterSession): Promise<readonly (string | null)[] | null> {
  try {
    return (await session.read([REFUND_RECORD], "command")).map(({ value }) => value);
  } catch (error) {
    if (isFault(error, "meter-silent") || isFault(error, "line-down") || !isFault(error)) throw error;
    return null;
  }
}

export const modeSwitch: CommandDefinition = {
  kind: "mode-switch",
  title: { en: "Switch from local to remote mode", zh: "本地费控切换为远程费控" },
  effect: "adds",
  priority: Priority.money,
  notAfterMs: hours(24),
  attemptsMax: 3,
  asked: (book, open) => {
    if (book.account === null) throw new Fault("meter-without-account", { meter: book.address });
    noMoneyUnderWay(book, open);
  },
  look: async (session, command) => {
    const named = namedBalance(command);
    if (await isRemote(session)) {
      if (named === null) return { choose: "refuse", fault: "mode-already-remote" };
      const takenAt = command.createdAt;
      const before: SwitchBefore = { net: named, count: null, ...(await registers(session)), takenAt, named: true };
      return { choose: "send", before };
    }
    if (named !== null) return { choose: "refuse", fault: "mode-still-local" };
    const wallet = await session.readWallet();
    if (wallet.customerNumber !== session.meter.customerNumber && wallet.customerNumber !== "000000000000")
      return { choose: "refuse", fault: "customer-mismatch" };
    const before: SwitchBefore = {
      net: (wallet.balance - wallet.overdraft).toString(),
      count: wallet.count,
      ...(await registers(session)),
      takenAt: wallet.takenAt,
    };
    return { choose: "send", before };
  },
  send: async (session, command, before, options) => {
    const { count, takenAt } = before as SwitchBefore;
    if (!isByHand(command) && count !== null) return session.switchToRemote({ count }, options);
    await options.beforeFirstByte?.(); // nothing leaves; what the look saw is written down
    return { sent: "silent", sentAt: Instant(takenAt), asExpected: true };
  },
  verify: async (session, command, { sinceSentMs }) => {
    if (await isRemote(session)) return { verdict: "done", proof: { mode: "remote", refund: await refundRecord(session) } };
    if (!isByHand(command)) return { verdict: "not-done" };
    const now = later(command.sentAt ?? command.createdAt, sinceSentMs);
    return now > command.notAfter
      ? { verdict: "not-done" }
      : { verdict: "wait", waitingFor: "person-at-meter", lookAgainMs: LOOK_FOR_PERSON_MS };
  },
};
