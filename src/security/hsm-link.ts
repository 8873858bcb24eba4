/**
 * Keeps an introduced connection to the HSM, for ever. Nothing waits here while it is down: whoever asks is told at once, nothing is
 * sent to the meter, and the command looks again later.
 *
 *     dialling ──► hello ──► authenticate ──► open ──ended──► pause ──► dialling
 *         └──────────┴────────────┴──── failed or refused ──────►┘
 *
 * Pauses grow with each failure and are drawn by chance up to their limit, so that many gateways do not all come back to a machine
 * that was restarted in the same moment. Where it is the wrong secret, the wrong version or the wrong keys, asking often makes
 * nothing better: once a minute, and a person is told what to do.
 */
import type { Chance } from "../kernel/chance.ts";
import { seconds, type Clock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Secret } from "../kernel/secret.ts";
import { HsmConnection, type HsmPlace } from "./hsm-connection.ts";
import { HsmRefused, introduce } from "./hsm-introduction.ts";
import type { Fields, HsmHello, Verb } from "./hsm-protocol.ts";
import type { SecurityTrouble } from "./security-module.ts";

const PAUSE_FIRST_MS = 500;
const PAUSE_MS_MAX = seconds(30);
const REFUSED_PAUSE_MS = seconds(60);
/** A machine that accepts and hangs up at once is not hammered: only a connection that stayed counts as well again. */
const STABLE_AFTER_MS = seconds(10);

export interface HsmLinkOptions {
  readonly place: HsmPlace;
  readonly secret: Secret<string>;
  readonly deadlineMs: number;
  /** Keys that the server calls test keys are refused then. */
  readonly production: boolean;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  readonly pauseFirstMs?: number;
  readonly pauseMsMax?: number;
  readonly refusedPauseMs?: number;
}

export class HsmLink {
  readonly #options: HsmLinkOptions;
  readonly #closing = new AbortController();
  readonly #opened: (() => void)[] = [];
  #open: { readonly connection: HsmConnection; readonly hello: HsmHello } | null = null;
  #trouble: SecurityTrouble = { lasting: false, why: "not dialled yet" };
  #refusedBecauseOf: HsmRefused["becauseOf"] | null = null;
  #running: Promise<void> | null = null;
  #failures = 0;

  constructor(options: HsmLinkOptions) {
    this.#options = options;
  }

  /** Resolves after the first try, however it ended: a machine that is down does not stop the start. */
  start(): Promise<void> {
    return new Promise((firstTry) => {
      this.#running ??= this.#run(firstTry);
    });
  }

  /** What the server said of itself; null while it is not open. */
  get hello(): HsmHello | null {
    return this.#open?.hello ?? null;
  }

  get trouble(): SecurityTrouble | null {
    return this.#open === null ? this.#trouble : null;
  }

  /** Why the last try ended for a person to look at; null when it did not. */
  get refusedBecauseOf(): HsmRefused["becauseOf"] | null {
    return this.#open === null ? this.#refusedBecauseOf : null;
  }

  /** Called each time the machine can be asked again. */
  onOpened(listener: () => void): void {
    this.#opened.push(listener);
  }

  async ask(verb: Verb, fields: Fields): Promise<Fields> {
    if (this.#open === null) throw new Error(this.#trouble.why);
    return this.#open.connection.ask(verb, fields);
  }

  /** Ends the connection because of what was said over it; a new one is made after a pause. */
  drop(why: string): void {
    this.#open?.connection.close(why);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#open?.connection.close();
    await this.#running;
  }

  async #run(firstTry: () => void): Promise<void> {
    const { log, clock } = this.#options;
    while (!this.#isClosing()) {
      try {
        const openedAt = await this.#openOnce();
        firstTry();
        const why = await this.#open!.connection.ended;
        if (clock.now() - openedAt >= STABLE_AFTER_MS) this.#failures = 0;
        this.#trouble = { lasting: false, why };
        if (!this.#isClosing()) log.warn({ why }, "the HSM is gone; it is dialled again");
      } catch (error) {
        const lasting = error instanceof HsmRefused;
        this.#refusedBecauseOf = lasting ? error.becauseOf : null;
        const isNews = this.#trouble.why !== reasonOf(error);
        this.#trouble = { lasting, why: reasonOf(error) };
        if (isNews && lasting) log.error({ why: reasonOf(error) }, "the HSM cannot be used as it is; a person is needed");
        else if (isNews) log.warn({ why: reasonOf(error) }, "the HSM cannot be reached; it is tried again");
      }
      this.#open = null;
      firstTry();
      await this.#pause();
    }
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  async #openOnce(): Promise<number> {
    const { clock, log, chance, secret, production } = this.#options;
    const connection = await HsmConnection.open(this.#options, this.#closing.signal);
    const hangUp = (): void => connection.close();
    this.#closing.signal.addEventListener("abort", hangUp);
    try {
      const hello = await introduce(connection, { secret, chance, production });
      this.#open = { connection, hello };
      log.info({ ...hello }, "the HSM is open");
      if (hello.testKeys)
        log.warn({ ...hello }, "THE HSM HOLDS TEST KEYS: for demonstrations and tests only, it protects nothing");
      for (const listener of this.#opened) listener();
      return clock.now();
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      this.#closing.signal.removeEventListener("abort", hangUp);
    }
  }

  async #pause(): Promise<void> {
    const {
      clock,
      chance,
      pauseFirstMs = PAUSE_FIRST_MS,
      pauseMsMax = PAUSE_MS_MAX,
      refusedPauseMs = REFUSED_PAUSE_MS,
    } = this.#options;
    const limit = Math.min(pauseMsMax, pauseFirstMs * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    await clock.wait(this.#trouble.lasting ? refusedPauseMs : chance.next() * limit, this.#closing.signal);
  }
}
