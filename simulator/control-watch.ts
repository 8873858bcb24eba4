/**
 * Whoever watches the street: the whole of it once, then what changed, as server-sent events.
 *
 *     street {clock, weather, buses, meters, frames}     at the start, and again after falling behind
 *     pulse  {clock?, weather?, buses?, meters?, frames?, missed?}
 *
 * Nothing on the street calls anybody here: ten times a second, and only while somebody watches, this looks at what is new.
 * So a busy line is never held up by a slow browser, and each look costs no more than its share: some meters in turn, those
 * that were spoken to or changed at the door first, and the newest frames. A watcher that does not keep up gets no more until
 * its connection is drained, and then the whole street anew.
 */
import type { ServerResponse } from "node:http";
import type { Clock } from "../src/kernel/clock.ts";
import { Fault } from "../src/kernel/faults.ts";
import { hex } from "./bytes.ts";
import type { ClockView } from "./clock-door.ts";
import { tellNoise } from "./recording/line.ts";
import { maskedHex } from "./telling/secrets.ts";
import { tell } from "./telling/tell.ts";
import type { Said } from "./telling/values.ts";
import type { StandingFault } from "./faults.ts";
import { shown } from "./frame-log.ts";
import type { LoggedFrame, NoiseEvent, Shown, WireEvent } from "./frame-log.ts";
import { snapshotOf } from "./meter-door.ts";
import type { MeterSnapshot } from "./meter-door.ts";
import type { Street } from "./street.ts";
import type { VirtualMeter } from "./virtual-meter.ts";
import { isoWall } from "./wall-time.ts";

export type { ClockView } from "./clock-door.ts";

const PULSE_MS = 100;
const WATCHERS_MAX = 16;
const METERS_A_PULSE = 50;
const FRAMES_A_PULSE = 100;
const FRAMES_AT_FIRST = 60;
/** A clock at least this often: it keeps proxies awake, and the page's own clock right. */
const HEARTBEAT_PULSES = 30;
const BEHIND_BYTES = 1_000_000;

export interface BusView {
  readonly id: string;
  readonly kind: string;
  readonly at: number | string | null;
  readonly baud: number | null;
  readonly answerDelayMs: number;
  readonly meters: readonly string[];
  readonly faults: readonly StandingFault[];
}
/** A meter without its clock, which would change every second; what it is wrong by is there. */
export type MeterView = Omit<MeterSnapshot, "clock"> & { readonly clockOffsetMs: number; readonly alarm: boolean };
/** Bytes that are no frame, or another than the one that was said, stand among the frames; `meter` is empty where it is nobody's. */
export type ToldFrame = LoggedFrame & { readonly told: Said; readonly what: "frame" | "noise" };

export interface WholeStreet {
  readonly clock: ClockView;
  readonly weather: object;
  readonly buses: readonly BusView[];
  readonly meters: readonly MeterView[];
  readonly frames: readonly ToldFrame[];
}
export interface Pulse extends Partial<WholeStreet> {
  /** Frames that passed beside those told. */
  readonly missed?: number;
}

export interface Views {
  readonly clock: Clock;
  readonly busView: (street: Street, id: string) => BusView;
  readonly clockView: (street: Street) => ClockView;
}

interface Watcher {
  readonly to: ServerResponse;
  isBehind: boolean;
}

export class StreetWatch {
  readonly #street: Street;
  readonly #views: Views;
  readonly #watchers = new Set<Watcher>();
  readonly #ended = new AbortController();
  readonly #touched = new Set<string>();
  /** What was said of each bus and meter last. */
  readonly #said = new Map<string, string>();
  #isLooking = false;
  #seq = 0;
  #turn = 0;
  #pulses = 0;
  #isHurried = false;
  #speed = 0;

  constructor(street: Street, views: Views) {
    this.#street = street;
    this.#views = views;
  }

