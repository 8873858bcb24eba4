/** Lines: whether they are open, what they carry, and the last bytes of each, decoded. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { Instant } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { wall } from "../../devices/recorded-line.ts";
import { tapeRecording, tapeRow } from "../../devices/tape-view.ts";
import type { ApiParts } from "../books.ts";
import { pageOf, problem } from "../schemas.ts";

const bus = z
  .object({
    id: z.string().describe("as in the site file; over MQTT, where each meter has a line of its own, bus/address"),
    transport: z.string(),
    open: z.boolean(),
    why: z.string().nullable().describe("why it is down"),
    waiting: z.number(),
    exchanges: z.number(),
    silences: z.number(),
    busyMs: z.number(),
    occupiedMs: z.number().describe("exchanges and the rests after them"),
    planned: z.number().describe("share of the line's time that the poll plan needs; above 1 it does not fit"),
    measured: z
      .number()
      .nullable()
      .describe("share that this gateway used of the last hour, rests included; null at the first look"),
    plan: z.string().nullable().describe("what the plan asks too much, and what waits for it; null: it fits"),
    busyShare: z.number().describe("of the time since the start, 0 to 1"),
    late: z.number(),
    strays: z.number(),
    echoes: z.number(),
    noiseBytes: z.number(),
    tape: z.object({ rows: z.number(), bytes: z.number(), newest: z.number() }),
  })
  .loose();

const tapeRowShape = z
  .object({
    n: z.number(),
    at: z.string(),
    direction: z.enum(["sent", "received"]),
    kind: z.enum(["frame", "noise"]),
    hex: z.string().nullable().describe("dots where a secret stood; null for noise, which is never kept"),
    decoded: z.unknown().describe("as `meterctl decode --json` tells it; null for noise"),
    looks: z.string().nullable().describe("what noise looks like"),
    shape: z.unknown().describe("of noise: how many bytes, and of what kind"),
    en: z.string(),
    zh: z.string(),
  })
  .loose();

const tapeQuery = z.object({
  since: z.string().max(40).optional().describe("rows after this number, or from this moment (ISO 8601 with offset) on"),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: z.coerce.number().int().min(1).optional().describe("the next of the page before: older rows"),
  format: z.enum(["json", "jsonl"]).default("json").describe("jsonl: a recording, oldest first"),
});

export function busRoutes(app: FastifyInstance, { street, buses, timeZone }: ApiParts): void {
  const tags = ["buses"];

  app.get(
    "/v1/buses",
    {
      schema: {
        tags,
        summary: "Lines: open or down, and why; what the poll plan needs of their time, and what was used",
        response: { 200: pageOf(bus) },
      },
    },
    () => ({ items: buses(), next: null }),
  );

  app.get(
    "/v1/buses/:id/tape",
    {
      schema: {
        tags,
        summary: "The last bytes of a line, decoded, newest first; secrets and noise are masked where they are kept",
        params: z.object({ id: z.string() }),
        querystring: tapeQuery,
        response: { 200: pageOf(tapeRowShape), 404: problem },
      },
    },
    (request, reply) => {
      const { id } = request.params as { id: string };
      const { since, limit, cursor, format } = request.query as z.output<typeof tapeQuery>;
      const tape = street.tape(id);
      if (tape === undefined) throw new Fault("not-found", { bus: id });
      const entries = tape.entries({ limit, ...(cursor === undefined ? {} : { before: cursor }), ...sinceOf(since) });
      if (format === "jsonl") return reply.type("application/x-ndjson").send(tapeRecording(entries, { bus: id, timeZone }));
      const oldest = entries[0]?.n ?? 0;
      return {
        items: entries
          .map(tapeRow)
          .reverse()
          .map((row) => ({
            ...row,
            at: wall(row.at, timeZone),
            ...(row.kind === "frame" ? { looks: null, shape: null } : { hex: null, decoded: null }),
          })),
        next: entries.length === limit && oldest > tape.newest - tape.rows + 1 ? String(oldest) : null,
      };
    },
  );
}

/** Our own moments end in "+08:00", and an address line turns a plus into a space. */
function sinceOf(given: string | undefined): { after?: number; since?: Instant } {
  if (given === undefined) return {};
  if (/^\d{1,15}$/.test(given)) return { after: Number(given) };
  const at = Date.parse(given.replace(" ", "+"));
  if (Number.isNaN(at))
    throw new Fault("invalid-request", { field: "since", given, allowed: "a row's number, or a moment in ISO 8601 with offset" });
  return { since: Instant(at) };
}
