/**
 * Where callers sit down: the link of one line that is dialled from outside. At most one connection sits there; a newer one takes
 * the place of the older, since a modem that lost its network calls again long before its old connection is known to be dead.
 *
 * To the line it looks like any other link. Whoever is under way on the old connection hears that it dropped: bytes may have left, so
 * that is silence and not "nothing was sent". Nothing waits here for a caller to come.
 */
import { minutes, type Clock, type Instant } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import type { Logger } from "../../kernel/log.ts";
import { Patience, REFUSED_FIRST_MS } from "../../transports/patience.ts";
import { destinationOf } from "../destination.ts";
import type { LineLink } from "../line.ts";

/** What sits down: an open connection. */
export interface Sitting {
  readonly name: string;
  readonly isOpen: boolean;
  send(bytes: Uint8Array): Promise<void>;
  /** Hangs up. */
  end(why: string): Promise<void>;
}

/** Two callers that give themselves out for the same throw each other out again and again. */
const REPLACEMENTS_WARN = 5;
const REPLACEMENTS_WITHIN_MS = minutes(1);

export class Seat implements LineLink {
  readonly name: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #received: ((bytes: Uint8Array) => void)[] = [];
  readonly #opened: (() => void)[] = [];
  readonly #dropped: ((why: string) => void)[] = [];
  readonly #replacedAt: Instant[] = [];
  /** A modem that lost its network takes what is sent to it as well: see `transports/patience.ts`. */
  readonly #patience = new Patience(destinationOf);
  #sitting: Sitting | undefined;
  #isGivenUp = false;
  #why = "nobody has called yet";
  #isClosed = false;

  constructor(name: string, clock: Clock, log: Logger) {
    this.name = name;
    this.#clock = clock;
    this.#log = log;
  }

  get isOpen(): boolean {
    return this.#sitting?.isOpen === true && !this.#isGivenUp;
  }

  get why(): string | null {
    return this.isOpen ? null : this.#why;
  }

  get sitting(): Sitting | undefined {
    return this.#sitting;
  }

  /** Callers come when they come. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  async send(bytes: Uint8Array): Promise<void> {
    const sitting = this.#sitting;
    if (sitting === undefined || !this.isOpen) throw new Fault("line-down", { transport: this.name, why: this.#why });
    const why = this.#patience.over;
    if (why !== null) {
      this.#patience.lost();
      this.#isGivenUp = true;
      this.#why = why;
      void this.#clock.wait(REFUSED_FIRST_MS).then(() => this.#sendAway(sitting, why));
      throw new Fault("line-down", { transport: this.name, why });
    }
    this.#patience.sent(bytes);
    await sitting.send(bytes);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#sitting !== undefined) await this.#sendAway(this.#sitting, "closed by us");
  }

  onReceived(listener: (bytes: Uint8Array) => void): void {
    this.#received.push(listener);
  }

  onOpened(listener: () => void): void {
    this.#opened.push(listener);
  }

  onDropped(listener: (why: string) => void): void {
    this.#dropped.push(listener);
  }

  /** The newer one sits, the older one is sent away. */
  take(next: Sitting): void {
    if (this.#sitting === next) return;
    if (this.#isClosed) {
      void next.end("closed by us");
      return;
    }
    if (this.#sitting !== undefined) {
      this.#noteReplaced(this.#sitting, next);
      void this.#sendAway(this.#sitting, `it called again as ${next.name}`);
    }
    this.#sitting = next;
    this.#patience.begin();
    this.#isGivenUp = false;
    this.#log.info({ transport: this.name, caller: next.name }, "a caller is known: line open");
    for (const listener of this.#opened) listener();
  }

  /** Of a connection that no longer sits here, nothing is heard. */
  hear(from: Sitting, bytes: Uint8Array): void {
    if (this.#sitting !== from) return;
    this.#patience.heard();
    for (const listener of this.#received) listener(bytes);
  }

  /** It said something that is no answer: it lives. */
  alive(from: Sitting): void {
    if (this.#sitting === from) this.#patience.alive();
  }

  /** It is no longer here; its connection is its own affair. */
  release(who: Sitting, why: string): void {
    if (this.#sitting !== who) return;
    this.#sitting = undefined;
    this.#why = why;
    if (!this.#isClosed) this.#log.warn({ transport: this.name, caller: who.name, why }, "line dropped");
    for (const listener of this.#dropped) listener(why);
  }

  async #sendAway(who: Sitting, why: string): Promise<void> {
    this.release(who, why);
    await who.end(why);
  }

  #noteReplaced(older: Sitting, newer: Sitting): void {
    const now = this.#clock.now();
    this.#replacedAt.push(now);
    if (this.#replacedAt.length < REPLACEMENTS_WARN) return;
    const first = this.#replacedAt.shift()!;
    if (now - first <= REPLACEMENTS_WITHIN_MS)
      this.#log.warn(
        { transport: this.name, older: older.name, newer: newer.name },
        "callers take this line from each other again and again: do two of them give the same name?",
      );
  }
}
