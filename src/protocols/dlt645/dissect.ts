/**
 * Takes the data of one frame apart, field by field: how many bytes, what they are called, what they say. Both the rows of
 * `explain` and the masking of passwords come from here, so that there is one place which knows where a password stands.
 *
 * Layouts are those of clauses 7.1 to 7.11 and of the supplements; what no layout fits is shown as it came.
 */
import { functionOf, identifierBytes, identifierOf, isException, isReply, moreFollows } from "./control-codes.ts";
import { namesOfErr, namesOfRelayRefusal, namesOfRelayResult, namesOfSerr } from "./error-word.ts";
import { itemOf } from "./dictionary.ts";
import { itemOf1997 } from "./dictionary-1997.ts";
import { bits, count, digits, hex, moment } from "./formats.ts";
import type { Format } from "./formats.ts";
import { hexByte } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { one, printMember, rawMember } from "./item.ts";
import type { Item, Value } from "./item.ts";
import { relayOrderOfByte } from "./relay-orders.ts";
import { baudOfByte } from "./requests.ts";
import { securityParts } from "./security-layouts.ts";

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

const raw = (name: string, wire: Uint8Array): Value => printMember(rawMember(name, wire))[0]!;

export const DOTS = "••••";
const dots = (name: string): Value => ({ name, value: DOTS, unit: null });

