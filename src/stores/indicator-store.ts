/** What indicators rest on, as rows of PostgreSQL. Each sheet is one query (indicator-sheets.ts); long ones are counted together there. */
import type { Instant } from "../kernel/clock.ts";
import type { CutEvidence, IndicatorStore, PlainSheet, RawCount, RawRow, Span } from "../indicators/indicator-store.ts";
import { sheetOf } from "../indicators/sheets.ts";
import { at, type Database } from "./database.ts";
import { CUTS_SQL, sheetSql } from "./indicator-sheets.ts";

interface CutRow {
  command: string;
  meter: string;
  class: string | null;
  bus: string;
  model: string;
  sent_at: Instant;
  cut_at: Instant;
  restored_at: Instant | null;
  available: bigint;
  cut_below: string | null;
  rules: unknown[] | null;
  exemption: string | null;
  notice_delivered_at: Instant | null;
  register_then: string | null;
  taken_back_to: bigint | null;
  contradicted_at: Instant | null;
  quarantined_at: Instant | null;
}

export class PostgresIndicatorStore implements IndicatorStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async rows(sheet: PlainSheet, span: Span): Promise<readonly RawRow[]> {
    if (hasNone(sheet, span)) return [];
    const { sql, params } = sheetSql[sheet];
    return this.#db.rows<RawRow>(null, sql, params(span));
  }

  async counted(sheet: PlainSheet, span: Span): Promise<readonly RawCount[]> {
    const { folds } = sheetOf(sheet);
    if (folds === undefined) return (await this.rows(sheet, span)).map((row) => ({ row, n: 1 }));
    const { sql, params } = sheetSql[sheet];
    const columns = folds.join(", ");
    const rows = await this.#db.rows<RawRow & { readonly n: number }>(
      null,
      `SELECT ${columns}, count(*)::int AS n FROM (${sql}) sheet GROUP BY ${columns}`,
      params(span),
    );
    return rows.map(({ n, ...row }) => ({ row, n }));
  }

  async cuts({ from, until }: Span): Promise<readonly CutEvidence[]> {
    const rows = await this.#db.rows<CutRow>(null, CUTS_SQL, [at(from), at(until)]);
    return rows.map((row) => ({
      ...{ command: row.command, meter: row.meter, class: row.class, bus: row.bus, model: row.model },
      ...{ sentAt: row.sent_at, cutAt: row.cut_at, restoredAt: row.restored_at },
      ...{ available: row.available, cutBelow: row.cut_below, rules: row.rules },
      ...{ exemption: row.exemption, noticeDeliveredAt: row.notice_delivered_at },
      ...{ registerThen: row.register_then, takenBackTo: row.taken_back_to },
      ...{ contradictedAt: row.contradicted_at, quarantinedAt: row.quarantined_at },
    }));
  }
}

/** None of its days has ended. */
const hasNone = (sheet: PlainSheet, { dayEnds }: Span): boolean => sheet === "unverified-at-day-end" && dayEnds.length === 0;
