/** What came of the midnights that meters owe, what did not, and what meters wrote down by themselves. Read only: it collects by itself. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { dayOf, Instant, iso } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { MeterAddress } from "../../kernel/ids.ts";
import { rateKeys, type DayCount, type Gap } from "../../collection/collection-store.ts";
import { dayAfter, daysBetween } from "../../collection/days.ts";
import { eventKindNames, eventKinds } from "../../collection/event-kinds.ts";
import { collectedOf, rateOf } from "../../collection/rate.ts";
import { missingBecause } from "../../collection/states.ts";
import type { ApiParts } from "../books.ts";
import * as shape from "../schemas.ts";

/** What a month's page shows, and no more than a meter keeps. */
const DAYS_MAX = 62;
const DAYS_SHOWN = 7;

const ratesQuery = z.object({
  day: shape.day.optional().describe("one day; a day is named by the midnight with which it begins"),
  from: shape.day.optional(),
  to: shape.day.optional(),
  by: z.enum(rateKeys).default("day").describe("line: each bus by itself; class: each class of customers"),
});
const rate = z.object({
  day: z.string(),
  key: z.string().nullable().describe("line or class; null by day, and for meters without an account"),
  expected: z.number(),
  collected: z.number(),
  rate: z.number().nullable().describe("0 to 1, rounded down to four decimals"),
  byFreeze: z.number(),
  byReading: z.number().describe("the reading next to midnight, where the meter keeps none"),
  byPerson: z.number(),
  due: z.number(),
  missing: z.number(),
  givenUp: z.number(),
});
const gapsQuery = z.object({
  day: shape.day.optional(),
  from: shape.day.optional(),
  to: shape.day.optional(),
  meter: z.string().optional(),
  line: shape.name.optional(),
  class: shape.name.optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: z
    .string()
    .regex(/^\d{4}-\d\d-\d\d\/\d{12}$/, "the next of the page before")
    .optional(),
});
const sentence = z.object({ en: z.string(), zh: z.string() });
const gap = z.object({
  meter: z.string(),
  day: z.string(),
  line: z.string(),
  account: z.string().nullable(),
  class: z.string().nullable(),
  state: z.enum(["missing", "given-up"]),
  because: z.string().nullable(),
  says: sentence.nullable(),
  askedAt: z.string().nullable(),
});
const event = z.object({
  id: z.string(),
  kind: z.enum(eventKindNames),
  title: sentence,
  number: z.number().describe("which of its kind, as the meter counts"),
  at: z.string().nullable().describe("by the meter's clock"),
  until: z.string().nullable(),
  operator: z.string().nullable().describe("eight hex digits"),
  ours: z.boolean().nullable().describe("ordered by this gateway; null: the record does not say by whom"),
  fields: z.record(z.string(), z.string()),
  readAt: z.string(),
});
const clockRow = z.object({ at: z.string(), aheadMs: z.number(), verdict: z.string() });
const hourRow = z.object({ at: z.string(), imported: z.string().nullable(), exported: z.string().nullable() });
/** Paged by the hour's moment, in milliseconds. */
const hoursQuery = shape.numberPageQuery.extend({
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, "the next of the page before")
    .optional(),
});
const listOf = <T extends z.ZodType>(items: T) => z.object({ items: z.array(items), next: z.string().nullable() });

