/**
 * What is written down when books come back from an older moment: that it happened, what of it is not to be believed, and one item for a
 * person, while which stands no rule cuts anybody (house/restored-books.ts).
 *
 *     open commands that change a meter   may have been obeyed since           ─► restored_commands
 *     each meter, with its purchase count may have been credited since         ─► restored_meters
 *     where nothing was ever compared     the count they knew is the baseline  ─► the comparison names who is ahead
 *     leases and gateways                 belong to processes that are gone    ─► taken away
 */
import { later, type Instant } from "../../kernel/clock.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import { ExceptionId, GATEWAY, nobody } from "../../exceptions/item.ts";
import { standingOf } from "../../exceptions/kinds.ts";
import { at, type Database } from "../database.ts";
import { PostgresExceptionStore } from "../exception-store.ts";
import type { Closing, Manifest } from "./backup-file.ts";

export interface Doubts {
  readonly restore: string;
  /** Top-ups and refunds that were open. */
  readonly adding: number;
  /** Orders to relays, clocks and the like that were open: those that have not ended are not sent again. */
  readonly setting: number;
  readonly meters: number;
}

export interface ReturnOfBooks {
  readonly manifest: Manifest;
  readonly closing: Closing;
  readonly now: Instant;
  readonly newId: () => string;
}

export async function noteDoubts(
  db: Database,
  tx: Transaction,
  { manifest, closing, now, newId }: ReturnOfBooks,
): Promise<Doubts> {
  const restore = newId();
  const { takenAt, site, gateway } = manifest;
  // Doubts of an earlier return stand in the backup as well; those about meters are drawn anew.
  await db.run(tx, "DELETE FROM restored_meters");
  await db.run(tx, "DELETE FROM gateways");
  await db.run(tx, "UPDATE line_leases SET holder = NULL, expires_at = now()");
  await db.run(tx, "INSERT INTO restores (id, at, taken_at, site, gateway, sha256) VALUES ($1, $2, $3, $4, $5, $6)", [
    ...[restore, at(now), takenAt, site, gateway, closing.sha256],
  ]);
  await db.run(
    tx,
    `INSERT INTO restored_commands (command, restore) SELECT id, $1 FROM commands
      WHERE state IN ('accepted', 'queued', 'sending', 'verifying') AND effect <> 'reads' ON CONFLICT (command) DO UPDATE SET restore = EXCLUDED.restore`,
    [restore],
  );
  const [open] = await db.rows<{ adding: number; setting: number }>(
    tx,
    `SELECT count(*) FILTER (WHERE c.effect = 'adds')::int AS adding, count(*) FILTER (WHERE c.effect = 'sets')::int AS setting
       FROM restored_commands r JOIN commands c ON c.id = r.command WHERE r.restore = $1`,
    [restore],
  );
  const meters = await db.run(tx, METERS, [restore]);
  await db.run(tx, BASELINES, [at(now)]);
  const doubts = { restore, adding: open!.adding, setting: open!.setting, meters };
  await raiseItem(db, tx, { now, id: newId(), evidence: { site, gateway, takenAt, restoredAt: now, ...doubts } });
  return doubts;
}

/**
 * The count as these books knew it: before a purchase that was on its way the count of its look, since nobody had seen what came of it;
 * else the newest of what was read and what a proof said.
 */
const METERS = `INSERT INTO restored_meters (meter, restore, count, settled)
  SELECT m.address, $1,
    coalesce(
      (SELECT (a.before ->> 'count')::int FROM commands c JOIN attempts a ON a.command = c.id
        WHERE c.meter = m.address AND c.effect = 'adds' AND c.kind <> 'refund' AND c.state IN ('sending', 'verifying') ORDER BY a.number DESC LIMIT 1),
      (SELECT k.count FROM (
         SELECT r.value::numeric::int AS count, r.taken_at AS seen_at FROM latest_readings r WHERE r.meter = m.address AND r.item = 'purchaseCount' AND r.value ~ '^[0-9]{1,9}$'
         UNION ALL
         SELECT (c.receipt -> 'after' ->> 'count')::int, c.verified_at FROM commands c
          WHERE c.meter = m.address AND c.effect = 'adds' AND c.state = 'confirmed' AND c.receipt -> 'after' ->> 'count' IS NOT NULL) k
        ORDER BY k.seen_at DESC NULLS LAST, k.count DESC LIMIT 1)),
    (SELECT count(*) FROM commands c
      WHERE c.meter = m.address AND c.effect = 'adds' AND c.kind <> 'refund' AND c.state = 'confirmed' AND c.because IS DISTINCT FROM 'person')
  FROM meters m WHERE m.active`;

/** Written as exceptions/comparison-store.ts reads it. A first look of its own would take the meter as it stands now for right. */
const BASELINES = `INSERT INTO meter_baselines (meter, seen, compared_at)
  SELECT d.meter, jsonb_build_object(
      'meter', jsonb_build_object('takenAt', floor(extract(epoch FROM r.taken_at) * 1000), 'net', NULL, 'register', NULL, 'count', d.count, 'total', NULL),
      'books', jsonb_build_object('settles', s.settles, 'purchased', s.purchased::text, 'net', s.net::text)), $1
    FROM restored_meters d JOIN restores r ON r.id = d.restore,
         LATERAL (SELECT count(*) FILTER (WHERE e.kind = 'settle') AS settles, coalesce(sum(l.amount) FILTER (WHERE e.kind IN ('settle', 'correction')), 0) AS purchased,
                         coalesce(sum(l.amount), 0) AS net FROM ledger_legs l JOIN ledger_entries e ON e.id = l.entry WHERE l.book = 'meter/' || d.meter) s
   WHERE d.count IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.meter = d.meter AND c.effect = 'adds' AND c.state IN ('sending', 'verifying', 'disputed'))
      ON CONFLICT (meter) DO UPDATE SET seen = EXCLUDED.seen, compared_at = EXCLUDED.compared_at WHERE meter_baselines.seen IS NULL`;

async function raiseItem(
  db: Database,
  tx: Transaction,
  { now, id, evidence }: { readonly now: Instant; readonly id: string; readonly evidence: Readonly<Record<string, unknown>> },
): Promise<void> {
  const store = new PostgresExceptionStore(db);
  const { owner, class: failure, limitMs } = standingOf("books-restored", null, false);
  const item = {
    ...({
      ...nobody,
      id: ExceptionId(id),
      kind: "books-restored",
      key: `restore/${id}`,
      class: failure,
      because: "restored",
    } as const),
    ...{ count: 1, owner, evidence, suggestion: null, openedAt: now, lastAt: now, dueAt: later(now, limitMs) },
    ...{ alarmedAt: null, closedAt: null, closedBy: null, closingNote: null },
  };
  await store.insert(tx, item);
  await store.addStep(tx, item.id, { at: now, what: "opened", by: GATEWAY, from: null, to: owner, note: "restored" });
}
