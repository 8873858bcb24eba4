/** One suite for both kinds of PostgreSQL: the one that is brought along and the one an operator names. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Instant, systemClock } from "../../src/kernel/clock.ts";
import { Fault, isFault } from "../../src/kernel/faults.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { at, Database, uniqueViolated } from "../../src/stores/database.ts";
import { startEmbeddedPostgres } from "../../src/stores/embedded-postgres.ts";
import { startNamedPostgres, suiteNeeding } from "../support/servers.ts";

interface Server {
  readonly connectionString: string;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const SOON_MS = 15_000;

const servers: readonly { title: string; needs: readonly string[]; start: () => Promise<Server> }[] = [
  {
    title: "embedded PostgreSQL",
    needs: [],
    async start() {
      const dataFolder = await mkdtemp(join(tmpdir(), "database-"));
      await chmod(dataFolder, 0o755);
      const server = await startEmbeddedPostgres({ dataFolder, log: silentLog, clock: systemClock });
      return {
        connectionString: server.connectionString,
        async restart() {
          process.kill(server.pid, "SIGKILL"); // it is revived by itself
          await systemClock.wait(50);
        },
        async stop() {
          await server.stop();
          await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
          await rm(server.folder, { recursive: true, force: true });
        },
      };
    },
  },
  { title: "named PostgreSQL", needs: ["postgres"], start: () => startNamedPostgres() },
];

for (const { title, needs, start } of servers) {
  suiteNeeding(needs, `database: ${title}`, () => {
    let server: Server;
    let db: Database;

    const open = (connectionsMax = 5): Promise<Database> =>
      Database.open({ connectionString: server.connectionString, log: silentLog, connectionsMax });
    const amounts = async (): Promise<bigint[]> =>
      (await db.rows<{ amount: bigint }>(null, "SELECT amount FROM purse ORDER BY id")).map(({ amount }) => amount);

    test("a crowd of transactions that each ask beside themselves does not stand still", async () => {
      const many = await open(6);
      try {
        const asks = Array.from({ length: 40 }, () =>
          many.transact(async (tx) => {
            await many.rows(tx, "SELECT pg_sleep(0.01)");
            await many.rows(null, "SELECT 1"); // on a connection of its own
          }),
        );
        expect((await Promise.allSettled(asks)).filter(({ status }) => status === "rejected")).toEqual([]);
      } finally {
        await many.close();
      }
    });

    beforeAll(async () => {
      server = await start();
      db = await open();
      await db.run(null, "CREATE TABLE purse (id text PRIMARY KEY, amount bigint NOT NULL)");
    });
    beforeEach(async () => {
      await db.run(null, "TRUNCATE purse");
    });
    afterAll(async () => {
      await db.close();
      await server.stop();
    });

    const put = (tx: Transaction | null, id: string, amount = 1n, on = db): Promise<number> =>
      on.run(tx, "INSERT INTO purse (id, amount) VALUES ($1, $2)", [id, amount]);

    test("values keep their meaning on the way there and back", async () => {
      const day = Instant(Date.UTC(2026, 10, 22, 16, 5, 6, 789));
      const [row] = await db.rows(
        null,
        `SELECT $1::bigint AS big, $2::timestamptz AS moment, $3::jsonb AS json, '2026-11-22'::date AS day, 0.5283::numeric AS price,
                ARRAY[1, NULL]::bigint[] AS bigs, ARRAY[$2]::timestamptz[] AS moments, NULL::bigint AS nothing`,
        [9_007_199_254_740_993n, at(day), { frames: ["68"] }],
      );
      expect(row).toEqual({
        big: 9_007_199_254_740_993n,
        moment: day,
        json: { frames: ["68"] },
        day: "2026-11-22",
        price: "0.5283",
        bigs: [1n, null],
        moments: [day],
        nothing: null,
      });
    });

    test("a transaction that ends well is there as a whole, one that throws is not there at all", async () => {
      await db.transact(async (tx) => {
        expect(await put(tx, "a", 100n)).toBe(1);
        await put(tx, "b", 200n);
        expect(await amounts()).toEqual([]); // nobody else sees it before its end
      });
      await expect(
        db.transact(async (tx) => {
          await put(tx, "c", 300n);
          throw new Fault("wrong-mode");
        }),
      ).rejects.toMatchObject({ code: "wrong-mode" });
      expect(await amounts()).toEqual([100n, 200n]);
      expect(await db.run(null, "UPDATE purse SET amount = amount + 1")).toBe(2);
    });

    test("a swallowed error of a statement is not taken for a commit", async () => {
      const work = db.transact(async (tx) => {
        await put(tx, "a");
        await put(tx, "a").catch(() => undefined);
      });
      await expect(work).rejects.toThrow("nothing was committed");
      expect(await amounts()).toEqual([]);
    });

    test("a statement after the end of its transaction is refused", async () => {
      const kept = await db.transact((tx) => Promise.resolve(tx));
      await expect(put(kept, "late")).rejects.toThrow("a promise was forgotten");
    });

    test("of two that insert the same key the second waits, and is refused when the first commits", async () => {
      const order: string[] = [];
      const first = Promise.withResolvers<null>();
      const second = Promise.withResolvers<null>();
      const one = db.transact(async (tx) => {
        await put(tx, "order-1");
        second.resolve(null);
        await first.promise;
        order.push("first commits");
      });
      await second.promise;
      const two = put(null, "order-1").catch((error: unknown) => {
        order.push("second is refused");
        return uniqueViolated(error);
      });
      await systemClock.wait(100);
      first.resolve(null);
      await one;
      expect(await two).toBe("purse_pkey");
      expect(order).toEqual(["first commits", "second is refused"]);
      expect(uniqueViolated(new Error("another"))).toBeNull();
    });

    test("a deadlock is solved by running one of the two again", async () => {
      await put(null, "a", 0n);
      await put(null, "b", 0n);
      let runs = 0;
      const add = (ids: readonly string[]): Promise<void> =>
        db.transact(async (tx) => {
          runs += 1;
          for (const id of ids) {
            await db.run(tx, "UPDATE purse SET amount = amount + 1 WHERE id = $1", [id]);
            await systemClock.wait(100);
          }
        });
      await Promise.all([add(["a", "b"]), add(["b", "a"])]);
      expect(await amounts()).toEqual([2n, 2n]);
      expect(runs).toBe(3);
    });

    test("a statement by itself that meets a transaction head-on is said again", async () => {
      const said: string[] = [];
      const log = { ...silentLog, debug: (_: object, message: string) => void said.push(message) };
      // the server ends the wait of whoever looks first while both wait: the statement looks after two seconds, the transaction much later
      const place = new URL(server.connectionString);
      place.searchParams.set("options", "-c deadlock_timeout=2s");
      const other = await Database.open({ connectionString: place.href, log, connectionsMax: 1 });
      try {
        await put(null, "a", 0n);
        await put(null, "b", 0n);
        const add = (tx: Transaction, id: string): Promise<number> =>
          db.run(tx, "UPDATE purse SET amount = amount + 1 WHERE id = $1", [id]);
        const hasFirst = Promise.withResolvers<null>();
        const across = db.transact(async (tx) => {
          await db.run(tx, "SET LOCAL deadlock_timeout = '1min'");
          await add(tx, "a");
          hasFirst.resolve(null);
          await until(async () => (await db.rows(null, "SELECT 1 FROM pg_locks WHERE NOT granted")).length > 0);
          await add(tx, "b");
        });
        await hasFirst.promise;
        await other.run(
          null,
          `WITH chosen AS MATERIALIZED (SELECT id FROM purse ORDER BY id DESC FOR UPDATE)
           UPDATE purse SET amount = amount + 1 FROM chosen WHERE purse.id = chosen.id`,
        );
        await across;
        expect(await amounts()).toEqual([2n, 2n]);
        expect(said).toEqual(["statement is said again"]);
      } finally {
        await other.close();
      }
    });

    test("the server goes away in the middle: said as such, and then work goes on", async () => {
      const other = await open(2);
      const begun = Promise.withResolvers<null>();
      const broken = other.transact(async (tx) => {
        await put(tx, "half", 1n, other);
        begun.resolve(null);
        await systemClock.wait(1_000);
        await put(tx, "whole", 1n, other);
      });
      const outcome = broken.catch((error: unknown) => error);
      await begun.promise;
      const restarted = server.restart();
      const fault = await outcome;
      expect(isFault(fault, "database-unreachable")).toBe(true);
      expect(String(fault)).toContain("host=127.0.0.1");
      await restarted;
      await until(async () => (await other.trouble()) === null && (await db.trouble()) === null);
      expect(await amounts()).toEqual([]);
      await put(null, "after", 5n);
      expect(await amounts()).toEqual([5n]);
      await other.close();
    });

    test("a confirmed commit is on disk, whatever the server's default says", async () => {
      expect(
        await db.rows(null, "SELECT current_setting('synchronous_commit') AS commit, current_setting('TimeZone') AS zone"),
      ).toEqual([{ commit: "on", zone: "UTC" }]);
    });
  });
}

test("a server that is not there is named by host and port, never by its password", async () => {
  const fault: unknown = await Database.open({
    connectionString: "postgres://u:hidden-word@127.0.0.1:1/x",
    log: silentLog,
  }).catch((error: unknown) => error);
  expect(isFault(fault, "database-unreachable")).toBe(true);
  expect(String(fault)).toMatch(/host=127.0.0.1, port=1, why=.*ECONNREFUSED/);
  expect(`${String(fault)} ${JSON.stringify(fault)}`).not.toContain("hidden-word");
});

async function until(done: () => Promise<boolean>): Promise<void> {
  const last = systemClock.now() + SOON_MS;
  while (!(await done())) {
    if (systemClock.now() > last) throw new Error("it did not happen in time");
    await systemClock.wait(20);
  }
}
