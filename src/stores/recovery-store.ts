/** Dark meters as recovery sees them, cuts that are watched, and incidents with what happened to them. */
import { Instant, later } from "../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress } from "../kernel/ids.ts";
import { walletItems } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Command } from "../commands/command.ts";
import type { ExceptionId } from "../exceptions/item.ts";
import type { Period } from "../ledger/period.ts";
import type { Intent } from "../policy/rules.ts";
import type { Cause } from "../recovery/causes.ts";
import type { Incident, IncidentChange, IncidentId, IncidentStep } from "../recovery/incident.ts";
import { IncidentId as incidentId } from "../recovery/incident.ts";
import {
  UNPROTECT_AGAIN_MS,
  type IncidentFilter,
  type Point,
  type RecoveryStore,
  type WatchedCut,
} from "../recovery/recovery-store.ts";
import { commandOf, type CommandRow } from "./command-columns.ts";
import { at, type Database } from "./database.ts";
import { columnValue, incidentColumns, incidentOf, watchedOf, type IncidentRow, type WatchedRow } from "./recovery-columns.ts";

interface PointRow {
  meter: string;
  account: string | null;
  class: string | null;
  mode: Point["mode"];
  model: string;
  bus: string;
  relay: Point["relay"];
  relay_at: number | null;
  identity: Point["identity"];
  cut_by: Point["cutBy"];
  cut: string | null;
  restore: string | null;
  want: Intent["want"] | null;
  because: string | null;
  since: number | null;
  wallet_paid_at: number | null;
  register: string | null;
  read_at: number | null;
}

const inWallets = walletItems.map((item) => `'${item}'`).join(", ");
/** A purchase that a wallet showed, while credit is read in it since: then its customer should have supply. */
const POINT = `
  SELECT m.address AS meter, m.account, a.class, a.mode, m.model, m.bus, m.relay_reported AS relay, m.relay_at, m.identity, m.cut_by,
         c.id AS cut, r.id AS restore, s.want, s.because, s.since, e.value AS register, e.taken_at AS read_at,
         CASE WHEN a.mode = 'local' AND b.value ~ '^[0-9]+([.][0-9]+)?$' AND b.value::numeric > 0 AND b.taken_at >= p.verified_at THEN p.verified_at END AS wallet_paid_at
    FROM meters m
    LEFT JOIN accounts a ON a.account = m.account
    LEFT JOIN standings s ON s.meter = m.address AND s.account = m.account
    LEFT JOIN latest_readings e ON e.meter = m.address AND e.item = 'importedEnergy'
    LEFT JOIN LATERAL (SELECT l.value, l.taken_at FROM latest_readings l WHERE a.mode = 'local' AND l.meter = m.address AND l.item IN (${inWallets}) AND l.value IS NOT NULL
                        ORDER BY l.taken_at DESC, l.item LIMIT 1) b ON true
    LEFT JOIN LATERAL (SELECT id, state, sent_at FROM commands WHERE meter = m.address AND kind IN ('disconnect', 'disconnect-for')
                          AND (sent_at IS NOT NULL OR state = 'confirmed') ORDER BY id DESC LIMIT 1) c ON true
    LEFT JOIN LATERAL (SELECT id, asked_by, state FROM commands WHERE meter = m.address AND kind IN ('reconnect', 'arm') ORDER BY id DESC LIMIT 1) r ON true
    LEFT JOIN LATERAL (SELECT verified_at FROM commands WHERE meter = m.address AND kind IN ('top-up', 'open-account') AND state = 'confirmed' ORDER BY id DESC LIMIT 1) p ON true
   WHERE m.active`;
