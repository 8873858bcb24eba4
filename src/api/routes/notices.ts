/** What customers were told, what became of it, and what people may ask of it. What notices are is told in notices. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { Fault } from "../../kernel/faults.ts";
import { AccountId } from "../../kernel/ids.ts";
import { noticeKinds } from "../../notices/kinds.ts";
import { NoticeId, noticeStates, type NoticeRecord } from "../../notices/notice.ts";
import type { NoticeFilter } from "../../notices/notice-store.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import { attemptView, noticeView } from "../notice-views.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

const query = shape.idPageQuery.extend({ state: z.enum(noticeStates).optional(), kind: z.enum(noticeKinds).optional() });
const words = z.object({ en: z.string(), zh: z.string() });
const moment = z.string().describe("ISO 8601 with offset");
const attempt = z.object({
  number: z.number(),
  at: moment,
  channel: z.string(),
  outcome: z.string(),
  words: z.string().nullable(),
});
const noticeShape = z.object({
  ...{ id: z.uuid(), account: z.string(), meter: z.string().nullable(), kind: z.enum(noticeKinds), title: words, at: moment },
  balance: z.string().nullable().describe("what it tells, in yuan; null: it is about no money"),
  state: z.enum(noticeStates),
  because: words.extend({ code: z.string() }).nullable().describe("why it failed or was cancelled"),
  ...{ delivered: moment.nullable(), channel: z.string().nullable() },
  reach: z.record(z.string(), z.string()).describe("phone, email, each with its middle left out"),
  said: z.object({ language: z.string(), subject: z.string(), text: z.string() }).nullable().describe("as it was sent last"),
  ...{ tries: z.number(), nextAt: moment.nullable(), notAfter: moment },
});
const sentShape = z.object({ channel: z.string(), outcome: z.enum(["delivered", "later", "never"]), words: z.string() });
const line = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text.isWellFormed() && !/[\0\r\n]/.test(text), "one line of text");
const testBody = z
  .strictObject({ channel: line, phone: line.optional(), email: z.email("an e-mail address").max(200).optional() })
  .describe("sends one test message; it stands in no book");

export function noticeRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { desk, store } = parts.notices;
  const view = (notice: NoticeRecord) => noticeView(notice, desk.reach(notice.account), views);
  const page = async ({ limit, cursor, state, kind }: z.output<typeof query>, account?: AccountId) => {
    const filter: NoticeFilter = {
      limit,
      ...(account === undefined ? {} : { account }),
      ...(state === undefined ? {} : { state }),
      ...(kind === undefined ? {} : { kind }),
      ...(cursor === undefined ? {} : { before: NoticeId(cursor) }),
    };
    const notices = await store.list(filter);
    return { items: notices.map(view), next: notices.length === limit ? notices.at(-1)!.id : null };
  };

  typed.get(
    "/v1/notices",
    {
      schema: {
        tags: ["notices"],
        summary: "What customers are told, and what became of it, newest first",
        querystring: query,
        response: { 200: shape.pageOf(noticeShape) },
      },
    },
    (request) => page(request.query),
  );

  typed.get(
    "/v1/accounts/:account/notices",
    {
      schema: {
        tags: ["accounts", "notices"],
        summary: "What this customer was told",
        params: shape.accountParam,
        querystring: query,
        response: { 200: shape.pageOf(noticeShape), 404: shape.problem },
      },
    },
    async (request) => {
      const { account } = request.params;
      if ((await parts.meterStore.account(null, AccountId(account))) === null) throw new Fault("unknown-account", { account });
      return page(request.query, AccountId(account));
    },
  );

  typed.get(
    "/v1/notices/:id",
    {
      schema: {
        tags: ["notices"],
        summary: "One notice with every try to deliver it",
        params: shape.idParam,
        response: { 200: noticeShape.extend({ attempts: z.array(attempt) }), 404: shape.problem },
      },
    },
    async (request) => {
      const id = NoticeId(request.params.id);
      const notice = await store.find(id);
      if (notice === null) throw new Fault("unknown-notice", { notice: id });
      return { ...view(notice), attempts: (await store.attempts(id)).map((attempt) => attemptView(attempt, views)) };
    },
  );

  typed.post(
    "/v1/notices/:id/retry",
    {
      schema: {
        tags: ["notices"],
        summary: "Try it again now, through every channel; not where it was delivered or is no longer so",
        params: shape.idParam,
        headers: shape.writeHeaders,
        response: { 202: noticeShape, 404: shape.problem, 409: shape.problem },
      },
    },
    (request, reply) =>
      writeOnce(parts, request, reply, 202, async (tx) => view(await desk.retry(tx, NoticeId(request.params.id)))),
  );

  typed.post(
    "/v1/notices/test",
    {
      schema: {
        tags: ["notices"],
        summary: "Whether a channel works: outcome delivered, later or never, in the channel's own words",
        body: testBody,
        response: { 200: sentShape, 404: shape.problem },
      },
    },
    async (request) => {
      const { channel, phone, email } = request.body;
      return { channel, ...(await desk.test(channel, { phone, email })) };
    },
  );
}
