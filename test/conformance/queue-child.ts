/** A worker in a process of its own, for the tests that kill it or want to see it end by itself. */
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { bullmqOnPostgres, bullmqOnRedis } from "../../src/queue/bullmq.ts";

const [store = "", task = "", lockMs = ""] = process.argv.slice(2);
const options = { log: silentLog, clock: systemClock, lockMs: Number(lockMs) };
const queue = store.startsWith("redis")
  ? bullmqOnRedis({ url: store, ...options })
  : bullmqOnPostgres({ connectionString: store, ...options });

let worked = 0;
await queue.work("lane", 4, async (command) => {
  process.stdout.write(`${command}\n`);
  worked += 1;
  if (task === "hang") await systemClock.wait(600_000);
});
while (task === "one-then-end" && worked === 0) await systemClock.wait(10);
if (task === "one-then-end") await queue.close(5_000);
