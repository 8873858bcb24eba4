/** What grows old and what becomes of it: the same on PostgreSQL and in memory, in batches of any size, and nothing that somebody stands on. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hours, Instant, later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress, PaymentId, type CommandId } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { Reading } from "../../src/kernel/reading.ts";
import type { Command } from "../../src/commands/command.ts";
import type { Stage } from "../../src/policy/rules.ts";
import type { KindName } from "../../src/retention/retention-store.ts";
import { retentionShape } from "../../src/retention/site.ts";
import { aCommand } from "../support/a-command.ts";
import { keepers, type Kept } from "./stores.ts";

const A = MeterAddress("202611220001");
const B = MeterAddress("202611220002");
const day = Instant(Date.UTC(2025, 2, 9, 16)); // midnight in Shanghai
const next = later(day, hours(24));
const now = Instant(Date.UTC(2026, 10, 23));
const account = AccountId("home");

describe.each(keepers)("old rows $title", ({ open }) => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await open(systemClock);
  });
  beforeEach(async () => {
    await kept.clear();
    const rest = { meterNumber: "", customerNumber: "", bus: BusId("b"), model: "standard-wallet", relayPassword: null } as const;
    await kept.meters.bringIn(
      [{ account, name: "", class: "residential", mode: "local", tariff: "flat" }],
      [
        { ...rest, address: A, account },
        { ...rest, address: B, account: null },
      ],
    );
  });
  afterAll(() => kept.close());

  const read = (meter: MeterAddress, minute: number, more: Partial<Reading> = {}, suspect: string | null = null): Promise<void> =>
    kept.transactor.transact((tx) =>
      kept.readings.keep(
        tx,
        {
          ...{ meter, item: "importedEnergy", value: `${minute + 10_000}.00`, unit: "kWh", source: "poll" },
          takenAt: later(day, minutes(minute)),
          ...more,
        },
        suspect,
      ),
    );
  /** The whole stretch, in batches of this size. */
  const thin = async (
    kind: KindName,
    size = 1_000,
    then: Instant | null = now,
    stretch = { from: day, to: next },
  ): Promise<number> => {
    let thinned = 0;
    for (let after: string | null = null; ;) {
      const batch = await kept.retention.thin({ kind, ...stretch, after, size, now: then });
      if (batch === null) throw new Error("nobody else is at it");
      thinned += batch.thinned;
      if (batch.next === null) return thinned;
      after = batch.next;
    }
  };
  const left = async (meter: MeterAddress): Promise<string[]> => {
    const from = later(day, -hours(24));
    const found = await kept.readings.list(meter, { item: null, from, to: later(next, hours(24)), before: null, limit: 1_000 });
    return found.map(({ item, value, source }) => `${item} ${value} ${source}`).sort();
  };

  test.each([1, 2, 1_000])("of a day the last of each meter and item is left, in batches of %i", async (size) => {
    for (const minute of [-1, 0, 15, 30, 1_439, 1_440]) await read(A, minute);
    for (const minute of [10, 20]) await read(A, minute, { item: "balance" });
    for (const minute of [10, 20, 21]) await read(B, minute);
    expect(await thin("readings-daily", size, null)).toBe(3 + 1 + 2);
    expect(await left(A)).toHaveLength(8); // it was only counted
    expect(await thin("readings-daily", size)).toBe(3 + 1 + 2);
    expect(await left(A)).toEqual(
      ["balance 10020.00 poll", ...["10000", "11439", "11440", "9999"].sort().map((v) => `importedEnergy ${v}.00 poll`)].filter(
        (one) => one !== "importedEnergy 10000.00 poll",
      ),
    );
    expect(await left(B)).toEqual(["importedEnergy 10021.00 poll"]);
    expect(await thin("readings-daily", size)).toBe(0);
  });

  test("the meter's own midnight is left instead of the last, and a believed one before a doubted one", async () => {
    await read(A, 0, { source: "freeze" });
    for (const minute of [15, 30]) await read(A, minute);
    for (const minute of [10, 20]) await read(B, minute);
    await read(B, 30, {}, "jump");
    expect(await thin("readings-daily")).toBe(2 + 2);
    expect(await left(A)).toEqual(["importedEnergy 10000.00 freeze"]);
    expect(await left(B)).toEqual(["importedEnergy 10020.00 poll"]);
  });

  test("what a person told, an estimate and a midnight outlive every number of days; the rest of those days goes in the end", async () => {
    await read(A, 0, { source: "freeze" });
    await read(A, 15, { source: "person" });
    await read(A, 30, { source: "estimate" });
    await read(A, 45);
    await read(A, 1_440);
    expect(await thin("readings-gone", 1)).toBe(1);
    expect(await left(A)).toEqual([
      "importedEnergy 10000.00 freeze",
      "importedEnergy 10015.00 person",
      "importedEnergy 10030.00 estimate",
      "importedEnergy 11440.00 poll",
    ]);
  });

  describe("frames", () => {
    const frame = { at: later(day, minutes(1)), direction: "sent", hex: "68 16" } as const;
    const attempted = async (given: Partial<Command>, minute = 1): Promise<CommandId> => {
      const command = aCommand({ meter: A, createdAt: day, effect: "sets", kind: "disconnect", ...given });
      await kept.transactor.transact((tx) => kept.commands.insert(tx, command));
      await kept.transactor.transact((tx) =>
        kept.commands.beginAttempt(
          tx,
          command.id,
          0,
          { number: 1, fence: 0, at: later(day, minutes(minute)), before: {}, outcome: "sending", frames: [] },
          [],
        ),
      );
      await kept.commands.endAttempt(null, command.id, 0, 1, "acknowledged", [frame]);
      return command.id;
    };
    const end = (id: CommandId, minute = 5): Promise<boolean> =>
      kept.commands.change(null, id, 0, ["sending"], { state: "confirmed", endedAt: later(day, minutes(minute)) });

    test("of a command that ended after the midnight go with its day: nobody comes back to that day", async () => {
      const late = await attempted({}, 1_439);
      await end(late, 1_441);
      expect(await thin("frames")).toBe(1);
      expect((await kept.commands.attempts(late))[0]?.frames).toEqual([]);
    });

    test("of relay orders and readings go, and the attempt says since when; those of money and of what has not ended stay", async () => {
      const cut = await attempted({});
      const look = await attempted({ kind: "read-now", effect: "reads" }, 3);
      const open = await attempted({ meter: B });
      const tomorrow = await attempted({}, 1_441);
      const credit = await attempted({ kind: "top-up", effect: "adds" });
      const payment = {
        id: PaymentId("0198a000-0000-7000-8000-000000000001"),
        account,
        amount: Fen(1n),
        channel: "c",
        orderId: "1",
        state: "taken",
        command: null,
        refund: null,
        createdAt: day,
      } as const;
      await kept.transactor.transact((tx) => kept.payments.insert(tx, payment));
      const paid = await attempted({ kind: "reconnect", payment: payment.id });
      const reset = await attempted({ kind: "wallet-reset" });
      for (const id of [cut, look, tomorrow, credit, paid, reset]) expect(await end(id)).toBe(true);
      expect(await thin("frames", 2, null)).toBe(2);
      expect(await thin("frames", 2)).toBe(2);
      expect(await thin("frames")).toBe(0);
      for (const id of [cut, look]) {
        const [attempt] = await kept.commands.attempts(id);
        expect(attempt).toEqual({
          number: 1,
          fence: 0,
          at: expect.anything() as unknown,
          before: {},
          outcome: "acknowledged",
          frames: [],
          thinnedAt: now,
        });
      }
      for (const id of [open, tomorrow, credit, paid, reset]) {
        const [attempt] = await kept.commands.attempts(id);
        expect(attempt?.frames).toEqual([frame]);
        expect(attempt).not.toHaveProperty("thinnedAt");
      }
    });
  });

  test.each([1, 3, 100])(
    "of what the rules wanted only what was other than before is left, in batches of %i; in the end each meter's newest",
    async (size) => {
      const want = (meter: MeterAddress, wanted: "connected" | "disconnected", minute: number): Promise<void> =>
        kept.transactor.transact((tx) =>
          kept.policy.keepIntent(tx, meter, { want: wanted, because: "why" }, false, {}, later(day, minutes(minute))),
        );
      const wishes = ["connected", "connected", "disconnected", "disconnected", "connected", "connected"] as const;
      for (const [n, wish] of wishes.entries()) await want(A, wish, n);
      await want(B, "connected", 0);
      expect(await thin("intents-changes", size)).toBe(3);
      expect(await thin("intents-changes", size)).toBe(0);
      expect(await thin("intents-gone", size)).toBe(2);
      expect(await kept.policy.lastIntent(null, A)).toMatchObject({ want: "connected" });
      expect(await kept.policy.lastIntent(null, B)).toMatchObject({ want: "connected" });
      expect(await thin("intents-gone", size)).toBe(0);
    },
  );

  test.each([1, 3, 100])(
    "of decisions those with a command stay; of the others only what was other than before, in batches of %i; in the end each account's newest",
    async (size) => {
      const cut = aCommand({ meter: A, createdAt: day, kind: "disconnect", effect: "sets" });
      await kept.transactor.transact((tx) => kept.commands.insert(tx, cut));
      const decide = (stage: Stage, minute: number, command: CommandId | null = null): Promise<void> =>
        kept.transactor.transact(async (tx) => {
          const strategy = String(minute); // other rules that say the same are no other decision
          const said = { stage, want: "as-is", because: "why", strategy } as const;
          const facts = {
            meter: A,
            account,
            at: later(day, minutes(minute)),
            blocks: [],
            nextAt: null,
            shadow: false,
            facts: {},
          };
          await kept.policy.keepDecision(tx, { ...said, ...facts, command }, { ...said, since: day, arrearsSince: null });
        });
      const all = ["fine", "warn-1", "warn-1", "cut-due", "cut-due", "cut-due", "fine", "fine"] as const;
      for (const [n, stage] of all.entries()) await decide(stage, n, n === 4 ? cut.id : null);
      await decide("warn-1", 1_441);
      const left = async () => (await kept.policy.decisionsOf(account, 99)).map(({ strategy }) => Number(strategy)).reverse();
      expect(await thin("decisions-changes", size, null)).toBe(3);
      expect(await thin("decisions-changes", size)).toBe(3);
      expect(await left()).toEqual([0, 1, 3, 4, 6, 1_441]);
      expect(await thin("decisions-gone", size)).toBe(4);
      expect(await left()).toEqual([4, 1_441]);
      expect(await thin("decisions-gone", size, now, { from: next, to: later(next, hours(24)) }), "the newest").toBe(0);
      expect(await left()).toEqual([4, 1_441]);
    },
  );

  test.each([1, 100])(
    "what meters say has happened to them goes by the day on which it was read, in batches of %i",
    async (size) => {
      const record = { meter: A, kind: "power-down", until: null, operator: null, ours: null, fields: {} } as const;
      const read = [1, 2, 3].map((number) => ({ ...record, number, at: null, readAt: later(day, minutes(number)) }));
      const tomorrow = { ...record, number: 4, at: later(day, 5), readAt: later(next, 5) };
      await kept.transactor.transact((tx) => kept.looks.keepEvents(tx, A, "power-down", 4, [...read, tomorrow]));
      expect(await kept.retention.oldest("meter-events")).toBe(later(day, minutes(1)));
      expect(await thin("meter-events", size, null)).toBe(3);
      expect(await thin("meter-events", size)).toBe(3);
      expect(await kept.looks.events({ meter: A, kind: null, limit: 9, before: null })).toMatchObject([{ number: 4 }]);
    },
  );

  test("where thinning stands is kept, and goes back only where it is set back", async () => {
    const { retention } = kept;
    for (const kind of ["readings-daily", "readings-gone", "frames", "intents-changes"] as const)
      expect([await retention.doneTo(kind), await retention.oldest(kind)]).toEqual([null, null]);
    await read(A, 30);
    await read(A, 5);
    await retention.makeMonths(day, retentionShape.parse(undefined));
    for (const kind of ["readings-daily", "readings-gone"] as const) {
      const oldest = await retention.oldest(kind);
      expect(oldest).toBeLessThanOrEqual(later(day, minutes(5)));
      expect(oldest).toBeGreaterThan(later(day, -hours(31 * 24)));
    }
    await retention.markDone("readings-daily", next, now);
    await retention.markDone("readings-daily", day, now);
    expect(await retention.doneTo("readings-daily")).toBe(next);
    await retention.setBack("readings-daily", later(next, 1), now);
    expect(await retention.doneTo("readings-daily")).toBe(next);
    await retention.setBack("readings-daily", day, now);
    expect(await retention.doneTo("readings-daily")).toBe(day);
    await retention.setBack("frames", day, now);
    expect(await retention.doneTo("frames"), "what was never thinned has nothing to be set back").toBe(null);
  });

  test("days on which something was read are counted", async () => {
    await read(A, 30);
    await read(A, 60);
    await read(B, 1_440, {}, "jump");
    const days = [-1, 0, 1, 2].map((n) => ({ from: later(day, hours(24 * n)), to: later(day, hours(24 * (n + 1))) }));
    expect(await kept.retention.daysRead(days)).toBe(2);
    expect(await kept.retention.daysRead([])).toBe(0);
  });
});
