/** What changes a meter's place in the books: replace, wallet-reset, mode, and the second person's approve and decline. */
import { Option, type Command } from "commander";
import type { ApiOptions, Json } from "./api-client.ts";
import { addressArgument } from "./arguments.ts";
import { lineOf } from "./watch.ts";
import type { Through } from "./through-gateway.ts";

type Why = ApiOptions & { readonly reason: string };

/** Options that were given, under the names the gateway knows. */
const given = (fields: Readonly<Record<string, unknown>>): Json =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

export function meterChanges(program: Command, { throughGateway, clientOf, show }: Through): void {
  throughGateway(program.command("replace"))
    .description("put another meter in a meter's place · 换表")
    .argument("<old>", "twelve digits", addressArgument)
    .argument("<new>", "twelve digits", addressArgument)
    .requiredOption("--bus <id>", "where the new one hangs")
    .requiredOption("--model <name>", "what it is · 表型")
    .option("--meter-number <digits>", "表号 of the new one (default: its address)")
    .option("--customer-number <digits>", "客户编号 of the new one")
    .option("--final-reading <kwh>", "last reading of an old one that answers no more")
    .option("--final-balance <yuan>", "what its wallet showed")
    .option("--final-count <count>", "its purchase count")
    .requiredOption("--reason <text>", "why; it stands in the books")
    .action(async (old: string, fresh: string, options: Why & Readonly<Record<string, string | undefined>>) => {
      const newMeter = given({
        ...{ address: fresh, bus: options["bus"], model: options["model"] },
        ...{ meterNumber: options["meterNumber"], customerNumber: options["customerNumber"] },
      });
      const count = options["finalCount"];
      const finals = {
        ...{ finalReading: options["finalReading"], finalBalance: options["finalBalance"] },
        finalCount: count === undefined ? undefined : Number(count),
      };
      const body = given({ newMeter, ...finals, reason: options.reason });
      const answer = await clientOf(options).post(`/v1/meters/${old}/replacement`, body);
      show(options, answer, standing(answer["replacement"] as Json));
    });

  throughGateway(program.command("replacement"))
    .description("where a replacement stands, what it waits for and what to do · 查看换表")
    .argument("<id>", "its id")
    .option("--abandon", "leave the old meter where it is: only while nothing was moved · 终止换表")
    .addOption(
      new Option("--carry-over", "send the old wallet's rest once more, after a refusal · 重发旧表余额").conflicts("abandon"),
    )
    .action(async (id: string, options: ApiOptions & { readonly abandon?: true; readonly carryOver?: true }) => {
      const verb = options.abandon === true ? "abandon" : options.carryOver === true ? "carry-over" : null;
      const path = `/v1/replacements/${encodeURIComponent(id)}`;
      const client = clientOf(options);
      const answer = await (verb === null ? client.get(path) : client.post(`${path}/${verb}`, {}));
      show(options, answer, standing(answer));
    });

  throughGateway(program.command("wallet-reset"))
    .description("wipe the wallet of a meter on the test bench; a second person approves · 钱包初始化")
    .argument("<address>", "twelve digits", addressArgument)
    .requiredOption("--reason <text>", "why; it stands in the books")
    .action(async (address: string, options: Why) => {
      const answer = await clientOf(options).post(`/v1/meters/${address}/wallet-reset`, { reason: options.reason });
      show(options, answer, lineOf(answer["command"] as Json));
    });

  throughGateway(program.command("mode"))
    .description("go over from local to remote mode; the wallet's rest is credited once · 切换费控模式")
    .argument("<address>", "twelve digits", addressArgument)
    .argument("<mode>", "remote")
    .option("--way <way>", "order, or at-the-meter: somebody does it there, and the gateway watches")
    .option("--balance <yuan>", "what it showed before somebody switched it; a second person approves")
    .requiredOption("--reason <text>", "why; it stands in the books")
    .action(async (address: string, mode: string, options: Why & { way?: string; balance?: string }) => {
      const { way, balance, reason } = options;
      const answer = await clientOf(options).post(`/v1/meters/${address}/mode`, given({ mode, way, balance, reason }));
      show(options, answer, lineOf(answer["command"] as Json));
    });

  for (const [verb, description] of [
    ["approve", "let a command go that another person asked for · 审批同意"],
    ["decline", "say no to a command that waits for a second person · 审批不同意"],
  ] as const)
    throughGateway(program.command(verb))
      .description(description)
      .argument("<id>", "the command's id")
      .requiredOption("--note <text>", "what you looked at; it stands in the books")
      .action(async (id: string, options: ApiOptions & { readonly note: string }) => {
        const command = await clientOf(options).post(`/v1/commands/${encodeURIComponent(id)}/${verb}`, { note: options.note });
        show(options, command, lineOf(command));
      });
}

function standing(replacement: Json): string {
  const { id, oldMeter, newMeter, step, waitingFor, carried } = replacement;
  const text = (value: unknown): string => (typeof value === "string" ? value : "–");
  const says = replacement["says"] as { readonly en: string; readonly zh: string } | null | undefined; // an older gateway has no words
  const words = says == null ? "" : `\n  ${says.en}\n  ${says.zh}`;
  return `replacement ${text(id)}  ${text(oldMeter)} → ${text(newMeter)}  ${text(step)}  waits for ${text(waitingFor)}  carried ${text(carried)}${words}`;
}
