/**
 * Listens to a line and never speaks: bytes in rows of sixteen as they passed, and beneath each row the frames that ended in it.
 *
 * Rows are cut by the package's ByteLengthParser; frames carry their own length and are cut by the deframer. A row is told as soon as
 * it is known of all its bytes whether they belong to a frame: before that nobody can say which of them are a secret. A short row is
 * told after a pause, and what then is still half a frame will not be completed.
 *
 * What may not be shown is dots (`hidden-bytes.ts`), and so is all that belongs to no frame, since it may be the half of one that carries
 * a password; `unmasked` shows everything, for whoever stands at the wires anyway.
 */
import { ByteLengthParser } from "@serialport/parser-byte-length";
import type { Clock, Instant } from "../kernel/clock.ts";
import {
  Deframer,
  explain,
  explainHidden,
  hexBytes,
  hiddenIn,
  type ExplainRow,
  type Explaining,
  type Piece,
} from "../protocols/dlt645/index.ts";
import { shapeOf, type ByteShape } from "./byte-shape.ts";
import { lookOf, noiseLooks, type NoiseLook } from "./line-tape.ts";
import { BYTE_GAP_MS } from "./timing.ts";

export const ROW_BYTES = 16;
/** A row that is not full is told after so long a silence. */
const ROW_PAUSE_MS = 60;
const WAKE_UP = 0xfe;
const WAKE_UP_HEX = "FE";

export type Sniffed =
  /** `offset`: of its first byte since the listening began. */
  | { readonly what: "row"; readonly at: Instant; readonly offset: number; readonly hex: readonly string[] }
  | { readonly what: "frame"; readonly at: Instant; readonly offset: number; readonly row: ExplainRow }
  | {
      readonly what: "noise";
      readonly at: Instant;
      readonly offset: number;
      readonly looks: NoiseLook;
      readonly shape: ByteShape;
      readonly why: string | null;
      /** Dots, unless everything is shown. */
      readonly hex: string;
    };

export interface SnifferParts {
  readonly clock: Clock;
  readonly unmasked: boolean;
  readonly explaining: Explaining;
  readonly tell: (sniffed: Sniffed) => void;
}

interface Row {
  readonly at: Instant;
  readonly bytes: Uint8Array;
}

export class LineSniffer {
  readonly #parts: SnifferParts;
  readonly #deframer = new Deframer();
  #parser: ByteLengthParser;
  /** Bytes heard, and of how many of them it is known what they belong to. */
  #heard = 0;
  #known = 0;
  /** Rows told, in bytes. */
  #told = 0;
  readonly #rows: Row[] = [];
  readonly #pieces: Exclude<Sniffed, { what: "row" }>[] = [];
  /** Of the bytes not told yet: how each is written. */
  #shown: string[] = [];
  #partial: number[] = [];
  #rowAt: Instant | undefined;
  #pause = new AbortController();

  constructor(parts: SnifferParts) {
    this.#parts = parts;
    this.#parser = this.#newParser();
  }

  get bytes(): number {
    return this.#heard;
  }

  hear(bytes: Uint8Array): void {
    const now = this.#parts.clock.now();
    this.#pause.abort("more came");
    this.#heard += bytes.length;
    this.#partial.push(...bytes);
    this.#classify(this.#deframer.push(bytes), now);
    this.#rowAt ??= now;
    this.#parser.write(Buffer.from(bytes));
    this.#awaitPause();
  }

