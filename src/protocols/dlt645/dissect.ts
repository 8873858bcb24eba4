/**
 * Takes the data of one frame apart, field by field: how many bytes, what they are called, what they say. Both the rows of
 * `explain` and the masking of passwords come from here, so that there is one place which knows where a password stands.
 *
 * The fields are those of the forms, read more leniently than a meter would: what is cut short is shown as far as it goes, what is
 * too much as it came, and what no form fits as bytes.
 */
import { itemUnder } from "./chosen-items.ts";
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { functionOf, identifierBytes, identifierOf, isException, isReply, moreFollows } from "./control-codes.ts";
import { namesOfErr, namesOfRelayRefusal, namesOfSerr } from "./error-word.ts";
import { itemOf1997 } from "./dictionary-1997.ts";
import { formOf } from "./forms.ts";
import { hexByte } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { printMember } from "./item.ts";
import type { Item, Value } from "./item.ts";
import { cut } from "./forms/layout.ts";
import type { About, Layout } from "./forms/layout.ts";
import { securityName } from "./security-identifiers.ts";
import { dots, isPassword, raw } from "./forms/slots.ts";

export { DOTS } from "./forms/slots.ts";

export interface Segment {
  readonly bytes: number;
  readonly field: string;
  readonly values: readonly Value[];
  /** What the bytes say where they are no value, such as the identifier itself. */
  readonly meaning?: string;
  readonly secret?: boolean;
}
export interface Dissection {
  readonly di: string | null;
  readonly name: string | null;
  readonly segments: readonly Segment[];
  readonly error: { readonly code: string; readonly bits: readonly string[] } | null;
}

export function dissect(frame: Frame, choices: Choices = STANDARD): Dissection {
  if (isException(frame.control)) return exception(frame);
  const { version, word } = functionOf(frame);
  const di = identifierOf(frame) ?? null;
  const item = di === null ? undefined : version === "1997" ? itemOf1997(di) : itemUnder(di, choices);
  const about: About = { di, item, more: moreFollows(frame.control) };
  const name = (di !== null && word === "security" ? securityName(di, choices) : undefined) ?? item?.name ?? null;
  return { di, name, segments: segmentsOf(frame, about, choices), error: null };
}

function segmentsOf(frame: Frame, about: About, choices: Choices): readonly Segment[] {
  const { data } = frame;
  const { word } = functionOf(frame);
  const segments: Segment[] = [];
  const found = formOf(frame, choices, true);
  let at = 0;
  if (found !== undefined) {
    const layout = (isReply(frame.control) ? found.form.reply : found.form.request) as Layout;
    for (const { name, slot, wire } of cut(layout, data)) {
      if (wire.length === 0 && slot.bytes > 0) break;
      segments.push(...apart({ bytes: wire.length, field: name, ...slot.show(wire, name, about) }, wire, about.item));
      at += wire.length;
    }
  } else if (about.di !== null) {
    at = identifierBytes(functionOf(frame).version);
    segments.push({ bytes: at, field: "data identifier", values: [], meaning: about.item?.title ?? "not in the dictionary" });
  }
  if (data.length === 0 && word === "read" && isReply(frame.control))
    segments.push({ bytes: 0, field: "data", values: [{ name: "data", value: null, unit: null }] });
  if (at < data.length) segments.push(leftOver(segments.length === 0 ? "data" : "extra", data.subarray(at), about.di));
  return segments;
}

/** An item of several values, one beside its own bytes each; as one piece where bytes stand between them. */
function apart(whole: Segment, wire: Uint8Array, item: Item | undefined): readonly Segment[] {
  if (item === undefined || whole.field !== item.title || whole.secret === true) return [whole];
  const members = item.shape.members(wire);
  const bytes = members.map(({ format }) => format?.bytes ?? Number.NaN);
  if (members.length < 2 || bytes.reduce((sum, each) => sum + each, 0) !== wire.length) return [whole];
  const pieces = members.map((member, i) => ({
    bytes: bytes[i]!,
    field: i === 0 ? whole.field : "",
    values: printMember(member),
  }));
  return pieces.flatMap(({ values }) => values).length === whole.values.length ? pieces : [whole];
}

/** Behind the identifier of a password everything may be one. */
const leftOver = (field: string, wire: Uint8Array, di: string | null): Segment =>
  isPassword(di)
    ? { bytes: wire.length, field, values: dots(field), secret: true }
    : { bytes: wire.length, field, values: raw(field, wire) };

function exception({ control, data }: Frame): Dissection {
  const { word } = functionOf({ address: "", control, data });
  const wide = word === "security" || word === "relay";
  const bytes = Math.min(data.length, wide ? 2 : 1);
  const code = bytes === 2 ? hexByte(data[1]!) + hexByte(data[0]!) : bytes === 1 ? hexByte(data[0]!) : "";
  const value = Number.parseInt(code || "0", 16);
  const bits = word === "security" ? namesOfSerr(value) : bytes === 2 ? namesOfRelayRefusal(value) : namesOfErr(value);
  const segments: Segment[] = [];
  if (bytes > 0) segments.push({ bytes, field: word === "security" ? "SERR" : "ERR", values: [], meaning: bits.join(", ") });
  if (bytes < data.length) segments.push(leftOver(bytes === 0 ? "data" : "extra", data.subarray(bytes), null));
  return { di: null, name: null, segments, error: { code, bits } };
}
