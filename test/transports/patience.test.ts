/** A far end that vanished without a word, told from a meter that is dead. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { MemoryWire } from "../../src/transports/memory.ts";
import { patient, Patience, UNANSWERED_FIRST, UNANSWERED_MAX } from "../../src/transports/patience.ts";
import { Reconnecting } from "../../src/transports/reconnecting.ts";
import { TcpTransport } from "../../src/transports/tcp-client.ts";

const closers: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
const one = Uint8Array.of(1);

async function open(wire: MemoryWire, patience: Patience) {
  const closed: string[] = [];
  const transport = patient(wire.transport(), patience, systemClock);
  transport.onClosed((why) => closed.push(why));
  await transport.open();
  return { transport, closed };
}

test("requests without a byte in return: the next is refused, nothing of it leaves, and the connection ends once", async () => {
  const wire = new MemoryWire();
  const heard: number[] = [];
  wire.far.onReceived((bytes) => void heard.push(...bytes));
  const { transport, closed } = await open(wire, new Patience());
  for (let n = 0; n < UNANSWERED_FIRST; n += 1) await transport.send(one);
  await expect(transport.send(Uint8Array.of(9))).rejects.toSatisfy((error) => isFault(error, "line-down"));
  expect(transport.isOpen).toBe(false);
  expect(closed).toEqual([]); // first the refusal, then the end
  await expect(transport.send(Uint8Array.of(9))).rejects.toSatisfy((error) => isFault(error, "line-down"));
  await vi.waitFor(() => expect(closed).toHaveLength(1));
  await transport.close();
  expect(heard).toEqual([1, 1, 1]);
  expect(closed).toEqual(["nothing was heard through 3 requests: the far end is gone, or nobody is behind it"]);
});

test("any byte in return, even of noise, is a sign of life", async () => {
  const wire = new MemoryWire();
  const { transport, closed } = await open(wire, new Patience());
  for (let n = 0; n < 20; n += 1) {
    await transport.send(one);
    await transport.send(one);
    wire.far.send(Uint8Array.of(0));
    await Promise.resolve();
  }
  expect(closed).toEqual([]);
});

test("a line with nobody on it is dialled ever more rarely; the first byte heard restores impatience", async () => {
  const wire = new MemoryWire();
  const patience = new Patience();
  const limits: number[] = [];
  for (let n = 0; n < 7; n += 1) {
    const { transport } = await open(wire, patience);
    let sent = 0;
    while (
      await transport.send(one).then(
        () => true,
        () => false,
      )
    )
      sent += 1;
    limits.push(sent);
  }
  expect(limits).toEqual([3, 6, 12, 24, 48, UNANSWERED_MAX, UNANSWERED_MAX]);
  await open(wire, patience);
  wire.far.send(one);
  await vi.waitFor(() => expect(patience.over).toBeNull());
  const { transport } = await open(wire, patience);
  let sent = 0;
  while (
    await transport.send(one).then(
      () => true,
      () => false,
    )
  )
    sent += 1;
  expect(sent).toBe(UNANSWERED_FIRST);
});

describe("many behind one connection", () => {
  const to = (meter: number): Uint8Array => Uint8Array.of(meter);
  const judge = (): Patience => {
    const patience = new Patience((bytes) => String(bytes[0]));
    patience.begin();
    return patience;
  };
  const asked = (patience: Patience, meter: number, answers: boolean): boolean => {
    if (patience.over !== null) return false;
    patience.sent(to(meter));
    if (answers) patience.heard();
    return true;
  };

  test("one that dies beside others that live never costs them the connection, however often it alone is asked", () => {
    const patience = judge();
    for (const meter of [1, 2, 3]) asked(patience, meter, true);
    for (let n = 0; n < 200; n += 1) expect(asked(patience, 2, false)).toBe(true);
    for (const meter of [1, 3]) expect(asked(patience, meter, true)).toBe(true);
    for (let n = 0; n < 200; n += 1) expect(asked(patience, 2, false)).toBe(true);
  });

  test("those that were dead from the start count for nothing as soon as one answered", () => {
    const patience = judge();
    asked(patience, 1, true);
    for (let n = 0; n < 50; n += 1) for (const dead of [7, 8, 9]) expect(asked(patience, dead, false)).toBe(true);
  });

  test("when all fall silent at once it is noticed within three requests", () => {
    const patience = judge();
    for (const meter of [1, 2, 3]) asked(patience, meter, true);
    expect([1, 1, 2, 3].map((meter) => asked(patience, meter, false))).toEqual([true, true, true, false]);
  });

  test("the only one that answers counts each time", () => {
    const patience = judge();
    asked(patience, 1, true);
    asked(patience, 9, false);
    expect([1, 1, 1, 1].map((meter) => asked(patience, meter, false))).toEqual([true, true, true, false]);
  });
});

test("a serial server that forgot our connection is dialled again, and the line goes on", async () => {
  const sockets: Socket[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    const isDeaf = sockets.push(socket) === 1; // takes everything and says nothing, as a network that lost the way does
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      if (!isDeaf) socket.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => new Promise((resolve) => void server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  const patience = new Patience();
  const line = new Reconnecting({
    make: () => patient(new TcpTransport({ host: "127.0.0.1", port }, systemClock), patience, systemClock),
    clock: systemClock,
    chance: seededChance(1),
    log: silentLog,
    pauseFirstMs: 1,
  });
  closers.push(() => line.close());
  const heard: number[] = [];
  const dropped: string[] = [];
  line.onReceived((bytes) => void heard.push(...bytes));
  line.onDropped((why) => dropped.push(why));
  await line.start();
  for (let n = 0; n < UNANSWERED_FIRST; n += 1) await line.send(one);
  await expect(line.send(one)).rejects.toSatisfy((error) => isFault(error, "line-down"));
  await vi.waitFor(() => expect(line.isOpen).toBe(true));
  await line.send(Uint8Array.of(7));
  await vi.waitFor(() => expect(heard).toEqual([7]));
  expect(dropped).toEqual([expect.stringContaining("nothing was heard through 3 requests")]);
  expect(sockets).toHaveLength(2);
});
