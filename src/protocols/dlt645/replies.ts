/**
 * Reads a reply in the light of its request: value · acknowledged · refused · more follows · no data · not ours.
 *
 * Error replies carry no data identifier, so a reply is matched by address, function and identifier together, and only
 * where it has one; a waiter that knew the identifier alone would time out although the meter had answered. Whatever does
 * not fit is "not ours" and leaves the waiter waiting: an echo, a neighbour, a late answer to the question before.
 *
 * What the bytes of a read mean is not told here: see the dictionary. What those of the other functions mean: `readValues`.
 */
import type { FaultCode } from "../../kernel/faults.ts";
import { addressFits } from "./addressing.ts";
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import {
  FUNCTION_MASK,
  functionOf,
  identifierBytes,
  identifierOf,
  isException,
  isReply,
  moreFollows,
  sameIdentifier,
} from "./control-codes.ts";
import {
  faultOfErr,
  faultOfRelayRefusal,
  faultOfSerr,
  namesOfErr,
  namesOfRelayRefusal,
  namesOfRelayResult,
  namesOfSerr,
} from "./error-word.ts";
import { formNamed, formOf } from "./forms.ts";
import type { FormName, ReplyValues } from "./forms.ts";
import { EVERY_METER, hexByte } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { decode, layout, cut } from "./forms/layout.ts";
import type { Layout, Read } from "./forms/layout.ts";
import { SECURITY } from "./security-identifiers.ts";

export type Reply =
  /** All there is, or the last part. The identifier and the sequence number are taken off; in wire order. */
  | { readonly is: "value"; readonly bytes: Uint8Array }
  /** A part; ask with `readOn`. Join the bytes first and decode afterwards (`PartsJoiner`). */
  | { readonly is: "more"; readonly bytes: Uint8Array }
  /** The meter has heard. `result`: what a secured relay order with extended reply says to have done. */
  | { readonly is: "acknowledged"; readonly result: readonly string[] }
  | { readonly is: "refused"; readonly fault: FaultCode; readonly code: string; readonly bits: readonly string[] }
  /** A read answered with nothing: some meters say "no such item" like this. */
  | { readonly is: "no-data" }
  | { readonly is: "not-ours"; readonly why: string }
  /** Ours by every mark, and yet not what the request asks for. */
  | { readonly is: "malformed"; readonly why: string };

const notOurs = (why: string): Reply => ({ is: "not-ours", why });
const malformed = (why: string): Reply => ({ is: "malformed", why });
const acknowledged: Reply = { is: "acknowledged", result: [] };

export function readReply(request: Frame, reply: Frame, choices: Choices = STANDARD): Reply {
  if (!isReply(reply.control)) return notOurs("a request, perhaps our own echo");
  const asked = request.control & FUNCTION_MASK;
  if ((reply.control & FUNCTION_MASK) !== asked)
    return notOurs(`answers function ${hexByte(reply.control & FUNCTION_MASK)}, not ${hexByte(asked)}`);
  if (!comesFrom(request, reply.address)) return notOurs(`comes from ${reply.address}`);
  if (isException(reply.control)) return refusal(request, reply);

  const { word } = functionOf(request);
  switch (word) {
    case "read":
    case "read-on":
      return reading(request, reply, word, choices);
    case "read-again":
      // Both editions answer 03 under one control byte.
      if (functionOf(reply).word !== word) return notOurs("answers a security command, not a reading");
      return reply.data.length <= 2 ? { is: "no-data" } : valueOf(reply, 2);
    case "read-address":
      return reply.data.length === 6 ? { is: "value", bytes: reply.data } : malformed(`an address of ${reply.data.length} bytes`);
    case "security": {
      const answered = identifierOf(reply);
      if (answered === undefined) return malformed("no data identifier");
      if (!sameIdentifier(request.data, reply.data, 4)) return notOurs(`answers ${answered}`);
      if (reply.data.length === 4) return acknowledged;
      const said = echoed(request, reply, choices);
      return said.is === "acknowledged" ? valueOf(reply, 4) : said;
    }
    case "relay":
      if (reply.data.length === 0) return acknowledged;
      return { is: "acknowledged", result: reply.data.length >= 2 ? namesOfRelayResult(wordOf(reply.data)) : [] };
    default:
      return echoed(request, reply, choices);
  }
}

/** AA in the request stands for any two digits; a broadcast is answered by some 1997 meters; 15H answers from the new address. */
function comesFrom({ address, control, data }: Frame, from: string): boolean {
  if (address === from || address === EVERY_METER) return true;
  const code = control & FUNCTION_MASK;
  if ((code === 0x15 || code === 0x0a) && data.length === 6) return from === addressIn(data);
  return addressFits(address, from);
}
const addressIn = (data: Uint8Array): string => Array.from(data, hexByte).reverse().join("");

/** By hand: a view would cost so small an array a buffer of its own, and `slice` asks after kinds of arrays that are not here. */
function copied(data: Uint8Array, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  for (let i = from; i < to; i += 1) bytes[i - from] = data[i]!;
  return bytes;
}

