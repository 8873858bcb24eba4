/** Whole stories of guard rails: a bad import, lists and persons, a canary, stops, restarts. A clock that obeys, and stores in memory. */
import { describe, expect, test, vi } from "vitest";
import { hours, later, minutes, seconds } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import type { MeterAddress } from "../../src/kernel/ids.ts";
import { yuan } from "../../src/kernel/money.ts";
import { mustEnd } from "../../src/policy/exemptions.ts";
import type { CutBatch } from "../../src/policy/guard-store.ts";
import { accountOf, raiseRailsHouse, type Gateway, type RailsHouse } from "./rails-house.ts";

const refusal = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "taken";
  } catch (error) {
    if (!isFault(error)) throw error;
    return error.code;
  }
};
const approve = (house: RailsHouse, { id }: { readonly id: string }, actor: string, raisesBrake = false): Promise<CutBatch> =>
  house.db.transact((tx) => house.rooms.batches.approve(tx, id, { actor, note: "looked through", raisesBrake }));
const release = (house: RailsHouse, kind: "stop" | "brake", actor: string, { rooms }: Gateway = house) =>
  house.db.transact((tx) => rooms.halts.release(tx, kind, { actor, note: "the ledger is right again" }));
const stop = (house: RailsHouse) =>
  house.db.transact((tx) => house.rooms.halts.stop(tx, { actor: "anna", note: "smoke in the station" }));
const cuts = (house: RailsHouse) => house.commands().filter(({ kind }) => kind === "disconnect");
const onlyList = async (house: RailsHouse): Promise<CutBatch> => (await house.stores.guards.batches(10, null))[0]!;
const membersOf = (house: RailsHouse, { id }: CutBatch) => house.stores.guards.members(null, id);
const standing = async (house: RailsHouse) =>
  (await house.stores.guards.standing(null)).map(({ kind, because }) => `${kind}: ${because}`);
const orderedBy = (house: RailsHouse, actor: string, meter: MeterAddress, kind: "disconnect" | "reconnect") =>
  house.db.transact((tx) =>
    house.service.accept(tx, {
      ...{ kind, meter, account: accountOf(meter), payment: null, params: {} },
      ...{ askedBy: "person", askedByName: actor, reason: "ordered" },
    }),
  );

describe("a bad import that puts everybody into arrears", () => {
  test("is braked at three per cent: the thirteenth of four hundred is not cut, nor anybody after it", async () => {
    const house = await raiseRailsHouse({ meters: 400, rails: { approval: null } });
    await house.owe(...house.meters);
    await house.rules.reconcile();
    expect(house.unsent()).toHaveLength(400);
    const words = await house.sendAll();
    expect(house.left).toHaveLength(12); // 3 % of 400
    expect(words.slice(12).every((word) => word === "brake")).toBe(true);
    expect(await standing(house)).toEqual(["brake: too-many"]);
    expect(house.told).toContainEqual(expect.objectContaining({ type: "cuts", about: "brake", state: "stands" }));
    house.pass(minutes(30));
    await house.rules.reconcile();
    expect(house.unsent()).toEqual([]);
    expect(await house.rooms.heldBy(house.meters[99]!)).toEqual(["brake"]);
  });

  test("leads to a list for two persons before a single order is asked for, and the rules say so of everybody on it", async () => {
    const house = await raiseRailsHouse({ meters: 400 });
    await house.owe(...house.meters);
    await house.rules.reconcile();
    await house.rules.reconcile();
    expect(cuts(house)).toEqual([]);
    const list = await onlyList(house);
    expect(list).toMatchObject({ state: "proposed", proposedBy: "rules", first: null });
    expect(await membersOf(house, list)).toHaveLength(400);
    expect(await house.rooms.heldBy(house.meters[7]!)).toEqual(["approval"]);
    expect(await house.stores.policy.decisionsOf(accountOf(house.meters[7]!), 1)).toMatchObject([
      { stage: "cut-due", command: null },
    ]);
  });

  test("that comes in portions is no less a mass: the rest of the hour goes onto the list, too", async () => {
    const house = await raiseRailsHouse({ meters: 100 }); // five go by themselves
    for (let n = 0; n < 12; n += 3) {
      await house.owe(...house.meters.slice(n, n + 3));
      await house.rules.reconcile();
      await house.sendAll();
      house.pass(minutes(5));
    }
    expect(house.left).toHaveLength(3);
    expect(await membersOf(house, await onlyList(house))).toHaveLength(9);
  });

  test("is found out by its age where payments are imported: nobody is cut until somebody says that the ledger is whole", async () => {
    const house = await raiseRailsHouse({ meters: 100, rails: { brake: { importHours: 24, importChannels: ["bank"] } } });
    await house.pays(house.meters[50]!, "1.00");
    house.pass(hours(25));
    await house.reads();
    await house.rules.reconcile();
    expect(await standing(house), "nobody is due: nothing is at stake").toEqual([]);
    await house.owe(house.meters[0]!);
    await house.db.transact((tx) => house.rooms.noteImport(tx, "kiosk", "till"));
    await house.rules.reconcile();
    expect(await standing(house)).toEqual(["brake: import-stale"]);
    expect(cuts(house)).toEqual([]);
  });

  test("and that falls due while the rules are looking is one mass as well: nobody is asked for whom no look has counted", async () => {
    const house = await raiseRailsHouse({ meters: 100, rules: { noCut: { hours: "17:00-08:00" } } });
    house.pass(-hours(2) - 500); // half a second to eight
    await house.reads();
    await house.owe(...house.meters.slice(0, 40));
    const { commands } = house.db.books;
    // the look begins in the hours without cuts, and goes on beyond them
    const real = house.rooms.gate.pass.bind(house.rooms.gate);
    vi.spyOn(house.rooms.gate, "pass").mockImplementationOnce(async (...given) => {
      const said = await real(...given);
      house.pass(seconds(1));
      return said;
    });
    await house.rules.reconcile();
    expect(commands.all(null)).toEqual([]);
    await house.rules.reconcile();
    expect(cuts(house)).toEqual([]);
    expect(await membersOf(house, await onlyList(house))).toHaveLength(40);
  });

  test("and a channel that says it has nothing keeps the ledger fresh", async () => {
    const house = await raiseRailsHouse({ meters: 100, rails: { brake: { importHours: 24, importChannels: ["bank"] } } });
    house.pass(hours(23));
    await house.owe(house.meters[0]!);
    await house.db.transact((tx) => house.rooms.noteImport(tx, "bank", "till"));
    await house.rules.reconcile();
    expect([await standing(house), cuts(house).length]).toEqual([[], 1]);
  });
});

