/** How far each meter of a remote account has been billed, and what each settlement day cost. */
import { CentiKwh } from "../kernel/energy.ts";
import type { Instant } from "../kernel/clock.ts";
import { Fen, type PricePerKwh } from "../kernel/money.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { BilledDay, DailyBillingStore } from "../ledger/billing.ts";
import type { BillingState } from "../ledger/tariff.ts";
import { at, type Database } from "./database.ts";

export class PostgresBillingStore implements DailyBillingStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async lockBilling(tx: Transaction, meter: MeterAddress): Promise<(BillingState & { readonly account: AccountId }) | null> {
    const [row] = await this.#db.rows<{ account: string; day: string; day_start: bigint; billed_to: bigint; charged: bigint }>(
      tx,
      "SELECT account, day, day_start, billed_to, charged FROM billing WHERE meter = $1 FOR UPDATE",
      [meter],
    );
    if (row === undefined) return null;
    return {
      account: row.account as AccountId,
      day: row.day,
      dayStart: CentiKwh(row.day_start),
      billedTo: CentiKwh(row.billed_to),
      charged: Fen(row.charged),
    };
  }

  async saveBilling(tx: Transaction, meter: MeterAddress, account: AccountId, state: BillingState, when: Instant): Promise<void> {
    await this.#db.run(
      tx,
      `INSERT INTO billing (meter, account, day, day_start, billed_to, charged, billed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (meter) DO UPDATE SET account = $2, day = $3, day_start = $4, billed_to = $5, charged = $6, billed_at = $7`,
      [meter, account, state.day, state.dayStart, state.billedTo, state.charged, at(when)],
    );
  }

  async addToDay(
    tx: Transaction,
    row: { account: AccountId; meter: MeterAddress; day: string; energy: CentiKwh; cost: Fen; price: PricePerKwh },
  ): Promise<void> {
    await this.#db.run(
      tx,
      `INSERT INTO billing_days (account, meter, day, energy, cost, price) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (account, meter, day) DO UPDATE SET energy = billing_days.energy + $4, cost = billing_days.cost + $5, price = $6`,
      [row.account, row.meter, row.day, row.energy, row.cost, row.price],
    );
  }

  async days(account: AccountId, limit: number): Promise<readonly BilledDay[]> {
    const rows = await this.#db.rows<{ day: string; energy: bigint; cost: bigint }>(
      null,
      "SELECT day, sum(energy)::bigint AS energy, sum(cost)::bigint AS cost FROM billing_days WHERE account = $1 GROUP BY day ORDER BY day DESC LIMIT $2",
      [account, limit],
    );
    return rows.map((row) => ({ day: row.day, energy: CentiKwh(row.energy), cost: Fen(row.cost) }));
  }
}
