/** A bus that is dialled from outside: who callers are, what becomes of strangers, and what a line does when its caller moves. */
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { buildStreet, type BusPlan, type MeterPlan, type Street as SimulatedStreet } from "../../simulator/street.ts";
import type { BusConfig } from "../../src/devices/bus-config.ts";
import { Reception, STRANGERS_MAX } from "../../src/devices/dial-in/reception.ts";
import { QUARANTINED_MAX } from "../../src/devices/dial-in/quarantine.ts";
import { QUARANTINE_MS, STRANGER_BYTES_MAX } from "../../src/devices/dial-in/visitor.ts";
import { Priority, type BusPicture, type MeterRecord, type Street } from "../../src/devices/meter.ts";
import { buildStreetLines } from "../../src/devices/street-lines.ts";
import { timingOf } from "../../src/devices/timing.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { later, minutes, seconds, systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Fen } from "../../src/kernel/money.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { HandClock } from "../transports/hand-clock.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
const until = (check: () => void, timeout = 5_000) => vi.waitFor(check, { timeout, interval: 5 });

const A = MeterAddress("202611220001");
const B = MeterAddress("202611220002");
const C = MeterAddress("202611220003");
const quick = { turnaroundMs: 1, replyDeadlineMs: 600, quietMs: 60 };

/** The gateway's side: one bus that is dialled. */
function gateway(bus: Partial<BusConfig>, addresses: readonly MeterAddress[]): { street: Street; port: () => number } {
  const street = buildStreetLines({
    clock: systemClock,
    chance: seededChance(1),
    log: silentLog,
    security: softwareModule({ chance: seededChance(1), log: silentLog, mode: "test" }),
    buses: [{ id: "hill", transport: { kind: "tcp-server", port: 0 }, ...quick, ...bus }],
    meters: addresses.map((address): MeterRecord => ({
      address,
      meterNumber: address,
      customerNumber: `00${address.slice(2)}`,
      account: null,
      bus: BusId("hill"),
      model: "standard-wallet",
      relayPassword: null,
    })),
    timeZone: "Asia/Shanghai",
  });
  closers.push(() => street.close());
  return { street, port: () => Number(street.buses()[0]!.transport.split(":").at(-1)) };
}

/** The street's side: buses that dial. */
async function callers(
  port: number,
  plans: readonly { readonly id: string; readonly meters: readonly string[]; readonly says?: object }[],
): Promise<SimulatedStreet> {
  const street = await buildStreet({
    clock: systemClock,
    seed: 7,
    buses: plans.map(({ id, says }): BusPlan => ({
      id,
      endpoint: { kind: "dial-in", host: "127.0.0.1", port, redialMs: 1, ...says },
    })),
    meters: plans.flatMap(({ id, meters }) =>
      meters.map((address): MeterPlan => ({ address, bus: id, balance: "50.00", loadKw: 0 })),
    ),
  });
  closers.push(() => street.close());
  return street;
}

const listening = (street: Street): Promise<void> => until(() => expect(street.buses()[0]).toMatchObject({ open: true }));
const lineOf = (street: Street, id: string): BusPicture => street.buses().find((bus) => (bus.id as string) === id)!;
const isUp = (street: Street, id: string): Promise<void> => until(() => expect(lineOf(street, id).open).toBe(true), 10_000);
const session = (street: Street, address = A) => street.session(address, { priority: Priority.person });
const soon = () => ({ notAfter: later(systemClock.now(), minutes(5)) });

/** A caller held by the test. */
async function call(
  port: number,
  ...words: (string | Uint8Array)[]
): Promise<{ socket: Socket; heard: () => string; isOver: () => boolean }> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  let heard = "";
  let over = false;
  socket.on("data", (bytes: Buffer) => (heard += bytes.toString("hex").toUpperCase()));
  socket.on("error", () => undefined);
  socket.on("close", () => (over = true));
  closers.push(() => Promise.resolve(void socket.destroy()));
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  for (const word of words) socket.write(word);
  return { socket, heard: () => heard, isOver: () => over };
}

