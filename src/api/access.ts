/**
 * Who may come in. Without keys the API is open, on loopback only, and only to those who called it by a loopback name: a page
 * from elsewhere that made a browser resolve its own name to this machine is not let in. As soon as one key exists, it or a
 * session begun with it (sessions.ts) is needed everywhere but health, the sign-in itself, and the console's own files: they
 * hold no data, and without them a browser could not show where to sign in.
 *
 *     Authorization: Bearer KEY   programs; wins over a cookie, also when it is wrong
 *     the session's cookie        browsers; HttpOnly, SameSite=Strict, and Secure when http.publicUrl says https
 *
 * A browser sends cookies, and reaches loopback, for whatever page asks it to. So a write that carries no key has to come from
 * this origin if it names one; and one that rides on a cookie has to be JSON, which no foreign form can send. The cookie is
 * parsed here: it is one, and ours, and a package for it would be another one to trust at the door.
 *
 * Proxies are not believed: what they say of the caller (X-Forwarded-*) could be said by anybody.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Fault } from "../kernel/faults.ts";
import type { ApiParts } from "./books.ts";
import { SESSION_MS, Sessions } from "./sessions.ts";

export const SESSION_PATH = "/v1/session";
export const COOKIE = "fee-control-session";
const COOKIE_OF_OURS = new RegExp(`(?:^|;) *${COOKIE}=([\\w-]{43}) *(?:;|$)`);
const LOOPBACK_NAME = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/;
const health = new Set(["/healthz", "/readyz"]);
const CONSOLE_FILE = /^\/(?:$|index\.html$|assets\/)/;
const reads = new Set(["GET", "HEAD", "OPTIONS"]);

/** What the documentation says of it: these routes need neither key nor session. */
export const isOpenRoute = (url: string): boolean => health.has(url) || url === SESSION_PATH;

export interface Access {
  readonly isNeeded: boolean;
  readonly sessions: Sessions;
  /** The name of the key in the site file; null: no key of this site. */
  ownerOf(key: string): string | null;
  /** The token in the cookie, whether it still means something or not. */
  tokenOf(request: FastifyRequest): string | null;
  /** Gives the browser its token, or takes it away with null. */
  giveCookie(reply: FastifyReply, token: string | null): void;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks, for whoever has to say later who asked: the name of a key of the site file, or "loopback" where there are none. */
    actor: string;
  }
}

/** Whoever asks where nobody has to say who they are. */
const NOBODY_IN_PARTICULAR = "loopback";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

export function installAccess(app: FastifyInstance, parts: Pick<ApiParts, "apiKeys" | "clock" | "publicUrl">): Access {
  const known = parts.apiKeys.map(({ name, secret }) => ({ name, digest: digest(secret.open()) }));
  app.decorateRequest("actor", NOBODY_IN_PARTICULAR);
  const sessions = new Sessions(parts.clock);
  app.addHook("onClose", () => sessions.endAll());
  const publicOrigin = parts.publicUrl === null ? null : new URL(parts.publicUrl).origin;
  const attributes = `Path=/; HttpOnly; SameSite=Strict${publicOrigin?.startsWith("https:") === true ? "; Secure" : ""}`;

  const access: Access = {
    isNeeded: known.length > 0,
    sessions,
    ownerOf: (key) => {
      const offered = digest(key);
      // every key is compared, in the same time, whether an earlier one fitted or not
      return known.filter((one) => timingSafeEqual(one.digest, offered))[0]?.name ?? null;
    },
    tokenOf: (request) => COOKIE_OF_OURS.exec(request.headers.cookie ?? "")?.[1] ?? null,
    giveCookie: (reply, token) =>
      void reply.header(
        "set-cookie",
        `${COOKIE}=${token ?? ""}; ${attributes}; Max-Age=${token === null ? 0 : SESSION_MS / 1_000}`,
      ),
  };

  const admit = (request: FastifyRequest, reply: FastifyReply): void => {
    const route = request.routeOptions.url ?? "";
    if (health.has(route)) return;
    if (!access.isNeeded && !LOOPBACK_NAME.test(request.host))
      throw new Fault("unauthorized", { host: request.host, problem: "without keys the API answers to loopback names only" });
    const key = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (key === undefined && !reads.has(request.method)) refuseOtherOrigins(request, publicOrigin);
    if (!access.isNeeded || isOpenRoute(route) || isConsoleFile(request, route)) return;
    if (request.headers.authorization === undefined) enterBySession(access, request, reply);
    else {
      const owner = key === undefined ? null : access.ownerOf(key);
      if (owner === null) throw new Fault("unauthorized");
      request.actor = owner;
    }
  };
  app.addHook("onRequest", (request, reply, done) => {
    admit(request, reply);
    done();
  });
  return access;
}

/** Only what the file server itself answers, and of that only what a built console consists of. */
const isConsoleFile = (request: FastifyRequest, route: string): boolean =>
  route === "/*" && CONSOLE_FILE.test(request.url.split("?")[0]!);

/** Browsers name the origin of every write; programs name none. */
function refuseOtherOrigins(request: FastifyRequest, publicOrigin: string | null): void {
  const { origin } = request.headers;
  const ours = publicOrigin === null ? [`http://${request.host}`, `https://${request.host}`] : [publicOrigin];
  if (origin !== undefined && !ours.includes(origin))
    throw new Fault("unauthorized", { origin, problem: "this page is not ours; a program sends a key instead" });
}

function enterBySession(access: Access, request: FastifyRequest, reply: FastifyReply): void {
  const token = access.tokenOf(request);
  const owner = access.sessions.ownerOf(token);
  if (token === null || owner === null) throw new Fault("unauthorized");
  request.actor = owner;
  if (request.method === "GET") {
    // the event stream is the one answer that does not end by itself
    const forget = access.sessions.attach(token, () => reply.raw.destroy());
    reply.raw.once("close", forget);
  } else if (!reads.has(request.method) && !/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    throw new Fault("invalid-request", { field: "content-type", problem: "with a session only application/json is taken" });
  }
}
