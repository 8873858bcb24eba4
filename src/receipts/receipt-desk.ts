/** Makes out receipts: gathers what the books know of a payment or a command, and signs it. Asked twice, it tells twice how things stand then. */
import type { Sealer } from "../audit/sealer.ts";
import type { AuditStore } from "../audit/audit-store.ts";
import type { Attempt, Command } from "../commands/command.ts";
import type { Payment } from "../commands/command-store.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { CommandId, PaymentId } from "../kernel/ids.ts";
import type { ReceiptKeys } from "./keys.ts";
import { receiptOf, type LedgerFact } from "./receipt.ts";
import { signed } from "./sign.ts";

export interface ReceiptDeskParts {
  readonly site: { readonly name: string; readonly timeZone: string };
  readonly keys: ReceiptKeys;
  readonly clock: Clock;
  readonly commands: {
    find(tx: null, id: CommandId): Promise<Command | null>;
    attempts(id: CommandId): Promise<readonly Attempt[]>;
  };
  readonly payments: { find(tx: null, id: PaymentId): Promise<Payment | null> };
  /** Entries of these references, oldest first. */
  readonly entriesOf: (references: readonly string[]) => Promise<readonly LedgerFact[]>;
  readonly audit: Pick<AuditStore, "rowsOf">;
  readonly sealer: Pick<Sealer, "sealAll">;
}

export class ReceiptDesk {
  readonly #parts: ReceiptDeskParts;

  constructor(parts: ReceiptDeskParts) {
    this.#parts = parts;
  }

  get keys(): ReceiptKeys {
    return this.#parts.keys;
  }

  /** The text of the receipt, byte for byte as it has to be kept. */
  async ofCommand(id: CommandId): Promise<string> {
    const command = await this.#parts.commands.find(null, id);
    if (command === null) throw new Fault("unknown-command", { command: id });
    const payment = command.payment === null ? null : await this.#parts.payments.find(null, command.payment);
    return this.#write(payment, command);
  }

  async ofPayment(id: PaymentId): Promise<string> {
    const payment = await this.#parts.payments.find(null, id);
    if (payment === null) throw new Fault("unknown-payment", { payment: id });
    const command = payment.command === null ? null : await this.#parts.commands.find(null, payment.command);
    return this.#write(payment, command);
  }

  async #write(payment: Payment | null, command: Command | null): Promise<string> {
    const { site, keys, clock, commands, entriesOf, audit, sealer } = this.#parts;
    const attempts = command === null ? [] : await commands.attempts(command.id);
    const references = [payment?.id, command?.id].filter((id) => id !== undefined);
    const entries = await entriesOf(references);
    const head = await sealer.sealAll(); // so that every row below has its place in the chain
    const rows = await audit.rowsOf([
      ...(payment === null ? [] : [`payment/${payment.id}`]),
      ...(command === null ? [] : [`command/${command.id}`]),
      ...attempts.map(({ number }) => `attempt/${command!.id}/${number}`),
      ...entries.map(({ id }) => `entry/${id}`),
    ]);
    return signed(
      receiptOf({ site, issuedAt: clock.now(), payment, command, attempts, entries, audit: rows, head }),
      keys.current,
    );
  }
}
