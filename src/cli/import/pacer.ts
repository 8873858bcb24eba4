/**
 * Shows how far a long run is, and lets a person hold or stop it: p pauses and goes on, q (or Ctrl-C) stops after what is under way. Where
 * nobody looks on (a pipe, a log) a line every few seconds tells the same.
 */
import { seconds, type Clock, type Instant } from "../../kernel/clock.ts";
import type { Terminal } from "../terminal.ts";
import { progressText } from "./progress.ts";

const LINE_EVERY_MS = seconds(5);
const REDRAW_MS = 100;

export class Pacer {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #forgetKeys: () => void;
  #stopped = false;
  #held: PromiseWithResolvers<void> | null = null;
  #phase: { readonly what: string; readonly of: number; readonly startedAt: Instant; readonly before: number } | null = null;
  #heldMs = 0;
  #shownAt: Instant | null = null;
  #last = "";

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal;
    this.#clock = clock;
    const forgetKeys = terminal.onKey?.((key) => this.#key(key));
    this.#forgetKeys = () => forgetKeys?.();
    terminal.stop?.addEventListener("abort", () => this.stop(), { once: true });
  }

  isStopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
    this.#held?.resolve();
    this.#held = null;
  }

  begin(what: string, of: number, before = 0): void {
    this.#phase = { what, of, startedAt: this.#clock.now(), before };
    this.#heldMs = 0;
    this.#shownAt = null;
  }

  /** Resolves at once, or when a person lets it go on. */
  async pass(): Promise<void> {
    if (this.#held === null) return;
    const since = this.#clock.now();
    this.#draw(`${this.#last}   paused: p goes on, q stops · 已暂停`);
    await this.#held.promise;
    this.#heldMs += this.#clock.now() - since;
  }

  show(done: number, more = ""): void {
    if (this.#phase === null) return;
    const { what, of, startedAt, before } = this.#phase;
    const now = this.#clock.now();
    const every = this.#terminal.status === undefined ? LINE_EVERY_MS : REDRAW_MS;
    if (this.#shownAt !== null && now - this.#shownAt < every && done < of) return;
    this.#shownAt = now;
    this.#last = progressText(what, { done, of, elapsedMs: now - startedAt - this.#heldMs, before }, more);
    this.#draw(this.#last);
  }

  /** Something to be read later, above the bar. */
  say(text: string): void {
    this.#terminal.status?.(null);
    this.#terminal.error(text);
    if (this.#last !== "") this.#terminal.status?.(this.#last);
  }

  end(): void {
    this.#forgetKeys();
    this.#terminal.status?.(null);
    if (this.#terminal.status !== undefined && this.#last !== "") this.#terminal.error(this.#last);
  }

  #draw(text: string): void {
    if (this.#terminal.status === undefined) this.#terminal.error(text);
    else this.#terminal.status(text);
  }

  #key(key: string): void {
    if (key === "q" || key === "\u0003") this.stop();
    if (key !== "p" && key !== " ") return;
    if (this.#held === null) this.#held = Promise.withResolvers();
    else {
      this.#held.resolve();
      this.#held = null;
    }
  }
}
