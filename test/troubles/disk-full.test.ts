/**
 * The disk of PostgreSQL is full: a small file system in memory under the gateway's database. Mounting one takes rights; where they are
 * missing the suite says so and is skipped, and where they are there it runs.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chooseAccount } from "../../src/stores/postgres-account.ts";
import { startNamedPostgres, suiteNeeding } from "../support/servers.ts";
import { raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { addresses, creditedOnce, isReady, partTold, payOnce, payUntilTaken, SOON_MS, until } from "./desk.ts";

const SMALL = "64m";

/** Null, or why none can be mounted here. */
function whyNoMount(): string | null {
  if (process.platform !== "linux") return "there is no tmpfs here";
  const probe = mkdtempSync(join(tmpdir(), "may-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", probe], { stdio: "pipe" });
    execFileSync("umount", [probe], { stdio: "pipe" });
    return null;
  } catch (error) {
    return error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "mount is missing";
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

const why = whyNoMount();
const title = "a full disk under PostgreSQL";
if (why !== null)
  describe.skip(`${title}: skipped, no small file system can be mounted (${why})`, () => test("is met", () => undefined));
else
  suiteNeeding(["postgres"], title, () => {
    const disk = mkdtempSync(join(tmpdir(), "small-disk-"));
    const meters = addresses(7, 6);
    let server: Awaited<ReturnType<typeof startNamedPostgres>>;
    let house: TestHouse;

    const asked = async (sql: string, connectionString = server.connectionString): Promise<void> => {
      const client = new pg.Client({ connectionString });
      await client.connect();
      try {
        await client.query(sql);
      } finally {
        await client.end();
      }
    };

    beforeAll(async () => {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SMALL},mode=755`, "tmpfs", disk]);
      const space = join(disk, "space");
      mkdirSync(space, { mode: 0o700 });
      const account = await chooseAccount("/nowhere");
      if (account !== null) execFileSync("chown", [`${account.uid}:${account.gid}`, space]);
      server = await startNamedPostgres();
      await asked(`CREATE TABLESPACE small LOCATION '${space}'`);
      house = await raiseTestHouse({
        meters: meters.map((address) => ({ address, balance: "10.00", loadKw: 0 })),
        server: server.connectionString,
        tablespace: "small",
      });
    });
    afterAll(async () => {
      await house.close();
      await server.stop();
      execFileSync("umount", [disk]);
      rmSync(disk, { recursive: true, force: true });
    });

    test("payments are declined by name, readiness says what to do, and with room everything goes on, once", async () => {
      const early = await Promise.all(meters.slice(0, 2).map((address) => payUntilTaken(house, address, `early ${address}`)));
      fill(disk);
      const taken: string[] = [...early];
      const counted = new Map<string, number>(meters.slice(0, 2).map((address) => [address, 1]));
      // what is left in half-filled pages is used up first
      const declined = await until("a payment to be declined for it", async () => {
        for (let number = 0; ; number += 1) {
          const address = meters[2 + (number % 4)]!;
          const answer = await payOnce(house.gateway.url, address, `full ${number}`, "1.00");
          if (answer.status !== 202) return answer;
          counted.set(address, (counted.get(address) ?? 0) + 1);
          taken.push(String((answer.json["command"] as { id: unknown }).id));
        }
      });
      expect({ status: declined.status, code: declined.json["code"], retryAfter: declined.retryAfter }).toEqual({
        status: 503,
        code: "database-full",
        retryAfter: "5",
      });
      expect(await partTold(house.gateway.url, /^database/)).toMatchObject({
        ready: false,
        next: expect.stringMatching(/Free space/) as string,
        nextZh: expect.stringMatching(/磁盘/) as string,
      });
      expect(await isReady(house.gateway.url)).toBeNull();
      rmSync(join(disk, "filler"));
      await until("readiness to come back", () => isReady(house.gateway.url));
      for (const command of taken) await house.desk.commandIn(command, "confirmed", SOON_MS);
      creditedOnce(house, meters.slice(0, 2));
      for (const [address, times] of counted) expect(house.street.snapshot(address).obeyed.topUps).toBe(times);
    }, 120_000);
  });

/** To the last byte. */
function fill(disk: string): void {
  for (let size = 1 << 20; size >= 512;)
    try {
      writeFileSync(join(disk, "filler"), Buffer.alloc(size), { flag: "a" });
    } catch {
      size >>= 1;
    }
}
