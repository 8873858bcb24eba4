/** What a person has to look at: the list, one item with its evidence, hand over, close with a note, apply the suggested entry. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { Instant } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { AccountId, MeterAddress } from "../../kernel/ids.ts";
import { yuan } from "../../kernel/money.ts";
import { ExceptionId, type ExceptionItem, type ExceptionStep } from "../../exceptions/item.ts";
import { exceptionKinds, failureClasses, kinds } from "../../exceptions/kinds.ts";
import { nextStepOf } from "../../exceptions/next-steps.ts";
import { periodOf } from "../../ledger/period.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import { causeWords } from "../item-causes.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

const note = shape.words(1_000).trim().min(1).describe("what was done; it stands in the books");
const sentence = z.object({ en: z.string(), zh: z.string() });

const exceptionQuery = shape.idPageQuery.extend({
  state: z.enum(["open", "closed"]).optional(),
  kind: z.enum(exceptionKinds).optional(),
  owner: shape.name.optional(),
  meter: z.string().optional(),
  account: z.string().optional(),
  overdue: z.enum(["true", "false"]).optional().describe("true: open, and its time is over"),
});

const exceptionShape = z
  .object({
    id: z.uuid(),
    kind: z.enum(exceptionKinds),
    state: z.enum(["open", "closed"]),
    class: z.enum(failureClasses),
    title: sentence,
    nextStep: sentence,
    says: sentence.nullable().describe("because in words; null: it is about a command, and the code is the command's"),
    owner: z.string(),
    overdue: z.boolean(),
    count: z.number(),
  })
  .loose();

const summaryShape = z.object({
  from: shape.moment,
  to: shape.moment,
  rows: z.array(
    z.object({
      class: z.enum(failureClasses),
      kind: z.enum(exceptionKinds),
      ...{ because: z.string().nullable(), model: z.string().nullable(), bus: z.string().nullable() },
      items: z.number(),
      times: z.number().describe("with what came true again while an item stayed open"),
      stillOpen: z.number(),
    }),
  ),
});

type ExceptionView = z.output<typeof exceptionShape>;

const closeBody = z.strictObject({ note, class: z.enum(failureClasses).optional() });
const answers = { 200: exceptionShape, 404: shape.problem, 409: shape.problem };

export function exceptionRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { exceptions, exceptionStore } = parts;
  const view = (item: ExceptionItem): ExceptionView => exceptionView(item, parts.clock.now(), views);

  typed.get(
    "/v1/exceptions",
    {
      schema: {
        tags: ["exceptions"],
        summary: "What waits for a person, newest first",
        querystring: exceptionQuery,
        response: { 200: shape.pageOf(exceptionShape) },
      },
    },
    async (request) => {
      const { limit, cursor, state, kind, owner, meter, account, overdue } = request.query;
      const items = await exceptionStore.list({
        limit,
        ...(cursor === undefined ? {} : { before: ExceptionId(cursor) }),
        ...(state === undefined ? {} : { state }),
        ...(kind === undefined ? {} : { kind }),
        ...(owner === undefined ? {} : { owner }),
        ...(meter === undefined ? {} : { meter: MeterAddress(meter, "meter") }),
        ...(account === undefined ? {} : { account: AccountId(account) }),
        ...(overdue === "true" ? { overdueAt: parts.clock.now() } : {}),
      });
      return { items: items.map(view), next: items.length === limit ? items.at(-1)!.id : null };
    },
  );

  typed.get(
    "/v1/exceptions/summary",
    {
      schema: {
        tags: ["exceptions"],
        summary: "What was opened in a period, by class of failure, kind, cause, model and bus",
        querystring: z.object({ from: z.string().max(40).optional(), to: z.string().max(40).optional() }),
        response: { 200: summaryShape, 400: shape.problem },
      },
    },
    async (request) => {
      const period = periodOf(request.query, parts.clock.now(), parts.timeZone);
      return { from: views.moment(period.from), to: views.moment(period.to), rows: [...(await exceptionStore.summary(period))] };
    },
  );

  typed.get(
    "/v1/exceptions/:id",
    {
      schema: {
        tags: ["exceptions"],
        summary: "One item, with its evidence",
        params: shape.idParam,
        response: { 200: exceptionShape, 404: shape.problem },
      },
    },
    async (request) => {
      const id = ExceptionId(request.params.id);
      const item = await exceptionStore.find(id);
      if (item === null) throw new Fault("unknown-exception", { exception: id });
      const command = item.command === null ? null : await parts.commandStore.find(null, item.command);
      const attempts = command === null ? [] : await parts.commandStore.attempts(command.id);
      return {
        ...view(item),
        evidence: readable(item.evidence, views),
        // the frames as they stand with the attempts, passwords and keys masked when they were kept
        attempts: command === null ? [] : views.command(command, attempts).attempts,
        steps: (await exceptionStore.steps(id)).map((step) => stepView(step, views)),
      };
    },
  );

  typed.post(
    "/v1/exceptions/:id/assign",
    {
      schema: {
        tags: ["exceptions"],
        summary: "Hand it over; it always has exactly one owner",
        params: shape.idParam,
        headers: shape.writeHeaders,
        body: z.strictObject({ owner: shape.name.trim().min(1), note }),
        response: answers,
      },
    },
    (request, reply) =>
      writeOnce(parts, request, reply, 200, async (tx) =>
        view(await exceptions.assign(tx, ExceptionId(request.params.id), { ...request.body, by: request.actor })),
      ),
  );

  const ends = [
    { path: "/v1/exceptions/:id/close", summary: "Close it, with a note that says what was done", end: "close" },
    { path: "/v1/exceptions/:id/apply", summary: "Post the suggested entry, and close it", end: "apply" },
  ] as const;
  for (const { path, summary, end } of ends)
    typed.post(
      path,
      {
        schema: {
          tags: ["exceptions"],
          summary,
          params: shape.idParam,
          headers: shape.writeHeaders,
          body: closeBody,
          response: answers,
        },
      },
      (request, reply) =>
        writeOnce(parts, request, reply, 200, async (tx) => {
          const { note: said, class: failure } = request.body;
          const closing = { by: request.actor, note: said, ...(failure === undefined ? {} : { class: failure }) };
          return view(await exceptions[end](tx, ExceptionId(request.params.id), closing));
        }),
    );
}

function exceptionView(item: ExceptionItem, now: Instant, views: Views): ExceptionView {
  const { id, kind, class: failure, meter, account, command, payment, because, count, owner } = item;
  const maybe = (at: Instant | null): string | null => (at === null ? null : views.moment(at));
  return {
    id,
    kind,
    state: item.closedAt === null ? "open" : "closed",
    class: failure,
    title: kinds[kind].title,
    nextStep: nextStepOf(kind, because, payment !== null, item.orderKind),
    ...{ meter, account, command, payment, because, count, owner },
    says: because === null ? null : causeWords(kind, because),
    overdue: item.closedAt === null && item.dueAt < now,
    openedAt: views.moment(item.openedAt),
    lastAt: views.moment(item.lastAt),
    dueAt: views.moment(item.dueAt),
    suggestion:
      item.suggestion === null
        ? null
        : { note: item.suggestion.note, legs: item.suggestion.legs.map((leg) => ({ book: leg.book, amount: yuan(leg.amount) })) },
    closedAt: maybe(item.closedAt),
    closedBy: item.closedBy,
    closingNote: item.closingNote,
  };
}

const stepView = (step: ExceptionStep, views: Views): Record<string, unknown> => ({ ...step, at: views.moment(step.at) });

/** Moments in ISO 8601 and money in yuan, wherever they stand in the snapshot. */
function readable(value: unknown, views: Views, name = ""): unknown {
  if (typeof value === "number" && (name === "at" || /(?:At|notAfter)$/.test(name))) return views.moment(Instant(value));
  if (Array.isArray(value)) return value.map((each: unknown) => readable(each, views));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]): [string, unknown] => {
      if (key.endsWith("Fen") && typeof each === "string") return [key.slice(0, -3), yuan(BigInt(each))];
      if (key === "net" && typeof each === "string") return ["balance", yuan(BigInt(each))];
      return [key, readable(each, views, key)];
    }),
  );
}
