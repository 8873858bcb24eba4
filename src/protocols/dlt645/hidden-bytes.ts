/**
 * Which bytes of a whole frame may not be kept: passwords, keys, MACs and what they protect, and the checksum with them, since a
 * sum over a frame of which all but a little is known gives that little away.
 *
 * Of a function that carries secrets only the fields named here as open are shown, and only when its layout fits to the last byte:
 * a vendor's frame read by a layout that is not its own would show a MAC as money. A read carries none, unless somebody answers one
 * for a password; that is seen from four bytes, because all frames of a line come by here.
 */
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { FUNCTION_MASK, isException, versionOf } from "./control-codes.ts";
import { DOTS, dissect } from "./dissect.ts";
import type { Segment } from "./dissect.ts";
import { frameRow } from "./explain.ts";
import type { ExplainRow, Explaining } from "./explain.ts";
import { START, frameAt, hexByte } from "./frame.ts";
import type { Frame } from "./frame.ts";

/** From the first byte, up to and without the last. */
export interface Hidden {
  readonly from: number;
  readonly to: number;
}

const NONE: readonly Hidden[] = [];
const HEAD_BYTES = 10;

/** Writing, clearing, changing a password, ordering a relay, security; 04, 0F and 10 are those of the 1997 edition. */
const CARRIES = new Set([0x03, 0x04, 0x0f, 0x10, 0x14, 0x18, 0x19, 0x1a, 0x1b, 0x1c]);
/** Functions whose data may be anything, so that what they carry is named by the item and open. */
const WRITES = new Set([0x04, 0x14]);
/** Reads and their answers: of their items only 04000C01 to 0A, on the wire 3F 33 37 behind the first byte, are secret. */
const READS = new Set([0x11, 0x12]);
const PASSWORD_ITEMS = [0x3f, 0x33, 0x37] as const;

/** In a frame that carries secrets. Everything else is hidden, the name of which nobody wrote down here. */
const OPEN = new Set(
  `data identifier,operator,level,newLevel,oldLevel,unused,P0 P1 P2,N1 N2,deadline,cleared,result,SERR,ERR,
amount,purchaseCount,balance,customerNumber,meterNumber,keyInfo,info,mode,minutes,serial,random1,random2,factor,
length,start,file,directory,cpu,keyIndex,factorAddress,dataAddress`.split(/,\s*/),
);
/** In a write: these hold what the password was there to protect, or nobody knows what. */
const CLOSED_IN_WRITES = new Set(["cipher", "mac", "cipher and MAC", "data", "extra"]);

export function hiddenIn(bytes: Uint8Array, choices: Choices = STANDARD): readonly Hidden[] {
  const start = startOf(bytes);
  const control = bytes[start + 8]!;
  const code = control & FUNCTION_MASK;
  if (READS.has(code))
    return PASSWORD_ITEMS.every((byte, i) => bytes[start + HEAD_BYTES + 1 + i] === byte) ? body(bytes, start) : NONE;
  if (!CARRIES.has(code) || isException(control) || bytes[start + 9] === 0) return NONE;
  const frame = frameAt(bytes, start);
  if (code === 0x03 && versionOf(frame) === "1997") return NONE; // there 03 reads the last data again
  const { segments } = dissect(frame, choices);
  // What a layout leaves over tells that it was the wrong one.
  if (segments.some(({ field }) => field === "extra" || field === "data")) return body(bytes, start);
  return rangesOf(segments, start + HEAD_BYTES, WRITES.has(code) ? isClosedInWrites : ({ field }) => !OPEN.has(field));
}

const isClosedInWrites = ({ field, secret }: Segment): boolean => secret === true || CLOSED_IN_WRITES.has(field);

function rangesOf(segments: readonly Segment[], from: number, isClosed: (segment: Segment) => boolean): readonly Hidden[] {
  const found: Hidden[] = [];
  let at = from;
  for (const segment of segments) {
    if (segment.secret === true || isClosed(segment)) found.push({ from: at, to: at + segment.bytes });
    at += segment.bytes;
  }
  return found.length === 0 ? NONE : [...found, { from: at, to: at + 1 }];
}

/** Everything behind the identifier, or behind the head where there is none; an identifier tells nothing that a person may not know. */
function body(bytes: Uint8Array, start: number): readonly Hidden[] {
  const length = bytes[start + 9]!;
  const identified = [0x03, 0x11, 0x12, 0x14].includes(bytes[start + 8]! & FUNCTION_MASK) ? Math.min(4, length) : 0;
  return [{ from: start + HEAD_BYTES + identified, to: start + HEAD_BYTES + length + 1 }];
}

/** Wake-up bytes may stand before it. */
const startOf = (bytes: Uint8Array): number => bytes.findIndex((byte, i) => byte === START && bytes[i + 7] === START);

const isHidden = (hidden: readonly Hidden[], from: number, to: number): boolean =>
  hidden.some((range) => range.from < to && range.to > from);

/** Pairs of hex digits, dots where something is hidden. */
export const dottedHex = (bytes: Uint8Array, hidden: readonly Hidden[], separator = ""): string =>
  Array.from(bytes, (byte, i) => (isHidden(hidden, i, i + 1) ? "••" : hexByte(byte))).join(separator);

/** What `explain` says of a whole frame, with dots for what is hidden; the bytes behind the dots may be gone already. */
export function explainHidden(bytes: Uint8Array, hidden: readonly Hidden[], { choices = STANDARD }: Explaining = {}): ExplainRow {
  const start = startOf(bytes);
  const frame: Frame = frameAt(bytes, start);
  const row = frameRow(frame, bytes.subarray(start), 0, choices);
  const hex = dottedHex(bytes, hidden).slice(start * 2);
  if (hidden.length === 0) return { ...row, hex };
  let at = start + HEAD_BYTES;
  const values = dissect(frame, choices).segments.flatMap((segment) => {
    const from = at;
    at += segment.bytes;
    if (segment.bytes === 0 || !isHidden(hidden, from, at)) return segment.values;
    return [{ name: segment.field, value: DOTS, unit: null }];
  });
  return { ...row, values, hex };
}