  /** Refuses by throwing, before a byte is written. */
  admit(): void {
    if (this.#watchers.size >= WATCHERS_MAX) throw new Fault("too-many-requests", { watchers: WATCHERS_MAX });
  }

  watch(to: ServerResponse): void {
    const watcher = { to, isBehind: true };
    to.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });
    this.#watchers.add(watcher);
    to.on("close", () => this.#watchers.delete(watcher));
    if (this.#isLooking) this.#catchUp(watcher);
    else this.#beginLooking();
  }

  /** Something was done at the door: look there next. */
  touched(address?: string): void {
    if (this.#watchers.size === 0) return;
    this.#isHurried = true;
    if (address !== undefined) this.#touched.add(address);
  }

  close(): void {
    this.#ended.abort();
    for (const { to } of this.#watchers) to.end();
  }

  #beginLooking(): void {
    this.#isLooking = true;
    this.#said.clear();
    this.#touched.clear();
    this.#seq = this.#street.framesAfter(0, 0).seq;
    // The first watcher is told everything at once; after that only what is different is news.
    for (const { address } of this.#street.meters.values()) this.#touched.add(address);
    void this.#look();
  }

  async #look(): Promise<void> {
    const { clock } = this.#views;
    const { signal } = this.#ended;
    while (this.#watchers.size > 0 && !signal.aborted) {
      const pulse = this.#pulse();
      const text = Object.keys(pulse).length === 0 ? undefined : event("pulse", pulse);
      for (const watcher of this.#watchers) {
        if (watcher.isBehind || watcher.to.writableLength > BEHIND_BYTES) this.#catchUp(watcher);
        else if (text !== undefined) watcher.to.write(text);
      }
      await clock.wait(PULSE_MS, signal);
    }
    this.#isLooking = false;
  }

  #catchUp(watcher: Watcher): void {
    watcher.isBehind = watcher.to.writableLength > 0;
    if (!watcher.isBehind) watcher.to.write(event("street", this.#whole()));
  }

  #whole(): WholeStreet {
    const { busView, clockView } = this.#views;
    const street = this.#street;
    return {
      clock: clockView(street),
      weather: street.weather.view,
      buses: [...street.buses.keys()].map((id) => busView(street, id)),
      meters: [...street.meters.values()].map((meter) => meterView(street, meter)),
      frames: street.framesAfter(0, FRAMES_AT_FIRST).passed.map((event) => told(event, street)),
    };
  }

  #pulse(): Pulse {
    const { busView, clockView } = this.#views;
    const street = this.#street;
    const { passed, missed, seq } = street.framesAfter(this.#seq, FRAMES_A_PULSE);
    this.#seq = seq;
    for (const { meter } of passed) if (meter !== undefined) this.#touched.add(meter);
    const looked = [...this.#inTurn()].map((meter) => meterView(street, meter));
    // A name nobody has heard yet: 15H gave it to a meter that the watchers know by another.
    if (looked.some(({ address }) => !this.#said.has(`meter ${address}`)))
      for (const watcher of this.#watchers) watcher.isBehind = true;
    const meters = looked.filter((view) => this.#isNew(`meter ${view.address}`, view));
    const buses = [...street.buses.values()]
      .filter(({ id, faults }) => this.#isNew(`bus ${id}`, faults.standing))
      .map(({ id }) => busView(street, id));
    this.#pulses += 1;
    const isHeartbeat = this.#pulses % HEARTBEAT_PULSES === 0;
    const isClockNew = isHeartbeat || this.#isHurried || street.time.speed !== this.#speed;
    this.#isHurried = false;
    this.#speed = street.time.speed;
    return {
      ...(isClockNew ? { clock: clockView(street), weather: street.weather.view } : {}),
      ...(buses.length > 0 ? { buses } : {}),
      ...(meters.length > 0 ? { meters } : {}),
      ...(passed.length > 0 ? { frames: passed.map((event) => told(event, street)) } : {}),
      ...(missed > 0 ? { missed } : {}),
    };
  }

  /** Those that were touched, and the next so many. */
  #inTurn(): Set<VirtualMeter> {
    const all = [...this.#street.meters.values()];
    const chosen = new Set(all.filter(({ address }) => this.#touched.has(address)));
    this.#touched.clear();
    for (let n = Math.min(METERS_A_PULSE, all.length); n > 0; n -= 1) {
      this.#turn = (this.#turn + 1) % all.length;
      chosen.add(all[this.#turn]!);
    }
    return chosen;
  }

  #isNew(name: string, thing: object): boolean {
    const text = JSON.stringify(thing);
    if (this.#said.get(name) === text) return false;
    this.#said.set(name, text);
    return true;
  }
}

function meterView(street: Street, meter: VirtualMeter): MeterView {
  const { clock: _clock, ...snapshot } = snapshotOf(meter);
  const { wallet, alarms } = meter;
  const isLow = meter.hasWallet && (wallet.balance < alarms.first || wallet.balance < alarms.second);
  return {
    ...snapshot,
    clockOffsetMs: Math.round(meter.clock - street.time.now()),
    alarm: meter.isWarned || meter.relay.isTripPending || isLow,
  };
}

/** Arrow and address have columns of their own on the page. */
const told = (event: WireEvent, form: Shown): ToldFrame => {
  if (event.what === "noise") return toldNoise(event, form);
  const { en, zh } = tell(event.bytes);
  return { what: "frame", ...shown(event, form), told: { en: headless(en), zh: headless(zh) } };
};
/** What has a `re` came out towards the clients; everything else was sent by one. */
const toldNoise = (event: NoiseEvent, { unmasked }: Shown): ToldFrame => {
  const { seq, at, bus, meter = "", re, bytes, fault } = event;
  return {
    what: "noise",
    ...{ seq, at: isoWall(at, true), bus, meter, direction: re === undefined ? "request" : "reply" },
    hex: unmasked === true ? hex(bytes) : maskedHex(bytes),
    ...(fault === undefined ? {} : { fault }),
    told: tellNoise(event),
  };
};
const headless = (line: string): string => line.replace(/^[→←] \S+ /, "");

const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
