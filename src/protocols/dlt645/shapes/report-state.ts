/**
 * The active-report state 04001501 (supplement): a word of 96 bits, and behind it one byte for each bit that is set, how often that
 * event has come anew. So the word decides how many members there are. One firmware ends with an AA, which is shown as it came.
 */
import { bits } from "../formats/bit-words.ts";
import type { WideFlags } from "../formats/bit-words.ts";
import { reportState } from "../formats/feature-bytes.ts";
import type { Format } from "../formats/format.ts";
import { encodeField, field, joinName, joined, rawMember, readFields, restOf } from "../item.ts";
import type { Field, Member, Shape } from "../item.ts";

const word = field("reportState", reportState);
/** Binary, unlike nearly every other count. */
const newCount: Format<number> = { ...bits(1), print: String };

const countsOf = (state: unknown): readonly Field[] =>
  ((state as WideFlags | null)?.on ?? []).map((name) => field(joinName("new", name), newCount));

export const reportStateShape: Shape = {
  pattern: reportState.pattern,
  bytes: null,
  fields: [word],
  members(wire) {
    const members: Member[] = [];
    if (wire.length === 0) return [{ name: word.name, value: null, unit: null, fault: null, format: reportState }];
    let at = readFields([word], wire, 0, members);
    at = readFields(countsOf(members[0]!.value), wire, at, members);
    if (at < wire.length) members.push(rawMember("rest", wire.subarray(at)));
    return members;
  },
  encode(members) {
    const counts = countsOf(members[0]?.value);
    const given = members.slice(1, 1 + counts.length).filter(({ name }) => name !== "rest");
    const parts = given.map((member, i) => encodeField(counts[i]!, member));
    return joined([encodeField(word, members[0]), ...parts, restOf(members, 1 + given.length)]);
  },
};
