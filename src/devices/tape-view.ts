/** A line's tape as people and programs read it: decoded when somebody looks, and not before. Secrets are gone already. */
import { dottedHex, explainHidden, printLine, type ExplainRow } from "../protocols/dlt645/index.ts";
import type { Instant } from "../kernel/clock.ts";
import type { ByteShape } from "./byte-shape.ts";
import type { Direction, NoiseLook, TapeEntry } from "./line-tape.ts";
import { frameLine, headLine, noiseLine, noiseZh, type RecordedLine } from "./recorded-line.ts";

interface Common {
  readonly n: number;
  readonly at: Instant;
  readonly direction: Direction;
  readonly en: string;
  readonly zh: string;
}
export type TapeRow =
  | (Common & {
      readonly kind: "frame";
      readonly decoded: Omit<ExplainRow, "input" | "hex" | "valid" | "why">;
      readonly hex: string;
    })
  | (Common & { readonly kind: "noise"; readonly looks: NoiseLook; readonly shape: ByteShape });

export function tapeRow(entry: TapeEntry): TapeRow {
  const { n, at, direction } = entry;
  if (entry.kind === "noise") {
    const { looks, shape } = entry;
    const [en, zh] = [`${shape.length} bytes, ${looks}`, `${shape.length} 字节，${noiseZh[looks]}`];
    return { n, at, direction, kind: "noise", looks, shape, en, zh };
  }
  const row = explainHidden(entry.bytes, entry.hidden);
  const { input: _input, hex: _hex, valid: _valid, why: _why, ...decoded } = row;
  const hex = dottedHex(entry.bytes, entry.hidden);
  return { n, at, direction, kind: "frame", decoded, hex, en: printLine(row, "en"), zh: printLine(row, "zh") };
}

/** In the form of the street's recordings, so that the same tools take it. */
export function tapeRecording(entries: readonly TapeEntry[], of: { readonly bus: string; readonly timeZone: string }): string {
  const meters = new Set<string>();
  let re: number | undefined;
  const lines: RecordedLine[] = entries.map((entry) => {
    const passed = { n: entry.n, at: entry.at, re, ...of };
    if (entry.kind === "noise") return noiseLine(passed, entry.looks, "", entry.shape.length);
    const row = explainHidden(entry.bytes, entry.hidden);
    if (row.direction === "request") re = entry.n;
    if (row.address !== null && /^\d{12}$/.test(row.address) && row.address !== "999999999999") meters.add(row.address);
    return frameLine(passed, row);
  });
  const at = entries[0]?.at;
  const head = at === undefined ? [] : [headLine({ at, ...of, meters: [...meters], unmasked: false })];
  return [...head, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
}
