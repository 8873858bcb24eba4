/** Two gateways over the same rows: only the holder of a line takes its commands, and an attempt under an old number is refused. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import { hours, Instant, later, seconds, type Clock } from "../../src/kernel/clock.ts";
import { BusId, CommandId, MeterAddress } from "../../src/kernel/ids.ts";
import type { Attempt, Command } from "../../src/commands/command.ts";
import type { EngineCommandStore } from "../../src/commands/command-store.ts";
import { LEASE_MS, type LineLeases } from "../../src/devices/line-leases.ts";
import { keepers, type Kept } from "./stores.ts";

let now = Instant(Date.UTC(2026, 10, 22));
const clock: Clock = { now: () => now, wait: () => Promise.resolve() };
const meter = MeterAddress("202611220001");
const BUS = "tcp-1";

describe.each(keepers)("a command on a leased line, $title", ({ open }) => {
  let kept: Kept;
  let leases: LineLeases;
  let a: EngineCommandStore;
  let b: EngineCommandStore;
  let id: CommandId;

  beforeAll(async () => {
    kept = await open(clock);
  });
  afterAll(() => kept.close());
  beforeEach(async () => {
    await kept.clear();
    const record = { meterNumber: meter, customerNumber: "002611220001", account: null, bus: BusId(BUS), relayPassword: null };
    await kept.meters.bringIn([], [{ ...record, address: meter, model: "standard-wallet" }]);
    leases = kept.leases;
    a = kept.commandsOf("gateway a");
    b = kept.commandsOf("gateway b");
    id = CommandId(uuidv7());
    const command: Command = {
      id,
      kind: "disconnect",
      effect: "sets",
      meter,
      account: null,
      payment: null,
      params: {},
      askedBy: "person",
      reason: "a test",
      state: "accepted",
      waitingFor: null,
      because: null,
      fence: 0,
      looks: 0,
      createdAt: now,
      notAfter: later(now, hours(1)),
      sentAt: null,
      acknowledgedAt: null,
      verifiedAt: null,
      endedAt: null,
      receipt: null,
    };
    await kept.transactor.transact((tx) => a.insert(tx, command));
  });

  const lapse = (): Promise<void> => kept.pass(LEASE_MS + 1);
  const begin = (store: EngineCommandStore, fence: number): ReturnType<EngineCommandStore["beginAttempt"]> => {
    const attempt: Attempt = { number: 1, fence, at: now, before: {}, outcome: "sending", frames: [] };
    return kept.transactor.transact((tx) => store.beginAttempt(tx, id, fence, attempt, []));
  };

  test("is taken by the holder alone", async () => {
    await leases.take("gateway b", [BUS]);
    await leases.release("gateway b", new Map([[BUS, 1n]]));
    expect(await a.take(id)).toBeNull(); // nobody holds it
    await leases.take("gateway a", [BUS]);
    expect(await b.take(id)).toBeNull();
    expect(await a.take(id)).toMatchObject({ fence: 1, state: "queued", waitingFor: "line" });
    expect(await begin(a, 1)).toBe("begun");
  });

  test("is not begun after the lease lapsed, though nobody else has taken line or command: nothing is written", async () => {
    await leases.take("gateway a", [BUS]);
    await a.take(id);
    await lapse();
    expect(await begin(a, 1)).toBe("not-ours");
    expect(await a.find(null, id)).toMatchObject({ state: "queued", waitingFor: "line" });
    expect(await a.attempts(id)).toEqual([]);
  });

  test("is not begun under an older number, not even by the same gateway: what it looked at may be stale", async () => {
    await leases.take("gateway a", [BUS]);
    await a.take(id);
    await lapse();
    await leases.take("gateway b", [BUS]);
    await leases.release("gateway b", new Map([[BUS, 2n]]));
    await leases.take("gateway a", [BUS]);
    expect(await begin(a, 1)).toBe("not-ours");
    await a.take(id);
    expect(await begin(a, 2)).toBe("begun");
  });

  test("taken over, is written to by the new holder alone", async () => {
    await leases.take("gateway a", [BUS]);
    await a.take(id);
    expect(await begin(a, 1)).toBe("begun");
    await lapse();
    await leases.take("gateway b", [BUS]);
    expect(await b.take(id)).toMatchObject({ fence: 2, state: "sending" });
    await a.endAttempt(null, id, 1, 1, "acknowledged", []);
    expect(await a.change(null, id, 1, ["sending"], { state: "verifying" })).toBe(false);
    expect(await a.attempts(id)).toMatchObject([{ outcome: "sending" }]);
  });

  test("is due for the holder, at once when it takes the line or gets it back; out of time and unsent it is for anybody", async () => {
    await a.makeAllDue(later(now, seconds(60)), [BUS]);
    expect(await a.due(now, 10, [BUS])).toEqual([]);
    await a.makeAllDue(now, ["another"]);
    expect(await a.due(now, 10, [BUS])).toEqual([]);
    await a.putBack([id], now);
    expect(await a.due(now, 10, [BUS])).toEqual([id]);
    expect(await b.due(now, 10, [])).toEqual([]);
    now = later(now, hours(2));
    expect(await b.due(now, 10, [])).toEqual([id]);
    expect(await b.take(id)).toMatchObject({ fence: 1 });
    expect(await begin(b, 1)).toBe("not-ours");
  });

  test("of a meter that hangs nowhere any more is the holder's, and anybody's when its time is over, sent or not", async () => {
    await leases.take("gateway a", [BUS]);
    await a.take(id);
    expect(await begin(a, 1)).toBe("begun");
    await kept.meters.bringIn([], []);
    expect(await a.outlines([id])).toEqual([{ id, meter, kind: "disconnect", bus: BUS, isAnybodys: false }]);
    await a.makeAllDue(now, [BUS]);
    expect([await a.due(now, 10, [BUS]), await b.due(now, 10, [])]).toEqual([[id], []]);
    now = later(now, hours(2));
    expect(await b.outlines([id])).toMatchObject([{ isAnybodys: true }]);
    expect(await b.due(now, 10, [])).toEqual([id]);
    expect(await b.due(now, 10, [], 1)).toEqual([]);
    expect(await b.take(id)).toMatchObject({ fence: 2, state: "sending" });
  });
});
