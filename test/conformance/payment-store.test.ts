/** Payments are unique for ever by channel and order id, and a twin at the same moment waits for the first one's end. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import type { Payment, PaymentStore } from "../../src/commands/command-store.ts";
import { Instant, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, CommandId, PaymentId } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { Transaction, Transactor } from "../../src/kernel/transaction.ts";
import { keepers, whoWaits, type Kept } from "./stores.ts";

describe.each(keepers)("payments $title", ({ open }) => {
  let kept: Kept;
  let db: Transactor;
  let store: PaymentStore;
  const account = AccountId("flat-1");
  const other = AccountId("flat-2");

  beforeAll(async () => {
    kept = await open(systemClock);
    db = kept.transactor;
    store = kept.payments;
    const accounts = [account, other].map(
      (id) => ({ account: id, name: id, class: "residential", mode: "local", tariff: "flat" }) as const,
    );
    await kept.meters.bringIn(accounts, []);
  });
  afterAll(() => kept.close());

  const payment = (changes: Partial<Payment> = {}): Payment => ({
    id: PaymentId(uuidv7()),
    account,
    amount: Fen(10_000n),
    channel: "bank",
    orderId: uuidv7(),
    state: "taken",
    command: null,
    refund: null,
    createdAt: Instant(1_795_399_434_567),
    ...changes,
  });
  const insert = (p: Payment): Promise<boolean> => db.transact((tx) => store.insert(tx, p));

  test("a payment comes back as it was put in, by id and by order", async () => {
    const p = payment({ amount: Fen(9_007_199_254_740_993n) }); // beyond what a float can count
    expect(await insert(p)).toBe(true);
    expect(await store.find(null, p.id)).toEqual(p);
    expect(await store.byOrder(null, "bank", p.orderId)).toEqual(p);
    expect(await store.byOrder(null, "shop", p.orderId)).toBe(null);
    expect(await store.find(null, PaymentId(uuidv7()))).toBe(null);
  });

  test("the same order is taken once per channel", async () => {
    const p = payment();
    expect(await insert(p)).toBe(true);
    expect(await insert({ ...payment(), orderId: p.orderId })).toBe(false);
    expect(await insert({ ...payment(), orderId: p.orderId, channel: "shop" })).toBe(true);
    expect(await store.byOrder(null, "bank", p.orderId)).toEqual(p);
  });

  test("of twenty twins at the same moment one is taken, and the others then see it", async () => {
    const orderId = uuidv7();
    const seen = await Promise.all(
      Array.from({ length: 20 }, () =>
        db.transact(async (tx) => {
          const mine = payment({ orderId });
          const first = await store.insert(tx, mine);
          return { first, id: (await store.byOrder(tx, "bank", orderId))!.id };
        }),
      ),
    );
    expect(seen.filter(({ first }) => first)).toHaveLength(1);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(1);
  });

  test("a twin waits; when the first one is taken back, it is the first", async () => {
    for (const givesUp of [true, false]) {
      const orderId = uuidv7();
      let twin = !givesUp;
      const first = (tx: Transaction): Promise<boolean> => store.insert(tx, payment({ orderId }));
      const second = async (tx: Transaction): Promise<void> => void (twin = await store.insert(tx, payment({ orderId })));
      expect(await whoWaits(kept, first, second, givesUp)).toEqual(["first", "second"]);
      expect(twin).toBe(givesUp);
    }
  });

  test("the state follows the command, and a dispute is found by its account", async () => {
    const p = payment();
    await insert(p);
    const command = CommandId(uuidv7());
    await db.transact((tx) => store.setState(tx, p.id, "disputed", command));
    expect(await store.find(null, p.id)).toEqual({ ...p, state: "disputed", command });
    expect(await store.disputed(null, account)).toBe(p.id);
    expect(await store.disputed(null, other)).toBe(null);
    await db.transact((tx) => store.setState(tx, p.id, "allocated", command));
    expect(await store.disputed(null, account)).toBe(null);
  });

  test("a payment remembers the newest command that takes it back, and is one's own while it is locked", async () => {
    const p = payment();
    await insert(p);
    const [first, second] = [CommandId(uuidv7()), CommandId(uuidv7())];
    const seen: (CommandId | null | undefined)[] = [];
    const one = async (tx: Transaction): Promise<void> => {
      expect(await store.lock(tx, p.id)).toEqual(p);
      await store.setRefund(tx, p.id, first);
    };
    const two = async (tx: Transaction): Promise<void> => {
      seen.push((await store.lock(tx, p.id))?.refund);
      await store.setRefund(tx, p.id, second);
    };
    expect(await whoWaits(kept, one, two)).toEqual(["first", "second"]);
    expect(seen).toEqual([first]);
    expect(await store.find(null, p.id)).toEqual({ ...p, refund: second });
    expect(await db.transact((tx) => store.lock(tx, PaymentId(uuidv7())))).toBe(null);
  });

  test("nothing and less than nothing is no payment, whoever writes it", async () => {
    for (const amount of [0n, -1n])
      await expect(insert(payment({ amount: Fen(amount) }))).rejects.toThrow(/payments_amount_check/);
    await expect(insert(payment({ account: AccountId("nobody") }))).rejects.toThrow(/payments_account_fkey/);
  });

  test("the list is newest first, of one account or of all, page by page", async () => {
    const mine: PaymentId[] = [];
    for (let n = 0; n < 5; n += 1) {
      const p = payment({ account: other });
      await insert(p);
      mine.push(p.id);
    }
    const all = await store.list({ limit: 100, before: null, account: other });
    expect(all.map(({ id }) => id)).toEqual(mine.toReversed());
    const first = await store.list({ limit: 2, before: null, account: other });
    const rest = await store.list({ limit: 100, before: first.at(-1)!.id, account: other });
    expect([...first, ...rest]).toEqual(all);
    expect((await store.list({ limit: 1, before: null, account: null }))[0]!.id).toBe(mine.at(-1));
  });
});
