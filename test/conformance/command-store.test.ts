/** The rows of commands: who holds the fence may write, what may be on the wire is decided in one place, and evidence is kept once. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import type { Attempt, Command, CommandKind, CommandState } from "../../src/commands/command.ts";
import type { CommandStore, EngineCommandStore } from "../../src/commands/command-store.ts";
import { BusId, CommandId, type MeterAddress } from "../../src/kernel/ids.ts";
import { hours, Instant, later, seconds, type Clock } from "../../src/kernel/clock.ts";
import type { WireEvidence } from "../../src/kernel/reading.ts";
import type { Transaction, Transactor } from "../../src/kernel/transaction.ts";
import { keepers, whoWaits, type Kept } from "./stores.ts";

let now = Instant(Date.UTC(2026, 10, 23, 2));
const clock: Clock = { now: () => now, wait: () => Promise.resolve() };

describe.each(keepers)("commands $title", ({ open }) => {
  let kept: Kept;
  let db: Transactor;
  let store: EngineCommandStore;
  let meters = 0;
  let meter: MeterAddress;

  beforeAll(async () => {
    kept = await open(clock);
    db = kept.transactor;
    store = kept.commands;
  });
  afterAll(() => kept.close());

  /** A meter of its own for every test: commands of others are not in the way. */
  beforeEach(async () => {
    meter = `2026112300${String(++meters).padStart(2, "0")}` as MeterAddress;
    await kept.meters.bringIn(
      [],
      [
        {
          address: meter,
          meterNumber: meter,
          customerNumber: meter,
          account: null,
          bus: BusId("b"),
          model: "standard-wallet",
          relayPassword: null,
        },
      ],
    );
  });

  async function accepted(changes: Partial<Command> = {}): Promise<Command> {
    const command: Command = {
      id: CommandId(uuidv7()),
      kind: "top-up",
      effect: "adds",
      meter,
      account: null,
      payment: null,
      params: { amount: "100" },
      askedBy: "person",
      reason: "test",
      state: "accepted",
      waitingFor: null,
      because: null,
      fence: 0,
      looks: 0,
      createdAt: now,
      notAfter: later(now, hours(72)),
      sentAt: null,
      acknowledgedAt: null,
      verifiedAt: null,
      endedAt: null,
      receipt: null,
      askedByName: null,
      approval: null,
      ...changes,
    };
    await db.transact((tx) => store.insert(tx, command));
    return command;
  }
  const attemptOf = (number: number, fence: number): Attempt => ({
    number,
    fence,
    at: now,
    before: { count: 3, net: "5000" },
    outcome: "sending",
    frames: [],
  });
  const begin = (id: CommandId, fence: number, number = 1): ReturnType<CommandStore["beginAttempt"]> =>
    db.transact((tx) => store.beginAttempt(tx, id, fence, attemptOf(number, fence), []));
  const end = (id: CommandId, fence: number, state: CommandState, from: CommandState = "verifying"): Promise<boolean> =>
    store.change(null, id, fence, [from], { state, endedAt: now, lookAt: null });
  const frame = (second: number, hex = "68"): WireEvidence => ({ at: later(now, seconds(second)), direction: "received", hex });

  describe("a row", () => {
    test("comes back as it was put in, with every field", async () => {
      const command = await accepted({ kind: "disconnect", effect: "sets", params: { items: ["balance"], 中文: "ok" } });
      expect(await store.find(null, command.id)).toEqual(command);
      await store.change(null, command.id, 0, ["accepted"], {
        state: "confirmed",
        because: "because",
        waitingFor: "line",
        looks: 4,
        sentAt: later(now, 1),
        acknowledgedAt: later(now, 2),
        verifiedAt: later(now, 3),
        endedAt: later(now, 4),
        receipt: { proof: { word: 16 } },
      });
      expect(await store.find(null, command.id)).toEqual({
        ...command,
        state: "confirmed",
        because: "because",
        waitingFor: "line",
        looks: 4,
        sentAt: now + 1,
        acknowledgedAt: now + 2,
        verifiedAt: now + 3,
        endedAt: now + 4,
        receipt: { proof: { word: 16 } },
      });
    });

    test("is there only when its transaction was committed", async () => {
      const id = CommandId(uuidv7());
      const command = { ...(await accepted()), id };
      await expect(
        db.transact(async (tx) => {
          await store.insert(tx, command);
          throw new Error("no");
        }),
      ).rejects.toThrow("no");
      expect(await store.find(null, id)).toBe(null);
    });
  });

  describe("the fence", () => {
    test("rises with every take, and an older one changes nothing", async () => {
      const { id } = await accepted();
      const first = await store.take(id);
      expect(first).toMatchObject({ state: "queued", fence: 1 });
      const second = await store.take(id);
      expect(second).toMatchObject({ state: "queued", fence: 2 });
      expect(await store.change(null, id, 1, ["queued"], { state: "refused", because: "old worker" })).toBe(false);
      expect(await begin(id, 1)).toBe("lost");
      expect(await store.find(null, id)).toMatchObject({ state: "queued", because: null, sentAt: null });
      expect(await store.attempts(id)).toEqual([]);
      expect(await begin(id, 2)).toBe("begun");
    });

    test("is held by one of many that take at the same moment", async () => {
      const { id } = await accepted();
      const taken = await Promise.all(Array.from({ length: 8 }, () => store.take(id)));
      expect(taken.map((command) => command!.fence).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      const begun = await Promise.all(taken.map((command) => begin(id, command!.fence)));
      expect(begun.filter((answer) => answer === "begun")).toHaveLength(1);
    });

    test("does not help in a state that is not expected", async () => {
      const { id } = await accepted();
      await store.take(id);
      expect(await store.change(null, id, 1, ["sending", "verifying"], { state: "confirmed" })).toBe(false);
      expect(await store.change(null, id, 1, [], { state: "confirmed" })).toBe(false);
      expect(await store.change(null, id, 1, ["queued"], {})).toBe(true);
    });

    test("of a command that has ended is given to nobody", async () => {
      const { id } = await accepted();
      await store.take(id);
      expect(await end(id, 1, "cancelled", "queued")).toBe(true);
      expect(await store.take(id)).toBe(null);
      expect(await begin(id, 1)).toBe("lost");
      expect(await store.take(CommandId(uuidv7()))).toBe(null);
    });
  });

  describe("an attempt", () => {
    test("is written together with the step to sending", async () => {
      const { id } = await accepted();
      await store.take(id);
      expect(await begin(id, 1)).toBe("begun");
      expect(await store.find(null, id)).toMatchObject({ state: "sending", waitingFor: null, sentAt: now });
      expect(await store.attempts(id)).toEqual([attemptOf(1, 1)]);
      expect(await begin(id, 1, 2)).toBe("lost"); // from sending only a look leads on
    });

    test("is not begun when a newer order to the same relay exists; one that was taken back does not count", async () => {
      const rivals = ["disconnect", "reconnect", "arm"] as const;
      const older = await accepted({ kind: "disconnect", effect: "sets" });
      const newer = await accepted({ kind: "reconnect", effect: "sets" });
      const taken = (await store.take(older.id))!;
      const beginOlder = () =>
        db.transact((tx) => store.beginAttempt(tx, older.id, taken.fence, attemptOf(1, taken.fence), rivals));
      expect(await beginOlder()).toBe("superseded");
      await end(newer.id, newer.fence, "cancelled", "accepted");
      expect(await beginOlder()).toBe("begun");
    });

    test("that adds is blocked while another one that adds is on the wire or disputed; one that sets is not", async () => {
      const [first, second] = [await accepted(), await accepted()];
      const relay = await accepted({ kind: "disconnect", effect: "sets", params: {} });
      for (const { id } of [first, second, relay]) await store.take(id);
      expect(await begin(first.id, 1)).toBe("begun");
      expect(await begin(second.id, 1)).toBe("blocked");
      expect(await begin(relay.id, 1)).toBe("begun");
      await store.change(null, first.id, 1, ["sending"], { state: "verifying" });
      expect(await begin(second.id, 1)).toBe("blocked");
      await end(first.id, 1, "disputed");
      expect(await begin(second.id, 1)).toBe("blocked");
      await store.change(null, first.id, 1, ["disputed"], { state: "confirmed" });
      expect(await begin(second.id, 1)).toBe("begun");
      expect(await store.find(null, second.id)).toMatchObject({ state: "sending" });
    });

    test("that adds leaves for one of many that want to at the same moment", async () => {
      const all = await Promise.all(Array.from({ length: 6 }, () => accepted()));
      for (const { id } of all) await store.take(id);
      const begun = await Promise.all(all.map(({ id }) => begin(id, 1)));
      expect(begun.toSorted()).toEqual(["begun", "blocked", "blocked", "blocked", "blocked", "blocked"]);
    });

    test("keeps frames once, however often the same evidence is handed in, and adds those of later looks", async () => {
      const { id } = await accepted();
      await store.take(id);
      await begin(id, 1);
      await store.endAttempt(null, id, 1, 1, "silent", [frame(1, "68AA"), frame(2, "68BB")]);
      await store.endAttempt(null, id, 1, 1, "silent: wait", [frame(1, "68AA"), frame(2, "68BB"), frame(3, "68BB")]);
      await store.endAttempt(null, id, 1, 1, "silent: done", [frame(3, "68BB"), frame(4, "68CC")]);
      const [attempt] = await store.attempts(id);
      expect(attempt).toMatchObject({ outcome: "silent: done" });
      expect(attempt!.frames).toEqual([frame(1, "68AA"), frame(2, "68BB"), frame(3, "68BB"), frame(4, "68CC")]);
      expect(await store.lastAttempt(id)).toEqual(attempt);
    });

    test("of a meter that was silent for days keeps how it began and how it ended", async () => {
      const { id } = await accepted();
      await store.take(id);
      await begin(id, 1);
      for (let look = 0; look < 40; look += 1)
        await store.endAttempt(
          null,
          id,
          1,
          1,
          "silent",
          Array.from({ length: 5 }, (_, n) => frame(look * 10 + n)),
        );
      await store.endAttempt(null, id, 1, 1, "silent: done", [frame(9_999, "6816")]);
      const [attempt] = await store.attempts(id);
      expect(attempt!.frames.length).toBeLessThanOrEqual(120);
      expect(attempt!.frames[0]).toEqual(frame(0));
      expect(attempt!.frames.at(-1)).toEqual(frame(9_999, "6816")); // the proof itself
      expect(attempt!.frames.map(({ at }) => at)).toEqual(attempt!.frames.map(({ at }) => at).toSorted((a, b) => a - b));
    });

    test("is not written over by a worker that has lost the command", async () => {
      const { id } = await accepted();
      await store.take(id);
      await begin(id, 1);
      await store.take(id);
      await store.endAttempt(null, id, 1, 1, "silent: late", [frame(1)]);
      expect(await store.attempts(id)).toMatchObject([{ outcome: "sending", frames: [] }]);
    });

    test("of many commands is found at once, each under its own", async () => {
      const [a, b, none] = [await accepted(), await accepted({ effect: "sets" }), await accepted()];
      for (const { id } of [a, b]) {
        await store.take(id);
        await begin(id, 1);
      }
      const found = await store.attemptsOf(null, [a.id, b.id, none.id]);
      expect(found.map(({ command }) => command).sort()).toEqual([a.id, b.id].sort());
      expect(await store.attemptsOf(null, [])).toEqual([]);
    });
  });

  describe("what waits for a second person", () => {
    const unapproved = (changes: Partial<Command> = {}): Promise<Command> =>
      accepted({
        ...{ kind: "wallet-reset", effect: "sets", waitingFor: "approval", askedByName: "lin" },
        ...{ approval: { by: null, at: null, note: null }, ...changes },
      });
    const approve = (id: CommandId, by = "zhao"): Promise<boolean> =>
      store.change(null, id, 0, ["accepted"], {
        approvedBy: by,
        approvedAt: now,
        approvalNote: "seen",
        waitingFor: null,
        lookAt: now,
      });
    const isDue = async (id: CommandId): Promise<boolean> => (await store.due(now, 1_000)).includes(id);

    test("comes back as it was put in, and with who let it go", async () => {
      const command = await unapproved();
      expect(await store.find(null, command.id)).toEqual(command);
      expect(await approve(command.id)).toBe(true);
      expect(await store.find(null, command.id)).toEqual({
        ...{ ...command, waitingFor: null },
        approval: { by: "zhao", at: now, note: "seen" },
      });
      expect(await store.list({ meter, limit: 10 })).toEqual([await store.find(null, command.id)]);
    });

    test("is taken, queued, begun and due for nobody, also after a start", async () => {
      const { id } = await unapproved();
      expect(await store.markQueued([id])).toEqual([]);
      expect(await store.take(id)).toBe(null);
      expect(await begin(id, 0)).toBe("lost");
      now = later(now, hours(1));
      expect(await isDue(id)).toBe(false);
      await store.makeAllDue(now);
      expect(await isDue(id)).toBe(false);
      expect(await store.wakeMeter(meter, now)).toEqual([]);
      expect(await store.find(null, id)).toMatchObject({ state: "accepted", waitingFor: "approval", fence: 0, sentAt: null });
    });

    test("goes its way like any other from the moment it is approved", async () => {
      const { id } = await unapproved();
      await approve(id);
      expect(await isDue(id)).toBe(true);
      expect(await store.markQueued([id])).toMatchObject([{ id, state: "queued", waitingFor: "line" }]);
      expect(await store.take(id)).toMatchObject({ fence: 1, approval: { by: "zhao" } });
      expect(await begin(id, 1)).toBe("begun");
    });

    test("has less time like any other when a clock was set back", async () => {
      const { id, notAfter } = await unapproved({ notAfter: later(now, hours(2)) });
      const { kind } = (await store.find(null, id))!;
      expect(await store.shorten([kind], hours(1))).toBeGreaterThanOrEqual(1);
      expect((await store.find(null, id))!.notAfter).toBe(later(notAfter, -hours(1)));
    });

    test("is due and taken once its deadline is over, to end with it", async () => {
      const { id, notAfter } = await unapproved({ notAfter: later(now, hours(2)) });
      now = later(notAfter, 1);
      expect(await isDue(id)).toBe(true);
      expect(await store.take(id)).toMatchObject({ state: "queued", waitingFor: "approval" });
      expect(await begin(id, 1)).toBe("lost");
      expect(await end(id, 1, "expired", "queued")).toBe(true);
    });

    test("is refused by the books themselves where one person would be both, nobody was named, or a byte would leave", async () => {
      const { id } = await unapproved();
      await expect(approve(id, "lin")).rejects.toThrow(/two_persons/);
      await expect(store.change(null, id, 0, ["accepted"], { state: "sending" })).rejects.toThrow(/nothing_leaves_unapproved/);
      await expect(approve((await unapproved({ askedByName: null })).id)).rejects.toThrow(/two_persons/);
      expect((await store.find(null, id))?.approval).toEqual({ by: null, at: null, note: null });
    });
  });

  describe("what is due", () => {
    const dueIds = async (): Promise<CommandId[]> => {
      const ids = await store.due(now, 1_000);
      const mine = new Set((await store.list({ meter, limit: 1_000 })).map(({ id }) => id));
      return ids.filter((id) => mine.has(id));
    };

    test("is what nobody has taken for a while, what was taken and not heard of, and what asked to be looked at", async () => {
      const { id } = await accepted();
      expect(await dueIds()).toEqual([]);
      now = later(now, seconds(10));
      expect(await dueIds()).toEqual([id]);
      await store.take(id);
      expect(await dueIds()).toEqual([]);
      now = later(now, seconds(60));
      expect(await dueIds()).toEqual([id]);
      await store.take(id);
      await store.change(null, id, 2, ["queued"], { lookAt: later(now, seconds(5)), waitingFor: "meter-online" });
      expect(await dueIds()).toEqual([]);
      now = later(now, seconds(5));
      expect(await dueIds()).toEqual([id]);
      await end(id, 2, "expired", "queued");
      now = later(now, hours(100));
      expect(await dueIds()).toEqual([]);
    });

    test("comes oldest first and no more than asked for", async () => {
      const ids: CommandId[] = [];
      for (let n = 0; n < 3; n += 1) {
        ids.push((await accepted({ createdAt: now })).id);
        now = later(now, seconds(1));
      }
      now = later(now, hours(1));
      expect(await dueIds()).toEqual(ids);
      expect(await store.due(now, 2)).toHaveLength(2);
    });

    test("becomes what waits for a meter that is heard again, or for the one thing that is named; what waits for something else does not", async () => {
      const waits = async (waitingFor: string | null): Promise<CommandId> => {
        const { id } = await accepted({ effect: "sets" });
        await store.take(id);
        await store.change(null, id, 1, ["queued"], { waitingFor, lookAt: later(now, hours(5)) });
        return id;
      };
      const woken = [await waits("meter-online"), await waits("silence"), await waits("line")];
      await waits("trip-delay");
      await waits(null);
      expect((await store.wakeMeter(meter, now)).toSorted()).toEqual(woken.toSorted());
      expect((await dueIds()).toSorted()).toEqual(woken.toSorted());
      const machine = await waits("cipher-machine");
      expect(await store.wakeWaitingFor("cipher-machine", now)).toEqual([machine]);
      expect((await dueIds()).toSorted()).toEqual([...woken, machine].toSorted());
    });

    test("after a start is everything that has not ended", async () => {
      const [open, done] = [await accepted(), await accepted()];
      for (const { id } of [open, done]) await store.take(id);
      await end(done.id, 1, "refused", "queued");
      await store.makeAllDue(now);
      expect(await dueIds()).toEqual([open.id]);
    });
  });

  describe("questions", () => {
    test("open commands of a meter are locked, oldest first, until the transaction ends", async () => {
      const [a, b] = [await accepted(), await accepted()];
      expect((await db.transact((tx) => store.lockOpen(tx, meter))).map(({ id }) => id)).toEqual([a.id, b.id]);
      const lock = (tx: Transaction): Promise<unknown> => store.lockOpen(tx, meter);
      expect(await whoWaits(kept, lock, lock)).toEqual(["first", "second"]);
      expect(await whoWaits(kept, lock, (tx) => store.find(tx, b.id))).toEqual(["first", "second"]);
      expect(await whoWaits(kept, lock, () => store.take(b.id))).toEqual(["first", "second"]);
      expect(await whoWaits(kept, lock, () => store.find(null, b.id)), "a look alone waits for nobody").toEqual([
        "second",
        "first",
      ]);
    });

    test("who waited for a command looks at it anew: what ended meanwhile is neither taken, nor changed, nor open", async () => {
      const cancel =
        (id: CommandId) =>
        (tx: Transaction): Promise<unknown> =>
          store.change(tx, id, 0, ["accepted"], { state: "cancelled", endedAt: now, lookAt: null });
      const late: readonly ((tx: Transaction, id: CommandId) => Promise<unknown>)[] = [
        (_, id) => store.take(id),
        (tx, id) => store.change(tx, id, 0, ["accepted"], { state: "queued" }),
        (tx) => store.lockOpen(tx, meter),
        (_, id) => store.markQueued([id]),
      ];
      const answers: unknown[] = [];
      for (const ask of late) {
        const { id } = await accepted();
        const second = async (tx: Transaction): Promise<void> => void answers.push(await ask(tx, id));
        expect(await whoWaits(kept, cancel(id), second)).toEqual(["first", "second"]);
        expect(await store.find(null, id)).toMatchObject({ state: "cancelled", fence: 0 });
      }
      expect(answers).toEqual([null, false, [], []]);
    });

    test("the last one that ended, of these kinds", async () => {
      const ended = async (kind: CommandKind): Promise<CommandId> => {
        const { id } = await accepted({ kind, effect: "sets" });
        await end(id, 0, "unanswered", "accepted");
        return id;
      };
      await ended("disconnect");
      const second = await ended("disconnect");
      await ended("arm");
      await accepted({ kind: "disconnect", effect: "sets" });
      expect((await store.lastEnded(null, meter, ["disconnect"]))?.id).toBe(second);
      expect(await store.lastEnded(null, meter, ["protect"])).toBe(null);
    });

    test("counts by state are what the rows say", async () => {
      await accepted();
      const counts = await store.counts();
      const byState = Map.groupBy(await store.list({ limit: 1_000 }), ({ state }) => state);
      expect(new Map(counts.map(({ state, count }) => [state, count]))).toEqual(
        new Map([...byState].map(([state, rows]) => [state, rows.length])),
      );
    });
  });
});
