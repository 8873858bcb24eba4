/** When the head of the chain is written where the database cannot reach it. On virtual time. */
import { expect, test } from "vitest";
import type { NotedHead } from "../../src/audit/audit-row.ts";
import { Sealer } from "../../src/audit/sealer.ts";
import { hours, Instant, later, seconds } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

test("a head is noted every ten seconds, also after the clock was set back by hours", async () => {
  const clock = new VirtualClock(Instant(Date.UTC(2026, 10, 26, 12)));
  let setBackMs = 0;
  let last = 0;
  const noted: NotedHead[] = [];
  const sealer = new Sealer({
    store: { seal: () => Promise.resolve({ sequence: (last += 1), hash: "00", sealed: 1 }) },
    noteHead: (head) => void noted.push(head),
    clock: { now: () => later(clock.now(), -setBackMs), wait: (ms, signal) => clock.wait(ms, signal) },
    log: silentLog,
  });
  sealer.start();
  await clock.pass(seconds(25));
  expect(noted).toHaveLength(3);
  setBackMs = hours(6);
  await clock.pass(seconds(25));
  expect(noted.length).toBeGreaterThanOrEqual(5);
  await sealer.stop();
});
