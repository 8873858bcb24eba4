/**
 * The block of a freeze (05ooFFNN, section 8 of the reference): the quantities in order, AAH behind each, and a quantity that is
 * switched off in the mode byte leaves only its AAH.
 *
 * An AA may also stand inside a value of nobody's making, so a part is cut at multiples of its own length: BCD never holds AA. Where
 * that does not come out even, what is left is shown as it came. Some meters send no AA at all: then the time is read, and what
 * follows is told as bytes, for no length says which of the quantities were switched off.
 */
import { bytesOfHex } from "../frame.ts";
import { encodeFields, joined, rawMember, readFields, remembered, restOf } from "../item.ts";
import type { Field, Member, NamedValue, Shape } from "../item.ts";

export const SEPARATOR = 0xaa;
/** The quantities of a meter that puts nothing between them. */
const UNSEPARATED = "unseparated";

/** One quantity of the block: its fields again and again (total, tariff 1, 2 …), or once. */
export interface BlockPart {
  readonly fieldsAt: (index: number) => readonly Field[];
  readonly repeats: boolean;
  /** The time always stands there. */
  readonly mayBeOff: boolean;
}

export function freezeBlock(given: readonly BlockPart[]): Shape {
  const parts = given.map((part) => ({ ...part, fieldsAt: remembered(part.fieldsAt) }));
  return {
    pattern: "block",
    bytes: null,
    fields: parts.flatMap((part) => part.fieldsAt(0)),
    members: (wire) => readBlock(parts, wire),
    encode: (members) => writeBlock(parts, members),
  };
}

const turnBytes = (part: BlockPart): number => part.fieldsAt(0).reduce((sum, { format }) => sum + format.bytes, 0);

function readBlock(parts: readonly BlockPart[], wire: Uint8Array): Member[] {
  const members: Member[] = [];
  if (wire.length === 0) {
    const { name, format } = parts[0]!.fieldsAt(0)[0]!;
    return [{ name, value: null, unit: format.unit, fault: null, format }];
  }
  let at = 0;
  for (const part of parts) {
    if (at >= wire.length) return members;
    const end = partEnd(part, wire, at);
    if (end === undefined) {
      const timeEnd = at + turnBytes(part);
      if (!part.mayBeOff && wire.length > timeEnd) {
        readTurns(part, wire.subarray(at, timeEnd), members);
        members.push(rawMember(UNSEPARATED, wire.subarray(timeEnd)));
        return members;
      }
      break;
    }
    readTurns(part, wire.subarray(at, end), members);
    at = end + (wire[end] === SEPARATOR ? 1 : 0);
  }
  if (at < wire.length) members.push(rawMember("rest", wire.subarray(at)));
  return members;
}

/** The first AA at a multiple of the part's length ends it; a part that cannot repeat also ends without one. */
function partEnd(part: BlockPart, wire: Uint8Array, at: number): number | undefined {
  const bytes = turnBytes(part);
  for (let end = part.mayBeOff ? at : at + bytes; end < wire.length; end += bytes) {
    if (wire[end] === SEPARATOR) return end;
    if (!part.repeats && end > at) return undefined;
  }
  // No AA behind the last part: some meters leave it out.
  return at + bytes === wire.length ? wire.length : undefined;
}

function readTurns(part: BlockPart, wire: Uint8Array, members: Member[]): void {
  for (let at = 0, index = 0; at < wire.length; index += 1) at = readFields(part.fieldsAt(index), wire, at, members);
}

/** Members are told apart by their names, so a quantity that is switched off is one whose names are missing. */
function writeBlock(parts: readonly BlockPart[], members: readonly NamedValue[]): Uint8Array {
  const written: Uint8Array[] = [];
  let done = 0;
  for (const part of parts) {
    if (done >= members.length || members[done]!.name === "rest") break;
    for (let index = 0; part.fieldsAt(index)[0]!.name === members[done]?.name; index += 1) {
      const fields = part.fieldsAt(index);
      written.push(encodeFields(fields, members.slice(done, done + fields.length)));
      done += fields.length;
      if (!part.repeats) break;
    }
    if (members[done]?.name === UNSEPARATED) return joined([...written, bytesOfHex(members[done]!.value as string)]);
    written.push(Uint8Array.of(SEPARATOR));
  }
  written.push(restOf(members, done));
  return joined(written);
}
