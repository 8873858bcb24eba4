/** Frames as evidence: what is kept in books and logs, where no password may stand. */
import { dissect } from "./dissect.ts";
import { decodeFrame, hexByte } from "./frame.ts";

/**
 * Hex pairs, a password as dots and the checksum with it. Bytes that are no whole frame stay as they
 * are, unless they begin like one that would carry a password: then everything behind its head is dots.
 */
export function maskedHex(bytes: Uint8Array): string {
  const pairs = Array.from(bytes, hexByte);
  const start = bytes.findIndex((byte, i) => byte === 0x68 && bytes[i + 7] === 0x68);
  if (start < 0) return pairs.join(" ");
  const decoded = decodeFrame(bytes.subarray(start));
  if (!("frame" in decoded)) {
    const carries = /^(?:04|0F|10|14|18|19|1A|1B|1C|98|8F)$/.test(pairs[start + 8] ?? "");
    return carries ? pairs.map((pair, i) => (i < start + 10 ? pair : "••")).join(" ") : pairs.join(" ");
  }
  let at = start + 10;
  let secret = false;
  for (const segment of dissect(decoded.frame).segments) {
    if (segment.secret === true) {
      pairs.fill("••", at, at + segment.bytes);
      secret = true;
    }
    at += segment.bytes;
  }
  if (secret) pairs[at] = "••";
  return pairs.join(" ");
}
