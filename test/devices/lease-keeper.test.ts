/** What is believed of a lease, in every bad moment: a store that is silent, a process that was stopped, a machine that slept. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Instant, systemClock, type Clock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { LeaseKeeper } from "../../src/devices/lease-keeper.ts";
import { EXCHANGE_MS_MAX, LEASE_MS, LOOK_MS, MARGIN_MS, RENEW_MS, type LineLeases } from "../../src/devices/line-leases.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { InMemoryLineLeases } from "../../src/stores/in-memory/line-leases.ts";
import { HandClock } from "../transports/hand-clock.ts";

const buses = ["tcp-1", "tcp-2", "tcp-3", "tcp-4"];
const settled = (): Promise<void> => systemClock.wait(1);

/** The keeper of the leases has a clock of its own; each gateway has two. */
let storeClock: HandClock;
let store: LineLeases;
const leasesInMemory = (): LineLeases => new InMemoryLineLeases(new InMemoryDatabase({ now: () => storeClock.now() }));
const raised: LeaseKeeper[] = [];

beforeEach(() => {
  storeClock = new HandClock();
  store = leasesInMemory();
});
afterEach(async () => {
  for (const keeper of raised.splice(0)) {
    const stopping = keeper.stop();
    await stopping;
  }
});

interface Gateway {
  readonly keeper: LeaseKeeper;
  readonly clock: HandClock;
  /** The process runs for so long; its timers fire. */
  run(ms: number): Promise<void>;
  /** Time goes by and no timer of this process has fired yet. */
  stoppedFor(ms: number, asleep?: boolean): void;
  readonly lost: string[];
  readonly taken: string[];
}

async function gateway(holder: string, leases: LineLeases = store): Promise<Gateway> {
  const clock = new HandClock();
  let wall = 0;
  let elapsed = 0;
  const world: Clock = { now: () => Instant(clock.now() + wall), wait: (ms, signal) => clock.wait(ms, signal) };
  const keeper = new LeaseKeeper({
    leases,
    me: { holder, buses },
    clock: world,
    elapsed: () => Number(clock.now()) + elapsed,
    log: silentLog,
    alone: false,
  });
  const [lost, taken]: [string[], string[]] = [[], []];
  keeper.onLost((some) => lost.push(...some));
  keeper.onTaken((some) => taken.push(...some));
  await keeper.start();
  raised.push(keeper);
  return {
    keeper,
    clock,
    lost,
    taken,
    stoppedFor: (ms, asleep = false) => {
      storeClock.advance(ms);
      wall += ms;
      if (!asleep) elapsed += ms;
    },
    run: async (ms) => {
      for (let gone = 0; gone < ms; gone += LOOK_MS / 2) {
        clock.advance(LOOK_MS / 2);
        storeClock.advance(LOOK_MS / 2);
        await settled();
      }
    },
  };
}

/** A store that can be cut off: nothing arrives, and nothing is answered. */
function cutOff(): { leases: LineLeases; cut: (isCut: boolean) => void } {
  let isCut = false;
  const leases = new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => (isCut ? new Promise(() => undefined) : (Reflect.apply(value, target, args) as unknown));
    },
  });
  return { leases, cut: (now) => void (isCut = now) };
}

