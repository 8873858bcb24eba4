/**
 * The recording at the control door: what is still in the ring as lines, and a file to be started and stopped.
 *
 *     GET  /recording                                       which file is being written, if any
 *     GET  /recording?format=jsonl&meter=&bus=&since=       the ring as lines, streamed; also limit, unmasked, wall=false
 *     POST /recording {"file", "unmasked"?, "wall"?, "replace"?}   from now on, with the street's state at the head
 *     POST /recording/stop
 */
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Instant } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import type { StreetEvent } from "../frame-log.ts";
import { EVENTS_MAX } from "../frame-log.ts";
import { checked } from "../meter-door.ts";
import type { Street } from "../street.ts";
import { headerOf, headerText } from "./header.ts";
import { lineOf } from "./line.ts";
import type { LineForm } from "./line.ts";

interface Query {
  readonly format?: string;
  readonly meter?: string;
  readonly bus?: string;
  readonly since?: string;
  readonly limit?: string;
  readonly unmasked?: string;
  readonly wall?: string;
}

const orderShape = z.strictObject({
  file: z.string().regex(/\.jsonl$/, "a new file whose name ends in .jsonl"),
  unmasked: z.boolean().optional(),
  wall: z.boolean().optional(),
  replace: z.boolean().optional(),
});

export function recordingRoutes(
  app: FastifyInstance,
  street: Street,
  { sinceOf }: { sinceOf: (text: string | undefined) => Instant | undefined },
): void {
  app.get<{ Querystring: Query }>("/recording", ({ query }, reply) => {
    if (query.format === undefined) return reply.send({ recording: street.recorder.status, kept: street.events.count });
    if (query.format !== "jsonl") throw new Fault("invalid-request", { field: "format", given: query.format, allowed: "jsonl" });
    const lines = linesOf(street, query, sinceOf(query.since));
    return reply.type("application/x-ndjson; charset=utf-8").send(Readable.from(lines, { objectMode: false }));
  });
  app.post("/recording", ({ body }) => {
    const { file, unmasked, wall, replace } = checked(orderShape, body);
    return street.recorder.start({ file, unmasked, replace, withoutWall: wall === false });
  });
  app.post("/recording/stop", async () => {
    const stopped = await street.recorder.stop();
    if (stopped === null) throw new Fault("not-found", { recording: "none is running" });
    return stopped;
  });
}

/** What is asked wrongly is refused here, before the first line has left. */
function linesOf(street: Street, query: Query, since: Instant | undefined): Iterable<string> {
  const form: LineForm = { unmasked: query.unmasked === "true", withoutWall: query.wall === "false" };
  const limit = limitOf(query.limit);
  const all = street.events.events().filter((event) => isWanted(event, query, since));
  const wanted = all.slice(-limit);
  const isWhole = street.events.isComplete && since === undefined && wanted.length === all.length;
  const beginning = isWhole ? ({ from: "raised", state: street.raisedFrom } as const) : ({ from: "unknown" } as const);
  return texts(headerText(headerOf(street, form, beginning)), wanted, form);
}

function* texts(header: string, events: readonly StreetEvent[], form: LineForm): Generator<string> {
  yield `${header}\n`;
  for (const event of events) yield `${JSON.stringify(lineOf(event, form))}\n`;
}

/** Of orders those that concern nobody else; noise belongs to a bus, and to a meter only where it came of its answer. */
function isWanted(event: StreetEvent, { meter, bus }: Query, since: Instant | undefined): boolean {
  if (since !== undefined && event.at < since) return false;
  if (event.what !== "order") {
    if (bus !== undefined && event.bus !== bus) return false;
    return meter === undefined || event.meter === meter;
  }
  const { order } = event;
  if (meter !== undefined && "meter" in order && order.meter !== meter) return false;
  return bus === undefined || !("bus" in order) || order.bus === bus;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return EVENTS_MAX;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= EVENTS_MAX) return limit;
  throw new Fault("invalid-request", { field: "limit", given: text, allowed: `1 to ${EVENTS_MAX}` });
}
