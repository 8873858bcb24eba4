/**
 * The words of the HSM port, version 1: one JSON object a line, over TCP or TLS. The whole of it is told in README.md, so that
 * somebody can write an adapter in front of a real cipher machine (密码机) without reading this program.
 *
 *     gateway ─► {"id":3,"verb":"protect-control","meterNumber":…,"plain":…}
 *     server  ─► {"id":3,"ok":true,"block":…}       or {"id":3,"ok":false,"code":"refused","why":…}
 *
 * Bytes are hex, HIGH BYTE FIRST, as the port `security-module.ts` has them. The shared secret never travels: both sides show that
 * they know it by an HMAC over both challenges and over what the server said of itself.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Secret } from "../kernel/secret.ts";

export const HSM_VERSION = 1;
/** The longest line either side may send, its end included; the longest of ours, a write of 251 bytes, is under 800. */
export const LINE_BYTES_MAX = 4_096;
export const CHALLENGE_BYTES = 16;
const CIPHER_BLOCK_BYTES = 16;
const REASON_LETTERS_MAX = 160;
const LINE_END = 0x0a;

/** Those of the first gateways; a machine that does not know one of them is of no use. */
type FirstVerb = "hello" | "authenticate" | "begin-identity" | "protect-top-up" | "protect-control" | "check-wallet";
/** Those that were added: an adapter of the first days declines them as `unknown-verb`, and does the rest as before. */
export const ADDED_VERBS = [
  "protect-write",
  "seal-write",
  "protect-refund",
  "password",
  "protect-purse-reset",
  "protect-mode-switch",
] as const;
export type Verb = FirstVerb | (typeof ADDED_VERBS)[number];
/** What an answer carries beside `id` and `ok`. Nothing in it is believed before it was looked at. */
export type Fields = Readonly<Record<string, unknown>>;

export interface HsmHello {
  /** What the server calls itself: 1 to 60 printable ASCII letters. */
  readonly name: string;
  readonly testKeys: boolean;
}

export interface Challenges {
  /** Upper-case hex, sixteen bytes each. */
  readonly gateway: string;
  readonly server: string;
}

/** The server answered and declined. */
export class HsmDeclined extends Error {
  readonly code: string;

  constructor(code: string, why: string) {
    super(`${code}: ${why}`);
    this.code = code;
  }
}

/** The server said something that is no word of this protocol, or cannot be true. */
export class HsmNonsense extends Error {}

/** HMAC-SHA256 over six lines of text. `from` keeps a proof from being sent back as an answer to itself. */
export function proofOf(from: "gateway" | "server", secret: Secret<string>, challenges: Challenges, hello: HsmHello): string {
  const said = [
    `hsm/${HSM_VERSION}`,
    from,
    challenges.gateway,
    challenges.server,
    hello.name,
    hello.testKeys ? "test-keys" : "own-keys",
  ];
  return createHmac("sha256", secret.open()).update(said.join("\n"), "utf8").digest("hex").toUpperCase();
}

export function isSameProof(ours: string, theirs: string): boolean {
  const [a, b] = [Buffer.from(ours, "hex"), Buffer.from(theirs, "hex")];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Cuts bytes into lines; throws as soon as one grows beyond the limit, so that nobody can fill our memory. */
export class LineCutter {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): string[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const lines: string[] = [];
    for (let end = this.#rest.indexOf(LINE_END); end >= 0; end = this.#rest.indexOf(LINE_END)) {
      if (end >= LINE_BYTES_MAX) break;
      lines.push(this.#rest.subarray(0, end).toString("utf8"));
      this.#rest = this.#rest.subarray(end + 1);
    }
    if (this.#rest.length >= LINE_BYTES_MAX) throw new HsmNonsense(`a line longer than ${LINE_BYTES_MAX} bytes`);
    return lines;
  }
}

/** A line of the server; what it contained is never repeated in a message: it may be a proof. */
export function answerIn(line: string): { readonly id: number; readonly ok: boolean; readonly fields: Fields } {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    throw new HsmNonsense(`a line of ${line.length} letters that is no JSON`);
  }
  if (typeof said !== "object" || said === null || Array.isArray(said)) throw new HsmNonsense("a line that is no JSON object");
  const { id, ok, ...fields } = said as Fields;
  if (typeof id !== "number" || !Number.isSafeInteger(id)) throw new HsmNonsense("an answer without a whole number as its id");
  if (typeof ok !== "boolean") throw new HsmNonsense("an answer whose ok is neither true nor false");
  return { id, ok, fields };
}

/** Why the server declined, fit for a log: printable, short, and with anything that could be a proof, a key or a password in dots. */
export function declinedBecause({ code, why }: Fields): HsmDeclined {
  const plain = (text: unknown): string =>
    (typeof text === "string" ? text : "")
      .replaceAll(/[^\x20-\x7e\u4e00-\u9fff]/g, " ")
      .replaceAll(/(?:[0-9A-Fa-f]{2}[ :-]?){4,}|\d{6,}/g, "•••• ")
      .slice(0, REASON_LETTERS_MAX);
  return new HsmDeclined(plain(code) || "refused", plain(why) || "no reason given");
}

export function bytesIn(fields: Fields, field: string, count: number): Uint8Array {
  const text = fields[field];
  if (typeof text !== "string" || text.length !== count * 2 || !/^[0-9A-Fa-f]*$/.test(text))
    throw new HsmNonsense(`an answer whose ${field} is not ${count} bytes in hex`);
  return Uint8Array.from(Buffer.from(text, "hex"));
}

/** A cipher over `plainBytes`: whole blocks of sixteen, with the padding that the machine adds or without any where none is needed. */
export function cipherIn(fields: Fields, field: string, plainBytes: number): Uint8Array {
  const text = fields[field];
  const bytes = typeof text === "string" ? text.length / 2 : 0;
  const blocks = bytes / CIPHER_BLOCK_BYTES;
  const [least, most] = [Math.ceil(plainBytes / CIPHER_BLOCK_BYTES), Math.floor(plainBytes / CIPHER_BLOCK_BYTES) + 1];
  if (blocks !== least && blocks !== most)
    throw new HsmNonsense(`an answer whose ${field} is not ${least === most ? least : `${least} or ${most}`} blocks of 16 bytes`);
  return bytesIn(fields, field, bytes);
}

export function passwordIn(fields: Fields, field: string): Secret<string> {
  const text = fields[field];
  if (typeof text !== "string" || !/^\d{6}$/.test(text)) throw new HsmNonsense(`an answer whose ${field} is not six digits`);
  return new Secret(text);
}

export function truthIn(fields: Fields, field: string): boolean {
  const said = fields[field];
  if (typeof said !== "boolean") throw new HsmNonsense(`an answer whose ${field} is neither true nor false`);
  return said;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex").toUpperCase();

export function hex32(value: bigint | number, field: string): string {
  const number = BigInt(value);
  if (number < 0n || number > 0xffff_ffffn) throw new Error(`${field} does not fit in 32 bits: ${number}`);
  return number.toString(16).toUpperCase().padStart(8, "0");
}
