/**
 * PostgreSQL in trouble. It is the memory of the house: while it cannot remember, no payment is taken, the counter is told so with a
 * code and when to come again, and lines are let go before anybody else could hold them. When it is back, everything goes on.
 */
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import type { Thing } from "../../src/demo/desk.ts";
import { startNamedPostgres, suiteNeeding } from "../support/servers.ts";
import { raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { cuttingProxy, type Cut, type CuttingProxy } from "./cutting-proxy.ts";
import { addresses, creditedOnce, isReady, partTold, payOnce, payUntilTaken, SOON_MS, until, type Answer } from "./desk.ts";

const STORMS = 12;

suiteNeeding(["postgres"], "PostgreSQL", () => {
  let server: Awaited<ReturnType<typeof startNamedPostgres>>;
  let proxy: CuttingProxy;
  let house: TestHouse;
  const all = addresses(3, 60);
  let used = 0;
  const fresh = (count: number): readonly string[] => all.slice(used, (used += count));
  const order = (address: string): string => `order-${address}`;

  beforeAll(async () => {
    server = await startNamedPostgres();
    proxy = await cuttingProxy(server.port);
    house = await raiseTestHouse({
      meters: all.map((address) => ({ address, balance: "10.00", loadKw: 0 })),
      server: server.connectionString,
      via: (connectionString) => proxy.via(connectionString),
    });
  });
  afterAll(async () => {
    await house.close();
    await proxy.close();
    await server.stop();
  });

  const ready = (): Promise<true> => until("readiness to come back", () => isReady(house.gateway.url));
  const admin = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: server.connectionString });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const endAll = (client: pg.Client): Promise<unknown> =>
    client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL");
  const declined = ({ status, json, retryAfter }: Answer, code: string): void =>
    expect({ status, code: json["code"], retryAfter }).toEqual({ status: 503, code, retryAfter: "5" });
  const allDone = async (meters: readonly string[], commands: readonly string[]): Promise<void> => {
    for (const command of commands) await house.desk.commandIn(command, "confirmed", SOON_MS);
    creditedOnce(house, meters);
  };
  const payAll = (meters: readonly string[]): Promise<readonly string[]> =>
    Promise.all(meters.map((address) => payUntilTaken(house, address, order(address))));
  const line = async (): Promise<Thing> => ((await house.desk.get("/v1/buses"))["items"] as readonly Thing[])[0]!;

  test("stopped for longer than a lease: payments are declined with a code, the line is let go, and all goes on with it", async () => {
    const [lost, ...meters] = fresh(5);
    house.street.setFault(lost!, { kind: "lost-reply", function: "03", di: "070102FF" });
    const inTheAir = await payUntilTaken(house, lost!, order(lost!));
    await until("the meter to obey", () => (house.street.snapshot(lost!).obeyed.topUps === 1 ? true : null));
    await server.halt();
    const since = performance.now();
    declined(await payOnce(house.gateway.url, meters[0]!, order(meters[0]!)), "database-unreachable");
    expect(await partTold(house.gateway.url, /^database/)).toMatchObject({
      ready: false,
      nameZh: "数据库",
      next: expect.stringMatching(/DATABASE_URL/) as string,
      nextZh: expect.stringMatching(/DATABASE_URL/) as string,
    });
    expect(await isReady(house.gateway.url)).toBeNull();
    const metrics = await fetch(`${house.gateway.url}/metrics`);
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).toMatch(/^fee_control_part_state\{part="database"\} 2$/m);
    expect((await fetch(`${house.gateway.url}/healthz`)).status).toBe(200);
    await until("the line to be let go", async () => ((await line())["heldByUs"] === false ? true : null));
    expect(performance.now() - since).toBeLessThan(20_000);
    await server.begin();
    await ready();
    await allDone([lost!, ...meters], [inTheAir, ...(await payAll(meters))]);
  }, 120_000);

  test("killed under commands in the air: nothing is lost, nothing comes twice", async () => {
    const meters = fresh(6);
    for (const address of meters.slice(0, 2))
      house.street.setFault(address, { kind: "lost-reply", function: "03", di: "070102FF" });
    const early = await payAll(meters.slice(0, 4));
    await server.halt("killed");
    declined(await payOnce(house.gateway.url, meters[5]!, order(meters[5]!)), "database-unreachable");
    const later = payAll(meters.slice(4)); // they come again and again meanwhile
    await server.begin();
    await allDone(meters, [...early, ...(await later)]);
    await ready();
  }, 120_000);

  test("every connection ended again and again while payments come: each is taken once", async () => {
    const meters = fresh(10);
    const ending = admin(async (client) => {
      for (let storm = 0; storm < STORMS; storm += 1) {
        await endAll(client);
        await systemClock.wait(300);
      }
    });
    const commands = await Promise.all(meters.map((address) => payUntilTaken(house, address, order(address))));
    await ending;
    await allDone(meters, commands);
    for (const address of meters) expect((await payOnce(house.gateway.url, address, order(address))).status).toBe(202);
    creditedOnce(house, meters);
  }, 120_000);

  const cuts: readonly { readonly where: Cut; readonly code: string; readonly wasKept: boolean }[] = [
    { where: "between-statements", code: "database-unreachable", wasKept: false },
    { where: "before-commit", code: "commit-unknown", wasKept: false },
    { where: "after-commit", code: "commit-unknown", wasKept: true },
  ];
  test.each(cuts)(
    "a connection cut $where: it is told honestly, and the same order again is one credit",
    async ({ where, code, wasKept }) => {
      const meters = fresh(2);
      for (const address of meters) {
        const before = proxy.cuts;
        proxy.cut(where, order(address));
        declined(await payOnce(house.gateway.url, address, order(address)), code);
        expect(proxy.cuts).toBe(before + 1);
        const rows = await admin(async () => {
          const direct = new pg.Client({ connectionString: house.database.connectionString });
          await direct.connect();
          const { rowCount } = await direct.query("SELECT 1 FROM payments WHERE order_id = $1", [order(address)]);
          await direct.end();
          return rowCount;
        });
        expect(rows).toBe(wasKept ? 1 : 0);
      }
      await allDone(meters, await payAll(meters));
    },
    60_000,
  );

  test("read-only, as a standby is: payments are declined, readiness names it, and all goes on", async () => {
    const meters = fresh(2);
    const name = new URL(house.database.connectionString).pathname.slice(1);
    await admin(async (client) => {
      await client.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
      await endAll(client);
    });
    await until("the payment to be declined for it", async () => {
      const answer = await payOnce(house.gateway.url, meters[0]!, order(meters[0]!));
      return answer.json["code"] === "database-read-only" ? answer : null;
    }).then((answer) => declined(answer, "database-read-only"));
    expect(await partTold(house.gateway.url, /^database/)).toMatchObject({
      ready: false,
      next: expect.stringMatching(/standby/) as string,
    });
    await admin(async (client) => {
      await client.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
      await endAll(client);
    });
    await ready();
    await allDone(meters, await payAll(meters));
  }, 60_000);
});
