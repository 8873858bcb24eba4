/**
 * Stopping in order, at any moment: the exchange on the wire is finished, what it told is written down, lines are given back at once,
 * and the next start has nothing to find out. A second signal does not wait for any of it.
 *
 * TROUBLE_STOPS says how many times; without it few, since each of them is a whole start and a whole stop.
 */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { folder, startGatewayProcess, startStreet, type GatewayProcess, type StreetProcess } from "../support/processes.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { addresses, isReady, payOnce, payUntilTaken, SOON_MS, until } from "./desk.ts";

const STOPS = Number(process.env["TROUBLE_STOPS"] ?? 12);
const EACH_MS_MAX = 15_000;

describe(`stopped ${STOPS} times, each at another moment of a top-up`, () => {
  const all = addresses(5, 6);
  let house: TestHouse;
  let db: Database;

  beforeAll(async () => {
    house = await raiseTestHouse({
      meters: all.map((address) => ({ address, balance: "10.00", loadKw: 0 })),
      replyDeadlineMs: 5_000, // the meters answer in time, whatever else this machine has to do
    });
    db = await Database.open({ connectionString: house.database.connectionString, log: silentLog, connectionsMax: 1 });
  });
  afterAll(async () => {
    await db.close();
    await house.close();
  });

  test(
    "no order is left without a known outcome, no line without being given back, and each top-up is one credit",
    async () => {
      const chance = seededChance(7);
      const paid = new Map<string, number>();
      const stopMs: number[] = [];
      for (let stop = 0; stop < STOPS; stop += 1) {
        for (const address of all.slice(0, 3)) {
          await payUntilTaken(house, address, `stop ${stop} ${address}`);
          paid.set(address, (paid.get(address) ?? 0) + 1);
        }
        await systemClock.wait(Math.floor(chance.next() * 120));
        const since = performance.now();
        await house.gateway.stop();
        stopMs.push(performance.now() - since);
        const held = await db.rows(null, "SELECT bus FROM line_leases WHERE holder IS NOT NULL AND expires_at > now()");
        const unknown = await db.rows(
          null,
          `SELECT a.command, a.outcome FROM attempts a JOIN commands c ON c.id = a.command
            WHERE c.state = 'sending' OR a.outcome = 'sending' OR a.outcome LIKE 'silent%'`,
        );
        expect({ stop, held, unknown }).toEqual({ stop, held: [], unknown: [] });
        await house.restart();
      }
      expect(Math.max(...stopMs)).toBeLessThan(EACH_MS_MAX);
      await until("every top-up to be confirmed", async () => {
        const [{ open } = { open: 1 }] = await db.rows<{ open: number }>(
          null,
          "SELECT count(*)::int AS open FROM commands WHERE state <> 'confirmed'",
        );
        return open === 0 ? true : null;
      });
      for (const [address, times] of paid)
        expect(house.street.snapshot(address)).toMatchObject({ purchaseCount: times, obeyed: { topUps: times } });
      const [{ attempts } = { attempts: 0 }] = await db.rows<{ attempts: number }>(
        null,
        "SELECT count(*)::int AS attempts FROM attempts",
      );
      expect(attempts).toBe(3 * STOPS); // nothing had to be sent again
    },
    60_000 + STOPS * EACH_MS_MAX,
  );
});

test("whoever asked before it began to stop gets an answer, though the books keep them waiting", async () => {
  const meters = addresses(9, 4);
  const house = await raiseTestHouse({ meters: meters.map((address) => ({ address, balance: "10.00", loadKw: 0 })) });
  const books = new pg.Client({ connectionString: house.database.connectionString });
  await books.connect();
  try {
    await books.query("BEGIN; LOCK TABLE payments IN ACCESS EXCLUSIVE MODE");
    const asked = Promise.allSettled(meters.map((address) => payOnce(house.gateway.url, address, `leaving ${address}`)));
    await until("all of them to wait for the books", async () => {
      // of the payments alone: the rounds of the house wait for the same table
      await books.query("SELECT pg_stat_clear_snapshot()"); // within a transaction the picture stands still
      const { rowCount } = await books.query(
        "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND query LIKE '%FROM payments WHERE channel = $1%'",
      );
      return (rowCount ?? 0) >= meters.length ? true : null;
    });
    const stopped = house.gateway.stop();
    await until("the door to be shut", () =>
      fetch(`${house.gateway.url}/healthz`).then(
        ({ ok }) => (ok ? null : true),
        () => true,
      ),
    );
    await books.query("ROLLBACK");
    const answers = await asked;
    await stopped;
    expect(answers.map((answer) => (answer.status === "fulfilled" ? answer.value.status : String(answer.reason)))).toEqual(
      meters.map(() => 202),
    );
  } finally {
    await books.end();
    await house.close();
  }
}, 60_000);

describe("signals", () => {
  const place = folder();
  const [address] = addresses(6, 1);
  let street: StreetProcess;
  let gateway: GatewayProcess | undefined;
  let siteFile: string;

  beforeAll(async () => {
    street = await startStreet([
      "--meters",
      "1",
      "--first-address",
      address!,
      "--tcp",
      "0",
      "--balance",
      "10.00",
      "--speed",
      "0",
    ]);
    siteFile = place.file(
      "site.yaml",
      JSON.stringify({
        stores: { data: "./data" },
        mqtt: { url: "mqtt://127.0.0.1:9" },
        // a silent meter is waited for so long that stopping in order takes its time
        buses: [{ id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port: street.ready.tcp }, replyDeadlineMs: 12_000 }],
        meters: [{ address: address!, account: accountOf(address!), bus: "tcp-1", model: "standard-wallet" }],
      }),
    );
  });
  afterAll(async () => {
    gateway?.kill("SIGKILL");
    street.kill("SIGTERM");
    await Promise.all([gateway?.ended, street.ended]);
    place.remove();
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "the first one stops in order, and while that takes its time a second %s leaves at once, with exit code 1",
    async (second) => {
      gateway = await startGatewayProcess(siteFile);
      await street.fault(address!, { kind: "silence", times: 1 });
      expect((await payOnce(gateway.url, address!, second)).status).toBe(202);
      await until("a question to be on the wire", async () => {
        const metrics = await (await fetch(`${gateway!.url}/metrics`)).text();
        return /^fee_control_commands_running 1$/m.test(metrics) ? true : null;
      });
      process.kill(gateway.child.pid!, "SIGTERM");
      await until("it to begin to stop", () => (gateway!.said().includes("stopping:") ? true : null));
      await systemClock.wait(1_100); // sooner it is taken for the same wish, told twice by npm
      expect(gateway.child.exitCode).toBeNull();
      const since = performance.now();
      process.kill(gateway.child.pid!, second);
      expect(await gateway.ended).toBe(1);
      expect(performance.now() - since).toBeLessThan(5_000);
      expect(gateway.said()).toContain("a second signal: leaving at once");
    },
    60_000,
  );

  test("the start after that has the line and the command at once, and SIGTERM alone ends with 0", async () => {
    gateway = await startGatewayProcess(siteFile);
    await until("readiness", () => isReady(gateway!.url));
    await until(
      "what was left to arrive",
      async () => ((await street.meter(address!)).obeyed["topUps"] === 2 ? true : null),
      SOON_MS,
    );
    process.kill(gateway.child.pid!, "SIGTERM");
    expect(await gateway.ended).toBe(0);
    expect((await street.meter(address!))["purchaseCount"]).toBe(2);
  }, 60_000);
});
