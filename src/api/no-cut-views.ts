/** How a time in which nobody is cut looks outside. */
import { z } from "zod";
import type { Instant } from "../kernel/clock.ts";
import { noCutKinds, noCutStates, noCutTable, stateOf, type NoCutSpan } from "../policy/no-cuts.ts";
import { moment } from "./schemas.ts";
import type { Views } from "./views.ts";

export const noCut = z.object({
  id: z.uuid(),
  kind: z.enum(noCutKinds),
  title: z.object({ en: z.string(), zh: z.string() }),
  scope: z.string().describe('"site", "class residential", "feeder transformer-7", "bus tcp-1"'),
  from: moment,
  until: moment,
  state: z.enum(noCutStates),
  reason: z.string(),
  saidAt: moment,
  saidBy: z.string(),
  endedAt: moment.nullable().describe("before its time, by somebody"),
  endedBy: z.string().nullable(),
  endReason: z.string().nullable(),
});

export const noCutView = (span: NoCutSpan, now: Instant, views: Views): z.output<typeof noCut> => ({
  ...{ id: span.id, kind: span.kind, scope: span.scope, reason: span.reason },
  title: { en: noCutTable[span.kind].en, zh: noCutTable[span.kind].zh },
  from: views.moment(span.from),
  until: views.moment(span.until),
  state: stateOf(span, now),
  saidAt: views.moment(span.saidAt),
  saidBy: span.saidBy,
  endedAt: span.endedAt === null ? null : views.moment(span.endedAt),
  ...{ endedBy: span.endedBy, endReason: span.endReason },
});
