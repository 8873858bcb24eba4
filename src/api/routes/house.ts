/** The house itself: liveness, readiness by part, metrics, and everything that happens as it happens. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { seconds } from "../../kernel/clock.ts";
import type { ApiParts } from "../books.ts";

/** Keeps proxies from closing a quiet stream. */
const HEARTBEAT_MS = seconds(15);
/** What is announced to one who does not read waits in memory, up to this much. */
const UNREAD_BYTES_MAX = 1_000_000;

const alive = z.object({ status: z.enum(["alive", "stands-still"]) });
const part = z.object({
  ...{ name: z.string(), nameZh: z.string().optional(), ready: z.boolean() },
  degraded: z.boolean().optional().describe("works, but not as it should"),
  why: z.string().nullable(),
  ...{ next: z.string().optional(), nextZh: z.string().optional() },
});
const ready = z.object({ status: z.enum(["ready", "degraded", "not-ready"]), parts: z.array(part) });
/** The same shape when all is well and when it is not. */
const answers = <T extends z.ZodType>(body: T) => ({ 200: body, 503: body });
const text = (type: string) => ({ 200: { content: { [type]: { schema: z.string() } } } });

export function houseRoutes(app: FastifyInstance, parts: ApiParts): void {
  app.get(
    "/healthz",
    { schema: { tags: ["house"], summary: "The process lives, and its work goes on", response: answers(alive) } },
    (_request, reply) =>
      parts.isAlive?.() === false ? reply.status(503).send({ status: "stands-still" }) : reply.send({ status: "alive" }),
  );

  app.get(
    "/readyz",
    { schema: { tags: ["house"], summary: "200 only when money may be taken", response: answers(ready) } },
    async (_request, reply) => {
      const report = await parts.readiness();
      const ready = report.every((part) => part.ready);
      return reply
        .status(ready ? 200 : 503)
        .send({ status: ready ? (report.some((part) => part.degraded) ? "degraded" : "ready") : "not-ready", parts: report });
    },
  );

  app.get(
    "/metrics",
    { schema: { tags: ["house"], summary: "Prometheus", response: text("text/plain") } },
    async (_request, reply) => reply.type(parts.metrics.contentType).send(await parts.metrics.text()),
  );

  app.get(
    "/v1/events",
    { schema: { tags: ["house"], summary: "Server-sent events", response: text("text/event-stream") } },
    (request, reply) => {
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        connection: "keep-alive",
        "x-accel-buffering": "no",
      });
      const gone = new AbortController();
      const say = (text: string): void => {
        // whoever reads nothing is let go: a browser comes back by itself, and asks for everything anew
        if (raw.writableLength > UNREAD_BYTES_MAX) raw.destroy();
        else raw.write(text);
      };
      say(": here\n\n");
      const stop = parts.live.subscribe((event) => say(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`));
      const end = (): void => {
        stop();
        gone.abort();
      };
      request.raw.on("close", end);
      raw.on("close", end);
      raw.on("error", end);
      void (async () => {
        for (;;) {
          await parts.clock.wait(HEARTBEAT_MS, gone.signal);
          if (gone.signal.aborted) return;
          say(": still here\n\n");
        }
      })();
    },
  );
}