describe("a lease is believed", () => {
  test("from the start on, and for as long as it is renewed", async () => {
    const a = await gateway("a");
    expect(a.keeper.held()).toEqual(buses);
    expect(a.keeper.slot).toBe(1);
    await a.run(3 * LEASE_MS);
    expect(a.keeper.held()).toEqual(buses);
    expect(a.keeper.holderOf("tcp-1")).toBe("a");
    expect(a.lost).toEqual([]);
  });

  test("no longer than to the margin before it lapses, when the store has fallen silent", async () => {
    const { leases, cut } = cutOff();
    const a = await gateway("a", leases);
    cut(true);
    await a.run(LEASE_MS - MARGIN_MS - LOOK_MS);
    expect(a.keeper.holds("tcp-1")).toBe(true);
    expect(a.keeper.trouble).toMatch(/no answer/);
    await a.run(LOOK_MS);
    expect(a.keeper.holds("tcp-1")).toBe(false);
    await a.run(MARGIN_MS / 2); // and the lines are closed before anybody else may open them
    expect(a.lost.toSorted()).toEqual(buses);
    expect(await store.take("b", ["tcp-1"])).toEqual(new Map());
    cut(false);
    await a.run(LEASE_MS);
    expect(a.keeper.held()).toEqual(buses);
    expect(a.keeper.trouble).toBeNull();
  });

  test("only for an exchange that ends before the margin; a longer deadline than ours counts as ours", async () => {
    const a = await gateway("a");
    const left = LEASE_MS - MARGIN_MS;
    a.stoppedFor(left - 3_000);
    expect(a.keeper.mayDrive("tcp-1", 2_999)).toBe(true);
    expect(a.keeper.mayDrive("tcp-1", 3_000)).toBe(false);
    expect(a.keeper.mayDrive("tcp-9", 0)).toBe(false);
    const b = await gateway("b", leasesInMemory());
    expect(b.keeper.mayDrive("tcp-1", 60_000)).toBe(true);
    b.stoppedFor(left - EXCHANGE_MS_MAX);
    expect(b.keeper.mayDrive("tcp-1", 60_000)).toBe(false);
  });

  test.each([
    ["a process that was stopped for a minute", false],
    ["a machine that slept for a minute", true],
  ])("by %s not for one instant, before any of its timers has fired", async (_title, asleep) => {
    const a = await gateway("a");
    a.stoppedFor(60_000, asleep);
    expect(buses.filter((bus) => a.keeper.mayDrive(bus, 0))).toEqual([]);
    expect(a.keeper.holderOf("tcp-1")).not.toBe("a");
    await a.run(2 * LOOK_MS);
    expect(a.lost.toSorted()).toEqual(buses);
    expect(a.keeper.held()).toEqual(buses); // nobody else wanted them: taken anew
    expect((await store.look({ holder: "a", buses })).leases.get("tcp-1")).toEqual({ holder: "a", fencing: 2n });
  });

  test("from the moment the renewal was sent, not from its answer", async () => {
    let answer: (() => void) | undefined;
    const renew = store.renew.bind(store);
    store.renew = async (me) => {
      const picture = await renew(me);
      if (answer !== undefined) await new Promise<void>((resolve) => (answer = resolve));
      return picture;
    };
    const a = await gateway("a");
    answer = () => undefined;
    await a.run(RENEW_MS + LOOK_MS / 2); // a renewal is under way
    a.stoppedFor(10_000);
    answer();
    await settled();
    expect(a.keeper.mayDrive("tcp-1", 2_000)).toBe(true);
    expect(a.keeper.mayDrive("tcp-1", LEASE_MS - MARGIN_MS - 9_999)).toBe(false);
  });
});

describe("lines go from one gateway to another", () => {
  test("half of them when a second one comes, each only after its exchange has ended", async () => {
    const a = await gateway("a");
    let wireEnds: (() => void)[] = [];
    a.keeper.onGivingUp(() => new Promise((resolve) => wireEnds.push(resolve)));
    const b = await gateway("b");
    const both = async (ms: number): Promise<void> => {
      for (let gone = 0; gone < ms; gone += LOOK_MS) {
        await a.run(LOOK_MS);
        b.clock.advance(LOOK_MS);
        await settled();
      }
    };
    await both(3 * LOOK_MS);
    expect(a.keeper.held()).toHaveLength(2); // the others may not be driven any more,
    expect(b.keeper.held()).toEqual([]); // and are not free yet
    await both(2 * LEASE_MS); // however long that takes: they are renewed
    expect(b.keeper.held()).toEqual([]);
    for (const end of wireEnds) end();
    wireEnds = [];
    await vi.waitFor(async () => {
      await both(LOOK_MS);
      expect(b.keeper.held()).toHaveLength(2);
    });
    expect(a.keeper.held()).toHaveLength(2);
    await both(2 * LEASE_MS);
    expect([a.taken.length, b.taken.length]).toEqual([4, 2]); // nothing went to and fro
    for (const bus of buses) expect(a.keeper.holds(bus)).toBe(!b.keeper.holds(bus));
  });

  test("all of them at once when one stops in order", async () => {
    const a = await gateway("a");
    await raised.pop()!.stop();
    expect(a.keeper.held()).toEqual([]);
    const b = await gateway("b");
    expect(b.keeper.held()).toEqual(buses);
    expect(b.keeper.slot).toBe(1);
  });

  test("a line whose transport cannot be closed is given away all the same", async () => {
    const a = await gateway("a");
    a.keeper.onGivingUp(() => Promise.reject(new Error("the port does not close")));
    await store.enter({ holder: "b", buses });
    await a.run(4 * LOOK_MS);
    const after = (await store.look({ holder: "b", buses })).leases;
    expect([...after.values()].filter(({ holder }) => holder === "a")).toHaveLength(2);
  });

  test("a line that could not be given back for want of an answer is not driven meanwhile, and is given back later", async () => {
    const { leases, cut } = cutOff();
    const a = await gateway("a", leases);
    a.keeper.onGivingUp(() => {
      cut(true);
      return Promise.resolve();
    });
    await store.enter({ holder: "b", buses });
    await a.run(4 * LOOK_MS);
    expect(a.keeper.held()).toHaveLength(2);
    const before = (await store.look({ holder: "b", buses })).leases;
    expect([...before.values()].filter(({ holder }) => holder === "a")).toHaveLength(4);
    cut(false);
    await a.run(2 * LOOK_MS);
    const after = (await store.look({ holder: "b", buses })).leases;
    expect([...after.values()].filter(({ holder }) => holder === "a")).toHaveLength(2);
  });
});
