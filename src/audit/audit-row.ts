/**
 * A row of the audit, a link of its chain, and the hash that joins them: pure, and the same whether the row comes from the database or
 * from a file.
 *
 *     hash = SHA-256( previous hash, 32 bytes ‖ fields )
 *     fields: sequence, id, at, who, what, subject, before, after, because; each as its length in UTF-8 bytes, ":" and its text, or "-"
 *
 * `before` and `after` are hashed as the text PostgreSQL wrote, so nothing depends on how somebody prints JSON. The database has a
 * writing of its own of the same rule (audit_hash in migration 0004), and a test holds the two against each other.
 */
import { createHash } from "node:crypto";

export interface AuditRow {
  /** Number of the row; has gaps. */
  readonly id: string;
  /** ISO 8601 in UTC with six decimals: the database's clock. */
  readonly at: string;
  readonly who: string;
  readonly what: string;
  readonly subject: string;
  /** JSON as text. */
  readonly before: string | null;
  readonly after: string | null;
  readonly because: string | null;
}

export interface Head {
  readonly sequence: number;
  readonly hash: string;
}

/** What is written outside of the database from time to time, so that a tail that was cut off is missed. */
export interface NotedHead extends Head {
  readonly at: string;
}

export interface Link extends Head {
  readonly previous: string;
  /** Null: the chain speaks of a row that is not there. */
  readonly row: AuditRow | null;
  /** The row's number, also where the row is gone. */
  readonly id: string;
}

export const NO_HASH = "00".repeat(32);
export const beginning: Head = { sequence: 0, hash: NO_HASH };

const field = (text: string | null): string => (text === null ? "-" : `${Buffer.byteLength(text)}:${text}`);

export function hashOf(previous: string, sequence: number, row: AuditRow): string {
  const fields = [String(sequence), row.id, row.at, row.who, row.what, row.subject, row.before, row.after, row.because];
  return createHash("sha256").update(Buffer.from(previous, "hex")).update(fields.map(field).join("")).digest("hex");
}

/** What people may ask for. Tables that come later add words of the same form: their subject, then added, changed, removed. */
export const words = [
  "audit.started",
  "payment.taken",
  "payment.changed",
  "ledger.entry",
  "command.accepted",
  "command.changed",
  "command.sent",
  "command.ended",
  "command.cancelled",
  "command.resolved",
  "attempt.begun",
  "attempt.changed",
  "relay.changed",
  "meter.identity",
  "meter.book",
  "account.added",
  "account.changed",
  "config.changed",
  "permission.changed",
  "table.emptied",
] as const;
