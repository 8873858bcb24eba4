/** Payments: unique for ever by (channel, order id). A concurrent twin waits for the first one's end and then finds it. */
import { Instant } from "../kernel/clock.ts";
import { Fen } from "../kernel/money.ts";
import { CommandId, PaymentId, type AccountId } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Invoice, Payment, PaymentStore } from "../commands/command-store.ts";
import type { ChannelPayments, OurPayment } from "../ledger/channel-file.ts";
import type { Period } from "../ledger/period.ts";
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
  invoice: Invoice | null;
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
  ...(row.invoice === null ? {} : { invoice: row.invoice }),
});

export class PostgresPaymentStore implements PaymentStore, ChannelPayments {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(tx: Transaction, p: Payment): Promise<boolean> {
    const inserted = await this.#db.run(
      tx,
      `INSERT INTO payments (id, account, amount, channel, order_id, state, command, created_at, invoice) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (channel, order_id) DO NOTHING`,
      [
        p.id,
        p.account,
        p.amount,
        p.channel,
        p.orderId,
        p.state,
        p.command,
        at(p.createdAt),
        p.invoice === undefined ? null : JSON.stringify(p.invoice),
      ],
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

  /** Those that were taken, in no order. */
  async byOrders(orders: readonly { readonly channel: string; readonly orderId: string }[]): Promise<readonly Payment[]> {
    const rows = await this.#db.rows<Row>(
      null,
      "SELECT p.* FROM payments p JOIN unnest($1::text[], $2::text[]) AS o (channel, order_id) ON o.channel = p.channel AND o.order_id = p.order_id",
      [orders.map(({ channel }) => channel), orders.map(({ orderId }) => orderId)],
    );
    return rows.map(paymentOf);
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

  async ofChannel(channel: string, { from, to }: Period, orderIds: readonly string[]): Promise<readonly OurPayment[]> {
    const rows = await this.#db.rows<Row>(
      null,
      `SELECT * FROM payments WHERE channel = $1 AND ((created_at >= $2 AND created_at < $3) OR order_id = ANY($4)) ORDER BY id`,
      [channel, at(from), at(to), orderIds],
    );
    return rows.map(paymentOf);
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
