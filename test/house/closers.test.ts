/** A house that is told to stop does so within one time, however many of its parts hang. */
import { expect, test } from "vitest";
import { Closers } from "../../src/house/closers.ts";
import { silentLog } from "../../src/kernel/log.ts";

const never = (): Promise<void> => new Promise(() => undefined);

test("parts that hang share one time, and each after them is still told, the first opened last", async () => {
  const told: string[] = [];
  const left: unknown[] = [];
  const log = { ...silentLog, error: (fields: object) => void left.push(fields) };
  const closers = new Closers(log, { partMs: 200, allMs: 300, leastMs: 10 });
  for (const name of ["database", "queue", "lines", "rules", "door"])
    closers.add(name, () => {
      told.push(name);
      if (name === "queue") return Promise.reject(new Error("it is away"));
      return name === "database" ? Promise.resolve() : never();
    });
  await closers.closeAll();
  expect(told).toEqual(["door", "rules", "lines", "queue", "database"]);
  const limits = left.map((fields) => (fields as { limitMs?: number }).limitMs);
  expect(limits).toEqual([200, expect.any(Number), 10, undefined]);
  expect(limits[1]).toBeLessThanOrEqual(100);
});
