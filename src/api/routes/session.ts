/** Signing in and out: a key for a cookie. Open to everybody, since nobody who has to sign in is in yet. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { SESSION_PATH, type Access } from "../access.ts";
import * as shape from "../schemas.ts";
import { FailedSignIns } from "../sessions.ts";

const KEY_LENGTH_MAX = 1_000;
const signInBody = z.strictObject({ key: z.string().min(1).max(KEY_LENGTH_MAX).describe("one of the site's apiKeys") });
const standing = z.object({
  needed: z.boolean().describe("false: no apiKeys in the site file, the API is open on loopback"),
  signedIn: z.boolean().describe("this caller's cookie is a session that has not ended"),
});

/** What one caller is told here is nobody else's. */
const noStore = (reply: { header(name: string, value: string): unknown }): void => void reply.header("cache-control", "no-store");

/** Of a typed route's reply only this is needed, whatever its schema says. */
interface Reply {
  header(name: string, value: string): unknown;
  status(code: 204): { send(body: null): unknown };
}

/** The status says it all; the reply is sent, there is no value besides it. */
function done(reply: Reply): never {
  noStore(reply);
  return reply.status(204).send(null) as never;
}

export function sessionRoutes(app: FastifyInstance, access: Access, clock: Clock): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const failed = new FailedSignIns(clock);
  const { sessions } = access;

  typed.get(
    SESSION_PATH,
    { schema: { tags: ["session"], summary: "Whether one has to sign in, and has", response: { 200: standing } } },
    (request, reply) => {
      noStore(reply);
      return { needed: access.isNeeded, signedIn: access.isNeeded && sessions.ownerOf(access.tokenOf(request)) !== null };
    },
  );

  typed.post(
    SESSION_PATH,
    {
      schema: {
        tags: ["session"],
        summary: "Sign in: a key for a cookie of twelve hours",
        body: signInBody,
        response: { 204: z.null().describe("the cookie is set"), 401: shape.problem, 429: shape.problem },
      },
    },
    (request, reply) => {
      // an open gateway heeds no key anywhere: there is nothing to sign in to, and nothing to be told wrong about
      if (!access.isNeeded) return done(reply);
      failed.check(request.ip);
      const owner = access.ownerOf(request.body.key);
      if (owner === null) {
        failed.note(request.ip);
        throw new Fault("unauthorized", { problem: "this is no key of this site" });
      }
      sessions.end(access.tokenOf(request));
      access.giveCookie(reply, sessions.begin(owner));
      return done(reply);
    },
  );

  typed.delete(
    SESSION_PATH,
    { schema: { tags: ["session"], summary: "Sign out", response: { 204: z.null().describe("the session has ended") } } },
    (request, reply) => {
      sessions.end(access.tokenOf(request));
      access.giveCookie(reply, null);
      return done(reply);
    },
  );
}
