/** Payments in memory: unique for ever by (channel, order id), and a twin waits for the first one's end. */
import type { Payment, PaymentStore } from "../../commands/command-store.ts";
import type { AccountId, CommandId, PaymentId } from "../../kernel/ids.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { InMemoryDatabase } from "./database.ts";
import { ConstraintViolated } from "./table.ts";
import { pair } from "./tables.ts";

const BY_ORDER = "payments_channel_order_id_key";

export class InMemoryPaymentStore implements PaymentStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  insert(tx: Transaction, payment: Payment): Promise<boolean> {
    const { payments, accounts } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const taken = await payments.insert(on, { ...payment });
      if (taken === BY_ORDER) return false;
      if (taken !== null) throw new ConstraintViolated(taken, "holds this key already");
      await accounts.mustExist(on, payment.account, "payments_account_fkey");
      return true;
    });
  }

  find(tx: Transaction | null, id: PaymentId): Promise<Payment | null> {
    return this.#db.look(tx, (on) => this.#db.books.payments.find(on, id) ?? null);
  }

  byOrder(tx: Transaction | null, channel: string, orderId: string): Promise<Payment | null> {
    return this.#db.look(tx, (on) => this.#db.books.payments.findBy(on, BY_ORDER, pair(channel, orderId)) ?? null);
  }

  lock(tx: Transaction, id: PaymentId): Promise<Payment | null> {
    return this.#db.statement(tx, async (on) => (await this.#db.books.payments.lock(on, id)) ?? null);
  }

  setRefund(tx: Transaction, id: PaymentId, refund: CommandId): Promise<void> {
    const { payments } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const payment = await payments.lock(on, id);
      if (payment !== undefined) await payments.update(on, { ...payment, refund });
    });
  }

  setState(tx: Transaction, id: PaymentId, state: Payment["state"], command: CommandId | null): Promise<void> {
    const { payments } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const payment = await payments.lock(on, id);
      if (payment !== undefined) await payments.update(on, { ...payment, state, command });
    });
  }

  disputed(tx: Transaction | null, account: AccountId): Promise<PaymentId | null> {
    return this.#db.look(tx, (on) => {
      const [payment] = this.#db.books.payments.in(on, "disputed", account);
      return payment?.id ?? null;
    });
  }

  list(page: { limit: number; before: PaymentId | null; account: AccountId | null }): Promise<readonly Payment[]> {
    const { payments } = this.#db.books;
    return this.#db.look(null, (on) =>
      (page.account === null ? payments.all(on) : payments.in(on, "account", page.account))
        .filter(({ id }) => page.before === null || id < page.before)
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, page.limit),
    );
  }
}
