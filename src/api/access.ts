/**
 * Who may come in. Without keys the API is open, on loopback only, and only to those who called it by a loopback name: a page
 * from elsewhere that made a browser resolve its own name to this machine is not let in. As soon as one key exists, it is
 * needed everywhere but health.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { Fault } from "../kernel/faults.ts";
import type { ApiParts } from "./books.ts";

const open = new Set(["/healthz", "/readyz"]);
const LOOPBACK_NAME = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/;
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

export function installAccess(app: FastifyInstance, keys: ApiParts["apiKeys"]): void {
  const known = keys.map((key) => digest(key.secret.open()));
  app.addHook("onRequest", async (request) => {
    if (open.has(request.url.split("?")[0]!)) return;
    if (known.length === 0) {
      if (!LOOPBACK_NAME.test(request.host))
        throw new Fault("unauthorized", { host: request.host, problem: "without keys the API answers to loopback names only" });
      return;
    }
    const given = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const offered = digest(given ?? "");
    // every key is compared, in the same time, whether an earlier one fitted or not
    const fits = known.map((key) => timingSafeEqual(key, offered)).includes(true);
    if (given === undefined || !fits) throw new Fault("unauthorized");
    await Promise.resolve();
  });
}
