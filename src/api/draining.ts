/**
 * Leaving in order: whoever asked before the house began to close gets an answer, and nobody has to wonder about a payment whose
 * connection broke. Streams of events never end by themselves and are not waited for. New requests are answered 503 meanwhile.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { seconds, type Clock } from "../kernel/clock.ts";

const ANSWER_MS_MAX = seconds(8);
const STREAM = "/v1/events";

export function installDraining(app: FastifyInstance, clock: Clock): void {
  const open = new Set<FastifyRequest>();
  let allAnswered = new AbortController();
  app.addHook("onRequest", (request, reply, done) => {
    if (!request.url.startsWith(STREAM)) {
      open.add(request);
      const over = (): void => {
        open.delete(request);
        if (open.size === 0) allAnswered.abort("answered");
      };
      // an answer whose caller has left is never finished, and fastify tells nobody: that it is over is told by its closing alone
      reply.raw.once("finish", over).once("close", over);
    }
    done();
  });
  app.addHook("preClose", async () => {
    allAnswered = new AbortController();
    if (open.size > 0) await clock.wait(ANSWER_MS_MAX, allAnswered.signal);
  });
}
