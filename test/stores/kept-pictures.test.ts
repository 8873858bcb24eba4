/** A picture that is kept is the one that would be taken now, whichever of its rows was committed last; and it is kept. */
import { beforeEach, describe, expect, test } from "vitest";
import type { CommandState } from "../../src/commands/command.ts";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { Instant, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress, PaymentId } from "../../src/kernel/ids.ts";
import { Fen, ZERO_FEN } from "../../src/kernel/money.ts";
import { book } from "../../src/ledger/ledger.ts";
import { blankDay } from "../../src/ledger/settlement-day.ts";
import { NoticeId } from "../../src/notices/notice.ts";
import type { RemoteMeter } from "../../src/policy/policy-store.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory, type StoresInMemory } from "../../src/stores/in-memory/stores.ts";
import type { Work } from "../../src/stores/in-memory/table.ts";
import type { Books } from "../../src/stores/in-memory/tables.ts";
import { aCommand } from "../support/a-command.ts";

const [A, B, SPARE] = ["202611220001", "202611220002", "202611220003"].map((text) => MeterAddress(text)) as [
  MeterAddress,
  MeterAddress,
  MeterAddress,
];
const [flat, other] = [AccountId("flat-1"), AccountId("flat-2")];
const at = Instant(1_795_399_434_000);
const day = "2026-11-22";

let db: InMemoryDatabase;
let stores: StoresInMemory;
beforeEach(async () => {
  db = new InMemoryDatabase({ now: () => at });
  stores = storesInMemory(db, systemClock);
  const record = { meterNumber: "", customerNumber: "", bus: BusId("b"), model: "remote-ledger", relayPassword: null } as const;
  const setting = { name: "", class: "residential", tariff: "flat", mode: "remote" } as const;
  await stores.meters.bringIn(
    [
      { ...setting, account: flat },
      { ...setting, account: other },
    ],
    [
      { ...record, address: A, account: flat },
      { ...record, address: B, account: other },
      { ...record, address: SPARE, account: null },
    ],
  );
  await db.statement(null, (on) => writes.believed(db.books, on));
  await db.statement(null, (on) => writes.billing(db.books, on));
});

/** A transaction is shown what stands in the rows. */
const taken = (meter: MeterAddress): Promise<RemoteMeter | null> => db.transact((tx) => stores.policy.remoteMeter(tx, meter));
const kept = async (): Promise<Readonly<Record<string, RemoteMeter>>> =>
  Object.fromEntries((await stores.policy.remoteMeters()).map((picture) => [picture.meter, picture]));

const state = { meter: A, account: flat, stretch: 1n, begun: day, day, dayStart: CentiKwh(0n), billedTo: CentiKwh(0n) };
const aDay = blankDay({ meter: A, stretch: 1n, account: flat, day, tariff: "flat" }, { values: [0n] } as never, "begin");
const order = aCommand({ meter: A, createdAt: at, effect: "sets", kind: "protect" });
const bill = { ...state, charged: ZERO_FEN, billedAt: Instant(at - 1), closed: false };
const believed = { takenAt: at, register: 5n, shift: 0n, rates: null, rateShifts: [], ratesAt: null, exported: null };
const notice = { id: NoticeId("00000000-0000-7000-8000-00000000000a"), account: flat, meter: A, kind: "notice-due" } as const;

