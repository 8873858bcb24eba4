/**
 * What happened on the street, the last so many events: frames heard and said, bytes that were no frame, and what people did to
 * it at the door. Evidence for people and tests; `recording/` makes lines and files of it. Nothing here ever waits: whoever
 * listens is told at once and must not hold the wires up.
 */
import type { Instant } from "../src/kernel/clock.ts";
import { hex } from "./bytes.ts";
import type { StreetOrder } from "./recording/orders.ts";
import { maskedHex } from "./telling/secrets.ts";
import { isoWall } from "./wall-time.ts";

export const EVENTS_MAX = 20_000;
const NOISE_BYTES_MAX = 1_024;

interface Happened {
  readonly seq: number;
  /** The street's time. */
  readonly at: Instant;
  /** The time of the clock that was handed in. */
  readonly wall: Instant;
  /** By how much the calendar is behind what was lived, once it was set back. */
  readonly behindMs?: number;
}

export interface FrameEvent extends Happened {
  readonly what: "frame";
  readonly bus: string;
  /** The address in the frame: a meter's, or a wildcard. */
  readonly meter: string;
  readonly direction: "request" | "reply";
  readonly bytes: Uint8Array;
  /** The fault that touched it, or "collision". */
  readonly fault?: string | undefined;
  /** Nobody on these wires was meant, or nobody was there to hear. */
  readonly isForNobody?: boolean | undefined;
  /** Which party on the wires it came from. */
  readonly connection?: string | undefined;
  /** Of a reply: the request that it answers. */
  readonly re?: number | undefined;
  /** Of a reply: when each of its pieces is out of the wires, milliseconds after the request was heard; left out, at once. */
  readonly afterMs?: readonly number[] | undefined;
  /** Of a reply in several pieces: how many bytes each has. */
  readonly sizes?: readonly number[] | undefined;
  /** Of a request: what was put on wires that had something wrong with them, of which this was heard. */
  readonly sentAs?: number | undefined;
}

export interface NoiseEvent extends Happened {
  readonly what: "noise";
  readonly bus: string;
  /** At most the first `NOISE_BYTES_MAX`. */
  readonly bytes: Uint8Array;
  /** How many there were. */
  readonly size: number;
  readonly connection?: string | undefined;
  /** Whose answer came out as this, and which piece of it, counted from one, when it has several. */
  readonly meter?: string | undefined;
  readonly piece?: number | undefined;
  /** What came out of the wires, where that is not what the line before it says: the request, or what was sent, that it came to. */
  readonly re?: number | undefined;
  /** What made the difference. */
  readonly fault?: string | undefined;
  /** These bytes were sent, and this much of them was left for the meters. */
  readonly heard?: Uint8Array | undefined;
  readonly sentAs?: number | undefined;
  /** How an endpoint that talks in messages handed them over. */
  readonly how?: string | undefined;
}

export interface OrderEvent extends Happened {
  readonly what: "order";
  readonly order: StreetOrder;
  /** The street's story did it: it does so again by itself when the street is raised again. */
  readonly isOfStory?: true;
}

export type StreetEvent = FrameEvent | NoiseEvent | OrderEvent;
export type WireEvent = FrameEvent | NoiseEvent;
type Told<Event extends StreetEvent> = Omit<Event, "what" | keyof Happened>;

export interface LoggedFrame {
  readonly seq: number;
  readonly at: string;
  readonly bus: string;
  readonly meter: string;
  readonly direction: "request" | "reply";
  readonly hex: string;
  /** The fault that spoiled it, if one did. */
  readonly fault?: string;
}

/** Left out, passwords are dots. */
export interface Shown {
  readonly unmasked?: boolean | undefined;
}

export class FrameLog {
  readonly #now: () => Instant;
  readonly #wall: () => Instant;
  readonly #behind: () => number;
  readonly #ring: StreetEvent[] = [];
  readonly #listeners = new Set<(event: StreetEvent) => void>();
  readonly #lastRequest = new Map<string, number>();
  #first = 0;
  #count = 0;

  constructor(now: () => Instant, wall: () => Instant = now, behind = (): number => 0) {
    this.#now = now;
    this.#wall = wall;
    this.#behind = behind;
  }

