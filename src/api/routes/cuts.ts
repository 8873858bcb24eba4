/** What holds automatic cuts back: dry run, lists for two persons, the brake, the emergency stop. What they mean is told in policy. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { AccountId, MeterAddress } from "../../kernel/ids.ts";
import { printCsv } from "../../ledger/csv.ts";
import { previewSorts } from "../../policy/cut-preview.ts";
import { haltKinds } from "../../policy/guard-store.ts";
import type { ApiParts } from "../books.ts";
import { batchView, haltView, previewRowView, previewView, railsView, wholeBatchView } from "../cut-views.ts";
import { writeOnce } from "../idempotency.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

const NAMED_MAX = 10_000;
const HALTS_SHOWN = 20;

const reasonBody = z.strictObject({ reason: shape.reasonText });
const proposalBody = z.strictObject({
  reason: shape.reasonText,
  accounts: z.array(z.string()).max(NAMED_MAX).optional().describe("these accounts; with meters left out too: all that are due"),
  meters: z.array(z.string()).max(NAMED_MAX).optional(),
  raiseBrake: z.boolean().default(false).describe("it is not counted by the brake, if the second person says so too"),
});
const verdictBody = z.strictObject({
  note: shape.reasonText,
  raiseBrake: z.boolean().default(false),
  members: z.int().min(0).optional().describe("how many supplies you saw on it; refused where it has become another list"),
});
const previewQuery = shape.pageQuery.extend({
  sort: z.enum(previewSorts).default("owed"),
  order: z.enum(["asc", "desc"]).default("desc"),
  due: z.enum(["true", "false"]).optional().describe("true: those who would be cut; false: those who owe and would not"),
  format: z.enum(["json", "csv"]).default("json"),
  cursor: z
    .string()
    .regex(/^\d{1,9}$/, "the next of the page before")
    .optional(),
});
const anything = z.record(z.string(), z.unknown());
const drawn = {
  description: "as JSON, or with format=csv as a sheet",
  content: { "application/json": { schema: shape.pageOf(anything).loose() }, "text/csv": { schema: z.string() } },
};
const declined = { 403: shape.problem, 404: shape.problem, 409: shape.problem };
const COLUMNS = [
  ...(["meter", "account", "class", "line", "due", "stage", "available", "owed", "held"] as const),
  ...(["noticedAt", "readAt", "since", "strategy"] as const),
] as const;

export function cutRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { gate, halts, batches, preview, rails, noteImport } = parts.cuts;

  typed.get(
    "/v1/cuts",
    { schema: { tags: ["cuts"], summary: "What stands, what was counted, which lists wait", response: { 200: anything } } },
    async () => {
      const [standing, history, open] = [
        await halts.standing(),
        await halts.history(HALTS_SHOWN),
        await batches.shown(HALTS_SHOWN),
      ];
      const of = (kind: string) => standing.find((halt) => halt.kind === kind);
      const viewOf = (kind: string) => (of(kind) === undefined ? null : haltView(of(kind)!, views));
      return {
        stop: viewOf("stop"),
        brake: viewOf("brake"),
        rails: railsView(await gate.figures(null), rails, views),
        batches: open.map((batch) => batchView(batch, views)),
        history: history.map((halt) => haltView(halt, views)),
      };
    },
  );

  typed.get(
    "/v1/cuts/preview",
    {
      schema: {
        tags: ["cuts"],
        summary: "Dry run: who would be cut now, and what holds back whom",
        querystring: previewQuery,
        response: { 200: drawn },
      },
    },
    async (request, reply) => {
      const { sort, order, due, format, limit, cursor } = request.query;
      const drawn = await preview.draw(sort, order);
      const rows = drawn.rows.filter((row) => due === undefined || row.due === (due === "true"));
      if (format === "csv") {
        const lines = rows.map((row) => previewRowView(row, views)).map((row) => COLUMNS.map((name) => cellOf(row[name])));
        return reply
          .type("text/csv; charset=utf-8")
          .header("content-disposition", 'attachment; filename="cuts.csv"')
          .send(printCsv([COLUMNS, ...lines]));
      }
      const from = Number(cursor ?? "0");
      const to = from + limit;
      const items = rows.slice(from, to).map((row) => previewRowView(row, views));
      return { ...previewView(drawn, views), items, next: to < rows.length ? String(to) : null };
    },
  );

  typed.post(
    "/v1/emergency-stop",
    {
      schema: {
        tags: ["cuts"],
        summary: "No supply is cut any more, whoever orders it; restores go on. One person is enough",
        headers: shape.writeHeaders,
        body: reasonBody,
        response: { 201: anything },
      },
    },
    (request, reply) =>
      writeOnce(parts, request, reply, 201, async (tx) =>
        haltView(await halts.stop(tx, { actor: request.actor, note: request.body.reason }), views),
      ),
  );

  typed.post(
    "/v1/cuts/:kind/release",
    {
      schema: {
        tags: ["cuts"],
        summary: "Let go of the stop or the brake: two persons, one after the other",
        params: z.object({ kind: z.enum(haltKinds) }),
        headers: shape.writeHeaders,
        body: reasonBody,
        response: { 200: anything, ...declined },
      },
    },
    (request, reply) =>
      writeOnce(parts, request, reply, 200, async (tx) =>
        haltView(await halts.release(tx, request.params.kind, { actor: request.actor, note: request.body.reason }), views),
      ),
  );

  typed.post(
    "/v1/cuts/imports",
    {
      schema: {
        tags: ["cuts"],
        summary: "Whoever brings payments in says that he has none: the ledger is not stale",
        headers: shape.writeHeaders,
        body: z.strictObject({ channel: z.string().regex(/^[0-9A-Za-z._-]{1,40}$/, "1 to 40 letters, digits, dots or dashes") }),
        response: { 200: anything },
      },
    },
    (request, reply) =>
      writeOnce(parts, request, reply, 200, async (tx) => {
        const { channel } = request.body;
        return { channel, at: views.moment(await noteImport(tx, channel, request.actor)) };
      }),
  );

  typed.get(
    "/v1/cuts/batches",
    {
      schema: {
        tags: ["cuts"],
        summary: "Lists of cuts, newest first",
        querystring: shape.idPageQuery,
        response: { 200: shape.pageOf(anything) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const found = await batches.list(limit, cursor ?? null);
      return { items: found.map((batch) => batchView(batch, views)), next: found.length === limit ? found.at(-1)!.id : null };
    },
  );

  typed.get(
    "/v1/cuts/batches/:id",
    {
      schema: {
        tags: ["cuts"],
        summary: "A list with its members",
        params: shape.idParam,
        response: { 200: anything, 404: shape.problem },
      },
    },
    async (request) => {
      const { batch, members } = await batches.find(request.params.id);
      return wholeBatchView(batch, members, views);
    },
  );

  typed.post(
    "/v1/cuts/batches",
    {
      schema: {
        tags: ["cuts"],
        summary: "Propose a list of cuts: whoever does is one of the two persons",
        headers: shape.writeHeaders,
        body: proposalBody,
        response: { 201: anything, ...declined },
      },
    },
    (request, reply) => {
      const { reason, raiseBrake, accounts, meters } = request.body;
      const of =
        accounts === undefined && meters === undefined
          ? null
          : {
              accounts: (accounts ?? []).map((text) => AccountId(text)),
              meters: (meters ?? []).map((text) => MeterAddress(text)),
            };
      return writeOnce(parts, request, reply, 201, async (tx) => {
        const made = await batches.propose(tx, { actor: request.actor, reason, raisesBrake: raiseBrake, of });
        return { ...batchView(made.batch, views), notDue: made.notDue };
      });
    },
  );

  for (const [verb, summary] of [
    ["approve", "One of two persons says yes; with the second it begins"],
    ["decline", "One person says no; of a list that runs, what has not left is taken back"],
  ] as const)
    typed.post(
      `/v1/cuts/batches/:id/${verb}`,
      {
        schema: {
          tags: ["cuts"],
          summary,
          params: shape.idParam,
          headers: shape.writeHeaders,
          body: verdictBody,
          response: { 200: anything, ...declined },
        },
      },
      (request, reply) => {
        const { note, raiseBrake, members } = request.body;
        const verdict = { actor: request.actor, note, raisesBrake: raiseBrake, ...(members === undefined ? {} : { members }) };
        return writeOnce(parts, request, reply, 200, async (tx) =>
          batchView(await batches[verb](tx, request.params.id, verdict), views),
        );
      },
    );
}

const cellOf = (value: unknown): string =>
  Array.isArray(value) ? value.join(" ") : typeof value === "string" ? value : typeof value === "boolean" ? String(value) : "";
