/** Payments: unique for ever by (channel, order id). A concurrent twin waits for the first one's end and then finds it. */
import { Instant } from "../kernel/clock.ts";
import { Fen } from "../kernel/money.ts";
import { CommandId, PaymentId, type AccountId } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Payment, PaymentStore } from "../commands/command-store.ts";
import { at, type Database } from "./database.ts";

interface Row {
  id: string;
  account: string;
  amount: bigint;
  channel: string;
  order_id: string;
  state: Payment["state"];
  command: string | null;
  refund: string | null;
  created_at: number;
}

const paymentOf = (row: Row): Payment => ({
  id: PaymentId(row.id),
  account: row.account as AccountId,
  amount: Fen(row.amount),
  channel: row.channel,
  orderId: row.order_id,
  state: row.state,
  command: row.command === null ? null : CommandId(row.command),
  refund: row.refund === null ? null : CommandId(row.refund),
  createdAt: Instant(row.created_at),
});

export class PostgresPaymentStore implements PaymentStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(tx: Transaction, p: Payment): Promise<boolean> {
    const inserted = await this.#db.run(
      tx,
      `INSERT INTO payments (id, account, amount, channel, order_id, state, command, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (channel, order_id) DO NOTHING`,
      [p.id, p.account, p.amount, p.channel, p.orderId, p.state, p.command, at(p.createdAt)],
    );
    return inserted === 1;
  }

  async find(tx: Transaction | null, id: PaymentId): Promise<Payment | null> {
    const [row] = await this.#db.rows<Row>(tx, "SELECT * FROM payments WHERE id = $1", [id]);
    return row === undefined ? null : paymentOf(row);
  }

  async lock(tx: Transaction, id: PaymentId): Promise<Payment | null> {
    const [row] = await this.#db.rows<Row>(tx, "SELECT * FROM payments WHERE id = $1 FOR UPDATE", [id]);
    return row === undefined ? null : paymentOf(row);
  }

  async byOrder(tx: Transaction | null, channel: string, orderId: string): Promise<Payment | null> {
    const [row] = await this.#db.rows<Row>(tx, "SELECT * FROM payments WHERE channel = $1 AND order_id = $2", [channel, orderId]);
    return row === undefined ? null : paymentOf(row);
  }

  async setState(tx: Transaction, id: PaymentId, state: Payment["state"], command: CommandId | null): Promise<void> {
    await this.#db.run(tx, "UPDATE payments SET state = $2, command = $3 WHERE id = $1", [id, state, command]);
  }

  async setRefund(tx: Transaction, id: PaymentId, refund: CommandId): Promise<void> {
    await this.#db.run(tx, "UPDATE payments SET refund = $2 WHERE id = $1", [id, refund]);
  }

  async disputed(tx: Transaction | null, account: AccountId): Promise<PaymentId | null> {
    const [row] = await this.#db.rows<{ id: string }>(
      tx,
      "SELECT id FROM payments WHERE account = $1 AND state = 'disputed' LIMIT 1",
      [account],
    );
    return row === undefined ? null : PaymentId(row.id);
  }

  async list(page: { limit: number; before: PaymentId | null; account: AccountId | null }): Promise<readonly Payment[]> {
    const rows = await this.#db.rows<Row>(
      null,
      "SELECT * FROM payments WHERE ($1::uuid IS NULL OR id < $1) AND ($2::text IS NULL OR account = $2) ORDER BY id DESC LIMIT $3",
      [page.before, page.account, page.limit],
    );
    return rows.map(paymentOf);
  }
}
