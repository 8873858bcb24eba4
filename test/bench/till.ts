/** Pays through the gateway's HTTP door, a given number of payments at a time, on connections that stay open. */
import { Agent, request } from "node:http";

export interface Paid {
  readonly account: string;
  readonly command: string;
  readonly ms: number;
}

export class Till {
  readonly #url: URL;
  readonly #agent: Agent;
  readonly #inFlight: number;
  #orders = 0;

  constructor(url: string, inFlight: number) {
    this.#url = new URL("/v1/payments", url);
    this.#inFlight = inFlight;
    this.#agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  }

  async payAll(accounts: readonly string[], amount: string): Promise<readonly Paid[]> {
    const paid: Paid[] = [];
    const waiting = [...accounts];
    const clerk = async (): Promise<void> => {
      for (let account = waiting.shift(); account !== undefined; account = waiting.shift())
        paid.push(await this.pay(account, amount));
    };
    await Promise.all(Array.from({ length: this.#inFlight }, clerk));
    return paid;
  }

  async pay(account: string, amount: string): Promise<Paid> {
    this.#orders += 1;
    const startedAt = performance.now();
    const { status, body } = await this.#post(
      JSON.stringify({ account, amount, channel: "bench", orderId: `o-${this.#orders}` }),
    );
    if (status !== 202) throw new Error(`a payment was answered with ${status}: ${body}`);
    const { command } = JSON.parse(body) as { command: { id: string } };
    return { account, command: command.id, ms: performance.now() - startedAt };
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(body: string): Promise<{ readonly status: number; readonly body: string }> {
    return new Promise((resolve, reject) => {
      const asked = request(
        this.#url,
        {
          method: "POST",
          agent: this.#agent,
          headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => (text += chunk));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
          response.on("error", reject);
        },
      );
      asked.on("error", reject);
      asked.end(body);
    });
  }
}
