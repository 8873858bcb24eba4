/** Meters that take another's place: one act, told step by step. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { Fault } from "../../kernel/faults.ts";
import { BusId, MeterAddress } from "../../kernel/ids.ts";
import { parseYuan, yuan } from "../../kernel/money.ts";
import type { Replacement, SeenReadings } from "../../commands/replacement/replacement.ts";
import { waitWords } from "../../commands/replacement/waits.ts";
import { complaintAbout, isModelName } from "../../devices/meter-models.ts";
import type { ModelName } from "../../devices/meter.ts";
import { sentence } from "../account-shapes.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

const digits12 = z.string().regex(/^\d{12}$/, "twelve digits");
const body = z.strictObject({
  newMeter: z.strictObject({
    address: digits12,
    meterNumber: digits12.optional(),
    customerNumber: digits12.optional(),
    bus: z.string(),
    model: z.string().pipe(
      z.custom<ModelName>((name) => isModelName(name as string), {
        error: ({ input }) => complaintAbout(input as string) ?? undefined,
      }),
    ),
  }),
  finalReading: z.string().optional().describe("kWh with two decimals: for an old meter that answers no more"),
  finalBalance: z
    .string()
    .optional()
    .describe("yuan with two decimals, an overdraft below zero, no more than payments.cap; where the meter held a wallet"),
  finalCount: z.int().min(0).max(4_294_967_295).optional().describe("its purchase count"),
  reason: shape.reasonText,
});
const seen = z
  .object({
    energy: z.string().nullable(),
    balance: z.string().nullable(),
    count: z.number().nullable(),
    takenAt: z.string(),
    source: z.string(),
  })
  .nullable();
const replacement = z
  .object({
    id: z.uuid(),
    oldMeter: z.string(),
    newMeter: z.string(),
    account: z.string().nullable(),
    step: z.enum(["begun", "old-read", "new-read", "moved", "done", "abandoned"]),
    waitingFor: z.string().nullable(),
    says: sentence.nullable().describe("what it waits for in words, and what to do; null: it waits for nothing"),
    final: seen,
    begin: seen,
    carried: z.string().nullable(),
    command: z.uuid().nullable(),
  })
  .loose();
const problems = { 404: shape.problem, 409: shape.problem, 410: shape.problem };

export function replacementRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { service, store, nudge } = parts.replacing;

  const readable = (readings: SeenReadings | null): object | null =>
    readings === null ? null : { ...readings, takenAt: views.moment(readings.takenAt as never) };
  const view = (r: Replacement): object => ({
    ...r,
    says: r.waitingFor === null ? null : waitWords(r.waitingFor),
    given: readable(r.given),
    final: readable(r.final),
    begin: readable(r.begin),
    carried: r.carried === null ? null : yuan(r.carried),
    createdAt: views.moment(r.createdAt),
    movedAt: r.movedAt === null ? null : views.moment(r.movedAt),
    endedAt: r.endedAt === null ? null : views.moment(r.endedAt),
  });

  typed.post(
    "/v1/meters/:address/replacement",
    {
      schema: {
        tags: ["meters"],
        summary: "Put another meter in its place; said again, gives the old one's last readings",
        params: shape.addressParam,
        headers: shape.writeHeaders,
        body,
        response: { 202: z.object({ replacement }), ...problems, 422: shape.problem },
      },
    },
    async (request, reply) => {
      const address = MeterAddress(request.params.address);
      const old = parts.street.meter(address);
      if (old === undefined) {
        const book = await parts.meterStore.meter(null, address);
        if (book?.replacedBy != null) throw new Fault("meter-replaced", { meter: address, by: book.replacedBy });
        throw new Fault("unknown-meter", { meter: address });
      }
      const { newMeter, reason } = request.body;
      const record = {
        address: MeterAddress(newMeter.address, "newMeter.address"),
        meterNumber: newMeter.meterNumber ?? newMeter.address,
        customerNumber: newMeter.customerNumber ?? `00${newMeter.address.slice(2)}`,
        bus: BusId(newMeter.bus, "newMeter.bus"),
        model: newMeter.model,
      };
      const given = givenIn(request.body, parts.clock.now());
      const answer = await writeOnce(parts, request, reply, 202, async (tx) => ({
        replacement: view(await service.begin(tx, old, { newMeter: record, given, reason, askedByName: request.actor })),
      }));
      nudge();
      return answer;
    },
  );

  typed.get(
    "/v1/replacements",
    {
      schema: {
        tags: ["meters"],
        summary: "Meters that are or were replaced, newest first",
        querystring: shape.idPageQuery.extend({ meter: z.string().optional() }),
        response: { 200: shape.pageOf(replacement) },
      },
    },
    async (request) => {
      const { limit, cursor, meter } = request.query;
      const items = await store.list({
        limit,
        before: cursor ?? null,
        meter: meter === undefined ? null : MeterAddress(meter, "meter"),
      });
      return { items: items.map(view) as never[], next: items.length === limit ? items.at(-1)!.id : null };
    },
  );

  typed.get(
    "/v1/replacements/:id",
    {
      schema: {
        tags: ["meters"],
        summary: "One replacement, and how far it is",
        params: shape.idParam,
        response: { 200: replacement, 404: shape.problem },
      },
    },
    async (request) => {
      const found = await store.find(null, request.params.id);
      if (found === null) throw new Fault("unknown-replacement", { replacement: request.params.id });
      return view(found) as never;
    },
  );

  for (const [verb, does, summary] of [
    ["abandon", "abandon", "Leave the old meter where it is: only while nothing was moved"],
    ["carry-over", "carryAgain", "Send the old wallet's rest to the new meter once more, after a refusal"],
  ] as const) {
    typed.post(
      `/v1/replacements/:id/${verb}`,
      {
        schema: {
          tags: ["meters"],
          summary,
          params: shape.idParam,
          headers: shape.writeHeaders,
          response: { 200: replacement, ...problems },
        },
      },
      async (request, reply) => {
        const answer = await writeOnce(parts, request, reply, 200, async (tx) =>
          view(await service[does](tx, request.params.id)),
        );
        nudge();
        return answer;
      },
    );
  }
}

/** Decimal texts in the one form in which readings are kept. */
function givenIn({ finalReading, finalBalance, finalCount }: z.output<typeof body>, now: number): SeenReadings | null {
  if (finalReading === undefined && finalBalance === undefined) return null;
  const decimal = (text: string | undefined, field: string): string | null =>
    text === undefined ? null : yuan(parseYuan(text, field));
  return {
    energy: decimal(finalReading, "finalReading"),
    balance: decimal(finalBalance, "finalBalance"),
    count: finalCount ?? null,
    takenAt: now,
    source: "person",
  };
}
