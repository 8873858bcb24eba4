/** Why an account was cut or was not, and who is exempt until when. What rules mean is told in policy. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { Fault } from "../../kernel/faults.ts";
import { AccountId } from "../../kernel/ids.ts";
import { exemptionKinds } from "../../policy/exemptions.ts";
import type { AccountBook, ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import * as told from "../account-shapes.ts";
import { exemptionView, whyView } from "../policy-views.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

const exemptionBody = z.strictObject({
  kind: z.enum(exemptionKinds).describe("guarantee and medical restore who is cut; the others leave things as they are"),
  until: z
    .string("every exemption has an end")
    .max(40)
    .describe("a day of the site's zone, meant whole, or a moment; never left out, a year ahead at most"),
  reason: shape.reasonText,
});
const exemptionParam = z.object({ account: z.string(), exemption: z.uuid() });

export function policyRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { why, exemptions } = parts.policy;
  const known = async (text: string): Promise<AccountBook> => {
    const account = await parts.meterStore.account(null, AccountId(text));
    if (account === null) throw new Fault("unknown-account", { account: text });
    return account;
  };

  typed.get(
    "/v1/accounts/:account/why",
    {
      schema: {
        tags: ["accounts"],
        summary: "Why it was cut or was not: rules with their origin, facts, every block, decisions, commands",
        params: shape.accountParam,
        response: { 200: told.why, 404: shape.problem },
      },
    },
    async (request) => {
      const account = await known(request.params.account);
      return whyView(await why.of(account), await parts.ledger.position(null, account.account), views);
    },
  );

  typed.get(
    "/v1/accounts/:account/exemptions",
    {
      schema: {
        tags: ["accounts"],
        summary: "Who is exempt from cuts, newest first",
        params: shape.accountParam,
        response: { 200: shape.pageOf(told.exemption), 404: shape.problem },
      },
    },
    async (request) => {
      const { account } = await known(request.params.account);
      const items = await exemptions.list(account, 1_000);
      return { items: items.map((one) => exemptionView(one, parts.clock.now(), views)), next: null };
    },
  );

  typed.post(
    "/v1/accounts/:account/exemptions",
    {
      schema: {
        tags: ["accounts"],
        summary: "Exempt it from cuts for a time",
        params: shape.accountParam,
        headers: shape.writeHeaders,
        body: exemptionBody,
        response: { 201: told.exemption, 400: shape.problem, 404: shape.problem },
      },
    },
    async (request, reply) => {
      const { account } = await known(request.params.account);
      const { kind, until, reason } = request.body;
      return writeOnce(parts, request, reply, 201, async (tx) => {
        const made = await exemptions.make(tx, { account, kind, until, reason, by: request.actor });
        return exemptionView(made, parts.clock.now(), views);
      });
    },
  );

  typed.delete(
    "/v1/accounts/:account/exemptions/:exemption",
    {
      schema: {
        tags: ["accounts"],
        summary: "Take an exemption back before its end",
        params: exemptionParam,
        headers: shape.writeHeaders,
        response: { 200: told.exemption, 404: shape.problem, 409: shape.problem },
      },
    },
    async (request, reply) => {
      const { account } = await known(request.params.account);
      return writeOnce(parts, request, reply, 200, async (tx) =>
        exemptionView(await exemptions.end(tx, account, request.params.exemption, request.actor), parts.clock.now(), views),
      );
    },
  );
}
