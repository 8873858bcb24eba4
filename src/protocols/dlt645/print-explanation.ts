/**
 * The rows of `explain` for people: bytes on the wire, field, the same after -33H, meaning. A password is dots here, its
 * bytes as well, and with them the checksum, which would give a third of it away.
 */
import { functionOf } from "./control-codes.ts";
import { DOTS, dissect } from "./dissect.ts";
import type { Segment } from "./dissect.ts";
import type { ExplainRow } from "./explain.ts";
import { OFFSET, bytesOfHex, decodeFrame, hexByte, hexBytes } from "./frame.ts";
import type { Value } from "./item.ts";

interface Line {
  readonly wire: string;
  readonly field: string;
  readonly plain: string;
  readonly meaning: string;
}

export function printExplanation(rows: readonly ExplainRow[]): string {
  return rows.map(printRow).join("\n\n");
}

function printRow(row: ExplainRow): string {
  const bytes = bytesOfHex(row.hex);
  const decoded = decodeFrame(bytes);
  if (!row.valid || !("frame" in decoded)) return `✗ ${row.why ?? "no frame"}\n  ${maskedHex(bytes)}`;
  const { frame } = decoded;
  const { title, version } = functionOf(frame);
  const { segments } = dissect(frame);
  const secret = segments.some((segment) => segment.secret);
  const follows = (frame.control & 0xa0) === 0xa0 ? ", more follows" : "";
  const lines: Line[] = [
    line("68", "start", "", ""),
    line(hexBytes(bytes.subarray(1, 7)), "address", "", row.address ?? ""),
    line("68", "start", "", ""),
    line(
      hexByte(frame.control),
      "control",
      "",
      `${title}, ${row.direction ?? ""}${row.error === null ? "" : ", exception"}${follows} (${version})`,
    ),
    line(hexByte(frame.data.length), "length", "", `${frame.data.length} data bytes`),
  ];
  let at = 0;
  for (const segment of segments) {
    lines.push(...segmentLines(segment, frame.data.subarray(at, at + segment.bytes)));
    at += segment.bytes;
  }
  lines.push(line(secret ? "••" : hexByte(bytes[bytes.length - 2]!), "checksum", "", "right"), line("16", "end", "", ""));
  return table(lines);
}

const line = (wire: string, field: string, plain: string, meaning: string): Line => ({ wire, field, plain, meaning });

function segmentLines(segment: Segment, plain: Uint8Array): Line[] {
  const onWire = segment.secret === true ? "••" : hexBytes(plain.map((byte) => byte + OFFSET));
  const without = segment.secret === true ? DOTS : hexBytes(plain);
  const [first = "", ...others] = segment.meaning === undefined ? segment.values.map(printValue) : [segment.meaning];
  return [line(onWire, segment.field, without, first), ...others.map((meaning) => line("", "", "", meaning))];
}

const printValue = ({ name, value, unit, fault }: Value): string =>
  `${name} ${fault === undefined ? (value ?? "no data") : `✗ ${fault}`}${value === null || unit === null ? "" : ` ${unit}`}`;

const WIRE_WIDTH_MAX = 47;

function table(lines: readonly Line[]): string {
  const broken = lines.flatMap(({ wire, field, plain, meaning }) => {
    const wires = chunks(wire);
    const plains = chunks(plain);
    return Array.from({ length: Math.max(wires.length, plains.length) }, (_, i) =>
      line(wires[i] ?? "", i === 0 ? field : "", plains[i] ?? "", i === 0 ? meaning : ""),
    );
  });
  const width = (of: (each: Line) => string): number => Math.max(...broken.map((each) => of(each).length));
  const [wire, field, plain] = [width((l) => l.wire), width((l) => l.field), width((l) => l.plain)];
  return broken
    .map((l) => `  ${l.wire.padEnd(wire)}  ${l.field.padEnd(field)}  ${l.plain.padEnd(plain)}  ${l.meaning}`.trimEnd())
    .join("\n");
}

/** Sixteen bytes a line. */
const chunks = (text: string): string[] =>
  text === ""
    ? [""]
    : Array.from({ length: Math.ceil((text.length + 1) / (WIRE_WIDTH_MAX + 1)) }, (_, i) =>
        text.slice(i * 48, i * 48 + WIRE_WIDTH_MAX),
      );

/**
 * A frame as evidence: hex pairs, a password as dots and the checksum with it. Bytes that are no whole frame stay as they
 * are, unless they begin like one that would carry a password: then everything behind its head is dots.
 */
export function maskedHex(bytes: Uint8Array): string {
  const pairs = Array.from(bytes, hexByte);
  const start = bytes.findIndex((byte, i) => byte === 0x68 && bytes[i + 7] === 0x68);
  if (start < 0) return pairs.join(" ");
  const decoded = decodeFrame(bytes.subarray(start));
  if (!("frame" in decoded)) {
    const carries = /^(?:04|0F|10|14|18|19|1A|1B|1C|98|8F)$/.test(pairs[start + 8] ?? "");
    return carries ? pairs.map((pair, i) => (i < start + 10 ? pair : "••")).join(" ") : pairs.join(" ");
  }
  let at = start + 10;
  let secret = false;
  for (const segment of dissect(decoded.frame).segments) {
    if (segment.secret === true) {
      pairs.fill("••", at, at + segment.bytes);
      secret = true;
    }
    at += segment.bytes;
  }
  if (secret) pairs[at] = "••";
  return pairs.join(" ");
}
