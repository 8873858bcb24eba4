/** "Why was I cut?" and exemptions, through the gateway's own door. */
import { Option, type Command } from "commander";
import type { ApiOptions, Json } from "./api-client.ts";
import { WrongUse } from "./exits.ts";
import type { Through } from "./through-gateway.ts";

interface ExemptOptions extends ApiOptions {
  readonly kind?: string;
  readonly until?: string;
  readonly reason?: string;
  readonly end?: string;
}

const KINDS = ["guarantee", "medical", "important", "disputed", "hold", "work-order", "conversion"];

export function policyCommands(program: Command, { throughGateway, clientOf, show }: Through): void {
  throughGateway(program.command("why"))
    .description("why an account was cut, or was not · 为何停电/未停电")
    .argument("<account>", "account number")
    .action(async (account: string, options: ApiOptions) => {
      const why = await clientOf(options).get(`/v1/accounts/${encodeURIComponent(account)}/why`);
      show(options, why, describe(why));
    });

  throughGateway(program.command("exempt"))
    .description("exempt an account from cuts for a time; none of the options: who is exempt · 免跳闸豁免")
    .argument("<account>", "account number")
    .addOption(new Option("--kind <kind>", "why it is not cut").choices(KINDS))
    .option("--until <when>", "a day, meant whole, or a moment; never left out")
    .option("--reason <text>", "why; it stands in the books")
    .option("--end <id>", "take this one back before its end")
    .action(async (account: string, options: ExemptOptions) => {
      const api = clientOf(options);
      const path = `/v1/accounts/${encodeURIComponent(account)}/exemptions`;
      const { kind, until, reason, end } = options;
      if (end !== undefined) {
        const ended = await api.delete(`${path}/${encodeURIComponent(end)}`);
        show(options, ended, exemptionLine(ended));
      } else if (kind !== undefined || until !== undefined || reason !== undefined) {
        if (kind === undefined || until === undefined || reason === undefined)
          throw new WrongUse("An exemption needs --kind, --until and --reason.");
        const made = await api.post(path, { kind, until, reason });
        show(options, made, exemptionLine(made));
      } else {
        const answer = await api.get(path);
        const items = answer["items"] as readonly Json[];
        show(options, answer, items.length === 0 ? "Nobody has exempted this account." : items.map(exemptionLine).join("\n"));
      }
    });
}

const text = (value: unknown): string => (typeof value === "string" ? value : "–");
const list = (of: Json, name: string): readonly Json[] => of[name] as readonly Json[];
const both = (words: Json): string => `${text(words["en"])} · ${text(words["zh"])}`;

const exemptionLine = (one: Json): string =>
  [
    text(one["id"]),
    one["holds"] === true ? "holds" : "over",
    text(one["kind"]),
    `until ${text(one["until"])}`,
    `by ${text(one["madeBy"])}`,
    text(one["reason"]),
  ].join("  ");

function describe(why: Json): string {
  const answer = why["answer"] as Json;
  const balance = why["balance"] as Json;
  const decision = why["decision"] as Json | null;
  const reading = why["reading"] as Json | null;
  const doubted = why["doubted"] as Json | null;
  const strategy = why["strategy"] as Json;
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
  return [
    text(answer["en"]),
    text(answer["zh"]),
    `balance       ${text(balance["available"])} available, ${text(balance["held"])} held; a cut is due below ${text(balance["cutBelow"])}`,
    ...(reading === null
      ? []
      : [
          `reading       ${text(reading["value"])} ${text(reading["unit"])} at ${text(reading["takenAt"])} (${text(reading["source"])}${reading["charged"] === false ? ", not charged yet" : ""})`,
        ]),
    ...(doubted === null
      ? []
      : [
          `not believed  ${text(doubted["value"])} ${text(doubted["unit"])} at ${text(doubted["takenAt"])} (${text(doubted["source"])}): ${both(doubted["why"] as Json)}`,
        ]),
    ...(decision?.["nextAt"] == null
      ? []
      : [`changes at    ${text(decision["nextAt"])} at the earliest, if nothing else happens`]),
    ...section("not cut now, because", list(why, "blocks").map(both)),
    ...section(
      "notices",
      list(why, "notices").map((one) =>
        one["delivered"] === null
          ? `${text(one["at"])}  ${text(one["stage"])}  ${text(one["state"])}${one["because"] === null ? "" : `: ${text(one["because"])}`}`
          : `${text(one["at"])}  ${text(one["stage"])}  delivered ${text(one["delivered"])} by ${text(one["channel"])}`,
      ),
    ),
    ...section("exemptions", list(why, "exemptions").map(exemptionLine)),
    ...section(
      `strategy ${text(strategy["version"])}`,
      list(strategy, "rules").map((rule) => `${text(rule["text"])}  (${text((rule["title"] as Json)["en"])})`),
    ),
    ...section(
      "decisions",
      list(why, "decisions").map(
        (one) =>
          `${text(one["at"])}  ${text((one["stage"] as Json)["code"])}  ${text(one["want"])}, ${text((one["because"] as Json)["code"])}  by ${text(one["strategy"])}`,
      ),
    ),
    ...section(
      "commands",
      list(why, "commands").map(
        (one) => `${text(one["createdAt"])}  ${text(one["kind"])}  ${text(one["state"])}  ${text(one["frames"])}`,
      ),
    ),
  ].join("\n");
}
