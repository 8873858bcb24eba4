/** Dark hours that should not have been: the list, what people say about one, causes counted, the month; and all a call centre needs in one answer. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { dayOf, type Instant } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { AccountId, MeterAddress } from "../../kernel/ids.ts";
import { isInWallet } from "../../kernel/reading.ts";
import { printCsv } from "../../ledger/csv.ts";
import { periodOf, startOfDay, type Period } from "../../ledger/period.ts";
import { causeNames, causes, compensations } from "../../recovery/causes.ts";
import { durationOf, IncidentId, type Incident } from "../../recovery/incident.ts";
import { reasons } from "../../recovery/reasons.ts";
import { countCauses, countedBy, reportOf } from "../../recovery/report.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import { whyView } from "../policy-views.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

const listQuery = shape.idPageQuery.extend({
  state: z.enum(["open", "ended"]).optional(),
  cause: z.enum(causeNames).optional(),
  meter: z.string().optional(),
  account: z.string().optional(),
});
const span = z.object({ from: z.string().max(40).optional(), to: z.string().max(40).optional() });
const anything = z.record(z.string(), z.unknown());
const answers = { 200: anything, 404: shape.problem, 409: shape.problem };
const COLUMNS = [
  ...["id", "cause", "also", "class", "meter", "account", "model", "bus", "firmware", "darkSince", "restoredAt", "minutes"],
  ...["energyBefore", "energyAfter", "level", "reason", "compensation", "followUpAt", "followedUpAt"],
] as const;

export function recoveryRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { desk, expected } = parts.recovery;
  const { store } = desk;
  const view = (incident: Incident): Record<string, unknown> => incidentView(incident, views);

  typed.get(
    "/v1/recovery/incidents",
    {
      schema: {
        tags: ["recovery"],
        summary: "Wrong cuts and failed restores, newest first",
        querystring: listQuery,
        response: { 200: anything },
      },
    },
    async (request) => {
      const { limit, cursor, state, cause, meter, account } = request.query;
      const items = await store.list({
        limit,
        ...(cursor === undefined ? {} : { before: IncidentId(cursor) }),
        ...(state === undefined ? {} : { state }),
        ...(cause === undefined ? {} : { cause }),
        ...(meter === undefined ? {} : { meter: MeterAddress(meter, "meter") }),
        ...(account === undefined ? {} : { account: AccountId(account) }),
      });
      return { items: items.map(view), next: items.length === limit ? items.at(-1)!.id : null };
    },
  );

  typed.get(
    "/v1/recovery/incidents/:id",
    {
      schema: {
        tags: ["recovery"],
        summary: "One of them, with what happened to it and who had it",
        params: shape.idParam,
        response: answers,
      },
    },
    async (request) => {
      const id = IncidentId(request.params.id);
      const incident = await store.find(id);
      if (incident === null) throw new Fault("unknown-incident", { incident: id });
      const { exception } = incident;
      const item = exception === null ? null : await parts.exceptionStore.find(exception);
      const hands = exception === null ? [] : await parts.exceptionStore.steps(exception);
      return {
        ...view(incident),
        owner: item?.owner ?? null,
        steps: (await store.steps(id)).map((step) => ({ ...step, at: views.moment(step.at) })),
        handOvers: hands.map((step) => ({ ...step, at: views.moment(step.at) })),
      };
    },
  );

  typed.post(
    "/v1/recovery/incidents/:id/compensation",
    {
      schema: {
        tags: ["recovery"],
        summary: "Mark it: yes, no, or paid",
        params: shape.idParam,
        headers: shape.writeHeaders,
        body: z.strictObject({ mark: z.enum(compensations), note: shape.reasonText }),
        response: answers,
      },
    },
    (request, reply) =>
      writeOnce(parts, request, reply, 200, async (tx) => {
        const said = { by: request.actor, note: request.body.note };
        return view(await desk.compensate(tx, IncidentId(request.params.id), request.body.mark, said));
      }),
  );

  typed.post(
    "/v1/recovery/incidents/:id/follow-up",
    {
      schema: {
        tags: ["recovery"],
        summary: "The customer was asked; the reminder ends with it",
        params: shape.idParam,
        headers: shape.writeHeaders,
        body: z.strictObject({ note: shape.reasonText }),
        response: answers,
      },
    },
    (request, reply) =>
      writeOnce(parts, request, reply, 200, async (tx) =>
        view(await desk.followUp(tx, IncidentId(request.params.id), { by: request.actor, note: request.body.note })),
      ),
  );

  typed.get(
    "/v1/recovery/causes",
    {
      schema: {
        tags: ["recovery"],
        summary: "Causes counted by model, line, firmware or class; equal to the log of steps",
        querystring: span.extend({ by: z.enum(countedBy).default("class") }),
        response: { 200: anything },
      },
    },
    async (request) => {
      const period = periodOf(request.query, parts.clock.now(), parts.timeZone);
      const rows = countCauses(await store.foundIn(period), request.query.by);
      const incidents = rows.reduce((sum, row) => sum + row.incidents, 0);
      return { ...moments(period, views), by: request.query.by, incidents, rows };
    },
  );

  typed.get(
    "/v1/recovery/report",
    {
      schema: {
        tags: ["recovery"],
        summary: "A month: by class of failure, and every incident of it",
        querystring: z.object({
          month: z
            .string()
            .regex(/^\d{4}-(0[1-9]|1[0-2])$/, "a month like 2026-11")
            .optional(),
          format: z.enum(["json", "csv"]).default("json"),
        }),
        response: { 200: anything.or(z.string()) },
      },
    },
    async (request, reply) => {
      const month = request.query.month ?? dayOf(parts.clock.now(), parts.timeZone).slice(0, 7);
      const found = await store.foundIn(monthOf(month, parts.timeZone));
      if (request.query.format === "json")
        return { month, incidents: found.length, classes: reportOf(found), items: found.map(view) };
      const lines = found.map(view).map((row) => COLUMNS.map((name) => cellOf(row[name])));
      return reply
        .type("text/csv; charset=utf-8")
        .header("content-disposition", `attachment; filename="recovery-${month}.csv"`)
        .send(printCsv([COLUMNS, ...lines]));
    },
  );

  typed.get(
    "/v1/accounts/:account/call",
    {
      schema: {
        tags: ["accounts"],
        summary: "For the call centre: balance, relay, last order, when supply may be expected, and why",
        params: shape.accountParam,
        response: { 200: anything, 404: shape.problem },
      },
    },
    async (request) => {
      const account = await parts.meterStore.account(null, AccountId(request.params.account));
      if (account === null) throw new Fault("unknown-account", { account: request.params.account });
      const why = await parts.policy.why.of(account);
      const told = whyView(why, await parts.ledger.position(null, account.account), views);
      const { meter } = account;
      const book = meter === null ? null : await parts.meterStore.meter(null, meter);
      const supply = meter === null ? null : await expected(meter);
      const [last] = why.commands;
      const incidents = await store.list({ account: account.account, limit: 5 });
      return {
        ...{ account: account.account, name: account.name, class: account.class, mode: account.mode, meter },
        ...{ answer: told["answer"], balance: told["balance"], paidAt: told["paidAt"], blocks: told["blocks"] },
        wallet:
          account.mode === "local" && meter !== null
            ? (await parts.readings.latestOf([meter])).filter(({ item }) => isInWallet(item)).map((one) => views.reading(one))
            : null,
        relay: book === null ? null : { reported: book.relay, at: book.relayAt === null ? null : views.moment(book.relayAt) },
        lastOrder: last === undefined ? null : views.command(last, []),
        expected: supply === null ? null : { ...supply, at: supply.at === null ? null : views.moment(supply.at) },
        incidents: incidents.map(view),
      };
    },
  );
}

const moments = ({ from, to }: Period, views: Views) => ({ from: views.moment(from), to: views.moment(to) });

function monthOf(month: string, timeZone: string): Period {
  const [year, number] = month.split("-").map(Number) as [number, number];
  const next = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, "0")}`;
  return { from: startOfDay(`${month}-01`, timeZone), to: startOfDay(`${next}-01`, timeZone) };
}

function incidentView(incident: Incident, views: Views): Record<string, unknown> {
  const { cause, reason, darkSince, wishedAt, foundAt, restoredAt, endedAt, followUpAt, remindedAt, followedUpAt } = incident;
  const maybe = (at: Instant | null): string | null => (at === null ? null : views.moment(at));
  const lasted = durationOf(incident);
  return {
    ...incident,
    title: causes[cause].title,
    reason: reason === null ? null : { code: reason, ...reasons[reason].title },
    state: endedAt === null ? "open" : restoredAt === null ? "withdrawn" : "restored",
    minutes: lasted === null ? null : Math.round(lasted / 60_000),
    ...{ darkSince: maybe(darkSince), wishedAt: maybe(wishedAt), foundAt: maybe(foundAt), restoredAt: maybe(restoredAt) },
    ...{
      endedAt: maybe(endedAt),
      followUpAt: maybe(followUpAt),
      remindedAt: maybe(remindedAt),
      followedUpAt: maybe(followedUpAt),
    },
  };
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.join(" ");
  if (typeof value === "object") return (value as { readonly code?: string }).code ?? "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
