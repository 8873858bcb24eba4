/**
 * Tells a person or a program what stands in some bytes: one row for every frame, for every frame that is cut short or
 * damaged, and for bytes that belong to none. These are the rows of `meterctl decode --json`.
 *
 * `valid` speaks of the frame alone. Passwords never become values; the `hex` of a row is what was given to us.
 * Unlike the deframer this looks at all bytes at once, and may therefore say of a damaged frame how far it reached.
 */
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { functionOf, isReply } from "./control-codes.ts";
import { dissect } from "./dissect.ts";
import { defectAt, defectOfNoise } from "./defects.ts";
import { PREAMBLE, frameAt, hexByte, hexBytes, measureFrame } from "./frame.ts";
import type { Frame } from "./frame.ts";
import type { Value } from "./item.ts";

export interface ExplainRow {
  readonly input: number;
  readonly valid: boolean;
  readonly why: string | null;
  readonly protocol: "2007" | "1997" | null;
  readonly address: string | null;
  readonly control: string | null;
  readonly function: string | null;
  readonly direction: "request" | "response" | null;
  readonly error: { readonly code: string; readonly bits: readonly string[] } | null;
  readonly di: string | null;
  readonly name: string | null;
  readonly values: readonly Value[];
  readonly hex: string;
}

/** `choices`: what a model of meter does otherwise, so that a vendor's layouts come apart as well. */
export interface Explaining {
  readonly choices?: Choices;
}

/** `input`: which of several inputs these bytes were; it is only repeated in the rows. */
export function explain(bytes: Uint8Array, input = 0, { choices = STANDARD }: Explaining = {}): ExplainRow[] {
  const rows: ExplainRow[] = [];
  let noiseFrom = 0;
  let at = 0;
  /** Bytes between two frames: damaged frames with their reason, the rest noise. */
  const between = (to: number) => {
    rows.push(...damaged(bytes.subarray(noiseFrom, to), input, to === bytes.length));
  };
  while (at < bytes.length) {
    const found = measureFrame(bytes, at);
    if (found.is === "frame") {
      between(at);
      rows.push(frameRow(frameAt(bytes, at), bytes.subarray(at, at + found.length), input, choices));
      at += found.length;
      noiseFrom = at;
    } else {
      at += 1;
    }
  }
  between(bytes.length);
  return rows;
}

export function frameRow(frame: Frame, bytes: Uint8Array, input: number, choices: Choices): ExplainRow {
  const { di, name, segments, error } = dissect(frame, choices);
  const values = segments.flatMap((segment) => segment.values);
  return { ...headRow(frame, bytes, input), valid: true, why: null, error, di, name, values };
}

/** A damaged frame has a head to show; its data are not to be trusted. */
function headRow({ address, control, data }: Frame, bytes: Uint8Array, input: number): Omit<ExplainRow, "valid" | "why"> {
  const { version, word } = functionOf({ address, control, data });
  return {
    input,
    protocol: version,
    address,
    control: hexByte(control),
    function: word,
    direction: isReply(control) ? "response" : "request",
    error: null,
    di: null,
    name: null,
    values: [],
    hex: hexBytes(bytes, ""),
  };
}

const EMPTY = {
  protocol: null,
  address: null,
  control: null,
  function: null,
  direction: null,
  error: null,
  di: null,
  name: null,
  values: [],
};
const noiseRow = (bytes: Uint8Array, why: string, input: number): ExplainRow => ({
  input,
  valid: false,
  why,
  ...EMPTY,
  hex: hexBytes(bytes, ""),
});

function damaged(bytes: Uint8Array, input: number, atTheEnd: boolean): ExplainRow[] {
  const rows: ExplainRow[] = [];
  let from = 0;
  const noise = (to: number) => {
    const bare = withoutPreamble(bytes.subarray(from, to));
    if (bare.length > 0) rows.push(noiseRow(bare, defectOfNoise(bare), input));
  };
  for (let at = 0; at < bytes.length; at += 1) {
    const found = defectAt(bytes, at, atTheEnd);
    if (found === undefined) continue;
    noise(at);
    const part = bytes.subarray(at, at + found.length);
    rows.push(damagedRow(part, found.why, input));
    from = at + found.length;
    at = from - 1;
  }
  noise(bytes.length);
  return rows;
}

function damagedRow(bytes: Uint8Array, why: string, input: number): ExplainRow {
  if (bytes.length < 9) return noiseRow(bytes, why, input);
  const padded = new Uint8Array(Math.max(bytes.length, 10 + (bytes[9] ?? 0)));
  padded.set(bytes);
  return { ...headRow(frameAt(padded, 0), bytes, input), valid: false, why };
}

function withoutPreamble(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.length;
  while (start < end && bytes[start] === PREAMBLE) start += 1;
  while (end > start && bytes[end - 1] === PREAMBLE) end -= 1;
  return bytes.subarray(start, end);
}