describe("who calls", () => {
  test("a meter that says its address has a line of its own; those behind one modem share one", async () => {
    const { street, port } = gateway({ callers: [{ registration: "DTU-0001", meters: [A, B] }] }, [A, B, C]);
    await listening(street);
    const far = await callers(port(), [
      { id: "modem", meters: [A, B], says: { registration: "DTU-0001", heartbeat: "DTU-0001", heartbeatMs: 20 } },
      { id: "alone", meters: [C], says: { registration: "{address}\r\n" } },
    ]);
    await isUp(street, "hill/DTU-0001");
    await isUp(street, `hill/${C}`);
    expect(street.buses().map(({ id }) => id)).toEqual(["hill", "hill/DTU-0001", `hill/${C}`]);
    for (const address of [A, B, C]) {
      const talk = await session(street, address);
      for (let n = 0; n < 5; n += 1) expect(await talk.readWallet()).toMatchObject({ balance: 5_000n });
      await talk.close();
    }
    expect(far.frames(C).length).toBeGreaterThan(0);
    expect(street.buses()[0]!.callers).toMatchObject({ connected: 2, known: 2, quarantined: 0, turnedAway: 0, quarantine: [] });
  });

  test("one that says nothing is asked for its meter's address, and asked again by that address", async () => {
    const { street, port } = gateway({}, [A]);
    await listening(street);
    const far = await callers(port(), [{ id: "mute", meters: [A] }]);
    await isUp(street, `hill/${A}`);
    const asked = far
      .frames()
      .filter(({ direction }) => direction === "request")
      .map(({ hex }) => hex.replaceAll(" ", ""));
    expect(asked).toHaveLength(2);
    expect(asked[0]).toContain("68AAAAAAAAAAAA681300");
    expect(asked[1]).toContain("6801002211262068110434373337"); // 04000401, low byte first, each plus 33
    const talk = await session(street);
    expect(await talk.readWallet()).toMatchObject({ count: 0 });
    await talk.close();
  });

  test("several meters behind one that says nothing cannot be told apart: it is quarantined, until the site file names it", async () => {
    const { street, port } = gateway({}, [A, B]);
    await listening(street);
    await callers(port(), [{ id: "mute", meters: [A, B] }]);
    await until(() => expect(street.buses()[0]!.callers).toMatchObject({ quarantined: 1, known: 0 }), 10_000);
    expect(street.buses()[0]!.callers!.quarantine[0]).toMatchObject({ said: expect.any(String) as string, until: null });
    const named = gateway({ callers: [{ source: "127.0.0.1", meters: [A, B] }] }, [A, B]);
    await listening(named.street);
    await callers(named.port(), [{ id: "mute", meters: [A, B] }]);
    await isUp(named.street, "hill/127.0.0.1");
    const talk = await session(named.street, B);
    expect(await talk.readRelay()).toMatchObject({ relay: "connected" });
    await talk.close();
  });

  test("a meter that was set to dial from a line of somebody else's is told by its address, wherever it comes from", async () => {
    const { street, port } = gateway({ callers: [{ registration: "R", source: "10.9.9.9", meters: [A] }] }, [A]);
    await listening(street);
    const stranger = await call(port(), "R");
    await until(() => expect(street.buses()[0]!.callers!.quarantine[0]?.why).toBe("R is expected from 10.9.9.9"));
    expect(lineOf(street, "hill/R").open).toBe(false);
    stranger.socket.write(A); // its own address is a name as well
    await isUp(street, "hill/R");
  });
});

