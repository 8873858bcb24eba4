/** Shapes in and out, as the OpenAPI document tells them. Validation happens at the door; inside nothing is checked again. */
import { z } from "zod";
import { isDay } from "../tariff/days.ts";

export const moment = z.string().describe("ISO 8601 with offset");
export const money = z.string().describe('yuan with two decimals, like "100.00"');

export const addressParam = z.object({ address: z.string().describe("twelve digits, as printed on the meter") });
export const idParam = z.object({ id: z.uuid() });
export const accountParam = z.object({ account: z.string() });
export const writeHeaders = z.looseObject({ "idempotency-key": z.string().min(1).max(200).optional() });

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: z.string().max(100).optional(),
});

/** Items of one request that carries many. */
const BATCH_ITEMS_MAX = 1_000;

/** Commands and payments are paged by their ids. */
export const idPageQuery = pageQuery.extend({ cursor: z.uuid().optional() });
/** Entries are numbered. */
export const numberPageQuery = pageQuery.extend({
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, "the next of the page before")
    .optional(),
});

/** Text that a database can keep: no NUL, no halves of characters. */
export const words = (lengthMax: number) =>
  z
    .string()
    .max(lengthMax)
    .refine((text) => text.isWellFormed() && !text.includes("\0"), "text without NUL and broken characters");

/** What something is called, in a question: a line, a class, an item. One that nobody has finds nothing. */
export const name = words(60);

/** A settlement day. A meter writes two digits of a year and means this century's; what lies far outside of it no store can count with. */
export const day = z
  .string()
  .refine((text) => isDay(text) && text >= "2000-01-01" && text <= "2999-12-31", "a day like 2026-11-22, from 2000 to 2999");

/** How long a command is worth sending; one that has passed is refused before anything is written. */
const notAfter = z.iso
  .datetime({ offset: true })
  .meta({ type: "string" })
  .optional()
  .describe("ISO 8601 with offset: not a byte is sent after it; left out: as long as such commands are");

const INVOICE_BYTES_MAX = 2_048;
const invoice = z
  .record(words(60).min(1), words(500))
  .refine((given) => Buffer.byteLength(JSON.stringify(given)) <= INVOICE_BYTES_MAX, `at most ${INVOICE_BYTES_MAX} bytes as JSON`)
  .describe("invoice and tax fields: title, tax number, whatever the channel needs; they come back unchanged");

export const paymentBody = z.strictObject({
  account: z.string(),
  amount: money,
  channel: z.string().regex(/^[0-9A-Za-z._-]{1,40}$/, "1 to 40 letters, digits, dots or dashes"),
  orderId: words(100).min(1),
  notAfter,
  token: z
    .string()
    .regex(/^\d{20}$/, "twenty digits")
    .optional()
    .describe("for a meter that is topped up by tokens, and only for it: passed through as it was bought"),
  invoice: invoice.optional(),
});

/** Each item is looked at by itself, so that one that is wrong says so and holds nobody else up. */
export const batchBody = z.strictObject({
  items: z.array(z.unknown()).min(1).max(BATCH_ITEMS_MAX).describe("bodies as of POST /v1/payments"),
  check: z.boolean().default(false).describe("true: only say what would be refused; nothing is written"),
});
export const lookupBody = z.strictObject({
  orders: z
    .array(paymentBody.pick({ channel: true, orderId: true }))
    .min(1)
    .max(BATCH_ITEMS_MAX),
});

/** Blanks are no reason. */
export const reasonText = words(500).trim().min(1, "say why; it stands in the books");
const reason = reasonText;

export const refundBody = z.strictObject({ reason });

export const relayBody = z
  .strictObject({
    order: z.enum(["disconnect", "reconnect", "arm", "protect", "unprotect", "warn", "unwarn", "disconnect-for"]),
    minutes: z
      .int()
      .min(5)
      .max(1_275)
      .multipleOf(5, "in steps of five minutes")
      .optional()
      .describe("with disconnect-for, and only with it: how long"),
    then: z
      .enum(["reconnect", "arm"])
      .optional()
      .describe("with disconnect-for: restored by itself (without a word), or at the button"),
    reason,
    notAfter,
  })
  .refine(({ order, minutes }) => order !== "disconnect-for" || minutes !== undefined, {
    path: ["minutes"],
    error: "disconnect-for needs minutes: 5 to 1275, in steps of 5",
  })
  .refine(({ order, minutes, then }) => order === "disconnect-for" || (minutes === undefined && then === undefined), {
    path: ["minutes"],
    error: "minutes and then go with disconnect-for alone",
  });

const clockWay = z
  .enum(["write", "broadcast"])
  .describe(
    "write: this meter alone, any deviation; broadcast: the whole line, at most five minutes, once a day, not near midnight",
  );
export const clockSetBody = z.strictObject({ way: clockWay.default("write"), reason });
export const busClockSetBody = z.strictObject({ way: clockWay.default("broadcast"), reason });

