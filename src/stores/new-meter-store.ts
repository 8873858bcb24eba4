/** Meters that were added beside those of the site file. */
import type { Clock } from "../kernel/clock.ts";
import { BusId, type AccountId, type MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { ModelName } from "../devices/meter.ts";
import type { AccountSetting } from "../commands/command-store.ts";
import type { NewMeter, NewMeterStore, StandingMeter } from "../commands/new-meters.ts";
import { at, type Database } from "./database.ts";

interface Row {
  address: string;
  meter_number: string;
  customer_number: string;
  account: string | null;
  bus: string;
  model: ModelName;
  active: boolean;
  replaced_by: string | null;
}

const meterOf = (row: Row): NewMeter => ({
  address: row.address as MeterAddress,
  meterNumber: row.meter_number,
  customerNumber: row.customer_number,
  account: row.account as AccountId | null,
  bus: BusId(row.bus),
  model: row.model,
});

export class PostgresNewMeterStore implements NewMeterStore {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async reserve(tx: Transaction, address: MeterAddress, account: AccountId | null): Promise<void> {
    // the address before the account, and no more than one of each: two that add wait for one another in one direction only
    for (const what of [`meter ${address}`, ...(account === null ? [] : [`account ${account}`])])
      await this.#db.run(tx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`fee-control-gateway adds ${what}`]);
  }

  async standing(tx: Transaction | null, address: MeterAddress): Promise<StandingMeter | null> {
    const [row] = await this.#db.rows<Row>(tx, `SELECT * FROM meters WHERE address = $1${tx === null ? "" : " FOR UPDATE"}`, [
      address,
    ]);
    return row === undefined ? null : { ...meterOf(row), active: row.active, replacedBy: row.replaced_by as MeterAddress | null };
  }

  async addAccount(tx: Transaction, { account, name, class: kind, mode, tariff }: AccountSetting): Promise<void> {
    await this.#db.run(
      tx,
      "INSERT INTO accounts (account, name, class, mode, tariff, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account) DO NOTHING",
      [account, name, kind, mode, tariff, at(this.#clock.now())],
    );
  }

  async add(tx: Transaction, meter: NewMeter, by: string): Promise<void> {
    const { address, meterNumber, customerNumber, account, bus, model } = meter;
    await this.#db.run(
      tx,
      `INSERT INTO meters (address, meter_number, customer_number, account, bus, model, active, created_at, added_by)
       VALUES ($1, $2, $3, $4, $5, $6, true, $7, $8)
       ON CONFLICT (address) DO UPDATE SET meter_number = $2, customer_number = $3, account = $4, bus = $5, model = $6, active = true,
         added_by = $8, identity = 'unread', identity_note = NULL`,
      [address, meterNumber, customerNumber, account, bus, model, at(this.#clock.now()), by],
    );
  }

  hanging(): Promise<readonly NewMeter[]> {
    return this.#those("active");
  }

  added(): Promise<readonly NewMeter[]> {
    return this.#those("replaced_by IS NULL");
  }

  async #those(which: string): Promise<readonly NewMeter[]> {
    const rows = await this.#db.rows<Row>(null, `SELECT * FROM meters WHERE added_by IS NOT NULL AND ${which} ORDER BY address`);
    return rows.map(meterOf);
  }

  async areInFile(meters: readonly MeterAddress[]): Promise<void> {
    await this.#db.run(null, "UPDATE meters SET added_by = NULL WHERE address = ANY($1) AND added_by IS NOT NULL", [meters]);
  }
}