describe("a caller that moves", () => {
  test("a second connection takes the line over; the order under way is silence, the proof of identity is made anew, and it was obeyed once", async () => {
    const { street, port } = gateway({}, [A]);
    await listening(street);
    const far = await callers(port(), [{ id: "cell", meters: [A], says: { registration: "{address}" } }]);
    await isUp(street, `hill/${A}`);
    const talk = await session(street);
    await talk.readWallet();
    const proofs = () =>
      far.frames(A).filter(({ direction, hex }) => direction === "request" && hex.replaceAll(" ", "").includes("680320")).length;
    expect(proofs()).toBe(1);
    far.setBusFault("cell", { kind: "second-connection", di: "070102FF" });
    const sent = await talk.topUp({ amount: Fen(1_000n), count: 1, opening: false }, soon());
    expect(sent.sent).toBe("silent");
    expect(street.health(A).state).toBe("answering"); // the line broke, not the meter
    await isUp(street, `hill/${A}`);
    expect(await talk.readWallet()).toMatchObject({ count: 1, balance: 6_000n });
    expect(proofs()).toBe(2);
    expect(far.snapshot(A).obeyed.topUps).toBe(1);
    expect(street.buses()[0]!.callers).toMatchObject({ connected: 1 }); // the older one was hung up on
    await talk.close();
  });

  test("a line that stays and carries nothing is given up after three requests; what was asked next never left", async () => {
    const { street, port } = gateway({}, [A]);
    await listening(street);
    const far = await callers(port(), [{ id: "cell", meters: [A], says: { registration: "{address}" } }]);
    await isUp(street, `hill/${A}`);
    const first = await session(street);
    await first.readRelay();
    await first.close();
    far.setBusFault("cell", { kind: "half-open" });
    const outcomes: string[] = [];
    // Each a restore of its own: they alone may ask a meter that was just silent.
    for (let n = 0; n < 5 && !outcomes.includes("line-down"); n += 1) {
      const restore = await street.session(A, { priority: Priority.safety, mayProbe: true });
      await restore.readRelay().catch((error: unknown) => outcomes.push(isFault(error) ? error.code : String(error)));
      await restore.close();
    }
    expect(outcomes.at(-1)).toBe("line-down");
    expect(lineOf(street, `hill/${A}`).silences).toBe(3);
    far.clearAllFaults();
    await isUp(street, `hill/${A}`);
    const talk = await session(street);
    expect(await talk.readRelay()).toMatchObject({ relay: "connected" });
    await talk.close();
  });

  test("one that calls again without its name is known by its meter", async () => {
    const { street, port } = gateway({}, [A]);
    await listening(street);
    const far = await callers(port(), [{ id: "cell", meters: [A], says: { registration: "{address}" } }]);
    await isUp(street, `hill/${A}`);
    const talk = await session(street);
    far.setBusFault("cell", { kind: "missing-registration" });
    await talk.readRelay();
    await until(() => expect(lineOf(street, `hill/${A}`).open).toBe(false));
    await isUp(street, `hill/${A}`);
    expect(await talk.readRelay()).toMatchObject({ relay: "connected" });
    await talk.close();
  });

  test("a text of the modem before the answer, and an answer that comes byte by byte, spoil nothing", async () => {
    const { street, port } = gateway({ dialIn: { says: ["address", { text: "HB", answer: "hex:06" }] } }, [A]);
    await listening(street);
    const far = await callers(port(), [{ id: "cell", meters: [A], says: { registration: "{address}" } }]);
    await isUp(street, `hill/${A}`);
    const talk = await session(street);
    far.setBusFault("cell", { kind: "stray-text", text: "HB", times: 3 });
    for (let n = 0; n < 3; n += 1) expect(await talk.readRelay()).toMatchObject({ relay: "connected" });
    far.setBusFault("cell", { kind: "slow-drip", gapMs: 5 });
    expect(await talk.readRelay()).toMatchObject({ relay: "connected" });
    expect(lineOf(street, `hill/${A}`)).toMatchObject({ silences: 0 });
    await talk.close();
  });
});

