/** A line that is kept open for ever: growing pauses, drawn by chance, and a fresh transport for every try. */
import { expect, test, vi } from "vitest";
import type { Chance } from "../../src/kernel/chance.ts";
import { Fault, isFault } from "../../src/kernel/faults.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { MemoryWire } from "../../src/transports/memory.ts";
import { Reconnecting, REFUSED_PAUSE_MS, STABLE_AFTER_MS } from "../../src/transports/reconnecting.ts";
import type { Transport } from "../../src/transports/transport.ts";
import { HandClock } from "./hand-clock.ts";

/** Always draws the whole pause. */
const worst: Chance = { next: () => 1, bytes: (count) => new Uint8Array(count), child: () => worst };

function house(make?: () => Transport, onHope?: (listener: () => void) => void) {
  const clock = new HandClock();
  const wire = new MemoryWire();
  let made = 0;
  const line = new Reconnecting({
    make: () => {
      made += 1;
      return make?.() ?? wire.transport();
    },
    clock,
    chance: worst,
    log: silentLog,
    pauseFirstMs: 100,
    ...(onHope === undefined ? {} : { onHope }),
  });
  return { clock, wire, line, made: () => made };
}

test("pauses double with each failure and stop growing at thirty seconds", async () => {
  const { clock, wire, line } = house();
  wire.accepts = false;
  await line.start();
  for (let n = 0; n < 12; n += 1) {
    await vi.waitFor(() => expect(clock.sleeping).toBe(1));
    clock.advance(30_000);
  }
  await vi.waitFor(() => expect(clock.waits).toHaveLength(13));
  expect(clock.waits.slice(0, 11)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  await line.close();
});

test("a pause is drawn anywhere between nought and its limit, so a thousand lines do not come back together", async () => {
  const clock = new HandClock();
  const wire = new MemoryWire();
  wire.accepts = false;
  const chance: Chance = { ...worst, next: () => 0.25 };
  const line = new Reconnecting({ make: () => wire.transport(), clock, chance, log: silentLog, pauseFirstMs: 100 });
  await line.start();
  await vi.waitFor(() => expect(clock.waits).toEqual([25]));
  await line.close();
});

test("start returns although the line cannot be opened; it is down, says why and since when, and refuses to send", async () => {
  const { clock, wire, line } = house();
  wire.accepts = false;
  await line.start();
  expect(line.isOpen).toBe(false);
  expect(line.why).toContain("nobody accepts");
  await expect(line.send(Uint8Array.of(1))).rejects.toSatisfy((error) => isFault(error, "line-down"));
  const downSince = line.since;
  wire.accepts = true;
  clock.advance(100);
  await vi.waitFor(() => expect(line.isOpen).toBe(true));
  expect(line.why).toBeNull();
  expect(line.since).toBe(downSince + 100);
  await line.close();
  expect(line.isOpen).toBe(false);
});

test("a dropped transport is replaced by a new object, and what came in while it lived is all that is heard", async () => {
  const { clock, wire, line, made } = house();
  const heard: number[] = [];
  const dropped: string[] = [];
  line.onReceived((bytes) => void heard.push(...bytes));
  line.onDropped((why) => dropped.push(why));
  await line.start();
  wire.far.send(Uint8Array.of(1));
  await vi.waitFor(() => expect(heard).toEqual([1]));
  wire.cut("digger");
  await vi.waitFor(() => expect(dropped).toEqual(["digger"]));
  await expect(line.send(Uint8Array.of(9))).rejects.toSatisfy((error) => isFault(error, "line-down"));
  await vi.waitFor(() => expect(clock.sleeping).toBe(1));
  clock.advance(100);
  await vi.waitFor(() => expect(line.isOpen).toBe(true));
  expect(made()).toBe(2);
  wire.far.send(Uint8Array.of(2));
  await vi.waitFor(() => expect(heard).toEqual([1, 2]));
  await line.close();
});

test("a far end that accepts and hangs up at once is not hammered: only a line that stayed open starts afresh", async () => {
  const { clock, wire, line } = house();
  await line.start();
  for (const expected of [100, 200, 400]) {
    wire.cut();
    await vi.waitFor(() => expect(clock.waits.at(-1)).toBe(expected));
    clock.advance(expected);
    await vi.waitFor(() => expect(line.isOpen).toBe(true));
  }
  clock.advance(STABLE_AFTER_MS);
  wire.cut();
  await vi.waitFor(() => expect(clock.waits.at(-1)).toBe(100));
  await line.close();
});

test("refused credentials are tried slowly", async () => {
  const refuse = (): Transport => ({
    ...new MemoryWire().transport(),
    name: "mqtt:down",
    isOpen: false,
    open: () => Promise.reject(new Fault("broker-refused", { why: "not authorized" })),
    close: () => Promise.resolve(),
    onReceived: () => undefined,
    onClosed: () => undefined,
    send: () => Promise.resolve(),
  });
  const { clock, line } = house(refuse);
  await line.start();
  await vi.waitFor(() => expect(clock.waits).toEqual([REFUSED_PAUSE_MS]));
  await line.close();
});

test("hope ends a pause early", async () => {
  let hope: () => void = () => undefined;
  const { clock, wire, line } = house(undefined, (listener) => (hope = listener));
  wire.accepts = false;
  await line.start();
  await vi.waitFor(() => expect(clock.sleeping).toBe(1));
  wire.accepts = true;
  hope();
  await vi.waitFor(() => expect(line.isOpen).toBe(true));
  await line.close();
});

test("closing during a pause ends it, and nothing is opened afterwards", async () => {
  const { clock, wire, line, made } = house();
  wire.accepts = false;
  await line.start();
  await vi.waitFor(() => expect(clock.sleeping).toBe(1));
  await line.close();
  clock.advance(60_000);
  expect(made()).toBe(1);
  expect(line.why).toBe("closed by us");
});
