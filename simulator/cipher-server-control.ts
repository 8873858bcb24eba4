/** The cipher server's side door, over HTTP: what it does wrong, changed while it runs. `GET /`, `PUT /mode {"mode":"slow","slowMs":500}`. */
import fastify from "fastify";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { cipherServerModes, type CipherServerMode } from "./cipher-server-modes.ts";
import type { CipherServer } from "./cipher-server.ts";

const names = Object.keys(cipherServerModes) as [CipherServerMode, ...CipherServerMode[]];
const wish = z.strictObject({
  mode: z.enum(names, { error: `mode: one of ${names.join(", ")}` }).optional(),
  slowMs: z.int({ error: "slowMs: a whole number of milliseconds" }).min(0).max(600_000).optional(),
});

export async function openCipherControl(
  server: CipherServer,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const app = fastify({ forceCloseConnections: true, logger: false });
  app.removeAllContentTypeParsers(); // whatever the header says, a body is JSON
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, JSON.parse(String(body)));
    } catch {
      done(null, undefined);
    }
  });
  const view = (): object => ({
    port: server.port,
    name: server.name,
    mode: server.mode,
    slowMs: server.slowMs,
    connections: server.connections,
    heard: server.heard,
    modes: cipherServerModes,
  });
  app.get("/", view);
  app.put("/mode", (request, reply) => {
    const asked = wish.safeParse(request.body);
    if (!asked.success) return reply.status(400).send({ error: asked.error.issues[0]!.message });
    server.mode = asked.data.mode ?? server.mode;
    server.slowMs = asked.data.slowMs ?? server.slowMs;
    return view();
  });
  await app.listen({ port, host });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}
