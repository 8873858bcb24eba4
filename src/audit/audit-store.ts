/** What the audit needs of a database. Rows of money, commands and meters are written by the database itself; only what has no table is noted by hand. */
import type { Authorship } from "../kernel/transaction.ts";
import type { AuditRow, Head } from "./audit-row.ts";

export interface Note {
  readonly what: "config.changed" | "permission.changed";
  readonly subject: string;
  /** Plain JSON; null: it was not there. */
  readonly before: unknown;
  readonly after: unknown;
}

export interface SealedRow extends AuditRow {
  /** Its place in the chain; null: not sealed yet. */
  readonly sequence: number | null;
}

export interface AuditPage {
  readonly limit: number;
  /** Rows with a smaller number than this one. */
  readonly before?: string;
  readonly subject?: string;
  readonly what?: string;
  /** ISO 8601. */
  readonly since?: string;
}

export interface Waiting {
  readonly rows: number;
  /** Of the oldest one, in ms; 0 when none waits. */
  readonly ageMs: number;
}

export interface AuditStore {
  note(notes: readonly Note[], by: Authorship): Promise<void>;
  /** What was noted last of each subject that begins like this; what is gone is left out. */
  lastNoted(prefix: string): Promise<ReadonlyMap<string, unknown>>;
  /** Chains what waits, at most so many rows. Null when another gateway is at it; a patient one waits for that. */
  seal(rowsMax: number, patient: boolean): Promise<(Head & { readonly sealed: number }) | null>;
  head(): Promise<Head>;
  waiting(): Promise<Waiting>;
  /** Newest first. */
  page(page: AuditPage): Promise<readonly SealedRow[]>;
  /** Oldest first. */
  rowsOf(subjects: readonly string[]): Promise<readonly SealedRow[]>;
}