/** Seen open, or seen before a cut that may have been obeyed. The first half asks of meters alone, so that the orders of few are looked up. */
const MAY_BE_DARK = `(m.relay_reported IN ('disconnected', 'armed') OR m.cut_by IS NOT NULL
   OR EXISTS (SELECT 1 FROM commands o WHERE o.meter = m.address AND o.kind IN ('disconnect', 'disconnect-for') AND o.state IN ('sending', 'verifying')))
  AND (m.relay_reported IN ('disconnected', 'armed')
   OR m.relay_reported = 'connected' AND c.sent_at >= m.relay_at AND (c.state IN ('sending', 'verifying') OR c.state = 'unanswered' AND m.cut_by IS NOT NULL))`;
/** Somebody wants it back, by the rules' word, an order of his own, or his payment; or the rules ordered it back when its meter came into doubt. */
const DARK = `AND NOT m.being_replaced AND ${MAY_BE_DARK}
  AND (s.want = 'connected' OR (r.id IS NOT NULL AND r.state <> 'cancelled' AND (r.asked_by = 'person' OR m.identity = 'quarantined') AND (c.id IS NULL OR r.id > c.id)) OR a.mode = 'local')`;

const moment = (value: number | null): Instant | null => (value === null ? null : Instant(value));
/** An incident says this cause of the cut in row w. */
const said = (cause: string): string =>
  `EXISTS (SELECT 1 FROM incidents i WHERE i.cut = w.command AND (i.cause = '${cause}' OR '${cause}' = ANY (i.also)))`;

