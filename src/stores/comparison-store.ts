/** What ledger and meters are compared by: what the books say of a meter, where they last agreed, and the runs. */
import { Instant, hours, later, minutes } from "../kernel/clock.ts";
import { CentiKwh } from "../kernel/energy.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import { Fen, parseYuan } from "../kernel/money.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { BilledSight, BookSight, Sight } from "../exceptions/compare.ts";
import {
  sightAsJson,
  sightFromJson,
  type Baseline,
  type ComparisonStore,
  type MeterToCompare,
  type RunRecord,
} from "../exceptions/comparison-store.ts";
import { book } from "../ledger/ledger.ts";
import { at, type Database } from "./database.ts";

/** A first look that is older says little of today: prices change. */
const FIRST_LOOK_MS_MAX = hours(48);
const NOTHING = Fen(0n);

const SUMS_MS_MAX = minutes(10);

export class PostgresComparisonStore implements ComparisonStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async meters(): Promise<readonly MeterToCompare[]> {
    const rows = await this.#db.rows<Omit<MeterToCompare, "comparedAt"> & { comparedAt: number | null }>(
      null,
      `SELECT m.address AS meter, m.account, a.mode, a.tariff, b.compared_at AS "comparedAt"
         FROM meters m LEFT JOIN accounts a ON a.account = m.account LEFT JOIN meter_baselines b ON b.meter = m.address
        WHERE m.active AND m.identity <> 'quarantined' ORDER BY m.address`,
    );
    return rows.map((row) => ({ ...row, comparedAt: row.comparedAt === null ? null : Instant(row.comparedAt) }));
  }

  async baseline(meter: MeterAddress): Promise<Baseline | null> {
    const [row] = await this.#db.rows<{ seen: { explained?: string } | null }>(
      null,
      "SELECT seen FROM meter_baselines WHERE meter = $1",
      [meter],
    );
    if (row?.seen == null) return null;
    return row.seen.explained === undefined ? { sight: sightFromJson(row.seen) } : { explained: Fen(BigInt(row.seen.explained)) };
  }

  async wipedAt(meter: MeterAddress): Promise<Instant | null> {
    const [row] = await this.#db.rows<{ at: number | null }>(
      null,
      "SELECT max(verified_at) AS at FROM commands WHERE meter = $1 AND kind = 'wallet-reset' AND state = 'confirmed'",
      [meter],
    );
    return row?.at == null ? null : Instant(row.at);
  }

  async firstLook(meter: MeterAddress, now: Instant): Promise<Sight | null> {
    // a reading in the middle of a top-up shows money that the books had not settled yet
    const [poll] = await this.#db.rows<{ balance: string; overdraft: string; register: string; takenAt: number; net: bigint }>(
      null,
      `SELECT b.value AS balance, o.value AS overdraft, e.value AS register, b.taken_at AS "takenAt",
              (SELECT coalesce(sum(l.amount), 0)::bigint FROM ledger_legs l JOIN ledger_entries n ON n.id = l.entry WHERE l.book = $2 AND n.at <= b.taken_at) AS net
         FROM readings b
         JOIN LATERAL (SELECT value FROM readings o WHERE o.meter = b.meter AND o.item = 'overdraft' AND o.value IS NOT NULL
                         AND o.taken_at BETWEEN b.taken_at - interval '1 minute' AND b.taken_at + interval '1 minute' LIMIT 1) o ON true
         JOIN LATERAL (SELECT value FROM readings e WHERE e.meter = b.meter AND e.item = 'importedEnergy' AND e.value IS NOT NULL AND e.suspect IS NULL
                         AND e.taken_at BETWEEN b.taken_at - interval '1 minute' AND b.taken_at + interval '1 minute' LIMIT 1) e ON true
        WHERE b.meter = $1 AND b.item = 'balance' AND b.value IS NOT NULL AND b.source = 'poll' AND b.taken_at > $3
          AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.meter = b.meter AND c.effect = 'adds' AND c.sent_at <= b.taken_at
                                                     AND (c.ended_at IS NULL OR c.ended_at >= b.taken_at))
        ORDER BY b.taken_at LIMIT 1`,
      [meter, book.meter(meter), at(later(now, -FIRST_LOOK_MS_MAX))],
    );
    const [first] = await this.#db.rows<{ count: number | null }>(
      null,
      `SELECT (a.before ->> 'count')::int AS count FROM attempts a JOIN commands c ON c.id = a.command
        WHERE c.meter = $1 AND c.effect = 'adds' ORDER BY a.at LIMIT 1`,
      [meter],
    );
    if (poll === undefined && first === undefined) return null;
    // the count is of the moment before our first top-up, so all that we ever settled comes after it
    return {
      meter: {
        takenAt: poll === undefined ? now : Instant(poll.takenAt),
        net: poll === undefined ? null : Fen(parseYuan(poll.balance, "balance") - parseYuan(poll.overdraft, "overdraft")),
        register: poll === undefined ? null : CentiKwh(parseYuan(poll.register, "importedEnergy")),
        count: first?.count ?? null,
        total: null,
      },
      books: { settles: 0, purchased: NOTHING, net: poll === undefined ? NOTHING : Fen(poll.net) },
    };
  }

  async books(meter: MeterAddress): Promise<BookSight | null> {
    const [row] = await this.#db.rows<{ settles: number; purchased: bigint; net: bigint; moving: boolean }>(
      null,
      `SELECT (count(*) FILTER (WHERE e.kind = 'settle'))::int AS settles,
              coalesce(sum(l.amount) FILTER (WHERE e.kind IN ('settle', 'correction')), 0)::bigint AS purchased,
              coalesce(sum(l.amount), 0)::bigint AS net,
              EXISTS (SELECT 1 FROM commands c WHERE c.meter = $2 AND c.effect = 'adds' AND c.state IN ('sending', 'verifying', 'disputed')) AS moving
         FROM ledger_legs l JOIN ledger_entries e ON e.id = l.entry WHERE l.book = $1`,
      [book.meter(meter), meter],
    );
    const { settles, purchased, net, moving } = row!;
    return moving ? null : { settles, purchased: Fen(purchased), net: Fen(net) };
  }

  async billed(account: AccountId, meter: MeterAddress): Promise<Omit<BilledSight, "register" | "explained">> {
    const [row] = await this.#db.rows<{ billedTo: bigint | null; charged: bigint; cost: bigint }>(
      null,
      `SELECT (SELECT billed_to - coalesce((SELECT shift FROM believed_registers WHERE meter = $2), 0) FROM billing WHERE meter = $2 AND account = $1) AS "billedTo",
              (SELECT coalesce(-sum(l.amount), 0)::bigint FROM ledger_legs l JOIN ledger_entries e ON e.id = l.entry
                WHERE l.book = $3 AND e.kind IN ('charge', 'feed-in')) AS charged,
              (SELECT coalesce(sum(cost - feed_in), 0)::bigint FROM billing_days WHERE account = $1) AS cost`,
      [account, meter, book.available(account)],
    );
    const { billedTo, charged, cost } = row!;
    return { billedTo: billedTo === null ? null : CentiKwh(billedTo), charged: Fen(charged), cost: Fen(cost) };
  }

  async keepBaseline(tx: Transaction | null, meter: MeterAddress, baseline: Baseline | null, when: Instant): Promise<void> {
    const seen =
      baseline === null ? null : "sight" in baseline ? sightAsJson(baseline.sight) : { explained: baseline.explained.toString() };
    await this.#db.run(
      tx,
      `INSERT INTO meter_baselines (meter, seen, compared_at) VALUES ($1, $2, $3)
       ON CONFLICT (meter) DO UPDATE SET seen = coalesce(EXCLUDED.seen, meter_baselines.seen), compared_at = EXCLUDED.compared_at`,
      [meter, seen === null ? null : JSON.stringify(seen), at(when)],
    );
  }

  async brokenSums(): Promise<readonly { book: string; kept: Fen; summed: Fen }[]> {
    // every leg there is: years of them take longer than a statement may elsewhere
    const rows = await this.#db.transact(
      (tx) =>
        this.#db.rows<{ book: string; kept: bigint; summed: bigint }>(
          tx,
          `WITH sums AS (SELECT book, sum(amount)::bigint AS summed FROM ledger_legs GROUP BY book)
           SELECT coalesce(p.book, s.book) AS book, coalesce(p.amount, 0)::bigint AS kept, coalesce(s.summed, 0)::bigint AS summed
             FROM ledger_positions p FULL JOIN (SELECT * FROM sums WHERE book ~ '^(available|held|meter)/') s ON s.book = p.book
            WHERE coalesce(p.amount, 0) <> coalesce(s.summed, 0)
           UNION ALL
           SELECT '(all books)', 0, sum(summed)::bigint FROM sums HAVING sum(summed) <> 0`,
        ),
      { statementMsMax: SUMS_MS_MAX },
    );
    return rows.map((row) => ({ book: row.book, kept: Fen(row.kept), summed: Fen(row.summed) }));
  }

  async begin(run: RunRecord): Promise<void> {
    await this.#db.run(null, "INSERT INTO reconciliations (id, at, asked_by) VALUES ($1, $2, $3)", [
      run.id,
      at(run.at),
      run.askedBy,
    ]);
  }

  async finish(id: string, doneAt: Instant, report: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#db.run(null, "UPDATE reconciliations SET done_at = $2, report = $3 WHERE id = $1", [
      id,
      at(doneAt),
      JSON.stringify(report),
    ]);
  }

  async run(id: string): Promise<RunRecord | null> {
    const [row] = await this.#db.rows<{
      id: string;
      at: number;
      asked_by: string;
      done_at: number | null;
      report: Record<string, unknown> | null;
    }>(null, "SELECT * FROM reconciliations WHERE id = $1", [id]);
    if (row === undefined) return null;
    const { asked_by: askedBy, done_at: doneAt, report } = row;
    return { id, at: Instant(row.at), askedBy, doneAt: doneAt === null ? null : Instant(doneAt), report };
  }
}
