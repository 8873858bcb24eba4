/** Replacements, and the two meters' rows as far as a replacement changes them. */
import { Instant } from "../kernel/clock.ts";
import { BusId, CommandId, type AccountId, type MeterAddress } from "../kernel/ids.ts";
import { Fen } from "../kernel/money.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { ModelName } from "../devices/meter.ts";
import type {
  BookedMeter,
  Replacement,
  ReplacementChange,
  ReplacementStep,
  ReplacementStore,
  SeenReadings,
} from "../commands/replacement/replacement.ts";
import { at, type Database } from "./database.ts";

interface Row {
  id: string;
  old_meter: string;
  new_meter: string;
  account: string | null;
  mode: Replacement["mode"];
  step: ReplacementStep;
  waiting_for: string | null;
  given: SeenReadings | null;
  final: SeenReadings | null;
  begin: SeenReadings | null;
  carried: bigint | null;
  command: string | null;
  asked_by_name: string;
  reason: string;
  created_at: number;
  moved_at: number | null;
  ended_at: number | null;
}

const moment = (value: number | null): Instant | null => (value === null ? null : Instant(value));

const replacementOf = (row: Row): Replacement => ({
  id: row.id,
  oldMeter: row.old_meter as MeterAddress,
  newMeter: row.new_meter as MeterAddress,
  account: row.account as AccountId | null,
  mode: row.mode,
  step: row.step,
  waitingFor: row.waiting_for,
  given: row.given,
  final: row.final,
  begin: row.begin,
  carried: row.carried === null ? null : Fen(row.carried),
  command: row.command === null ? null : CommandId(row.command),
  askedByName: row.asked_by_name,
  reason: row.reason,
  createdAt: Instant(row.created_at),
  movedAt: moment(row.moved_at),
  endedAt: moment(row.ended_at),
});

/** Column of each field a change may name, and how its value is written. */
const columns: Record<keyof ReplacementChange, { readonly column: string; readonly as: "plain" | "json" | "moment" }> = {
  step: { column: "step", as: "plain" },
  waitingFor: { column: "waiting_for", as: "plain" },
  given: { column: "given", as: "json" },
  final: { column: "final", as: "json" },
  begin: { column: "begin", as: "json" },
  carried: { column: "carried", as: "plain" },
  command: { column: "command", as: "plain" },
  reason: { column: "reason", as: "plain" },
  movedAt: { column: "moved_at", as: "moment" },
  endedAt: { column: "ended_at", as: "moment" },
};

const written = (value: unknown, as: "plain" | "json" | "moment"): unknown => {
  if (value === null) return null;
  if (as === "json") return JSON.stringify(value);
  return as === "moment" ? at(value as Instant) : value;
};

