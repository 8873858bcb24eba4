/**
 * Reads a reply in the light of its request: value · acknowledged · refused · more follows · no data · not ours.
 *
 * Error replies carry no data identifier, so a reply is matched by address, function and identifier together, and only
 * where it has one; a waiter that knew the identifier alone would time out although the meter had answered. Whatever does
 * not fit is "not ours" and leaves the waiter waiting: an echo, a neighbour, a late answer to the question before.
 *
 * What the bytes of a value mean is not told here: see the dictionary.
 */
import type { FaultCode } from "../../kernel/faults.ts";
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
import { SECURITY } from "./fee-control.ts";
import { ANY_METER, EVERY_METER, hexByte } from "./frame.ts";
import type { Frame } from "./frame.ts";

export type Reply =
  /** All there is, or the last part. The identifier and the sequence number are taken off; in wire order. */
  | { readonly is: "value"; readonly bytes: Uint8Array }
  /** A part; ask with `readOn`. Join the bytes first and decode afterwards. */
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

export function readReply(request: Frame, reply: Frame): Reply {
  if (!isReply(reply.control)) return notOurs("a request, perhaps our own echo");
  const asked = request.control & FUNCTION_MASK;
  if ((reply.control & FUNCTION_MASK) !== asked)
    return notOurs(`answers function ${hexByte(reply.control & FUNCTION_MASK)}, not ${hexByte(asked)}`);
  if (!comesFrom(request, reply.address)) return notOurs(`comes from ${reply.address}`);
  if (isException(reply.control)) return refusal(request, reply);

  switch (functionOf(request).word) {
    case "read":
    case "read-on":
      return reading(request, reply);
    case "read-address":
      return reply.data.length === 6 ? { is: "value", bytes: reply.data } : malformed(`an address of ${reply.data.length} bytes`);
    case "security": {
      const answered = identifierOf(reply);
      if (answered === undefined) return malformed("no data identifier");
      if (!sameIdentifier(request.data, reply.data, 4)) return notOurs(`answers ${answered}`);
      return reply.data.length === 4 ? { is: "acknowledged", result: [] } : { is: "value", bytes: reply.data.slice(4) };
    }
    case "relay":
      return { is: "acknowledged", result: reply.data.length >= 2 ? namesOfRelayResult(wordOf(reply.data)) : [] };
    default:
      return { is: "acknowledged", result: [] };
  }
}

/** AA in the request stands for any two digits; a broadcast is answered by some 1997 meters; 15H answers from the new address. */
function comesFrom(request: Frame, from: string): boolean {
  const { address } = request;
  if (address === from || address === ANY_METER || address === EVERY_METER) return true;
  for (let pair = 0; pair < 12; pair += 2) {
    const wanted = address.slice(pair, pair + 2);
    if (wanted !== "AA" && wanted !== from.slice(pair, pair + 2)) return false;
  }
  return true;
}

/** By hand: a view would cost so small an array a buffer of its own, and `slice` asks after kinds of arrays that are not here. */
function copied(data: Uint8Array, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  for (let i = from; i < to; i += 1) bytes[i - from] = data[i]!;
  return bytes;
}

function reading(request: Frame, reply: Frame): Reply {
  const { version, word } = functionOf(request);
  const { data } = reply;
  if (data.length === 0) return { is: "no-data" };
  const head = identifierBytes(version);
  if (data.length < head) return malformed(`${data.length} data bytes, too few for a data identifier`);
  if (!sameIdentifier(request.data, data, head)) return notOurs(`answers ${identifierOf(reply) ?? "nothing"}`);
  const sequenced = word === "read-on" && version === "2007";
  if (sequenced) {
    if (data.length === head) return { is: "no-data" };
    const sequence = data[data.length - 1]!;
    // The part before, repeated late, must not be taken for this one.
    if (sequence !== request.data[4]) return notOurs(`part ${sequence}, not ${request.data[4] ?? 0}`);
  }
  const bytes = copied(data, head, sequenced ? data.length - 1 : data.length);
  if (moreFollows(reply.control)) return { is: "more", bytes };
  return bytes.length === 0 && word === "read" ? { is: "no-data" } : { is: "value", bytes };
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
