/**
 * What a caller says of itself, as data: the registration and the heartbeats of modems, and how to find them in a stream of bytes.
 *
 * A pattern is a line of text. Plain text stands for its own bytes; `hex:` begins one written in bytes; `frame:93` is a DL/T 645
 * frame of that control code (`frame:91 04000401`: and of that identifier). Places in braces:
 *
 *     {address}    twelve digits; in hex six bytes, lowest first (`{address:be}`: highest first)     → the meter's address
 *     {digits:15}  fifteen digits · {id:20} twenty letters or digits · {id} up to 32, to the first byte that is neither → who it is
 *     {any:4}      four bytes of anything
 *
 * A pattern that tells an address or who it is registers its caller; one that does not is a heartbeat. Either may have an answer.
 * Four-Faith, USR and others document texts of up to 40 bytes, once per connection or before every packet.
 */
import { Fault } from "../../kernel/faults.ts";
import { bytesOfHex, decodeFrame, identifierOf } from "../../protocols/dlt645/index.ts";

/** What modems send out of the box. A site names them, or writes its own. */
export const readyMade = {
  /** The meter's twelve digits: what a 4G meter, or a modem set up for one, says. */
  address: "{address}",
  /** A modem's fifteen digits, the default of most. */
  imei: "{digits:15}",
  /** The SIM card's twenty. */
  iccid: "{id:20}",
  /** Eleven digits of a mobile number. */
  phone: "{digits:11}",
  /** Modems in PROT mode: four bytes of number, the mobile number, nought, the IP address, nought. */
  "four-faith-prot": "hex:{any:4}{digits:11}00{any:4}00",
  /** The answer to "read address", said without having been asked. */
  "address-frame": "frame:93",
} as const;
export type ReadyMade = keyof typeof readyMade;
export const isReadyMade = (name: string): name is ReadyMade => Object.hasOwn(readyMade, name);

export interface PatternPlan {
  readonly text: string;
  /** As text: plain or `hex:`, without places. Sent back each time it is said. */
  readonly answer?: string | undefined;
}

export interface Said {
  /** The bytes it took. */
  readonly length: number;
  readonly address?: string;
  readonly id?: string;
  readonly answer?: Uint8Array;
  /** A whole frame, so it may also be the answer to a question. */
  readonly isFrame?: true;
}

/** `more`: so far it fits, and the rest has not come. */
export type Match = "no" | "more" | Said;

export interface Pattern {
  readonly text: string;
  /** At `at`; `ended`: nothing more comes. */
  match(bytes: Uint8Array, at: number, ended: boolean): Match;
}

/** Other braces stand for themselves: some modems speak JSON. */
const PLACE = /(\{[a-z]+(?::[a-z0-9]+)?\})/;
const ID_LENGTH_MAX = 32;
const HEAD_BYTES = 10;

type Part =
  | { readonly is: "byte"; readonly byte: number }
  | { readonly is: "text"; readonly as: "address" | "id"; readonly length: number; readonly fits: (byte: number) => boolean }
  | { readonly is: "word" }
  | { readonly is: "bcd-address"; readonly lowestFirst: boolean }
  | { readonly is: "any"; readonly length: number };

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isLetter = (byte: number): boolean => isDigit(byte) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
export const isWord = (byte: number): boolean => isLetter(byte) || byte === 0x2d || byte === 0x2e || byte === 0x5f;

export function compilePattern(plan: PatternPlan): Pattern {
  const { text } = plan;
  const answer = plan.answer === undefined ? {} : { answer: bytesOf(plan.answer) };
  if (text.startsWith("frame:")) return framePattern(text, answer);
  const parts = partsOf(text);
  return { text, match: (bytes, at, ended) => matchParts(parts, bytes, at, ended, answer) };
}

/** The bytes of a text without places: a registration as it is written in the site file. */
export function bytesOf(text: string): Uint8Array {
  const parts = partsOf(text);
  return Uint8Array.from(parts, (part) => {
    if (part.is !== "byte") throw wrong(text, "no places in braces are allowed here");
    return part.byte;
  });
}

const wrong = (text: string, why: string): Fault =>
  new Fault("invalid-request", {
    field: "pattern",
    given: text,
    why,
    allowed: `text, hex:…, frame:CC or frame:CC DDDDDDDD, with {address}, {digits:N}, {id:N}, {id}, {any:N}; ready-made: ${Object.keys(readyMade).join(", ")}`,
  });

