/**
 * What a key may, asked at the door, once, for every route that writes: a table of routes, each with the right that it needs. A route that
 * is not in the table needs `configure`, so that one that comes later is not open by being forgotten. Reading is everybody's who came in.
 *
 * Behind the body's validation, since of an order it matters which way it goes.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { hours, later, type Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { rights, type Right } from "../kernel/permissions.ts";

export interface KeyWithRights {
  readonly name: string;
  /** Left out: everything. */
  readonly may?: readonly Right[] | undefined;
}

/** Front-line staff protect for so long; whoever wants more asks somebody who may configure. */
export const PROTECTED_MS_MAX = hours(24);
const reads = new Set(["GET", "HEAD", "OPTIONS"]);
const RESTORING: ReadonlySet<unknown> = new Set(["reconnect", "arm", "protect", "unwarn"]);

type Asked = Pick<FastifyRequest, "body">;
/** Several: any one of them. */
export type Needs = Right | readonly Right[] | null | ((request: Asked, clock: Clock) => Right);
const field = ({ body }: Asked, name: string): unknown => (body as Readonly<Record<string, unknown>> | null)?.[name];

/** Null: whoever came in. A test holds every route that writes against it (test/api/documented.test.ts). */
export const table: Readonly<Record<string, Needs>> = {
  "POST /v1/session": null,
  "DELETE /v1/session": null,
  "POST /v1/meters/:address/readings": null,
  "POST /v1/payments/lookup": null,
  "POST /v1/meters/:address/relay": (request) => (RESTORING.has(field(request, "order")) ? "restore" : "cut"),
  "POST /v1/accounts/:account/exemptions": (request, clock) => {
    const until = Date.parse(String(field(request, "until")));
    const isShort = until <= later(clock.now(), PROTECTED_MS_MAX); // a day without an hour is not
    return field(request, "kind") === "guarantee" && isShort && /T/.test(String(field(request, "until")))
      ? "restore"
      : "configure";
  },
  "DELETE /v1/accounts/:account/exemptions/:exemption": "configure",
  "POST /v1/no-cuts": ["restore", "cut", "approve"], // at night whoever is there says that the weather is bad
  "POST /v1/no-cuts/:id/end": "cut",
  "POST /v1/commands/:id/cancel": "cut",
  "POST /v1/commands/:id/resolve": "money",
  "POST /v1/commands/:id/approve": "approve",
  "POST /v1/commands/:id/decline": "approve",
  "POST /v1/payments": "money",
  "POST /v1/payments/batch": "money",
  "POST /v1/payments/:id/refund": "money",
  "POST /v1/accounts/:account/corrections": "money",
  "POST /v1/channels/:name/reconciliation": "money",
  // whoever may touch a supply may stop, alone: nobody has to look for another key while homes go dark
  "POST /v1/emergency-stop": ["restore", "cut", "configure"],
  "POST /v1/cuts/:kind/release": "approve", // and it takes two to let go
  "POST /v1/cuts/imports": "money",
  // whoever proposes a list is one of its two persons already
  "POST /v1/cuts/batches": "approve",
  "POST /v1/cuts/batches/:id/approve": "approve",
  "POST /v1/cuts/batches/:id/decline": ["approve", "restore", "cut"],
  "POST /v1/notices/:id/retry": "desk",
  "POST /v1/notices/test": "desk",
  "POST /v1/meters": "configure",
  "POST /v1/meters/batch": "configure",
  "POST /v1/meters/:address/clock-set": "configure",
  "POST /v1/meters/:address/freeze": "configure",
  "POST /v1/buses/:bus/clock-set": "configure",
  "POST /v1/meters/:address/entries": "configure",
  "POST /v1/meters/:address/tariff": "configure",
  "POST /v1/tariffs/:id/push": "configure",
  "POST /v1/meters/:address/wallet-reset": "configure",
  "POST /v1/meters/:address/mode": "configure",
  "POST /v1/meters/:address/replacement": "configure",
  "POST /v1/replacements/:id/abandon": "configure",
  "POST /v1/replacements/:id/carry-over": "configure",
  "POST /v1/reconciliations": "configure",
  "POST /v1/exceptions/:id/assign": "desk",
  "POST /v1/exceptions/:id/close": "desk",
  "POST /v1/exceptions/:id/apply": "money",
  "POST /v1/recovery/incidents/:id/compensation": "desk",
  "POST /v1/recovery/incidents/:id/follow-up": "desk",
};

declare module "fastify" {
  interface FastifyRequest {
    /** What the key may that came in; null: everything. */
    rights: readonly Right[] | null;
  }
}

/** A protection at the meter has no end of its own: whoever may not configure gets one with his order (src/recovery ends it). */
export const protectionOf = (request: Pick<FastifyRequest, "rights">, clock: Clock): { readonly until?: number } =>
  request.rights === null || request.rights.includes("configure") ? {} : { until: later(clock.now(), PROTECTED_MS_MAX) };

export function installPermissions(
  app: FastifyInstance,
  parts: { readonly apiKeys: readonly KeyWithRights[]; readonly clock: Clock },
): void {
  const limited = new Map(parts.apiKeys.flatMap(({ name, may }) => (may === undefined ? [] : [[name, may] as const])));
  app.decorateRequest("rights", null);
  if (limited.size === 0) return;
  app.addHook("preHandler", (request, _reply, done) => {
    const may = limited.get(request.actor);
    request.rights = may ?? null;
    if (may !== undefined && !reads.has(request.method)) mustBeAllowed(request, may, parts.clock);
    done();
  });
}

function mustBeAllowed(request: FastifyRequest, may: readonly Right[], clock: Clock): void {
  const known = table[`${request.method} ${request.routeOptions.url ?? ""}`];
  const needs = known === undefined ? "configure" : typeof known === "function" ? known(request, clock) : known;
  if (needs === null) return;
  const enough = [needs].flat();
  if (enough.some((right) => may.includes(right))) return;
  const allowed = may.map((right) => `${right}: ${rights[right]}`);
  throw new Fault("not-permitted", {
    key: request.actor,
    needs: enough.join(" or "),
    may: allowed.length === 0 ? ["look"] : allowed,
  });
}
