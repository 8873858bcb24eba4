/** Dark hours that come again, items of incidents, cuts that cannot be judged, and what incidents say against cuts: rooms upon stores in memory, without wires. */
import { beforeEach, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import type { Command } from "../../src/commands/command.ts";
import type { Exceptions } from "../../src/exceptions/exceptions.ts";
import { wrongCuts } from "../../src/house/indicators.ts";
import type { EngineBooks } from "../../src/house/ports.ts";
import { hours, Instant, later, minutes, ShiftableClock, type Clock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { NoCutsInForce } from "../../src/policy/no-cuts-in-force.ts";
import type { NoCutSpan } from "../../src/policy/no-cuts.ts";
import { CutWatch, type CutWatchParts } from "../../src/recovery/cut-watch.ts";
import { RecoveryDesk } from "../../src/recovery/desk.ts";
import type { Wish } from "../../src/recovery/detect.ts";
import { Incidents } from "../../src/recovery/incidents.ts";
import { RecoveryWatch } from "../../src/recovery/recovery-watch.ts";
import type { Point, RecoveryStore } from "../../src/recovery/recovery-store.ts";
import { usualRecovery } from "../../src/recovery/settings.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory, type StoresInMemory } from "../../src/stores/in-memory/stores.ts";
import { aCommand } from "../support/a-command.ts";
import { exceptionsOn, ItemsInMemory } from "../support/items-in-memory.ts";

const METER = MeterAddress("202611220001");
const ACCOUNT = AccountId("1");
const NOON = Instant(Date.parse("2026-11-23T12:00:00+08:00"));
const nothing = (): Promise<never> => Promise.reject(new Error("no item is asked for here"));

let db: InMemoryDatabase;
let stores: StoresInMemory;
let clock: ShiftableClock;
let cut: Command;
beforeEach(async () => {
  clock = new ShiftableClock(NOON);
  db = new InMemoryDatabase({ now: () => NOON });
  stores = storesInMemory(db, clock);
  await stores.meters.bringIn(
    [{ account: ACCOUNT, name: "", class: "residential", tariff: "flat", mode: "remote" }],
    [
      {
        ...{ address: METER, meterNumber: "", customerNumber: "", account: ACCOUNT, bus: BusId("b") },
        ...{ model: "remote-ledger", relayPassword: null },
      },
    ],
  );
  cut = aCommand({ meter: METER, account: ACCOUNT, createdAt: NOON, kind: "disconnect", effect: "sets", askedBy: "rule" });
  cut = await confirmed(cut);
});
const confirmed = async (order: Command): Promise<Command> => {
  const done = { state: "confirmed", sentAt: NOON, verifiedAt: NOON, endedAt: NOON } as const;
  await write((tx) => stores.commands.insert(tx, order));
  await stores.commands.change(null, order.id, 0, ["accepted"], done);
  return { ...order, ...done };
};
const write = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => db.transact(work);

const point = (): Point => ({
  ...{ meter: METER, account: ACCOUNT, class: "residential", mode: "remote", model: "remote-ledger", bus: "b" },
  ...{ relay: "disconnected", relayAt: later(NOON, hours(48)), identity: "confirmed", cutBy: "rule", cut, restore: null },
  ...{ wanted: null, walletPaidAt: null, register: "100.00", readAt: NOON },
});
const wish = (ms: number): Wish => ({ since: later(NOON, ms), by: "rules", way: "reconnect" });
const desk = (items: ItemsInMemory): Exceptions =>
  exceptionsOn(items, { clock, newId: uuidv7, outbox: { announce: () => Promise.resolve() } } as unknown as EngineBooks);
const incidentsOn = (items: ItemsInMemory, by: Clock = clock): Incidents =>
  new Incidents({
    ...{ store: stores.recovery, clock: by, newId: uuidv7, settings: usualRecovery, timeZone: "Asia/Shanghai" },
    ...{ exceptions: desk(items), items },
  });

describe("dark hours that come again behind the same cut", () => {
  const make = (): Incidents => incidentsOn(new ItemsInMemory());
  const stepsOf = async (id: string) => (await stores.recovery.steps(id as never)).map(({ what }) => what);

  test("are the same incident, open again, where the money was taken back and then paid anew", async () => {
    const incidents = make();
    const first = await write((tx) => incidents.found(tx, point(), "paid-but-dark", wish(minutes(1))));
    await write((tx) => incidents.withdrawn(tx, first!.id));
    const again = await write((tx) => incidents.found(tx, point(), "paid-but-dark", wish(hours(3))));
    expect(again).toMatchObject({ id: first!.id, endedAt: null, level: 0, wishedAt: later(NOON, hours(3)) });
    expect(await stepsOf(first!.id)).toEqual(["found", "withdrawn", "wanted-again"]);
    expect(await write((tx) => incidents.found(tx, point(), "paid-but-dark", wish(hours(3)))), "once").toBe(null);
  });

  test("are another incident, of no cut of ours, where supply had been seen, and are not counted from an older wish", async () => {
    const incidents = make();
    const first = await write((tx) => incidents.found(tx, point(), "paid-but-dark", wish(minutes(1))));
    const bright: Point = { ...point(), relay: "connected", relayAt: later(NOON, minutes(30)) };
    await write((tx) => incidents.restored(tx, first!.id, bright));
    const second = await write((tx) => incidents.found(tx, point(), "paid-but-dark", wish(minutes(1))));
    expect(second).toMatchObject({
      cut: null,
      wishedAt: later(NOON, hours(48)),
      darkSince: later(NOON, hours(48)),
      endedAt: null,
    });
    expect(await write((tx) => incidents.found(tx, point(), "paid-but-dark", wish(minutes(1)))), "once").toBe(null);
    expect(await stores.recovery.open()).toHaveLength(1);
  });

  test("are no hours of a cut that an order restored months ago, though nothing was wrong then", async () => {
    const restored = { kind: "reconnect", state: "confirmed", verifiedAt: later(NOON, minutes(3)) } as const;
    const order = aCommand({ meter: METER, createdAt: later(NOON, minutes(2)), effect: "sets", ...restored });
    const since = hours(24 * 60);
    const now = { ...point(), restore: order, relayAt: later(NOON, since + 1) };
    const made = await write((tx) => make().found(tx, now, "paid-but-dark", wish(since)));
    expect(made).toMatchObject({ cut: null, darkSince: later(NOON, since), wishedAt: later(NOON, since) });
  });

  test("of a wallet that was paid days ago began not with its purchase", async () => {
    const seen: Point = { ...point(), mode: "local", cut: null, cutBy: null, relayAt: later(NOON, hours(48)) };
    await clock.jump(hours(48));
    const paid = (ms: number): Wish => ({ since: later(NOON, ms), by: "wallet", way: "arm" });
    const made = await write((tx) => make().found(tx, seen, "paid-but-dark", paid(0)));
    expect(clock.now() - made!.wishedAt!).toBeLessThan(usualRecovery.promiseMs + minutes(1));
    await write((tx) => make().withdrawn(tx, made!.id));
    const today = await write((tx) => make().found(tx, seen, "paid-but-dark", paid(hours(47))));
    expect(today!.wishedAt).toBe(later(NOON, hours(47)));
  });
});

describe("the end of dark hours", () => {
  const orders = async (kind: "reconnect" | "arm" | "disconnect", ms: number): Promise<Command> => {
    const order = aCommand({ meter: METER, account: ACCOUNT, createdAt: later(NOON, ms), kind, effect: "sets", askedBy: "rule" });
    const verifiedAt = later(NOON, ms);
    await write((tx) => stores.commands.insert(tx, order));
    const done = { state: "confirmed", sentAt: verifiedAt, verifiedAt, endedAt: verifiedAt } as const;
    await stores.commands.change(null, order.id, 0, ["accepted"], done);
    return { ...order, ...done };
  };
  const ends = async (foundAt: number, restore: Command) => {
    const incidents = incidentsOn(new ItemsInMemory(), { now: () => later(NOON, foundAt), wait: () => Promise.resolve() });
    const made = await write((tx) => incidents.found(tx, point(), "false-register", null));
    return (bright: Partial<Point> = {}) =>
      write((tx) => incidents.restored(tx, made!.id, { ...point(), relay: "connected", restore, ...bright }));
  };

  test.each(["reconnect", "arm"] as const)(
    "that are found late is the first %s after their cut, not that of a later one",
    async (kind) => {
      const first = await orders(kind, hours(1));
      await orders("disconnect", hours(96));
      const ended = await (await ends(hours(120), await orders(kind, hours(97))))();
      expect(ended).toMatchObject({ darkSince: NOON, restoredAt: later(NOON, hours(1)), restoredBy: first.id });
    },
  );

  test("is no arm that was confirmed meanwhile and left them as they were", async () => {
    await orders("arm", minutes(10));
    const direct = await orders("reconnect", hours(2));
    expect(await (await ends(minutes(5), direct))()).toMatchObject({ restoredBy: direct.id, restoredAt: direct.verifiedAt });
  });

  test("is the arm where that is what was promised", async () => {
    const freed = await orders("arm", minutes(10));
    expect(await (await ends(minutes(5), freed))({ relay: "armed" })).toMatchObject({ restoredBy: freed.id });
  });
});

describe("the item of an incident", () => {
  let items: ItemsInMemory;
  let incidents: Incidents;
  beforeEach(() => {
    items = new ItemsInMemory();
    incidents = incidentsOn(items);
  });
  const openKinds = () => items.open.map(({ kind, because, owner }) => [kind, because, owner]);

  test("of a wrong cut whose restore took long is a work order meanwhile, and then somebody's to talk to the customer", async () => {
    const made = await write((tx) => incidents.found(tx, point(), "cut-in-window", null));
    expect(openKinds()).toEqual([["false-cut", "cut-in-window", "operations"]]);
    await write((tx) => incidents.goesOn(tx, made!, point(), wish(minutes(1)), 1));
    expect(openKinds()).toEqual([["restore-failed", "not-ordered", "field-desk"]]);
    await write((tx) => incidents.restored(tx, made!.id, { ...point(), relay: "connected" }));
    expect(openKinds()).toEqual([["false-cut", "cut-in-window", "operations"]]);
  });

  test("is made anew where it was closed and goes up: it is dark still", async () => {
    const made = await write((tx) => incidents.found(tx, point(), "paid-but-dark", wish(0)));
    await write((tx) => incidents.goesOn(tx, made!, point(), wish(0), 1));
    const [item] = items.open;
    await write((tx) => desk(items).end(tx, item!, { by: "Wang", note: "nothing to be seen there" }));
    const again = await stores.recovery.find(made!.id);
    await write((tx) => incidents.goesOn(tx, again!, point(), wish(0), 2));
    expect(openKinds()).toEqual([["restore-failed", "not-ordered", "field-lead"]]);
  });

  test("of a cut that nobody takes back leaves its incident open when people close it, until supply is seen; then its customer is asked", async () => {
    const made = await write((tx) => incidents.found(tx, point(), "false-register", null));
    await write((tx) => incidents.goesOn(tx, made!, point(), wish(minutes(1)), 1));
    await write((tx) => incidents.settled(tx, made!.id));
    expect(openKinds()).toEqual([["false-cut", "false-register", "operations"]]);
    await write((tx) => desk(items).end(tx, items.open[0]!, { by: "Wang", note: "in arrears all the same" }));
    for (let look = 0; look < 2; look += 1) await write((tx) => incidents.settled(tx, made!.id));
    expect(await stores.recovery.open(), "nobody's, and what was wanted of it is over").toMatchObject([
      { id: made!.id, level: 0, wishedAt: null },
    ]);
    expect(items.open).toEqual([]);
    expect((await stores.recovery.steps(made!.id)).map(({ what }) => what)).toEqual(["found", "work-order", "withdrawn"]);
    const asks = new RecoveryDesk({ store: stores.recovery, exceptions: desk(items), items, clock });
    const said = { by: "Li", note: "called, all is well" };
    const follows = () => write((tx) => asks.followUp(tx, made!.id, said));
    await expect(follows()).rejects.toMatchObject({ code: "incident-open" });
    // he pays days later, and is restored before anybody looks
    const bright = { ...point(), relay: "connected", relayAt: later(NOON, hours(72)) } as const;
    const ended = await write((tx) => incidents.restored(tx, made!.id, bright));
    expect(ended).toMatchObject({ restoredAt: later(NOON, hours(72)) });
    expect(await stores.recovery.toRemind(later(ended!.followUpAt!, 1), 9)).toEqual([made!.id]);
    expect(await follows()).toMatchObject({ followedUpBy: "Li" });
  });

  test("of a wrong cut whose supply nobody will see leads to its customer all the same", async () => {
    const made = await write((tx) => incidents.found(tx, point(), "false-register", null));
    await write((tx) => incidents.withdrawn(tx, made!.id)); // its meter was taken away
    const { endedAt, followUpAt } = (await stores.recovery.find(made!.id))!;
    expect(followUpAt).toBe(later(endedAt!, usualRecovery.followUpMs));
    const asks = new RecoveryDesk({ store: stores.recovery, exceptions: desk(items), items, clock });
    await write((tx) => asks.followUp(tx, made!.id, { by: "Li", note: "called, all is well" }));
    expect(await stores.recovery.toRemind(later(followUpAt!, 1), 9)).toEqual([]);
  });

  test("tells at once of a wrong cut that is found beside an incident whose item had ended", async () => {
    const made = await write((tx) => incidents.found(tx, point(), "paid-but-dark", wish(0)));
    await write((tx) => incidents.goesOn(tx, made!, point(), wish(0), 1));
    await write((tx) => desk(items).end(tx, items.open[0]!, { by: "Wang", note: "nothing to be seen there" }));
    await write((tx) => incidents.found(tx, point(), "false-register", null));
    expect(openKinds()).toEqual([["false-cut", "false-register", "operations"]]);
  });
});

describe("cuts that are watched", () => {
  const watch = (store: RecoveryStore, more: Partial<CutWatchParts> = {}): CutWatch =>
    new CutWatch({
      ...{ store, clock, notices: stores.policy, transactor: db, log: silentLog, timeZone: "Asia/Shanghai" },
      ...{
        meters: stores.meters,
        noCuts: new NoCutsInForce({ store: stores.noCuts, clock, lineOf: () => ({ bus: "b", feeder: "f-1" }) }),
      },
      ...{ settings: usualRecovery, readSoon: () => undefined, isOurs: () => true, exceptions: { raise: nothing } },
      ...more,
    });
  const judgedBy = (rules: readonly unknown[]): RecoveryStore =>
    Object.assign(Object.create(stores.recovery) as RecoveryStore, {
      unwatchedCuts: (...of: Parameters<RecoveryStore["unwatchedCuts"]>) => stores.recovery.unwatchedCuts(...of),
      watchCut: (...of: Parameters<RecoveryStore["watchCut"]>) => stores.recovery.watchCut(...of),
      strategyOf: (id: string) => Promise.resolve(id === cut.id ? { version: "v", rules } : null),
    });

  test("are judged by what an older program kept: a rule that it did not know means what is usual", async () => {
    const kept = [
      { rule: "cutBelow", value: "0.00" },
      { rule: "noCut.hours", value: "11:00-13:00" },
    ];
    const said: string[] = [];
    await watch(judgedBy(kept)).examine((_, wrong) => Promise.resolve(void said.push(...wrong)));
    expect(said).toEqual(["cut-in-window"]);
  });

  const spanOf = (scope: string, changes: Partial<NoCutSpan> = {}): NoCutSpan => ({
    ...{ id: "01920000-0000-7000-8000-000000000001", kind: "bad-weather", scope, reason: "typhoon", saidBy: "anna" },
    ...{ from: later(NOON, -minutes(5)), until: later(NOON, minutes(5)), saidAt: later(NOON, -minutes(6)) },
    ...{ endedAt: null, endedBy: null, endReason: null },
    ...changes,
  });
  test.each([
    ["of the whole site", spanOf("site"), ["cut-in-window"]],
    ["of its feeder", spanOf("feeder f-1"), ["cut-in-window"]],
    ["of another line", spanOf("bus elsewhere"), []],
    ["only after it", spanOf("site", { saidAt: later(NOON, 1) }), []],
    ["of a time that was over", spanOf("site", { until: later(NOON, -minutes(1)) }), []],
    ["and was ended before it", spanOf("site", { endedAt: later(NOON, -minutes(1)), endedBy: "bo", endReason: "clear" }), []],
    ["and was ended after it", spanOf("site", { endedAt: later(NOON, 1), endedBy: "bo", endReason: "clear" }), ["cut-in-window"]],
  ])("are judged by what staff had said %s", async (_title, span, expected) => {
    await write(async (tx) => {
      await stores.noCuts.insert(tx, span);
      const { endedAt, endedBy, endReason } = span;
      if (endedAt !== null) await stores.noCuts.end(tx, span.id, { at: endedAt, by: endedBy!, reason: endReason! });
    });
    const said: string[] = [];
    await watch(stores.recovery).examine((_, wrong) => Promise.resolve(void said.push(...wrong)));
    expect(said).toEqual(expected);
  });

  test("are examined although one before them cannot be judged", async () => {
    const next = await confirmed({ ...cut, ...{ id: aCommand({ meter: METER, createdAt: NOON }).id, state: "accepted" } });
    const nonsense = [
      { rule: "cutBelow", value: "nonsense" },
      { rule: "noCut.hours", value: "" },
    ];
    await watch(judgedBy(nonsense)).examine(() => Promise.resolve());
    expect((await stores.recovery.watchedCuts(9, null)).map(({ command }) => command)).toEqual([next.id]);
  });

  test("end a week after their meter was taken away, and do not stay in every round for ever", async () => {
    await watch(judgedBy([])).examine(() => Promise.resolve());
    const away = Object.assign(Object.create(stores.recovery) as RecoveryStore, {
      point: () => Promise.resolve(null),
      watchedCuts: (...of: Parameters<RecoveryStore["watchedCuts"]>) => stores.recovery.watchedCuts(...of),
      changeWatched: (...of: Parameters<RecoveryStore["changeWatched"]>) => stores.recovery.changeWatched(...of),
    });
    await watch(away).lookBehind();
    expect(await stores.recovery.watchedCuts(9, null)).toHaveLength(1);
    await clock.jump(hours(24 * 7 + 1));
    await watch(away).lookBehind();
    expect(await stores.recovery.watchedCuts(9, null)).toEqual([]);
    expect(db.books.watchedCuts.all(null)).toMatchObject([{ because: "gone" }]);
  });

  test("beyond one round are reached by the next, though none of those before them answers", async () => {
    const asked: number[] = [];
    const rows = Array.from({ length: 501 }, (_, n) => ({ command: String(n).padStart(3, "0"), meter: METER, marks: [] }));
    const store = {
      watchedCuts: (limit: number, after: string | null) =>
        Promise.resolve(rows.filter(({ command }) => after === null || command > after).slice(0, limit)),
      point: () => Promise.resolve(null),
    };
    const cuts = watch({
      ...store,
      watchedCuts: async (limit: number, after: string | null) => {
        const found = await store.watchedCuts(limit, after);
        asked.push(...found.map(({ command }) => Number(command)));
        return found;
      },
    } as unknown as RecoveryStore);
    for (let look = 0; look < 3; look += 1) await cuts.lookBehind();
    expect(asked.slice(499, 502)).toEqual([499, 500, 0]);
  });
});

test("indicators hear of cuts that were wrong, and not of restores that came late", async () => {
  const said = new Map([
    [cut.id, ["cut-in-window", "paid-but-dark"]],
    ["late", ["paid-but-dark"]],
  ]);
  const told = await wrongCuts({ causesOf: () => Promise.resolve(said as never) })([cut.id, "late"]);
  expect([...told]).toEqual([[cut.id, "cut-in-window"]]);
});

/** The meter shows that it is cut. */
const goDark = (): Promise<boolean> => {
  const dark = {
    relay: "disconnected",
    order: "disconnect",
    preTripAlarm: false,
    protected: false,
    accountOpened: true,
  } as const;
  return stores.meters.setRelay(null, METER, { ...dark, word: 0x50, takenAt: NOON });
};

test("a restore is asked for behind the meter's lock: a person who cut in the same moment keeps his cut", async () => {
  const asked: string[] = [];
  await goDark();
  const look = (before: () => Promise<void>): Promise<void> =>
    new RecoveryWatch({
      ...{
        store: stores.recovery,
        incidents: incidentsOn(new ItemsInMemory()),
        commands: stores.commands,
        meters: stores.meters,
      },
      ...{
        clock,
        log: silentLog,
        settings: usualRecovery,
        restoreBy: () => "reconnect",
        firmwareOf: () => Promise.resolve(null),
      },
      cuts: {
        examine: (found: Parameters<CutWatch["examine"]>[0]) => found(cut, ["cut-in-window"]),
        lookBehind: () => Promise.resolve(),
      } as unknown as CutWatch,
      service: { ensure: (_tx, { kind }) => Promise.resolve((asked.push(kind), null)) },
      transactor: { transact: (work) => before().then(() => db.transact(work)) },
    }).look();
  await look(() => write((tx) => stores.meters.setCutBy(tx, METER, "person")));
  expect(asked).toEqual([]);
  expect(await stores.recovery.open(), "what was wrong is written down all the same").toHaveLength(1);
  await write((tx) => stores.recovery.change(tx, db.books.incidents.all(null)[0]!.id, { cause: "cut-unnoticed" }));
  await look(() => write((tx) => stores.meters.setCutBy(tx, METER, "rule")));
  expect(asked).toEqual(["reconnect"]);
});

test("who stops waits for no meter that is still asked what it carries", async () => {
  await goDark();
  const withdrawn: boolean[] = [];
  const parts = {
    ...{ store: stores.recovery, incidents: incidentsOn(new ItemsInMemory()), commands: stores.commands, meters: stores.meters },
    ...{ clock, log: silentLog, settings: usualRecovery, transactor: db, restoreBy: () => "reconnect" as const },
    service: { ensure: () => Promise.resolve(null) },
  };
  const watch = new RecoveryWatch({
    ...parts,
    cuts: {
      examine: (found: Parameters<CutWatch["examine"]>[0]) => found(cut, ["cut-in-window"]),
      lookBehind: () => Promise.resolve(),
    } as unknown as CutWatch,
    firmwareOf: (_meter, signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve((withdrawn.push(true), null)));
      }),
  });
  await watch.look();
  await watch.stop();
  expect(withdrawn).toEqual([true]);
});

