/**
 * Leaving in order: whoever asked before the house began to close gets an answer, and nobody has to wonder about a payment whose
 * connection broke. Streams of events never end by themselves and are not waited for. New requests are answered 503 meanwhile.
 */
import type { FastifyInstance } from "fastify";
import { seconds, type Clock } from "../kernel/clock.ts";

const ANSWER_MS_MAX = seconds(8);
const STREAM = "/v1/events";

export function installDraining(app: FastifyInstance, clock: Clock): void {
  let open = 0;
  let nothingIsOpen = new AbortController();
  app.addHook("onRequest", async (request) => {
    if (request.url.startsWith(STREAM)) return;
    open += 1;
  });
  app.addHook("onResponse", async (request) => {
    if (request.url.startsWith(STREAM)) return;
    open -= 1;
    if (open === 0) nothingIsOpen.abort("answered");
  });
  app.addHook("preClose", async () => {
    nothingIsOpen = new AbortController();
    if (open > 0) await clock.wait(ANSWER_MS_MAX, nothingIsOpen.signal);
  });
}