export class PostgresRecoveryStore implements RecoveryStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async darkPoints(): Promise<readonly Point[]> {
    const rows = await this.#db.rows<PointRow>(null, `${POINT} ${DARK} ORDER BY m.address`);
    return this.#points(null, rows);
  }

  async point(tx: Transaction | null, meter: MeterAddress): Promise<Point | null> {
    const rows = await this.#db.rows<PointRow>(tx, `${POINT} AND m.address = $1`, [meter]);
    return (await this.#points(tx, rows))[0] ?? null;
  }

  async unwatchedCuts(since: Instant, limit: number): Promise<readonly Command[]> {
    const rows = await this.#db.rows<CommandRow>(
      null,
      `SELECT c.* FROM commands c WHERE c.kind IN ('disconnect', 'disconnect-for') AND c.ended_at IS NOT NULL AND c.sent_at >= $1
          AND c.state IN ('confirmed', 'unanswered') AND NOT EXISTS (SELECT 1 FROM watched_cuts w WHERE w.command = c.id) ORDER BY c.id LIMIT $2`,
      [at(since), limit],
    );
    return rows.map(commandOf);
  }

  async watchCut(tx: Transaction, cut: WatchedCut): Promise<boolean> {
    const inserted = await this.#db.run(
      tx,
      `INSERT INTO watched_cuts (command, meter, account, by_rule, cut_at, register, marks, ended_at, because)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (command) DO NOTHING`,
      [
        ...[cut.command, cut.meter, cut.account, cut.byRule, at(cut.cutAt), cut.register, JSON.stringify(cut.marks)],
        ...[cut.endedAt === null ? null : at(cut.endedAt), cut.because],
      ],
    );
    if (inserted === 0) return false;
    await this.#db.run(
      tx,
      "UPDATE watched_cuts SET ended_at = $3, because = 'cut-anew' WHERE meter = $1 AND ended_at IS NULL AND command < $2",
      [cut.meter, cut.command, at(cut.cutAt)],
    );
    return true;
  }

  async watchedCuts(limit: number, after: CommandId | null): Promise<readonly WatchedCut[]> {
    const rows = await this.#db.rows<WatchedRow>(
      null,
      "SELECT * FROM watched_cuts WHERE ended_at IS NULL AND ($2::uuid IS NULL OR command > $2) ORDER BY command LIMIT $1",
      [limit, after],
    );
    return rows.map(watchedOf);
  }

  async lockWatched(tx: Transaction, command: CommandId): Promise<WatchedCut | null> {
    const [row] = await this.#db.rows<WatchedRow>(
      tx,
      "SELECT * FROM watched_cuts WHERE command = $1 AND ended_at IS NULL FOR UPDATE",
      [command],
    );
    return row === undefined ? null : watchedOf(row);
  }

  async changeWatched(tx: Transaction, command: CommandId, change: Parameters<RecoveryStore["changeWatched"]>[2]): Promise<void> {
    const { register, marks, endedAt, because } = change;
    await this.#db.run(
      tx,
      `UPDATE watched_cuts SET register = coalesce($2, register), marks = coalesce($3, marks), ended_at = coalesce($4, ended_at), because = coalesce($5, because)
        WHERE command = $1`,
      [
        ...[command, register ?? null, marks === undefined ? null : JSON.stringify(marks)],
        ...[endedAt == null ? null : at(endedAt), because ?? null],
      ],
    );
  }

  async strategyOf(cut: CommandId): ReturnType<RecoveryStore["strategyOf"]> {
    const [row] = await this.#db.rows<{ version: string; rules: readonly unknown[] | null }>(
      null,
      `SELECT d.strategy AS version, (SELECT s.rules FROM strategies s WHERE s.version = d.strategy ORDER BY s.id DESC LIMIT 1) AS rules
         FROM decisions d WHERE d.command = $1 ORDER BY d.id DESC LIMIT 1`,
      [cut],
    );
    return row ?? null;
  }

  async cutsOfStrangers(since: Instant): Promise<readonly CommandId[]> {
    const rows = await this.#db.rows<{ command: CommandId }>(
      null,
      `SELECT w.command FROM watched_cuts w JOIN meters m ON m.address = w.meter AND m.active AND m.identity = 'quarantined'
        WHERE w.by_rule AND w.cut_at >= $1 AND w.because IS DISTINCT FROM 'cut-anew' AND NOT ${said("wrong-identity")} ORDER BY w.command`,
      [at(since)],
    );
    return rows.map(({ command }) => command);
  }

  async cutsOnFalseRegisters(since: Instant): Promise<readonly CommandId[]> {
    const rows = await this.#db.rows<{ command: CommandId }>(
      null,
      `SELECT w.command FROM watched_cuts w
        WHERE w.by_rule AND w.cut_at >= $1 AND w.register ~ '^[0-9]+[.][0-9]{2}$' AND NOT ${said("false-register")}
          AND EXISTS (SELECT 1 FROM reading_entries x WHERE x.meter = w.meter AND x.kind = 'correct' AND x.at > w.cut_at
                         AND x.register < replace(w.register, '.', '')::bigint) ORDER BY w.command`,
      [at(since)],
    );
    return rows.map(({ command }) => command);
  }

  protectionsOver(now: Instant): Promise<readonly { meter: MeterAddress; account: AccountId | null }[]> {
    return this.#db.rows(
      null,
      `SELECT c.meter, c.account FROM commands c
        WHERE c.kind = 'protect' AND c.state = 'confirmed' AND c.params ? 'until' AND (c.params ->> 'until')::float8 <= $1
          AND NOT EXISTS (SELECT 1 FROM commands n WHERE n.meter = c.meter AND n.id > c.id AND (
                n.kind = 'protect' AND n.state NOT IN ('cancelled', 'refused', 'expired')
             OR n.kind = 'unprotect' AND n.state <> 'cancelled' AND (n.state = 'confirmed' OR n.ended_at IS NULL OR n.ended_at > $2)))
          AND NOT EXISTS (SELECT 1 FROM commands p WHERE p.meter = c.meter AND p.id < c.id AND p.kind = 'protect' AND NOT p.params ? 'until'
                AND (p.state = 'confirmed' OR p.because = 'superseded')
                AND NOT EXISTS (SELECT 1 FROM commands u WHERE u.meter = c.meter AND u.kind = 'unprotect' AND u.state = 'confirmed' AND u.id > p.id AND u.id < c.id))
          AND NOT EXISTS (SELECT 1 FROM commands p WHERE p.meter = c.meter AND p.id <= c.id AND p.kind = 'protect' AND p.state = 'confirmed' AND p.sent_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM commands u WHERE u.meter = c.meter AND u.kind = 'unprotect' AND u.state = 'confirmed' AND u.id > p.id AND u.id < c.id)
                AND NOT EXISTS (SELECT 1 FROM commands q WHERE q.meter = c.meter AND q.kind = 'protect' AND q.sent_at IS NOT NULL AND q.state IN ('confirmed', 'unanswered') AND q.id < p.id
                      AND NOT EXISTS (SELECT 1 FROM commands u WHERE u.meter = c.meter AND u.kind = 'unprotect' AND u.state = 'confirmed' AND u.id > q.id AND u.id < p.id)))
        ORDER BY c.meter`,
      [now, at(later(now, -UNPROTECT_AGAIN_MS))],
    );
  }

  async firstRestore(
    tx: Transaction,
    meter: MeterAddress,
    of: { since: Instant; armedBefore: Instant },
  ): Promise<Command | null> {
    const [row] = await this.#db.rows<CommandRow>(
      tx,
      `SELECT * FROM commands WHERE meter = $1 AND state = 'confirmed' AND kind IN ('reconnect', 'arm') AND verified_at >= $2
          AND (kind = 'reconnect' OR verified_at < $3) ORDER BY verified_at, id LIMIT 1`,
      [meter, at(of.since), at(of.armedBefore)],
    );
    return row === undefined ? null : commandOf(row);
  }

  async causesOf(cuts: readonly CommandId[]): Promise<ReadonlyMap<CommandId, readonly Cause[]>> {
    const rows = await this.#db.rows<{ cut: CommandId; causes: Cause[] }>(
      null,
      "SELECT cut, ARRAY[cause] || also AS causes FROM incidents WHERE cut = ANY ($1)",
      [cuts],
    );
    return new Map(rows.map(({ cut, causes }) => [cut, causes]));
  }

  async insert(tx: Transaction, incident: Incident): Promise<boolean> {
    const fields = Object.keys(incidentColumns) as (keyof Incident)[];
    const inserted = await this.#db.run(
      tx,
      `INSERT INTO incidents (${fields.map((field) => incidentColumns[field]).join(", ")})
       VALUES (${fields.map((_, n) => `$${n + 1}`).join(", ")}) ON CONFLICT DO NOTHING`,
      fields.map((field) => columnValue(field, incident[field])),
    );
    return inserted === 1;
  }

  async lockOf(tx: Transaction, { meter, cut }: { meter: MeterAddress; cut: CommandId | null }): Promise<Incident | null> {
    const [row] = await this.#db.rows<IncidentRow>(
      tx,
      "SELECT * FROM incidents WHERE cut = $2 OR (meter = $1 AND ended_at IS NULL) ORDER BY (cut = $2) IS TRUE DESC LIMIT 1 FOR UPDATE",
      [meter, cut],
    );
    return row === undefined ? null : incidentOf(row);
  }

  async lock(tx: Transaction, id: IncidentId): Promise<Incident | null> {
    const [row] = await this.#db.rows<IncidentRow>(tx, "SELECT * FROM incidents WHERE id = $1 FOR UPDATE", [id]);
    return row === undefined ? null : incidentOf(row);
  }

  async change(tx: Transaction, id: IncidentId, change: IncidentChange): Promise<void> {
    const values: unknown[] = [id];
    const sets = Object.entries(change).map(([field, value]) => {
      values.push(columnValue(field, value));
      return `${incidentColumns[field as keyof Incident]} = $${values.length}`;
    });
    if (sets.length > 0) await this.#db.run(tx, `UPDATE incidents SET ${sets.join(", ")} WHERE id = $1`, values);
  }

  async addStep(tx: Transaction, id: IncidentId, step: IncidentStep): Promise<void> {
    await this.#db.run(tx, "INSERT INTO incident_steps (incident, at, what, made_by, note) VALUES ($1, $2, $3, $4, $5)", [
      ...[id, at(step.at), step.what, step.by, step.note],
    ]);
  }

  async find(id: IncidentId): Promise<Incident | null> {
    return (await this.#incidents("WHERE id = $1", [id]))[0] ?? null;
  }

  async byException(exception: ExceptionId): Promise<Incident | null> {
    return (await this.#incidents("WHERE exception = $1", [exception]))[0] ?? null;
  }

  async steps(id: IncidentId): Promise<readonly IncidentStep[]> {
    const rows = await this.#db.rows<Omit<IncidentStep, "at"> & { at: number }>(
      null,
      "SELECT at, what, made_by AS by, note FROM incident_steps WHERE incident = $1 ORDER BY id",
      [id],
    );
    return rows.map((row) => ({ ...row, at: Instant(row.at) }));
  }

  list({ state, cause, meter, account, limit, before }: IncidentFilter): Promise<readonly Incident[]> {
    return this.#incidents(
      `WHERE ($1::text IS NULL OR (ended_at IS NULL) = ($1 = 'open')) AND ($2::text IS NULL OR cause = $2 OR $2 = ANY (also))
         AND ($3::text IS NULL OR meter = $3) AND ($4::text IS NULL OR account = $4) AND ($5::uuid IS NULL OR id < $5) ORDER BY id DESC LIMIT $6`,
      [state ?? null, cause ?? null, meter ?? null, account ?? null, before ?? null, limit],
    );
  }

  open(): Promise<readonly Incident[]> {
    return this.#incidents("WHERE ended_at IS NULL ORDER BY id", []);
  }

  counts(): Promise<readonly { level: number; open: number }[]> {
    return this.#db.rows(
      null,
      "SELECT level, count(*)::int AS open FROM incidents WHERE ended_at IS NULL GROUP BY level ORDER BY level",
    );
  }

  async toRemind(before: Instant, limit: number): Promise<readonly IncidentId[]> {
    const rows = await this.#db.rows<{ id: string }>(
      null,
      `SELECT id FROM incidents WHERE follow_up_at IS NOT NULL AND followed_up_at IS NULL AND reminded_at IS NULL AND follow_up_at < $1
        ORDER BY follow_up_at, id LIMIT $2`,
      [at(before), limit],
    );
    return rows.map(({ id }) => incidentId(id));
  }

  foundIn({ from, to }: Period): Promise<readonly Incident[]> {
    return this.#incidents("WHERE found_at >= $1 AND found_at < $2 ORDER BY found_at, id", [at(from), at(to)]);
  }

  async #incidents(rest: string, values: readonly unknown[]): Promise<readonly Incident[]> {
    return (await this.#db.rows<IncidentRow>(null, `SELECT * FROM incidents ${rest}`, [...values])).map(incidentOf);
  }

  /** With the orders by which each was cut and is restored, all of them at once. */
  async #points(tx: Transaction | null, rows: readonly PointRow[]): Promise<readonly Point[]> {
    const ids = rows.flatMap(({ cut, restore }) => [cut, restore].filter((id) => id !== null));
    const found =
      ids.length === 0 ? [] : await this.#db.rows<CommandRow>(tx, "SELECT * FROM commands WHERE id = ANY ($1)", [ids]);
    const orders = new Map(found.map((row) => [row.id, commandOf(row)]));
    return rows.map((row) => pointOf(row, orders));
  }
}

function pointOf(row: PointRow, orders: ReadonlyMap<string, Command>): Point {
  const order = (id: string | null): Command | null => (id === null ? null : (orders.get(id) ?? null));
  const { class: kind, mode, model, bus, relay, identity, cut_by: cutBy, want, because, since, register } = row;
  return {
    ...{ meter: row.meter as MeterAddress, account: row.account as AccountId | null, class: kind, mode, model, bus },
    ...{ relay, relayAt: moment(row.relay_at), identity, cutBy, cut: order(row.cut), restore: order(row.restore) },
    wanted: want === null || because === null || since === null ? null : { want, because, since: Instant(since) },
    ...{ walletPaidAt: moment(row.wallet_paid_at), register, readAt: moment(row.read_at) },
  };
}