describe("a list of cuts", () => {
  const proposed = async (meters = 100, more: Partial<Parameters<typeof raiseRailsHouse>[0]> = {}) => {
    const house = await raiseRailsHouse({ meters, lines: 4, ...more });
    await house.owe(...house.meters.slice(0, 20));
    await house.rules.reconcile();
    return { house, list: await onlyList(house) };
  };

  test("is approved by two: the same person twice is refused, and so is nobody in particular", async () => {
    const { house, list } = await proposed();
    expect(await refusal(approve(house, list, "loopback"))).toBe("two-persons-needed");
    expect(await refusal(approve(house, list, "anna"))).toBe("taken");
    expect(await refusal(approve(house, list, "anna"))).toBe("two-persons-needed");
    expect(await refusal(approve(house, list, "loopback"))).toBe("two-persons-needed");
    await house.rules.reconcile();
    expect(cuts(house)).toEqual([]);
    expect(await approve(house, list, "bo")).toMatchObject({ state: "canary", first: { by: "anna" }, second: { by: "bo" } });
    expect(await refusal(approve(house, list, "cy"))).toBe("cut-batch-over");
  });

  test("is closed with the first word: who falls due later goes onto another, and whoever saw a shorter one is told", async () => {
    const { house, list } = await proposed();
    await house.owe(house.meters[30]!);
    await house.rules.reconcile();
    const short = { actor: "anna", note: "yes", raisesBrake: false, members: 20 };
    expect(await refusal(house.db.transact((tx) => house.rooms.batches.approve(tx, list.id, short)))).toBe("cut-batch-changed");
    await approve(house, list, "anna");
    await house.owe(house.meters[31]!);
    await house.rules.reconcile();
    expect(await membersOf(house, list)).toHaveLength(21);
    const next = await onlyList(house);
    expect(next.id).not.toBe(list.id);
    expect((await membersOf(house, next)).map(({ meter }) => meter)).toEqual([house.meters[31]]);
  });

  test("sends five ahead, of as many lines as there are, and the others only when each of the five is shown", async () => {
    const { house, list } = await proposed();
    await approve(house, list, "anna");
    await approve(house, list, "bo");
    await house.rules.reconcile();
    const first = house.unsent();
    expect(first).toHaveLength(5);
    const lines = new Set((await membersOf(house, list)).filter(({ isCanary }) => isCanary).map(({ line }) => line));
    expect(lines.size).toBe(4);
    for (const { id } of first.slice(0, 4)) {
      expect(await house.leaves(id)).toBe(null);
      await house.ends(id);
    }
    await house.rules.reconcile();
    expect(house.unsent()).toHaveLength(1);
    await house.sendAll();
    await house.rules.reconcile();
    expect(house.unsent().length).toBeGreaterThan(0);
    expect(await onlyList(house)).toMatchObject({ state: "running" });
  });

  test("one of whose first five does not show it is stopped: nothing else leaves, and a person is told why", async () => {
    const said: string[] = [];
    const alarms = {
      halted: () => Promise.resolve(),
      released: () => Promise.resolve(),
      proposed: () => Promise.resolve(),
      settled: (_: unknown, { state, because }: CutBatch) => Promise.resolve(void said.push(`${state} ${because}`)),
    };
    const { house, list } = await proposed(100, { alarms });
    await approve(house, list, "anna");
    await approve(house, list, "bo");
    await house.rules.reconcile();
    const [first, second] = house.unsent();
    for (const { id } of [first!, second!]) expect(await house.leaves(id)).toBe(null);
    await house.ends(first!.id, "stuck");
    await house.rules.reconcile(); // what had not left is taken back
    expect(house.unsent()).toEqual([]);
    await house.ends(second!.id);
    for (let n = 0; n < 3; n += 1) {
      house.pass(minutes(20));
      await house.rules.reconcile();
    }
    expect(house.left).toHaveLength(2);
    expect(await house.stores.guards.batch(null, list.id)).toMatchObject({ state: "stopped", because: "canary-failed" });
    expect(said).toEqual(["canary null", "stopped canary-failed"]);
  });

  test("leaves out who paid one second before his turn, says so, and cuts the others", async () => {
    const { house, list } = await proposed();
    await approve(house, list, "anna");
    await approve(house, list, "bo");
    house.pass(hours(1));
    await house.pays(house.meters[0]!, "100.00");
    house.pass(seconds(1));
    for (let n = 0; n < 12; n += 1) {
      await house.rules.reconcile();
      await house.sendAll();
      house.pass(minutes(3));
    }
    const members = await membersOf(house, list);
    expect(members.find(({ meter }) => meter === house.meters[0])).toMatchObject({ state: "left-out", because: "in-credit" });
    expect(members.filter(({ state }) => state === "cut")).toHaveLength(19);
    expect(house.left.map(({ meter }) => meter)).not.toContain(house.meters[0]);
    expect(await onlyList(house)).toMatchObject({ state: "done" });
    expect(await standing(house), "it keeps under the brake by itself").toEqual([]);
  });

  test("takes out who pays while his order waits: the payment's own transaction takes it back", async () => {
    const { house, list } = await proposed();
    await approve(house, list, "anna");
    await approve(house, list, "bo");
    await house.rules.reconcile();
    const [waits] = house.unsent();
    await house.pays(waits!.meter, "100.00");
    expect(house.commands().find(({ id }) => id === waits!.id)).toMatchObject({ state: "cancelled" });
    await house.rules.reconcile();
    expect((await membersOf(house, list)).find(({ meter }) => meter === waits!.meter)).toMatchObject({ state: "left-out" });
  });

  test("waits for the brake's minutes, unless both persons raise the brake for it", async () => {
    const both = await Promise.all(
      [
        [true, true],
        [true, false],
      ].map(async ([first, second]) => {
        const { house, list } = await proposed();
        await approve(house, list, "anna", first);
        await approve(house, list, "bo", second);
        for (let n = 0; n < 6; n += 1) {
          await house.rules.reconcile();
          await house.sendAll();
        }
        expect(await standing(house)).toEqual([]);
        return house.left.length;
      }),
    );
    expect(both).toEqual([20, 10]);
  });

  test("ends with its approval: what has not had its turn by then is left alone, and proposed anew", async () => {
    const { house, list } = await proposed();
    await approve(house, list, "anna");
    expect(await approve(house, list, "bo")).toMatchObject({ goodUntil: house.now() + hours(8) });
    await house.rules.reconcile();
    await house.sendAll();
    house.pass(hours(8));
    await house.rules.reconcile();
    expect(await house.stores.guards.batch(null, list.id)).toMatchObject({ state: "lapsed" });
    await house.rules.reconcile();
    expect(await onlyList(house)).toMatchObject({ state: "proposed" });
    expect(house.left).toHaveLength(5);
  });

  test("is good until the end of the hours in which somebody may be cut, where that comes sooner", async () => {
    const { house, list } = await proposed(100, { rules: { noCut: { hours: "12:00-08:00", weekends: false } } });
    await approve(house, list, "anna");
    expect(await approve(house, list, "bo")).toMatchObject({ goodUntil: house.now() + hours(2) });
  });

  test("that was declined asks for nobody on the same day, and for everybody on the next", async () => {
    const { house, list } = await proposed();
    await house.db.transact((tx) => house.rooms.batches.decline(tx, list.id, { actor: "anna", note: "the import is wrong" }));
    house.pass(hours(12));
    await house.rules.reconcile();
    expect([cuts(house), (await onlyList(house)).id]).toEqual([[], list.id]);
    house.pass(hours(12) + 1);
    await house.reads();
    await house.rules.reconcile();
    expect((await onlyList(house)).id).not.toBe(list.id);
  });

  test("is approved by nobody while a stop stands, and by two when it is released", async () => {
    const { house, list } = await proposed();
    await approve(house, list, "anna");
    await stop(house);
    expect(await refusal(approve(house, list, "bo"))).toBe("emergency-stop");
    for (const who of ["anna", "bo"]) await release(house, "stop", who);
    expect(await approve(house, list, "bo")).toMatchObject({ state: "canary" });
  });

  test("that runs is stopped by one person, and what has not left is taken back", async () => {
    const { house, list } = await proposed();
    await approve(house, list, "anna");
    await approve(house, list, "bo");
    await house.rules.reconcile();
    const [waiting] = house.unsent();
    await house.db.transact((tx) => house.rooms.batches.decline(tx, list.id, { actor: "cy", note: "wait" }));
    const word = await house.leaves(waiting!.id);
    expect(word, "also before the rules look again, by the same name as after it; the person's own words stand on the list").toBe(
      "batch-over",
    );
    await house.rules.reconcile();
    expect([house.unsent(), house.left]).toEqual([[], []]);
  });

  test("sends nothing a second time once it was stopped: what met silence ends unanswered", async () => {
    const { house, list } = await proposed();
    await approve(house, list, "anna");
    await approve(house, list, "bo");
    await house.rules.reconcile();
    const [lost] = house.unsent();
    expect(await house.leaves(lost!.id)).toBe(null);
    expect(await house.leaves(lost!.id, house, 2), "the list runs: it may be tried again").toBe(null);
    await house.db.transact((tx) => house.rooms.batches.decline(tx, list.id, { actor: "cy", note: "the bank was late" }));
    expect(await house.leaves(lost!.id, house, 3)).toBe("batch-over");
    expect(house.commands().find(({ id }) => id === lost!.id)).toMatchObject({ state: "unanswered", because: "batch-over" });
  });

  test("takes nobody for a canary whose meter was cut already: another goes first", async () => {
    const { house, list } = await proposed();
    await approve(house, list, "anna");
    await approve(house, list, "bo");
    await house.rules.reconcile();
    for (const { id } of house.unsent()) await house.isDarkAlready(id);
    await house.rules.reconcile();
    expect((await onlyList(house)).state, "not one order was seen to be obeyed").toBe("canary");
    expect(house.unsent(), "five others are asked for").toHaveLength(5);
    const out = (await membersOf(house, list)).filter(({ state }) => state === "left-out");
    expect(out.map(({ because }) => because)).toEqual(Array.from({ length: 5 }, () => "already-cut"));
    expect(house.left).toEqual([]);
  });

  test("goes on beside whom it cannot ask for now: a cut of another list that has not ended, a row that fails", async () => {
    const { house, list } = await proposed();
    for (const who of ["anna", "bo"]) await approve(house, list, who);
    await house.rules.reconcile();
    const [fails, ...under] = house.unsent();
    for (const { id } of [fails!, ...under]) expect(await house.leaves(id)).toBe(null);
    await house.ends(fails!.id, "stuck");
    await house.rules.reconcile(); // stopped: the other four are under way still, and due
    house.pass(minutes(1));
    await house.rules.reconcile();
    const next = await onlyList(house);
    expect([next.id === list.id, (await membersOf(house, next)).length]).toEqual([false, 19]);
    const broken = (await membersOf(house, next)).findLast(({ meter }) => under.every((one) => one.meter !== meter))!.meter;
    const change = house.stores.guards.changeMember.bind(house.stores.guards);
    vi.spyOn(house.stores.guards, "changeMember").mockImplementation((tx, batch, meter, to) =>
      meter === broken ? Promise.reject(new Error("this row cannot be written")) : change(tx, batch, meter, to),
    );
    for (const who of ["anna", "bo"]) await approve(house, next, who);
    for (let n = 0; n < 60; n += 1) {
      await house.rules.reconcile();
      for (const { id } of house.unsent()) if ((await house.leaves(id)) === null) await house.ends(id);
      house.pass(n % 3 === 2 ? minutes(1) : seconds(1)); // a list has several turns before anybody has rested
    }
    const stands = (await membersOf(house, next)).map(({ meter, state }) => [meter, state] as const);
    const waiting = stands.filter(([, state]) => state === "waiting").map(([meter]) => meter);
    expect(waiting.toSorted()).toEqual([...under.map(({ meter }) => meter), broken].toSorted());
    expect(stands.filter(([, state]) => state === "cut")).toHaveLength(14);
    for (const { id } of under) await house.ends(id);
    await house.rules.reconcile();
    expect((await membersOf(house, next)).filter(({ because }) => because === "already-cut")).toHaveLength(4);
  });

  test("is put together behind the rows of its meters: a cut that leaves meanwhile and the list never wait for each other", async () => {
    const ways: ((house: RailsHouse) => Promise<unknown>)[] = [
      (house) => house.rules.reconcile(),
      (house) =>
        house.db.transact((tx) =>
          house.rooms.batches.propose(tx, { actor: "anna", reason: "visited", raisesBrake: false, of: null }),
        ),
    ];
    for (const put of ways) {
      const house = await raiseRailsHouse({ meters: 30 });
      await house.owe(...house.meters.slice(0, 9));
      const [holds, goes] = [Promise.withResolvers<null>(), Promise.withResolvers<null>()];
      let runs = 0;
      const leaving = house.db.transact(async (tx) => {
        runs += 1;
        await house.stores.meters.meter(tx, house.meters[3]!);
        holds.resolve(null);
        await goes.promise;
        await house.stores.guards.lock(tx);
      });
      await holds.promise;
      const written = vi.spyOn(house.stores.guards, "addMembers");
      const list = put(house);
      await new Promise((after) => setImmediate(after)); // in memory all that can go on has gone on by then
      goes.resolve(null);
      await Promise.all([leaving, list]);
      expect([runs, written.mock.calls.length], "nobody had to begin again").toEqual([1, 1]);
      expect(await membersOf(house, await onlyList(house))).toHaveLength(9);
    }
  });

  test("of very many is written some at a time, so that nobody stands behind all of them; where somebody says yes in between, the rest is another list", async () => {
    const many = 1_200;
    const house = await raiseRailsHouse({ meters: many });
    await house.owe(...house.meters);
    const written: number[] = [];
    const { guards } = house.stores;
    const addMembers = guards.addMembers.bind(guards);
    const spy = vi.spyOn(guards, "addMembers").mockImplementation(async (tx, batch, members) => {
      written.push(members.length);
      await addMembers(tx, batch, members);
    });
    await house.rules.reconcile();
    expect([written, (await membersOf(house, await onlyList(house))).length]).toEqual([[500, 500, 200], many]);
    spy.mockRestore();

    const other = await raiseRailsHouse({ meters: many });
    await other.owe(...other.meters);
    const store = other.stores.guards;
    const plain = store.addMembers.bind(store);
    vi.spyOn(store, "addMembers").mockImplementation(async (tx, batch, members) => {
      await plain(tx, batch, members);
      // the first person says yes to what stands there
      const { proposedAt } = (await store.batch(tx, batch))!;
      const first = { by: "anna", at: proposedAt, note: "", raisesBrake: false };
      if (members.length === 500) await store.changeBatch(tx, batch, { first });
    });
    await other.rules.reconcile();
    const lists = await other.rooms.batches.list(9, null);
    const counts = await Promise.all(lists.map(async ({ id }) => (await other.rooms.batches.find(id)).members.length));
    expect(counts.sort((a, b) => a - b)).toEqual([200, 500, 500]);
  });

  test("that was written in part when the gateway died is whole after the next look, with everybody on it once; nobody is cut by it before", async () => {
    const many = 1_200;
    const house = await raiseRailsHouse({ meters: many });
    await house.owe(...house.meters);
    const { guards } = house.stores;
    const plain = guards.addMembers.bind(guards);
    let parts = 0;
    const spy = vi.spyOn(guards, "addMembers").mockImplementation((tx, batch, members) => {
      parts += 1;
      return parts === 2 ? Promise.reject(new Error("the process died")) : plain(tx, batch, members);
    });
    await house.rules.reconcile();
    expect(await membersOf(house, await onlyList(house))).toHaveLength(500);
    spy.mockRestore();
    await house.rules.reconcile();
    await house.sendAll();
    const members = await membersOf(house, await onlyList(house));
    expect([members.length, new Set(members.map(({ meter }) => meter)).size]).toEqual([many, many]);
    expect([await house.stores.guards.batches(9, null), house.left]).toMatchObject([[{ state: "proposed" }], []]);
  });

  test("that a person proposes has that person's word already; who is not due is named and left out", async () => {
    const house = await raiseRailsHouse({ meters: 30 });
    await house.owe(house.meters[0]!, house.meters[1]!);
    const of = { accounts: [accountOf(house.meters[0]!), accountOf(house.meters[9]!)], meters: [] };
    const wish = { actor: "anna", reason: "visited", raisesBrake: false, of };
    const { batch, notDue } = await house.db.transact((tx) => house.rooms.batches.propose(tx, wish));
    expect(notDue).toEqual([{ account: accountOf(house.meters[9]!), meter: house.meters[9], because: "in-credit" }]);
    expect(await refusal(approve(house, batch, "anna"))).toBe("two-persons-needed");
    await approve(house, batch, "bo");
    await house.rules.reconcile();
    await house.sendAll();
    expect(house.left.map(({ meter }) => meter).sort()).toEqual(house.meters.slice(0, 2)); // the other one by the rules alone
    const nobody = { ...wish, of: { accounts: [accountOf(house.meters[20]!)], meters: [] } };
    expect(await refusal(house.db.transact((tx) => house.rooms.batches.propose(tx, nobody)))).toBe("nothing-due");
    expect(await refusal(house.db.transact((tx) => house.rooms.batches.propose(tx, { ...wish, actor: "loopback" })))).toBe(
      "two-persons-needed",
    );
  });
});

