/** Persons with keys of their own at the gateway's door, and what the books hold on a meter, read from the ledger's rows. */
import { Database } from "../../src/stores/database.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Thing } from "../../src/demo/desk.ts";
import type { TestHouse } from "./test-house.ts";

export interface Answer {
  readonly status: number;
  readonly body: Thing;
}

/** Secrets come from the environment, as everywhere; these are for tests alone. */
const variable = (name: string): string => `TEST_KEY_${name.toUpperCase()}`;
export const keysOf = (...names: readonly string[]): { name: string; secret: string }[] =>
  names.map((name) => ({ name, secret: `env:${variable(name)}` }));
export const environmentOf = (...names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [variable(name), `key-of-${name}-for-tests`]));

export class Person {
  readonly #url: () => string;
  readonly #name: string;

  constructor(url: () => string, name: string) {
    this.#url = url;
    this.#name = name;
  }

  get(path: string): Promise<Answer> {
    return this.#ask(path, {});
  }

  post(path: string, body: object): Promise<Answer> {
    return this.#ask(path, { method: "POST", body: JSON.stringify(body) });
  }

  async until<T>(what: string, limitMs: number, look: () => Promise<T | null>): Promise<T> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`);
      await systemClock.wait(30);
    }
  }

  async #ask(path: string, init: RequestInit): Promise<Answer> {
    const headers: Record<string, string> = { authorization: `Bearer key-of-${this.#name}-for-tests` };
    if (init.body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(this.#url() + path, { ...init, headers });
    return { status: response.status, body: (await response.json()) as Thing };
  }
}

/** Sums of some books, and of all of them: which is nothing, always. */
export async function sumsOf(house: TestHouse, books: Readonly<Record<string, string>>): Promise<Record<string, bigint>> {
  const db = await Database.open({ connectionString: house.database.connectionString, log: silentLog, connectionsMax: 1 });
  try {
    const rows = await db.rows<{ book: string; amount: bigint }>(
      null,
      "SELECT book, sum(amount)::bigint AS amount FROM ledger_legs GROUP BY book",
    );
    const of = (name: string): bigint => rows.find((row) => row.book === name)?.amount ?? 0n;
    return {
      ...Object.fromEntries(Object.entries(books).map(([name, book]) => [name, of(book)])),
      sum: rows.reduce((sum, { amount }) => sum + amount, 0n),
    };
  } finally {
    await db.close();
  }
}

export const booksOf = (house: TestHouse, meter: string): Promise<Record<string, bigint>> =>
  sumsOf(house, { meter: `meter/${meter}`, reset: `reset/${meter}` });