  /** What carries the bytes says that a piece ends: the row is told at once, unless a frame goes on in the next one. */
  messageEnds(): void {
    if (this.#deframer.heldBytes > 0) return;
    this.#pause.abort("told at once");
    void this.#flush();
  }

  /** The listening is over: what is held is told as far as it came. */
  async end(): Promise<void> {
    this.#pause.abort("over");
    await this.#flush();
  }

  /** The deframer tells every byte but wake-up bytes, in order; those stand between, and are no secret. */
  #classify(pieces: readonly Piece[], at: Instant): void {
    for (const piece of pieces) {
      let before = 0;
      while (this.#partial[before] === WAKE_UP) before += 1;
      const offset = this.#known + before;
      for (let i = 0; i < before; i += 1) this.#shown.push(WAKE_UP_HEX);
      this.#partial.splice(0, before + piece.bytes.length);
      this.#known = offset + piece.bytes.length;
      this.#pieces.push(piece.kind === "frame" ? this.#frame(piece.bytes, offset, at) : this.#noise(piece.bytes, offset, at));
    }
    // What is neither told nor held can only be wake-up bytes.
    const swallowed = this.#partial.length - this.#deframer.heldBytes;
    for (let i = 0; i < swallowed; i += 1) this.#shown.push(WAKE_UP_HEX);
    this.#partial.splice(0, swallowed);
    this.#known += swallowed;
  }

  #frame(bytes: Uint8Array, offset: number, at: Instant): Exclude<Sniffed, { what: "row" }> {
    const { unmasked, explaining } = this.#parts;
    const hidden = unmasked ? [] : hiddenIn(bytes, explaining.choices);
    const dots = (i: number): boolean => hidden.some(({ from, to }) => i >= from && i < to);
    bytes.forEach((byte, i) => this.#shown.push(dots(i) ? "••" : hexBytes(Uint8Array.of(byte))));
    const row = unmasked ? explain(bytes, 0, explaining)[0]! : explainHidden(bytes, hidden, explaining);
    return { what: "frame", at, offset, row };
  }

  #noise(bytes: Uint8Array, offset: number, at: Instant): Exclude<Sniffed, { what: "row" }> {
    const { unmasked } = this.#parts;
    const hex = Array.from(bytes, (byte) => (unmasked ? hexBytes(Uint8Array.of(byte)) : "••"));
    this.#shown.push(...hex);
    // What a checksum should have been tells a third of a password, so only whoever may see all is told.
    const why = unmasked ? (explain(bytes)[0]?.why ?? null) : null;
    return { what: "noise", at, offset, looks: noiseLooks[lookOf(bytes)]!, shape: shapeOf(bytes), why, hex: hex.join("") };
  }

  #newParser(): ByteLengthParser {
    const parser = new ByteLengthParser({ length: ROW_BYTES });
    parser.on("data", (bytes: Buffer) => {
      this.#rows.push({ at: this.#rowAt ?? this.#parts.clock.now(), bytes });
      this.#rowAt = undefined;
      this.#tell();
    });
    return parser;
  }

  #awaitPause(): void {
    const pause = new AbortController();
    this.#pause = pause;
    const ms = this.#deframer.heldBytes > 0 ? BYTE_GAP_MS : ROW_PAUSE_MS;
    void this.#parts.clock.wait(ms, pause.signal).then(() => (pause.signal.aborted ? undefined : this.#flush()));
  }

  /** Ending a parser makes it give its short row; a fresh one takes over. */
  async #flush(): Promise<void> {
    const ended = this.#parser;
    this.#parser = this.#newParser();
    this.#classify(this.#deframer.flush(), this.#parts.clock.now());
    await new Promise<void>((resolve) => {
      ended.once("end", resolve);
      ended.end();
    });
    this.#tell();
  }

  #tell(): void {
    for (let row = this.#rows[0]; row !== undefined && this.#told + row.bytes.length <= this.#known; row = this.#rows[0]) {
      this.#rows.shift();
      const to = this.#told + row.bytes.length;
      if (row.bytes.length > 0)
        this.#parts.tell({ what: "row", at: row.at, offset: this.#told, hex: this.#shown.splice(0, row.bytes.length) });
      this.#told = to;
      while (this.#pieces.length > 0 && endOf(this.#pieces[0]!) <= to) this.#parts.tell(this.#pieces.shift()!);
    }
  }
}

const endOf = (piece: Exclude<Sniffed, { what: "row" }>): number =>
  piece.offset + (piece.what === "frame" ? piece.row.hex.length / 2 : piece.shape.length);
