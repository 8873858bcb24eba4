/** An account's bill on the command line: a line for each day, what rates and steps came to, and the sum. */
import type { Command } from "commander";
import type { ApiOptions, Json } from "./api-client.ts";
import type { Through } from "./through-gateway.ts";

export function billCommand(program: Command, { throughGateway, clientOf, show, terminal }: Through): void {
  throughGateway(program.command("bill"))
    .description("energy and cost by day, rate and step · 电费账单")
    .argument("<account>", "account number")
    .option("--from <day>", "like 2026-11-01 (default: the first of this month)")
    .option("--to <day>", "like 2026-11-30, in it (default: today)")
    .option("--csv", "as CSV")
    .action(async (account: string, options: ApiOptions & { from?: string; to?: string; csv?: boolean }) => {
      const query = new URLSearchParams({
        ...(options.from === undefined ? {} : { from: options.from }),
        ...(options.to === undefined ? {} : { to: options.to }),
      });
      const path = `/v1/accounts/${encodeURIComponent(account)}/bill?${query.toString()}`;
      if (options.csv === true) {
        terminal.out((await clientOf(options).text(`${path}&format=csv`)).trimEnd());
        return;
      }
      const bill = await clientOf(options).get(path);
      show(options, bill, describe(bill));
    });
}

const text = (value: unknown): string => (typeof value === "string" ? value : "–");
const RATES_ZH = ["尖", "峰", "平", "谷"];
const WIDTH = 12;
const right = (value: unknown): string => text(value).padStart(WIDTH);

function describe(bill: Json): string {
  const days = bill["days"] as readonly Json[];
  const totals = bill["totals"] as Json;
  const rates = totals["rates"] as readonly Json[];
  const steps = totals["steps"] as readonly Json[];
  const parts = (name: string, list: readonly Json[], zh: (number: number) => string): string[] =>
    list.map((part) => {
      const number = Number(part["number"]);
      return `${`${name} ${number} ${zh(number)}`.padEnd(10)}${right(part["energy"])} kWh x ${text(part["price"])} = ${text(part["cost"])}`;
    });
  return [
    `${text(bill["from"])} to ${text(bill["to"])}   kWh · 电量, yuan · 元`,
    ...days.map((day) => `${text(day["day"])}${right(day["energy"])}${right(day["cost"])}   ${howOf(day)}`),
    ...(rates.length > 1 ? parts("rate", rates, (number) => RATES_ZH[number - 1] ?? "") : []),
    ...parts("step", steps, (number) => `阶梯${number}`),
    ...(totals["exported"] === null ? [] : [`exported 反向 ${right(totals["exported"])} kWh, earned ${text(totals["feedIn"])}`]),
    `total 合计${right(totals["energy"])}${right(totals["cost"])}`,
  ].join("\n");
}

/** What of it may still change, and what a person should know. */
const howOf = (day: Json): string =>
  [
    day["state"] === "settled"
      ? day["settledBy"] === "readings"
        ? "settled by readings · 按抄表结算"
        : ""
      : "provisional · 暂计",
    day["estimated"] === true ? "estimated · 估算" : "",
    day["ratesMissing"] === true ? "rates missing · 缺费率示数" : "",
  ]
    .filter((word) => word !== "")
    .join(", ");
