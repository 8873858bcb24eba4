/** One suite for both keepers of leases: rows in PostgreSQL, judged by its clock, and memory. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Instant } from "../../src/kernel/clock.ts";
import { LEASE_MS, type GatewayPresence, type LineLeases } from "../../src/devices/line-leases.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { InMemoryLineLeases } from "../../src/stores/in-memory/line-leases.ts";
import { PostgresLineLeases } from "../../src/stores/line-leases-store.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

interface Kept {
  readonly leases: LineLeases;
  /** So much time goes by for the keeper. */
  pass(ms: number): Promise<void>;
}

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const keepers: readonly { title: string; make: () => Promise<Kept> }[] = [
  {
    title: "in memory",
    make: () => {
      let now = 1_000;
      const pass = (ms: number): Promise<void> => Promise.resolve(void (now += ms));
      return Promise.resolve({ leases: new InMemoryLineLeases(new InMemoryDatabase({ now: () => Instant(now) })), pass });
    },
  },
  {
    title: "on PostgreSQL",
    make: async () => {
      await database.db.run(null, "TRUNCATE gateways, line_leases");
      return {
        leases: new PostgresLineLeases(database.db),
        // its clock cannot be moved; the ends of everything can
        pass: async (ms) => {
          for (const table of ["gateways", "line_leases"])
            await database.db.run(null, `UPDATE ${table} SET expires_at = expires_at - interval '${ms} milliseconds'`);
        },
      };
    },
  },
];

const buses = Array.from({ length: 200 }, (_, n) => `tcp-${n}`);
const a: GatewayPresence = { holder: "a", buses };
const b: GatewayPresence = { holder: "b", buses };
const held = ({ leases }: { leases: ReadonlyMap<string, { holder: string | null }> }, who: string): number =>
  [...leases.values()].filter(({ holder }) => holder === who).length;

describe.each(keepers)("leases of lines $title", ({ make }) => {
  let leases: LineLeases;
  let pass: (ms: number) => Promise<void>;
  beforeEach(async () => {
    const kept = await make();
    leases = kept.leases;
    pass = (ms) => kept.pass(ms);
  });

  test("what is free is taken, and what is held is not, however it is asked", async () => {
    expect(await leases.take("a", ["x", "y"])).toEqual(new Map([["x", 1n], ["y", 1n]])); // prettier-ignore
    expect(await leases.take("b", ["x", "y", "z"])).toEqual(new Map([["z", 1n]]));
    expect(await leases.take("a", ["x"])).toEqual(new Map());
  });

  test("of many that reach for the same lines at once each line gets one holder", async () => {
    const got = await Promise.all(["a", "b", "c", "d"].map((who) => leases.take(who, buses)));
    expect(got.flatMap((mine) => [...mine.keys()]).sort()).toEqual([...buses].sort());
  });

  test("a renewed lease outlives its first end, one that is not renewed lapses, and the number rises with the next holder", async () => {
    await leases.take("a", ["x"]);
    await leases.take("b", ["y"]);
    await pass(LEASE_MS - 1_000);
    const shown = await leases.renew({ ...a, buses: ["x", "y", "never"] });
    expect(shown.leases).toEqual(new Map([["x", { holder: "a", fencing: 1n }], ["y", { holder: "b", fencing: 1n }]])); // prettier-ignore
    await pass(2_000);
    expect((await leases.look({ ...a, buses: ["x", "y"] })).leases.get("y")).toEqual({ holder: null, fencing: 1n });
    expect(await leases.take("c", ["x", "y"])).toEqual(new Map([["y", 2n]]));
  });

  test("a lapsed lease is not renewed: it is taken anew, under a new number, or lost", async () => {
    await leases.take("a", ["x", "y"]);
    await pass(LEASE_MS + 1);
    await leases.take("b", ["y"]);
    const shown = await leases.renew({ ...a, buses: ["x", "y"] });
    expect(shown.leases).toEqual(new Map([["x", { holder: null, fencing: 1n }], ["y", { holder: "b", fencing: 2n }]])); // prettier-ignore
    expect(await leases.take("a", ["x"])).toEqual(new Map([["x", 2n]]));
  });

  test("what is given back is free at once, and a late word of a former holder changes nothing", async () => {
    await leases.take("a", ["x"]);
    await leases.release("a", new Map([["x", 1n]]));
    expect(await leases.take("b", ["x"])).toEqual(new Map([["x", 2n]]));
    await leases.release("a", new Map([["x", 2n]]));
    await leases.release("b", new Map([["x", 1n]]));
    expect(await leases.take("a", ["x"])).toEqual(new Map());
  });

  test("who lives is known by presence, each under the smallest free number", async () => {
    expect(await leases.enter(a)).toBe(1);
    expect(await leases.enter(b)).toBe(2);
    await pass(LEASE_MS - 1_000);
    expect((await leases.renew(b)).gateways).toEqual([a, b]);
    await pass(2_000);
    expect((await leases.look(b)).gateways).toEqual([b]);
    expect(await leases.enter({ holder: "c", buses: ["x"] })).toBe(1);
    await leases.leave("b");
    expect(await leases.enter(b)).toBe(2);
  });

  test("who leaves holds nothing and is not counted any more", async () => {
    await leases.enter(a);
    await leases.take("a", buses);
    await leases.leave("a");
    expect(await leases.take("b", buses)).toHaveProperty("size", buses.length);
    expect((await leases.look(b)).gateways).toEqual([]);
  });

  test("one who is certain to be alone waits for nobody; numbers go on rising", async () => {
    await leases.enter(a);
    await leases.take("a", ["x"]);
    await leases.clear();
    expect(await leases.enter(b)).toBe(1);
    expect(await leases.take("b", ["x"])).toEqual(new Map([["x", 2n]]));
  });

  test("renewals of two holders at once renew each its own", async () => {
    await leases.take("a", buses.slice(0, 100));
    await leases.take("b", buses.slice(100));
    await Promise.all(Array.from({ length: 10 }, (_, n) => leases.renew(n % 2 === 0 ? a : b)));
    const shown = await leases.look(a);
    expect([held(shown, "a"), held(shown, "b")]).toEqual([100, 100]);
  });
});

test("a beat over 200 lines is one statement", async () => {
  const leases = new PostgresLineLeases(database.db);
  await database.db.run(null, "TRUNCATE gateways, line_leases");
  let statements = 0;
  const counted = new Proxy(database.db, {
    get: (target, name) => {
      if (name === "rows" || name === "run") statements += 1;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  await leases.take("a", buses);
  expect(held(await new PostgresLineLeases(counted).renew(a), "a")).toBe(200);
  expect(statements).toBe(1);
});
