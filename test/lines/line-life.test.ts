/** The line actor among dead meters, echoing adapters and other masters: judged from the far end, on a clock that moves by itself. */
import { afterEach, expect, test } from "vitest";
import type { Line } from "../../src/devices/line.ts";
import type { LineRequest } from "../../src/devices/line-request.ts";
import { Priority } from "../../src/devices/meter.ts";
import type { LineTiming } from "../../src/devices/timing.ts";
import { encodeFrame, type Frame } from "../../src/protocols/dlt645/index.ts";
import { A, B, openLine, readReplyTo, readRequest } from "../devices/far-meter.ts";
import { IdleClock } from "./idle-clock.ts";

const timing: LineTiming = { turnaroundMs: 30, answerMs: 3_000, quietMs: 1_000, byteMs: 0 };
const FLOOR_MS = 750; // a quarter of the allowance
const lines: Line[] = [];
afterEach(async () => {
  for (const line of lines.splice(0)) await line.close();
});
const open = async (more: Partial<LineTiming> = {}) => {
  const clock = new IdleClock();
  const house = await openLine({ clock, timing: { ...timing, ...more } });
  lines.push(house.line);
  const took = async (request: LineRequest) => {
    const from = clock.now();
    const answer = await house.line.ask(request);
    return { ms: clock.now() - from, answer };
  };
  return { ...house, clock, took };
};
const ask = (frame: Frame, more: Partial<LineRequest> = {}): LineRequest => ({
  frame,
  preamble: 4,
  priority: Priority.rest,
  replyBytes: 24,
  ...more,
});
const order = (address: string): Frame => ({ address, control: 0x1c, data: new Uint8Array(16) });
const valueOf = (answer: Awaited<ReturnType<Line["ask"]>>): string =>
  answer.outcome === "answered" && answer.reply.is === "value"
    ? Buffer.from(answer.reply.bytes).reverse().toString("hex")
    : "none";
/** Six answers, 40 ms each: the line knows its meters. */
const acquainted = async (house: Awaited<ReturnType<typeof open>>, ...addresses: readonly string[]) => {
  const { far, line, clock } = house;
  far.answer = async (request) => {
    await clock.wait(40);
    return readReplyTo(request);
  };
  for (let n = 0; n < 6; n += 1) for (const address of addresses) await line.ask(ask(readRequest(address)));
  await clock.wait(timing.turnaroundMs + 1);
  far.heard.length = 0;
};

test("a question to a meter that has been quick is given up at the floor, an order never before the whole allowance", async () => {
  const house = await open();
  await acquainted(house, A);
  house.far.answer = () => undefined;
  expect(await house.took(ask(readRequest(A)))).toMatchObject({ ms: FLOOR_MS, answer: { outcome: "silent" } });
  const patient = await open();
  await acquainted(patient, A);
  patient.far.answer = () => undefined;
  expect(await patient.took(ask(order(A)))).toMatchObject({ ms: timing.answerMs, answer: { outcome: "silent" } });
});

test("directly after a time-out the same meter has the whole allowance, and one that became slow is heard", async () => {
  const house = await open();
  await acquainted(house, A);
  house.far.answer = async (request) => {
    await house.clock.wait(2_400);
    return readReplyTo(request);
  };
  expect((await house.line.ask(ask(readRequest(A)))).outcome).toBe("silent");
  expect((await house.line.ask(ask(readRequest(A)))).outcome).toBe("answered");
  // and it is not given up again: what it took is known by now
  for (let n = 0; n < 5; n += 1) expect((await house.line.ask(ask(readRequest(A)))).outcome).toBe("answered");
});

test("the answer to a question that was given up early is never taken for the answer to the same question asked again", async () => {
  // from below the floor to beyond everything: the old value must not come out at any delay
  for (let delayMs = 100; delayMs < 4_500; delayMs += 100) {
    const house = await open({ quietMs: 300 });
    await acquainted(house, A);
    house.far.answer = async (request) => {
      const first = house.far.heard.length === 1;
      await house.clock.wait(first ? delayMs : 40);
      return readReplyTo(request, first ? "11111111" : "22222222");
    };
    const first = await house.line.ask(ask(readRequest(A)));
    const second = await house.line.ask(ask(readRequest(A)));
    if (first.outcome === "answered") expect(valueOf(first), `${delayMs} ms`).toBe("11111111");
    if (delayMs < timing.answerMs + 300) expect(valueOf(second), `${delayMs} ms`).toBe("22222222");
  }
});

