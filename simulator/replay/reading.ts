/** A recording read back from its file, line by line; what is wrong is named with its line. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import { Fault, reasonOf } from "../../src/kernel/faults.ts";
import type { HeaderLine } from "../recording/header.ts";
import type { FrameLine, NoiseLine, OrderLine, RecordedLine } from "../recording/line.ts";

export interface Recording {
  readonly header: HeaderLine;
  readonly lines: readonly RecordedLine[];
}

const headerShape = z.looseObject({
  what: z.literal("street"),
  version: z.literal(1),
  at: z.string(),
  wall: z.string().optional(),
  unmasked: z.boolean(),
  from: z.enum(["raised", "state", "unknown"]),
  street: z.looseObject({
    buses: z.array(z.looseObject({ id: z.string(), endpoint: z.looseObject({ kind: z.string() }) })),
    meters: z.array(z.looseObject({ address: z.string(), bus: z.string() })),
  }),
});

const hexShape = z.string().regex(/^([0-9A-F]{2}|••)*$/, "hex pairs, or dots where a password was");
const moment = { n: z.int(), at: z.string(), wall: z.string().optional(), behindMs: z.number().optional() };
const lineShape = z.discriminatedUnion("what", [
  z.looseObject({
    what: z.literal("frame"),
    ...moment,
    bus: z.string(),
    connection: z.string().optional(),
    direction: z.enum(["request", "reply"]),
    meter: z.string(),
    hex: hexShape,
    outcome: z.string(),
  }),
  z.looseObject({ what: z.literal("noise"), ...moment, bus: z.string(), hex: hexShape, heard: hexShape.optional() }),
  z.looseObject({ what: z.literal("order"), ...moment, order: z.looseObject({ do: z.string() }) }),
  z.looseObject({ what: z.literal("gap"), dropped: z.int() }),
]);

export async function readRecording(file: string): Promise<Recording> {
  let header: HeaderLine | undefined;
  const lines: RecordedLine[] = [];
  let number = 0;
  const text = createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of text) {
    number += 1;
    if (line.trim() === "") continue;
    const where = `${file}, line ${number}`;
    if (header === undefined) header = shaped(headerShape, line, where) as HeaderLine;
    else lines.push(shaped(lineShape, line, where) as RecordedLine);
  }
  if (header === undefined)
    throw new Fault("invalid-request", { field: file, allowed: "a recording: its first line is a street" });
  return { header, lines };
}

function shaped(shape: z.ZodType, line: string, where: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Fault(
      "invalid-request",
      { field: where, allowed: "one JSON object a line", because: reasonOf(error) },
      { cause: error },
    );
  }
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new Fault("invalid-request", { field: `${where}: ${issue.path.join(".")}`, allowed: issue.message });
}

/** What was put on wires that had something wrong with them; what was heard in it comes of it again. */
export type SentLine = NoiseLine & { readonly heard: string };
export const isSent = (line: RecordedLine): line is SentLine => line.what === "noise" && line.heard !== undefined;

const isFromOutside = (line: RecordedLine): line is FrameLine =>
  line.what === "frame" && line.sentAs === undefined && line.re === undefined;
/** What met another on the wires, so that nobody could read it. */
export const isCollided = (line: RecordedLine): line is FrameLine => isFromOutside(line) && line.outcome === "collision";
/** What came from outside and reached the meters' side, or was sent there: it is played again. */
export const isPlayed = (line: RecordedLine): line is FrameLine | SentLine =>
  isSent(line) || (isFromOutside(line) && line.outcome !== "collision");
/** What a person did; the story of the plan plays by itself. */
export const isOrder = (line: RecordedLine): line is OrderLine => line.what === "order" && line.isOfStory !== true;

/** What belongs to a line by its number. */
export interface Belonging {
  /** Requests that were heard in what was sent. */
  readonly requests: readonly FrameLine[];
  /** Answers, in the order in which they were said. */
  readonly answers: readonly FrameLine[];
  /** What came out of the wires instead, or beside them. */
  readonly came: readonly NoiseLine[];
}
const NOTHING: Belonging = { requests: [], answers: [], came: [] };

export function belongings(lines: readonly RecordedLine[]): (line: { readonly n: number }) => Belonging {
  const byNumber = new Map<number, { requests: FrameLine[]; answers: FrameLine[]; came: NoiseLine[] }>();
  const of = (n: number) => {
    const known = byNumber.get(n) ?? { requests: [], answers: [], came: [] };
    byNumber.set(n, known);
    return known;
  };
  for (const line of lines) {
    if (line.what === "frame" && line.re !== undefined) of(line.re).answers.push(line);
    else if (line.what === "frame" && line.sentAs !== undefined) of(line.sentAs).requests.push(line);
    else if (line.what === "noise" && line.re !== undefined && line.how === undefined) of(line.re).came.push(line);
  }
  return ({ n }) => byNumber.get(n) ?? NOTHING;
}
