/**
 * Who is taken next on each line. A job from the queue only tells that a command wants attention; here it gets its place: most
 * urgent first, a few at a time on one line, so that the meters of a dark line cannot occupy the clerks of all the others and a
 * restore never stands behind a heap of top-ups.
 *
 * Lives in memory only: what waits here and is lost with the process is found again by the sweeper.
 */
import type { CommandId } from "../kernel/ids.ts";

/** Enough to keep a line busy while one of them writes to the books. */
export const IN_HAND_PER_LINE_MAX = 4;
/** Over all lines: each holds a session and now and then a database connection. */
export const IN_HAND_MAX = 512;

/** Safety and relay, as the lines count (devices/meter.ts). */
const URGENT = 1;
const URGENT_PER_LINE_FACTOR = 16;

interface Waiting {
  readonly id: CommandId;
  /** Lower goes first. */
  readonly priority: number;
}

export class LineDesk {
  readonly #run: (id: CommandId, priority: number) => Promise<void>;
  readonly #perLineMax: number;
  readonly #inHandMax: number;
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #inHand = new Map<CommandId, string>();
  /** How many of those in hand are at each line. */
  readonly #here = new Map<string, number>();
  readonly #known = new Set<CommandId>();
  #open = true;

  constructor(
    run: (id: CommandId, priority: number) => Promise<void>,
    limits: { readonly perLineMax?: number; readonly inHandMax?: number } = {},
  ) {
    this.#run = run;
    this.#perLineMax = limits.perLineMax ?? IN_HAND_PER_LINE_MAX;
    this.#inHandMax = limits.inHandMax ?? IN_HAND_MAX;
  }

  /** Waiting or in hand. */
  has(id: CommandId): boolean {
    return this.#known.has(id);
  }

  /** Gives a command its place. One that is in hand is run again as well, and its runner sees what woke it. */
  submit(id: CommandId, line: string, priority: number): void {
    if (!this.#open) return;
    if (this.#inHand.has(id)) {
      void this.#run(id, priority); // it answers at once: one more round is noted
      return;
    }
    if (this.#known.has(id)) return;
    this.#known.add(id);
    const queue = this.#waiting.get(line) ?? [];
    this.#waiting.set(line, queue);
    const behind = queue.findIndex((other) => other.priority > priority);
    queue.splice(behind < 0 ? queue.length : behind, 0, { id, priority });
    this.#fill(line);
  }

  /** Nothing new is begun; what waits is left to the next start. */
  stop(): void {
    this.#open = false;
    for (const queue of this.#waiting.values()) for (const { id } of queue) this.#known.delete(id);
    this.#waiting.clear();
  }

  #fill(line: string): void {
    const queue = this.#waiting.get(line);
    while (queue !== undefined && queue.length > 0 && this.#hasRoom(line, queue[0]!.priority))
      void this.#begin(queue.shift()!, line);
    if (queue?.length === 0) this.#waiting.delete(line);
  }

  /** An order to a relay finds room where top-ups do not: the line itself lets it go first. */
  #hasRoom(line: string, priority: number): boolean {
    const isUrgent = priority <= URGENT;
    if (this.#inHand.size >= (isUrgent ? 2 : 1) * this.#inHandMax) return false;
    return this.#at(line) < (isUrgent ? URGENT_PER_LINE_FACTOR : 1) * this.#perLineMax;
  }

  async #begin({ id, priority }: Waiting, line: string): Promise<void> {
    this.#inHand.set(id, line);
    this.#here.set(line, this.#at(line) + 1);
    try {
      await this.#run(id, priority);
    } finally {
      const before = this.#inHand.size;
      this.#inHand.delete(id);
      this.#known.delete(id);
      if (this.#at(line) === 1) this.#here.delete(line);
      else this.#here.set(line, this.#at(line) - 1);
      // room over all lines may have been what others waited for: top-ups at one bound, orders to relays at the other
      if (before === this.#inHandMax || before === 2 * this.#inHandMax) this.#fillNeediest();
      else this.#fill(line);
    }
  }

  /** The line with the fewest in hand goes first: or a hundred lines with long queues would keep the house to themselves, beside idle wires. */
  #fillNeediest(): void {
    for (let line = this.#neediest(); line !== null; line = this.#neediest()) {
      const queue = this.#waiting.get(line)!;
      void this.#begin(queue.shift()!, line);
      if (queue.length === 0) this.#waiting.delete(line);
    }
  }

  #neediest(): string | null {
    let found: string | null = null;
    let fewest = Infinity;
    for (const [line, queue] of this.#waiting) {
      const here = this.#at(line);
      if (here >= fewest || !this.#hasRoom(line, queue[0]!.priority)) continue;
      [found, fewest] = [line, here];
      if (here === 0) break;
    }
    return found;
  }

  #at(line: string): number {
    return this.#here.get(line) ?? 0;
  }
}