test("a late answer is the last of it: its meter may be asked again after the quiet window", async () => {
  const house = await open();
  await acquainted(house, A);
  const heardAt: number[] = [];
  house.far.answer = async (request) => {
    heardAt.push(house.clock.now());
    await house.clock.wait(heardAt.length === 1 ? 1_200 : 40);
    return readReplyTo(request);
  };
  const answers = await Promise.all([1, 2].map(() => house.line.ask(ask(readRequest(A)))));
  expect(answers.map(({ outcome }) => outcome)).toEqual(["silent", "answered"]);
  expect(heardAt[1]! - heardAt[0]!).toBe(1_200 + timing.quietMs);
  expect(house.line.counts).toMatchObject({ late: 1, silences: 1 });
});

test("while a meter is left alone after an early time-out the line serves the others", async () => {
  const house = await open();
  await acquainted(house, A, B);
  house.far.answer = (request) => (request.address === A ? undefined : readReplyTo(request));
  await house.line.ask(ask(readRequest(A)));
  const again = house.line.ask(ask(readRequest(A), { priority: Priority.safety }));
  const others = [1, 2, 3].map(() => house.line.ask(ask(readRequest(B))));
  await Promise.all(others);
  expect(house.far.heard.map(({ address }) => address)).toEqual([A, B, B, B]);
  await again;
  expect(house.far.heard).toHaveLength(5);
});

test("a hold and a close do not wait for a meter that is left alone", async () => {
  const house = await open();
  await acquainted(house, A);
  house.far.answer = () => undefined;
  await house.line.ask(ask(readRequest(A)));
  const again = house.line.ask(ask(readRequest(A)));
  again.catch(() => undefined);
  await house.clock.wait(timing.quietMs + 10); // the quiet window is over, the meter's own is not
  const from = house.clock.now();
  const release = await house.line.hold();
  expect(house.clock.now() - from).toBe(0);
  release();
  await house.line.close();
  await expect(again).rejects.toMatchObject({ code: "line-down" });
});

test("commands overtake polls between two exchanges: a restore waits for the exchange under way and for nothing else", async () => {
  const house = await open();
  await acquainted(house, A);
  house.far.answer = async (request) => {
    await house.clock.wait(200);
    return request.control === 0x1c ? { address: request.address, control: 0x9c, data: new Uint8Array(0) } : readReplyTo(request);
  };
  const polls = Array.from({ length: 30 }, () => house.line.ask(ask(readRequest(A))));
  await house.clock.wait(450); // in the middle of the second exchange
  const restore = await house.took(ask(order(B), { priority: Priority.safety }));
  expect(restore.answer.outcome).toBe("answered");
  expect(restore.ms).toBeLessThanOrEqual(200 + timing.turnaroundMs + 200);
  expect(house.far.heard.findIndex(({ control }) => control === 0x1c)).toBe(2);
  await Promise.all(polls);
});

// ---- echo ----

test("an echo in pieces and glued to the reply is cancelled before anybody looks, and the reply is taken", async () => {
  const house = await open();
  house.far.answer = async (request) => {
    const both = Uint8Array.from([...encodeFrame(request, { preamble: 4 }), ...encodeFrame(readReplyTo(request))]);
    for (const [from, to] of [
      [0, 3],
      [3, 11],
      [11, 30],
      [30, both.length],
    ] as const) {
      house.far.wire.far.send(both.subarray(from, to));
      await house.clock.wait(7);
    }
    return undefined;
  };
  expect(valueOf(await house.line.ask(ask(readRequest(A))))).toBe("00012345");
  expect(house.line.counts).toMatchObject({ echoes: 1, noiseBytes: 0, foreignRequests: 0, strays: 0 });
  expect(house.line.others.picture).toBeNull();
});

test("an echo that was spoiled on the way is noise, and no other master", async () => {
  const house = await open();
  house.far.answer = (request) => {
    const echo = Uint8Array.from(encodeFrame(request));
    echo[10]! ^= 0x04;
    house.far.wire.far.send(echo);
    return readReplyTo(request);
  };
  expect(valueOf(await house.line.ask(ask(readRequest(A))))).toBe("00012345");
  expect(house.line.counts.noiseBytes).toBeGreaterThan(0);
  expect(house.line.counts).toMatchObject({ echoes: 0, foreignRequests: 0 });
});

test("the echo of a frame whose control looks like a reply is never believed, neither clean nor behind noise", async () => {
  for (const before of [[], [0x00, 0x17]]) {
    const house = await open();
    // what a mistake or a bold tool might send: it answers itself, if its echo is believed
    const looksLikeReply: Frame = { ...readReplyTo(readRequest(A)), control: 0x91 };
    house.far.answer = (request) => {
      house.far.wire.far.send(Uint8Array.from([...before, ...encodeFrame(request)]));
      return undefined;
    };
    expect((await house.line.ask(ask(looksLikeReply))).outcome).toBe("silent");
    expect(house.line.counts).toMatchObject({ echoes: 1, strays: 0, late: 0 });
  }
});

