/**
 * Puts away what is judged and what nobody looks at any more, so that a year of a thousand households stays in memory: old readings, entries,
 * ended commands, decisions, notices, payments but each account's newest, midnights that came or never will. A site keeps all of it
 * (docs/retention.md); nothing here is asked for again. Billed days stay: the steps of a year are counted from its first day on.
 */
import { hours } from "../../src/kernel/clock.ts";
import type { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import type { Table } from "../../src/stores/in-memory/table.ts";
import { isOpen } from "../../src/commands/command.ts";

const DAY_MS = hours(24);
/** A gap is filled from readings of its neighbourhood. */
const READINGS_DAYS = 3;
const ROWS_DAYS = 40;
/** What is usual for a household is asked of its last weeks. */
const METER_DAYS_DAYS = 70;

export async function putAway(database: InMemoryDatabase, now: number): Promise<number> {
  const { books } = database;
  let count = 0;
  const away = async <R>(table: Table<R>, isOld: (row: R) => boolean): Promise<void> => {
    const old = table.all(null).filter(isOld);
    count += old.length;
    await database.statement(null, async (on) => {
      for (const row of old) await table.drop(on, row);
    });
  };
  const since = (days: number): number => now - days * DAY_MS;
  const before = (days: number): string => new Date(since(days)).toISOString().slice(0, 10);
  await away(books.readings, ({ reading }) => reading.takenAt < since(READINGS_DAYS));
  await away(books.entries, ({ entry }) => entry.at < since(ROWS_DAYS));
  const ended = new Set<string>();
  for (const { command } of books.commands.all(null))
    if (!isOpen(command.state) && (command.endedAt ?? now) < since(ROWS_DAYS)) ended.add(command.id);
  await away(books.attempts, ({ command }) => ended.has(command));
  await away(books.commands, ({ command }) => ended.has(command.id));
  await away(books.cutsLeft, ({ at }) => at < since(ROWS_DAYS));
  await away(books.decisions, ({ decision }) => decision.at < since(ROWS_DAYS));
  await away(books.intents, ({ at }) => at < since(ROWS_DAYS));
  const told = new Set<string>();
  for (const { notice } of books.notices.all(null))
    if (notice.at < since(ROWS_DAYS) && notice.state !== "waiting") told.add(notice.id);
  await away(books.noticeAttempts, ({ notice }) => told.has(notice));
  await away(books.notices, ({ notice }) => told.has(notice.id));
  const newest = new Map<string, string>();
  for (const { account, id } of books.payments.all(null)) if (id > (newest.get(account) ?? "")) newest.set(account, id);
  await away(
    books.payments,
    ({ id, account, state, createdAt }) =>
      createdAt < since(ROWS_DAYS) && (state === "allocated" || state === "refunded") && newest.get(account) !== id,
  );
  await away(books.collectionDays, ({ day, state }) => day < before(ROWS_DAYS) && state === "collected");
  await away(books.collectionDays, ({ day, state }) => day < before(METER_DAYS_DAYS) && state === "given-up");
  await away(books.meterDays, ({ day }) => day < before(METER_DAYS_DAYS));
  await away(books.meterClocks, ({ at }) => at < since(ROWS_DAYS));
  return count;
}
