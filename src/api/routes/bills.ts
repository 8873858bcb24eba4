/** What an account's energy cost, by day, by rate and by step. Days are the site's; they add up to the charges of the ledger. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { dayOf } from "../../kernel/clock.ts";
import { kwh } from "../../kernel/energy.ts";
import { Fault } from "../../kernel/faults.ts";
import { AccountId } from "../../kernel/ids.ts";
import { yuan } from "../../kernel/money.ts";
import { billCsv, billOf, printPrice, yuanExactly, type Bill, type PartTotal } from "../../ledger/bill.ts";
import type { BilledDay } from "../../ledger/billing-store.ts";
import { daysFrom } from "../../tariff/days.ts";
import * as told from "../account-shapes.ts";
import type { ApiParts } from "../books.ts";
import * as shape from "../schemas.ts";

/** Three years: what anybody may ask back for, and no more in one answer. */
const DAYS_MAX = 1_100;

const query = z.object({
  from: shape.day.optional().describe("left out: the first of this month"),
  to: shape.day.optional().describe("in it; left out: today"),
  format: z.enum(["json", "csv"]).default("json"),
});

const WALLET = "the wallet in the meter deducts by itself; what it used is under daily, what it was paid under statement";

export function billRoutes(app: FastifyInstance, parts: ApiParts): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();

  typed.get(
    "/v1/accounts/:account/bill",
    {
      schema: {
        tags: ["accounts"],
        summary: "Energy and cost by day, by rate and by step, with totals",
        params: shape.accountParam,
        querystring: query,
        response: { 200: told.orCsv(told.bill), 400: shape.problem, 404: shape.problem, 409: shape.problem },
      },
    },
    async (request, reply) => {
      const account = await parts.meterStore.account(null, AccountId(request.params.account));
      if (account === null) throw new Fault("unknown-account", { account: request.params.account });
      const today = dayOf(parts.clock.now(), parts.timeZone);
      const { from = `${today.slice(0, 7)}-01`, to = today, format } = request.query;
      if (from > to) throw new Fault("period-malformed", { from, to, problem: "from has to be before to" });
      if (daysFrom(from, to) >= DAYS_MAX) throw new Fault("period-malformed", { from, to, problem: `at most ${DAYS_MAX} days` });
      const bill = billOf(await parts.billing.billOf(account.account, from, to));
      // nothing was charged, because nothing ever is: a bill of 0.00 would say that nothing was used
      if (account.mode === "local" && bill.days.length === 0)
        throw new Fault("wrong-mode", { account: account.account, why: WALLET });
      if (format === "csv") return reply.type("text/csv; charset=utf-8").send(billCsv(bill));
      return { account: account.account, from, to, ...billView(bill) };
    },
  );
}

const partView = ({ number, energy, price, micro }: PartTotal): told.DayOfLedger["rates"][number] => ({
  number,
  energy: kwh(energy),
  price: printPrice(price),
  cost: yuanExactly(micro),
});
const partsOf = (parts: BilledDay["rates"]) => parts.map((part, index) => partView({ ...part, number: index + 1 }));

/** One day as it is shown, beside what it always was: day, energy, unit, cost. */
export const dayView = (day: BilledDay): told.DayOfLedger => ({
  day: day.day,
  energy: kwh(day.energy),
  unit: "kWh",
  cost: yuan(day.cost),
  source: "charges",
  state: day.state,
  settledBy: day.settledBy,
  estimated: day.estimated,
  ratesMissing: day.ratesMissing,
  rates: partsOf(day.rates),
  steps: partsOf(day.steps),
  exported: day.exported === null ? null : kwh(day.exported),
  feedIn: yuan(day.feedIn),
  tariff: day.tariff,
  tariffFrom: day.version,
});

const billView = (bill: Bill): Pick<z.output<typeof told.bill>, "days" | "totals"> => ({
  days: bill.days.map(dayView),
  totals: {
    energy: kwh(bill.energy),
    unit: "kWh",
    cost: yuan(bill.cost),
    exported: bill.exported === null ? null : kwh(bill.exported),
    feedIn: yuan(bill.feedIn),
    amount: yuan(bill.cost - bill.feedIn),
    rates: bill.rates.map(partView),
    steps: bill.steps.map(partView),
    provisionalDays: bill.provisional,
  },
});
