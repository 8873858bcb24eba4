/** Bad weather and planned outages, said from the command line: one line at night, by whoever is on duty. */
import { Option, type Command } from "commander";
import type { ApiOptions, Json } from "./api-client.ts";
import { WrongUse } from "./exits.ts";
import type { Through } from "./through-gateway.ts";

interface SayOptions extends ApiOptions {
  readonly from?: string;
  readonly until: string;
  readonly reason: string;
  readonly class?: string;
  readonly feeder?: string;
  readonly bus?: string;
}

const SCOPES = ["class", "feeder", "bus"] as const;
const STATES = ["standing", "coming", "past"];

export function noCutCommands(program: Command, { throughGateway, clientOf, show }: Through): void {
  const noCut = program
    .command("no-cut")
    .description("times in which no rule cuts anybody: bad weather, planned outages · 禁止跳闸时段登记");

  const said = (name: string, kind: string, description: string): void => {
    throughGateway(noCut.command(name))
      .description(description)
      .option("--from <when>", "a day, from its beginning, or a moment with its offset (default: now)")
      .requiredOption("--until <when>", "a day, meant whole, or a moment with its offset")
      .requiredOption("--reason <text>", "why; it stands in the books, and of an outage customers are told it")
      .option("--class <name>", "of customers of this class alone (default: of the whole site)")
      .option("--feeder <name>", "of meters that it feeds")
      .option("--bus <name>", "of meters on this line")
      .action(async (options: SayOptions) => {
        if (SCOPES.filter((scope) => options[scope] !== undefined).length > 1)
          throw new WrongUse("One of --class, --feeder and --bus at a time.");
        const { from, until, reason } = options;
        const scope = Object.fromEntries(SCOPES.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
        const span = await clientOf(options).post("/v1/no-cuts", {
          ...{ kind, until, reason },
          ...(from === undefined ? {} : { from }),
          ...scope,
        });
        show(options, span, spanLine(span));
      });
  };
  said("weather", "bad-weather", "the weather is bad: nobody is cut, a week at most; say it again where it lasts · 恶劣天气登记");
  said("maintenance", "maintenance", "an outage is planned: nobody is cut, and customers are told of it · 计划停电检修登记");

  throughGateway(noCut.command("list", { isDefault: true }))
    .description("what stands, what is coming, what is past; newest first · 登记列表")
    .addOption(new Option("--state <state>", "only these").choices(STATES))
    .action(async (options: ApiOptions & { readonly state?: string }) => {
      const answer = await clientOf(options).get(`/v1/no-cuts${options.state === undefined ? "" : `?state=${options.state}`}`);
      const items = answer["items"] as readonly Json[];
      show(
        options,
        answer,
        items.length === 0 ? "Nobody has said that anybody is not to be cut." : items.map(spanLine).join("\n"),
      );
    });

  throughGateway(noCut.command("end"))
    .description("end one early, or call it off · 提前结束登记")
    .argument("<id>", "which")
    .requiredOption("--reason <text>", "why; it stands in the books")
    .action(async (id: string, options: ApiOptions & { readonly reason: string }) => {
      const span = await clientOf(options).post(`/v1/no-cuts/${encodeURIComponent(id)}/end`, { reason: options.reason });
      show(options, span, spanLine(span));
    });
}

const text = (value: unknown): string => (typeof value === "string" ? value : "–");

const spanLine = (span: Json): string =>
  [
    ...["id", "state", "kind", "scope"].map((name) => text(span[name])),
    `${text(span["from"])} – ${text(span["until"])}`,
    `by ${text(span["saidBy"])}: ${text(span["reason"])}`,
    ...(span["endedAt"] === null
      ? []
      : [`ended ${text(span["endedAt"])} by ${text(span["endedBy"])}: ${text(span["endReason"])}`]),
  ].join("  ");
