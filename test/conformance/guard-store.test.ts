/** What holds cuts back, kept: who counts, what stands, which lists there are; and one at a time among all gateways. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import type { Command } from "../../src/commands/command.ts";
import { hours, Instant, later, seconds, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress, PaymentId } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import { BatchDesk, type BatchParts } from "../../src/policy/cut-batches.ts";
import type { CutBatch, CutMember, Halt } from "../../src/policy/guard-store.ts";
import { aCommand } from "../support/a-command.ts";
import { keepers, whoWaits, type Kept } from "./stores.ts";

const [A, B, C] = ["202611220001", "202611220002", "202611220003"].map((text) => MeterAddress(text)) as [
  MeterAddress,
  MeterAddress,
  MeterAddress,
];
const at = Instant(1_795_399_434_000);
const accountOf = (meter: MeterAddress): AccountId => AccountId(meter.slice(2));

describe.each(keepers)("guard rails $title", ({ open }) => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await open(systemClock);
  });
  beforeEach(async () => {
    await kept.clear();
    const record = { meterNumber: "", customerNumber: "", bus: BusId("b"), model: "remote-ledger", relayPassword: null } as const;
    await kept.meters.bringIn(
      [A, B, C].map((meter) => ({
        ...{ account: accountOf(meter), name: "", class: "residential", tariff: "flat" },
        mode: meter === C ? "local" : "remote",
      })),
      [A, B, C].map((address) => ({ ...record, address, account: accountOf(address) })),
    );
  });
  afterAll(() => kept.close());

  const figures = (leftSince: Instant = at, importChannels: readonly string[] | null = null) =>
    kept.guards.figures(null, { now: at, leftSince, importChannels });
  const inTx = <T>(work: Parameters<typeof kept.transactor.transact<T>>[0]): Promise<T> => kept.transactor.transact(work);
  const cut = (changes: Partial<Command> = {}): Promise<Command> => {
    const command = aCommand({ kind: "disconnect", effect: "sets", askedBy: "rule", meter: A, createdAt: at, ...changes });
    return inTx(async (tx) => {
      await kept.commands.insert(tx, { ...command, state: "accepted", because: null, endedAt: null });
      const { state, because, endedAt } = command;
      const end = endedAt === null ? {} : { endedAt };
      await kept.commands.change(tx, command.id, command.fence, ["accepted"], { state, because, ...end });
      return command;
    });
  };
  const left = (command: Command, when: Instant, kind: { approved?: boolean; raised?: boolean } = {}): Promise<void> =>
    inTx((tx) =>
      kept.guards.noteLeft(tx, { command: command.id, meter: command.meter, at: when, approved: false, raised: false, ...kind }),
    );
  const aHalt = (changes: Partial<Halt> = {}): Halt => ({
    ...{ id: uuidv7(), kind: "brake", because: "too-many", reason: "too-many", figures: { meters: 3 } },
    ...{ begunAt: at, begunBy: "rules", asked: null, released: null, ...changes },
  });
  const aBatch = (changes: Partial<CutBatch> = {}): CutBatch => ({
    ...{ id: uuidv7(), state: "proposed", proposedBy: "rules", proposedAt: at, reason: "many", raisesBrake: false },
    ...{ first: null, second: null, goodUntil: null, canary: 5, version: "v", because: null, endedAt: null, endedBy: null },
    ...changes,
  });
  const aMember = (meter: MeterAddress, changes: Partial<CutMember> = {}): CutMember => ({
    ...{ meter, account: accountOf(meter), line: "b", isCanary: false, state: "waiting", available: Fen(-500n) },
    ...{ readAt: at, noticedAt: null, strategy: "s", facts: { available: "-5.00" }, command: null, because: null, ...changes },
  });
  const said = (by: string) => ({ by, at, note: "yes" });

  test("count meters that rules may cut, and what left of whose kind since when", async () => {
    expect(await figures()).toEqual({
      ...{ now: at, meters: 2, stop: false, brake: false, failures: 0, importAt: null },
      left: { automatic: 0, approved: 0 },
    });
    await left(await cut(), at);
    await left(await cut(), later(at, 1));
    await left(await cut(), later(at, 2), { approved: true });
    await left(await cut(), later(at, 2), { approved: true, raised: true });
    expect((await figures()).left).toEqual({ automatic: 1, approved: 1 });
    expect((await figures(later(at, -1))).left).toEqual({ automatic: 2, approved: 1 });
  });

  test("count what another gateway's clock, a little ahead, has written, and nothing of before the clock was set back", async () => {
    const [soon, then] = [later(at, seconds(30)), later(at, hours(1))];
    await left(await cut({ state: "confirmed", endedAt: then }), then);
    await left(await cut({ meter: B, state: "unanswered", because: "stuck", endedAt: soon }), soon);
    expect(await figures()).toMatchObject({ failures: 1, left: { automatic: 1 } });
    const halt = aHalt();
    await inTx(async (tx) => {
      await kept.guards.halt(tx, halt);
      await kept.guards.changeHalt(tx, halt.id, { asked: said("anna") });
      await kept.guards.changeHalt(tx, halt.id, { released: { ...said("bo"), at: later(then, 1) } });
    });
    expect(await figures(), "released in the hour that comes again").toMatchObject({ failures: 1, left: { automatic: 1 } });
  });

  test("count one order once, however often it is said", async () => {
    const command = await cut();
    await left(command, later(at, 1));
    await left(command, later(at, 2));
    expect((await figures()).left.automatic).toBe(1);
  });

  test("count failures in a row from the newest end, and what is counted begins anew with a release of the brake", async () => {
    const ends = [
      ["confirmed", null],
      ["unanswered", "stuck"],
      ["unanswered", "in-credit"],
      ["unanswered", "silence"],
    ] as const;
    for (const [n, [state, because]] of ends.entries())
      await left(await cut({ meter: n === 1 ? B : A, state, because, endedAt: later(at, n + 1) }), later(at, 1));
    await left(await cut({ state: "verifying" }), later(at, 1));
    expect(await figures()).toMatchObject({ failures: 2, left: { automatic: 5 } });
    const halt = aHalt();
    await inTx(async (tx) => {
      await kept.guards.halt(tx, halt);
      await kept.guards.changeHalt(tx, halt.id, { asked: said("anna") });
      await kept.guards.changeHalt(tx, halt.id, { released: { ...said("bo"), at: later(at, 9) } });
    });
    expect(await figures()).toMatchObject({ brake: false, failures: 0, left: { automatic: 0 } });
    await left(await cut({ meter: C, state: "unanswered", because: "stuck", endedAt: later(at, 10) }), later(at, 9));
    expect(await figures()).toMatchObject({ failures: 1, left: { automatic: 1 } });
    await left(await cut({ meter: A, state: "unanswered", because: "stuck", endedAt: later(at, 11) }), later(at, 9));
    expect(await figures(), "known to be stuck before the release already").toMatchObject({ failures: 1 });
  });

  test("know when payments were brought in last: the newest of these channels, somebody's word, or the brake's release", async () => {
    const paid = (channel: string, createdAt: Instant) =>
      inTx((tx) =>
        kept.payments.insert(tx, {
          ...{ id: PaymentId(uuidv7()), account: accountOf(A), amount: Fen(1n), channel, orderId: uuidv7(), createdAt },
          ...{ state: "allocated", command: null, refund: null },
        }),
      );
    expect((await figures(at, [])).importAt).toBe(null);
    await paid("bank", at);
    await paid("kiosk", later(at, 5));
    expect([(await figures(at, ["bank"])).importAt, (await figures(at, [])).importAt, (await figures()).importAt]).toEqual([
      at,
      at + 5,
      null,
    ]);
    await inTx((tx) => kept.guards.noteImport(tx, "bank", later(at, 7), "till"));
    await inTx((tx) => kept.guards.noteImport(tx, "kiosk", later(at, 9), "till"));
    await inTx((tx) => kept.guards.noteImport(tx, "bank", later(at, 8), "till"));
    expect((await figures(at, ["bank"])).importAt).toBe(at + 8);
  });

  test("know for whom a cut was asked by the rules alone within a time, and may have left", async () => {
    await cut({ meter: A, createdAt: later(at, 1) });
    await cut({ meter: A, createdAt: later(at, 1), state: "confirmed", endedAt: later(at, 2) });
    await cut({ meter: B, createdAt: later(at, 1), state: "cancelled", endedAt: later(at, 2) });
    await cut({ meter: B, createdAt: later(at, 1), state: "unanswered", because: "stuck", endedAt: later(at, 2) });
    await cut({ meter: B, createdAt: later(at, 1), state: "refused", because: "password-refused", endedAt: later(at, 2) });
    await cut({ meter: B, createdAt: at, state: "confirmed", endedAt: later(at, 2) });
    await cut({ meter: B, createdAt: later(at, 1), askedBy: "person" });
    await cut({ meter: B, createdAt: later(at, 1), kind: "reconnect" });
    const listed = await cut({ meter: B, createdAt: later(at, 1) });
    const batch = aBatch();
    await inTx(async (tx) => {
      await kept.guards.insertBatch(tx, batch);
      await kept.guards.addMembers(tx, batch.id, [aMember(B, { state: "asked", command: listed.id })]);
    });
    expect(await kept.guards.askedSince(null, at)).toEqual([A]);
    expect(await inTx((tx) => kept.guards.batchOf(tx, listed.id))).toEqual(batch);
    // asked for before, but it has not left, or has left since
    await cut({ meter: C, createdAt: at });
    expect([...(await kept.guards.askedSince(null, at))].sort()).toEqual([A, C]);
    await left(await cut({ meter: B, createdAt: at, state: "confirmed", endedAt: later(at, 3) }), later(at, 2));
    expect([...(await kept.guards.askedSince(null, at))].sort()).toEqual([A, B, C]);
  });

  test("find the cuts of anybody that have not left", async () => {
    const rules = await cut();
    const timed = await cut({ kind: "disconnect-for", askedBy: "person", state: "queued", meter: B });
    await cut({ state: "verifying" });
    await cut({ kind: "reconnect" });
    expect((await kept.guards.unsentCuts()).map(({ id, askedBy }) => [id, askedBy]).sort()).toEqual(
      [
        [rules.id, "rule"],
        [timed.id, "person"],
      ].sort(),
    );
  });

  test("let one of a kind stand at a time, and release it by two different persons alone", async () => {
    const [stop, brake] = [aHalt({ kind: "stop", because: "person", begunBy: "anna" }), aHalt({ begunAt: later(at, 1) })];
    await inTx((tx) => kept.guards.halt(tx, stop));
    await inTx((tx) => kept.guards.halt(tx, brake));
    await expect(inTx((tx) => kept.guards.halt(tx, aHalt()))).rejects.toThrow(/one_halt_stands/);
    expect(await kept.guards.standing(null)).toEqual([stop, brake]);
    expect(await figures()).toMatchObject({ stop: true, brake: true });
    const release = (by: string) => inTx((tx) => kept.guards.changeHalt(tx, stop.id, { released: said(by) }));
    await expect(release("anna")).rejects.toThrow(/two_persons_release/);
    await inTx((tx) => kept.guards.changeHalt(tx, stop.id, { asked: said("anna") }));
    await expect(release("anna")).rejects.toThrow(/two_persons_release/);
    await release("bo");
    expect(await kept.guards.standing(null)).toEqual([brake]);
    expect(await kept.guards.halts(1)).toEqual([brake]);
    expect((await kept.guards.halts(9)).at(-1)).toEqual({ ...stop, asked: said("anna"), released: said("bo") });
  });

  test("keep lists with their members in order, and let none run without two names on it", async () => {
    const batch = aBatch();
    const members = [aMember(B), aMember(A, { noticedAt: later(at, -5) })];
    await inTx(async (tx) => {
      await kept.guards.insertBatch(tx, batch);
      await kept.guards.addMembers(tx, batch.id, members);
    });
    expect(await kept.guards.batch(null, batch.id)).toEqual(batch);
    expect(await kept.guards.members(null, batch.id)).toEqual(members);
    const change = (to: Partial<CutBatch>) => inTx((tx) => kept.guards.changeBatch(tx, batch.id, to));
    const first = { ...said("anna"), raisesBrake: true };
    await expect(change({ state: "canary", goodUntil: at, first })).rejects.toThrow(/nothing_runs_unapproved/);
    await expect(change({ state: "canary", goodUntil: at, first, second: said("anna") })).rejects.toThrow(/two_persons_cut/);
    const approved = { state: "canary", goodUntil: later(at, 99), first, second: said("bo"), raisesBrake: true } as const;
    await change(approved);
    expect(await kept.guards.batch(null, batch.id)).toEqual({ ...batch, ...approved });
    const command = await cut({ meter: B });
    await inTx((tx) => kept.guards.changeMember(tx, batch.id, B, { isCanary: true, state: "asked", command: command.id }));
    await inTx((tx) => kept.guards.changeMember(tx, batch.id, A, { state: "left-out", because: "in-credit" }));
    await inTx((tx) => kept.guards.changeMember(tx, batch.id, A, { because: null }));
    expect(await inTx((tx) => kept.guards.members(tx, batch.id, [A]))).toEqual([
      { ...members[1], state: "left-out", because: null },
    ]);
    expect(await inTx((tx) => kept.guards.members(tx, batch.id, [C]))).toEqual([]);
    expect(await kept.guards.members(null, batch.id)).toEqual([
      { ...members[0], isCanary: true, state: "asked", command: command.id },
      { ...members[1], state: "left-out", because: null },
    ]);
  });

  test("tell lists that live, and who stands on one that is open or was declined a while ago", async () => {
    const [old, declined, ended, open] = [aBatch(), aBatch(), aBatch(), aBatch()];
    const command = await cut({ meter: C });
    const end = (state: CutBatch["state"], endedAt: Instant) => ({ state, endedAt, endedBy: "anna", because: "no" });
    await inTx(async (tx) => {
      for (const batch of [old, declined, ended, open]) await kept.guards.insertBatch(tx, batch);
      for (const [batch, meter] of [
        [old, A],
        [declined, B],
        [open, A],
      ] as const)
        await kept.guards.addMembers(tx, batch.id, [aMember(meter)]);
      await kept.guards.addMembers(tx, ended.id, [aMember(C, { state: "asked", command: command.id })]);
      await kept.guards.changeBatch(tx, old.id, end("declined", at));
      await kept.guards.changeBatch(tx, declined.id, end("declined", later(at, 1)));
      await kept.guards.changeBatch(tx, ended.id, end("stopped", later(at, 1)));
    });
    expect(
      (await kept.guards.liveBatches(null)).map(({ id }) => id),
      "or of which something is under way",
    ).toEqual([ended.id, open.id]);
    expect(await kept.guards.listed(null, at)).toEqual([
      { meter: B, batch: declined.id, state: "declined", member: "waiting" },
      { meter: A, batch: open.id, state: "proposed", member: "waiting" },
    ]);
    expect((await kept.guards.batches(2, null)).map(({ id }) => id)).toEqual([open.id, ended.id]);
    const desk = new BatchDesk({ store: kept.guards } as unknown as BatchParts);
    const shown = async (limit: number): Promise<readonly string[]> => (await desk.shown(limit)).map(({ id }) => id);
    expect(await shown(1), "what is under way is shown however old it is").toEqual([open.id, ended.id]);
    expect(await shown(9)).toEqual([open.id, ended.id, declined.id, old.id]);
    expect((await kept.guards.batches(9, declined.id)).map(({ id }) => id)).toEqual([old.id]);
    expect(await kept.guards.batch(null, uuidv7())).toBe(null);
  });

  test("know whom somebody has called important, as long as it holds", async () => {
    const exempt = (account: AccountId, kind: "important" | "hold", until: Instant) =>
      inTx((tx) =>
        kept.exemptions.insert(tx, {
          ...{ id: uuidv7(), account, kind, from: later(at, -9), until, reason: "a clinic", madeBy: "desk" },
          ...{ endedAt: null, endedBy: null, remindedAt: null },
        }),
      );
    await exempt(accountOf(A), "important", later(at, 5));
    await exempt(accountOf(B), "hold", later(at, 5));
    const ask = (meter: MeterAddress, now = at) => inTx((tx) => kept.guards.isImportant(tx, accountOf(meter), now));
    expect([await ask(A), await ask(B), await ask(A, later(at, 5))]).toEqual([true, false, false]);
  });

  test("go on with a list without looking at all of it: its canaries, those under way, and the first that wait", async () => {
    const batch = aBatch();
    const members = [aMember(C, { isCanary: true, state: "cut" }), aMember(B), aMember(A)];
    await inTx(async (tx) => {
      await kept.guards.insertBatch(tx, batch);
      await kept.guards.addMembers(tx, batch.id, members);
    });
    const seen = async (waitingMax: number | null) =>
      (await kept.guards.runMembers(batch.id, waitingMax)).map(({ meter, state }) => [meter, state]);
    expect(await seen(1)).toEqual([
      [C, "cut"],
      [B, "waiting"],
    ]);
    expect(await seen(null)).toHaveLength(3);
    expect(await kept.guards.memberCount(null, batch.id)).toBe(3);
    expect(await kept.guards.members(null, batch.id, [A, B])).toEqual([members[1], members[2]]);
    const [running, over] = [await cut({ meter: A, state: "verifying" }), await cut({ meter: B })];
    await inTx(async (tx) => {
      await kept.guards.changeMember(tx, batch.id, A, { state: "asked", command: running.id });
      await kept.guards.changeMember(tx, batch.id, B, { state: "asked", command: over.id });
      const end = { state: "unanswered", because: "stuck", endedAt: later(at, 5) } as const;
      await kept.commands.change(tx, over.id, over.fence, ["accepted"], end);
    });
    expect(await seen(0)).toEqual([
      [C, "cut"],
      [B, "asked"],
      [A, "asked"],
    ]);
    const ended = { meter: B, state: "unanswered", because: "stuck" };
    expect(await kept.guards.endedMembers(batch.id, 9)).toEqual([{ ...ended, left: false }]);
    await inTx((tx) => kept.guards.noteLeft(tx, { command: over.id, meter: B, at, approved: true, raised: false }));
    expect(await kept.guards.endedMembers(batch.id, 9)).toEqual([{ ...ended, left: true }]);
    const ends = [
      { meter: B, state: "failed", because: "stuck" },
      { meter: C, state: "left-out", because: "of one that is over already" },
    ] as const;
    await inTx((tx) => kept.guards.endMembers(tx, batch.id, ends));
    expect(await kept.guards.members(null, batch.id, [B, C])).toEqual([
      members[0],
      { ...members[1], state: "failed", command: over.id, because: "stuck" },
    ]);
    expect(await kept.guards.listed(null, at, [A])).toEqual([{ meter: A, batch: batch.id, state: "proposed", member: "asked" }]);
  });

  test("keep one brake of two that trip beside each other", async () => {
    const [first, second] = [aHalt(), aHalt()];
    expect(await inTx((tx) => kept.guards.haltOnce(tx, first))).toBe(true);
    expect(await inTx((tx) => kept.guards.haltOnce(tx, second))).toBe(false);
    expect(await kept.guards.standing(null)).toEqual([first]);
  });

  test("take the count of meters that is known already, and count anew only without it", async () => {
    const counted = (meters?: number) =>
      kept.guards.figures(null, { now: at, leftSince: at, importChannels: null, ...(meters === undefined ? {} : { meters }) });
    expect([(await counted(7)).meters, (await counted()).meters]).toEqual([7, 2]);
  });

  test("let many pass beside each other, and never beside whoever is alone", async () => {
    const alone = (tx: Parameters<typeof kept.guards.lock>[0]) => kept.guards.lock(tx);
    const beside = (tx: Parameters<typeof kept.guards.lock>[0]) => kept.guards.lock(tx, "beside");
    await inTx(alone);
    expect(await whoWaits(kept, alone, beside)).toEqual(["first", "second"]);
    expect(await whoWaits(kept, beside, alone)).toEqual(["first", "second"]);
    expect(await whoWaits(kept, beside, beside)).toEqual(["second", "first"]);
  });

  test("wait for the rows of those who are put on a list before the site's lock is taken, and beside each other for nobody", async () => {
    const hold = (tx: Parameters<typeof kept.guards.lock>[0]) => kept.guards.hold(tx, [B, A]);
    const held = (tx: Parameters<typeof kept.guards.lock>[0]) => kept.meters.meter(tx, B);
    expect(await whoWaits(kept, held, hold)).toEqual(["first", "second"]);
    expect(await whoWaits(kept, hold, hold)).toEqual(["second", "first"]);
  });

  test("are asked by one gateway at a time", async () => {
    const lock = (tx: Parameters<typeof kept.guards.lock>[0]) => kept.guards.lock(tx);
    expect(await whoWaits(kept, lock, lock)).toEqual(["first", "second"]);
    expect(await whoWaits(kept, lock, lock, true)).toEqual(["first", "second"]);
  });
});
