/** How far each meter of a remote account has been billed, and what each settlement day cost, in memory. */
import type { Instant } from "../../kernel/clock.ts";
import { CentiKwh } from "../../kernel/energy.ts";
import type { AccountId, MeterAddress } from "../../kernel/ids.ts";
import { Fen, type PricePerKwh } from "../../kernel/money.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { BilledDay, DailyBillingStore } from "../../ledger/billing.ts";
import type { BillingState } from "../../ledger/tariff.ts";
import type { InMemoryDatabase } from "./database.ts";

export class InMemoryBillingStore implements DailyBillingStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  lockBilling(tx: Transaction, meter: MeterAddress): Promise<(BillingState & { readonly account: AccountId }) | null> {
    return this.#db.statement(tx, async (on) => {
      const row = await this.#db.books.billing.lock(on, meter, "update");
      if (row === undefined) return null;
      const { account, day, dayStart, billedTo, charged } = row;
      return { account, day, dayStart, billedTo, charged };
    });
  }

  saveBilling(tx: Transaction, meter: MeterAddress, account: AccountId, state: BillingState, billedAt: Instant): Promise<void> {
    const { billing, accounts, meters } = this.#db.books;
    const { day, dayStart, billedTo, charged } = state;
    return this.#db.statement(tx, async (on) => {
      await billing.upsert(on, meter, () => ({ meter, account, day, dayStart, billedTo, charged, billedAt }));
      await meters.mustExist(on, meter, "billing_meter_fkey");
      await accounts.mustExist(on, account, "billing_account_fkey");
    });
  }

  addToDay(
    tx: Transaction,
    row: { account: AccountId; meter: MeterAddress; day: string; energy: CentiKwh; cost: Fen; price: PricePerKwh },
  ): Promise<void> {
    const { billedDays, accounts, meters } = this.#db.books;
    const { account, meter, day, energy, cost } = row;
    return this.#db.statement(tx, async (on) => {
      await billedDays.upsert(on, JSON.stringify([account, meter, day]), (known) => ({
        ...{ account, meter, day },
        energy: CentiKwh((known?.energy ?? 0n) + energy),
        cost: Fen((known?.cost ?? 0n) + cost),
      }));
      await meters.mustExist(on, meter, "billing_days_meter_fkey");
      await accounts.mustExist(on, account, "billing_days_account_fkey");
    });
  }

  days(account: AccountId, limit: number): Promise<readonly BilledDay[]> {
    return this.#db.look(null, (on) => {
      const byDay = Map.groupBy(this.#db.books.billedDays.in(on, "account", account), ({ day }) => day);
      const newestFirst = [...byDay].sort(([a], [b]) => (a < b ? 1 : -1));
      return newestFirst.slice(0, limit).map(([day, rows]) => ({
        day,
        energy: CentiKwh(rows.reduce((sum, { energy }) => sum + energy, 0n)),
        cost: Fen(rows.reduce((sum, { cost }) => sum + cost, 0n)),
      }));
    });
  }
}
