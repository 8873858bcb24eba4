/** The line actor over a memory wire, judged from the far end. */
import { getEventListeners } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { Instant, ShiftableClock, systemClock } from "../../src/kernel/clock.ts";
import { Fault, isFault } from "../../src/kernel/faults.ts";
import type { Line } from "../../src/devices/line.ts";
import type { LineRequest } from "../../src/devices/line-request.ts";
import { Priority } from "../../src/devices/meter.ts";
import { byteMsOf, readReplyBytes, replyDeadlineMs } from "../../src/devices/timing.ts";
import { encodeFrame, type Frame } from "../../src/protocols/dlt645/index.ts";
import { A, B, openLine, quick, readReplyTo, readRequest } from "./far-meter.ts";

const lines: Line[] = [];
afterEach(async () => {
  for (const line of lines.splice(0)) await line.close();
});
const open = async (options: Parameters<typeof openLine>[0] = {}) => {
  const house = await openLine(options);
  lines.push(house.line);
  return house;
};
const ask = (frame: Frame, more: Partial<LineRequest> = {}): LineRequest => ({
  frame,
  preamble: 4,
  priority: Priority.rest,
  ...more,
});
const later = (ms: number) => systemClock.wait(ms);
const whenAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
const di = (frame: Frame): string => Buffer.from(frame.data.subarray(0, 4)).reverse().toString("hex");
const nothingSent = (code: string) => (error: unknown) => isFault(error) && error.code === code;

test("a request is answered, and both frames are evidence", async () => {
  const { line } = await open();
  const passed: string[] = [];
  const answer = await line.ask(
    ask(readRequest(A), { onFrame: (direction, bytes) => passed.push(`${direction} ${bytes.length}`) }),
  );
  expect(answer).toMatchObject({ outcome: "answered", reply: { is: "value", bytes: Uint8Array.of(0x45, 0x23, 0x01, 0x00) } });
  expect(passed).toEqual(["sent 20", "received 20"]);
  expect(line.counts).toMatchObject({ exchanges: 1, silences: 0 });
});

test("never two requests in flight, and the line rests between them: seen from the far end", async () => {
  const { far, line } = await open({ timing: { turnaroundMs: 5 } });
  far.restMs = 4;
  far.answer = async (request) => {
    await later((far.heard.length * 7) % 5);
    return readReplyTo(request);
  };
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => line.ask(ask(readRequest(n % 2 === 0 ? A : B)))));
  expect(answers.every((answer) => answer.outcome === "answered")).toBe(true);
  expect(far.heard).toHaveLength(40);
  expect(far.collisions).toEqual([]);
});

test("urgent requests overtake the waiting ones and wait for one exchange only; equals keep their order", async () => {
  const { far, line } = await open();
  const asked = [
    line.ask(ask(readRequest(A, "00000001"), { priority: Priority.rest })),
    line.ask(ask(readRequest(A, "00000002"), { priority: Priority.rest })),
    line.ask(ask(readRequest(A, "00000003"), { priority: Priority.money })),
    line.ask(ask(readRequest(A, "00000004"), { priority: Priority.rest })),
    line.ask(ask(readRequest(A, "00000005"), { priority: Priority.safety })),
    line.ask(ask(readRequest(A, "00000006"), { priority: Priority.money })),
  ];
  await Promise.all(asked);
  expect(far.heard.map(di)).toEqual(["00000001", "00000005", "00000003", "00000006", "00000002", "00000004"]);
});

test("silence after bytes have left is an outcome, not an error", async () => {
  const { far, line } = await open();
  far.answer = () => undefined;
  expect(await line.ask(ask(readRequest(A)))).toMatchObject({ outcome: "silent" });
  expect(line.counts).toMatchObject({ exchanges: 1, silences: 1 });
});

