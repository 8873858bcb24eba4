/** Approval by two persons: who asks and who lets go are told apart by the names of their keys. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { CommandId } from "../../kernel/ids.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

export function approvalRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const answers = { 200: shape.command, 403: shape.problem, 404: shape.problem, 409: shape.problem };

  for (const [verb, summary] of [
    ["approve", "Let it go: by another person than the one who asked"],
    ["decline", "Say no to it: it ends cancelled"],
  ] as const) {
    typed.post(
      `/v1/commands/:id/${verb}`,
      {
        schema: {
          tags: ["commands"],
          summary,
          params: shape.idParam,
          headers: shape.writeHeaders,
          body: shape.approvalBody,
          response: answers,
        },
      },
      (request, reply) => {
        const decision = { actor: request.actor, note: request.body.note };
        return writeOnce(parts, request, reply, 200, async (tx) =>
          views.command(await parts.service[verb](tx, CommandId(request.params.id), decision)),
        );
      },
    );
  }
}
