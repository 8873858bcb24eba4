/**
 * The street page: the files of `page/` as they lie there, and the events it lives on. There is no build: a browser cannot read
 * types, so they are blanked out when a file is asked for. It loads nothing from elsewhere and runs nothing that is not a file.
 */
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { extname } from "node:path";
import type { FastifyInstance, FastifyReply } from "fastify";
import { Fault } from "../src/kernel/faults.ts";
import { StreetWatch } from "./control-watch.ts";
import type { Views } from "./control-watch.ts";
import type { Street } from "./street.ts";

const folder = new URL("./page/", import.meta.url);
const INDEX = "index.html";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".ts": "text/javascript; charset=utf-8",
};

const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};

export function pageRoutes(app: FastifyInstance, street: Street, views: Views): void {
  const watch = new StreetWatch(street, views);
  const files = new Set(readdirSync(folder));

  const send = async (name: string, reply: FastifyReply): Promise<FastifyReply> => {
    if (!files.has(name)) throw new Fault("not-found", { file: name });
    const text = await readFile(new URL(name, folder), "utf8");
    const type = contentTypes[extname(name)] ?? "text/plain";
    return reply.headers({ ...securityHeaders, "content-type": type }).send(extname(name) === ".ts" ? withoutTypes(text) : text);
  };

  // Only who says that it reads HTML: for curl and scripts there is nothing at this place, as before.
  app.get("/", async ({ headers, url }, reply) => {
    if (headers.accept?.includes("text/html") !== true) throw new Fault("not-found", { path: url });
    return send(INDEX, reply);
  });
  app.get<{ Params: { file: string } }>("/page/:file", ({ params }, reply) => send(params.file, reply));
  app.get("/events", (_request, reply) => {
    watch.admit();
    reply.hijack();
    watch.watch(reply.raw);
  });

  app.addHook("onResponse", ({ method, params }, _reply, done) => {
    if (method !== "GET") watch.touched((params as { address?: string } | undefined)?.address);
    done();
  });
  app.addHook("preClose", (done) => {
    watch.close();
    done();
  });
}

/** Lines and columns stay where they are, so a browser's complaint names the place in our file. */
function withoutTypes(text: string): string {
  // Node warns once that this may change; standard error belongs to the street's log, one object a line.
  const loud = process as { emitWarning: unknown };
  const { emitWarning } = loud;
  loud.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(text);
  } finally {
    loud.emitWarning = emitWarning;
  }
}
