/** Accounts and meters as the books know them, beside the registry that knows how to reach them. */
import { Instant, type Clock } from "../kernel/clock.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { relayStateOf, type MeterRecord, type RelayPicture } from "../devices/meter.ts";
import type { AccountBook, AccountSetting, EngineMeterStore, MeterBook } from "../commands/command-store.ts";
import { at, type Database } from "./database.ts";

interface MeterRow {
  address: string;
  account: string | null;
  identity: MeterBook["identity"];
  identity_note: string | null;
  relay_reported: MeterBook["relay"];
  relay_word: number | null;
  relay_protected: boolean;
  relay_at: number | null;
  relay_desired: MeterBook["relayDesired"];
  cut_by: MeterBook["cutBy"];
  test_bench: boolean;
  being_replaced: boolean;
  replaced_by: string | null;
}

export const meterBookOf = (row: MeterRow): MeterBook => ({
  address: row.address as MeterAddress,
  account: row.account as AccountId | null,
  identity: row.identity,
  identityNote: row.identity_note,
  relay: row.relay_reported,
  relayWord: row.relay_word,
  relayProtected: row.relay_protected,
  relayAt: row.relay_at === null ? null : Instant(row.relay_at),
  relayDesired: row.relay_desired,
  cutBy: row.cut_by,
  testBench: row.test_bench,
  beingReplaced: row.being_replaced,
  replacedBy: row.replaced_by as MeterAddress | null,
});

const ACCOUNT =
  "SELECT a.account, a.name, a.class, a.mode, a.tariff, a.tariff_since, m.address AS meter FROM accounts a LEFT JOIN meters m ON m.account = a.account AND m.active";

type AccountRow = Omit<AccountBook, "tariffSince"> & { tariff_since: Instant | null };

const accountBookOf = ({ tariff_since, ...row }: AccountRow): AccountBook =>
  tariff_since === null ? row : { ...row, tariffSince: tariff_since };