function partsOf(text: string): readonly Part[] {
  const isHex = text.startsWith("hex:");
  const parts: Part[] = [];
  for (const piece of (isHex ? text.slice(4) : text).split(PLACE)) {
    if (PLACE.test(piece)) parts.push(placeOf(piece, isHex, text));
    else for (const byte of isHex ? hexBytesOf(piece, text) : Buffer.from(piece, "utf8")) parts.push({ is: "byte", byte });
  }
  if (parts.length === 0) throw wrong(text, "it is empty");
  if (parts.every((part) => part.is === "any")) throw wrong(text, "it would fit everything");
  return parts;
}

function hexBytesOf(piece: string, text: string): Uint8Array {
  const digits = piece.replaceAll(/\s/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw wrong(text, `"${piece.trim()}" is no row of bytes`);
  return digits === "" ? new Uint8Array(0) : bytesOfHex(digits);
}

function placeOf(piece: string, isHex: boolean, text: string): Part {
  const [, name, option] = /^\{([a-z]+)(?::([a-z0-9]+))?\}$/.exec(piece) ?? [];
  if (name === "address" && isHex && (option === undefined || option === "be"))
    return { is: "bcd-address", lowestFirst: option === undefined };
  if (name === "address" && option === undefined) return { is: "text", as: "address", length: 12, fits: isDigit };
  if (name === "id" && option === undefined) return { is: "word" };
  const length = Number(option);
  if (Number.isInteger(length) && length >= 1 && length <= 64) {
    if (name === "digits") return { is: "text", as: "id", length, fits: isDigit };
    if (name === "id") return { is: "text", as: "id", length, fits: isLetter };
    if (name === "any") return { is: "any", length };
  }
  throw wrong(text, `"${piece}" is no place`);
}

function matchParts(
  parts: readonly Part[],
  bytes: Uint8Array,
  from: number,
  ended: boolean,
  answer: { readonly answer?: Uint8Array },
): Match {
  const more: Match = ended ? "no" : "more";
  let at = from;
  let told: { address?: string; id?: string } = {};
  for (const part of parts) {
    switch (part.is) {
      case "byte":
        if (at >= bytes.length) return more;
        if (bytes[at] !== part.byte) return "no";
        at += 1;
        break;
      case "any":
        if (at + part.length > bytes.length) return more;
        at += part.length;
        break;
      case "text": {
        const end = Math.min(at + part.length, bytes.length);
        for (let i = at; i < end; i += 1) if (!part.fits(bytes[i]!)) return "no";
        if (end < at + part.length) return more;
        told = { ...told, [part.as]: textOf(bytes, at, end) };
        at = end;
        break;
      }
      case "word": {
        let end = at;
        while (end < bytes.length && end - at < ID_LENGTH_MAX && isWord(bytes[end]!)) end += 1;
        if (end === bytes.length && end - at < ID_LENGTH_MAX && !ended) return "more";
        if (end === at) return "no";
        told = { ...told, id: textOf(bytes, at, end) };
        at = end;
        break;
      }
      case "bcd-address": {
        if (at + 6 > bytes.length) return more;
        const six = bytes.slice(at, at + 6);
        const address = Buffer.from(part.lowestFirst ? six.reverse() : six).toString("hex");
        if (!/^\d{12}$/.test(address)) return "no";
        told = { ...told, address };
        at += 6;
        break;
      }
    }
  }
  return { length: at - from, ...told, ...answer };
}

const textOf = (bytes: Uint8Array, from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString("latin1");

function framePattern(text: string, answer: { readonly answer?: Uint8Array }): Pattern {
  const [, control, di] = /^frame:\s*([0-9a-f]{2})(?:\s+([0-9a-f]{8}))?$/i.exec(text) ?? [];
  if (control === undefined) throw wrong(text, "a control code of two hex digits follows, and perhaps an identifier of eight");
  const wanted = Number.parseInt(control, 16);
  return {
    text,
    match: (bytes, at, ended) => {
      const head = headAt(bytes, at);
      if (head === "no") return "no";
      if (bytes.length > at + 8 && bytes[at + 8] !== wanted) return "no";
      if (head === "more" || at + head > bytes.length) return ended ? "no" : "more";
      const read = decodeFrame(bytes.slice(at, at + head));
      if ("fault" in read) return "no";
      if (di !== undefined && identifierOf(read.frame) !== di.toUpperCase()) return "no";
      return { length: head, address: read.frame.address, isFrame: true, ...answer };
    },
  };
}

/** How long the frame that begins here says it is; `no` when none does. */
export function headAt(bytes: Uint8Array, at: number): "no" | "more" | number {
  if (bytes[at] !== 0x68) return "no";
  if (at + 7 < bytes.length && bytes[at + 7] !== 0x68) return "no";
  return at + HEAD_BYTES > bytes.length ? "more" : HEAD_BYTES + bytes[at + 9]! + 2;
}
