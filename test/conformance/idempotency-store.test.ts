/** Same key, same answer: the key lives and dies with the transaction of its effect, and an answer is kept letter by letter. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import type { Idempotency, StoredAnswer } from "../../src/api/books.ts";
import type { Transaction, Transactor } from "../../src/kernel/transaction.ts";
import { keepers, whoWaits, type Kept } from "./stores.ts";

describe.each(keepers)("idempotency keys $title", ({ open }) => {
  let kept: Kept;
  let db: Transactor;
  let store: Idempotency;
  beforeAll(async () => {
    kept = await open(systemClock);
    db = kept.transactor;
    store = kept.idempotency;
  });
  afterAll(() => kept.close());

  const answer: StoredAnswer = { status: 202, body: { zebra: "1.00", a: null, list: [1, { y: 2, b: "ü\n" }], 中: true } };
  let works = 0;
  const ask = (
    key: string,
    print = "print",
    work: () => Promise<StoredAnswer> = () => Promise.resolve(answer),
  ): Promise<StoredAnswer> =>
    db.transact(async (tx) => {
      const stored = await store.claim(tx, key, print);
      if (stored !== null) return stored;
      works += 1;
      const fresh = await work();
      await store.keep(tx, key, fresh);
      return fresh;
    });

  test("the first does the work, every later one gets its answer, letter by letter", async () => {
    works = 0;
    const first = await ask("k1");
    for (let n = 0; n < 3; n += 1) expect(JSON.stringify(await ask("k1"))).toBe(JSON.stringify(first));
    expect(works).toBe(1);
  });

  test("another fingerprint under the same key is refused by name", async () => {
    await ask("k2");
    await expect(ask("k2", "another")).rejects.toSatisfy((error) => isFault(error, "idempotency-conflict"));
    expect(await ask("k2")).toEqual(answer);
  });

  test("twins at the same moment: one works, the others wait and get its answer", async () => {
    works = 0;
    const slow = async (): Promise<StoredAnswer> => {
      await systemClock.wait(50);
      return { status: 202, body: { work: works } };
    };
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask("k3", "print", slow)));
    expect(works).toBe(1);
    expect(answers).toEqual(Array(8).fill({ status: 202, body: { work: 1 } }));
  });

  test("a first one that died leaves nothing: the next is new, even with another body", async () => {
    works = 0;
    await expect(ask("k4", "print", () => Promise.reject(new Error("died")))).rejects.toThrow("died");
    expect(await ask("k4", "another")).toEqual(answer);
    expect(works).toBe(2);
  });

  test("one that waits while the first dies does the work itself", async () => {
    let found: StoredAnswer | null = answer;
    const claim = (tx: Transaction): Promise<StoredAnswer | null> => store.claim(tx, "k5", "print");
    const next = async (tx: Transaction): Promise<void> => void (found = await claim(tx));
    expect(await whoWaits(kept, claim, next, true)).toEqual(["first", "second"]);
    expect(found).toBe(null);
  });
});
