/** The public face of this room: bytes ↔ meaning, for DL/T 645 of 2007 and 1997. Other rooms import from here only. */
export { ANY_METER, EVERY_METER, PREAMBLE_BYTES, bytesOfHex, decodeFrame, encodeFrame, hexBytes } from "./frame.ts";
export type { Frame } from "./frame.ts";
export { Deframer } from "./deframer.ts";
export type { Piece } from "./deframer.ts";
