/**
 * Whoever pays and orders, as a bank's machine does: it asks again under the same key until it has an answer, whoever has died meanwhile.
 * What it is told is remembered nowhere else; the answer after a death has to be the right one.
 */
import { systemClock } from "../../src/kernel/clock.ts";
import type { Thing } from "../../src/demo/desk.ts";

const ASK_AGAIN_MS = 150;
const ANSWER_MS_MAX = 8_000;
const QUIET_MS = 2_000;

/** Nobody there, or somebody who says that it cannot do so now. */
class NoAnswer extends Error {}

export interface Asking {
  /** Where the gateway answers now; asked anew each time. */
  readonly url: () => string;
  readonly limitMs: number;
  readonly answerMsMax?: number;
}

export class Client {
  readonly #asking: Asking;
  /** How often somebody was asked in vain. */
  again = 0;

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  get(path: string): Promise<Thing> {
    return this.#until(path, {});
  }

  post(path: string, body: Thing, key?: string): Promise<Thing> {
    const headers = { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) };
    return this.#until(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  /** Waits until the gateway has read all its meters for the first time, and falls quiet. */
  async readOnce(limitMs: number): Promise<void> {
    let last = -1;
    await until("the first readings to be over", limitMs, async () => {
      const buses = (await this.get("/v1/buses"))["items"] as readonly { readonly exchanges: number }[];
      const exchanges = buses.reduce((sum, bus) => sum + bus.exchanges, 0);
      const isQuiet = exchanges === last && exchanges > 0;
      last = exchanges;
      if (!isQuiet) await systemClock.wait(QUIET_MS);
      return isQuiet;
    });
  }

  async #until(path: string, request: RequestInit): Promise<Thing> {
    const deadline = performance.now() + this.#asking.limitMs;
    for (;;) {
      try {
        return await this.#once(path, request);
      } catch (error) {
        if (!(error instanceof NoAnswer) || performance.now() > deadline) throw error;
        this.again += 1;
        await systemClock.wait(ASK_AGAIN_MS);
      }
    }
  }

  async #once(path: string, request: RequestInit): Promise<Thing> {
    const signal = AbortSignal.timeout(this.#asking.answerMsMax ?? ANSWER_MS_MAX);
    const answered = await fetch(this.#asking.url() + path, { ...request, signal })
      .then(async (response) => ({ status: response.status, body: (await response.json()) as Thing }))
      .catch((error: unknown) => {
        throw new NoAnswer(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      });
    if (answered.status >= 500) throw new NoAnswer(`${path}: ${answered.status} ${String(answered.body["detail"])}`);
    if (answered.status >= 400) throw new Error(`${path}: ${answered.status} ${JSON.stringify(answered.body)}`);
    return answered.body;
  }
}

/** Waits for a condition, and says what was waited for in vain. */
export async function until(what: string, limitMs: number, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs / 1_000} s in vain for: ${what}`);
    await systemClock.wait(50);
  }
}
