/** The picture a decision is made from, in one row per remote account. */
import { Instant } from "../kernel/clock.ts";
import { Fen } from "../kernel/money.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { PolicyStore, RemoteMeter } from "../policy/policy-store.ts";
import type { Intent } from "../policy/rules.ts";
import { at, type Database } from "./database.ts";
import { orderIn } from "./relay-word.ts";

interface Row {
  meter: string;
  account: string;
  available: bigint;
  relay: RemoteMeter["relay"];
  relay_word: number | null;
  cut_by: RemoteMeter["cutBy"];
  protected: boolean;
  identity: RemoteMeter["identity"];
  disputed: boolean;
  read_at: number | null;
  in_doubt: boolean;
  cut_waiting: boolean;
}

const PICTURE = `
  SELECT m.address AS meter, a.account, coalesce(p.amount, 0)::bigint AS available, m.relay_reported AS relay, m.relay_word, m.cut_by,
         (m.relay_protected OR EXISTS (SELECT 1 FROM commands g WHERE g.meter = m.address AND g.kind = 'protect' AND g.ended_at IS NULL)) AS protected, m.identity, CASE WHEN b.billed_at IS NOT NULL THEN least(b.billed_at, v.taken_at) END AS read_at,
         EXISTS (SELECT 1 FROM reading_doubts d WHERE d.meter = m.address AND d.open) AS in_doubt,
         EXISTS (SELECT 1 FROM payments y WHERE y.account = a.account AND y.state = 'disputed') AS disputed,
         EXISTS (SELECT 1 FROM commands c WHERE c.meter = m.address AND c.kind = 'disconnect' AND c.asked_by = 'rule' AND c.state IN ('accepted', 'queued')) AS cut_waiting
    FROM meters m
    JOIN accounts a ON a.account = m.account AND a.mode = 'remote'
    LEFT JOIN ledger_positions p ON p.book = 'available/' || a.account
    LEFT JOIN billing b ON b.meter = m.address
    LEFT JOIN believed_registers v ON v.meter = m.address
   WHERE m.active AND NOT m.being_replaced`;

const pictureOf = (row: Row): RemoteMeter => ({
  meter: row.meter as MeterAddress,
  account: row.account as AccountId,
  available: Fen(row.available),
  relay: row.relay,
  order: orderIn(row.relay_word),
  cutBy: row.cut_by,
  protectedSupply: row.protected,
  identity: row.identity,
  disputed: row.disputed,
  readingInDoubt: row.in_doubt,
  readAt: row.read_at === null ? null : Instant(row.read_at),
  cutWaiting: row.cut_waiting,
});

export class PostgresPolicyStore implements PolicyStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async remoteMeters(): Promise<readonly RemoteMeter[]> {
    return (await this.#db.rows<Row>(null, `${PICTURE} ORDER BY m.address`)).map(pictureOf);
  }

  async remoteMeter(tx: Transaction | null, meter: MeterAddress): Promise<RemoteMeter | null> {
    const [row] = await this.#db.rows<Row>(tx, `${PICTURE} AND m.address = $1${tx === null ? "" : " FOR UPDATE OF m"}`, [meter]);
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
}
