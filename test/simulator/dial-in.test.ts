/** A street that calls: who it says it is, its heartbeat, and how it goes on calling. */
import { expect, test } from "vitest";
import { systemChance } from "../../src/kernel/chance.ts";
import type { Chance } from "../../src/kernel/chance.ts";
import { hex, joined } from "../../simulator/bytes.ts";
import type { EndpointPlan, Street } from "../../simulator/street.ts";
import { HandClock } from "../transports/hand-clock.ts";
import { callee } from "./faults/callee.ts";
import { A, B, question, RIGHT } from "./faults/wire-bench.ts";
import { raise, until } from "./support/street.ts";

type DialIn = Extract<EndpointPlan, { kind: "dial-in" }>;

const street = (
  port: number,
  more: Partial<DialIn> = {},
  options: { clock?: HandClock; chance?: Chance } = {},
): Promise<Street> =>
  raise({
    buses: [{ id: "hill", endpoint: { kind: "dial-in", host: "127.0.0.1", port, redialMs: 1, ...more } }],
    meters: [A, B].map((address) => ({ address, bus: "hill", loadKw: 0, energyKwh: "1.00" })),
    ...options,
  });

test("it says who it is, answers, and calls again when it is hung up on", async () => {
  const gateway = await callee();
  const { endpoints } = await street(gateway.port, { registration: "{bus}/{address};" });
  expect(endpoints).toEqual([{ bus: "hill", kind: "dial-in", at: `127.0.0.1:${gateway.port}` }]);
  for (let count = 1; count <= 3; count += 1) {
    const call = await gateway.call(count);
    await until("it said who it is", () => call.text() === `hill/${A};`);
    call.socket.write(joined(question(A).slice(0, 5)));
    call.socket.write(joined(question(A).slice(5), question(B)));
    await until("two answers", () => call.bytes().length === `hill/${A};`.length + 2 * RIGHT.length);
    expect(hex(call.bytes()).includes(hex(RIGHT))).toBe(true);
    call.socket.destroy();
  }
});

test("a registration in bytes, and a heartbeat at its interval that a half-open line swallows", async () => {
  const gateway = await callee();
  const clock = new HandClock();
  const hill = await street(gateway.port, { registration: "hex:7B7B84", heartbeat: "~{address}", heartbeatMs: 5_000 }, { clock });
  const call = await gateway.call(1);
  await until("the registration came", () => hex(call.bytes()) === "7B7B84");
  const beats = (): number => call.text().split(`~${A}`).length - 1;
  for (const count of [1, 2]) {
    await until("it waits for its next beat", () => clock.sleeping > 0);
    clock.advance(4_999);
    expect(beats()).toBe(count - 1);
    clock.advance(1);
    await until("a beat", () => beats() === count);
  }
  hill.setBusFault("hill", { kind: "half-open" });
  await until("it waits for its next beat", () => clock.sleeping > 0);
  clock.advance(5_000);
  hill.clearAllFaults();
  await until("it waits for its next beat", () => clock.sleeping > 0);
  clock.advance(5_000);
  await until("the beat after", () => beats() === 3);
  expect(clock.waits.filter((ms) => ms === 5_000).length).toBeGreaterThanOrEqual(4);
});

test("nobody there: pauses grow to half a minute, drawn by chance; once somebody talks to it they start small again", async () => {
  const gone = await callee();
  const port = gone.port;
  const clock = new HandClock();
  // The highest draw each time: the pause is its limit.
  const chance: Chance = { ...systemChance, next: () => 1 - Number.EPSILON, child: () => chance };
  // A port that was free a moment ago and is taken only later.
  const free = await freePort();
  expect(free).not.toBe(port);
  const hill = await street(free, { redialMs: 1_000 }, { clock, chance });
  for (let i = 1; i <= 7; i += 1) {
    await until("it waits", () => clock.waits.length === i && clock.sleeping === 1);
    clock.advance(60_000);
  }
  expect(clock.waits.slice(0, 7).map((ms) => Math.round(ms))).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  await until("it waits", () => clock.sleeping === 1);
  const gateway = await callee(free);
  clock.advance(60_000);
  const mute = await gateway.call(1);
  mute.socket.destroy();
  await until("it waits", () => clock.sleeping === 1);
  // Hung up on without a word: that was no success.
  expect(Math.round(clock.waits.at(-1)!)).toBe(30_000);
  clock.advance(60_000);
  const good = await gateway.call(2);
  good.socket.write(question(A));
  await until("an answer", () => good.bytes().length === RIGHT.length);
  good.socket.destroy();
  await until("it waits", () => clock.sleeping === 1);
  expect(Math.round(clock.waits.at(-1)!)).toBe(1_000);
  await hill.close();
});

test("closing the street hangs up and calls nobody any more", async () => {
  const gateway = await callee();
  const hill = await street(gateway.port, { registration: "R" });
  const call = await gateway.call(1);
  await until("it said who it is", () => call.text() === "R");
  await hill.close();
  await until("it hung up", () => call.isOver());
  expect(gateway.calls).toHaveLength(1);
});

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
