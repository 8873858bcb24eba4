/** `meterctl indicators`: by which numbers the gateway is judged, beside what is aimed at; with `rows` what one of them rests on, as a file. */
import { Option, type Command } from "commander";
import type { ApiOptions, Json } from "./api-client.ts";
import { Exit, WrongUse } from "./exits.ts";
import type { Through } from "./through-gateway.ts";

interface Options extends ApiOptions {
  readonly from?: string;
  readonly to?: string;
  readonly by: string;
  readonly csv?: boolean;
  readonly jsonl?: boolean;
}

export function indicatorCommands(program: Command, { throughGateway, clientOf, show, terminal, end }: Through): void {
  throughGateway(program.command("indicators"))
    .description("rates and figures of a period beside their targets; one missed: exit code 1 · 指标")
    .argument("[rows]", 'with "rows": the rows that the named indicator rests on')
    .argument("[name]", "of the indicator, like collection-rate")
    .option("--from <day>", "a day like 2026-11-22 or a month like 2026-11 (default: the first of this month)")
    .option("--to <day>", "up to this day or month (default: the end of the month of --from, or today)")
    .addOption(new Option("--by <key>", "parted by").choices(["none", "class", "bus", "model"]).default("none"))
    .option("--csv", "as CSV; of rows this is how they come")
    .option("--jsonl", "of rows: one JSON object a line")
    .action(async (rows: string | undefined, name: string | undefined, options: Options) => {
      const query = new URLSearchParams();
      for (const each of ["from", "to"] as const) if (options[each] !== undefined) query.set(each, options[each]);
      if (rows !== undefined) {
        if (rows !== "rows" || name === undefined) throw new WrongUse("Say: meterctl indicators rows NAME.");
        query.set("format", options.jsonl === true ? "jsonl" : "csv");
        const path = `/v1/indicators/${encodeURIComponent(name)}/rows?${query.toString()}`;
        terminal.out((await clientOf(options).text(path)).trimEnd());
        return;
      }
      query.set("by", options.by);
      if (options.csv === true) {
        terminal.out((await clientOf(options).text(`/v1/indicators?${query.toString()}&format=csv`)).trimEnd());
        return;
      }
      const answer = await clientOf(options).get(`/v1/indicators?${query.toString()}`);
      const items = answer["items"] as readonly Json[];
      const keyLetters = Math.max(...items.map(({ key }) => text(key).length));
      show(
        options,
        answer,
        [`${text(answer["from"])} … ${text(answer["to"])}`, ...items.map((item) => lineOf(item, keyLetters))].join("\n"),
      );
      if (items.some(({ meets }) => meets === false)) end(Exit.failed);
    });
}

const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "–");

const NAME_LETTERS = 28;
const VALUE_LETTERS = 10;

function lineOf(item: Json, keyLetters: number): string {
  const { name, key, unit, value, numerator, denominator, target, meets } = item;
  const title = item["title"] as { readonly en: string; readonly zh: string };
  const aim = target as { readonly way: string; readonly value: number } | null;
  const said = [
    text(name).padEnd(NAME_LETTERS),
    ...(key === null ? [] : [text(key).padEnd(keyLetters)]),
    valueText(value as number | null, text(unit)).padStart(VALUE_LETTERS),
    ...(numerator === null || denominator === null ? [] : [`${text(numerator)} of ${text(denominator)}`]),
    ...(aim === null
      ? []
      : [`(${aim.way.replace("-", " ")} ${valueText(aim.value, text(unit))}${meets === false ? ", missed" : ""})`]),
  ];
  return `${said.join("  ")}  ${title.en} · ${title.zh}`;
}

function valueText(value: number | null, unit: string): string {
  if (value === null) return "–";
  if (unit === "share") return `${(value * 100).toFixed(2)} %`;
  return unit === "seconds" ? `${value} s` : String(value);
}
