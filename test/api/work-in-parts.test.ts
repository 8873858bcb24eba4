/** A request whose work is many transactions, and its key: what its parts are known by outlives the process that began them. */
import { expect, test } from "vitest";
import { writeInParts } from "../../src/api/idempotency.ts";
import { Instant } from "../../src/kernel/clock.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { InMemoryIdempotencyStore } from "../../src/stores/in-memory/idempotency-store.ts";

const db = new InMemoryDatabase({ now: () => Instant(0) });
const parts = {
  transactor: { transact: (work: Parameters<typeof db.transact>[0]) => db.transact(work) },
  idempotency: new InMemoryIdempotencyStore(db),
} as unknown as Parameters<typeof writeInParts>[0];
let marks = 0;
const asked = async (key: string | undefined, work: (mark: number) => Promise<unknown>): Promise<unknown> => {
  let answer: unknown;
  const headers = key === undefined ? {} : { "idempotency-key": key };
  await writeInParts(
    parts,
    { method: "POST", url: "/", body: {}, headers, actor: "loopback" } as never,
    { status: () => ({ send: (body: unknown) => (answer = body) }) },
    202,
    { mark: () => (marks += 1), work },
  );
  return answer;
};

test("a repeat of a request that died goes on under the same mark, and its answer is kept", async () => {
  const seen: number[] = [];
  const work = (mark: number): Promise<unknown> => {
    seen.push(mark);
    return seen.length === 1 ? Promise.reject(new Error("died")) : Promise.resolve({ mark });
  };
  await expect(asked("one", work)).rejects.toThrow("died");
  expect(await asked("one", work)).toEqual({ mark: seen[0] });
  expect(seen[1]).toBe(seen[0]);
  expect(await asked("one", work)).toEqual({ mark: seen[0] });
  expect(seen).toHaveLength(2);
});

test("of twins at work side by side the answer that was kept first is the answer of both", async () => {
  let letGo = (): void => undefined;
  const slow = asked("two", async (mark) => {
    await new Promise<void>((resolve) => (letGo = resolve));
    return { mark, by: "slow" };
  });
  const quick = await asked("two", (mark) => Promise.resolve({ mark, by: "quick" }));
  letGo();
  expect(await slow).toEqual(quick);
});

test("without a key each request is work of its own", async () => {
  const [one, other] = [
    await asked(undefined, (mark) => Promise.resolve(mark)),
    await asked(undefined, (m) => Promise.resolve(m)),
  ];
  expect(one).not.toBe(other);
});
