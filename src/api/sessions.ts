/**
 * Sessions of people at the console, so that a key is typed once a day and kept nowhere in the browser.
 *
 * A session is 256 random bits in a cookie that scripts cannot read. Here only its hash is kept, and only in memory: a
 * restart signs everybody out, and no copy of the database or of a backup lets anybody in. It ends after twelve hours
 * however busy it was, when its owner signs out, or when so many newer ones exist that something is wrong; what it still
 * listens to ends with it.
 *
 * The token comes from the machine's entropy even where chance is seeded: a demonstration may be repeated, a key may not.
 */
import { createHash, randomBytes } from "node:crypto";
import { hours, later, minutes, type Clock, type Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";

export const SESSION_MS = hours(12);
const SESSIONS_MAX = 1_000;
const TOKEN_BYTES = 32;

const hashOf = (token: string): string => createHash("sha256").update(token).digest("base64url");

interface Session {
  /** Whose key began it. */
  readonly owner: string;
  readonly expiresAt: Instant;
  readonly over: AbortController;
  readonly attached: Set<() => void>;
}

export class Sessions {
  readonly #clock: Clock;
  /** By the hash of the token, oldest first. */
  readonly #open = new Map<string, Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The token of a new session: told once, to the one who signed in. */
  begin(owner: string): string {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    const over = new AbortController();
    const oldest = this.#open.keys().next();
    if (this.#open.size >= SESSIONS_MAX && oldest.done !== true) this.#end(oldest.value);
    this.#open.set(hashOf(token), { owner, expiresAt: later(this.#clock.now(), SESSION_MS), over, attached: new Set() });
    void this.#clock.wait(SESSION_MS, over.signal).then(() => this.#end(hashOf(token)));
    return token;
  }

  /** Null: it has ended, or never was. */
  ownerOf(token: string | null): string | null {
    if (token === null) return null;
    const session = this.#open.get(hashOf(token));
    if (session !== undefined && session.expiresAt <= this.#clock.now()) this.#end(hashOf(token));
    return this.#open.get(hashOf(token))?.owner ?? null;
  }

  /** Called when the session ends; the function it returns takes that back. */
  attach(token: string, ended: () => void): () => void {
    const attached = this.#open.get(hashOf(token))?.attached;
    attached?.add(ended);
    return () => void attached?.delete(ended);
  }

  end(token: string | null): void {
    if (token !== null) this.#end(hashOf(token));
  }

  endAll(): void {
    for (const hash of [...this.#open.keys()]) this.#end(hash);
  }

  #end(hash: string): void {
    const session = this.#open.get(hash);
    if (session === undefined) return;
    this.#open.delete(hash);
    session.over.abort();
    for (const ended of session.attached) ended();
  }
}

const FAILURES_MAX = 10;
const FAILURES_WITHIN_MS = minutes(1);
const ADDRESSES_MAX = 10_000;

/**
 * Wrong keys by address: ten a minute, and then not even the right one is looked at, or guessing would go on. A request that
 * is asked many times by one address behind a proxy is one address here: proxies are not believed, so they share a budget.
 */
export class FailedSignIns {
  readonly #clock: Clock;
  readonly #failures = new Map<string, readonly Instant[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws when this address has to wait. */
  check(address: string): void {
    if (this.#recent(address).length >= FAILURES_MAX) throw new Fault("too-many-requests");
  }

  note(address: string): void {
    const failures = [...this.#recent(address), this.#clock.now()];
    this.#failures.delete(address); // to the end of the line: who fails now is forgotten last
    this.#failures.set(address, failures);
    const oldest = this.#failures.keys().next();
    if (this.#failures.size > ADDRESSES_MAX && oldest.done !== true) this.#failures.delete(oldest.value);
  }

  #recent(address: string): readonly Instant[] {
    const since = this.#clock.now() - FAILURES_WITHIN_MS;
    return (this.#failures.get(address) ?? []).filter((at) => at > since);
  }
}
