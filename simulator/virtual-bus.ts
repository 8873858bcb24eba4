/**
 * One bus of the street: the meters on it, the wires that carry it, and what is broken about it.
 *
 * A TCP, serial or memory bus is one pair of wires that all its clients and meters share. Over MQTT every meter has wires of
 * its own (its radio), so nothing collides there; they still report one bus, because people think of them as one.
 */
import type { Chance } from "../src/kernel/chance.ts";
import type { Clock } from "../src/kernel/clock.ts";
import type { Logger } from "../src/kernel/log.ts";
import { isFor } from "./behaviours/address.ts";
import { FaultShelf } from "./faults.ts";
import type { FrameLog } from "./frame-log.ts";
import { LineRate } from "./line-rate.ts";
import type { BusPlan } from "./plans.ts";
import { answerOf, fitsExchange, lateMsOf, spoil, superposed } from "./spoiling.ts";
import type { VirtualMeter } from "./virtual-meter.ts";
import type { HeardFrame } from "./wire.ts";
import { FrameReader } from "./wire.ts";
import type { Company, Deliver, Timing } from "./wires.ts";
import { Wires } from "./wires.ts";

export const SERIAL_BAUD = 2_400;
const PACED_ANSWER_DELAY_MS = 20;
const SERIAL_WAKE_UPS = 4;

/** One party on the wires: bytes in by `receive`, bytes out by the function it was joined with. */
export interface BusEnd {
  receive(bytes: Uint8Array): void;
  leave(): void;
}

export interface BusSurroundings {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  readonly frames: FrameLog;
}

export class VirtualBus {
  readonly plan: BusPlan;
  readonly id: string;
  readonly faults = new FaultShelf("bus");
  readonly baud: number | undefined;
  readonly rate: LineRate;
  readonly timing: Timing;
  readonly wakeUps: number;
  /** Breaks the endpoint's connections; set by the endpoint. */
  drop: (() => void) | undefined;
  readonly #around: BusSurroundings;
  readonly #meters = new Map<string, VirtualMeter>();
  readonly #shared: Wires | undefined;
  readonly #own = new Map<VirtualMeter, Wires>();

  constructor(plan: BusPlan, around: BusSurroundings) {
    this.plan = plan;
    this.id = plan.id;
    this.#around = around;
    const isSerial = plan.endpoint.kind === "serial";
    this.baud = plan.baud ?? (isSerial ? SERIAL_BAUD : undefined);
    const rate = (this.rate = new LineRate(around.clock, this.baud));
    this.timing = {
      get msPerByte() {
        return rate.msPerByte;
      },
      answerDelayMs: plan.answerDelayMs ?? (this.baud === undefined ? 0 : PACED_ANSWER_DELAY_MS),
    };
    this.wakeUps = plan.wakeUps ?? (isSerial ? SERIAL_WAKE_UPS : 0);
    this.#shared = plan.endpoint.kind === "mqtt" ? undefined : this.#wires(() => this.#meters.values(), false);
  }

  get meters(): ReadonlyMap<string, VirtualMeter> {
    return this.#meters;
  }

  hang(meter: VirtualMeter): void {
    this.#meters.set(meter.address, meter);
    if (this.#shared !== undefined) meter.line = this.rate;
  }

  /** Joins the shared wires. */
  join(deliver: Deliver): BusEnd {
    const wires = this.#shared;
    if (wires === undefined) throw new Error(`bus ${this.id} has no shared wires: its meters are reached one by one`);
    wires.join(deliver);
    const reader = new FrameReader();
    return {
      receive: (bytes) => {
        for (const frame of reader.push(bytes, this.#around.clock.now())) wires.request(frame, deliver);
      },
      leave: () => wires.leave(deliver),
    };
  }

  /** Bytes for one meter on wires of its own; `deliver` is joined the first time. */
  receiveFor(meter: VirtualMeter, bytes: Uint8Array, deliver: Deliver): void {
    let wires = this.#own.get(meter);
    if (wires === undefined) {
      wires = this.#wires(() => [meter], true);
      wires.join(deliver);
      this.#own.set(meter, wires);
    }
    for (const frame of new FrameReader().push(bytes, 0)) wires.request(frame, deliver);
  }

  close(): void {
    this.#shared?.close();
    for (const wires of this.#own.values()) wires.close();
  }

  #wires(meters: () => Iterable<VirtualMeter>, takesTurns: boolean): Wires {
    const company: Company = {
      answer: (request) => this.#answer(request, meters()),
      lost: (request) => this.#note(request, "collision"),
      failed: (error) => this.#around.log.error({ bus: this.id, error: String(error) }, "an exchange broke off"),
    };
    return new Wires({ clock: this.#around.clock, timing: this.timing, company, takesTurns });
  }

  #answer(request: HeardFrame, meters: Iterable<VirtualMeter>): { bytes: Uint8Array; lateMs: number }[] {
    this.rate.heard();
    const busFault = this.faults.use((fault) => fitsExchange(fault, request));
    const out: { bytes: Uint8Array; lateMs: number }[] = busFault?.kind === "echo" ? [{ bytes: request.raw, lateMs: 0 }] : [];
    const replies: { bytes: Uint8Array; lateMs: number }[] = [];
    let noted = false;
    for (const meter of this.#hearers(request, meters)) {
      const fault =
        busFault !== undefined && busFault.kind !== "echo" ? busFault : meter.faults.use((f) => fitsExchange(f, request));
      if (!noted) this.#note(request, fault?.kind);
      noted = true;
      const answer = answerOf(request, meter, fault);
      if (answer === undefined || answer === "silent") continue;
      const bytes = spoil(answer, meter, fault, { wakeUps: this.wakeUps, chance: this.#around.chance });
      if (fault?.kind === "dropped-connection") this.drop?.();
      if (bytes !== undefined) replies.push({ bytes, lateMs: lateMsOf(fault) });
      if (bytes !== undefined) this.#log(meter.address, "reply", bytes, fault?.kind);
    }
    if (!noted) this.#note(request, busFault?.kind);
    const [first] = replies;
    if (first === undefined) return out;
    // Two meters answering a wildcard at once spoil each other's answer.
    return [...out, { bytes: replies.map(({ bytes }) => bytes).reduce(superposed), lateMs: first.lateMs }];
  }

  #hearers(request: HeardFrame, meters: Iterable<VirtualMeter>): Iterable<VirtualMeter> {
    const one = this.#shared === undefined ? undefined : this.#meters.get(request.address);
    const hears = (meter: VirtualMeter): boolean => isFor(request, meter.address) && this.rate.understands(meter);
    if (one !== undefined) return hears(one) ? [one] : [];
    return [...meters].filter(hears);
  }

  #note(request: HeardFrame, fault: string | undefined): void {
    this.#log(request.address, (request.control & 0x80) === 0 ? "request" : "reply", request.raw, fault);
  }

  #log(meter: string, direction: "request" | "reply", bytes: Uint8Array, fault: string | undefined): void {
    this.#around.frames.add({ bus: this.id, meter, direction, bytes, fault });
  }
}
