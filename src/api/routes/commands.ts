/** Commands: what was asked, where it stands, what the meter showed. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { Instant } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { CommandId, MeterAddress } from "../../kernel/ids.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

export function commandRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();

  typed.get(
    "/v1/commands/:id",
    {
      schema: {
        tags: ["commands"],
        summary: "One command, with its attempts and their frames",
        params: shape.idParam,
        response: { 200: shape.command, 404: shape.problem },
      },
    },
    async (request) => {
      const id = CommandId(request.params.id);
      const command = await parts.commandStore.find(null, id);
      if (command === null) throw new Fault("unknown-command", { command: id });
      return views.command(command, await parts.commandStore.attempts(id));
    },
  );

  typed.get(
    "/v1/commands",
    {
      schema: {
        tags: ["commands"],
        summary: "Commands, newest first",
        querystring: shape.commandQuery,
        response: { 200: shape.pageOf(shape.command) },
      },
    },
    async (request) => {
      const { limit, cursor, state, meter, kind, since } = request.query;
      const commands = await parts.commandStore.list({
        limit,
        ...(cursor === undefined ? {} : { before: CommandId(cursor) }),
        ...(state === undefined ? {} : { state }),
        ...(meter === undefined ? {} : { meter: MeterAddress(meter, "meter") }),
        ...(kind === undefined ? {} : { kind }),
        ...(since === undefined ? {} : { since: Instant(Date.parse(since)) }),
      });
      const attempts = Map.groupBy(
        await parts.commandStore.attemptsOf(
          null,
          commands.map(({ id }) => id),
        ),
        (attempt) => attempt.command,
      );
      return {
        items: commands.map((command) => views.command(command, attempts.get(command.id) ?? [])),
        next: commands.length === limit ? commands.at(-1)!.id : null,
      };
    },
  );

  typed.post(
    "/v1/commands/:id/cancel",
    {
      schema: {
        tags: ["commands"],
        summary: "Take back what has not been sent",
        params: shape.idParam,
        headers: shape.writeHeaders,
        response: { 200: shape.command, 409: shape.problem },
      },
    },
    (request, reply) =>
      writeOnce(parts, request, reply, 200, async (tx) =>
        views.command(await parts.service.cancel(tx, CommandId(request.params.id), "person")),
      ),
  );

  typed.post(
    "/v1/commands/:id/resolve",
    {
      schema: {
        tags: ["commands"],
        summary: "Decide a disputed command",
        params: shape.idParam,
        headers: shape.writeHeaders,
        body: shape.decisionBody,
        response: { 200: shape.command, 404: shape.problem, 409: shape.problem },
      },
    },
    (request, reply) =>
      writeOnce(parts, request, reply, 200, async (tx) => {
        const decision = { done: request.body.verdict === "done", note: request.body.note, by: request.actor };
        return views.command(await parts.service.resolve(tx, CommandId(request.params.id), decision));
      }),
  );
}
