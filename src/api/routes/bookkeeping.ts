/**
 * Keeping the books right: statements, corrections by entries, a channel's file beside our payments, and ledger beside meters.
 * What these mean is told in ledger and exceptions; here they are asked for.
 */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { uuidv7 } from "uuidv7";
import { z } from "zod";
import { seconds } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { AccountId, MeterAddress } from "../../kernel/ids.ts";
import { Fen, parseYuan, yuan } from "../../kernel/money.ts";
import { channelRow, compareChannel, parseChannelFile, type OurPayment } from "../../ledger/channel-file.ts";
import { isCorrectable, ALLOWED_BOOKS } from "../../ledger/correction.ts";
import { book, type Position } from "../../ledger/ledger.ts";
import { periodOf } from "../../ledger/period.ts";
import { statementCsv, statementOf, type Statement } from "../../ledger/statements.ts";
import type { RunRecord } from "../../exceptions/comparison-store.ts";
import { orCsv, type position as positionShape } from "../account-shapes.ts";
import * as told from "../book-shapes.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

const STATEMENT_LINES_MAX = 10_000;
/** A busy channel's day. */
const CHANNEL_FILE_BYTES_MAX = 8 * 1_024 * 1_024;
/** A comparison of few meters is answered whole; one of many goes on, and is asked for by its id. */
const ANSWER_AFTER_MS = seconds(8);

const periodQuery = z.object({
  from: z.string().max(40).optional().describe("a day of the site's zone, or a moment; left out: today"),
  to: z.string().max(40).optional().describe("a day, meant whole, or a moment; left out: now"),
});
const correctionBody = z.strictObject({
  amount: z.string().describe('yuan with two decimals: "5.00" is given to the account, "-5.00" taken from it'),
  against: z.string().max(80).describe(`the other side: ${ALLOWED_BOOKS}`),
  reason: shape.reasonText,
});
const channelRowBody = z.strictObject({ orderId: shape.words(100), amount: z.string(), time: z.string().max(40).nullish() });
const channelBody = z
  .strictObject({
    day: z
      .string()
      .regex(/^\d{4}-\d\d-\d\d$/, "a day like 2026-11-22")
      .describe("the day of the file, in the site's zone"),
    csv: z.string().optional().describe("the file as text: orderId, amount, time"),
    rows: z.array(channelRowBody).max(100_000).optional(),
  })
  .refine(({ csv, rows }) => (csv === undefined) !== (rows === undefined), { path: ["csv"], error: "either csv or rows" });
const channelParam = z.object({ name: z.string().regex(/^[0-9A-Za-z._-]{1,40}$/) });
const comparisonBody = z.strictObject({ meters: z.array(z.string()).max(10_000).optional() }).nullish();

const position = ({ available, held }: Position): z.output<typeof positionShape> => ({
  available: yuan(available),
  held: yuan(held),
});

export function bookkeepingRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();

  const known = async (text: string): Promise<AccountId> => {
    const account = await parts.meterStore.account(null, AccountId(text));
    if (account === null) throw new Fault("unknown-account", { account: text });
    return account.account;
  };

  typed.get(
    "/v1/accounts/:account/statement",
    {
      schema: {
        tags: ["accounts"],
        summary: "Opening, every movement, closing, and sums by kind",
        params: shape.accountParam,
        querystring: periodQuery.extend({ format: z.enum(["json", "csv"]).default("json") }),
        response: { 200: orCsv(told.statement), 400: shape.problem, 404: shape.problem },
      },
    },
    async (request, reply) => {
      const account = await known(request.params.account);
      const period = periodOf(request.query, parts.clock.now(), parts.timeZone);
      const rows = await parts.ledgerStore.period(account, period, STATEMENT_LINES_MAX);
      if (rows === null)
        throw new Fault("period-malformed", { problem: `more than ${STATEMENT_LINES_MAX} movements; ask for a shorter period` });
      const statement = statementOf(account, period, rows);
      if (request.query.format === "json") return statementView(statement, views);
      return reply.type("text/csv; charset=utf-8").send(statementCsv(statement, (at) => views.moment(at)));
    },
  );

  typed.post(
    "/v1/accounts/:account/corrections",
    {
      schema: {
        tags: ["accounts"],
        summary: "Put the books right by a further entry",
        params: shape.accountParam,
        headers: shape.writeHeaders,
        body: correctionBody,
        response: { 201: told.correction, 400: shape.problem, 404: shape.problem, 422: shape.problem },
      },
    },
    async (request, reply) => {
      const account = await known(request.params.account);
      const { against, reason } = request.body;
      const amount = parseYuan(request.body.amount);
      if (amount === 0n)
        throw new Fault("correction-malformed", { field: "amount", problem: "a correction of nothing says nothing" });
      if ((amount < 0n ? 0n - amount : amount) > parts.correctionCap)
        throw new Fault("correction-above-cap", { amount: yuan(amount), cap: yuan(parts.correctionCap) });
      if (!isCorrectable(against) || against === book.available(account))
        throw new Fault("correction-malformed", { field: "against", given: against, allowed: ALLOWED_BOOKS });
      await checkExists(parts, against);
      return writeOnce(parts, request, reply, 201, async (tx) => {
        const legs = [
          { book: book.available(account), amount },
          { book: against, amount: Fen(0n - amount) },
        ];
        const reference = uuidv7();
        await parts.ledger.correct(tx, { reference, legs, note: reason, by: request.actor });
        return {
          correction: { reference, account, amount: yuan(amount), against, reason, by: request.actor },
          account: { account, ...position(await parts.ledger.position(tx, account)) },
        } satisfies z.output<typeof told.correction>;
      });
    },
  );

  typed.post(
    "/v1/channels/:name/reconciliation",
    {
      bodyLimit: CHANNEL_FILE_BYTES_MAX,
      schema: {
        tags: ["payments"],
        summary: "A channel's daily file beside our payments: missing, extra, different",
        params: channelParam,
        body: channelBody,
        response: { 200: told.channelFile, 400: shape.problem, 404: shape.problem },
      },
    },
    async (request) => {
      const channel = request.params.name;
      if (parts.channels !== null && !parts.channels.has(channel)) throw new Fault("unknown-channel", { channel });
      const { day, csv, rows } = request.body;
      const period = periodOf({ from: day, to: day }, parts.clock.now(), parts.timeZone);
      const theirs = csv === undefined ? (rows ?? []).map((row, index) => channelRow(row, index + 1)) : parseChannelFile(csv);
      const ours = await parts.paymentStore.ofChannel(
        channel,
        period,
        theirs.map(({ orderId }) => orderId),
      );
      const found = compareChannel(theirs, ours, period);
      const plain = (row: (typeof theirs)[number]) => ({ ...row, amount: yuan(row.amount) });
      return {
        ...{ channel, day, rows: theirs.length, matched: found.matched },
        missing: found.missing.map(plain),
        extra: found.extra.map((payment) => paymentView(payment, views)),
        different: found.different.map((pair) => ({ theirs: plain(pair.theirs), ours: paymentView(pair.ours, views) })),
        repeated: [...found.repeated],
      };
    },
  );

  typed.post(
    "/v1/reconciliations",
    {
      schema: {
        tags: ["exceptions"],
        summary: "Compare ledger and meters now; reads only. 202: it takes longer, and is asked for by its id",
        body: comparisonBody,
        response: { 200: told.run, 202: told.run, 404: shape.problem },
      },
    },
    async (request, reply) => {
      const only = request.body?.meters?.map((address) => MeterAddress(address, "meters")) ?? null;
      for (const address of only ?? [])
        if (parts.street.meter(address) === undefined) throw new Fault("unknown-meter", { meter: address });
      const { record, done } = await parts.comparison.begin(request.actor, only === null ? null : new Set(only));
      const late = new AbortController();
      const end = await Promise.race([done, parts.clock.wait(ANSWER_AFTER_MS, late.signal).then(() => null)]);
      late.abort();
      return reply.status(end === null ? 202 : 200).send(runView(end ?? record, views));
    },
  );

  typed.get(
    "/v1/reconciliations/:id",
    {
      schema: {
        tags: ["exceptions"],
        summary: "How a comparison went",
        params: shape.idParam,
        response: { 200: told.run, 404: shape.problem },
      },
    },
    async (request) => {
      const run = await parts.comparisonStore.run(request.params.id);
      if (run === null) throw new Fault("unknown-reconciliation", { reconciliation: request.params.id });
      return runView(run, views);
    },
  );
}

/** Money moved to nobody would be found by nobody. */
async function checkExists(parts: ApiParts, against: string): Promise<void> {
  const [kind, name = ""] = against.split("/");
  if (kind === "meter" && (await parts.meterStore.meter(null, MeterAddress(name, "against"))) === null)
    throw new Fault("unknown-meter", { meter: name });
  if (kind === "available" && (await parts.meterStore.account(null, AccountId(name, "against"))) === null)
    throw new Fault("unknown-account", { account: name });
}

const statementView = (statement: Statement, views: Views): z.output<typeof told.statement> => ({
  account: statement.account,
  from: views.moment(statement.from),
  to: views.moment(statement.to),
  opening: position(statement.opening),
  lines: statement.lines.map((line) => ({
    ...views.entry(line),
    by: line.by,
    after: position(line.after),
    ...(line.invoice === undefined ? {} : { invoice: line.invoice }),
  })),
  closing: position(statement.closing),
  sums: statement.sums.map(({ kind, count, available, held }) => ({ kind, count, ...position({ available, held }) })),
});

const paymentView = (payment: OurPayment, views: Views): told.OursView => ({
  id: payment.id,
  orderId: payment.orderId,
  account: payment.account,
  amount: yuan(payment.amount),
  state: payment.state,
  createdAt: views.moment(payment.createdAt),
  ...(payment.invoice === undefined ? {} : { invoice: payment.invoice }),
});

const runView = (run: RunRecord, views: Views): z.output<typeof told.run> => ({
  id: run.id,
  state: run.doneAt === null ? "running" : "done",
  at: views.moment(run.at),
  askedBy: run.askedBy,
  doneAt: run.doneAt === null ? null : views.moment(run.doneAt),
  report: run.report,
});