export class PostgresMeterStore implements EngineMeterStore {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async bringIn(accounts: readonly AccountSetting[], meters: readonly MeterRecord[]): Promise<void> {
    const now = at(this.#clock.now());
    await this.#db.transact(async (tx) => {
      await this.#db.run(
        tx,
        `INSERT INTO accounts (account, name, class, mode, tariff, created_at)
         SELECT x.account, x.name, x.class, x.mode, x.tariff, $2 FROM jsonb_to_recordset($1::jsonb) AS x(account text, name text, class text, mode text, tariff text)
         ON CONFLICT (account) DO UPDATE SET name = EXCLUDED.name, class = EXCLUDED.class, tariff = EXCLUDED.tariff,
           tariff_since = CASE WHEN accounts.tariff = EXCLUDED.tariff THEN accounts.tariff_since ELSE $2::timestamptz END,
           -- what was switched at the meter is not undone by a file that was not edited
           mode = CASE WHEN accounts.switched_at IS NULL THEN EXCLUDED.mode ELSE accounts.mode END`,
        [JSON.stringify(accounts), now],
      );
      const rows = meters.map(({ address, meterNumber, customerNumber, account, bus, model, testBench }) => ({
        address,
        meter_number: meterNumber,
        customer_number: customerNumber,
        account,
        bus,
        model,
        test_bench: testBench ?? false,
      }));
      // Only what is gone or changes its account: two that change places must not meet, and what stays as it is leaves no trace in the audit.
      await this.#db.run(
        tx,
        `UPDATE meters m SET active = false WHERE m.active AND NOT EXISTS (
           SELECT 1 FROM jsonb_to_recordset($1::jsonb) AS x(address text, account text) WHERE x.address = m.address AND x.account IS NOT DISTINCT FROM m.account)`,
        [JSON.stringify(rows)],
      );
      await this.#db.run(
        tx,
        `INSERT INTO meters (address, meter_number, customer_number, account, bus, model, test_bench, active, created_at)
         SELECT x.address, x.meter_number, x.customer_number, x.account, x.bus, x.model, x.test_bench, true, $2
           FROM jsonb_to_recordset($1::jsonb) AS x(address text, meter_number text, customer_number text, account text, bus text, model text, test_bench boolean)
         ON CONFLICT (address) DO UPDATE SET account = EXCLUDED.account, bus = EXCLUDED.bus, model = EXCLUDED.model, test_bench = EXCLUDED.test_bench, active = true,
           -- other numbers than before: whatever was confirmed then is to be read again
           identity = CASE WHEN meters.meter_number = EXCLUDED.meter_number AND meters.customer_number = EXCLUDED.customer_number THEN meters.identity ELSE 'unread' END,
           identity_note = CASE WHEN meters.meter_number = EXCLUDED.meter_number AND meters.customer_number = EXCLUDED.customer_number THEN meters.identity_note END,
           meter_number = EXCLUDED.meter_number, customer_number = EXCLUDED.customer_number`,
        [JSON.stringify(rows), now],
      );
    });
  }

  async meter(tx: Transaction | null, address: MeterAddress): Promise<MeterBook | null> {
    const [row] = await this.#db.rows<MeterRow>(
      tx,
      `SELECT * FROM meters WHERE address = $1${tx === null ? "" : " FOR UPDATE"}`,
      [address],
    );
    return row === undefined ? null : meterBookOf(row);
  }

  async all(): Promise<readonly MeterBook[]> {
    return (await this.#db.rows<MeterRow>(null, "SELECT * FROM meters WHERE active ORDER BY address")).map(meterBookOf);
  }

  async account(tx: Transaction | null, account: AccountId): Promise<AccountBook | null> {
    const [row] = await this.#db.rows<AccountRow>(tx, `${ACCOUNT} WHERE a.account = $1`, [account]);
    return row === undefined ? null : accountBookOf(row);
  }

  async accounts(page: { limit: number; after: AccountId | null }): Promise<readonly AccountBook[]> {
    const sql = `${ACCOUNT} WHERE ($1::text IS NULL OR a.account > $1) ORDER BY a.account LIMIT $2`;
    return (await this.#db.rows<AccountRow>(null, sql, [page.after, page.limit])).map(accountBookOf);
  }

  async switchToRemote(tx: Transaction, account: AccountId, when: Instant): Promise<void> {
    await this.#db.run(tx, "UPDATE accounts SET mode = 'remote', switched_at = $2 WHERE account = $1", [account, at(when)]);
  }

  async remoteAccounts(): Promise<readonly AccountId[]> {
    const rows = await this.#db.rows<{ account: string }>(null, "SELECT account FROM accounts WHERE mode = 'remote'");
    return rows.map(({ account }) => account as AccountId);
  }

  async setIdentity(
    tx: Transaction | null,
    address: MeterAddress,
    identity: "confirmed" | "quarantined",
    note: string | null,
    when: Instant,
  ): Promise<void> {
    await this.#db.run(tx, "UPDATE meters SET identity = $2, identity_note = $3, identity_at = $4 WHERE address = $1", [
      address,
      identity,
      note,
      at(when),
    ]);
  }

  async confirmAgain(address: MeterAddress, when: Instant): Promise<boolean> {
    const sql = "UPDATE meters SET identity_at = $2 WHERE address = $1 AND identity = 'confirmed' AND identity_note IS NULL";
    return (await this.#db.run(null, sql, [address, at(when)])) === 1;
  }

  async setRelay(tx: Transaction | null, address: MeterAddress, picture: RelayPicture): Promise<boolean> {
    const [row] = await this.#db.rows<{ changed: boolean }>(
      tx,
      `UPDATE meters m SET relay_reported = $2, relay_word = $3, relay_protected = $4, relay_at = $5
         FROM (SELECT address, relay_reported, relay_protected FROM meters WHERE address = $1 FOR UPDATE) AS known
        WHERE m.address = known.address AND (m.relay_at IS NULL OR m.relay_at <= $5 OR m.relay_at > $5 + interval '5 minutes')
        RETURNING known.relay_reported <> $2 OR known.relay_protected <> $4 AS changed`,
      [address, relayStateOf(picture), picture.word, picture.protected, at(picture.takenAt)],
    );
    return row?.changed ?? false;
  }

  async forgetRelayWish(tx: Transaction, address: MeterAddress): Promise<void> {
    await this.#db.run(
      tx,
      `UPDATE meters SET relay_desired = CASE WHEN relay_reported = 'disconnected' AND cut_by IS NOT NULL THEN 'disconnected' END WHERE address = $1`,
      [address],
    );
  }

  async setCutBy(tx: Transaction, address: MeterAddress, cutBy: "person" | "rule" | null): Promise<void> {
    await this.#db.run(tx, "UPDATE meters SET cut_by = $2 WHERE address = $1", [address, cutBy]);
  }

  async setRelayWish(tx: Transaction, address: MeterAddress, desired: "connected" | "armed" | "disconnected"): Promise<void> {
    await this.#db.run(tx, "UPDATE meters SET relay_desired = $2 WHERE address = $1", [address, desired]);
  }
}
