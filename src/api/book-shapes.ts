/** What is told where books are kept right, as the OpenAPI document tells it: statements, corrections, a channel's file, ledger beside meters. */
import { z } from "zod";
import { entry, position } from "./account-shapes.ts";
import { moment, money, payment } from "./schemas.ts";

export const statement = z.object({
  account: z.string(),
  from: moment,
  to: moment,
  opening: position,
  lines: z.array(
    entry.extend({
      by: z.string().nullable(),
      after: position,
      invoice: z.record(z.string(), z.string()).optional(),
    }),
  ),
  closing: position,
  sums: z.array(position.extend({ kind: z.string(), count: z.number() })),
});
export const correction = z.object({
  correction: z.object({
    reference: z.uuid(),
    account: z.string(),
    amount: money,
    against: z.string(),
    reason: z.string(),
    by: z.string(),
  }),
  account: position.extend({ account: z.string() }),
});

const theirs = z.object({
  orderId: z.string(),
  amount: money,
  time: z.string().nullable().describe("as the channel wrote it; it decides nothing"),
});
const ours = payment.pick({ id: true, orderId: true, account: true, amount: true, invoice: true, createdAt: true }).extend({
  state: z.string(),
});
export type OursView = z.output<typeof ours>;
export const channelFile = z.object({
  channel: z.string(),
  day: z.string(),
  rows: z.number(),
  matched: z.number(),
  missing: z.array(theirs).describe("theirs, and not here"),
  extra: z.array(ours).describe("ours, and not in their file"),
  different: z.array(z.object({ theirs, ours })),
  repeated: z.array(z.string()).describe("order ids that are in their file more than once"),
});

export const run = z.object({
  id: z.uuid(),
  state: z.enum(["running", "done"]),
  at: moment,
  askedBy: z.string(),
  doneAt: moment.nullable(),
  report: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe(
      "meters, agree, firstLooks, differences with their exceptions, skipped with why, brokenSums (or sumsNotSeen with why); null while it runs",
    ),
});
