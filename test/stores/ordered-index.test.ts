/** Rows in an order, as each work sees them: held against a look through all rows, whatever was written, undone, removed, and by whom. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Instant } from "../../src/kernel/clock.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { firstOf, OrderedIndex, whilst } from "../../src/stores/in-memory/ordered-index.ts";
import { Table, type Work } from "../../src/stores/in-memory/table.ts";

interface Row {
  readonly key: string;
  readonly groups: readonly string[];
  /** Follows from the key, so it never changes. */
  readonly by: number;
  readonly value: number;
}

const GROUPS = ["a", "b"] as const;
const KEYS = 4;
const byOf = (key: number): number => (key * 7) % 5;

const tableOf = (): Table<Row> =>
  new Table<Row>({
    name: "rows",
    keyOf: ({ key }) => key,
    groups: { all: () => "all", of: ({ groups }) => groups },
    ordered: {
      of: { of: ({ groups }) => groups, by: ({ by }) => by },
      alone: { of: ({ groups }) => groups[0] ?? null, by: ({ key }) => key },
    },
  });

const inOrder =
  (place: (row: Row) => string | number) =>
  (a: Row, b: Row): number =>
    place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : a.key < b.key ? -1 : 1;

/** What each work must read, by looking at every row. */
function mustAgree(table: Table<Row>, work: Work | null, from: number): void {
  const all = table.all(work);
  for (const group of GROUPS) {
    const rows = all.filter(({ groups }) => groups.includes(group)).sort(inOrder(({ by }) => by));
    expect([...table.upwards(work, "of", group)]).toEqual(rows);
    expect([...table.downwards(work, "of", group)]).toEqual(rows.toReversed());
    expect([...table.upwards(work, "of", group, from)]).toEqual(rows.filter(({ by }) => by >= from));
    expect([...table.downwards(work, "of", group, from)]).toEqual(rows.filter(({ by }) => by <= from).toReversed());
    const alone = all.filter(({ groups }) => groups[0] === group).sort(inOrder(({ key }) => key));
    expect([...table.upwards(work, "alone", group)]).toEqual(alone);
    const sum = (of: () => Row[]): number => of().reduce((total, { value }) => total + value, 0);
    expect(table.made(work, "of", group, sum)).toBe(sum(() => rows));
    expect(table.made(work, "of", group, sumOf)).toBe(sum(() => rows));
  }
}
const sumOf = (rows: () => Row[]): number => rows().reduce((total, { value }) => total + value, 0);

const step = fc.record({
  who: fc.nat({ max: 1 }),
  what: fc.constantFrom("write", "write", "write", "remove", "commit", "undo"),
  key: fc.nat({ max: KEYS - 1 }),
  groups: fc.subarray([...GROUPS]),
  value: fc.nat({ max: 99 }),
  from: fc.nat({ max: 5 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Two transactions that are told one by one what to do; each has its own keys, so that neither waits. */
class Two {
  readonly table = tableOf();
  readonly #db = new InMemoryDatabase({ now: () => Instant(0) });
  readonly #open: ({ readonly tx: Transaction; end(kept: boolean): Promise<void> } | null)[] = [null, null];

  async does({ who, what, key, groups, value }: Step): Promise<void> {
    if (what === "commit" || what === "undo") {
      const open = this.#open[who];
      this.#open[who] = null;
      return open?.end(what === "commit");
    }
    const { tx } = (this.#open[who] ??= await this.#begun());
    const own = key - (key % 2) + who;
    await this.#db.statement(tx, async (on) => {
      const name = `row-${own}`;
      if (what === "write") return this.table.upsert(on, name, () => ({ key: name, groups, by: byOf(own), value }));
      const known = await this.table.lock(on, name, "update");
      if (known !== undefined) this.table.remove(on, known);
    });
  }

  async looks(at: (work: Work | null) => void): Promise<void> {
    at(null);
    for (const open of this.#open) if (open !== null) await this.#db.statement(open.tx, at);
  }

  async ends(): Promise<void> {
    for (const open of this.#open) await open?.end(false);
  }

  async #begun() {
    const [begun, over] = [Promise.withResolvers<Transaction>(), Promise.withResolvers<boolean>()];
    const undone = new Error("undone");
    const run = this.#db
      .transact(async (tx) => {
        begun.resolve(tx);
        if (!(await over.promise)) throw undone;
      })
      .catch((error: unknown) => {
        if (error !== undone) throw error;
      });
    const end = (kept: boolean): Promise<void> => {
      over.resolve(kept);
      return run;
    };
    return { tx: await begun.promise, end };
  }
}

test("whatever two works write, remove, commit and undo side by side: each reads upwards and downwards what a look at all rows finds", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const two = new Two();
      for (const each of steps) {
        await two.does(each);
        await two.looks((work) => mustAgree(two.table, work, each.from));
      }
      await two.ends();
      mustAgree(two.table, null, 2);
    }),
    { numRuns: 200 },
  );
});