describe("strangers", () => {
  /** The reception alone, on a clock that is moved by hand. */
  async function reception(
    bus: Partial<BusConfig> = {},
    meters = [A],
  ): Promise<{ clock: HandClock; reception: Reception; port: number }> {
    const clock = new HandClock();
    const transport = { kind: "tcp-server", port: 0 } as const;
    const whole = { id: "hill", transport, dialIn: { probe: false }, ...bus };
    const open = new Reception({
      bus: { ...whole, transport },
      meters,
      timing: timingOf({ transport, ...quick }),
      clock,
      chance: seededChance(1),
      log: silentLog,
    });
    closers.push(() => open.close());
    await open.start();
    return { clock, reception: open, port: Number(open.name.split(":").at(-1)) };
  }

  test("every caller of a long site file has a place, also while its old connection still stands, and strangers have theirs", async () => {
    const meters = Array.from({ length: 5_000 }, (_, n) => MeterAddress(String(202_611_230_000 + n)));
    const { reception: desk } = await reception({}, meters);
    expect(desk.callersMax).toBe(2 * 5_000 + STRANGERS_MAX);
  });

  test("an unknown caller is kept apart, told with what it said, and sent nothing; it is let in when it says a name we know", async () => {
    const { clock, reception: desk, port } = await reception();
    const stranger = await call(port, Uint8Array.of(0x47, 0x45, 0x54, 0x20, 0x2f, 0x0d, 0x0a, 0xff, 0x5c), "x".repeat(100));
    await until(() => expect(desk.picture().connected).toBe(1));
    await until(() => expect(clock.sleeping).toBeGreaterThan(0));
    clock.advance(seconds(2));
    await until(() => expect(desk.picture().quarantined).toBe(1));
    expect(desk.picture().quarantine[0]).toMatchObject({
      said: `GET /\\x0d\\x0a\\xff\\x5c${"x".repeat(55)}… (109 bytes)`,
      why: "it says nothing of itself",
      until: null,
    });
    expect(stranger.heard()).toBe("");
    expect(desk.seats.get(`hill/${A}`)!.isOpen).toBe(false);
    stranger.socket.write(`\r\n${A}`);
    await until(() => expect(desk.seats.get(`hill/${A}`)!.isOpen).toBe(true));
    expect(desk.picture()).toMatchObject({ quarantined: 0, known: 1, quarantine: [] });
  });

  test("it is hung up on after ten minutes, and remembered", async () => {
    const { clock, reception: desk, port } = await reception();
    const stranger = await call(port, "who knows");
    for (const ms of [seconds(2), seconds(30), seconds(120), QUARANTINE_MS]) {
      await until(() => expect(clock.waits).toContain(ms));
      expect(stranger.isOver()).toBe(false);
      clock.advance(ms);
    }
    await until(() => expect(stranger.isOver()).toBe(true));
    expect(desk.picture()).toMatchObject({
      connected: 0,
      quarantined: 0,
      quarantine: [{ said: "who knows", until: clock.now() }],
    });
  });

  test("the quarantine holds so many and no more: the oldest has to go", async () => {
    const { clock, reception: desk, port } = await reception();
    const first = await call(port, "0");
    await until(() => expect(desk.picture().connected).toBe(1));
    for (let n = 1; n <= QUARANTINED_MAX; n += 1) await call(port, String(n));
    await until(() => expect(clock.waits.filter((ms) => ms === seconds(2))).toHaveLength(QUARANTINED_MAX + 1));
    clock.advance(seconds(2));
    await until(() => expect(first.isOver()).toBe(true));
    expect(desk.picture().quarantined).toBe(QUARANTINED_MAX);
    expect(QUARANTINED_MAX).toBeLessThan(STRANGERS_MAX);
  });

  test("one that talks and talks is hung up on, however fast", async () => {
    const { reception: desk, port } = await reception();
    const stranger = await call(port, "z".repeat(STRANGER_BYTES_MAX + 1));
    await until(() => expect(stranger.isOver()).toBe(true));
    expect(desk.picture().quarantine[0]).toMatchObject({ why: "it talks and talks, and never says who it is" });
  });

  test("a name that comes byte by byte is a name", async () => {
    const { reception: desk, port } = await reception();
    const slow = await call(port);
    for (const letter of A as string) {
      slow.socket.write(letter);
      await systemClock.wait(1);
    }
    await until(() => expect(desk.seats.get(`hill/${A}`)!.isOpen).toBe(true));
  });

  test("heartbeats are answered where the pattern says so, and missed where the site says how often they come", async () => {
    const dialIn = { probe: false, heartbeatEverySeconds: 60, says: [{ text: "~{address}", answer: "hex:06 15" }, "hb"] };
    const { clock, reception: desk, port } = await reception({ dialIn });
    const caller = await call(port, `~${A}`, "hb");
    await until(() => expect(caller.heard()).toBe("0615"));
    const heard: number[] = [];
    desk.seats.get(`hill/${A}`)!.onReceived((bytes) => void heard.push(...bytes));
    clock.advance(seconds(170));
    caller.socket.write("hb");
    await systemClock.wait(20);
    clock.advance(seconds(20));
    await until(() => expect(clock.sleeping).toBe(1));
    expect(caller.isOver()).toBe(false);
    expect(heard).toEqual([]);
    clock.advance(seconds(180));
    await until(() => expect(caller.isOver()).toBe(true));
    expect(desk.seats.get(`hill/${A}`)!.why).toContain("heartbeats are missing");
  });

  test("a port that is taken does not stop the start: it says so, and listens when it can", async () => {
    const taken = await reception();
    const { street } = gateway({ transport: { kind: "tcp-server", port: taken.port } }, [A]);
    await until(() => expect(street.buses()[0]!.why).toContain("EADDRINUSE"));
    await taken.reception.close();
    await listening(street);
  });
});