  /** Gives back its number. */
  add(frame: Omit<Told<FrameEvent>, "re">): number {
    const happened = this.#happened();
    const isAnswer = frame.direction === "reply" && frame.isForNobody !== true;
    const re = isAnswer ? this.#lastRequest.get(frame.bus) : undefined;
    if (!isAnswer) this.#lastRequest.set(frame.bus, happened.seq);
    return this.#keep({ what: "frame", ...happened, ...frame, re });
  }

  addNoise({ bytes, heard, ...noise }: Omit<Told<NoiseEvent>, "size">): number {
    const kept = bytes.slice(0, NOISE_BYTES_MAX);
    const left = heard === undefined ? {} : { heard: heard.slice(0, NOISE_BYTES_MAX) };
    return this.#keep({ what: "noise", ...this.#happened(), ...noise, ...left, bytes: kept, size: bytes.length });
  }

  addOrder(order: StreetOrder, moment = this.moment(), isOfStory = false): void {
    this.#keep({ what: "order", seq: this.#count + 1, ...moment, order, ...(isOfStory ? { isOfStory } : {}) });
  }

  moment(): Omit<Happened, "seq"> {
    const [at, wall] = [this.#now(), this.#wall()];
    const behindMs = this.#behind();
    return behindMs === 0 ? { at, wall } : { at, wall, behindMs };
  }

  /** Told of every event as it happens, until the function that comes back is called. */
  listen(listener: (event: StreetEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Events so far; a street that was loaded goes on counting. */
  get count(): number {
    return this.#count;
  }

  goOnFrom(count: number): void {
    this.#first = count;
    this.#count = count;
    this.#ring.length = 0;
  }

  /** Whether the first event is still there. */
  get isComplete(): boolean {
    return this.#count - this.#first <= EVENTS_MAX;
  }

  /** All that is still there, oldest first. */
  events(): StreetEvent[] {
    if (this.isComplete) return [...this.#ring];
    const oldest = (this.#count - this.#first) % EVENTS_MAX;
    return [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)];
  }

  /** Frames, oldest first; of one meter, since a moment of the street's time (inclusive). */
  list(meter?: string, since?: Instant, form: Shown = { unmasked: true }): LoggedFrame[] {
    return this.events()
      .filter((event) => event.what === "frame")
      .filter((frame) => (meter === undefined || frame.meter === meter) && (since === undefined || frame.at >= since))
      .map((frame) => shown(frame, form));
  }

  /** What passed on the wires after that number, oldest first; of very much the newest, and how much was passed over. */
  after(seq: number, atMost: number): { readonly passed: WireEvent[]; readonly missed: number; readonly seq: number } {
    const kept = Math.min(this.#count - this.#first, EVENTS_MAX);
    const passed: WireEvent[] = [];
    // What has already left the ring was mostly frames, and is gone whatever it was.
    let missed = Math.max(0, this.#count - seq - kept);
    for (let back = 1; back <= kept && this.#count - back >= seq; back += 1) {
      const event = this.#ring[(this.#count - this.#first - back) % EVENTS_MAX]!;
      if (event.what === "order") continue;
      if (passed.length < atMost) passed.push(event);
      else missed += 1;
    }
    return { passed: passed.reverse(), missed, seq: this.#count };
  }

  #happened(): Happened {
    // Asking for the time may bring about what a story appointed for it, and that is an event before this one.
    const moment = this.moment();
    return { seq: this.#count + 1, ...moment };
  }

  #keep(event: StreetEvent): number {
    this.#ring[(this.#count - this.#first) % EVENTS_MAX] = event;
    this.#count += 1;
    for (const listener of this.#listeners) listener(event);
    return event.seq;
  }
}

export const shown = ({ seq, at, bus, meter, direction, bytes, fault }: FrameEvent, { unmasked }: Shown): LoggedFrame => ({
  seq,
  at: isoWall(at, true),
  bus,
  meter,
  direction,
  hex: unmasked === true ? hex(bytes) : maskedHex(bytes),
  ...(fault === undefined ? {} : { fault }),
});
