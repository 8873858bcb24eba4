/** The operator's desk of the story: everything is asked through the gateway's HTTP door, as a person would, and waited for by condition. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../kernel/clock.ts";

export type Thing = Readonly<Record<string, unknown>>;

/** A step of the story that did not come true. */
export class StoryBroken extends Error {}

const ASK_EVERY_MS = 50;
/** The door answers at once; a reading on demand may take its six seconds. */
const ANSWER_MS_MAX = 15_000;

export class Desk {
  readonly #url: string;
  readonly #clock: Clock;

  constructor(url: string, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
  }

  async get(path: string): Promise<Thing> {
    const response = await fetch(this.#url + path, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return (await response.json()) as Thing;
  }

  async post(path: string, body: Thing): Promise<Thing> {
    const response = await fetch(this.#url + path, {
      method: "POST",
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Thing;
    if (!response.ok) throw new StoryBroken(`${path}: ${String(answer["detail"])}`);
    return answer;
  }

  /** Pays and answers the command's id, or null when the ledger alone was concerned. */
  async pay(account: string, amount: string): Promise<{ readonly payment: string; readonly command: string | null }> {
    const answer = await this.post("/v1/payments", { account, amount, channel: "demo", orderId: randomUUID() });
    const command = answer["command"] as Thing | null;
    return { payment: String((answer["payment"] as Thing)["id"]), command: command === null ? null : String(command["id"]) };
  }

  /** Waits until it holds; `what` says what was waited for in vain. */
  async until<T>(what: string, limitMs: number, look: () => Promise<T | null>): Promise<T> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      if (performance.now() > deadline) throw new StoryBroken(`waited ${limitMs / 1_000} s in vain for: ${what}`);
      await this.#clock.wait(ASK_EVERY_MS);
    }
  }

  commandIn(id: string, state: string, limitMs: number): Promise<Thing> {
    return this.until(`command ${id} ${state}`, limitMs, async () => {
      const command = await this.get(`/v1/commands/${id}`);
      if (command["state"] === state) return command;
      if (command["endedAt"] !== null)
        throw new StoryBroken(
          `command ${id} (${String(command["kind"])}) ended ${String(command["state"])} because ${String(command["because"])}, not ${state}`,
        );
      return null;
    });
  }

  async commands(query: string): Promise<readonly Thing[]> {
    return (await this.get(`/v1/commands?limit=1000&${query}`))["items"] as readonly Thing[];
  }

  /** The newest command of a kind on a meter. */
  async newest(kind: string, meter: string): Promise<Thing | null> {
    return (await this.commands(`kind=${kind}&meter=${meter}`))[0] ?? null;
  }
}