test("a storm: 500 callers lose their connections at once and call again; all are served, and strangers leave nothing behind", async () => {
  const count = 500;
  const addresses = Array.from({ length: count }, (_, n) => MeterAddress(`2026112${String(30_000 + n)}`));
  const { street, port } = gateway({ replyDeadlineMs: 8_000 }, addresses);
  await listening(street);
  const far = await callers(
    port(),
    addresses.map((address) => ({ id: `b${address}`, meters: [address], says: { registration: "{address}", redialMs: 200 } })),
  );
  const known = () => street.buses()[0]!.callers!.known;
  const everybodyReads = async (): Promise<void> => {
    await Promise.all(
      addresses.map(async (address) => {
        const talk = await session(street, address);
        expect(await talk.readRelay()).toMatchObject({ relay: "connected" });
        await talk.close();
      }),
    );
  };
  await until(() => expect(known()).toBe(count), 30_000);
  await everybodyReads();
  let before = 0;
  const storms: number[] = [];
  for (let storm = 0; storm < 4; storm += 1) {
    if (storm === 1) before = process.memoryUsage().rss; // from here on nothing is made for the first time
    const startedAt = performance.now();
    for (const address of addresses) far.setBusFault(`b${address}`, { kind: "dropped-connection" });
    await Promise.allSettled(
      addresses.map(async (address) => {
        const talk = await session(street, address);
        await talk.readRelay().finally(() => talk.close());
      }),
    );
    await until(() => expect(known()).toBe(count), 30_000);
    await everybodyReads();
    storms.push((performance.now() - startedAt) / 1_000);
  }
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  console.log(
    `storm of ${count}: ${storms.map((s) => s.toFixed(2)).join(", ")} s until all were served again; ${grown.toFixed(0)} MB more`,
  );
  expect(street.buses()[0]!.callers).toMatchObject({ connected: count, known: count, quarantined: 0, turnedAway: 0 });
  expect(grown).toBeLessThan(150);
}, 120_000);