export function collectionRoutes(app: FastifyInstance, parts: ApiParts): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { timeZone, clock } = parts;
  const { store, looks } = parts.collection;
  const told = (at: Instant | null): string | null => (at === null ? null : iso(at, timeZone));
  const known = async (text: string): Promise<MeterAddress> => {
    const address = MeterAddress(text);
    if ((await parts.meterStore.meter(null, address)) === null) throw new Fault("unknown-meter", { meter: address });
    return address;
  };

  typed.get(
    "/v1/collection",
    {
      schema: {
        tags: ["collection"],
        summary: "Collection rate by day, line or class; left out, the last seven days",
        querystring: ratesQuery,
        response: { 200: listOf(rate), 400: shape.problem },
      },
    },
    async (request) => {
      const { by, ...days } = request.query;
      const range = rangeOf(days, dayOf(clock.now(), timeZone));
      return { items: (await store.counts({ ...range, by })).map(rateView), next: null };
    },
  );

  typed.get(
    "/v1/collection/gaps",
    {
      schema: {
        tags: ["collection"],
        summary: "Midnights that are missing or given up, newest day first",
        querystring: gapsQuery,
        response: { 200: listOf(gap).extend({ total: z.number().describe("of all pages") }), 400: shape.problem },
      },
    },
    async (request) => {
      const { day: only, from, to, meter, line, class: kind, limit, cursor } = request.query;
      const [cursorDay, cursorMeter] = cursor?.split("/") ?? [];
      if (cursorDay !== undefined && !shape.day.safeParse(cursorDay).success)
        throw new Fault("invalid-request", { field: "cursor", given: cursor, problem: "the next of the page before" });
      const wanted = {
        from: only ?? from ?? null,
        to: only ?? to ?? null,
        meter: meter === undefined ? null : MeterAddress(meter, "meter"),
        line: line ?? null,
        class: kind ?? null,
      };
      const gaps = await store.gaps({
        ...wanted,
        limit,
        after: cursorDay === undefined ? null : { day: cursorDay, meter: MeterAddress(cursorMeter!, "cursor") },
      });
      const last = gaps.length === limit ? gaps.at(-1) : undefined;
      const next = last === undefined ? null : `${last.day}/${last.meter}`;
      return { total: await store.gapCount(wanted), items: gaps.map((each) => gapView(each, told)), next };
    },
  );

  typed.get(
    "/v1/meters/:address/events",
    {
      schema: {
        tags: ["meters"],
        summary: "What the meter wrote down by itself: power failures, programming, clearing, covers, its relay; newest first",
        params: shape.addressParam,
        querystring: shape.numberPageQuery.extend({ kind: z.enum(eventKindNames).optional() }),
        response: { 200: listOf(event), 404: shape.problem },
      },
    },
    async (request) => {
      const meter = await known(request.params.address);
      const { kind, limit, cursor } = request.query;
      const found = await looks.events({
        meter,
        kind: kind ?? null,
        limit,
        before: cursor === undefined ? null : BigInt(cursor),
      });
      const items = found.map((each) => ({
        ...{ id: String(each.id), kind: each.kind, title: eventKinds[each.kind].title, number: each.number },
        ...{ at: told(each.at), until: told(each.until), operator: each.operator, ours: each.ours },
        ...{ fields: { ...each.fields }, readAt: iso(each.readAt, timeZone) },
      }));
      return { items, next: found.length === limit ? String(found.at(-1)!.id) : null };
    },
  );

  typed.get(
    "/v1/meters/:address/clocks",
    {
      schema: {
        tags: ["meters"],
        summary: "By how much its clock was ahead, each day; newest first",
        params: shape.addressParam,
        querystring: z.object({ limit: shape.pageQuery.shape.limit }),
        response: { 200: listOf(clockRow), 404: shape.problem },
      },
    },
    async (request) => {
      const rows = await looks.clocks(await known(request.params.address), request.query.limit);
      return { items: rows.map((row) => ({ ...row, at: iso(row.at, timeZone) })), next: null };
    },
  );

  typed.get(
    "/v1/meters/:address/hours",
    {
      schema: {
        tags: ["meters"],
        summary: "What its totals showed on the hour, where the site collects them; newest first",
        params: shape.addressParam,
        querystring: hoursQuery,
        response: { 200: listOf(hourRow), 404: shape.problem },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const before = cursor === undefined ? null : Instant(Number(cursor));
      const rows = await looks.hours(await known(request.params.address), { before, limit });
      const items = rows.map((row) => ({ ...row, at: iso(row.at, timeZone) }));
      return { items, next: rows.length === limit ? String(rows.at(-1)!.at) : null };
    },
  );
}

function rangeOf(given: { day?: string | undefined; from?: string | undefined; to?: string | undefined }, today: string) {
  if (given.day !== undefined) return { from: given.day, to: given.day };
  const to = given.to ?? (given.from === undefined ? today : dayAfter(given.from, DAYS_SHOWN - 1));
  const from = given.from ?? dayAfter(to, 1 - DAYS_SHOWN);
  const days = daysBetween(from, to) + 1;
  if (days < 1 || days > DAYS_MAX)
    throw new Fault("invalid-request", { field: "to", given: to, problem: `1 to ${DAYS_MAX} days, from the first to the last` });
  return { from, to };
}

const rateView = (count: DayCount): z.output<typeof rate> => ({ ...count, collected: collectedOf(count), rate: rateOf(count) });

const gapView = (found: Gap, told: (at: Instant | null) => string | null): z.output<typeof gap> => ({
  ...found,
  says: found.because === null ? null : missingBecause[found.because],
  askedAt: told(found.askedAt),
});