test("a late reply belongs to no one: the next question of the same meter does not get it", async () => {
  const { far, line } = await open({ timing: { answerMs: 30, quietMs: 60 } });
  far.answer = async (request) => {
    if (far.heard.length > 1) return readReplyTo(request, "22222222");
    await later(50); // after the deadline, inside the quiet window
    return readReplyTo(request, "11111111");
  };
  expect(await line.ask(ask(readRequest(A)))).toMatchObject({ outcome: "silent" });
  expect(await line.ask(ask(readRequest(A)))).toMatchObject({
    outcome: "answered",
    reply: { bytes: Uint8Array.of(0x22, 0x22, 0x22, 0x22) },
  });
  expect(line.counts.late).toBe(1);
});

test("the quiet window ends only when the line has been quiet for a whole window", async () => {
  const { far, line } = await open({ timing: { answerMs: 10, quietMs: 40 } });
  far.answer = (request) => (di(request) === "00000001" ? undefined : readReplyTo(request));
  const silent = await line.ask(ask(readRequest(A, "00000001")));
  const silentAt = performance.now();
  expect(silent.outcome).toBe("silent");
  const next = line.ask(ask(readRequest(A, "00000002")));
  await later(25);
  far.wire.far.send(Uint8Array.of(0x00, 0x11)); // somebody is still babbling
  await next;
  expect(performance.now() - silentAt).toBeGreaterThan(60);
});

test("an echo of our own request is dropped, and the reply behind it is taken", async () => {
  const { far, line } = await open();
  far.answer = (request) => {
    far.say(request);
    return readReplyTo(request);
  };
  expect(await line.ask(ask(readRequest(A)))).toMatchObject({ outcome: "answered", reply: { is: "value" } });
  expect(line.counts.echoes).toBe(1);
});

test("frames of a neighbour, of another item, and noise in between do not end the waiting", async () => {
  const { far, line } = await open();
  far.answer = (request) => {
    far.say(readReplyTo(readRequest(B)));
    far.say(readReplyTo(readRequest(A, "00020000")));
    far.wire.far.send(Uint8Array.of(0x68, 0x00, 0x68, 0x16));
    return readReplyTo(request);
  };
  expect(await line.ask(ask(readRequest(A)))).toMatchObject({ outcome: "answered", reply: { is: "value" } });
  expect(line.counts.strays).toBe(2);
  expect(line.counts.noiseBytes).toBeGreaterThan(0);
});

test("where answers come twice, a copy of an error is not taken for the answer to the next question", async () => {
  const { far, line } = await open({ timing: { turnaroundMs: 0 } });
  const unknown = readRequest(A, "00990000");
  let said: Frame = unknown;
  far.answer = (request) => {
    const refused = { address: A, control: 0xd1, data: Uint8Array.of(0x02) };
    return (said = di(request) === di(unknown) ? refused : readReplyTo(request));
  };
  const copyOf = (frame: Frame): void => void later(20).then(() => far.say(frame));
  expect(await line.ask(ask(readRequest(A)))).toMatchObject({ reply: { is: "value" } });
  copyOf(said); // harmless, and noticed
  await vi.waitFor(() => expect(line.counts.late).toBe(1));
  expect(await line.ask(ask(unknown))).toMatchObject({ reply: { is: "refused" } });
  copyOf(said); // would refuse what is asked next, which this meter takes longer to answer
  const answer = far.answer;
  far.answer = async (request) => {
    await later(60);
    return answer(request);
  };
  expect(await line.ask(ask(readRequest(A)))).toMatchObject({ reply: { is: "value" } });
  expect(line.counts).toMatchObject({ late: 2, strays: 0, silences: 0 });
});

test("an error reply without identifier is the answer", async () => {
  const { far, line } = await open();
  far.answer = () => ({ address: A, control: 0xd1, data: Uint8Array.of(0x02) });
  expect(await line.ask(ask(readRequest(A)))).toMatchObject({
    outcome: "answered",
    reply: { is: "refused", fault: "meter-no-data" },
  });
});

test("a reply in single bytes is one reply", async () => {
  const { far, line } = await open();
  far.answer = (request) => {
    for (const byte of encodeFrame(readReplyTo(request))) far.wire.far.send(Uint8Array.of(byte));
    return undefined;
  };
  expect((await line.ask(ask(readRequest(A)))).outcome).toBe("answered");
});

