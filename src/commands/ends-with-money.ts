/**
 * Commands that are no purchase and move money all the same: a wallet that was wiped, a meter that was switched to remote mode. What
 * the books do about it stands in one transaction with the command's end, so that it happens once, wherever somebody died.
 */
import { Instant, type Clock } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import { Fault } from "../kernel/faults.ts";
import { Fen, yuan } from "../kernel/money.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { TOTAL } from "../devices/energy-set.ts";
import type { ReadingIntake } from "../devices/reading-intake.ts";
import { closedWalletLegs } from "../ledger/closed-wallet.ts";
import { book, type Ledger } from "../ledger/ledger.ts";
import type { Command } from "./command.ts";
import type { CommandStore, EngineMeterStore } from "./command-store.ts";
import type { Before } from "./definition.ts";
import type { SwitchBefore } from "./definitions/mode-switch.ts";

export type AccountModes = Pick<EngineMeterStore, "switchToRemote">;

/**
 * Where billing of a meter begins: with registers as the meter showed them, judged and counted as all others are. What is doubted begins no
 * bill: a person hears of it, and the next believed ones do.
 */
export type BillingStart = Pick<ReadingIntake, "takeIn">;

export interface EndParts {
  readonly clock: Clock;
  readonly commands: Pick<CommandStore, "lastAttempt">;
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  readonly modes: AccountModes;
  readonly billing: BillingStart;
}

const kinds: ReadonlySet<Command["kind"]> = new Set(["wallet-reset", "mode-switch"]);
export const endsWithMoney = ({ kind }: Pick<Command, "kind">): boolean => kinds.has(kind);

export type MoneyAtEnd = (tx: Transaction, command: Command, before: Before | null) => Promise<void>;

/** Called when such a command is confirmed; `before` is what its look saw, null when there was nothing to send. */
export const moneyAtEndOf =
  (parts: EndParts): MoneyAtEnd =>
  (tx, command, before) =>
    move(parts, tx, command, before);

async function move(parts: EndParts, tx: Transaction, command: Command, before: Before | null): Promise<void> {
  if (command.kind === "wallet-reset") return wiped(parts, tx, command, before);
  const seen = before ?? (await parts.commands.lastAttempt(command.id))?.before ?? null;
  // a backup that is older than its sending leaves it without an attempt: nobody can say what would be credited
  if (seen === null) throw new Fault("switch-without-look", { command: command.id, meter: command.meter });
  return switched(parts, tx, command, seen as SwitchBefore);
}

async function wiped({ ledger }: EndParts, tx: Transaction, command: Command, before: Before | null): Promise<void> {
  const inBooks = await ledger.onMeter(tx, command.meter);
  const shown = before === null ? "0.00" : yuan(BigInt(before["net"] as string));
  await ledger.moveOver(tx, {
    by: command.askedByName ?? null,
    reference: `wallet-reset/${command.id}`,
    note: `the wallet was wiped; it showed ${shown}`,
    legs: [
      { book: book.meter(command.meter), amount: Fen(0n - inBooks) },
      { book: book.reset(command.meter), amount: inBooks },
    ],
  });
}

async function switched(parts: EndParts, tx: Transaction, command: Command, before: SwitchBefore): Promise<void> {
  const { ledger, modes, billing, outbox, clock } = parts;
  const { meter, account } = command;
  if (account === null) throw new Error(`command ${command.id} switches a meter that nobody pays for`);
  const shown = Fen(BigInt(before.net));
  await ledger.moveOver(tx, {
    by: command.askedByName ?? null,
    reference: `mode-switch/${command.id}`,
    note: `the rest of the wallet of ${meter}: ${yuan(shown)}${before.named === true ? ", as two persons said" : ""}`,
    legs: closedWalletLegs({ meter, account, inBooks: await ledger.onMeter(tx, meter), shown }),
  });
  await modes.switchToRemote(tx, account, clock.now());
  await billing.takeIn(tx, before.readings ?? [totalOf(command, before)]);
  await outbox.announce(tx, { type: "account", account, mode: "remote" });
}

const totalOf = ({ meter }: Command, { register, takenAt }: SwitchBefore): Reading => ({
  ...{ meter, item: TOTAL, value: register, unit: "kWh", takenAt: Instant(takenAt), source: "command" },
});