describe("the brake", () => {
  const braked = async () => {
    const house = await raiseRailsHouse({ meters: 100, rails: { approval: null } });
    await house.owe(...house.meters);
    await house.rules.reconcile();
    await house.sendAll();
    expect(house.left).toHaveLength(10);
    return house;
  };

  test("trips when five cuts in a row are not shown by their meters", async () => {
    const house = await raiseRailsHouse({ meters: 300 });
    await house.owe(...house.meters.slice(0, 8));
    await house.rules.reconcile();
    const words: (string | null)[] = [];
    for (const { id } of house.unsent()) {
      words.push(await house.leaves(id));
      if (words.at(-1) === null) await house.ends(id, "silence");
    }
    expect(words).toEqual([null, null, null, null, null, "brake", "brake", "brake"]);
    expect(await standing(house)).toEqual(["brake: failures"]);
  });

  test("and is heard of although nobody is due just then", async () => {
    const house = await raiseRailsHouse({ meters: 300 });
    await house.owe(...house.meters.slice(0, 5));
    await house.rules.reconcile();
    for (const { id } of house.unsent()) {
      await house.leaves(id);
      await house.ends(id, "stuck");
    }
    for (const meter of house.meters.slice(0, 5)) await house.has(meter, "10.00");
    await house.rules.reconcile();
    expect(await standing(house)).toEqual(["brake: failures"]);
  });

  test("stands through a restart and for the other gateway, until two persons release it; then it counts anew", async () => {
    const house = await braked();
    const other = house.twin();
    house.pass(hours(2));
    await other.rules.reconcile();
    expect(house.unsent()).toEqual([]);
    expect(await refusal(release(house, "brake", "loopback"))).toBe("two-persons-needed");
    await release(house, "brake", "anna", other);
    expect(await refusal(release(house, "brake", "anna"))).toBe("two-persons-needed");
    await other.rules.reconcile();
    expect(house.unsent()).toEqual([]);
    await release(house, "brake", "bo", other);
    expect(await refusal(release(house, "brake", "cy"))).toBe("nothing-halted");
    await other.rules.reconcile();
    await house.sendAll();
    expect(house.left).toHaveLength(20);
    expect(await standing(house)).toEqual(["brake: too-many"]);
  });

  test("does not take yesterday's word for half of today's release", async () => {
    const house = await braked();
    await release(house, "brake", "anna");
    house.pass(hours(24) + 1);
    expect(await release(house, "brake", "bo")).toMatchObject({ asked: { by: "bo" }, released: null });
  });

  test("counts two gateways as one, however many leave in the same moment", async () => {
    const house = await raiseRailsHouse({ meters: 100, rails: { approval: null } });
    const other = house.twin();
    await house.owe(...house.meters.slice(0, 40));
    await Promise.all([house.rules.reconcile(), other.rules.reconcile()]);
    const waiting = house.unsent();
    expect(waiting).toHaveLength(40);
    const words = await Promise.all(waiting.map(({ id }, n) => house.leaves(id, n % 2 === 0 ? house : other)));
    expect(words.filter((word) => word === null)).toHaveLength(10);
    expect(await standing(house)).toEqual(["brake: too-many"]);
  });

  test("counts what fails after the clock was set back, whatever went well in the hour that comes again", async () => {
    const house = await raiseRailsHouse({ meters: 100, rails: { approval: null } });
    await house.owe(house.meters[0]!);
    await house.rules.reconcile();
    await house.sendAll();
    house.pass(-hours(1));
    await house.reads();
    for (const meter of house.meters.slice(1, 6)) {
      await house.owe(meter);
      await house.rules.reconcile();
      const [cut] = house.unsent();
      expect(await house.leaves(cut!.id)).toBe(null);
      await house.ends(cut!.id, "stuck");
      house.pass(minutes(2));
    }
    await house.rules.reconcile();
    expect(await standing(house)).toEqual(["brake: failures"]);
  });

  test("that was released in the hour that comes again trips all the same, and is not tripped by that hour", async () => {
    const house = await raiseRailsHouse({ meters: 400, rails: { approval: null } });
    await house.owe(...house.meters.slice(0, 40));
    await house.rules.reconcile();
    await house.sendAll();
    expect(house.left).toHaveLength(12);
    await release(house, "brake", "anna");
    await release(house, "brake", "bo");
    house.pass(-hours(1));
    await house.reads();
    await house.rules.reconcile();
    await house.sendAll();
    expect(house.left, "twelve more, and no thirteenth").toHaveLength(24);
    expect(await standing(house)).toEqual(["brake: too-many"]);
    await release(house, "brake", "anna");
    await release(house, "brake", "bo");
    house.pass(minutes(11));
    await house.reads();
    await house.rules.reconcile();
    await house.sendAll();
    expect(house.left, "what left in the hour to come is not counted against it").toHaveLength(36);
  });

  test("does not trip again and again because of relays that are known to be stuck", async () => {
    const house = await raiseRailsHouse({ meters: 300 });
    const round = async (): Promise<void> => {
      await house.rules.reconcile();
      for (const { id } of house.unsent()) if ((await house.leaves(id)) === null) await house.ends(id, "stuck");
      house.pass(minutes(16));
    };
    await house.owe(...house.meters.slice(0, 4));
    for (let n = 0; n < 4; n += 1) await round();
    expect([house.left.length, await standing(house)]).toEqual([16, []]);
    await house.owe(house.meters[4]!);
    await round();
    await house.rules.reconcile();
    expect(await standing(house)).toEqual(["brake: failures"]);
    await release(house, "brake", "anna");
    await release(house, "brake", "bo");
    for (let n = 0; n < 3; n += 1) await round();
    expect([house.left.length > 25, await standing(house)]).toEqual([true, []]);
  });

  test("and a relay that is stuck for ever does not bring its neighbours before two persons", async () => {
    const house = await raiseRailsHouse({ meters: 30 }); // five an hour
    await house.owe(...house.meters.slice(0, 4));
    await house.rules.reconcile();
    for (const { id } of house.unsent()) {
      await house.leaves(id);
      await house.ends(id, "stuck");
    }
    house.pass(hours(1) + minutes(10));
    await house.rules.reconcile();
    for (const { id } of house.unsent()) {
      await house.leaves(id);
      await house.ends(id, "confirmed");
    }
    expect(await standing(house)).toEqual([]);
  });
});

