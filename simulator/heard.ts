/**
 * What came out of the wires, written down where it is not what was said: a reply's line tells what the meter meant to say and when
 * its pieces will be out; a second line follows when other bytes came, when they came while the wires were free, or when nobody
 * had been asked for them (an echo, a stranger, a short). The same towards the meters: what was sent, and what was left of it.
 *
 *     client ──sent──► wires ──heard──► meter ──said──► wires ──came──► client
 *              line if they differ              reply line      line if they differ
 *
 * On a line with nothing wrong this writes down the reply and no more.
 */
import type { FaultKind, FaultShelf } from "./faults.ts";
import type { FrameLog } from "./frame-log.ts";
import { touchesBytes } from "./line-trouble.ts";
import type { Way } from "./line-trouble.ts";
import type { Reply, Spoken } from "./spoken.ts";
import type { Timing } from "./wires.ts";

/** Something as it comes out at the far end. */
export interface Came {
  readonly said: Spoken;
  readonly bytes: Uint8Array;
  /** Since the request was heard. */
  readonly afterMs: number;
}

/** When each is out of the wires, in milliseconds after the request was heard; as `Wires` paces them when nothing comes between. */
export function moments(said: readonly Spoken[], { msPerByte, answerDelayMs }: Timing): number[] {
  let freeAt = answerDelayMs;
  return said.map(({ bytes, lateMs, afterMs, isEcho }) => {
    if (isEcho === true) return 0;
    const wireMs = bytes.length * msPerByte;
    if (lateMs > 0) return Math.round(answerDelayMs + lateMs + wireMs);
    freeAt += afterMs + wireMs;
    return Math.round(freeAt);
  });
}

export const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a === b || (a.length === b.length && a.every((byte, i) => byte === b[i]));

export class Heard {
  readonly #bus: string;
  readonly #frames: FrameLog;
  readonly #faults: FaultShelf;

  constructor(bus: string, frames: FrameLog, faults: FaultShelf) {
    this.#bus = bus;
    this.#frames = frames;
    this.#faults = faults;
  }

  /** The replies to the request of this number; what is on its way from here on knows whose answer it is. */
  replies(replies: readonly Reply[], said: readonly Spoken[], { re, timing }: { re: number; timing: Timing }): Spoken[] {
    const [only] = said;
    // By far the most: one answer, at once and in one piece.
    if (said.length === 1 && replies.length === 1 && timing.answerDelayMs === 0 && timing.msPerByte === 0) {
      const { lateMs, afterMs } = only!;
      if (lateMs === 0 && afterMs === 0) {
        this.#frames.add({ bus: this.#bus, ...replies[0]!, direction: "reply" });
        return [{ ...only!, re }];
      }
    }
    const outAt = moments(said, timing);
    for (const reply of replies) {
      const { meter, bytes, fault } = reply;
      const mine = [...said.keys()].filter((i) => said[i]!.of?.[0] === reply);
      const afterMs = mine.map((i) => outAt[i]!);
      // None at all: it went under in what another said at the same time.
      const when = mine.length === 0 || afterMs.some((ms) => ms > 0) ? { afterMs } : {};
      const sizes = mine.length > 1 ? { sizes: mine.map((i) => said[i]!.bytes.length) } : {};
      this.#frames.add({ bus: this.#bus, meter, direction: "reply", bytes, fault, ...when, ...sizes });
    }
    return said.map((each) => {
      const [reply] = each.of ?? [];
      const pieces = reply === undefined ? [] : said.filter(({ of }) => of?.[0] === reply);
      return pieces.length > 1 ? { ...each, re, piece: pieces.indexOf(each) + 1 } : { ...each, re };
    });
  }

  /** `put` is what was on the wires of it, `came` what was left at the far end. */
  came(said: Spoken, put: Uint8Array, came: Uint8Array): void {
    const { re, of = [], because, lateMs, piece } = said;
    if (of.length === 1 && lateMs === 0 && isSame(came, said.bytes)) return;
    const fault =
      because ??
      (!isSame(came, put) ? this.#lineFault("from-meter") : of.length > 1 || put !== said.bytes ? "collision" : of[0]?.fault);
    this.#frames.addNoise({ bus: this.#bus, meter: of[0]?.meter, piece, bytes: came, re, fault });
  }

  /** How an endpoint handed them over, where that is not the usual way. */
  handedOver({ re, of, bytes, manner }: Spoken, how: string): void {
    this.#frames.addNoise({ bus: this.#bus, meter: of?.[0]?.meter, bytes, re, fault: manner?.kind, how });
  }

  /** What was sent, when something stands that might change it; its number. */
  sent(bytes: Uint8Array, heard: Uint8Array, connection: string): number | undefined {
    const fault = this.#lineFault("to-meter");
    return fault === undefined ? undefined : this.#frames.addNoise({ bus: this.#bus, bytes, heard, connection, fault });
  }

  /** Somebody came and was turned away. */
  turnedAway(fault: FaultKind): void {
    this.#frames.addNoise({ bus: this.#bus, bytes: new Uint8Array(0), fault });
  }

  #lineFault(way: Way): FaultKind | undefined {
    return this.#faults.standing.find((fault) => touchesBytes(fault, way))?.kind;
  }
}
