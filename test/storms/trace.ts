/**
 * What happened in a storm, one line each, and a digest over all of it: two runs of one seed have the same digest or the world is not
 * deterministic. The newest lines are kept for whoever has to find out; the digest forgets nothing.
 */
import { createHash } from "node:crypto";
import { iso, type Instant } from "../../src/kernel/clock.ts";

const DIGEST_EVERY = 512;

export interface TraceLine {
  readonly at: Instant;
  readonly what: string;
  /** A meter, a command, a life: whatever the line is about. */
  readonly of: string;
  readonly text: string;
}

export class Trace {
  readonly lines: TraceLine[] = [];
  readonly #digest = createHash("sha256");
  readonly #now: () => Instant;
  /** Lines that are for reading only and not part of the digest. */
  readonly #tellsAll: boolean;
  #pending: string[] = [];
  #count = 0;

  constructor(now: () => Instant, tellsAll: boolean) {
    this.#now = now;
    this.#tellsAll = tellsAll;
  }

  note(what: string, of: string, text: string): void {
    const at = this.#now();
    this.#count += 1;
    this.#pending.push(`${at} ${what} ${of} ${text}\n`);
    if (this.#pending.length >= DIGEST_EVERY) this.#flush();
    if (this.#tellsAll) this.lines.push({ at, what, of, text });
  }

  /** For whoever reads the trace; costs nothing while nobody does. */
  tell(what: string, of: string, text: () => string): void {
    if (this.#tellsAll) this.lines.push({ at: this.#now(), what, of, text: text() });
  }

  get tellsAll(): boolean {
    return this.#tellsAll;
  }

  get count(): number {
    return this.#count;
  }

  digest(): string {
    this.#flush();
    return this.#digest.copy().digest("hex").slice(0, 32);
  }

  #flush(): void {
    if (this.#pending.length > 0) this.#digest.update(this.#pending.join(""));
    this.#pending = [];
  }
}

export const written = ({ at, what, of, text }: TraceLine): string =>
  `${iso(at).slice(0, 19)}.${String(at % 1_000).padStart(3, "0")}  ${what.padEnd(9)} ${of.padEnd(14)} ${text}`;
