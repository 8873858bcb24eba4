/** `meterctl reviews` and `meterctl entry`: what to look at, and what a person says about a register after looking. */
import { randomUUID } from "node:crypto";
import { Argument, Option, type Command } from "commander";
import type { ApiOptions, Json } from "./api-client.ts";
import { addressArgument } from "./arguments.ts";
import { WrongUse } from "./exits.ts";
import { leftOut, wholeList } from "./whole-list.ts";
import type { Through } from "./through-gateway.ts";

interface ReviewOptions extends ApiOptions {
  readonly sort?: string;
  readonly order?: string;
  readonly class?: string;
  readonly bus?: string;
  readonly csv?: boolean;
}

interface EntryOptions extends ApiOptions {
  readonly register?: string;
  readonly insteadOf?: string;
  readonly rates?: string;
  readonly billedTo?: string;
  readonly energy?: string;
  readonly days?: string;
  readonly at?: string;
  readonly reason?: string;
  readonly key?: string;
}

const NARROWER = "--class or --bus; --csv has all of them";
const LISTS = ["swings", "silent", "energy-while-cut", "frozen", "never-read", "suspects"];
const SORT_KEYS = ["score", "since", "meter", "class", "bus"];
const KINDS = ["accept", "correct", "estimate", "rebase"];

export function reviewCommands(program: Command, { throughGateway, clientOf, show, terminal }: Through): void {
  throughGateway(program.command("reviews"))
    .description("meters worth a look although nothing failed · 用电复核")
    .addArgument(new Argument("<list>").choices(LISTS))
    .addOption(new Option("--sort <key>", "by what (default: score)").choices(SORT_KEYS))
    .addOption(new Option("--order <order>", "(default: desc)").choices(["asc", "desc"]))
    .option("--class <name>", "of this class of customer alone")
    .option("--bus <id>", "of this bus alone")
    .option("--csv", "as CSV")
    .action(async (list: string, options: ReviewOptions) => {
      const query = new URLSearchParams({ list });
      for (const name of ["sort", "order", "class", "bus"] as const)
        if (options[name] !== undefined) query.set(name, options[name]);
      if (options.csv === true) {
        terminal.out((await clientOf(options).text(`/v1/reviews?${query.toString()}&format=csv`)).trimEnd());
        return;
      }
      const answer = await wholeList(clientOf(options), "/v1/reviews", query);
      const items = answer["items"] as readonly Json[];
      const lines =
        items.length === 0 ? "Nothing on this list." : [...items.map(lineOf), ...leftOut(answer, NARROWER)].join("\n");
      show(options, answer, lines);
    });

  throughGateway(program.command("entry"))
    .description("what a register really is: the way past a doubt · 示数录入")
    .argument("<address>", "twelve digits", addressArgument)
    .addArgument(new Argument("<kind>").choices(KINDS))
    .option("--register <kWh>", "accept: the doubted one that you looked at · correct, rebase: as the meter shows it")
    .option(
      "--instead-of <kWh>",
      "what is believed · correct: it was false, and what it cost is given back · rebase: with --billed-to",
    )
    .option("--rates <kWh,…>", "correct: by rate, the first rate first")
    .option("--billed-to <kWh>", "rebase: what it showed last before it was reset; with --instead-of")
    .option("--energy <kWh>", "estimate: so much was used since; with --at")
    .option("--days <n>", "estimate: by the mean of so many days (default: 7)")
    .option("--at <time>", "ISO 8601 with offset; needed with --energy; left out: of the doubted reading, else now")
    .option("--reason <text>", "why; it stands in the books and closes the exception")
    .option("--key <key>", "the same key again is the same entry (default: a new one, which is told)")
    .action(async (address: string, kind: string, options: EntryOptions) => {
      if (options.reason === undefined) throw new WrongUse("Say in --reason why; an entry is never silent.");
      const { register, insteadOf, rates, billedTo, energy, days, at, reason, key = randomUUID() } = options;
      const body = {
        ...{ kind, reason },
        ...(register === undefined ? {} : { register }),
        ...(insteadOf === undefined ? {} : { insteadOf }),
        ...(rates === undefined ? {} : { rates: rates.split(",") }),
        ...(billedTo === undefined ? {} : { billedTo }),
        ...(energy === undefined ? {} : { energy }),
        ...(days === undefined ? {} : { days: Number(days) }),
        ...(at === undefined ? {} : { takenAt: at }),
      };
      // before it is sent: whoever gets no answer asks again with it, and nothing is entered twice
      if (options.key === undefined) terminal.error(`key ${key}`);
      const entry = await clientOf(options).post(`/v1/meters/${encodeURIComponent(address)}/entries`, body, key);
      const said = [entry["id"], entry["kind"], `${text(entry["register"])} kWh`, entry["takenAt"], entry["basis"]].map(text);
      show(options, entry, said.join("  ").trimEnd());
    });
}

const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");

const lineOf = (row: Json): string =>
  [
    ...["meter", "account", "class", "bus", "score", "why", "since"].map((name) => text(row[name])),
    ...Object.entries(row["figures"] as Json).map(([name, value]) => `${name} ${text(value)}`),
  ]
    .filter((part) => part !== "")
    .join("  ");
