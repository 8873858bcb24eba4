/**
 * Who is behind a connection that says nothing of itself: the meter is asked for its address, which it may be only when one alone
 * answers; then it is asked by that address what address it carries, and both must be the same. Reading only, and nothing that a
 * meter could take for an order.
 */
import type { Clock } from "../../kernel/clock.ts";
import { reasonOf } from "../../kernel/faults.ts";
import { Deframer, encodeFrame, isReply, PREAMBLE_BYTES, requests, readReply } from "../../protocols/dlt645/index.ts";
import type { Frame } from "../../protocols/dlt645/index.ts";

const COMMUNICATION_ADDRESS = "04000401";

export interface ProbeParts {
  readonly clock: Clock;
  /** For the first answer. */
  readonly answerMs: number;
  /** After it: another meter may be slower. */
  readonly quietMs: number;
  readonly send: (bytes: Uint8Array) => Promise<void>;
  /** Ends it: the caller hung up, or was known meanwhile. */
  readonly signal: AbortSignal;
}

export type Probed = { readonly meter: string } | { readonly why: string };

export class Probe {
  readonly #parts: ProbeParts;
  readonly #deframer = new Deframer();
  #replies: Frame[] = [];
  #noise = 0;
  #heard = new AbortController();

  constructor(parts: ProbeParts) {
    this.#parts = parts;
  }

  hear(bytes: Uint8Array): void {
    for (const piece of this.#deframer.push(bytes)) {
      if (piece.kind === "noise") this.#noise += piece.bytes.length;
      else if (isReply(piece.frame.control)) {
        this.#replies.push(piece.frame);
        this.#heard.abort();
      }
    }
  }

  async run(): Promise<Probed> {
    try {
      const found = this.#only(await this.#ask(requests.readAddress()));
      if ("why" in found) return found;
      const meter = addressIn(found.reply.data);
      if (meter === null || meter !== found.reply.address) return { why: "what answered does not tell one address" };
      const question = requests.read(meter, COMMUNICATION_ADDRESS);
      const confirmed = this.#only(await this.#ask(question));
      if ("why" in confirmed) return { why: `${meter} answered, and then: ${confirmed.why}` };
      const reply = readReply(question, confirmed.reply);
      if (reply.is !== "value" || addressIn(reply.bytes) !== meter)
        return { why: `${meter} answered, but does not carry that address` };
      return { meter };
    } catch (error) {
      return { why: reasonOf(error) };
    }
  }

  async #ask(frame: Frame): Promise<readonly Frame[]> {
    const { clock, answerMs, quietMs, send, signal } = this.#parts;
    this.#deframer.flush();
    this.#replies = [];
    this.#noise = 0;
    this.#heard = new AbortController();
    await send(encodeFrame(frame, { preamble: PREAMBLE_BYTES }));
    await clock.wait(answerMs, AbortSignal.any([signal, this.#heard.signal]));
    if (this.#replies.length > 0) await clock.wait(quietMs, signal);
    return this.#replies;
  }

  #only(replies: readonly Frame[]): { readonly reply: Frame } | { readonly why: string } {
    const [reply] = replies;
    if (reply !== undefined && replies.length === 1 && this.#noise === 0) return { reply };
    if (reply === undefined && this.#noise === 0) return { why: "no meter answers" };
    return { why: "several meters answer, or none can be understood: name this caller in the site file" };
  }
}

/** Six bytes, lowest first. */
function addressIn(data: Uint8Array): string | null {
  if (data.length !== 6) return null;
  const text = Buffer.from(Uint8Array.from(data).reverse()).toString("hex");
  return /^\d{12}$/.test(text) ? text : null;
}
