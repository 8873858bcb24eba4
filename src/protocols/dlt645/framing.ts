/**
 * Frames as some tools make them (topics `addressOrder` and `checksumFrom`): the address as it is printed, the sum over less than the
 * standard says. For whoever writes or reads single frames of such a model. The line itself knows none of it: several models share one,
 * and meters ignore frames that are summed otherwise, so the deframer stays with the standard.
 *
 * What the standard says goes straight to `frame.ts` and pays nothing for the rest.
 */
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { FRAME_BYTES_MIN, PREAMBLE, checksum, decodeFrame, encodeFrame, hexByte } from "./frame.ts";
import type { Frame } from "./frame.ts";

type Framing = Pick<Choices, "addressOrder" | "checksumFrom">;

const isStandard = ({ addressOrder, checksumFrom }: Framing): boolean =>
  addressOrder === STANDARD.addressOrder && checksumFrom === STANDARD.checksumFrom;

export function encodeFrameFor(choices: Framing, frame: Frame, options?: { readonly preamble?: number }): Uint8Array {
  const bytes = encodeFrame(frame, options);
  if (isStandard(choices)) return bytes;
  const at = options?.preamble ?? 0;
  turnAddress(choices, bytes, at);
  bytes[bytes.length - 2] = sumOf(choices, bytes, at);
  return bytes;
}

/** Exactly one frame, as `decodeFrame` has it; a sum that only the standard would make is a fault here. */
export function decodeFrameFor(choices: Framing, bytes: Uint8Array): ReturnType<typeof decodeFrame> {
  if (isStandard(choices)) return decodeFrame(bytes);
  let at = 0;
  while (bytes[at] === PREAMBLE) at += 1;
  const end = at + FRAME_BYTES_MIN + (bytes[at + 9] ?? 0);
  // What is cut short or has no end is named by the one who names it for all.
  if (bytes.length < end) return decodeFrame(bytes);
  const own = Uint8Array.from(bytes);
  const given = own[end - 2]!;
  const computed = sumOf(choices, own, at, end);
  own[end - 2] = checksum(own, at, end - 2);
  const read = decodeFrame(own);
  if ("fault" in read) return read;
  if (given !== computed)
    return { fault: `checksum at offset ${end - 2 - at} is ${hexByte(given)}, computed ${hexByte(computed)}` };
  turnAddress(choices, own, at);
  // The sum of all bytes does not mind their order.
  return decodeFrame(own);
}

function turnAddress({ addressOrder }: Framing, bytes: Uint8Array, at: number): void {
  if (addressOrder === "as-printed") bytes.subarray(at + 1, at + 7).reverse();
}

/** Over a frame that begins at `at` and ends before `end`, its own sum and end byte left out. */
function sumOf({ checksumFrom }: Framing, bytes: Uint8Array, at: number, end = bytes.length): number {
  const to = end - 2;
  switch (checksumFrom) {
    case "first-68":
      return checksum(bytes, at, to);
    case "second-68":
      return checksum(bytes, at + 7, to);
    case "without-address":
      return (bytes[at]! + checksum(bytes, at + 7, to)) & 0xff;
  }
}
