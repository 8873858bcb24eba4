/** Readings as they are kept: of one meter, page by page, the doubted ones among them with their doubt. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { Instant, later } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { MeterAddress } from "../../kernel/ids.ts";
import { periodOf } from "../../ledger/period.ts";
import type { KeptReading } from "../../devices/device-store.ts";
import type { ApiParts } from "../books.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

/** Where nobody says from when: so far back, and no question goes through years by mistake. */
const DAYS_BACK = 31;
const DAY_MS = 86_400_000;

const query = shape.pageQuery.extend({
  item: shape.name.min(1).optional().describe("its name; left out: every item"),
  from: z.string().max(40).optional().describe(`a day of the site's zone, or a moment; left out: ${DAYS_BACK} days before to`),
  to: z.string().max(40).optional().describe("a day, meant whole, or a moment; left out: now"),
  cursor: z
    .string()
    .regex(/^\d{1,15}\.\d{1,18}$/, "the next of the page before")
    .optional(),
});

const kept = shape.reading.extend({ suspect: z.string().nullable().describe("why it is not believed; null: it is") });

export function readingRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    "/v1/meters/:address/readings",
    {
      schema: {
        tags: ["meters"],
        summary: "Readings as they were kept, newest first",
        params: shape.addressParam,
        querystring: query,
        response: { 200: shape.pageOf(kept), 404: shape.problem },
      },
    },
    async (request) => {
      const meter = MeterAddress(request.params.address);
      // the books', not the street's: a meter that was replaced still has its past
      if ((await parts.meterStore.meter(null, meter)) === null) throw new Fault("unknown-meter", { meter });
      const { item, from, to, limit, cursor } = request.query;
      const now = parts.clock.now();
      const { to: end } = periodOf({ from: "1970-01-01", to }, now, parts.timeZone);
      const start = from === undefined ? later(end, -DAYS_BACK * DAY_MS) : periodOf({ from, to }, now, parts.timeZone).from;
      const readings = await parts.readings.list(meter, {
        ...{ item: item ?? null, from: start, to: end, limit },
        before: cursor === undefined ? null : placeOf(cursor),
      });
      return {
        items: readings.map((reading) => ({ ...views.reading(reading), suspect: reading.suspect })),
        next: readings.length === limit ? cursorOf(readings.at(-1)!) : null,
      };
    },
  );
}

const cursorOf = ({ takenAt, id }: KeptReading): string => `${takenAt}.${id}`;
function placeOf(cursor: string): Pick<KeptReading, "takenAt" | "id"> {
  const [takenAt, id] = cursor.split(".") as [string, string];
  return { takenAt: Instant(Number(takenAt)), id: BigInt(id) };
}
