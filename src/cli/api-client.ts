/** Calls the gateway's own HTTP door: nothing that an operator could not do with curl. */
import { Failed, NoConnection, WrongUse } from "./exits.ts";
import { reasonOf } from "../kernel/faults.ts";

const MALFORMED = 400;
const TOO_MANY = 429;

/** Of every command that goes through the gateway. A key stands in no argument: others on the machine see those. */
export const apiOption = [
  "--api <url>",
  "the gateway (default: GATEWAY_URL, else http://127.0.0.1:8080); its key is taken from GATEWAY_KEY · 密钥取自 GATEWAY_KEY",
] as const;

export interface ApiAddress {
  readonly url: string;
  readonly key: string | undefined;
}

/** What every call through the gateway may be told. */
export interface ApiOptions {
  readonly api?: string;
  readonly json?: boolean;
}

export type Json = Readonly<Record<string, unknown>>;

export class ApiClient {
  readonly #to: ApiAddress;

  constructor(to: ApiAddress) {
    this.#to = to;
  }

  get(path: string): Promise<Json> {
    return this.#call("GET", path);
  }

  post(path: string, body: Json, idempotencyKey?: string): Promise<Json> {
    return this.#call("POST", path, body, idempotencyKey);
  }

  delete(path: string): Promise<Json> {
    return this.#call("DELETE", path);
  }

  /** What is no JSON, as it came. */
  async text(path: string): Promise<string> {
    return (await this.#answer("GET", path)).text();
  }

  async #call(method: string, path: string, body?: Json, idempotencyKey?: string): Promise<Json> {
    const response = await this.#answer(method, path, body, idempotencyKey);
    return (await response.json().catch(() => ({}))) as Json;
  }

  async #answer(method: string, path: string, body?: Json, idempotencyKey?: string): Promise<Response> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (this.#to.key !== undefined) headers["authorization"] = `Bearer ${this.#to.key}`;
    if (idempotencyKey !== undefined) headers["idempotency-key"] = idempotencyKey;
    let response: Response;
    try {
      response = await fetch(new URL(path, this.#to.url), {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : reasonOf(error);
      throw new NoConnection(
        `No gateway answers at ${this.#to.url} (${cause}). Start it with "npm start", or name it with --api or GATEWAY_URL.`,
      );
    }
    if (response.ok) return response;
    const answer = (await response.json().catch(() => ({}))) as Json;
    const { code, detail } = answer;
    const say =
      typeof detail === "string"
        ? detail
        : `The gateway answered ${response.status} ${typeof code === "string" ? code : ""}`.trim();
    // what was asked cannot be asked like this by anybody, whatever stands in the books
    if (response.status === MALFORMED) throw new WrongUse(say);
    throw new Failed(say, { mayPass: response.status >= 500 || response.status === TOO_MANY });
  }
}
