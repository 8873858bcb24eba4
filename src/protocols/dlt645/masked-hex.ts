/** Frames as evidence: what is kept in books and logs, where no password, key or MAC may stand. */
import type { Choices } from "./choices.ts";
import { decodeFrame, hexByte } from "./frame.ts";
import { dottedHex, hiddenIn } from "./hidden-bytes.ts";

/**
 * Hex pairs, a secret as dots and the checksum with it. Bytes that are no whole frame stay as they
 * are, unless they begin like one that would carry a secret: then everything behind its head is dots.
 */
export function maskedHex(bytes: Uint8Array, choices?: Choices): string {
  const start = bytes.findIndex((byte, i) => byte === 0x68 && bytes[i + 7] === 0x68);
  if (start >= 0 && "frame" in decodeFrame(bytes.subarray(start))) return dottedHex(bytes, hiddenIn(bytes, choices), " ");
  const pairs = Array.from(bytes, hexByte);
  const carries = start >= 0 && /^(?:03|04|0F|10|14|18|19|1A|1B|1C|83|98|8F)$/.test(pairs[start + 8] ?? "");
  return pairs.map((pair, i) => (carries && i >= start + 10 ? "••" : pair)).join(" ");
}
