/**
 * Load profiles (DI3 = 06, section 9 of the reference): records between A0 A0 and E5, classes of quantities in each, AAH behind
 * every class, a class that is switched off leaving only its AAH. And the newer curves 0610 of the supplement of 2013: the moment
 * of the first point, then points as far as the data go.
 */
import { checksum, hexBytes } from "../frame.ts";
import { encodeField, encodeFields, joined, rawMember, readFields, restOf } from "../item.ts";
import type { Field, Member, NamedValue, Shape } from "../item.ts";
import { SEPARATOR } from "./freeze-block.ts";

const MARK = 0xa0;
const END = 0xe5;

export function loadRecords(time: Field, classes: readonly (readonly Field[])[]): Shape {
  return {
    pattern: "A0A0..E5",
    bytes: null,
    fields: [time, ...classes.flat()],
    members: (wire) => readRecords(wire, time, classes),
    encode: (members) => writeRecords(members, time, classes),
  };
}

function readRecords(wire: Uint8Array, time: Field, classes: readonly (readonly Field[])[]): Member[] {
  const members: Member[] = [];
  if (wire.length === 0) return [{ name: time.name, value: null, unit: null, fault: null, format: time.format }];
  let at = 0;
  while (at < wire.length) {
    const length = wire[at + 2];
    const end = at + 3 + (length ?? 0);
    // A0 A0, length, the record, its own checksum, E5. A record that is cut by the end of a frame is shown as it is.
    if (wire[at] !== MARK || wire[at + 1] !== MARK || length === undefined || wire[end + 1] !== END) {
      members.push(rawMember("rest", wire.subarray(at)));
      return members;
    }
    if (checksum(wire, at, end) === wire[end]) readRecord(wire.subarray(at + 3, end), time, classes, members);
    else members.push({ name: "record", value: null, unit: null, fault: wrongChecksum(wire, at, end), format: null });
    at = end + 2;
  }
  return members;
}

/** With its bytes: somebody may still want to see what was measured there. */
const wrongChecksum = (wire: Uint8Array, at: number, end: number): string =>
  `the record's own checksum is ${hexByte(wire[end]!)}, computed ${hexByte(checksum(wire, at, end))}: ` +
  `${hexBytes(wire.subarray(at, end + 2))} in wire order`;
const hexByte = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, "0");

function readRecord(body: Uint8Array, time: Field, classes: readonly (readonly Field[])[], members: Member[]): void {
  let at = readFields([time], body, 0, members);
  for (const fields of classes) {
    const bytes = fields.reduce((sum, { format }) => sum + format.bytes, 0);
    const switchedOff = body[at] === SEPARATOR;
    const end = switchedOff ? at : at + bytes;
    if (body[end] !== SEPARATOR) break;
    if (!switchedOff) readFields(fields, body, at, members);
    at = end + 1;
  }
  if (at < body.length) members.push(rawMember("rest", body.subarray(at)));
}

function writeRecords(members: readonly NamedValue[], time: Field, classes: readonly (readonly Field[])[]): Uint8Array {
  const written: Uint8Array[] = [];
  let done = 0;
  while (members[done]?.name === time.name) {
    const parts = [encodeField(time, members[done])];
    done += 1;
    for (const fields of classes) {
      if (members[done]?.name === fields[0]!.name) {
        parts.push(encodeFields(fields, members.slice(done, done + fields.length)));
        done += fields.length;
      }
      parts.push(Uint8Array.of(SEPARATOR));
    }
    const body = joined(parts);
    const record = joined([Uint8Array.of(MARK, MARK, body.length), body]);
    written.push(record, Uint8Array.of(checksum(record, 0, record.length), END));
  }
  written.push(restOf(members, done));
  return joined(written);
}

/** The moment of the first point, then points of one kind. */
export function curve(start: Field, points: Shape): Shape {
  return {
    pattern: `${start.format.pattern} + ${points.pattern}`,
    bytes: null,
    fields: [start, ...points.fields],
    members(wire) {
      const members: Member[] = [];
      if (wire.length === 0) return [{ name: start.name, value: null, unit: null, fault: null, format: start.format }];
      const at = readFields([start], wire, 0, members);
      return at < wire.length ? [...members, ...points.members(wire.subarray(at))] : members;
    },
    encode: ([first, ...others]) => joined([encodeField(start, first), points.encode(others)]),
  };
}