test("a whole reply behind a start that leads nowhere is found when the line falls silent inside a frame", async () => {
  const { far, line } = await open({ timing: { answerMs: 900 } });
  far.answer = (request) => {
    // 68 … 68 C L=FF: it promises 255 bytes that never come
    far.wire.far.send(Uint8Array.of(0x68, 1, 2, 3, 4, 5, 6, 0x68, 0x91, 0xff));
    return readReplyTo(request);
  };
  expect((await line.ask(ask(readRequest(A)))).outcome).toBe("answered");
});

test("a deadline passes in silence only: a meter in the middle of its frame may finish it", async () => {
  const { far, line } = await open({ timing: { answerMs: 20 } });
  far.answer = async (request) => {
    const bytes = encodeFrame(readReplyTo(request));
    for (let at = 0; at < bytes.length; at += 4) {
      far.wire.far.send(bytes.subarray(at, at + 4));
      await later(10);
    }
    return undefined;
  };
  expect((await line.ask(ask(readRequest(A)))).outcome).toBe("answered");
});

test("a frame that cannot be built is our own mistake: it is loud, and the line goes on", async () => {
  const { line } = await open();
  await expect(line.ask(ask({ ...readRequest(A), address: "none" }))).rejects.toThrow(/twelve digits/);
  expect((await line.ask(ask(readRequest(A)))).outcome).toBe("answered");
});

test("the waiting room has a limit, and the limit has a name", async () => {
  const { far, line } = await open({ queueLengthMax: 3 });
  let release: () => void = () => undefined;
  far.answer = (request) => new Promise((resolve) => (release = () => resolve(readReplyTo(request))));
  const first = line.ask(ask(readRequest(A)));
  await vi.waitFor(() => expect(far.heard).toHaveLength(1));
  const waiting = [1, 2, 3].map(() => line.ask(ask(readRequest(A))));
  await expect(line.ask(ask(readRequest(A)))).rejects.toSatisfy(nothingSent("bus-queue-full"));
  expect(line.waiting).toBe(3);
  far.answer = (request) => readReplyTo(request);
  release();
  await Promise.all([first, ...waiting]);
});

test("a deadline that passed while waiting: refused at the wire, nothing sent", async () => {
  const { far, line } = await open();
  far.answer = async (request) => {
    await later(30);
    return readReplyTo(request);
  };
  const before = vi.fn(() => Promise.resolve());
  const first = line.ask(ask(readRequest(A)));
  const late = line.ask(ask(readRequest(B), { notAfter: Instant(systemClock.now() + 10), beforeFirstByte: before }));
  await expect(late).rejects.toSatisfy(nothingSent("deadline-passed"));
  await first;
  expect(before).not.toHaveBeenCalled();
  expect(far.heard.map((frame) => frame.address)).toEqual([A]);
});

test("the last look before the first byte takes too long: the deadline is checked once more", async () => {
  const { far, line } = await open();
  const slow = line.ask(ask(readRequest(A), { notAfter: Instant(systemClock.now() + 10), beforeFirstByte: () => later(30) }));
  await expect(slow).rejects.toSatisfy(nothingSent("deadline-passed"));
  expect(far.heard).toEqual([]);
});

test("beforeFirstByte runs when the line is ours, directly before the bytes; throwing sends nothing and frees the line", async () => {
  const { far, line } = await open();
  let heardBefore = -1;
  await line.ask(ask(readRequest(A), { beforeFirstByte: () => Promise.resolve(void (heardBefore = far.heard.length)) }));
  expect(heardBefore).toBe(0);
  const refusal = new Error("the command was cancelled");
  await expect(line.ask(ask(readRequest(A), { beforeFirstByte: () => Promise.reject(refusal) }))).rejects.toBe(refusal);
  expect(far.heard).toHaveLength(1);
  expect((await line.ask(ask(readRequest(A)))).outcome).toBe("answered");
});