const TIME_OF_DAY = "(?:[01]\\d|2[0-3])[0-5]\\d";
const DAY = "(?:0[1-9]|[12]\\d|3[01])";
export const freezeBody = z.strictObject({
  when: z
    .string()
    .regex(
      new RegExp(`^(?:99999999|999999[0-5]\\d|9999${TIME_OF_DAY}|99${DAY}${TIME_OF_DAY}|(?:0[1-9]|1[0-2])${DAY}${TIME_OF_DAY})$`),
      "MMDDhhmm, 99 for each from the left; 99999999: now",
    )
    .default("99999999"),
  reason,
});
export const busParam = z.object({ bus: z.string().describe("its id in the site file") });

export const approvalBody = z.strictObject({ note: reasonText });
export const walletResetBody = z.strictObject({ reason });
export const modeBody = z.strictObject({
  mode: z.enum(["remote", "local"]).describe("remote; back to local is refused"),
  way: z
    .enum(["order", "at-the-meter"])
    .default("order")
    .describe("order: the meter is told; at-the-meter: somebody does it there, and the gateway watches"),
  balance: money.optional().describe("only where the meter was switched already: what it showed before; needs a second person"),
  reason,
});

export const decisionBody = z.strictObject({
  verdict: z.enum(["done", "not-done"]).describe("done: the meter was credited; not-done: it was not, the money is free again"),
  note: words(1_000).trim().min(1, "say what you saw; it stands in the receipt"),
});

export const readingsBody = z.strictObject({ items: z.array(words(40).min(1)).min(1).max(40) });

export const commandStates = [
  "accepted",
  "queued",
  "sending",
  "verifying",
  "confirmed",
  "refused",
  "expired",
  "cancelled",
  "unanswered",
  "disputed",
] as const;
export const commandKinds = [
  "top-up",
  "open-account",
  "refund",
  "disconnect",
  "reconnect",
  "arm",
  "disconnect-for",
  "protect",
  "unprotect",
  "warn",
  "unwarn",
  "clock-set",
  "freeze",
  "wallet-reset",
  "mode-switch",
  "tariff-set",
  "read-now",
] as const;

export const commandQuery = idPageQuery.extend({
  state: z.enum(commandStates).optional(),
  meter: z.string().optional(),
  kind: z.enum(commandKinds).optional(),
  // our own moments end in "+08:00", and an address line turns a plus into a space
  since: z
    .preprocess(
      (given) => (typeof given === "string" ? given.replace(" ", "+") : given),
      z.iso
        .datetime({ offset: true })
        .refine((text) => !text.startsWith("0000"), "no calendar has a year 0")
        .meta({ type: "string" }),
    )
    .optional(),
});

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    titleZh: z.string(),
    status: z.number(),
    code: z.string(),
    detail: z.string(),
    next: z.string().describe("what to do"),
  })
  .loose()
  .describe("application/problem+json");

export const payment = z.object({
  id: z.uuid(),
  account: z.string(),
  amount: money,
  channel: z.string(),
  orderId: z.string(),
  state: z.enum(["taken", "allocated", "unallocated", "disputed", "refunded"]),
  command: z.uuid().nullable(),
  refund: z.uuid().nullable().describe("the newest command that takes it back out of a meter"),
  createdAt: moment,
  invoice: invoice.optional(),
});

export const command = z
  .object({
    id: z.uuid(),
    kind: z.enum(commandKinds),
    meter: z.string(),
    account: z.string().nullable(),
    payment: z.uuid().nullable(),
    state: z.enum(commandStates),
    waitingFor: z.string().nullable(),
    because: z.string().nullable(),
    createdAt: moment,
    notAfter: moment,
    proof: z.object({ sent: moment.nullable(), acknowledged: moment.nullable(), verified: moment.nullable() }),
    attempts: z.array(
      z
        .object({
          at: moment,
          frames: z.array(z.object({ at: moment, direction: z.string(), hex: z.string() })),
          outcome: z.string(),
        })
        .loose(),
    ),
    receipt: z.unknown(),
    askedByName: z.string().nullable().optional().describe("the name of the key with which a person asked"),
    approval: z
      .object({ by: z.string().nullable(), at: moment.nullable(), note: z.string().nullable() })
      .nullable()
      .optional()
      .describe("null: one person is enough; by null: waits for a second one"),
  })
  .loose();

export const reading = z.object({
  item: z.string(),
  value: z.string().nullable(),
  unit: z.string().nullable(),
  takenAt: moment,
  source: z.string(),
});

export const meter = z
  .object({
    address: z.string(),
    meterNumber: z.string(),
    customerNumber: z.string(),
    account: z.string().nullable(),
    bus: z.string(),
    model: z.string(),
    health: z.object({
      state: z.enum(["unknown", "answering", "silent"]),
      failures: z.number(),
      lastHeardAt: moment.nullable(),
      askAgainAt: moment.nullable(),
    }),
    identity: z.enum(["unread", "confirmed", "quarantined"]),
    relay: z.object({ desired: z.string().nullable(), reported: z.string(), proof: z.unknown(), at: moment.nullable() }).loose(),
    readings: z.record(z.string(), reading.omit({ item: true })),
  })
  .loose();

export const account = z
  .object({
    account: z.string(),
    name: z.string(),
    class: z.string(),
    mode: z.enum(["local", "remote"]),
    available: money,
    held: money,
    meters: z.array(z.string()),
  })
  .loose();

export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });
