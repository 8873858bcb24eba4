/**
 * Records of the relay (1D cut, 1E restored; DI1 the item of the record, DI0 its age or FF for all ten) and the event
 * classes of the supplements (10..22), where little more than counts, times and the start of a record is known.
 */
import { count, moment } from "../formats.ts";
import { field, joinName, one, record, series } from "../item.ts";
import type { Shape } from "../item.ts";
import { relayRecordFields } from "./events.ts";
import type { Found, Identifier } from "./families.ts";

const RECORDS_MAX = 10;

export function relayEventItem([di3, di2, di1, di0]: Identifier): Found {
  const word = di3 === 0x1d ? "disconnect" : "reconnect";
  if (di2 !== 0) return undefined;
  const fields = relayRecordFields(word);
  if (di1 === 0xff && di0 >= 1 && di0 <= RECORDS_MAX)
    return { name: `${word}Record${di0}`, title: `relay: ${word}, record ${di0}`, shape: record(fields) };
  const found = fields[di1 - 1];
  if (found === undefined) return undefined;
  const { name, format } = found;
  if (di0 === 0xff)
    return { name: `${name}s`, title: `relay: ${name} of all records`, shape: series((i) => [field(`${name}${i + 1}`, format)]) };
  if (di0 < 1 || di0 > RECORDS_MAX) return undefined;
  const own = di0 === 1 ? name : `${name}${di0}`;
  return { name: own, title: `relay: ${name}, record ${di0}`, shape: one(own, format) };
}

/** DI3 → event, and whether DI2 is a phase. */
const EVENTS: ReadonlyMap<number, readonly [string, "phases" | "whole"]> = new Map([
  [0x10, ["voltage loss", "phases"]],
  [0x11, ["under-voltage", "phases"]],
  [0x12, ["over-voltage", "phases"]],
  [0x13, ["phase failure", "phases"]],
  [0x14, ["voltage reverse sequence", "whole"]],
  [0x15, ["current reverse sequence", "whole"]],
  [0x16, ["voltage unbalance", "whole"]],
  [0x17, ["current unbalance", "whole"]],
  [0x18, ["current loss", "phases"]],
  [0x19, ["over-current", "phases"]],
  [0x1a, ["current interruption", "phases"]],
  [0x1b, ["power-flow reversal", "phases"]],
  [0x1c, ["overload", "phases"]],
  [0x1f, ["power factor low", "whole"]],
  [0x20, ["severe current unbalance", "whole"]],
  [0x21, ["power-flow reversal", "phases"]],
  [0x22, ["clock battery low", "whole"]],
]);

export function supplementEventItem([di3, di2, di1, di0]: Identifier): Found {
  const found = EVENTS.get(di3);
  if (found === undefined) return undefined;
  const [name, over] = found;
  const phase = over === "whole" ? (di2 === 0 ? "" : undefined) : ["A", "B", "C"][di2 - 1];
  if (phase === undefined) return undefined;
  const item = (word: string, shape: Shape) => ({
    name: joinName(name, word, phase),
    title: `${name} ${phase}: ${word}`,
    shape,
  });
  if (di1 === 0 && di0 === 1) return item("total count", one(joinName(name, "total count", phase), count(3, "times")));
  if (di1 === 0 && di0 === 2) return item("total time", one(joinName(name, "total time", phase), count(3, "min")));
  // Item 01 of a record is its start; the others are not described by any source.
  if (di1 === 1 && di0 >= 1 && di0 <= RECORDS_MAX)
    return item(`start ${di0}`, one(joinName(name, `start ${di0}`, phase), moment("YYMMDDhhmmss")));
  return undefined;
}
