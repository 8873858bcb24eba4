/** The picture a decision is made from, in one row per remote account; and what the rules said, decided and went by. */
import { Instant } from "../kernel/clock.ts";
import { Fen } from "../kernel/money.ts";
import type { AccountId, CommandId, MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { ExemptionKind } from "../policy/exemptions.ts";
import {
  CONTRADICTED_MIN,
  type KeptDecision,
  type Notice,
  type PolicyStore,
  type RemoteMeter,
  type Standing,
  type StrategyVersion,
} from "../policy/policy-store.ts";
import type { Intent, Stage } from "../policy/rules.ts";
import { at, type Database } from "./database.ts";
import { alarmIn, orderIn } from "./relay-word.ts";

interface Row {
  meter: string;
  account: string;
  class: string;
  available: bigint;
  relay: RemoteMeter["relay"];
  relay_word: number | null;
  may_be_cut: boolean;
  cut_by: RemoteMeter["cutBy"];
  protected: boolean;
  identity: RemoteMeter["identity"];
  disputed: boolean;
  read_at: number | null;
  in_doubt: boolean;
  contradictions: number;
  cut_waiting: boolean;
  paid_at: number | null;
  exemptions: { kind: ExemptionKind; until: number }[];
  days: [string, string][];
  noticed_at: number | null;
  notice_delivered: number | null;
  notice_available: bigint | null;
  stage: Stage | null;
  want: Intent["want"];
  because: string;
  strategy: string;
  since: number;
  arrears_since: number | null;
}

/** One more than a mean of a week needs: today's is not over. */
const RECENT_DAYS = 8;

/** Asked of commands only where a relay is believed to conduct and a cut is under way, or has ended without being taken back since. */
const MAY_BE_CUT = `
         CASE WHEN m.relay_reported IN ('connected', 'armed')
               AND (m.cut_by = 'rule' OR EXISTS (SELECT 1 FROM commands o WHERE o.meter = m.address AND o.kind = 'disconnect' AND o.asked_by = 'rule' AND o.state IN ('sending', 'verifying')))
              THEN coalesce((SELECT u.asked_by = 'rule' AND u.sent_at >= m.relay_at AND (u.state IN ('sending', 'verifying') OR u.state = 'unanswered' AND m.cut_by = 'rule')
                               FROM commands u WHERE u.meter = m.address AND u.kind IN ('disconnect', 'disconnect-for') AND u.sent_at IS NOT NULL ORDER BY u.id DESC LIMIT 1), false)
              ELSE false END`;

const PICTURE = `
  SELECT m.address AS meter, a.account, a.class, coalesce(p.amount, 0)::bigint AS available, m.relay_reported AS relay, m.relay_word, m.cut_by,
         ${MAY_BE_CUT} AS may_be_cut,
         (m.relay_protected OR EXISTS (SELECT 1 FROM commands g WHERE g.meter = m.address AND g.kind = 'protect' AND g.ended_at IS NULL)) AS protected, m.identity,
         CASE WHEN b.billed_at IS NOT NULL THEN least(b.billed_at, v.taken_at) END AS read_at,
         (EXISTS (SELECT 1 FROM reading_doubts d WHERE d.meter = m.address AND d.open)
          OR EXISTS (SELECT 1 FROM billing_days e WHERE e.meter = b.meter AND e.stretch = b.stretch AND e.day = b.day AND e.account = b.account AND e.seen ? 'estimate')) AS in_doubt,
         coalesce((SELECT d.times FROM reading_doubts d WHERE d.meter = m.address AND d.open AND d.doubt = 'backwards' AND d.item = 'importedEnergy' AND d.taken_at > v.taken_at), 0)::int AS contradictions,
         EXISTS (SELECT 1 FROM payments y WHERE y.account = a.account AND y.state = 'disputed') AS disputed,
         EXISTS (SELECT 1 FROM commands c WHERE c.meter = m.address AND c.kind = 'disconnect' AND c.asked_by = 'rule' AND c.state IN ('accepted', 'queued')) AS cut_waiting,
         (SELECT y.created_at FROM payments y WHERE y.account = a.account ORDER BY y.id DESC LIMIT 1) AS paid_at,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', e.kind, 'until', (extract(epoch FROM e.ends_at) * 1000)::bigint) ORDER BY e.id), '[]')
            FROM exemptions e WHERE e.account = a.account AND (e.ended_at IS NULL OR e.ended_at = e.ends_at)) AS exemptions,
         (SELECT coalesce(jsonb_agg(jsonb_build_array(d.day, d.cost::text) ORDER BY d.day DESC), '[]')
            FROM (SELECT day, cost FROM billing_days WHERE account = a.account AND meter = m.address ORDER BY day DESC LIMIT ${RECENT_DAYS}) d) AS days,
         n.at AS noticed_at, n.delivered AS notice_delivered, n.available AS notice_available,
         s.stage, s.want, s.because, s.strategy, s.since, s.arrears_since
    FROM meters m
    JOIN accounts a ON a.account = m.account AND a.mode = 'remote'
    LEFT JOIN ledger_positions p ON p.book = 'available/' || a.account
    LEFT JOIN billing b ON b.meter = m.address
    LEFT JOIN believed_registers v ON v.meter = m.address
    LEFT JOIN standings s ON s.meter = m.address AND s.account = a.account
    LEFT JOIN LATERAL (SELECT o.at, o.delivered, o.available FROM notices o
                        WHERE o.account = a.account AND o.stage = 'notice-due' AND o.delivered IS NOT NULL ORDER BY o.id DESC LIMIT 1) n ON true
   WHERE m.active AND NOT m.being_replaced`;

/** A meter that is no remote one is not locked: no rule decides of it. */
const LOCK = `
  SELECT 1 FROM meters m JOIN accounts a ON a.account = m.account AND a.mode = 'remote'
   WHERE m.address = $1 AND m.active AND NOT m.being_replaced FOR UPDATE OF m`;

const maybe = (ms: number | null): Instant | null => (ms === null ? null : Instant(ms));

const standingOf = (row: Row): Standing | null =>
  row.stage === null
    ? null
    : {
        stage: row.stage,
        want: row.want,
        because: row.because,
        strategy: row.strategy,
        since: Instant(row.since),
        arrearsSince: maybe(row.arrears_since),
      };

const pictureOf = (row: Row): RemoteMeter => ({
  meter: row.meter as MeterAddress,
  account: row.account as AccountId,
  class: row.class,
  available: Fen(row.available),
  relay: row.relay,
  order: orderIn(row.relay_word),
  alarm: alarmIn(row.relay_word),
  mayBeCut: row.may_be_cut,
  cutBy: row.cut_by,
  protectedSupply: row.protected,
  identity: row.identity,
  disputed: row.disputed,
  readingInDoubt: row.in_doubt,
  registerContradicted: row.contradictions >= CONTRADICTED_MIN,
  contradictedOnce: row.contradictions > 0 && row.contradictions < CONTRADICTED_MIN,
  readAt: maybe(row.read_at),
  cutWaiting: row.cut_waiting,
  exemptions: row.exemptions.map(({ kind, until }) => ({ kind, until: Instant(until) })),
  notice:
    row.noticed_at === null || row.notice_delivered === null || row.notice_available === null
      ? null
      : { at: Instant(row.noticed_at), deliveredAt: Instant(row.notice_delivered), available: Fen(row.notice_available) },
  paidAt: maybe(row.paid_at),
  recentDays: row.days.map(([day, cost]) => ({ day, cost: Fen(BigInt(cost)) })),
  standing: standingOf(row),
});

const STANDING = `
  INSERT INTO standings (meter, account, stage, want, because, strategy, since, arrears_since)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (meter) DO UPDATE SET account = EXCLUDED.account, stage = EXCLUDED.stage, want = EXCLUDED.want, because = EXCLUDED.because,
    strategy = EXCLUDED.strategy, since = EXCLUDED.since, arrears_since = EXCLUDED.arrears_since`;
const standingColumns = (meter: MeterAddress, account: AccountId, s: Standing): readonly unknown[] => [
  ...[meter, account, s.stage, s.want, s.because, s.strategy, at(s.since)],
  s.arrearsSince === null ? null : at(s.arrearsSince),
];

interface DecisionRow {
  meter: string;
  account: string;
  at: number;
  stage: Stage;
  want: Intent["want"];
  because: string;
  blocks: string[];
  next_at: number | null;
  strategy: string;
  shadow: boolean;
  facts: Readonly<Record<string, unknown>>;
  command: string | null;
}

export class PostgresPolicyStore implements PolicyStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async remoteMeters(): Promise<readonly RemoteMeter[]> {
    return (await this.#db.rows<Row>(null, `${PICTURE} ORDER BY m.address`)).map(pictureOf);
  }

  /** The lock first and the picture after it: a statement that waits for a row shows everything else as it was before it waited. */
  async remoteMeter(tx: Transaction | null, meter: MeterAddress): Promise<RemoteMeter | null> {
    if (tx !== null && (await this.#db.rows(tx, LOCK, [meter])).length === 0) return null;
    const [row] = await this.#db.rows<Row>(tx, `${PICTURE} AND m.address = $1`, [meter]);
    return row === undefined ? null : pictureOf(row);
  }

  async lastIntent(tx: Transaction | null, meter: MeterAddress): Promise<Intent | null> {
    const [row] = await this.#db.rows<Intent>(tx, "SELECT want, because FROM intents WHERE meter = $1 ORDER BY id DESC LIMIT 1", [
      meter,
    ]);
    return row ?? null;
  }

  async keepIntent(
    tx: Transaction,
    meter: MeterAddress,
    intent: Intent,
    shadow: boolean,
    facts: Readonly<Record<string, unknown>>,
    when: Instant,
  ): Promise<void> {
    await this.#db.run(tx, "INSERT INTO intents (meter, want, because, shadow, facts, at) VALUES ($1, $2, $3, $4, $5, $6)", [
      meter,
      intent.want,
      intent.because,
      shadow,
      JSON.stringify(facts),
      at(when),
    ]);
  }

  async keepDecision(tx: Transaction, d: KeptDecision, standing: Standing): Promise<void> {
    await this.#db.run(
      tx,
      `WITH kept AS (
         INSERT INTO decisions (meter, account, at, stage, want, because, blocks, next_at, strategy, shadow, facts, command)
         VALUES ($1, $2, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18))
       ${STANDING}`,
      [
        ...standingColumns(d.meter, d.account, standing),
        ...[at(d.at), d.stage, d.want, d.because, d.blocks, d.nextAt === null ? null : at(d.nextAt)],
        ...[d.strategy, d.shadow, JSON.stringify(d.facts), d.command],
      ],
    );
  }

  async keepStanding(tx: Transaction, meter: MeterAddress, account: AccountId, standing: Standing): Promise<void> {
    await this.#db.run(tx, STANDING, standingColumns(meter, account, standing));
  }

  async decisionsOf(account: AccountId, limit: number): Promise<readonly KeptDecision[]> {
    const rows = await this.#db.rows<DecisionRow>(null, "SELECT * FROM decisions WHERE account = $1 ORDER BY id DESC LIMIT $2", [
      account,
      limit,
    ]);
    return rows.map(({ meter, at: when, stage, want, because, blocks, next_at, strategy, shadow, facts, command }) => ({
      ...{ account, stage, want, because, blocks, strategy, shadow, facts },
      meter: meter as MeterAddress,
      at: Instant(when),
      nextAt: maybe(next_at),
      command: command as CommandId | null,
    }));
  }

  async noticesOf(account: AccountId, limit: number): Promise<readonly Notice[]> {
    const rows = await this.#db.rows<Omit<Notice, "account" | "at" | "delivered"> & { at: number; delivered: number | null }>(
      null,
      "SELECT at, stage, delivered, available, state, because, channel FROM notices WHERE account = $1 ORDER BY id DESC LIMIT $2",
      [account, limit],
    );
    return rows.map(({ at: when, delivered, ...rest }) => ({ ...rest, account, at: Instant(when), delivered: maybe(delivered) }));
  }

  keepStrategies(strategies: readonly StrategyVersion[]): Promise<readonly StrategyVersion[]> {
    return this.#db.transact(async (tx) => {
      const fresh = await this.#db.rows<{ scope: string }>(
        tx,
        `INSERT INTO strategies (scope, version, rules, at, who)
         SELECT x.scope, x.version, x.rules, x.at, x.who FROM jsonb_to_recordset($1::jsonb) AS x(scope text, version text, rules jsonb, at timestamptz, who text)
          WHERE x.version IS DISTINCT FROM (SELECT s.version FROM strategies s WHERE s.scope = x.scope ORDER BY s.id DESC LIMIT 1)
         RETURNING scope`,
        [JSON.stringify(strategies.map((one) => ({ ...one, at: at(one.at) })))],
      );
      const scopes = new Set(fresh.map(({ scope }) => scope));
      return strategies.filter(({ scope }) => scopes.has(scope));
    });
  }
}
