/** What a person should look at although nothing failed: review lists, sorted and filtered, as JSON or as CSV. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { printCsv } from "../../ledger/csv.ts";
import { reviewLists, reviews, sortKeys } from "../../validation/review/lists.ts";
import type { ReviewRow } from "../../validation/review/sight.ts";
import { orCsv, sentence } from "../account-shapes.ts";
import type { ApiParts } from "../books.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

const query = shape.pageQuery.extend({
  list: z.enum(reviewLists),
  sort: z.enum(sortKeys).default("score"),
  order: z.enum(["asc", "desc"]).default("desc"),
  class: shape.name.optional(),
  bus: shape.name.optional(),
  format: z.enum(["json", "csv"]).default("json"),
  cursor: z
    .string()
    .regex(/^\d{1,9}$/, "the next of the page before")
    .optional(),
});

const drawn = shape
  .pageOf(
    z.object({
      ...{ meter: z.string(), account: z.string().nullable(), class: z.string().nullable(), bus: z.string(), model: z.string() },
      score: z.number(),
      since: shape.moment.nullable(),
      why: z.string(),
      figures: z.record(z.string(), z.string()),
    }),
  )
  .extend({
    list: z.enum(reviewLists),
    title: sentence,
    score: sentence.describe("what the score counts"),
    total: z.number().describe("of all pages"),
  });

const COLUMNS = ["meter", "account", "class", "bus", "model", "score", "since", "why", "figures"] as const;

export function reviewRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const view = ({ since, ...row }: ReviewRow) => ({ ...row, since: since === null ? null : views.moment(since) });

  typed.get(
    "/v1/reviews",
    {
      schema: {
        tags: ["readings"],
        summary: "swings · silent · energy-while-cut · frozen · never-read · suspects; nothing here stops a bill or cuts",
        querystring: query,
        response: { 200: orCsv(drawn), 400: shape.problem },
      },
    },
    async (request, reply) => {
      const { list, sort, order, limit, cursor, format } = request.query;
      const { class: kind, bus } = request.query;
      const rows = await parts.reviewer.draw({
        ...{ list, sort, order },
        ...(kind === undefined ? {} : { class: kind }),
        ...(bus === undefined ? {} : { bus }),
      });
      if (format === "csv") {
        const lines = rows.map(view).map((row) => COLUMNS.map((name) => cellOf(row[name])));
        return reply
          .type("text/csv; charset=utf-8")
          .header("content-disposition", `attachment; filename="${list}.csv"`)
          .send(printCsv([COLUMNS, ...lines]));
      }
      // drawn anew for each page: a list is a picture of now, and its pages are places in it
      const from = Number(cursor ?? "0");
      const to = from + limit;
      return {
        ...{ list, title: reviews[list].title, score: reviews[list].score, total: rows.length },
        items: rows.slice(from, to).map(view),
        next: to < rows.length ? String(to) : null,
      };
    },
  );
}

const cellOf = (value: string | number | null | Readonly<Record<string, string>>): string =>
  value === null
    ? ""
    : typeof value === "object"
      ? Object.entries(value)
          .map(([name, text]) => `${name}=${text}`)
          .join(" ")
      : String(value);