export class PostgresReplacementStore implements ReplacementStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(tx: Transaction, r: Replacement): Promise<void> {
    await this.#db.run(
      tx,
      `INSERT INTO replacements (id, old_meter, new_meter, account, mode, step, given, asked_by_name, reason, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        ...[r.id, r.oldMeter, r.newMeter, r.account, r.mode, r.step, written(r.given, "json")],
        ...[r.askedByName, r.reason, at(r.createdAt)],
      ],
    );
  }

  async find(tx: Transaction | null, id: string): Promise<Replacement | null> {
    const [row] = await this.#db.rows<Row>(tx, `SELECT * FROM replacements WHERE id = $1${tx === null ? "" : " FOR UPDATE"}`, [
      id,
    ]);
    return row === undefined ? null : replacementOf(row);
  }

  async open(): Promise<readonly Replacement[]> {
    return (await this.#db.rows<Row>(null, "SELECT * FROM replacements WHERE ended_at IS NULL ORDER BY id")).map(replacementOf);
  }

  async openOf(tx: Transaction, oldMeter: MeterAddress): Promise<Replacement | null> {
    const [row] = await this.#db.rows<Row>(
      tx,
      "SELECT * FROM replacements WHERE old_meter = $1 AND ended_at IS NULL FOR UPDATE",
      [oldMeter],
    );
    return row === undefined ? null : replacementOf(row);
  }

  async list(page: Parameters<ReplacementStore["list"]>[0]): Promise<readonly Replacement[]> {
    const rows = await this.#db.rows<Row>(
      null,
      `SELECT * FROM replacements WHERE ($1::text IS NULL OR old_meter = $1 OR new_meter = $1) AND ($2::uuid IS NULL OR id < $2)
        ORDER BY id DESC LIMIT $3`,
      [page.meter, page.before, page.limit],
    );
    return rows.map(replacementOf);
  }

  async change(tx: Transaction | null, id: string, change: ReplacementChange): Promise<boolean> {
    const values: unknown[] = [id];
    const sets = Object.entries(change).map(([field, value]) => {
      const { column, as } = columns[field as keyof ReplacementChange];
      values.push(written(value, as));
      return `${column} = $${values.length}`;
    });
    if (sets.length === 0) return true;
    const update = `UPDATE replacements SET ${sets.join(", ")} WHERE id = $1 AND ended_at IS NULL`;
    return (await this.#db.run(tx, update, values)) > 0;
  }

  async bringNew(tx: Transaction, meter: BookedMeter): Promise<void> {
    const { address, meterNumber, customerNumber, bus, model } = meter;
    await this.#db.run(
      tx,
      `INSERT INTO meters (address, meter_number, customer_number, bus, model, active, created_at) VALUES ($1, $2, $3, $4, $5, false, now())
       ON CONFLICT (address) DO UPDATE SET meter_number = $2, customer_number = $3, bus = $4, model = $5, account = NULL,
         identity = 'unread', identity_note = NULL WHERE NOT meters.active`,
      [address, meterNumber, customerNumber, bus, model],
    );
  }

  async bookedMeter(address: MeterAddress): Promise<BookedMeter | null> {
    const [row] = await this.#db.rows<{
      meter_number: string;
      customer_number: string;
      account: string | null;
      bus: string;
      model: ModelName;
    }>(null, "SELECT meter_number, customer_number, account, bus, model FROM meters WHERE address = $1", [address]);
    if (row === undefined) return null;
    return {
      address,
      meterNumber: row.meter_number,
      customerNumber: row.customer_number,
      account: row.account as AccountId | null,
      bus: BusId(row.bus),
      model: row.model,
    };
  }

  async isFree(tx: Transaction | null, address: MeterAddress): Promise<boolean> {
    const taken = `SELECT 1 FROM meters WHERE address = $1 AND active
      UNION ALL SELECT 1 FROM replacements WHERE new_meter = $1 AND ended_at IS NULL`;
    return (await this.#db.rows(tx, taken, [address])).length === 0;
  }

  async setBeingReplaced(tx: Transaction, oldMeter: MeterAddress, isIt: boolean): Promise<void> {
    await this.#db.run(tx, "UPDATE meters SET being_replaced = $2 WHERE address = $1", [oldMeter, isIt]);
  }

  async moveAccount(
    tx: Transaction,
    { oldMeter, newMeter, account }: Parameters<ReplacementStore["moveAccount"]>[1],
    when: Instant,
  ): Promise<void> {
    await this.#db.run(
      tx,
      `UPDATE meters SET active = false, being_replaced = false, replaced_by = $2, identity = 'quarantined', identity_note = $3,
              identity_at = $4, relay_desired = NULL WHERE address = $1`,
      [oldMeter, newMeter, `replaced by ${newMeter}`, at(when)],
    );
    await this.#db.run(
      tx,
      "UPDATE meters SET active = true, account = $2, identity = 'confirmed', identity_note = NULL, identity_at = $3 WHERE address = $1",
      [newMeter, account, at(when)],
    );
  }

  async replaced(): Promise<readonly { readonly meter: MeterAddress; readonly by: BookedMeter }[]> {
    const rows = await this.#db.rows<{ address: string; replaced_by: string }>(
      null,
      "SELECT address, replaced_by FROM meters WHERE replaced_by IS NOT NULL ORDER BY address",
    );
    const found = [];
    for (const { address, replaced_by } of rows) {
      const by = await this.bookedMeter(replaced_by as MeterAddress);
      if (by !== null) found.push({ meter: address as MeterAddress, by });
    }
    return found;
  }
}