describe("an emergency stop", () => {
  test("holds back everybody's cuts at the wire and at the door, takes back what has not left, and lets restores go", async () => {
    const house = await raiseRailsHouse({ meters: 30 });
    const [dark, due, persons, other] = house.meters as [MeterAddress, MeterAddress, MeterAddress, MeterAddress];
    await house.owe(dark);
    await house.rules.reconcile();
    await house.sendAll();
    await house.owe(due);
    await house.rules.reconcile();
    const ordered = await orderedBy(house, "bo", persons, "disconnect");
    const [automatic] = house.unsent();
    await stop(house);
    expect([await house.leaves(automatic!.id), await house.leaves(ordered.id)]).toEqual(["emergency-stop", "emergency-stop"]);
    expect(await refusal(orderedBy(house, "bo", other, "disconnect"))).toBe("emergency-stop");
    await house.pays(dark, "100.00");
    await orderedBy(house, "bo", other, "reconnect");
    expect(await house.sendAll(), "two restores").toEqual([null, null]);
    await house.rules.reconcile();
    expect(house.unsent()).toEqual([]);
    expect(house.left.map(({ meter }) => meter)).toEqual([dark]);
    await stop(house);
    expect(await house.stores.guards.halts(9), "pressed twice it is one").toHaveLength(1);
  });

  test("is released by two persons, and the rules ask anew", async () => {
    const house = await raiseRailsHouse({ meters: 30 });
    await house.owe(house.meters[0]!);
    await house.rules.reconcile();
    await stop(house);
    await house.rules.reconcile();
    expect(house.unsent(), "taken back at the next look").toEqual([]);
    await release(house, "stop", "anna");
    expect(await refusal(release(house, "stop", "anna"))).toBe("two-persons-needed");
    await house.rules.reconcile();
    expect(house.unsent()).toEqual([]);
    await release(house, "stop", "bo");
    await house.rules.reconcile();
    expect(await house.sendAll()).toEqual([null]);
  });

  test("pressed again takes back the word of whoever would release it: it is said anew, knowing of the new alarm", async () => {
    const house = await raiseRailsHouse({ meters: 30 });
    await stop(house);
    await release(house, "stop", "anna");
    await stop(house);
    expect(await release(house, "stop", "bo")).toMatchObject({ asked: { by: "bo" }, released: null });
    expect((await house.stores.guards.standing(null)).map(({ kind }) => kind)).toEqual(["stop"]);
    expect(await release(house, "stop", "anna")).toMatchObject({ asked: { by: "bo" }, released: { by: "anna" } });
  });

  test("ends a list that runs for good", async () => {
    const house = await raiseRailsHouse({ meters: 100 });
    await house.owe(...house.meters.slice(0, 20));
    await house.rules.reconcile();
    const list = await onlyList(house);
    await approve(house, list, "anna");
    await approve(house, list, "bo");
    await house.rules.reconcile();
    await stop(house);
    await house.rules.reconcile();
    expect(await house.stores.guards.batch(null, list.id)).toMatchObject({ state: "stopped", because: "emergency-stop" });
    expect([house.unsent(), house.left]).toEqual([[], []]);
  });
});