/** Cuts from the front; asked for more than there is, it gives what there is. */
class Cutter {
  readonly segments: Segment[] = [];
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }
  get left(): number {
    return this.#data.length - this.#at;
  }
  peek(offset = 0): number | undefined {
    return this.#data[this.#at + offset];
  }
  #take(bytes: number): Uint8Array {
    const part = this.#data.subarray(this.#at, this.#at + bytes);
    this.#at += part.length;
    return part;
  }
  format(name: string, format: Format<unknown>): void {
    if (this.left > 0) this.value(name, format.bytes, (wire) => one(name, format).members(wire).flatMap(printMember));
  }
  value(field: string, bytes: number, read: (wire: Uint8Array) => readonly Value[]): void {
    const wire = this.#take(bytes);
    this.segments.push({ bytes: wire.length, field, values: read(wire) });
  }
  bare(field: string, bytes: number, meaning: string): void {
    this.segments.push({ bytes: this.#take(bytes).length, field, values: [], meaning });
  }
  secret(name: string, bytes: number): void {
    if (this.left > 0) this.segments.push({ bytes: this.#take(bytes).length, field: name, values: [dots(name)], secret: true });
  }
  item(item: Item | undefined, bytes: number): void {
    this.value(item?.title ?? "data", bytes, (wire) => item?.read(wire) ?? (wire.length === 0 ? [] : [raw("data", wire)]));
  }
  /** The first part of a longer answer; where it ends inside a value it is only bytes until the rest has come. */
  partOf(item: Item | undefined): void {
    this.value(item?.title ?? "part of the data", this.left, (wire) => {
      const values = item?.read(wire);
      return values === undefined || values.some(({ fault }) => fault !== undefined) ? [raw("part", wire)] : values;
    });
  }
  rest(name = "extra"): void {
    if (this.left > 0) this.value(name, this.left, (wire) => [raw(name, wire)]);
  }
}

export function dissect(frame: Frame): Dissection {
  const row = functionOf(frame);
  const di = identifierOf(frame) ?? null;
  if (isException(frame.control)) return exception(frame, row.word);
  const cutter = new Cutter(frame.data);
  const item = di === null ? undefined : row.version === "1997" ? itemOf1997(di) : itemOf(di);
  if (di !== null)
    cutter.bare(
      "data identifier",
      identifierBytes(row.version),
      item?.title ?? (row.word === "security" ? "" : "not in the dictionary"),
    );
  const security = row.word === "security" && di !== null ? securityParts(di) : undefined;
  const parts = { cutter, item, di, more: moreFollows(frame.control) };
  if (isReply(frame.control)) reply(row.word, row.version, parts);
  else request(row.word, row.version, parts);
  if (di === null) titleUnidentified(cutter);
  cutter.rest();
  return { di, name: security?.name ?? item?.name ?? null, segments: cutter.segments, error: null };
}

/** Identified functions whose data are too short for an identifier: a read answered with L = 00, say. */
function titleUnidentified(cutter: Cutter): void {
  if (cutter.segments.length === 0) cutter.rest("data");
}

interface Parts {
  readonly cutter: Cutter;
  readonly item: Item | undefined;
  readonly di: string | null;
  readonly more: boolean;
}

function exception(frame: Frame, word: string): Dissection {
  const { data } = frame;
  const cutter = new Cutter(data);
  const wide = word === "security" || word === "relay";
  const bytes = Math.min(data.length, wide ? 2 : 1);
  const code = bytes === 2 ? hexByte(data[1]!) + hexByte(data[0]!) : bytes === 1 ? hexByte(data[0]!) : "";
  const value = Number.parseInt(code || "0", 16);
  const names = word === "security" ? namesOfSerr(value) : bytes === 2 ? namesOfRelayRefusal(value) : namesOfErr(value);
  if (bytes > 0) cutter.bare(word === "security" ? "SERR" : "ERR", bytes, names.join(", "));
  cutter.rest();
  return { di: null, name: null, segments: cutter.segments, error: { code, bits: names } };
}

// ---- requests ----

function request(word: string, version: "2007" | "1997", { cutter, item, di }: Parts): void {
  switch (word) {
    case "read":
      readRequest(cutter, di);
      return;
    case "read-on":
      if (version === "2007") cutter.format("sequence", SEQUENCE);
      return;
    case "write":
      writeRequest(cutter, item, version, di);
      return;
    case "broadcast-time":
      cutter.format("time", moment("YYMMDDhhmmss"));
      return;
    case "write-address":
      cutter.format("newAddress", digits(6));
      return;
    case "freeze":
      cutter.format("freezeAt", moment("MMDDhhmm"));
      return;
    case "change-baud":
      baud(cutter);
      return;
    case "change-password":
      if (version === "2007") cutter.bare("data identifier", 4, "the password to change");
      for (const which of ["old", "new"]) {
        cutter.format(`${which}Level`, hex(1));
        cutter.secret(`${which}Password`, 3);
      }
      return;
    case "clear-demand":
    case "clear-meter":
    case "clear-events":
      authority(cutter, version === "2007");
      if (cutter.left === 20) cutter.value("cipher and MAC", 20, (wire) => [raw("block", wire)]);
      // All FF means all events here, and not "no data".
      else if (word === "clear-events") cutter.format("cleared", hex(4));
      return;
    case "relay":
      relayRequest(cutter);
      return;
    case "output":
      cutter.format("output", bits(1));
      return;
    case "security":
      securityFields(cutter, di, "request");
      return;
    default:
      return;
  }
}

/** Binary, 1 to 255: not BCD like nearly everything else. */
const SEQUENCE: Format<number> = { ...bits(1), decodeAt: (wire, at) => wire[at]!, print: String };

function readRequest(cutter: Cutter, di: string | null): void {
  if (di === "04040300" && cutter.left === 5) {
    cutter.format("displayed", hex(4));
    cutter.format("screen", hex(1));
  } else if (di?.startsWith("06") === true && (cutter.left === 1 || cutter.left === 6)) {
    cutter.format("blocks", count(1));
    cutter.format("from", moment("YYMMDDhhmm"));
  }
}

/** PA, P0..P2 and the operator code. Levels 96 to 99 carry no password: a MAC follows instead. */
function authority(cutter: Cutter, operator = true): string {
  const level = cutter.peek() === undefined ? "" : hexByte(cutter.peek()!);
  cutter.format("level", hex(1));
  if (/^9[6-9]$/.test(level)) cutter.bare("P0 P1 P2", 3, "no password at this level");
  else cutter.secret("password", 3);
  if (operator) cutter.format("operator", hex(4));
  return level;
}

/** 04000C01..0A are the passwords themselves; no meter should show them, and we never do. */
const holdsPassword = (di: string | null): boolean => di?.startsWith("04000C") === true;

function writeRequest(cutter: Cutter, item: Item | undefined, version: "2007" | "1997", di: string | null): void {
  const level = authority(cutter, version === "2007");
  const left = cutter.left;
  if (left === 0) return;
  if (holdsPassword(di)) cutter.secret("newPassword", left);
  else if ((level === "98" || level === "96") && left >= 20) {
    cutter.format("cipher", hex(left - 4));
    cutter.format("mac", hex(4));
  } else if ((level === "99" || level === "97") && left > 4) {
    cutter.item(item, left - 4);
    cutter.format("mac", hex(4));
  } else {
    cutter.item(item, left);
  }
}

function relayRequest(cutter: Cutter): void {
  const extended = cutter.peek(3) === 1;
  const level = authority(cutter);
  if (/^9[6-9]$/.test(level)) {
    if (extended) cutter.segments.push({ bytes: 0, field: "P2", values: [{ name: "extendedReply", value: "true", unit: null }] });
    // Which of the two orders the model uses cannot be told from the bytes: MAC first is the rule.
    if (cutter.left === 20) cutter.value("cipher and MAC, turned round as one block", 20, (wire) => [raw("block", wire)]);
    return;
  }
  if (cutter.left === 0) return;
  cutter.value("N1", 1, ([byte]) => [{ name: "order", value: relayOrderOfByte(byte ?? 0) ?? hexByte(byte ?? 0), unit: null }]);
  const timed =
    cutter.peek() !== undefined &&
    cutter.segments.some(({ values }) => values.some(({ value }) => value?.startsWith("disconnectThen") === true));
  if (timed) cutter.value("N2", 1, ([steps]) => [{ name: "restoreAfter", value: String((steps ?? 0) * 5), unit: "min" }]);
  else cutter.format("reserved", hex(1));
  cutter.format("deadline", moment("YYMMDDhhmmss"));
}

function baud(cutter: Cutter): void {
  if (cutter.left === 0) return;
  cutter.value("baud byte", 1, (wire) => {
    const rate = baudOfByte(wire[0]!);
    if (rate === undefined)
      return [{ name: "baud", value: null, unit: "baud", fault: `${hexByte(wire[0]!)} has not exactly one rate set` }];
    return [{ name: "baud", value: String(rate), unit: "baud" }];
  });
}

function securityFields(cutter: Cutter, di: string | null, direction: "request" | "reply"): void {
  if (di === null) return;
  if (direction === "request") cutter.format("operator", hex(4));
  const fields = securityParts(di)?.[direction] ?? [];
  const length = fields.reduce((sum, each) => sum + each.format.bytes, 0);
  // A vendor's layout under a known identifier: other lengths are not cut by our measure.
  if (fields.length > 0 && cutter.left === length) for (const each of fields) cutter.format(each.name, each.format);
  else cutter.rest("data");
}

// ---- replies ----

function reply(word: string, version: "2007" | "1997", { cutter, item, di, more }: Parts): void {
  switch (word) {
    case "read":
    case "read-again":
      if (di === null) return;
      if (holdsPassword(di)) cutter.secret("password", cutter.left);
      else if (more) cutter.partOf(item);
      else cutter.item(item, cutter.left);
      return;
    case "read-on": {
      // The parts are joined before they are decoded; a part by itself is only bytes.
      const sequence = version === "2007" ? 1 : 0;
      if (cutter.left > sequence) cutter.value("part of the data", cutter.left - sequence, (wire) => [raw("part", wire)]);
      if (version === "2007") cutter.format("sequence", SEQUENCE);
      return;
    }
    case "read-address":
      cutter.format("communicationAddress", digits(6));
      return;
    case "change-baud":
      baud(cutter);
      return;
    case "change-password":
      cutter.format("level", hex(1));
      cutter.secret("password", 3);
      return;
    case "relay":
      if (cutter.left >= 2) {
        cutter.value("result", 2, (wire) => {
          const word16 = wire[0]! | (wire[1]! << 8);
          return [
            { name: "result", value: hexByte(wire[1]!) + hexByte(wire[0]!), unit: null },
            { name: "done", value: namesOfRelayResult(word16).join(", "), unit: null },
          ];
        });
      }
      return;
    case "output":
      cutter.format("output", bits(1));
      return;
    case "security":
      securityFields(cutter, di, "reply");
      return;
    default:
      return;
  }
}
