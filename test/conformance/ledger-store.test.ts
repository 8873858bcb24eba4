/** The ledger's rows: balanced when they are committed, holds that end once, and positions that are the sum of their legs. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock, type Instant } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { Transaction, Transactor } from "../../src/kernel/transaction.ts";
import { Ledger, type Posted } from "../../src/ledger/ledger.ts";
import type { LedgerStore } from "../../src/ledger/ledger-store.ts";
import { keepers, whoWaits, type Kept } from "./stores.ts";

describe.each(keepers)("the ledger $title", ({ open }) => {
  let kept: Kept;
  let db: Transactor;
  let store: LedgerStore;
  let ledger: Ledger;
  let accounts = 0;

  beforeAll(async () => {
    kept = await open(systemClock);
    db = kept.transactor;
    store = kept.ledger;
    ledger = new Ledger({ store, clock: systemClock });
  });
  afterAll(() => kept.close());

  const anAccount = (): AccountId => AccountId(`flat-${++accounts}`);
  const fen = (amount: number): Fen => Fen(BigInt(amount));
  const now = (): Instant => systemClock.now();
  const once = (work: (tx: Transaction) => Promise<Posted>): Promise<Posted> => db.transact(work);
  const pay = (account: AccountId, amount: number, reference: string): Promise<Posted> =>
    once((tx) => ledger.receive(tx, { account, amount: fen(amount), channel: "bank", reference }));
  const hold = (account: AccountId, amount: number, name: string): Promise<Posted> =>
    once((tx) => ledger.hold(tx, { account, amount: fen(amount), hold: name }));
  const settle = (account: AccountId, amount: number, name: string): Promise<Posted> =>
    once((tx) => ledger.settle(tx, { account, amount: fen(amount), hold: name, meter: `meter-of-${account}` }));
  const release = (account: AccountId, amount: number, name: string): Promise<Posted> =>
    once((tx) => ledger.release(tx, { account, amount: fen(amount), hold: name, note: "test" }));
  const charge = (account: AccountId, amount: number, reference: string): Promise<Posted> =>
    once((tx) => ledger.charge(tx, { account, amount: fen(amount), reference, note: "energy" }));

  /** The positions as the legs tell them, and as they are kept beside them. */
  async function bothOf(account: AccountId): Promise<{ legs: bigint[]; kept: bigint[] }> {
    const legs = await Promise.all([`available/${account}`, `held/${account}`].map((book) => store.total(book)));
    const { available, held } = await store.position(null, account);
    return { legs, kept: [available, held] };
  }

  describe("rows", () => {
    test("that do not sum to zero are refused when they are committed, and leave nothing", async () => {
      const account = anAccount();
      const append = (legs: { book: string; amount: Fen }[], reference: string): Promise<void> =>
        db.transact((tx) => store.append(tx, { kind: "correction", reference, closes: null, at: now(), note: null, legs }));
      const lopsided = append(
        [
          { book: "channel/bank", amount: fen(-100) },
          { book: `available/${account}`, amount: fen(101) },
        ],
        "lopsided",
      );
      await expect(lopsided).rejects.toThrow(/do not sum to zero/);
      await expect(append([{ book: `available/${account}`, amount: fen(5) }], "one-legged")).rejects.toThrow(
        /do not sum to zero/,
      );
      await expect(append([{ book: `available/${account}`, amount: fen(0) }], "nothing")).rejects.toThrow(/amount/);
      expect(await store.position(null, account)).toEqual({ available: 0n, held: 0n });
      expect(await store.statement(account, { limit: 10, before: null })).toEqual([]);
      expect(await store.total(null)).toBe(0n);
      // three legs that do sum to zero are an entry like any other
      await append(
        [
          { book: "channel/bank", amount: fen(-100) },
          { book: `available/${account}`, amount: fen(60) },
          { book: `held/${account}`, amount: fen(40) },
        ],
        "three-legged",
      );
      expect(await store.position(null, account)).toEqual({ available: 60n, held: 40n });
    });

    test("of a transaction that fails later are gone with it", async () => {
      const account = anAccount();
      await expect(
        db.transact(async (tx) => {
          await ledger.receive(tx, { account, amount: fen(100), channel: "bank", reference: "half" });
          throw new Error("the rest went wrong");
        }),
      ).rejects.toThrow("the rest went wrong");
      expect(await bothOf(account)).toEqual({ legs: [0n, 0n], kept: [0n, 0n] });
    });
  });

  test("a position that is locked is changed by nobody else, and looked at by everybody", async () => {
    const account = anAccount();
    const lock = (tx: Transaction): Promise<unknown> => store.lockPosition(tx, account);
    expect(await whoWaits(kept, lock, lock), "also where it had no row yet").toEqual(["first", "second"]);
    expect(await whoWaits(kept, lock, lock)).toEqual(["first", "second"]);
    expect(await whoWaits(kept, lock, () => pay(account, 5, "meanwhile"))).toEqual(["first", "second"]);
    expect(await whoWaits(kept, lock, (tx) => store.position(tx, account))).toEqual(["second", "first"]);
  });

  describe("a hold", () => {
    test("ends once: settle and release exclude each other, in whichever order they come", async () => {
      const account = anAccount();
      await pay(account, 1_000, "ends-once");
      expect(await hold(account, 300, "h1")).toBe("posted");
      expect(await settle(account, 300, "h1")).toBe("posted");
      expect(await settle(account, 300, "h1")).toBe("repeated");
      expect(await release(account, 300, "h1")).toBe("repeated");
      expect(await hold(account, 200, "h2")).toBe("posted");
      expect(await release(account, 200, "h2")).toBe("posted");
      expect(await settle(account, 200, "h2")).toBe("repeated");
      expect(await hold(account, 200, "h2")).toBe("repeated"); // a name is used once
      expect(await bothOf(account)).toEqual({ legs: [700n, 0n], kept: [700n, 0n] });
      expect(await store.total(`meter/meter-of-${account}`)).toBe(300n);
    });

    test("ends once also when both ends come at the same moment", async () => {
      const account = anAccount();
      await pay(account, 1_000, "race");
      for (let n = 0; n < 10; n += 1) {
        const name = `race-${n}`;
        await hold(account, 10, name);
        const ends = await Promise.all([
          settle(account, 10, name),
          release(account, 10, name),
          settle(account, 10, name),
          release(account, 10, name),
        ]);
        expect(ends.filter((end) => end === "posted")).toHaveLength(1);
      }
      const { legs, kept } = await bothOf(account);
      expect(kept).toEqual(legs);
      expect(kept[1]).toBe(0n);
      expect(kept[0]! + (await store.total(`meter/meter-of-${account}`))).toBe(1_000n);
    });

    test("is counted in a total by whoever wrote it, before anybody else sees it", async () => {
      const account = anAccount();
      await pay(account, 500, "inside");
      await hold(account, 200, "inside");
      const meter = `meter-of-${account}`;
      await db.transact(async (tx) => {
        await ledger.settle(tx, { account, amount: fen(200), hold: "inside", meter });
        expect(await ledger.onMeter(tx, meter)).toBe(200n);
        expect(await store.total(`meter/${meter}`)).toBe(0n);
      });
      expect(await store.total(`meter/${meter}`)).toBe(200n);
    });

    test("even below the ledger's rules the store lets a hold be closed once", async () => {
      const close = (kind: "settle" | "release"): Promise<void> =>
        db.transact((tx) => store.append(tx, { kind, reference: "below", closes: "below", at: now(), note: null, legs: [] }));
      await close("settle");
      await expect(close("release")).rejects.toThrow(/ledger_entries_closes_key/);
    });

    test("never takes more than is there, also when many want it at once", async () => {
      const account = anAccount();
      await pay(account, 100, "scarce");
      const wishes = await Promise.all(Array.from({ length: 12 }, (_, n) => hold(account, 30, `scarce-${n}`)));
      expect(wishes.filter((wish) => wish === "posted")).toHaveLength(3);
      expect(wishes.filter((wish) => wish === "insufficient-funds")).toHaveLength(9);
      expect(await bothOf(account)).toEqual({ legs: [10n, 90n], kept: [10n, 90n] });
    });
  });

  type Step = readonly ["pay" | "hold" | "settle" | "release" | "charge", amount: number, name: number];
  const steps = fc.array(
    fc.tuple(fc.constantFrom("pay", "hold", "settle", "release", "charge"), fc.integer({ min: 1, max: 500 }), fc.nat({ max: 4 })),
    { minLength: 1, maxLength: 25 },
  ) as fc.Arbitrary<Step[]>;
  const take = (account: AccountId, [kind, amount, name]: Step, index: number): Promise<Posted> => {
    const reference = `${account}-${name}`;
    switch (kind) {
      case "pay":
        return pay(account, amount, `${account}-${index}`);
      case "charge":
        return charge(account, amount, reference);
      case "hold":
        return hold(account, 50 * (name + 1), reference);
      case "settle":
        return settle(account, 50 * (name + 1), reference);
      case "release":
        return release(account, 50 * (name + 1), reference);
    }
  };
  const total = async (): Promise<bigint> => store.total(null);

  describe("whatever is posted", () => {
    test("positions are the sum of their legs, and all legs sum to zero", async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (given) => {
          const account = anAccount();
          for (const [index, step] of given.entries()) await take(account, step, index);
          const { legs, kept } = await bothOf(account);
          expect(kept).toEqual(legs);
          expect(kept[1]).toBeGreaterThanOrEqual(0n);
        }),
        { seed: 645, numRuns: 20 },
      );
      expect(await total()).toBe(0n);
    });

    test("that holds when all of it comes at once, over several accounts", async () => {
      const [a, b, c] = [anAccount(), anAccount(), anAccount()];
      await fc.assert(
        fc.asyncProperty(steps, async (given) => {
          await Promise.all(given.map((step, index) => take([a, b, c][index % 3]!, step, accounts++ + index)));
          for (const account of [a, b, c]) {
            const { legs, kept } = await bothOf(account);
            expect(kept).toEqual(legs);
            expect(kept[1]).toBeGreaterThanOrEqual(0n);
          }
        }),
        { seed: 645, numRuns: 8 },
      );
      expect(await total()).toBe(0n);
    });

    test("the statement tells it newest first, page by page, and sums to the position", async () => {
      const account = anAccount();
      await pay(account, 1_000, "statement");
      await hold(account, 400, "statement-hold");
      await settle(account, 400, "statement-hold");
      await charge(account, 50, "statement-charge");
      const all = await store.statement(account, { limit: 100, before: null });
      expect(all.map(({ kind, available, held }) => [kind, available, held])).toEqual([
        ["charge", -50n, 0n],
        ["settle", 0n, -400n],
        ["hold", -400n, 400n],
        ["payment", 1_000n, 0n],
      ]);
      const first = await store.statement(account, { limit: 3, before: null });
      const rest = await store.statement(account, { limit: 3, before: first.at(-1)!.id });
      expect([...first, ...rest]).toEqual(all);
      expect(all.reduce((sum, { available }) => sum + available, 0n)).toBe((await store.position(null, account)).available);
    });

    test("a prefix is a name, not a pattern", async () => {
      const account = AccountId("f_1");
      await pay(account, 11, "prefix-1");
      await pay(AccountId("fx1"), 22, "prefix-2");
      expect(await store.total(`available/${account}`)).toBe(11n);
    });
  });
});
