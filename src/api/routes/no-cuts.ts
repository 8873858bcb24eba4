/** Times in which no rule cuts anybody, said by staff: bad weather, planned outages. What they mean is told in policy. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { noCutKinds, noCutStates } from "../../policy/no-cuts.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import { noCut, noCutView } from "../no-cut-views.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

const scopeName = shape.name.min(1).optional();
const sayBody = z
  .strictObject({
    kind: z.enum(noCutKinds),
    from: z
      .string()
      .max(40)
      .optional()
      .describe("a day, from its beginning, or a moment with its offset; left out, or past: now"),
    until: z
      .string("every one has an end")
      .max(40)
      .describe("a day of the site's zone, meant whole, or a moment with its offset; never left out"),
    reason: shape.reasonText.describe("why; of an outage customers are told it"),
    class: scopeName.describe("of these customers alone; with class, feeder and bus left out: of the whole site"),
    feeder: scopeName.describe("of meters that it feeds (meters[].feeder, else the bus)"),
    bus: scopeName.describe("of meters on this line"),
  })
  .describe("bad weather ends a week from now at most; an outage may lie as far ahead as one likes and lasts a month at most");
const listQuery = shape.idPageQuery.extend({ state: z.enum(noCutStates).optional() });

export function noCutRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { noCuts } = parts.cuts;

  typed.get(
    "/v1/no-cuts",
    {
      schema: {
        tags: ["cuts"],
        summary: "Bad weather and outages in which no rule cuts anybody, newest first: standing, coming, past",
        querystring: listQuery,
        response: { 200: shape.pageOf(noCut).extend({ now: shape.moment.describe("on the site's clock: to count from") }) },
      },
    },
    async (request) => {
      const { limit, cursor, state } = request.query;
      const now = parts.clock.now();
      const page = { limit, before: cursor ?? null, ...(state === undefined ? {} : { state: { is: state, at: now } }) };
      const spans = await noCuts.list(page);
      const next = spans.length === limit ? (spans.at(-1)?.id ?? null) : null;
      return { items: spans.map((span) => noCutView(span, now, views)), next, now: views.moment(now) };
    },
  );

  typed.post(
    "/v1/no-cuts",
    {
      schema: {
        tags: ["cuts"],
        summary: "Say that the weather is bad or an outage is planned: no rule cuts anybody in it, from the moment this answers",
        headers: shape.writeHeaders,
        body: sayBody,
        response: { 201: noCut, 400: shape.problem, 404: shape.problem },
      },
    },
    (request, reply) => {
      const { kind, from, until, reason, ...scope } = request.body;
      return writeOnce(parts, request, reply, 201, async (tx) =>
        noCutView(await noCuts.say(tx, { kind, from, until, reason, scope, by: request.actor }), parts.clock.now(), views),
      );
    },
  );

  typed.post(
    "/v1/no-cuts/:id/end",
    {
      schema: {
        tags: ["cuts"],
        summary: "End one early, or call off one that has not begun; it stays in the list",
        params: shape.idParam,
        headers: shape.writeHeaders,
        body: z.strictObject({ reason: shape.reasonText }),
        response: { 200: noCut, 404: shape.problem, 409: shape.problem },
      },
    },
    (request, reply) =>
      writeOnce(parts, request, reply, 200, async (tx) =>
        noCutView(
          await noCuts.end(tx, request.params.id, { by: request.actor, reason: request.body.reason }),
          parts.clock.now(),
          views,
        ),
      ),
  );
}