describe("an important customer", () => {
  const classes = new Map([["key", { protected: true }]]);
  test("is cut by a person only with a second one, and restored by one alone", async () => {
    const house = await raiseRailsHouse({ meters: 4, classes, classOf: (n) => (n === 0 ? "key" : "residential") });
    const [key, called, usual] = house.meters as [MeterAddress, MeterAddress, MeterAddress];
    await house.db.transact((tx) =>
      house.stores.exemptions.insert(tx, {
        ...{ id: "one", account: accountOf(called), kind: "important", from: house.now(), until: later(house.now(), hours(1)) },
        ...{ reason: "a clinic", madeBy: "desk", endedAt: null, endedBy: null, remindedAt: null },
      }),
    );
    expect(await orderedBy(house, "anna", usual, "disconnect")).toMatchObject({ waitingFor: null });
    for (const meter of [key, called]) {
      const waits = await orderedBy(house, "anna", meter, "disconnect");
      expect(waits).toMatchObject({ waitingFor: "approval" });
      const yes = (actor: string) => house.db.transact((tx) => house.service.approve(tx, waits.id, { actor, note: "agreed" }));
      expect(await refusal(yes("anna"))).toBe("two-persons-needed");
      expect(await yes("bo")).toMatchObject({ approval: { by: "bo" } });
      expect(await orderedBy(house, "anna", meter, "reconnect")).toMatchObject({ waitingFor: null });
    }
    expect(await refusal(orderedBy(house, "loopback", key, "disconnect"))).toBe("two-persons-needed");
    await house.owe(key, called);
    await house.rules.reconcile();
    expect(cuts(house).filter(({ askedBy }) => askedBy === "rule")).toEqual([]);
    house.pass(hours(1));
    expect(await orderedBy(house, "anna", called, "disconnect"), "when that is over").toMatchObject({ waitingFor: null });
  });
});

