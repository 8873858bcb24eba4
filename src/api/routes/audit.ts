/** The audit, read only: who changed what, from what to what, and where its chain stands. Verifying is for those who do not trust us: meterctl. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { SealedRow } from "../../audit/audit-store.ts";
import type { ApiParts } from "../books.ts";
import * as shape from "../schemas.ts";

const row = z.object({
  sequence: z.number().nullable().describe("place in the chain; null: sealed within about a second"),
  id: z.string(),
  at: z.string().describe("ISO 8601 in UTC: the database's clock"),
  who: z.string(),
  what: z.string(),
  subject: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  because: z.string().nullable(),
});

const query = shape.numberPageQuery.extend({
  subject: shape.words(200).optional().describe("payment/…, command/…, meter/…, account/…, entry/…"),
  what: shape.name.optional().describe("payment.taken, ledger.entry, command.ended, relay.changed, config.changed …"),
  since: shape.commandQuery.shape.since,
});

const head = z.object({
  sequence: z.number(),
  hash: z.string().describe("SHA-256, hex"),
  waiting: z.object({ rows: z.number(), ageMs: z.number() }).describe("committed, and not in the chain yet"),
  trouble: z.string().nullable().describe("why rows are not sealed now"),
});

const json = (text: string | null): unknown => (text === null ? null : JSON.parse(text));
const view = (found: SealedRow): z.output<typeof row> => ({ ...found, before: json(found.before), after: json(found.after) });

export function auditRoutes(app: FastifyInstance, { audit }: Pick<ApiParts, "audit">): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();

  typed.get(
    "/v1/audit",
    { schema: { tags: ["audit"], summary: "Who changed what", querystring: query, response: { 200: shape.pageOf(row) } } },
    async (request) => {
      const { limit, cursor, subject, what, since } = request.query;
      const rows = await audit.store.page({
        limit,
        ...(cursor === undefined ? {} : { before: cursor }),
        ...(subject === undefined ? {} : { subject }),
        ...(what === undefined ? {} : { what }),
        ...(since === undefined ? {} : { since }),
      });
      return { items: rows.map(view), next: rows.length === limit ? rows.at(-1)!.id : null };
    },
  );

  typed.get(
    "/v1/audit/head",
    { schema: { tags: ["audit"], summary: "Where the chain stands", response: { 200: head } } },
    async () => ({ ...(await audit.store.head()), waiting: await audit.store.waiting(), trouble: audit.sealer.trouble }),
  );
}
