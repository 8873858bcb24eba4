/**
 * What a gateway that was killed leaves of its embedded server: one that lives on because its guardian cannot act, or the corpse of one
 * that nobody has buried. The next start deals with either, and what was paid arrives once. What else a start meets (a stale lock
 * file, a folder that another gateway owns, another user's rights) is held by test/stores/embedded-postgres.test.ts.
 *
 * The guardian is two processes: the shell that waits for the server, and the watcher beside the server that listens for our end. Whoever
 * stops the shell alone still has the server told to end, as fast as it can.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { raiseProcessHouse, type ProcessHouse } from "../support/process-house.ts";
import { holdersOf } from "../support/processes.ts";
import { addresses, payOnce, until } from "./desk.ts";

const [first, second] = addresses(8, 2);
let house: ProcessHouse;

beforeAll(async () => {
  house = await raiseProcessHouse({ meters: [first!, second!] });
});
afterAll(() => house.close());

const postmaster = (): number =>
  Number(readFileSync(join(house.place.path, "data/postgres/cluster/postmaster.pid"), "utf8").split("\n")[0]);
const field = (pid: number, name: "ppid" | "stat"): string =>
  execFileSync("ps", ["-o", `${name}=`, "-p", String(pid)], { encoding: "utf8" }).trim();
const onlyTheGateway = (): boolean => process.kill(house.gateway.child.pid!, "SIGKILL");
const childrenOf = (pid: number): readonly number[] =>
  execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
    .trim()
    .split(/\s+/)
    .map(Number);

/** Holds the guardian's shell and its watcher still; answers what lets them go on, which also happens when the test has failed. */
async function holdGuardianOf(server: number): Promise<() => void> {
  const guardian = Number(field(server, "ppid"));
  const watchers = childrenOf(guardian).filter((pid) => pid !== server);
  expect(watchers).toHaveLength(1);
  const both = [guardian, ...watchers];
  const goOn = (): void => {
    for (const pid of both.splice(0))
      try {
        process.kill(pid, "SIGCONT");
      } catch (error) {
        // whose parent was killed may have been woken, and sent away, by the kernel itself
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
  };
  onTestFinished(goOn);
  for (const pid of both) process.kill(pid, "SIGSTOP");
  await until("the guardian to stand still", () => (both.every((pid) => field(pid, "stat").startsWith("T")) ? true : null));
  return goOn;
}

async function arrivesOnceAfterTheNextStart(address: string, before: number, goOn: () => void): Promise<void> {
  await house.rise();
  goOn();
  expect(postmaster()).not.toBe(before);
  await until("what was paid to arrive", async () => ((await house.street.meter(address)).obeyed["topUps"] === 1 ? true : null));
  expect(await house.street.meter(address)).toMatchObject({ balance: "110.00", purchaseCount: 1 });
  await until("the old server to be gone", async () =>
    (await holdersOf(house.place.path)).some((line) => line.trim().startsWith(`${before} `)) ? null : true,
  );
}

test("a server that outlives its gateway is told to end, and the next start has its data", async () => {
  expect((await payOnce(house.gateway.url, first!, "orphaned")).status).toBe(202);
  const server = postmaster();
  const goOn = await holdGuardianOf(server);
  onlyTheGateway();
  await house.gateway.ended;
  expect(postmaster()).toBe(server);
  expect(field(server, "stat")).toMatch(/^[^Z]/);
  await arrivesOnceAfterTheNextStart(first!, server, goOn);
}, 90_000);

test("the corpse of a server that nobody buried does not stop the next start", async () => {
  expect((await payOnce(house.gateway.url, second!, "a corpse")).status).toBe(202);
  const server = postmaster();
  const goOn = await holdGuardianOf(server);
  onlyTheGateway();
  process.kill(server, "SIGKILL");
  await house.gateway.ended;
  await until("it to be a corpse", () => (field(server, "stat").startsWith("Z") ? true : null));
  expect(postmaster()).toBe(server);
  await arrivesOnceAfterTheNextStart(second!, server, goOn);
}, 90_000);
