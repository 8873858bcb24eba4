/**
 * Takes the echo of our own request out of what is heard. Many RS-485 adapters hear themselves: what was sent comes back byte by
 * byte, directly after sending, in pieces or glued to the reply.
 *
 *     sent ─► waiting ──wake-up byte──► waiting
 *                │ the same byte ──► … ──► the last one ──► echo, nothing of it is passed on
 *                └─────────────────────┴─► another byte ──► no echo: all that was held is passed on
 *
 * Byte-exact and once per request. A reply begins with the same eight bytes as its request, so what is held is not thrown away
 * before the last byte agrees; an echo that was spoiled on the way is passed on and is noise, or a frame that nobody sent.
 * Cancelled before anybody looks at frames, so that not even a request whose control byte looks like a reply's is believed.
 */
/** Before a frame, and only there. */
const WAKE_UP = 0xfe;
const NOTHING = new Uint8Array(0);

export class EchoCanceller {
  readonly #onEcho: () => void;
  #sent: Uint8Array = NOTHING;
  #agreed = 0;
  #listening = false;

  constructor(onEcho: () => void) {
    this.#onEcho = onEcho;
  }

  /** What may come back now. Wake-up bytes are left out of it: an adapter that opens its ear late misses some of them. */
  sent(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length && bytes[from] === WAKE_UP) from += 1;
    this.#sent = bytes.subarray(from);
    this.#agreed = 0;
    this.#listening = this.#sent.length > 0;
  }

  /** Whether these bytes are what was sent last, wherever they were cut out. */
  isEcho(frame: Uint8Array): boolean {
    return frame.length > 0 && frame.length === this.#sent.length && this.#sent.every((byte, at) => byte === frame[at]);
  }

  /** What is waiting for its rest, an echo or a reply that begins alike. */
  get heldBytes(): number {
    return this.#agreed;
  }

  /** What remains without the echo. */
  hear(bytes: Uint8Array): Uint8Array {
    if (!this.#listening) return bytes;
    for (let at = 0; at < bytes.length; at += 1) {
      if (bytes[at] === this.#sent[this.#agreed]) {
        this.#agreed += 1;
        if (this.#agreed < this.#sent.length) continue;
        this.#listening = false;
        this.#agreed = 0;
        this.#onEcho();
        return bytes.subarray(at + 1);
      }
      if (this.#agreed === 0 && bytes[at] === WAKE_UP) continue;
      return joined(this.release(), bytes.subarray(at));
    }
    return NOTHING;
  }

  /** The line fell silent, or the exchange is over: what was held is no echo. */
  release(): Uint8Array {
    const held = this.#sent.slice(0, this.#agreed);
    this.#agreed = 0;
    this.#listening = false;
    return held;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
