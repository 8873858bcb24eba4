/** By which numbers the gateway is judged, and the rows they rest on, as a file that anybody may compute them from again. Read only. */
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { iso } from "../../kernel/clock.ts";
import { partings } from "../../indicators/desk.ts";
import { fileOf, formats, type Format } from "../../indicators/export.ts";
import { indicatorNames, indicatorOf } from "../../indicators/table.ts";
import { printCsv } from "../../ledger/csv.ts";
import { sentence } from "../account-shapes.ts";
import type { ApiParts } from "../books.ts";
import * as shape from "../schemas.ts";

const FIRST_YEAR_MONTH = "2000-01";
const LAST_YEAR_MONTH = "2999-12";
const month = z
  .string()
  .refine((text) => /^\d{4}-(?:0[1-9]|1[0-2])$/.test(text) && text >= FIRST_YEAR_MONTH && text <= LAST_YEAR_MONTH);
const dayOrMonth = z.union([shape.day, month], { error: "a day like 2026-11-22 or a month like 2026-11, from 2000 to 2999" });
const period = {
  from: dayOrMonth.optional().describe("a day or a month; left out: the first of this month"),
  to: dayOrMonth.optional().describe("in it; left out: the end of the month that from names, or today"),
};

const query = z.object({
  ...period,
  by: z.enum(partings).default("none").describe("rows parted by class of customer, line or model"),
  name: z.enum(indicatorNames).optional().describe("this one alone"),
  format: z.enum(["json", "csv"]).default("json"),
});
const rowsQuery = z.object({ ...period, format: z.enum(formats).default("csv") });
const nameParam = z.object({ name: z.enum(indicatorNames) });

const figure = z.object({
  name: z.enum(indicatorNames),
  title: sentence,
  key: z.string().nullable().describe("class, line or model; null: of everything, or of what has none"),
  unit: z.enum(["share", "count", "seconds"]),
  value: z
    .number()
    .nullable()
    .describe("null: nothing was there to be measured; a share from 0 to 1, cut off after four decimals"),
  numerator: z.number().nullable(),
  denominator: z.number().nullable(),
  target: z.object({ way: z.enum(["at-least", "at-most"]), value: z.number(), source: z.string() }).nullable(),
  meets: z.boolean().nullable().describe("null: nothing is aimed at, or nothing was measured"),
  now: z.boolean().describe("as of now, whatever the period"),
  sheet: z.string().describe("rows it rests on: …/{name}/rows, docs/indicators.md"),
});
const figures = z.object({
  from: z.string(),
  to: z.string(),
  by: z.enum(partings),
  asOf: shape.moment.describe("books as known then"),
  items: z.array(figure),
});
type Answer = z.output<typeof figures>;

const types: Readonly<Record<Format, string>> = { csv: "text/csv; charset=utf-8", jsonl: "application/x-ndjson; charset=utf-8" };
const COLUMNS = ["name", "key", "unit", "value", "numerator", "denominator", "target", "meets"] as const;

export function indicatorRoutes(app: FastifyInstance, parts: ApiParts): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { indicators: desk, timeZone } = parts;

  typed.get(
    "/v1/indicators",
    {
      schema: {
        tags: ["indicators"],
        summary: "Every indicator of a day, a month or a period of at most 92 days, beside its target",
        querystring: query,
        response: {
          200: {
            description: "as JSON, or with format=csv as a sheet",
            content: { "application/json": { schema: figures }, "text/csv": { schema: z.string() } },
          },
          400: shape.problem,
        },
      },
    },
    async (request, reply) => {
      const { from, to, by, name, format } = request.query;
      const { span, items } = await desk.figures(desk.spanOf({ from, to }), by, name === undefined ? indicatorNames : [name]);
      const told: Answer["items"] = items.map(({ name: each, key, value, numerator, denominator, meets }) => {
        const { title, unit, target, now = false, sheet } = indicatorOf(each);
        return { name: each, title, key, unit, value, numerator, denominator, target, meets, now, sheet };
      });
      if (format === "csv")
        return reply
          .type(types.csv)
          .header("content-disposition", `attachment; filename="indicators-${span.fromDay}-${span.toDay}.csv"`)
          .send(printCsv([COLUMNS, ...told.map((row) => COLUMNS.map((column) => cellOf(row[column])))]));
      return { from: span.fromDay, to: span.toDay, by, asOf: iso(span.asOf, timeZone), items: told };
    },
  );

  typed.get(
    "/v1/indicators/:name/rows",
    {
      schema: {
        tags: ["indicators"],
        summary: "The rows an indicator rests on, without anything that names a customer; all of them, however many",
        params: nameParam,
        querystring: rowsQuery,
        response: {
          200: {
            description: "CSV with a line of names, or one JSON object a line",
            content: { "text/csv": { schema: z.string() }, "application/x-ndjson": { schema: z.string() } },
          },
          400: shape.problem,
        },
      },
    },
    async (request, reply) => {
      const { from, to, format } = request.query;
      const { sheet } = indicatorOf(request.params.name);
      const span = desk.spanOf({ from, to });
      return reply
        .type(types[format])
        .header("content-disposition", `attachment; filename="${sheet}-${span.fromDay}-${span.toDay}.${format}"`)
        .send(Readable.from(fileOf(sheet, format, desk.rows(sheet, span))) as never); // a body in pieces: its shape is told above
    },
  );
}

const cellOf = (value: Answer["items"][number][(typeof COLUMNS)[number]]): string =>
  value === null ? "" : typeof value === "object" ? `${value.way} ${value.value}` : String(value);
