/** The house itself: liveness, readiness by part, metrics, and everything that happens as it happens. */
import type { FastifyInstance } from "fastify";
import { seconds } from "../../kernel/clock.ts";
import type { ApiParts } from "../books.ts";

/** Keeps proxies from closing a quiet stream. */
const HEARTBEAT_MS = seconds(15);

export function houseRoutes(app: FastifyInstance, parts: ApiParts): void {
  app.get("/healthz", { schema: { tags: ["house"], summary: "The process lives, and its work goes on" } }, (_request, reply) =>
    parts.isAlive?.() === false ? reply.status(503).send({ status: "stands-still" }) : reply.send({ status: "alive" }),
  );

  app.get("/readyz", { schema: { tags: ["house"], summary: "200 only when money may be taken" } }, async (_request, reply) => {
    const report = await parts.readiness();
    const ready = report.every((part) => part.ready);
    return reply
      .status(ready ? 200 : 503)
      .send({ status: ready ? (report.some((part) => part.degraded) ? "degraded" : "ready") : "not-ready", parts: report });
  });

  app.get("/metrics", { schema: { tags: ["house"], summary: "Prometheus" } }, async (_request, reply) =>
    reply.type(parts.metrics.contentType).send(await parts.metrics.text()),
  );

  app.get("/v1/events", { schema: { tags: ["house"], summary: "Server-sent events" } }, (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      connection: "keep-alive",
      "x-accel-buffering": "no",
    });
    raw.write(": here\n\n");
    const gone = new AbortController();
    const stop = parts.live.subscribe((event) => raw.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`));
    const end = (): void => {
      stop();
      gone.abort();
    };
    request.raw.on("close", end);
    raw.on("error", end);
    void (async () => {
      for (;;) {
        await parts.clock.wait(HEARTBEAT_MS, gone.signal);
        if (gone.signal.aborted) return;
        raw.write(": still here\n\n");
      }
    })();
  });
}
