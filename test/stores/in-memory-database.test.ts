/** The database in memory: deaths and lost connections as a storm brings them, rings of waits, and the same interleaving every time. */
import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { Instant, systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { AccountId, BusId, CommandId, MeterAddress } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { InMemoryDatabase, type CommitFate, type DatabaseHooks } from "../../src/stores/in-memory/database.ts";
import { storesInMemory, type StoresInMemory } from "../../src/stores/in-memory/stores.ts";
import { aCommand } from "../support/a-command.ts";

const [A, B, C] = ["202611220001", "202611220002", "202611220003"].map((text) => MeterAddress(text)) as [
  MeterAddress,
  MeterAddress,
  MeterAddress,
];
const flat = AccountId("flat-1");
const command = (n: number): ReturnType<typeof aCommand> =>
  aCommand({ id: CommandId(`00000000-0000-7000-8000-00000000000${n}`), meter: A, createdAt: Instant(1_000) });

/** What the storm hangs into the database, exchanged from test to test. */
let hooks: DatabaseHooks;
let db: InMemoryDatabase;
let stores: StoresInMemory;
beforeEach(async () => {
  hooks = {};
  db = new InMemoryDatabase({
    now: () => Instant(0),
    hooks: { beforeStatement: () => hooks.beforeStatement?.(), beforeCommit: (commit) => hooks.beforeCommit?.(commit) },
  });
  stores = storesInMemory(db, systemClock);
  const rest = {
    meterNumber: "",
    customerNumber: "",
    account: null,
    bus: BusId("b"),
    model: "standard-wallet",
    relayPassword: null,
  } as const;
  await stores.meters.bringIn(
    [],
    [A, B, C].map((address) => ({ ...rest, address })),
  );
});

const unreachable = (error: unknown): boolean => isFault(error, "database-unreachable");
const duringCommit = (error: unknown): boolean =>
  isFault(error, "database-unreachable") && error.context["duringCommit"] === true;
const wish = (tx: Transaction, meter: MeterAddress, of = stores): Promise<void> => of.meters.setRelayWish(tx, meter, "armed");
const wished = async (meter: MeterAddress, of = stores): Promise<boolean> =>
  (await of.meters.meter(null, meter))?.relayDesired === "armed";

describe("a crash", () => {
  test("loses what was not committed, answers nothing of the old life any more, and the next life finds the rest", async () => {
    const goOn = Promise.withResolvers<null>();
    await db.transact((tx) => wish(tx, A));
    const holding = db.transact(async (tx) => {
      await wish(tx, B);
      await goOn.promise;
      await wish(tx, C);
    });
    const waiting = db.transact((tx) => stores.meters.meter(tx, B));
    const outcomes = Promise.all([holding, waiting].map((work) => expect(work).rejects.toSatisfy(unreachable)));
    await setImmediate();
    db.crash();
    goOn.resolve(null);
    await outcomes;
    await expect(stores.meters.meter(null, A)).rejects.toSatisfy(unreachable);
    await expect(stores.commands.take(command(1).id)).rejects.toSatisfy(unreachable);
    await expect(db.transact(() => Promise.resolve())).rejects.toSatisfy(unreachable);
    expect(await db.trouble()).not.toBe(null);
    const next = storesInMemory(db.reopened(), systemClock);
    expect([await wished(A, next), await wished(B, next), await wished(C, next)]).toEqual([true, false, false]);
    // the locks of the dead are free
    const alive = db.reopened();
    await alive.transact((tx) => wish(tx, B, storesInMemory(alive, systemClock)));
  });

  test("directly before a commit loses all of it, and a life beside it goes on", async () => {
    const beside = db.reopened({ hooks: {} });
    hooks.beforeCommit = () => {
      db.crash();
      return undefined;
    };
    await expect(db.transact((tx) => wish(tx, A))).rejects.toSatisfy(duringCommit);
    const others = storesInMemory(beside, systemClock);
    expect(await wished(A, others)).toBe(false);
    await beside.transact((tx) => wish(tx, A, others));
    expect(await wished(A, others)).toBe(true);
  });

  test("loses a statement on its own as well", async () => {
    await db.transact((tx) => stores.commands.insert(tx, command(1)));
    hooks.beforeCommit = ({ alone, rows }) => {
      expect([alone, rows > 0]).toEqual([true, true]);
      db.crash();
      return undefined;
    };
    await expect(stores.commands.take(command(1).id)).rejects.toSatisfy(unreachable);
    expect(await storesInMemory(db.reopened(), systemClock).commands.find(null, command(1).id)).toMatchObject({ fence: 0 });
  });
});

describe("a connection that is lost", () => {
  test.each([
    ["lost-before", false],
    ["lost-after", true],
  ] as [CommitFate, boolean][])(
    "while COMMIT is under way (%s) says so, and only a look tells whether it happened",
    async (fate, happened) => {
      hooks.beforeCommit = () => fate;
      await expect(db.transact((tx) => wish(tx, A))).rejects.toSatisfy(duringCommit);
      hooks = {};
      expect(await wished(A)).toBe(happened);
      await db.transact((tx) => wish(tx, A)); // nothing is held any more
    },
  );

  test("in the middle undoes the transaction; life goes on", async () => {
    const goOn = Promise.withResolvers<null>();
    const work = db.transact(async (tx) => {
      await wish(tx, A);
      await goOn.promise;
    });
    const outcome = expect(work).rejects.toSatisfy(unreachable);
    await setImmediate();
    db.loseConnections();
    await db.transact((tx) => wish(tx, B)); // others are not in the way of the dead
    goOn.resolve(null);
    await outcome;
    expect([await wished(A), await wished(B)]).toEqual([false, true]);
  });

  test("that cannot be opened is heard by the one who asks", async () => {
    hooks.beforeStatement = () => {
      throw new Error("the server is away");
    };
    await expect(stores.meters.meter(null, A)).rejects.toThrow("away");
    await expect(db.transact((tx) => wish(tx, A))).rejects.toThrow("away");
    hooks = {};
    await db.transact((tx) => wish(tx, A));
  });
});

describe("transactions that wait for each other", () => {
  const lockBoth = (order: readonly MeterAddress[], runs: string[], name: string): Promise<void> =>
    db.transact(async (tx) => {
      runs.push(name);
      for (const meter of order) {
        await stores.meters.meter(tx, meter);
        await setImmediate();
      }
    });

  test("in a ring are untied: the younger one is run again, and both end", async () => {
    const runs: string[] = [];
    await Promise.all([lockBoth([A, B], runs, "older"), lockBoth([B, A], runs, "younger")]);
    expect(runs).toEqual(["older", "younger", "younger"]);
  });

  test("in a ring of three are untied as well", async () => {
    const runs: string[] = [];
    await Promise.all([lockBoth([A, B], runs, "1"), lockBoth([B, C], runs, "2"), lockBoth([C, A], runs, "3")]);
    expect(runs).toEqual(["1", "2", "3", "3"]);
  });

  test("that both only keep a row from going, and then both want it, are untied", async () => {
    const runs: string[] = [];
    const both = [1, 2].map((n) =>
      db.transact(async (tx) => {
        runs.push(String(n));
        await stores.commands.insert(tx, command(n));
        await setImmediate();
        await stores.meters.meter(tx, A);
      }),
    );
    await Promise.all(both);
    expect(runs).toEqual(["1", "2", "2"]);
    expect(await stores.commands.list({ meter: A, limit: 10 })).toHaveLength(2);
  });

  test("are served in the order in which they came, every time the same", async () => {
    const play = async (): Promise<string[]> => {
      const served: string[] = [];
      await Promise.all(
        Array.from({ length: 12 }, (_, n) =>
          db.transact(async (tx) => {
            await stores.meters.meter(tx, [A, B, C][n % 3]!);
            served.push(`lock ${n}`);
            for (let turns = n % 4; turns > 0; turns -= 1) await Promise.resolve();
            await stores.meters.setCutBy(tx, A, null);
            served.push(`write ${n}`);
          }),
        ),
      );
      return served;
    };
    const first = await play();
    expect(await play()).toEqual(first);
    const ofA = first.filter((step) => ["lock 0", "lock 3", "lock 6", "lock 9"].includes(step));
    expect(ofA).toEqual(["lock 0", "lock 3", "lock 6", "lock 9"]);
  });
});

describe("mistakes of ours are said as PostgreSQL says them", () => {
  test("a statement after the end of its transaction", async () => {
    const kept = await db.transact((tx) => Promise.resolve(tx));
    await expect(wish(kept, A)).rejects.toThrow("a promise was forgotten");
  });

  test("a swallowed error of a statement is not taken for a commit", async () => {
    const again = command(1);
    const work = db.transact(async (tx) => {
      await stores.commands.insert(tx, again);
      await stores.commands.insert(tx, again).catch(() => undefined);
    });
    await expect(work).rejects.toThrow("nothing was committed");
    expect(await stores.commands.find(null, again.id)).toBe(null);
  });

  test("an error after which a transaction goes on", async () => {
    const again = command(1);
    const work = db.transact(async (tx) => {
      await stores.commands.insert(tx, again);
      await stores.commands.insert(tx, again).catch(() => undefined);
      await stores.commands.find(tx, again.id);
    });
    await expect(work).rejects.toThrow("failed before");
  });

  test("a statement that nobody awaited is part of its transaction all the same", async () => {
    await db.transact((tx) => {
      void wish(tx, A);
      return Promise.resolve();
    });
    expect(await wished(A)).toBe(true);
  });
});

test("a thousand payments through ten accounts leave no lock and no trace behind but their rows", async () => {
  const ledger = new Ledger({ store: stores.ledger, clock: systemClock });
  await Promise.all(
    Array.from({ length: 1_000 }, (_, n) =>
      db.transact(async (tx) => {
        const account = AccountId(`${flat}-${n % 10}`);
        await ledger.receive(tx, { account, amount: Fen(100n), channel: "bank", reference: String(n) });
        await stores.outbox.announce(tx, { type: "account", account });
      }),
    ),
  );
  for (let n = 0; n < 10; n += 1)
    expect(await ledger.position(null, AccountId(`${flat}-${n}`))).toEqual({ available: 10_000n, held: 0n });
  expect(await stores.ledger.total(null)).toBe(0n);
  const told = await stores.outbox.next(2_000, null);
  expect(told).toHaveLength(1_000);
  await stores.outbox.forget(told.map(({ id }) => id));
  expect(await stores.outbox.next(2_000, null)).toEqual([]);
});

test("a row that is dropped gives back the keys that indexes held for it, and may be written again", async () => {
  const entry = { kind: "payment", reference: "order-1", closes: null, at: Instant(0), by: "bank", note: null } as const;
  const legs = [
    { book: `available/${flat}`, amount: Fen(500n) },
    { book: "channel/bank", amount: Fen(-500n) },
  ];
  const write = (): Promise<void> => db.transact((tx) => stores.ledger.append(tx, { ...entry, legs }));
  await write();
  await expect(write()).rejects.toThrow("holds this key already");
  const [row] = db.books.entries.all(null);
  await db.statement(null, (on) => db.books.entries.drop(on, row!));
  expect(db.books.entries.all(null)).toEqual([]);
  await write();
  expect(db.books.entries.all(null)).toHaveLength(1);
});
