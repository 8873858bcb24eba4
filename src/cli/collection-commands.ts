/** `meterctl collection`: of the midnights that meters owe, what came and what is missing, through the gateway's own door. */
import { Option, type Command } from "commander";
import type { ApiOptions, Json } from "./api-client.ts";
import { Exit } from "./exits.ts";
import { leftOut, wholeList } from "./whole-list.ts";
import type { Through } from "./through-gateway.ts";

interface Options extends ApiOptions {
  readonly day?: string;
  readonly from?: string;
  readonly to?: string;
  readonly by: string;
  readonly gaps?: boolean;
}

const NARROWER = "--day, or --from and --to";

export function collectionCommands(program: Command, { throughGateway, clientOf, show, end }: Through): void {
  throughGateway(program.command("collection"))
    .description("of the midnights that meters owe, how many came; with --gaps those that did not · 采集成功率")
    .option("--day <day>", "like 2026-11-22 (default: the last seven)")
    .option("--from <day>", "from this day on")
    .option("--to <day>", "up to this day")
    .addOption(new Option("--by <key>", "what is counted together").choices(["day", "line", "class"]).default("day"))
    .option("--gaps", "list what is missing or given up; any: exit code 1")
    .action(async (options: Options) => {
      const query = new URLSearchParams();
      for (const name of ["day", "from", "to"] as const) if (options[name] !== undefined) query.set(name, options[name]);
      if (options.gaps !== true) query.set("by", options.by);
      const answer = await (options.gaps === true
        ? wholeList(clientOf(options), "/v1/collection/gaps", query)
        : clientOf(options).get(`/v1/collection?${query.toString()}`));
      const items = answer["items"] as readonly Json[];
      const lines = options.gaps === true ? [...items.map(gapLine), ...leftOut(answer, NARROWER)] : items.map(rateLine);
      const none = options.gaps === true ? "Nothing is missing." : "No midnight was owed yet.";
      show(options, answer, lines.length === 0 ? none : lines.join("\n"));
      if (options.gaps === true && items.length > 0) end(Exit.failed);
    });
}

const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "–");

function rateLine(item: Json): string {
  const rate = item["rate"] as number | null;
  const share = rate === null ? "–" : `${(rate * 100).toFixed(2)} %`;
  const of = `${text(item["collected"])} of ${text(item["expected"])}`;
  const rest = ["due", "missing", "givenUp"].flatMap((name) =>
    (item[name] as number) > 0 ? [`${text(item[name])} ${name === "givenUp" ? "given up" : name}`] : [],
  );
  const key = item["key"] === null ? [] : [text(item["key"])];
  return [text(item["day"]), ...key, share.padStart(8), of, ...rest].join("  ");
}

function gapLine(item: Json): string {
  const says = item["says"] as { readonly en: string; readonly zh: string } | null;
  const why = says === null ? "" : `${says.en} · ${says.zh}`;
  return [text(item["day"]), text(item["meter"]), text(item["line"]), text(item["state"]), why].join("  ").trimEnd();
}
