/** The tools of the money desk, through the gateway's own door: exceptions, ledger beside meters, statements, a channel's file. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { systemClock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { ApiOptions, Json } from "./api-client.ts";
import { billCommand } from "./bill-command.ts";
import { Exit, WrongUse } from "./exits.ts";
import { leftOut, wholeList } from "./whole-list.ts";
import type { Through } from "./through-gateway.ts";

const ASK_EVERY_MS = 500;

interface ExceptionOptions extends ApiOptions {
  readonly all?: boolean;
  readonly kind?: string;
  readonly owner?: string;
  readonly meter?: string;
  readonly overdue?: boolean;
  readonly assign?: string;
  readonly close?: boolean;
  readonly apply?: boolean;
  readonly note?: string;
}

export function deskCommands(program: Command, through: Through): void {
  const { throughGateway, clientOf, show, terminal, end } = through;
  throughGateway(program.command("exceptions"))
    .description("what waits for a person; one with evidence; hand over, close, apply · 异常工单")
    .argument("[id]", "one of them; none: the list of the open ones")
    .option("--all", "closed ones as well")
    .option("--kind <kind>", "command-disputed, ledger-difference …")
    .option("--owner <name>", "whose")
    .option("--meter <address>", "about this meter")
    .option("--overdue", "only those whose time is over")
    .option("--assign <owner>", "hand it over; needs --note")
    .option("--close", "close it; needs --note")
    .option("--apply", "post the suggested entry and close it; needs --note")
    .option("--note <text>", "why, or what was done; it stands in the books")
    .action(async (id: string | undefined, options: ExceptionOptions) => {
      const api = clientOf(options);
      if (id === undefined) {
        const answer = await wholeList(api, "/v1/exceptions", queryOf(options));
        const items = answer["items"] as readonly Json[];
        const lines = [...items.map(lineOf), ...leftOut(answer, "--kind, --owner, --meter or --overdue")];
        show(options, answer, items.length === 0 ? "Nothing waits for a person." : lines.join("\n"));
        return;
      }
      const path = `/v1/exceptions/${encodeURIComponent(id)}`;
      const wishes = [options.assign !== undefined, options.close === true, options.apply === true].filter(Boolean).length;
      if (wishes > 1) throw new WrongUse("One of --assign, --close and --apply at a time.");
      if (wishes === 1) {
        if (options.note === undefined) throw new WrongUse("Say in --note why, or what was done.");
        const verb = options.assign !== undefined ? "assign" : options.close === true ? "close" : "apply";
        await api.post(`${path}/${verb}`, {
          note: options.note,
          ...(options.assign === undefined ? {} : { owner: options.assign }),
        });
      }
      const item = await api.get(path);
      show(options, item, describe(item));
    });

  throughGateway(program.command("reconcile"))
    .description("compare ledger and meters now; reads only · 账表核对")
    .argument("[addresses...]", "these meters; none: all")
    .action(async (addresses: string[], options: ApiOptions) => {
      const api = clientOf(options);
      let run = await api.post("/v1/reconciliations", addresses.length === 0 ? {} : { meters: addresses });
      while (run["state"] !== "done") {
        await systemClock.wait(ASK_EVERY_MS);
        run = await api.get(`/v1/reconciliations/${String(run["id"])}`);
      }
      const report = run["report"] as Json;
      show(options, run, describeRun(report));
      const wrong = ["differences", "brokenSums"].some((name) => (report[name] as readonly unknown[]).length > 0);
      if (wrong || report["sumsNotSeen"] !== undefined) end(Exit.failed);
    });

  throughGateway(program.command("statement"))
    .description("what an account had, what moved, what it has · 对账单")
    .argument("<account>", "account number")
    .option("--from <day>", "like 2026-11-01 (default: today)")
    .option("--to <day>", "like 2026-11-30, meant whole (default: now)")
    .option("--csv", "as CSV")
    .action(async (account: string, options: ApiOptions & { from?: string; to?: string; csv?: boolean }) => {
      const query = new URLSearchParams({
        ...(options.from === undefined ? {} : { from: options.from }),
        ...(options.to === undefined ? {} : { to: options.to }),
      });
      const path = `/v1/accounts/${encodeURIComponent(account)}/statement?${query.toString()}`;
      if (options.csv === true) {
        terminal.out((await clientOf(options).text(`${path}&format=csv`)).trimEnd());
        return;
      }
      const statement = await clientOf(options).get(path);
      show(options, statement, describeStatement(statement));
    });

  billCommand(program, through);

  throughGateway(program.command("channel-file"))
    .description("a channel's daily file beside our payments · 渠道对账")
    .argument("<channel>", "its name")
    .argument("<file>", "CSV: orderId, amount, time")
    .requiredOption("--day <day>", "the day of the file, like 2026-11-22")
    .action(async (channel: string, file: string, options: ApiOptions & { day: string }) => {
      const answer = await clientOf(options).post(`/v1/channels/${encodeURIComponent(channel)}/reconciliation`, {
        day: options.day,
        csv: textOf(file),
      });
      show(options, answer, describeChannel(answer));
      const lists = ["missing", "extra", "different"].map((name) => answer[name] as readonly unknown[]);
      if (lists.some((list) => list.length > 0)) end(Exit.failed);
    });
}

function queryOf(options: ExceptionOptions): URLSearchParams {
  return new URLSearchParams({
    ...(options.all === true ? {} : { state: "open" }),
    ...(options.overdue === true ? { overdue: "true" } : {}),
    ...(options.kind === undefined ? {} : { kind: options.kind }),
    ...(options.owner === undefined ? {} : { owner: options.owner }),
    ...(options.meter === undefined ? {} : { meter: options.meter }),
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new WrongUse(`${file} cannot be read: ${reasonOf(error)}`);
  }
}

const words = (item: Json, name: string): string => {
  const { en, zh } = item[name] as { readonly en: string; readonly zh: string };
  return `${en} · ${zh}`;
};
const text = (value: unknown): string => (typeof value === "string" ? value : "–");

const lineOf = (item: Json): string =>
  [
    text(item["id"]),
    item["overdue"] === true ? "OVERDUE" : text(item["state"]),
    text(item["kind"]),
    text(item["meter"] ?? item["account"]),
    text(item["owner"]),
    item["because"] === null ? "" : `(${text(item["because"])})`,
  ]
    .join("  ")
    .trimEnd();

function describe(item: Json): string {
  const steps = item["steps"] as readonly Json[];
  const suggestion = item["suggestion"] as { readonly legs: readonly { book: string; amount: string }[] } | null;
  return [
    lineOf(item),
    words(item, "title"),
    `next step     ${words(item, "nextStep")}`,
    ...(suggestion === null ? [] : suggestion.legs.map((leg) => `suggested     ${leg.book}  ${leg.amount}`)),
    `evidence      ${JSON.stringify(item["evidence"])}`,
    ...steps.map((step) => `${text(step["at"])}  ${text(step["what"])} by ${text(step["by"])}  ${text(step["note"])}`),
  ].join("\n");
}

interface Differing {
  readonly meter: string;
  readonly exception: string;
  readonly findings: readonly { what: string; expected: string; found: string; difference: string; unit: string }[];
}

function describeRun(report: Json): string {
  const differences = report["differences"] as readonly Differing[];
  const skipped = report["skipped"] as readonly { meter: string; why: string }[];
  const counts = `${String(report["agree"])} of ${String(report["meters"])} agree, ${String(report["firstLooks"])} seen for the first time`;
  return [
    counts,
    ...differences.flatMap(({ meter, exception, findings }) =>
      findings.map(
        ({ what, expected, found, difference, unit }) =>
          `${meter}  ${what}: ${found} instead of ${expected} (${difference} ${unit})  exception ${exception}`,
      ),
    ),
    ...skipped.map(({ meter, why }) => `${meter}  not compared: ${why}`),
    ...(report["brokenSums"] as readonly Json[]).map(
      (sum) => `${text(sum["book"])}  kept ${text(sum["kept"])}, summed ${text(sum["summed"])}`,
    ),
    ...(report["sumsNotSeen"] === undefined
      ? []
      : [`kept sums were not held against their legs (${text(report["sumsNotSeen"])}): ask again`]),
  ].join("\n");
}

function describeStatement(statement: Json): string {
  const at = (name: string): string => {
    const { available, held } = statement[name] as { available: string; held: string };
    return `${available} available, ${held} held`;
  };
  const lines = statement["lines"] as readonly Json[];
  return [
    `${text(statement["from"])}  opening  ${at("opening")}`,
    ...lines.map(
      (line) =>
        `${text(line["at"])}  ${text(line["kind"]).padEnd(10)}  ${text(line["available"]).padStart(12)}  ${text(line["held"]).padStart(12)}`,
    ),
    `${text(statement["to"])}  closing  ${at("closing")}`,
  ].join("\n");
}

function describeChannel(answer: Json): string {
  const rows = (name: string): readonly Json[] => answer[name] as readonly Json[];
  return [
    `${String(answer["matched"])} of ${String(answer["rows"])} rows agree`,
    ...rows("missing").map((row) => `missing here     ${text(row["orderId"])}  ${text(row["amount"])}`),
    ...rows("extra").map((row) => `missing there    ${text(row["orderId"])}  ${text(row["amount"])}`),
    ...rows("different").map((pair) => {
      const { theirs, ours } = pair as { readonly theirs?: Json; readonly ours?: Json };
      return `other amount     ${text(theirs?.["orderId"])}  there ${text(theirs?.["amount"])}, here ${text(ours?.["amount"])}`;
    }),
  ].join("\n");
}