describe("an order", () => {
  const row = (key: string, by: number, groups: readonly string[] = ["a"]): Row => ({ key, by, groups, value: 0 });
  const db = (): InMemoryDatabase => new InMemoryDatabase({ now: () => Instant(0) });
  const keys = (rows: Iterable<Row>): string[] => Array.from(rows, ({ key }) => key);

  test("is left as soon as somebody has what he looks for", () => {
    const looked: number[] = [];
    const rows = function* (): Generator<number> {
      for (const n of [1, 2, 3, 4]) yield (looked.push(n), n);
    };
    expect(firstOf(rows(), (n) => n === 2)).toBe(2);
    expect(whilst(rows(), (n) => n < 2)).toEqual([1]);
    expect(looked).toEqual([1, 2, 1, 2]);
    expect(firstOf(rows(), (n) => n > 4)).toBe(undefined);
  });

  test("is not kept by a row that moves in it", async () => {
    const table = tableOf();
    const moves = db().statement(null, async (on) => {
      await table.add(on, row("x", 1));
      await table.update(on, row("x", 2));
    });
    await expect(moves).rejects.toThrow('a row of rows moves in the order "of"');
    expect(keys(table.upwards(null, "of", "a"))).toEqual([]);
  });

  test("may be another when the row comes back to it after it had left for good", async () => {
    const [table, database] = [tableOf(), db()];
    await database.statement(null, (on) => table.add(on, row("x", 3)));
    await database.statement(null, (on) => table.add(on, row("y", 2)));
    await database.statement(null, (on) => table.drop(on, row("x", 3)));
    await database.statement(null, (on) => table.add(on, row("x", 1)));
    expect(keys(table.upwards(null, "of", "a"))).toEqual(["x", "y"]);
  });

  test("holds nothing of rows that nobody has any more", () => {
    const index = new OrderedIndex();
    for (const n of [3, 1, 2, 2]) index.put("a", n, `k${n}`);
    expect([...index.upwards("a")]).toEqual(["k1", "k2", "k3"]);
    for (const n of [2, 9, 3, 1, 1]) index.leave("a", n, `k${n}`);
    expect([...index.upwards("a"), ...index.downwards("a")]).toEqual([]);
  });
});

describe("what was made of committed rows", () => {
  const row = (key: string, value: number): Row => ({ key, by: 0, groups: ["a"], value });
  let asked = 0;
  const counted = (rows: () => Row[]): number => {
    asked += 1;
    return sumOf(rows);
  };

  test("is told to a transaction as well, as long as that wrote nothing here, and anew when another commits", async () => {
    const [table, db] = [tableOf(), new InMemoryDatabase({ now: () => Instant(0) })];
    const add = (tx: Transaction | null, key: string, value: number): Promise<void> =>
      db.statement(tx, (on) => table.add(on, row(key, value)));
    const sum = (tx: Transaction | null): Promise<number> => db.look(tx, (on) => table.made(on, "of", "a", counted));
    await add(null, "x", 1);
    asked = 0;
    expect(await sum(null)).toBe(1);
    await db.transact(async (tx) => {
      expect([await sum(tx), asked]).toEqual([1, 1]);
      // a lock of its own, or of another, changes nothing of what is seen
      await db.statement(tx, (on) => table.lock(on, "x", "update"));
      expect([await sum(tx), asked]).toEqual([1, 1]);
      await add(null, "y", 10);
      expect([await sum(tx), await sum(null), asked]).toEqual([11, 11, 2]);
      // from its first word on it sees its own, and others do not
      await add(tx, "z", 100);
      expect([await sum(tx), await sum(null)]).toEqual([111, 11]);
      await db.statement(tx, async (on) => table.remove(on, (await table.lock(on, "x", "update"))!));
      expect([await sum(tx), await sum(null)]).toEqual([110, 11]);
    });
    expect(await sum(null)).toBe(110);
  });

  test("is not kept from the own words of a transaction that is undone", async () => {
    const [table, db] = [tableOf(), new InMemoryDatabase({ now: () => Instant(0) })];
    const sum = (tx: Transaction | null): Promise<number> => db.look(tx, (on) => table.made(on, "of", "a", counted));
    const undone = db.transact(async (tx) => {
      await db.statement(tx, (on) => table.add(on, row("x", 1)));
      expect(await sum(tx)).toBe(1);
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect(await sum(null)).toBe(0);
    await db.transact(async (tx) => expect(await sum(tx)).toBe(0));
  });
});
