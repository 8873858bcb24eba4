/**
 * The blocks of the 1997 edition that reach over several groups (90FF: every energy of 90xx): the values of a group one behind the
 * other, AAH between two groups. BCD never holds AA, so only an AA at the end of a value parts.
 *
 * Without any AA nobody can tell where a group ends, since meters have as many tariffs as they like: then the bytes are shown as they
 * came rather than under a name that may be wrong.
 */
import { SEPARATOR } from "./freeze-block.ts";
import { encodeFields, joined, rawMember, readFields, remembered, restOf } from "../item.ts";
import type { Field, Member, Shape } from "../item.ts";

/** The values of a group: the field at each place, and how many there can be. */
export interface Group {
  readonly fieldAt: (index: number) => Field;
  readonly most: number;
}

export function groupBlock(given: readonly Group[]): Shape {
  const groups = given.map(({ fieldAt, most }) => ({ fieldsAt: remembered((i) => [fieldAt(i)] as const), most }));
  const first = groups[0]!.fieldsAt(0);
  return {
    pattern: "block",
    bytes: null,
    fields: groups.flatMap((group) => group.fieldsAt(0)),
    members(wire) {
      const members: Member[] = [];
      if (wire.length === 0) {
        const { name, format } = first[0];
        return [{ name, value: null, unit: format.unit, fault: null, format }];
      }
      let at = 0;
      for (const group of groups) {
        if (at >= wire.length) return members;
        const end = groupEnd(group.fieldsAt(0)[0].format.bytes, group.most, wire, at);
        // The last group needs no AA behind it; any other that has none runs into the next.
        if (end === undefined || (end === wire.length && groups.length > 1 && at === 0)) break;
        for (let index = 0; at < end; index += 1) at = readFields(group.fieldsAt(index), wire, at, members);
        at = end + 1;
      }
      if (at < wire.length) members.push(rawMember("rest", wire.subarray(at)));
      return members;
    },
    encode(members) {
      const parts: Uint8Array[] = [];
      let done = 0;
      for (const [i, group] of groups.entries()) {
        if (done >= members.length || members[done]!.name === "rest") break;
        if (i > 0) parts.push(Uint8Array.of(SEPARATOR));
        for (let index = 0; index < group.most && group.fieldsAt(index)[0].name === members[done]?.name; index += 1) {
          parts.push(encodeFields(group.fieldsAt(index), members.slice(done, done + 1)));
          done += 1;
        }
      }
      return joined([...parts, restOf(members, done)]);
    },
  };
}

/** Where the group ends: before an AA at the end of a value, or at the end of the data. A meter may leave a group empty. */
function groupEnd(bytes: number, most: number, wire: Uint8Array, at: number): number | undefined {
  for (let end = at, values = 0; values <= most; end += bytes, values += 1) {
    if (end === wire.length || wire[end] === SEPARATOR) return end;
    // A value that is cut short ends the data, and is a fault in its place.
    if (end > wire.length) return wire.length;
  }
  return undefined;
}