describe("a wallet that was topped up this morning", () => {
  const WALLET = MeterAddress("202611220002");
  let now = NOON;
  const obeying: Clock = { now: () => now, wait: () => Promise.resolve() };
  let items: ItemsInMemory;
  let watch: RecoveryWatch;
  beforeEach(async () => {
    now = NOON;
    items = new ItemsInMemory();
    const account = AccountId("2");
    const record = {
      meterNumber: "",
      customerNumber: "",
      bus: BusId("b"),
      model: "standard-wallet",
      relayPassword: null,
    } as const;
    await stores.meters.bringIn(
      [{ account, name: "", class: "residential", tariff: "flat", mode: "local" }],
      [{ ...record, address: WALLET, account }],
    );
    const bought = { kind: "top-up", effect: "adds", askedBy: "person" } as const;
    await confirmed(aCommand({ ...bought, meter: WALLET, account, createdAt: NOON }));
    await shows("connected");
    watch = new RecoveryWatch({
      ...{ store: stores.recovery, incidents: incidentsOn(items, obeying), commands: stores.commands, meters: stores.meters },
      ...{
        clock: obeying,
        log: silentLog,
        settings: usualRecovery,
        restoreBy: () => "arm",
        firmwareOf: () => Promise.resolve(null),
      },
      cuts: { examine: () => Promise.resolve(), lookBehind: () => Promise.resolve() } as unknown as CutWatch,
      service: { ensure: () => Promise.resolve(null) },
      transactor: db,
    });
  });
  const shows = async (relay: "connected" | "disconnected"): Promise<void> => {
    const takenAt = now;
    const seen = { relay, order: "disconnect", preTripAlarm: false, protected: false, accountOpened: true, word: 0x50 } as const;
    await stores.meters.setRelay(null, WALLET, { ...seen, takenAt });
    const balance = { meter: WALLET, item: "balance", value: "30.00", unit: "yuan", takenAt, source: "poll" } as const;
    await write((tx) => stores.readings.keep(tx, balance, null));
  };
  /** Every half minute, with a relay that is seen each time. */
  const lives = async (ms: number, relay: "connected" | "disconnected"): Promise<void> => {
    for (let lived = 0; lived < ms; lived += minutes(0.5)) {
      now = later(now, minutes(0.5));
      await shows(relay);
      await watch.look();
    }
  };

  test("and trips hours later waits since it tripped: nobody is told of half a minute, and the clocks run from there", async () => {
    await watch.look();
    await lives(hours(4), "connected");
    await lives(minutes(4.5), "disconnected");
    expect(await stores.recovery.list({ limit: 9 }), "its customer presses the button").toEqual([]);
    await lives(minutes(1), "connected");
    const trippedAt = later(now, minutes(0.5));
    await lives(minutes(6), "disconnected");
    expect(await stores.recovery.list({ limit: 9 })).toMatchObject([
      { cause: "paid-but-dark", level: 0, wishedAt: trippedAt, darkSince: trippedAt },
    ]);
    expect(items.open).toEqual([]);
    await lives(minutes(10), "disconnected");
    expect(items.open).toMatchObject([{ kind: "restore-failed", owner: "field-desk" }]);
  });

  test("and was dark before it waits since its purchase", async () => {
    now = later(now, -minutes(1));
    await shows("disconnected");
    await watch.look();
    await lives(minutes(6.5), "disconnected");
    expect(await stores.recovery.list({ limit: 9 })).toMatchObject([{ cause: "paid-but-dark", wishedAt: NOON, darkSince: NOON }]);
  });

  test("and is dark when the program begins is found at once, and nothing goes up at once", async () => {
    now = later(now, hours(4));
    await shows("disconnected");
    await watch.look();
    expect(await stores.recovery.list({ limit: 9 })).toMatchObject([
      { cause: "paid-but-dark", level: 0, wishedAt: later(now, -usualRecovery.promiseMs) },
    ]);
    expect(items.open).toEqual([]);
  });
});
