/**
 * The control byte (clause 5.2.4): D7 says who speaks, D6 that the meter declines, D5 that more follows, D4..D0 what is
 * asked. The table tells the functions of both editions apart; only 03 and 08 stand in both, see `versionOf`.
 */
import type { Frame } from "./frame.ts";

export const REPLY = 0x80;
export const EXCEPTION = 0x40;
export const MORE_FOLLOWS = 0x20;
export const FUNCTION_MASK = 0x1f;

export type Version = "2007" | "1997";

export interface FunctionRow {
  readonly version: Version;
  /** One word, for programs. */
  readonly word: string;
  readonly title: string;
  /** A data identifier stands first in the data of request and reply. */
  readonly identified: boolean;
}

const row = (version: Version, word: string, title: string, identified: boolean): FunctionRow => ({
  version,
  word,
  title,
  identified,
});

/** 03H of the 2007 edition is in the supplement of 2009, 1CH and 1DH too. */
export const FUNCTIONS: ReadonlyMap<number, FunctionRow> = new Map([
  [0x01, row("1997", "read", "read data", true)],
  [0x02, row("1997", "read-on", "read subsequent data", true)],
  [0x03, row("2007", "security", "security authentication", true)],
  [0x04, row("1997", "write", "write data", true)],
  [0x08, row("2007", "broadcast-time", "broadcast time", false)],
  [0x0a, row("1997", "write-address", "write communication address", false)],
  [0x0c, row("1997", "change-baud", "change baud rate", false)],
  [0x0f, row("1997", "change-password", "change password", false)],
  [0x10, row("1997", "clear-demand", "clear maximum demand", false)],
  [0x11, row("2007", "read", "read data", true)],
  [0x12, row("2007", "read-on", "read subsequent data", true)],
  [0x13, row("2007", "read-address", "read communication address", false)],
  [0x14, row("2007", "write", "write data", true)],
  [0x15, row("2007", "write-address", "write communication address", false)],
  [0x16, row("2007", "freeze", "freeze", false)],
  [0x17, row("2007", "change-baud", "change baud rate", false)],
  [0x18, row("2007", "change-password", "change password", false)],
  [0x19, row("2007", "clear-demand", "clear maximum demand", false)],
  [0x1a, row("2007", "clear-meter", "clear meter", false)],
  [0x1b, row("2007", "clear-events", "clear events", false)],
  [0x1c, row("2007", "relay", "trip, close, alarm, protect", false)],
  [0x1d, row("2007", "output", "multi-function terminal output", false)],
]);

const REREAD_1997: FunctionRow = row("1997", "read-again", "read the last data again", true);
const UNKNOWN: FunctionRow = row("2007", "unknown", "function not in the standard", false);

/** By function code, for the way that every frame takes. */
const BY_CODE: readonly FunctionRow[] = Array.from({ length: FUNCTION_MASK + 1 }, (_, code) => FUNCTIONS.get(code) ?? UNKNOWN);

export const isReply = (control: number): boolean => (control & REPLY) !== 0;
export const isException = (control: number): boolean => (control & REPLY) !== 0 && (control & EXCEPTION) !== 0;
export const moreFollows = (control: number): boolean => (control & REPLY) !== 0 && (control & MORE_FOLLOWS) !== 0;

/**
 * The row of a frame. 03 is "read again" in the 1997 edition (L = 0, replies carry a two-byte identifier from 90 up) and security in
 * 2007 (the top byte of the identifier is 07, the third below 90); an exception C3 carries neither and is taken for the newer.
 */
export function functionOf(frame: Frame): FunctionRow {
  const code = frame.control & FUNCTION_MASK;
  if (code === 0x03 && readsAgain(frame)) return REREAD_1997;
  return BY_CODE[code]!;
}

/** 07 alone would not do: it may stand in the second byte of an energy that is read again. */
function readsAgain({ control, data }: Frame): boolean {
  if (!isReply(control)) return data.length === 0;
  return !isException(control) && (data[3] !== 0x07 || data[1]! >= SECURITY_BELOW);
}
/** DI1 of security; those of the 1997 edition begin here. */
const SECURITY_BELOW = 0x90;

export const versionOf = (frame: Frame): Version => functionOf(frame).version;

/** Bytes of a data identifier: two in 1997, four in 2007. */
export const identifierBytes = (version: Version): 2 | 4 => (version === "1997" ? 2 : 4);

/** Whether two frames carry the same identifier, compared as bytes: this is asked of every reply. */
export function sameIdentifier(one: Uint8Array, other: Uint8Array, bytes: 2 | 4): boolean {
  for (let i = 0; i < bytes; i += 1) if (one[i] !== other[i]) return false;
  return true;
}

/** Upper-case hex as it is written, DI3 first; undefined when the frame has none. */
export function identifierOf(frame: Frame): string | undefined {
  const { identified, version } = functionOf(frame);
  const bytes = identifierBytes(version);
  if (!identified || isException(frame.control) || frame.data.length < bytes) return undefined;
  let di = "";
  for (let i = bytes - 1; i >= 0; i -= 1) di += frame.data[i]!.toString(16).toUpperCase().padStart(2, "0");
  return di;
}