test("the lease is looked at in the last moment, before the caller's own look and after it: without it nothing is sent", async () => {
  let isOurs = true;
  const notOurs = (): Fault | undefined => (isOurs ? undefined : new Fault("line-not-ours", { bus: "test-line" }));
  const { far, line } = await open({ notOurs });
  expect((await line.ask(ask(readRequest(A)))).outcome).toBe("answered");
  const lapses = (): Promise<void> => Promise.resolve(void (isOurs = false));
  await expect(line.ask(ask(readRequest(B), { beforeFirstByte: lapses }))).rejects.toSatisfy(nothingSent("line-not-ours"));
  const before = vi.fn(() => Promise.resolve());
  await expect(line.ask(ask(readRequest(B), { beforeFirstByte: before }))).rejects.toSatisfy(nothingSent("line-not-ours"));
  expect(before).not.toHaveBeenCalled(); // no attempt is written for what cannot be sent
  expect(far.heard.map((frame) => frame.address)).toEqual([A]);
});

test("a line that was closed because it is another's says so to those who waited, and not that it is broken", async () => {
  let isOurs = true;
  const notOurs = (): Fault | undefined => (isOurs ? undefined : new Fault("line-not-ours", { bus: "test-line" }));
  const { far, line } = await open({ notOurs });
  far.answer = () => undefined;
  const spoken = line.ask(ask(readRequest(A)));
  await vi.waitFor(() => expect(far.heard).toHaveLength(1));
  const waiting = line.ask(ask(readRequest(B)));
  isOurs = false;
  far.wire.cut("given up");
  await expect(waiting).rejects.toSatisfy(nothingSent("line-not-ours"));
  expect(await spoken).toMatchObject({ outcome: "silent", lineClosed: true });
  await expect(line.ask(ask(readRequest(B)))).rejects.toSatisfy(nothingSent("line-not-ours"));
});

test("a line that is down refuses at once and holds nobody hostage; up again, it sends nothing of yesterday", async () => {
  const { far, line, link } = await open();
  far.wire.accepts = false;
  far.wire.cut("digger");
  await vi.waitFor(() => expect(link.isOpen).toBe(false));
  await expect(line.ask(ask(readRequest(A)))).rejects.toSatisfy(nothingSent("line-down"));
  far.wire.accepts = true;
  await vi.waitFor(() => expect(link.isOpen).toBe(true), 5_000);
  await line.ask(ask(readRequest(B)));
  expect(far.heard.map((frame) => frame.address)).toEqual([B]);
});

test("the line drops in mid-exchange: who spoke is silent, who waited was not sent", async () => {
  const { far, line } = await open({ timing: { answerMs: 5_000 } });
  far.answer = () => undefined;
  const speaking = line.ask(ask(readRequest(A)));
  const waiting = line.ask(ask(readRequest(B)));
  await vi.waitFor(() => expect(far.heard).toHaveLength(1));
  far.wire.cut("digger");
  await expect(waiting).rejects.toSatisfy(nothingSent("line-down"));
  expect(await speaking).toMatchObject({ outcome: "silent", why: expect.stringContaining("digger") as string });
});

test("the line drops during the last look: nothing was sent", async () => {
  const { far, line } = await open();
  const asked = line.ask(
    ask(readRequest(A), {
      beforeFirstByte: () => {
        far.wire.cut("digger");
        return Promise.resolve();
      },
    }),
  );
  await expect(asked).rejects.toSatisfy(nothingSent("line-down"));
  expect(far.heard).toEqual([]);
});

test("an abort removes a waiting request; after the first byte it is too late", async () => {
  const { far, line } = await open();
  let release: () => void = () => undefined;
  far.answer = (request) => new Promise((resolve) => (release = () => resolve(readReplyTo(request))));
  const change = new AbortController();
  const speaking = line.ask(ask(readRequest(A), { signal: change.signal }));
  const waiting = line.ask(ask(readRequest(B), { signal: change.signal }));
  await vi.waitFor(() => expect(far.heard).toHaveLength(1));
  const why = new Fault("already-ended");
  change.abort(why);
  await expect(waiting).rejects.toBe(why);
  release();
  expect((await speaking).outcome).toBe("answered");
  await expect(line.ask(ask(readRequest(B), { signal: change.signal }))).rejects.toBe(why);
  expect(far.heard).toHaveLength(1);
});

