/**
 * Keeps a transport of a factory open for ever. A dead transport is dropped and a new one made: nothing that was handed to the old
 * one can surface in the new one.
 *
 *     opening ──opened──► open ──closed──► pause ──► opening
 *        └────────────failed────────────────►┘
 *
 * Pauses grow with each failure and are drawn between nought and their limit (full jitter), so that a thousand lines that lost
 * the same switch do not all come back in the same millisecond. A line counts as well again only after it stayed open for a while:
 * a far end that accepts and hangs up at once is not hammered. `send` while down is refused at once; nothing waits here.
 */
import type { Chance } from "../kernel/chance.ts";
import type { Clock, Instant } from "../kernel/clock.ts";
import { Fault, isFault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transport } from "./transport.ts";

export const PAUSE_FIRST_MS = 500;
export const PAUSE_MAX_MS = 30_000;
export const REFUSED_PAUSE_MS = 60_000; // wrong credentials do not get better by asking often
export const STABLE_AFTER_MS = 10_000;

export interface ReconnectingOptions {
  readonly make: () => Transport;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  readonly pauseFirstMs?: number;
  readonly pauseMaxMs?: number;
  /** Ends a pause early when there is reason to hope (the shared broker is back). */
  readonly onHope?: (listener: () => void) => void;
}

export class Reconnecting {
  readonly name: string;
  readonly #options: ReconnectingOptions;
  readonly #ended = new AbortController();
  readonly #received: ((bytes: Uint8Array) => void)[] = [];
  readonly #opened: (() => void)[] = [];
  readonly #dropped: ((why: string) => void)[] = [];
  #current: Transport | undefined;
  #why: string | null = "not opened yet";
  #since: Instant;
  #failures = 0;
  #hurry = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: ReconnectingOptions) {
    this.#options = options;
    this.#since = options.clock.now();
    this.#current = options.make();
    this.name = this.#current.name;
    options.onHope?.(() => this.#hurry.abort());
  }

  get isOpen(): boolean {
    return this.#why === null && this.#current?.isOpen === true;
  }

  /** Why it is down, in words; null while it is open. */
  get why(): string | null {
    return this.isOpen ? null : (this.#why ?? "closing");
  }

  /** Since when it has been as it is. */
  get since(): Instant {
    return this.#since;
  }

  /** Returns at once; a line that cannot be opened does not stop the start. Resolves after the first try. */
  start(): Promise<void> {
    return new Promise((firstTry) => {
      this.#running ??= this.#run(firstTry);
    });
  }

  /** Rejects with `line-down` while the line is down: nothing was sent. */
  async send(bytes: Uint8Array): Promise<void> {
    const current = this.#current;
    if (!this.isOpen || current === undefined) throw new Fault("line-down", { transport: this.name, why: this.why });
    await current.send(bytes);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#hurry.abort();
    await this.#current?.close();
    await this.#running;
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

  async #run(firstTry: () => void): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#isClosing()) {
      const transport = (this.#current ??= this.#options.make());
      // From here on hope counts: the broker may come back while a try is still failing.
      this.#hurry = new AbortController();
      let refused = false;
      try {
        // Listening comes before opening: some meters speak as soon as they are dialled.
        transport.onReceived((bytes) => {
          for (const listener of this.#received) listener(bytes);
        });
        await transport.open();
        const openedAt = clock.now();
        this.#change(null);
        log.info({ transport: this.name }, "line open");
        for (const listener of this.#opened) listener();
        firstTry();
        const why = await new Promise<string>((resolve) => transport.onClosed(resolve));
        if (clock.now() - openedAt >= STABLE_AFTER_MS) this.#failures = 0;
        this.#change(why);
        if (!this.#isClosing()) log.warn({ transport: this.name, why }, "line dropped");
        for (const listener of this.#dropped) listener(why);
      } catch (error) {
        refused = isFault(error, "broker-refused");
        if (this.#why !== reasonOf(error))
          log.warn({ transport: this.name, why: reasonOf(error) }, "line cannot be opened; it is tried again");
        this.#change(reasonOf(error));
        firstTry();
      }
      await transport.close().catch((error: unknown) => log.debug({ why: reasonOf(error) }, "closing a dead transport"));
      this.#current = undefined;
      await this.#pause(refused);
    }
    this.#change("closed by us");
    firstTry();
  }

  #isClosing(): boolean {
    return this.#ended.signal.aborted;
  }

  async #pause(refused: boolean): Promise<void> {
    const { clock, chance, pauseFirstMs = PAUSE_FIRST_MS, pauseMaxMs = PAUSE_MAX_MS } = this.#options;
    const limit = Math.min(pauseMaxMs, pauseFirstMs * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    if (this.#isClosing()) return;
    await clock.wait(
      refused ? REFUSED_PAUSE_MS : chance.next() * limit,
      AbortSignal.any([this.#ended.signal, this.#hurry.signal]),
    );
  }

  #change(why: string | null): void {
    if ((this.#why === null) !== (why === null)) this.#since = this.#options.clock.now();
    this.#why = why;
  }
}
