/**
 * A statement: what an account had, what moved, what it has, and the sums by kind. Made from one consistent picture of the
 * rows (`StatementStore` reads it in one statement of the database), so opening and lines always add up to closing.
 */
import type { Instant } from "../kernel/clock.ts";
import type { AccountId } from "../kernel/ids.ts";
import { Fen, yuan } from "../kernel/money.ts";
import { printCsv } from "./csv.ts";
import type { StatementLine } from "./ledger-store.ts";
import type { Position } from "./ledger.ts";
import type { Period } from "./period.ts";

export interface StatementRows {
  readonly opening: Position;
  /** Oldest first. */
  readonly lines: readonly (StatementLine & {
    readonly by: string | null;
    /** Of a payment that came with invoice fields. */
    readonly invoice?: Readonly<Record<string, string>>;
  })[];
}

export interface StatementStore {
  /** Everything before the period summed, everything in it line by line; null: more lines than this. */
  period(account: AccountId, period: Period, linesMax: number): Promise<StatementRows | null>;
}

export interface Statement extends Period {
  readonly account: AccountId;
  readonly opening: Position;
  /** Each with what the account had after it. */
  readonly lines: readonly (StatementRows["lines"][number] & { readonly after: Position })[];
  readonly closing: Position;
  readonly sums: readonly { readonly kind: string; readonly count: number; readonly available: Fen; readonly held: Fen }[];
}

/** Pure. */
export function statementOf(account: AccountId, period: Period, { opening, lines }: StatementRows): Statement {
  let after = opening;
  const running = lines.map((line) => {
    after = { available: Fen(after.available + line.available), held: Fen(after.held + line.held) };
    return { ...line, after };
  });
  const sums = [...Map.groupBy(lines, ({ kind }) => kind)].map(([kind, group]) => ({
    kind,
    count: group.length,
    available: Fen(group.reduce((sum, line) => sum + line.available, 0n)),
    held: Fen(group.reduce((sum, line) => sum + line.held, 0n)),
  }));
  return { account, ...period, opening, lines: running, closing: after, sums };
}

const HEADER = ["at", "id", "kind", "reference", "available", "held", "availableAfter", "heldAfter", "by", "note"];

/** The first row is the opening, the last the closing. */
export function statementCsv(statement: Statement, moment: (at: Instant) => string): string {
  const { opening, closing, from, to, lines } = statement;
  const edge = (at: Instant, kind: string, position: Position): string[] => [
    ...[moment(at), "", kind, "", "", ""],
    ...[yuan(position.available), yuan(position.held), "", ""],
  ];
  return printCsv([
    HEADER,
    edge(from, "opening", opening),
    ...lines.map(({ at, id, kind, reference, available, held, after, by, note }) => [
      ...[moment(at), id.toString(), kind, reference, yuan(available), yuan(held)],
      ...[yuan(after.available), yuan(after.held), by ?? "", note ?? ""],
    ]),
    edge(to, "closing", closing),
  ]);
}