test("hold waits for the exchange under way with all its rest, and nothing begins until it is released", async () => {
  // longer than the pause in which the test looks whether the exchange is under way
  const { far, line } = await open({ timing: { answerMs: 200, quietMs: 30 } });
  far.answer = (request) => (far.heard.length === 1 ? undefined : readReplyTo(request));
  const first = line.ask(ask(readRequest(A)));
  await vi.waitFor(() => expect(far.heard).toHaveLength(1));
  const second = line.ask(ask(readRequest(A)));
  const release = await line.hold();
  expect((await first).outcome).toBe("silent");
  await later(60);
  expect(far.heard).toHaveLength(1);
  release();
  release();
  expect((await second).outcome).toBe("answered");
});

test("under a hold the clock may jump: a waiting deadline passes without a byte, a waiting read goes on", async () => {
  const clock = new ShiftableClock(Instant(1_000_000));
  const { far, line } = await open({ clock });
  const release = await line.hold();
  const order = line.ask(ask(readRequest(A), { notAfter: Instant(clock.now() + 60_000) }));
  const reading = line.ask(ask(readRequest(B)));
  order.catch(() => undefined);
  await clock.jump(3_600_000);
  release();
  await expect(order).rejects.toSatisfy(nothingSent("deadline-passed"));
  expect((await reading).outcome).toBe("answered");
  expect(far.heard.map((frame) => frame.address)).toEqual([B]);
});

test("closing lets the exchange under way end and tells the others that nothing was sent", async () => {
  const { far, line } = await open();
  let release: () => void = () => undefined;
  far.answer = (request) => new Promise((resolve) => (release = () => resolve(readReplyTo(request))));
  const speaking = line.ask(ask(readRequest(A)));
  const waiting = line.ask(ask(readRequest(B)));
  await vi.waitFor(() => expect(far.heard).toHaveLength(1));
  const closing = line.close();
  await expect(waiting).rejects.toSatisfy(nothingSent("line-down"));
  release();
  expect((await speaking).outcome).toBe("answered");
  await closing;
  await expect(line.ask(ask(readRequest(A)))).rejects.toSatisfy(nothingSent("line-down"));
});

test("time on the wire counts: at 2400 baud 8E1 a byte lasts 4.58 ms and the deadline grows with request and reply", () => {
  const byteMs = byteMsOf({ baudRate: 2400, dataBits: 8, parity: "even", stopBits: 1 });
  expect(byteMs).toBeCloseTo(4.583, 3);
  expect(byteMsOf({ baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1 })).toBeCloseTo(1.0417, 3);
  const serial = { ...quick, answerMs: 1_500, byteMs };
  expect(replyDeadlineMs(serial, readRequest(A), 20)).toBe(Math.ceil(236 * byteMs) + 1_500);
  expect(replyDeadlineMs(serial, readRequest(A), 20, readReplyBytes(4))).toBe(Math.ceil(44 * byteMs) + 1_500);
  expect(replyDeadlineMs({ ...quick, answerMs: 3_000 }, readRequest(A), 20)).toBe(3_000);
});

test("a signal that outlives many requests keeps none of them", async () => {
  const { line } = await open();
  const long = new AbortController();
  const removed = vi.spyOn(long.signal, "removeEventListener");
  await line.ask(ask(readRequest(A), { signal: long.signal }));
  await line.ask(ask(readRequest(A), { signal: long.signal }));
  expect(removed).toHaveBeenCalledTimes(2);
  void whenAborted(long.signal);
});

test("a signal that outlives a line going down keeps none of those that waited for it", async () => {
  const { far, line } = await open();
  far.answer = () => undefined;
  const long = new AbortController();
  const asked = Promise.allSettled([1, 2, 3].map(() => line.ask(ask(readRequest(A), { signal: long.signal }))));
  await vi.waitFor(() => expect(far.heard).toHaveLength(1));
  far.wire.cut();
  await asked;
  expect(getEventListeners(long.signal, "abort")).toEqual([]);
});