function reading(request: Frame, reply: Frame, word: string, { partNumber }: Choices): Reply {
  const { version } = functionOf(request);
  const { data } = reply;
  if (data.length === 0) return { is: "no-data" };
  const head = identifierBytes(version);
  if (data.length < head) return malformed(`${data.length} data bytes, too few for a data identifier`);
  if (!sameIdentifier(request.data, data, head)) return notOurs(`answers ${identifierOf(reply) ?? "nothing"}`);
  if (data.length === DISPLAY_BYTES && request.data.length === DISPLAY_BYTES) return echoed(request, reply, STANDARD);
  const sequenced = word === "read-on" && version === "2007" && partNumber === "behind";
  if (sequenced) {
    if (data.length === head) return { is: "no-data" };
    const wrong = wrongPart(request.data[request.data.length - 1] ?? 0, data[data.length - 1]!);
    if (wrong !== undefined) return wrong;
  }
  const bytes = copied(data, head, sequenced ? data.length - 1 : data.length);
  if (moreFollows(reply.control)) return { is: "more", bytes };
  return bytes.length === 0 && word === "read" ? { is: "no-data" } : { is: "value", bytes };
}

/** Only the display view is asked with nine bytes, and answered with the same. */
const DISPLAY_BYTES = 9;

/** The part before, repeated late, must not be taken for this one; any other number is no late part of ours. */
function wrongPart(asked: number, sequence: number): Reply | undefined {
  if (sequence === asked) return undefined;
  if (sequence > 0 && sequence < asked) return notOurs(`part ${sequence}, not ${asked}`);
  return malformed(`part ${sequence} where ${asked} was asked for: a part is missing, or this meter does not number its parts`);
}

const valueOf = ({ control, data }: Frame, from: number): Reply => ({
  is: moreFollows(control) ? "more" : "value",
  bytes: data.subarray(from),
});

/** Functions that say back what they were told. A bare yes is one, and what vendors add to theirs does not make it a no. */
function echoed(request: Frame, reply: Frame, choices: Choices): Reply {
  if (reply.data.length === 0) return acknowledged;
  const form = formOf(request, choices)?.form;
  if (form === undefined) return acknowledged;
  const asked = new Map<string, Uint8Array>();
  for (const { name, wire } of cut(form.request as Layout, request.data)) asked.set(name, wire);
  for (const { name, slot, wire } of cut(form.reply as Layout, reply.data)) {
    if (slot.kind !== "echo") continue;
    // The bytes are not shown: one of them may be a password.
    if (!sameBytes(asked.get(name), wire)) return malformed(`says another ${name} than was asked for`);
  }
  return acknowledged;
}
function sameBytes(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one?.length === other.length && one.every((byte, i) => byte === other[i]);
}

function refusal(request: Frame, reply: Frame): Reply {
  const { data } = reply;
  if (data.length === 0) return { is: "refused", fault: "meter-refused", code: "", bits: [] };
  const word = wordOf(data);
  const code = data.length >= 2 ? hexByte(data[1]!) + hexByte(data[0]!) : hexByte(data[0]!);
  switch (functionOf(request).word) {
    case "security": {
      const authenticating = identifierOf(request) === SECURITY.authenticate;
      return { is: "refused", fault: faultOfSerr(word, { authenticating }), code, bits: namesOfSerr(word) };
    }
    case "relay":
      if (data.length >= 2) return { is: "refused", fault: faultOfRelayRefusal(word), code, bits: namesOfRelayRefusal(word) };
      return { is: "refused", fault: faultOfErr(word), code, bits: namesOfErr(word) };
    default:
      return { is: "refused", fault: faultOfErr(data[0]!), code: hexByte(data[0]!), bits: namesOfErr(data[0]!) };
  }
}

const wordOf = (data: Uint8Array): number => data[0]! | ((data[1] ?? 0) << 8);

/** The values of a reply by the form of its request; `bytes` as `readReply` gives them, without what is echoed. */
export function readValues<N extends FormName>(form: N, bytes: Uint8Array, choices: Choices = STANDARD): Read<ReplyValues<N>> {
  return decode(ownPlaces(formNamed(form, choices).reply as Layout), bytes) as Read<ReplyValues<N>>;
}

const owned = new WeakMap<Layout, Layout>();
function ownPlaces(reply: Layout): Layout {
  let own = owned.get(reply);
  if (own === undefined) {
    own = layout(Object.fromEntries(reply.places.filter(isOwn).map(({ name, slot }) => [name, slot])));
    owned.set(reply, own);
  }
  return own;
}
/** Identifier and sequence number are taken off by `readReply`; the identifier of something read again is one of its values. */
const isOwn = ({ name, slot }: Layout["places"][number]): boolean =>
  slot.kind === "value" || (slot.kind === "echo" && name !== "di" && name !== "sequence");
