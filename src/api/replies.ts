/** Fault → status and body, read from the table. Nothing that is not in the table leaves the house with its own words. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { Fault, faults, isFault, reasonOf, type FaultCode } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";

export function problemOf(fault: Fault): Record<string, unknown> {
  const row = faults[fault.code];
  return {
    type: `urn:fee-control:${fault.code}`,
    title: row.say,
    titleZh: row.zh,
    status: row.http,
    code: fault.code,
    detail: fault.message,
    next: row.next,
    ...fault.context,
  };
}

/** Soon enough for somebody at a counter, seldom enough for a database that is just coming up. */
const RETRY_AFTER_S = 5;

export function send(reply: FastifyReply, fault: Fault): FastifyReply {
  const { http, retry } = faults[fault.code];
  if (http === 503 && (retry === "later" || retry === "verify-first")) reply.header("retry-after", RETRY_AFTER_S);
  return reply.status(http).type("application/problem+json").send(problemOf(fault));
}

/** A field whose being wrong has a name of its own; at one route another than elsewhere. */
const fieldCodes: Readonly<Record<string, FaultCode>> = {
  amount: "amount-malformed",
  account: "account-malformed",
  until: "exemption-end",
  "/v1/no-cuts until": "no-cut-span",
};

export function toFault(error: unknown, route = ""): Fault {
  // whoever asked is told the one thing that matters: that it may be there, and how to find out
  if (isFault(error, "database-unreachable") && error.context["duringCommit"] === true)
    return new Fault("commit-unknown", error.context, { cause: error });
  if (isFault(error)) return error;
  const thrown = error as FastifyError;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const first = error.validation[0];
    const field = (first?.instancePath ?? "").replace(/^\//, "").replaceAll("/", ".");
    return new Fault(fieldCodes[`${route} ${field}`] ?? fieldCodes[field] ?? "invalid-request", {
      field: field === "" ? (error.validationContext ?? "body") : field,
      problem: first?.message ?? "",
    });
  }
  if (typeof thrown.statusCode === "number" && thrown.statusCode === 429) return new Fault("too-many-requests");
  if (typeof thrown.statusCode === "number" && thrown.statusCode < 500)
    return new Fault("invalid-request", { problem: thrown.message });
  return new Fault("internal", {}, { cause: error });
}

export function installReplies(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler((error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const fault = toFault(error, request.routeOptions.url);
    if (fault.code === "internal")
      log.error(
        { url: request.url, reason: reasonOf(error), stack: error instanceof Error ? error.stack : undefined },
        "a request failed in the gateway itself",
      );
    return send(reply, fault);
  });
  app.setNotFoundHandler((request, reply) =>
    send(reply, new Fault("not-found", { method: request.method, path: request.url.split("?")[0] })),
  );
}