test("half an echo and then nothing is noise, once the line has been silent for longer than a frame may pause", async () => {
  const house = await open();
  house.far.answer = (request) => {
    house.far.wire.far.send(encodeFrame(request).subarray(0, 13));
    return undefined;
  };
  expect((await house.line.ask(ask(readRequest(A)))).outcome).toBe("silent");
  expect(house.line.counts).toMatchObject({ echoes: 0, noiseBytes: 13 });
});

test("an echo that stops half way does not swallow the reply behind it", async () => {
  const house = await open();
  house.far.answer = (request) => {
    house.far.wire.far.send(encodeFrame(request).subarray(0, 13));
    return readReplyTo(request);
  };
  expect(valueOf(await house.line.ask(ask(readRequest(A))))).toBe("00012345");
});

// ---- other masters ----

test("after a foreign request the line keeps quiet until its answer has come and the wire has rested", async () => {
  const house = await open();
  await acquainted(house, A);
  const heardAt: number[] = [];
  house.far.answer = (request) => {
    heardAt.push(house.clock.now());
    return readReplyTo(request);
  };
  house.far.say(readRequest(B));
  await house.clock.wait(1);
  const from = house.clock.now();
  const asked = house.line.ask(ask(readRequest(A), { priority: Priority.safety }));
  await house.clock.wait(400);
  expect(heardAt).toEqual([]);
  house.far.say(readReplyTo(readRequest(B)));
  await asked;
  expect(heardAt[0]! - from).toBeGreaterThanOrEqual(400 + timing.turnaroundMs);
  expect(heardAt[0]! - from).toBeLessThan(400 + timing.turnaroundMs + 50);
  expect(house.line.others.picture).toMatchObject({ requests: 1, replies: 0 });
  expect(house.line.counts).toMatchObject({ foreignRequests: 1, late: 0, echoes: 0 });
});

test("a foreign request that nobody answers holds the line for one reply deadline, and a master that never rests for five", async () => {
  const house = await open();
  await acquainted(house, A);
  house.far.say(readRequest(B));
  await house.clock.wait(1);
  const once = await house.took(ask(readRequest(A)));
  expect(once.ms).toBeGreaterThanOrEqual(timing.answerMs - 1);
  expect(once.ms).toBeLessThan(timing.answerMs + 200);

  const babbling = new AbortController();
  void (async () => {
    while (!babbling.signal.aborted) {
      house.far.say(readRequest(B));
      await house.clock.wait(2_900); // always before its time is over
    }
  })();
  await house.clock.wait(1);
  const pressed = await house.took(ask(readRequest(A)));
  babbling.abort();
  expect(pressed.answer.outcome).toBe("answered");
  expect(pressed.ms).toBeLessThan(6 * timing.answerMs);
});

test("the answer to another master's question is not taken for ours, though it is word for word the same", async () => {
  const house = await open();
  house.far.answer = async (request) => {
    await house.clock.wait(20);
    house.far.say({ ...request, data: Uint8Array.from([...request.data]), control: 0x12 }); // theirs: another function
    house.far.say({ ...readReplyTo(request, "99999999"), control: 0x92 });
    await house.clock.wait(20);
    return readReplyTo(request, "00000001");
  };
  expect(valueOf(await house.line.ask(ask(readRequest(A))))).toBe("00000001");
  house.far.answer = async (request) => {
    house.far.say(readRequest(B));
    await house.clock.wait(20);
    house.far.say(readReplyTo(readRequest(B)));
    return readReplyTo(request, "00000002");
  };
  expect(valueOf(await house.line.ask(ask(readRequest(A))))).toBe("00000002");
  expect(house.line.counts.strays).toBe(0);
});

test("replies that nobody asked for make another master with the third; a late or repeated answer of ours does not", async () => {
  const house = await open();
  await acquainted(house, A);
  const { line, far, clock } = house;
  for (let n = 0; n < 5; n += 1) far.say(readReplyTo(readRequest(A))); // what A said last, once more
  await clock.wait(10);
  expect(line.others.picture).toBeNull();
  for (let n = 0; n < 3; n += 1) {
    expect(line.others.picture).toBeNull();
    far.say(readReplyTo(readRequest(B)));
    await clock.wait(10);
  }
  expect(line.others.picture).toMatchObject({ replies: 3, requests: 0 });
  expect(line.counts.late).toBe(8);
});
