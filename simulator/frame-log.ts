/** What passed on the street's wires, the last so many frames: evidence for people and tests. */
import type { Instant } from "../src/kernel/clock.ts";
import { hex } from "./bytes.ts";
import { isoWall } from "./wall-time.ts";

const FRAMES_MAX = 20_000;

interface Entry {
  readonly seq: number;
  readonly at: Instant;
  readonly bus: string;
  /** The address in the frame: a meter's, or a wildcard. */
  readonly meter: string;
  readonly direction: "request" | "reply";
  readonly bytes: Uint8Array;
  readonly fault: string | undefined;
}

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

export class FrameLog {
  readonly #now: () => Instant;
  readonly #entries: Entry[] = [];
  #count = 0;

  constructor(now: () => Instant) {
    this.#now = now;
  }

  add(entry: Omit<Entry, "seq" | "at">): void {
    this.#entries[this.#count % FRAMES_MAX] = { ...entry, at: this.#now(), seq: this.#count + 1 };
    this.#count += 1;
  }

  /** Oldest first; of one meter, since a moment of the street's time (inclusive). */
  list(meter?: string, since?: Instant): LoggedFrame[] {
    const oldest = this.#count % FRAMES_MAX;
    const inOrder =
      this.#count <= FRAMES_MAX ? this.#entries : [...this.#entries.slice(oldest), ...this.#entries.slice(0, oldest)];
    return inOrder
      .filter((entry) => (meter === undefined || entry.meter === meter) && (since === undefined || entry.at >= since))
      .map(shown);
  }

  /** What came after that number, oldest first; of very many the newest, and how many were passed over. */
  after(seq: number, atMost: number): { readonly frames: LoggedFrame[]; readonly missed: number; readonly seq: number } {
    const news = Math.max(0, this.#count - seq);
    const kept = Math.min(news, atMost, FRAMES_MAX);
    const frames = Array.from({ length: kept }, (_, i) => shown(this.#entries[(this.#count - kept + i) % FRAMES_MAX]!));
    return { frames, missed: news - kept, seq: this.#count };
  }
}

const shown = ({ seq, at, bus, meter, direction, bytes, fault }: Entry): LoggedFrame => ({
  seq,
  at: isoWall(at, true),
  bus,
  meter,
  direction,
  hex: hex(bytes),
  ...(fault === undefined ? {} : { fault }),
});
