/** What is told of accounts, as the OpenAPI document tells it: entries, days, bills, statements, exemptions, and why an account was cut or was not. */
import { z } from "zod";
import { exemptionKinds } from "../policy/exemptions.ts";
import { stages } from "../policy/rules.ts";
import { noCut } from "./no-cut-views.ts";
import { account, command, moment, money, reading } from "./schemas.ts";

const energy = z.string().describe('kWh with two decimals, like "12.30"');
const exact = z.string().describe('yuan, to the millionth, like "0.528300"');
export const sentence = z.object({ en: z.string(), zh: z.string() });
const coded = sentence.extend({ code: z.string() });

/** A list as JSON, or a sheet where format=csv asks for one. */
export const orCsv = <T extends z.ZodType>(json: T) => ({
  description: "as JSON, or with format=csv as a sheet",
  content: { "application/json": { schema: json }, "text/csv": { schema: z.string() } },
});

export const entry = z.object({
  id: z.string(),
  kind: z.string().describe("payment, hold, release, top-up, charge, correction …"),
  reference: z.string(),
  at: moment,
  available: money.describe("what the account has more after it, or less"),
  held: money,
  note: z.string().nullable(),
});

const part = z.object({
  number: z.number().describe("1 is the first: sharp (尖), or the step that begins at nothing"),
  energy,
  price: z.string().describe("yuan per kWh, four decimals"),
  cost: exact,
});
const dayOfLedger = z.object({
  day: z.string(),
  energy,
  unit: z.literal("kWh"),
  cost: money,
  source: z.literal("charges"),
  state: z.enum(["provisional", "settled"]),
  settledBy: z.enum(["midnights", "readings"]).nullable(),
  estimated: z.boolean().describe("what a person estimated counts in it"),
  ratesMissing: z.boolean().describe("no register by rate was read: all of it is at the flat rate"),
  rates: z.array(part),
  steps: z.array(part),
  exported: energy.nullable(),
  feedIn: money,
  tariff: z.string().nullable().describe("null: billed by an older program"),
  tariffFrom: z.string().nullable().describe("the first day of its version"),
});
const dayOfWallet = z.object({
  day: z.string(),
  energy,
  unit: z.literal("kWh"),
  cost: z.null().describe("the wallet in the meter deducts by itself"),
  source: z.literal("readings"),
});
export const daily = z.union([dayOfLedger, dayOfWallet]);
export type DayOfLedger = z.output<typeof dayOfLedger>;

export const bill = z.object({
  account: z.string(),
  from: z.string(),
  to: z.string(),
  days: z.array(dayOfLedger),
  totals: z.object({
    energy,
    unit: z.literal("kWh"),
    cost: money,
    exported: energy.nullable(),
    feedIn: money,
    amount: money.describe("cost less feedIn"),
    rates: z.array(part),
    steps: z.array(part),
    provisionalDays: z.number().describe("days that may still change"),
  }),
});

export const position = z.object({ available: money, held: money });

export const exemption = z.object({
  id: z.uuid(),
  account: z.string(),
  kind: z.enum(exemptionKinds),
  title: sentence,
  from: moment,
  until: moment,
  holds: z.boolean(),
  reason: z.string(),
  madeBy: z.string(),
  endedAt: moment.nullable(),
  endedBy: z.string().nullable(),
});

const intent = { want: z.enum(["connected", "disconnected", "as-is"]), because: coded };
const stage = sentence.extend({ code: z.enum(stages) });
const decision = z.object({ ...intent, stage, nextAt: moment.nullable().describe("when time alone may change it") });
const register = { item: z.string(), value: z.string().nullable(), unit: z.string(), takenAt: moment, source: z.string() };

export const why = z.object({
  account: z.string(),
  name: z.string(),
  class: z.string(),
  mode: account.shape.mode,
  meter: z.string().nullable(),
  at: moment,
  answer: sentence.describe("for whoever is on the telephone"),
  decision: decision.nullable().describe("null: no rule decides about this account"),
  blocks: z.array(coded).describe("every reason why nobody is cut now"),
  balance: position.extend({ cutBelow: money }),
  relay: z.object({ reported: z.string(), order: z.string().nullable(), cutBy: z.string().nullable() }).nullable(),
  reading: reading
    .extend({
      validated: z.literal(true),
      charged: z.boolean().nullable().describe("null: the wallet in the meter deducts by itself"),
    })
    .nullable()
    .describe("the newest register that is believed"),
  doubted: z
    .object({ ...register, times: z.number().describe("how often in a row"), why: coded })
    .nullable()
    .describe("what the meter showed since, and nobody believes; it charges nobody and cuts nobody"),
  paidAt: moment.nullable(),
  notices: z.array(
    z.object({
      at: moment,
      stage: z.string().describe("its kind: warn-1, notice-due, cut, restored, outage …"),
      delivered: moment.nullable().describe("null: it never arrived, or nobody knows yet"),
      state: z.string().nullable().describe("waiting, delivered, failed, cancelled"),
      because: z.string().nullable().describe("why it failed or was cancelled"),
      channel: z.string().nullable().describe("that took it"),
      available: money,
    }),
  ),
  exemptions: z.array(exemption),
  noCuts: z.array(noCut).describe("what staff have said of bad weather and outages where its meter hangs"),
  approvals: z.array(
    z.object({
      batch: z.uuid().optional().describe("the list that two persons approved"),
      command: z.uuid(),
      kind: z.string(),
      askedBy: z.string().nullable(),
      by: z.string().nullable(),
      at: moment.nullable(),
      note: z.string().nullable(),
    }),
  ),
  strategy: z.object({
    version: z.string(),
    rules: z.array(
      z.object({
        rule: z.string(),
        value: z.unknown(),
        from: z.string().describe("whose word it is"),
        text: z.string(),
        title: sentence,
      }),
    ),
  }),
  decisions: z.array(
    z.object({
      ...{ at: moment, ...intent, stage, blocks: z.array(coded), nextAt: moment.nullable() },
      strategy: z.string(),
      shadow: z.boolean(),
      facts: z.unknown(),
      command: z.uuid().nullable(),
    }),
  ),
  commands: z.array(
    command.omit({ attempts: true, receipt: true }).extend({
      frames: z.string().describe("where its attempts are"),
      receipt: z.string().describe("where its signed receipt is"),
    }),
  ),
});
