/** The wires: pacing, collisions, wildcards on a bus of several, and what faults do to an exchange. */
import { describe, expect, test } from "vitest";
import { ShiftableClock, Instant, hours, systemClock } from "../../src/kernel/clock.ts";
import type { FaultOrder, Street } from "../../simulator/street.ts";
import { writeFrame } from "../../simulator/wire.ts";
import { hex } from "../../simulator/bytes.ts";
import { authenticate, plainOrder } from "./support/frames.ts";
import { Ear, raise, readRequest, until } from "./support/street.ts";

const A = "202611220001";
const B = "202611220002";
const memory = (more = {}): { id: string; endpoint: { kind: "memory" } } => ({ id: "m", endpoint: { kind: "memory" }, ...more });
const plan = (address: string, more = {}): { address: string; bus: string; loadKw: number; energyKwh: string } => ({
  address,
  bus: "m",
  loadKw: 0,
  energyKwh: "1.00",
  ...more,
});

interface Party extends Ear {
  send(bytes: Uint8Array): void;
}
function party(street: Street): Party {
  const end = street.memoryEnd("m");
  const ear = Object.assign(new Ear(), { send: (bytes: Uint8Array) => end.send(bytes) });
  end.onBytes((bytes) => ear.hear(bytes));
  return ear;
}
const energyOf = (address: string, value = "00010000"): string => `${address} 91 00000100${value}`;

describe("wires", () => {
  test("without pacing, several parties share them and hear each other", async () => {
    const street = await raise({ buses: [memory()], meters: [plan(A), plan(B)] });
    const [one, two] = [party(street), party(street)];
    one.send(readRequest(A, "00010000"));
    two.send(readRequest(B, "00010000"));
    await two.reply(2);
    expect(one.replies).toEqual([energyOf(A), energyOf(B)]);
    expect(two.replies).toEqual(one.replies);
    expect(two.frames.map((frame) => frame.control)).toEqual([0x11, 0x91, 0x91]);
  });

  test("paced, an exchange takes its wire time, and ten of them take ten times that", async () => {
    const street = await raise({ buses: [memory({ baud: 9_600, answerDelayMs: 20 })], meters: [plan(A)] });
    const me = party(street);
    const wireMs = ((20 + 20) * 11_000) / 9_600 + 20;
    const startedAt = performance.now();
    for (let i = 1; i <= 10; i += 1) {
      me.send(readRequest(A, "00010000"));
      await until("a reply", () => me.replies.length === i);
    }
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(10 * wireMs - 15);
    expect(tookMs).toBeLessThan(10 * wireMs + 300);
  });

  test("a second request while one is on the wires destroys the first; during the answer, the answer", async () => {
    const street = await raise({ buses: [memory({ baud: 1_200, answerDelayMs: 60 })], meters: [plan(A), plan(B)] });
    const [one, two] = [party(street), party(street)];
    one.send(readRequest(A, "00010000"));
    two.send(readRequest(B, "00010000"));
    await until("the collision is noted", () => street.frames().filter((frame) => frame.fault === "collision").length === 2);
    expect(street.snapshot(A).heard + street.snapshot(B).heard).toBe(0);
    one.send(readRequest(A, "00010000"));
    await until("the meter has heard", () => street.snapshot(A).heard === 1);
    two.send(readRequest(B, "00010000"));
    await until("something came", () => one.bytes.length >= 20);
    expect(one.replies).toEqual([]);
    expect(street.snapshot(B).heard).toBe(0);
  });

  test("two meters answering a wildcard at once cannot be read; one alone can", async () => {
    const street = await raise({ buses: [memory()], meters: [plan(A), plan(B)] });
    const me = party(street);
    me.send(writeFrame({ address: "AAAAAAAAAAAA", control: 0x13, data: new Uint8Array(0) }));
    await until("bytes came", () => me.bytes.length > 0);
    expect(me.replies).toEqual([]);
    me.send(writeFrame({ address: "AAAAAAAA0002", control: 0x13, data: new Uint8Array(0) }));
    expect(await me.reply()).toBe(`${B} 93 020022112620`);
  });
});

describe("faults", () => {
  const broken = async (fault: FaultOrder, bus?: "bus"): Promise<{ street: Street; me: Party }> => {
    const street = await raise({ buses: [memory()], meters: [plan(A)] });
    if (bus === undefined) street.setFault(A, fault);
    else street.setBusFault("m", fault);
    return { street, me: party(street) };
  };
  const disconnect = (): Uint8Array =>
    writeFrame({ address: A, control: 0x1c, data: plainOrder(0x1a, { deadline: "991231235959" }) });

  test("lost-reply: the meter has obeyed", async () => {
    const { street, me } = await broken({ kind: "lost-reply" });
    me.send(disconnect());
    expect(street.snapshot(A)).toMatchObject({ relay: "disconnected", heard: 1, obeyed: { disconnects: 1 }, faults: [] });
    me.send(readRequest(A, "00010000"));
    expect(await me.reply()).toBe(energyOf(A));
    expect(street.frames(A)).toMatchObject([
      { direction: "request", fault: "lost-reply" },
      { direction: "request" },
      { direction: "reply" },
    ]);
  });

  test("lost-request: it has not", async () => {
    const { street, me } = await broken({ kind: "lost-request", times: 2 });
    me.send(disconnect());
    me.send(disconnect());
    expect(street.snapshot(A)).toMatchObject({ relay: "connected", heard: 0 });
    me.send(disconnect());
    expect(await me.reply()).toBe(`${A} 9c `);
  });

  test("silence lasts until it is deleted", async () => {
    const { street, me } = await broken({ kind: "silence" });
    for (let i = 0; i < 3; i += 1) me.send(readRequest(A, "00010000"));
    expect(street.snapshot(A)).toMatchObject({ heard: 0, faults: [{ kind: "silence", times: null }] });
    street.clearFaults(A, "fault-1");
    me.send(readRequest(A, "00010000"));
    expect(await me.reply()).toBe(energyOf(A));
    expect(me.replies).toHaveLength(1);
  });

  test.each<[FaultOrder, (me: Party) => boolean]>([
    [{ kind: "bad-checksum" }, (me) => me.bytes.length === 20 && me.replies.length === 0],
    [{ kind: "torn-reply" }, (me) => me.bytes.length === 10 && me.replies.length === 0],
    [{ kind: "duplicate-reply" }, (me) => me.replies.length === 2],
    [{ kind: "wrong-address" }, (me) => me.replies[0] === energyOf(B)],
    [{ kind: "refusal", error: "02" }, (me) => me.replies[0] === `${A} d1 02`],
    [{ kind: "late-reply", delayMs: 30 }, (me) => me.replies.length === 1],
  ])("%o spoils one reply", async (fault, isSo) => {
    const { me } = await broken(fault);
    me.send(readRequest(A, "00010000"));
    await until("spoiled as ordered", () => isSo(me));
    const before = me.replies.length;
    me.send(readRequest(A, "00010000"));
    await until("the next is whole", () => me.replies.length === before + 1);
  });

  test("a late reply leaves the wires free, and comes after the next one", async () => {
    const { me } = await broken({ kind: "late-reply", delayMs: 60, di: "00010000" });
    me.send(readRequest(A, "00010000"));
    me.send(readRequest(A, "00900200"));
    await me.reply(2);
    expect(me.replies).toEqual([`${A} 91 0002900000500000`, energyOf(A)]);
  });

  test("aimed at a function or an item, others pass; several are used up in order", async () => {
    const { street, me } = await broken({ kind: "lost-reply", function: "1C" });
    street.setFault(A, { kind: "refusal", di: "00010000" });
    street.setFault(A, { kind: "duplicate-reply" });
    me.send(readRequest(A, "00010000"));
    expect(await me.reply()).toBe(`${A} d1 01`);
    me.send(readRequest(A, "00010000"));
    await me.reply(3);
    expect(street.snapshot(A).faults).toMatchObject([{ kind: "lost-reply" }]);
  });

  test("empty-acknowledgement: the meter says yes and does nothing", async () => {
    const { street, me } = await broken({ kind: "empty-acknowledgement" });
    me.send(readRequest(A, "00010000"));
    expect(await me.reply()).toBe(energyOf(A));
    me.send(disconnect());
    expect(await me.reply(2)).toBe(`${A} 9c `);
    expect(street.snapshot(A)).toMatchObject({ relay: "connected", obeyed: { disconnects: 0 } });
  });

  test("stuck-relay: the order stands, the contact does not move; freed, it follows", async () => {
    const { street, me } = await broken({ kind: "stuck-relay" });
    me.send(disconnect());
    await me.reply();
    expect(street.snapshot(A)).toMatchObject({ relay: "connected", relayOrder: "disconnect", faults: [{ kind: "stuck-relay" }] });
    me.send(readRequest(A, "04000501"));
    expect(await me.reply(2)).toBe(`${A} 91 010500040001`);
    street.clearFaults(A);
    expect(street.snapshot(A)).toMatchObject({ relay: "disconnected", relayOrder: "disconnect", faults: [] });
  });

  test("echo, noise and a dead line stand on the bus", async () => {
    const { street, me } = await broken({ kind: "echo" }, "bus");
    me.send(readRequest(A, "00010000"));
    await me.reply();
    expect(me.frames.map((frame) => frame.control)).toEqual([0x11, 0x91]);
    street.bus("m").faults.clear();
    street.setBusFault("m", { kind: "noise", bytes: 9 });
    me.send(readRequest(A, "00010000"));
    await until("noise and a reply", () => me.bytes.length === 16 + 20 + 9 + 20);
    street.setBusFault("m", { kind: "dead-line" });
    me.send(readRequest(A, "00010000"));
    expect(street.snapshot(A).heard).toBe(2);
  });

  test("what does not fit its place or its kind is refused by name", async () => {
    const { street } = await broken({ kind: "lost-reply" });
    expect(() => street.setFault(A, { kind: "echo" })).toThrow(/kind/);
    expect(() => street.setBusFault("m", { kind: "stuck-relay" })).toThrow(/kind/);
    expect(() => street.setBusFault("m", { kind: "dropped-connection" })).toThrow(/kind/);
    expect(() => street.setFault(A, { kind: "lost-reply", delayMs: 5 })).toThrow(/delayMs/);
    expect(() => street.setFault(A, { kind: "lost-reply", times: 0 })).toThrow(/times/);
  });
});

describe("the street's time", () => {
  test("follows a clock that jumps: clocks, sessions and consumption with it", async () => {
    const clock = new ShiftableClock(Instant(Date.parse("2026-11-22T10:00:00+08:00")));
    const street = await raise({ clock, buses: [memory()], meters: [plan(A, { loadKw: 2 })] });
    await clock.jump(hours(3));
    expect(street.snapshot(A)).toMatchObject({
      energyKwh: "7.00",
      consumed: "3.16",
      clock: expect.stringContaining("2026-11-22T13:00:0") as string,
    });
    street.advance(hours(1));
    expect(street.snapshot(A)).toMatchObject({ energyKwh: "9.00", clock: expect.stringContaining("T14:00:0") as string });
    street.setSpeed(0);
    await clock.jump(hours(24));
    expect(street.snapshot(A)).toMatchObject({ energyKwh: "9.00", clock: expect.stringContaining("T14:00:0") as string });
  });

  test("households pause while clocks go on", async () => {
    const street = await raise({ buses: [memory()], meters: [plan(A, { loadKw: 2 })] });
    street.pauseHouseholds();
    const before = street.snapshot(A);
    street.advance(hours(5));
    expect(street.snapshot(A)).toMatchObject({ energyKwh: before.energyKwh, consumed: before.consumed });
    expect(street.snapshot(A).clock).not.toBe(before.clock);
    street.resumeHouseholds();
    street.advance(hours(1));
    expect(street.snapshot(A).energyKwh).toBe("3.00");
  });

  test("the same seed is the same street", async () => {
    const options = { buses: [memory()], meters: [{ address: A, bus: "m", balance: "999.00" }], start: Instant(0) };
    const still = { now: () => Instant(0), wait: (ms: number) => systemClock.wait(ms) };
    const [one, two] = [await raise({ ...options, clock: still }), await raise({ ...options, clock: still })];
    for (const street of [one, two]) street.advance(hours(500));
    expect(one.snapshot(A)).toEqual(two.snapshot(A));
  });
});

test("a balance set by hand has the consequences that money has", async () => {
  const street = await raise({ buses: [memory()], meters: [plan(A)] });
  expect(street.patch(A, { balance: "0.00" })).toMatchObject({
    relay: "disconnected",
    relayOrder: "disconnect",
    balance: "0.00",
  });
  expect(street.patch(A, { balance: "5.00" })).toMatchObject({ relay: "connected", balance: "5.00" });
  expect(street.patch(A, { balance: "-5.00" })).toMatchObject({ relay: "disconnected", balance: "0.00", overdraft: "5.00" });
  expect(street.patch(A, { mode: "remote" })).toMatchObject({ mode: "remote", consumed: null });
  expect(() => street.patch(A, { balance: "5.001" })).toThrow(/balance/);
  expect(() => street.snapshot("202611220099")).toThrow(/unknown-meter/);
  await expect(raise({ buses: [memory()], meters: [plan(A), plan(A)] })).rejects.toThrow(/named twice/);
  await expect(raise({ buses: [memory()], meters: [{ address: A, bus: "x" }] })).rejects.toThrow(/not-found/);
});

test("a session keeps its five minutes on a street that hurries, and not when the street is moved ahead", async () => {
  const clock = new ShiftableClock(Instant(Date.parse("2026-11-22T10:00:00+08:00")));
  const street = await raise({ clock, speed: 3_600, buses: [memory()], meters: [plan(A)] });
  const b = { meter: street.meter(A), ask: askDirectly(street) };
  authenticate(b);
  await clock.jump(60_000);
  expect(b.meter.esam.hasSession(street.time.unhurried())).toBe(true);
  street.advance(hours(1));
  expect(b.meter.esam.hasSession(street.time.unhurried())).toBe(false);
});

function askDirectly(street: Street): (control: number, data: Uint8Array) => { control: number; data: string } {
  return (control, data) => {
    const answer = street.meter(A).hear({ address: A, control, data });
    if (answer === undefined || answer === "silent") throw new Error("the meter stayed silent");
    return { control: answer.control, data: hex(answer.data) };
  };
}
