/** A recording read back from its file, line by line; what is wrong is named with its line. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import { Fault, reasonOf } from "../../src/kernel/faults.ts";
import type { HeaderLine } from "../recording/header.ts";
import type { FrameLine, OrderLine, RecordedLine } from "../recording/line.ts";

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

const moment = { n: z.int(), at: z.string(), wall: z.string().optional(), behindMs: z.number().optional() };
const lineShape = z.discriminatedUnion("what", [
  z.looseObject({
    what: z.literal("frame"),
    ...moment,
    bus: z.string(),
    connection: z.string().optional(),
    direction: z.enum(["request", "reply"]),
    meter: z.string(),
    hex: z.string().regex(/^([0-9A-F]{2}|••)*$/, "hex pairs, or dots where a password was"),
    outcome: z.string(),
  }),
  z.looseObject({ what: z.literal("noise"), ...moment }),
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

/** What came from outside and reached the meters' side: it is played again. */
export const isPlayed = (line: RecordedLine): line is FrameLine =>
  line.what === "frame" && line.outcome !== "collision" && (line.direction === "request" || line.outcome === "nobody");
/** What a person did; the story of the plan plays by itself. */
export const isOrder = (line: RecordedLine): line is OrderLine => line.what === "order" && line.isOfStory !== true;

/** The answers to a request, in the order in which they were said. */
export function answersTo(lines: readonly RecordedLine[]): (request: FrameLine) => readonly FrameLine[] {
  const byRequest = new Map<number, FrameLine[]>();
  for (const line of lines) {
    if (line.what !== "frame" || line.re === undefined) continue;
    const known = byRequest.get(line.re);
    if (known === undefined) byRequest.set(line.re, [line]);
    else known.push(line);
  }
  return ({ n }) => byRequest.get(n) ?? [];
}
