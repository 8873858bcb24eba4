/** A frame of the evidence as one line for people. Dots stand where passwords and MACs were: those places stay dots, and the rest is told. */
import { explain, explainHidden, printLine, type Hidden, type Language } from "../protocols/dlt645/index.ts";

const DOTS = "••";
const START = 0x68;

export function meaningOf(hex: string, language: Language): string {
  const pairs = hex.replaceAll(" ", "").match(/../gsu) ?? [];
  const hidden: Hidden[] = pairs.flatMap((pair, at) => (pair === DOTS ? [{ from: at, to: at + 1 }] : []));
  const bytes = Uint8Array.from(pairs, (pair) => (pair === DOTS ? 0 : Number.parseInt(pair, 16)));
  if (hidden.length === 0)
    return explain(bytes)
      .map((row) => printLine(row, language))
      .join(" ");
  const isFrame = bytes.some((byte, at) => byte === START && bytes[at + 7] === START && bytes[at + 9] !== undefined);
  return isFrame ? printLine(explainHidden(bytes, hidden), language) : DOTS;
}