const writes = {
  meters: async ({ meters }, on) => {
    const row = (await meters.lock(on, A))!;
    await meters.update(on, { ...row, book: { ...row.book, relay: "disconnected" } });
  },
  accounts: async ({ accounts }, on) => accounts.update(on, { ...(await accounts.lock(on, flat))!, class: "important" }),
  positions: ({ positions }, on) => {
    const name = book.available(flat);
    return positions.upsert(on, name, () => ({ book: name, amount: 700n }));
  },
  commands: ({ commands }, on) => commands.add(on, { command: order, lookAt: at, lineFencing: null }),
  payments: ({ payments }, on) =>
    payments.add(on, {
      ...{ id: PaymentId("00000000-0000-7000-8000-000000000001"), account: flat, amount: Fen(1n), channel: "bank", orderId: "1" },
      ...{ state: "disputed", command: null, refund: null, createdAt: at },
    }),
  billing: ({ billing }, on) =>
    billing.upsert(on, A, (row) => ({ ...bill, ...(row === undefined ? {} : { billedAt: Instant(at - 2) }) })),
  billedDays: ({ billedDays }, on) => billedDays.add(on, { ...aDay, cost: Fen(3n) }),
  estimates: ({ billedDays }, on) => billedDays.add(on, { ...aDay, seen: { estimate: 9n } }),
  exemptions: ({ exemptions }, on) =>
    exemptions.add(on, {
      ...{ id: "e", account: flat, kind: "medical", from: at, until: Instant(at + 9), reason: "", madeBy: "" },
      ...{ endedAt: null, endedBy: null, remindedAt: null },
    }),
  standings: ({ standings }, on) => {
    const said = { want: "connected", because: "", stage: "fine", strategy: "s", since: at, arrearsSince: null } as never;
    return standings.upsert(on, A, () => ({ meter: A, account: flat, standing: said }));
  },
  believed: ({ believed: all }, on) =>
    all.upsert(on, A, (row) => ({
      meter: A,
      believed: { ...believed, ...(row === undefined ? {} : { takenAt: Instant(at - 5) }) } as never,
    })),
  doubts: ({ doubts }, on) =>
    doubts.upsert(on, A, () => ({
      ...{ meter: A, doubt: "jump", register: null, item: "importedEnergy", takenAt: at, source: "poll", open: true, times: 1 },
    })),
  notices: ({ notices }, on) =>
    notices.add(on, {
      id: 1,
      notice: {
        ...{ ...notice, at, available: Fen(0n), details: {} as never, once: null, state: "delivered", because: null },
        ...{ delivered: at, channel: "post", said: null, notAfter: at, nextAt: null, takenUntil: null, triesFrom: null },
      } as never,
    }),
} satisfies Record<string, (books: Books, on: Work) => Promise<void>>;

describe("the picture of a meter", () => {
  test.each(Object.keys(writes) as (keyof typeof writes)[])("is taken anew when a row of it is committed: %s", async (which) => {
    const before = await kept();
    const undone = db.transact(async (tx) => {
      await db.statement(tx, (on) => writes[which](db.books, on));
      expect((await kept())[A]).toEqual(before[A]); // nobody has committed anything
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect((await kept())[A]).toEqual(before[A]);
    await db.transact((tx) => db.statement(tx, (on) => writes[which](db.books, on)));
    const after = await kept();
    expect(after[A]).not.toEqual(before[A]);
    expect(after[A]).toEqual(await taken(A));
    expect(after[B]).toBe(before[B]); // and of nobody else
    expect((await kept())[A]).toBe(after[A]);
  });

  test("is taken anew when an order ends, a row goes, and another meter takes its place", async () => {
    await db.statement(null, (on) => writes.commands(db.books, on));
    const before = await kept();
    expect(before[A]!.protectedSupply).toBe(true);
    const ended = { ...order, state: "confirmed" as CommandState, endedAt: at };
    await db.statement(null, async (on) => {
      const row = (await db.books.commands.lock(on, order.id))!;
      await db.books.commands.update(on, { ...row, command: ended });
    });
    expect((await kept())[A]).toMatchObject({ protectedSupply: false });
    await db.statement(null, (on) => writes.doubts(db.books, on));
    await kept();
    await db.statement(null, async (on) => db.books.doubts.drop(on, db.books.doubts.find(on, A)!));
    expect((await kept())[A]).toMatchObject({ readingInDoubt: false });
    await db.transact((tx) => stores.replacements.moveAccount(tx, { oldMeter: A, newMeter: SPARE, account: flat }, at));
    const after = await kept();
    expect(Object.keys(after)).toEqual([B, SPARE]);
    await db.statement(null, (on) => writes.positions(db.books, on));
    expect((await kept())[SPARE]).toEqual(await taken(SPARE));
    expect((await kept())[SPARE]).toMatchObject({ available: 700n });
  });
});