test("a hold is anybody's word for a week at most, and leaves a household as it is", async () => {
  const house = await raiseRailsHouse({ meters: 4 });
  const end = (days: number) => () => mustEnd(house.now(), later(house.now(), hours(24 * days)), "hold");
  expect(end(7)).not.toThrow();
  expect(end(8)).toThrow(/more than 7 days ahead/);
  const [held] = house.meters as [MeterAddress];
  await house.owe(held);
  await house.db.transact((tx) =>
    house.stores.exemptions.insert(tx, {
      ...{ id: "one", account: accountOf(held), kind: "hold", from: house.now(), until: later(house.now(), hours(1)) },
      ...{ reason: "asks for an hour", madeBy: "anna", endedAt: null, endedBy: null, remindedAt: null },
    }),
  );
  await house.rules.reconcile();
  expect(cuts(house)).toEqual([]);
  house.pass(hours(1));
  await house.rules.reconcile();
  expect(cuts(house)).toHaveLength(1);
});

describe("a dry run", () => {
  test("in shadow tells who would be cut, who owes and would not, what it comes to and how long it takes; and changes nothing", async () => {
    const rules = { mode: "shadow", noCut: { hours: "", weekends: false } } as const;
    const classes = new Map([["key", { protected: true }]]);
    const house = await raiseRailsHouse({
      meters: 40,
      lines: 2,
      rules,
      classes,
      classOf: (n) => (n === 0 ? "key" : "residential"),
    });
    await house.owe(...house.meters.slice(0, 9));
    await house.has(house.meters[3]!, "-20.00");
    const preview = await house.rooms.preview.draw("owed", "desc");
    expect(preview).toMatchObject({
      meters: 40,
      due: 8,
      held: 1,
      share: 0.2,
      needsApproval: true,
      approvalLimit: 5,
      brakeLimit: 10,
    });
    expect(yuan(preview.owed)).toBe("55.00");
    expect(preview.rows[0]).toMatchObject({ meter: house.meters[3], due: true, held: ["approval", "shadow"], owed: 2_000n });
    expect(preview.rows.find(({ meter }) => meter === house.meters[0])).toMatchObject({
      due: false,
      held: ["class-protected", "shadow"],
    });
    expect(preview.seconds.byLines).toBeGreaterThan(0);
    const lines = await house.rooms.preview.draw("line", "asc");
    expect(lines.rows.map(({ line }) => line)).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2].map((n) => `line-${n}`));
    await house.rules.reconcile();
    expect([cuts(house), await house.stores.guards.batches(9, null)]).toEqual([[], []]);
  });
});
