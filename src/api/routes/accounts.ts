/** Accounts: what the ledger says, entry by entry and day by day. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { CentiKwh, kwh } from "../../kernel/energy.ts";
import { Fault } from "../../kernel/faults.ts";
import { AccountId } from "../../kernel/ids.ts";
import { parseYuan } from "../../kernel/money.ts";
import type { AccountBook } from "../../commands/command-store.ts";
import * as told from "../account-shapes.ts";
import type { ApiParts } from "../books.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";
import { dayView } from "./bills.ts";

export function accountRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();

  const known = async (text: string): Promise<AccountBook> => {
    const account = await parts.meterStore.account(null, AccountId(text));
    if (account === null) throw new Fault("unknown-account", { account: text });
    return account;
  };
  const view = async (account: AccountBook): Promise<ReturnType<Views["account"]>> =>
    views.account(account, await parts.ledger.position(null, account.account), account.meter === null ? [] : [account.meter]);

  typed.get(
    "/v1/accounts",
    {
      schema: {
        tags: ["accounts"],
        summary: "Accounts with what they have",
        querystring: shape.pageQuery,
        response: { 200: shape.pageOf(shape.account) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const accounts = await parts.meterStore.accounts({
        limit,
        after: cursor === undefined ? null : AccountId(cursor, "cursor"),
      });
      return { items: await Promise.all(accounts.map(view)), next: accounts.length === limit ? accounts.at(-1)!.account : null };
    },
  );

  typed.get(
    "/v1/accounts/:account",
    {
      schema: {
        tags: ["accounts"],
        summary: "One account: available, held, its meter",
        params: shape.accountParam,
        response: { 200: shape.account, 404: shape.problem },
      },
    },
    async (request) => view(await known(request.params.account)),
  );

  typed.get(
    "/v1/accounts/:account/entries",
    {
      schema: {
        tags: ["accounts"],
        summary: "What moved in the ledger, newest first",
        params: shape.accountParam,
        querystring: shape.numberPageQuery,
        response: { 200: shape.pageOf(told.entry), 404: shape.problem },
      },
    },
    async (request) => {
      const { account } = await known(request.params.account);
      const { limit, cursor } = request.query;
      const lines = await parts.ledgerStore.statement(account, {
        limit,
        before: cursor === undefined ? null : BigInt(cursor),
      });
      return { items: lines.map((line) => views.entry(line)), next: lines.length === limit ? lines.at(-1)!.id.toString() : null };
    },
  );

  typed.get(
    "/v1/accounts/:account/daily",
    {
      schema: {
        tags: ["accounts"],
        summary: "Energy and cost by day, newest first",
        params: shape.accountParam,
        querystring: shape.pageQuery,
        response: { 200: shape.pageOf(told.daily), 404: shape.problem },
      },
    },
    async (request) => {
      const account = await known(request.params.account);
      const { limit } = request.query;
      if (account.mode === "remote") {
        const days = await parts.billing.days(account.account, limit);
        return { items: days.map(dayView), next: null };
      }
      // A wallet deducts by itself: the ledger knows the energy between the day's readings, the meter knows the cost.
      const days = account.meter === null ? [] : await parts.readings.energyByDay(account.meter, parts.timeZone, limit);
      return {
        items: days.map((day) => ({
          day: day.day,
          energy: kwh(CentiKwh(parseYuan(day.last) - parseYuan(day.first))),
          unit: "kWh" as const,
          cost: null,
          source: "readings" as const,
        })),
        next: null,
      };
    },
  );
}
