/**
 * A street on a memory bus and a clock that is moved by hand: what is said, what comes back, and after how many milliseconds.
 * One case a kind of fault; `faults.test.ts` runs them all and misses none.
 */
import type { Chance } from "../../../src/kernel/chance.ts";
import { Instant } from "../../../src/kernel/clock.ts";
import { fromHex, hex, joined } from "../../../simulator/bytes.ts";
import type { BusPlan, FaultOrder, MeterPlan, Street } from "../../../simulator/street.ts";
import type { VirtualMeter } from "../../../simulator/virtual-meter.ts";
import { dataItemBytes, FrameReader, writeFrame } from "../../../simulator/wire.ts";
import { HandClock } from "../../transports/hand-clock.ts";
import { authenticate, plainOrder } from "../support/frames.ts";
import { raise } from "../support/street.ts";

export const A = "202611220001";
export const B = "202611220002";
export const C = "202611220003";
const START = Instant(Date.parse("2026-11-22T10:00:00+08:00"));

export const question = (address: string, di = "00010000"): Uint8Array =>
  writeFrame({ address, control: 0x11, data: dataItemBytes(di) });
/** The right answer to `question(A)`: 1.00 kWh. */
export const RIGHT = writeFrame({ address: A, control: 0x91, data: fromHex("0000010000010000") });
export const order = (address: string, n1: number): Uint8Array =>
  writeFrame({ address, control: 0x1c, data: plainOrder(n1, { deadline: "991231235959" }) });
export const TRIP = 0x1a;
export const RESTORE = 0x1c;

export const sumOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

/** "91 0000010000010000" for each frame that can be read. */
export const framesIn = (bytes: Uint8Array): string[] =>
  new FrameReader().push(bytes, 0).map(({ address, control, data }) => `${address} ${hex(Uint8Array.of(control))} ${hex(data)}`);

export class Party {
  /** Milliseconds since the last request, and the bytes that came in one piece. */
  readonly heard: { readonly ms: number; readonly bytes: Uint8Array }[] = [];
  readonly #bench: WireBench;
  readonly #send: (bytes: Uint8Array) => void;
  #saidAt = 0;

  constructor(bench: WireBench) {
    this.#bench = bench;
    const end = bench.street.memoryEnd("m");
    this.#send = (bytes) => end.send(bytes);
    end.onBytes((bytes) => this.heard.push({ ms: bench.clock.now() - this.#saidAt, bytes }));
  }

  /** Forgets what it heard before, says this, and waits so long. */
  async say(bytes: Uint8Array, waitMs = 0): Promise<this> {
    this.heard.length = 0;
    this.#saidAt = this.#bench.clock.now();
    this.#send(bytes);
    await this.#bench.pass(waitMs);
    return this;
  }

  get bytes(): Uint8Array {
    return joined(...this.heard.map(({ bytes }) => bytes));
  }
  get frames(): string[] {
    return framesIn(this.bytes);
  }
  get pieces(): [number, string][] {
    return this.heard.map(({ ms, bytes }) => [ms, hex(bytes)]);
  }
}

export class WireBench {
  readonly street: Street;
  readonly clock: HandClock;
  readonly me: Party;

  private constructor(street: Street, clock: HandClock) {
    this.street = street;
    this.clock = clock;
    this.me = new Party(this);
  }

  static async raise(
    meter: Partial<MeterPlan> = {},
    { bus = {}, chance }: { bus?: Partial<BusPlan>; chance?: Chance } = {},
  ): Promise<WireBench> {
    const clock = new HandClock();
    const street = await raise({
      clock,
      start: START,
      chance,
      buses: [{ id: "m", endpoint: { kind: "memory" }, ...bus }],
      meters: [A, B, C].map((address) => ({ address, bus: "m", loadKw: 0, energyKwh: "1.00", ...meter })),
    });
    return new WireBench(street, clock);
  }

  get meter(): VirtualMeter {
    return this.street.meter(A);
  }

  set(fault: FaultOrder): string {
    return this.street.setFault(A, fault);
  }
  setBus(fault: FaultOrder): string {
    return this.street.setBusFault("m", fault);
  }

  /** So many milliseconds go by, one at a time where there are few, so that everything happens at its own. */
  async pass(ms: number): Promise<void> {
    await quiet();
    for (let left = ms; left > 0; left -= 5) {
      this.clock.advance(Math.min(5, left));
      await quiet();
    }
  }

  /** Proves to the meter who it talks to; the session stands afterwards. */
  async authenticate(): Promise<void> {
    let data: Uint8Array = new Uint8Array(0);
    authenticate({ meter: this.meter, ask: (control, given) => ((data = given), { control, data: "" }) });
    await this.me.say(writeFrame({ address: A, control: 0x03, data }));
  }
}

/** Everything that is ready to happen now has happened. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 12; i += 1) await Promise.resolve();
}
