/** What a person enters about a meter's register: the way past a doubt. Each has a reason, and nothing of it is silent. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { Instant } from "../../kernel/clock.ts";
import { kwh } from "../../kernel/energy.ts";
import { Fault } from "../../kernel/faults.ts";
import { MeterAddress } from "../../kernel/ids.ts";
import { entryKinds, type Entry } from "../../validation/entries.ts";
import { registerIn } from "../../validation/register-text.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

const energy = z.string().regex(/^\d{1,6}\.\d{2}$/, 'kWh with two decimals, like "123.45"');

const body = z.strictObject({
  kind: z
    .enum(entryKinds)
    .describe(
      "accept: the doubted reading is right · correct: the register really was, also instead of a false one · estimate: nothing can be read · rebase: it was reset",
    ),
  register: energy
    .optional()
    .describe("accept: the doubted one, as it was looked at; another by now is refused · correct, rebase: as the meter shows it"),
  insteadOf: energy
    .optional()
    .describe(
      "what is believed, as it was looked at; another by now is refused · correct: it was false, the register is lower, and what it cost is given back · rebase: needed with billedTo",
    ),
  rates: z.array(energy).min(1).max(4).optional().describe("correct: by rate, the first rate first"),
  billedTo: energy
    .optional()
    .describe("rebase: what it showed last before it was reset, with insteadOf; left out: what was believed last"),
  energy: energy.optional().describe("estimate: so much was used since, with takenAt; left out: by the mean of the last days"),
  days: z.int().min(1).max(28).default(7).describe("estimate: of so many days"),
  takenAt: z.iso
    .datetime({ offset: true })
    .meta({ type: "string" })
    .optional()
    .describe("when; needed with energy; left out: of the doubted reading, else now"),
  reason: shape.reasonText.min(8, "say in eight letters or more why; it stands in the books and closes the exception"),
});

const answer = z.object({ id: z.uuid(), meter: z.string(), kind: z.enum(entryKinds), register: z.string() }).loose();

export function entryRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();

  typed.post(
    "/v1/meters/:address/entries",
    {
      schema: {
        tags: ["readings"],
        summary: "Accept, correct, estimate or begin anew, with a reason",
        params: shape.addressParam,
        headers: shape.writeHeaders,
        body,
        response: { 201: answer, 400: shape.problem, 404: shape.problem, 409: shape.problem },
      },
    },
    (request, reply) => {
      const { register, insteadOf, rates, billedTo, energy: used, takenAt, kind, days, reason } = request.body;
      const meter = MeterAddress(request.params.address);
      return writeOnce(parts, request, reply, 201, async (tx) =>
        entryView(
          await parts.entries.enter(tx, meter, {
            ...{ kind, days, reason, by: request.actor },
            register: steps(register),
            insteadOf: steps(insteadOf),
            rates: rates === undefined ? null : rates.map((rate) => steps(rate)!),
            billedTo: steps(billedTo),
            energy: steps(used),
            takenAt: takenAt === undefined ? null : Instant(Date.parse(takenAt)),
          }),
          views,
        ),
      );
    },
  );

  typed.get(
    "/v1/meters/:address/entries",
    {
      schema: {
        tags: ["readings"],
        summary: "What was entered, newest first",
        params: shape.addressParam,
        response: { 200: shape.pageOf(answer), 404: shape.problem },
      },
    },
    async (request) => {
      const meter = MeterAddress(request.params.address);
      if ((await parts.meterStore.meter(null, meter)) === null) throw new Fault("unknown-meter", { meter });
      return {
        items: (await parts.entryStore.entries(meter, ENTRIES_SHOWN)).map((entry) => entryView(entry, views)),
        next: null,
      };
    },
  );
}

/** A meter about which more than this was entered needs something else than a list. */
const ENTRIES_SHOWN = 100;

const steps = (text: string | undefined): bigint | null => (text === undefined ? null : (registerIn(text) as bigint));

const entryView = ({ register, counted, takenAt, at, ...entry }: Entry, views: Views) => ({
  ...entry,
  register: kwh(register),
  counted: kwh(counted),
  takenAt: views.moment(takenAt),
  at: views.moment(at),
});
