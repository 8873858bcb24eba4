/** What holds automatic cuts back, from the command line: dry run, lists for two persons, emergency stop, releases. */
import type { Command } from "commander";
import type { ApiOptions, Json } from "./api-client.ts";
import { argument } from "./arguments.ts";
import { WrongUse } from "./exits.ts";
import type { Through } from "./through-gateway.ts";

interface CutsOptions extends ApiOptions {
  readonly dryRun?: boolean;
  readonly csv?: boolean;
  readonly sort?: string;
  readonly order?: string;
}
interface BatchOptions extends ApiOptions {
  readonly propose?: true | string[];
  readonly approve?: boolean;
  readonly decline?: boolean;
  readonly raiseBrake?: boolean;
  readonly members?: number;
  readonly note?: string;
}

const membersArgument = argument((text) => {
  if (!/^\d{1,6}$/.test(text)) throw new Error("How many supplies you saw on the list, like 25.");
  return Number(text);
});

export function cutCommands(program: Command, { throughGateway, clientOf, show, terminal }: Through): void {
  throughGateway(program.command("cuts"))
    .description("what holds cuts back; --dry-run: who would be cut now · 停电保护与预演")
    .option("--dry-run", "everybody who owes too much: who would be cut, who is held back and by what")
    .option("--csv", "the dry run as CSV")
    .option("--sort <key>", "owed, meter, account, class, line, since, held (default: owed)")
    .option("--order <order>", "asc or desc (default: desc)")
    .action(async (options: CutsOptions) => {
      const api = clientOf(options);
      if (options.dryRun !== true && options.csv !== true) {
        const state = await api.get("/v1/cuts");
        show(options, state, describe(state));
        return;
      }
      const query = new URLSearchParams({ limit: "1000" });
      for (const name of ["sort", "order"] as const) if (options[name] !== undefined) query.set(name, options[name]);
      const path = `/v1/cuts/preview?${query.toString()}`;
      if (options.csv === true) {
        terminal.out((await api.text(`${path}&format=csv`)).trimEnd());
        return;
      }
      const preview = await api.get(path);
      show(options, preview, previewText(preview));
    });

  throughGateway(program.command("cut-batch"))
    .description("lists of cuts that two persons decide about · 停电批次审批")
    .argument("[id]", "one of them; none: the newest")
    .option("--propose [accounts...]", "put these accounts on a new list; none named: all that are due")
    .option("--approve", "say yes: the second person's begins it")
    .option("--decline", "say no; one person is enough")
    .option("--raise-brake", "with --propose and --approve: the brake does not count it, if both say so")
    .option("--members <count>", "with --approve: as many as you saw; refused where it is another list by now", membersArgument)
    .option("--note <text>", "why; it stands in the books")
    .action(async (id: string | undefined, options: BatchOptions) => {
      const api = clientOf(options);
      const { note, propose } = options;
      const wishes = [propose !== undefined, options.approve === true, options.decline === true].filter(Boolean).length;
      if (wishes > 1) throw new WrongUse("One of --propose, --approve and --decline at a time.");
      if (wishes === 1 && note === undefined) throw new WrongUse("Say in --note why.");
      const raiseBrake = options.raiseBrake === true;
      if (propose !== undefined) {
        if (id !== undefined) throw new WrongUse("--propose makes a new list: name accounts after it, and no list before it.");
        const accounts = propose === true ? {} : { accounts: propose };
        const made = await api.post("/v1/cuts/batches", { reason: note, raiseBrake, ...accounts });
        show(options, made, batchLine(made));
        return;
      }
      if (id === undefined) {
        if (wishes === 1) throw new WrongUse("Name the list.");
        const answer = await api.get("/v1/cuts/batches?limit=20");
        const items = answer["items"] as readonly Json[];
        show(options, answer, items.length === 0 ? "No list of cuts." : items.map(batchLine).join("\n"));
        return;
      }
      const path = `/v1/cuts/batches/${encodeURIComponent(id)}`;
      const seen = options.members === undefined ? {} : { members: options.members };
      if (options.approve === true) await api.post(`${path}/approve`, { note, raiseBrake, ...seen });
      if (options.decline === true) await api.post(`${path}/decline`, { note });
      const batch = await api.get(path);
      show(options, batch, [batchLine(batch), ...(batch["members"] as readonly Json[]).map(memberLine)].join("\n"));
    });

  throughGateway(program.command("emergency-stop"))
    .description("no supply is cut any more, whoever orders it; restores go on · 紧急停止跳闸")
    .requiredOption("--reason <text>", "why; it stands in the books")
    .action(async (options: ApiOptions & { readonly reason: string }) => {
      const halt = await clientOf(options).post("/v1/emergency-stop", { reason: options.reason });
      show(options, halt, haltLine(halt));
    });

  throughGateway(program.command("release"))
    .description("let go of the emergency stop or the brake: two persons, one after the other · 双人解除")
    .argument("<what>", "stop or brake")
    .requiredOption("--reason <text>", "why; it stands in the books")
    .action(async (what: string, options: ApiOptions & { readonly reason: string }) => {
      if (what !== "stop" && what !== "brake") throw new WrongUse("Release stop, or brake.");
      const halt = await clientOf(options).post(`/v1/cuts/${what}/release`, { reason: options.reason });
      show(options, halt, haltLine(halt));
    });

  throughGateway(program.command("imported"))
    .description("this channel has brought in everything there is; the brake may count on it · 缴费已全部导入")
    .argument("<channel>", "its name")
    .action(async (channel: string, options: ApiOptions) => {
      const told = await clientOf(options).post("/v1/cuts/imports", { channel });
      show(options, told, `${text(told["channel"])}  ${text(told["at"])}`);
    });
}

const text = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : "–";

function haltLine(halt: Json): string {
  const release = halt["release"] as Json;
  const asked = release["asked"] as Json | null;
  const released = release["released"] as Json | null;
  const standing = asked === null ? "stands" : `stands; ${text(asked["by"])} would release it, a second person is needed`;
  const state = released === null ? standing : `released by ${text(asked?.["by"])} and ${text(released["by"])}`;
  return `${text(halt["kind"])}  ${state}  ${text(halt["because"])}: ${text(halt["reason"])}  since ${text(halt["begunAt"])} by ${text(halt["begunBy"])}`;
}

const batchLine = (batch: Json): string =>
  [
    ...["id", "state", "proposedBy", "proposedAt"].map((name) => text(batch[name])),
    `first ${text((batch["first"] as Json | null)?.["by"])}, second ${text((batch["second"] as Json | null)?.["by"])}`,
    ...(batch["because"] === null ? [] : [text(batch["because"])]),
    text(batch["reason"]),
  ].join("  ");

const memberLine = (member: Json): string =>
  [
    `  ${text(member["meter"])}`,
    text(member["account"]),
    text(member["available"]),
    `${text(member["state"])}${member["canary"] === true ? " (canary)" : ""}`,
    ...(member["because"] === null ? [] : [text((member["because"] as Json)["code"])]),
    ...(member["command"] === null ? [] : [text(member["command"])]),
  ].join("  ");

function describe(state: Json): string {
  const rails = state["rails"] as Json;
  const left = rails["left"] as Json;
  const halts = [state["stop"] as Json | null, state["brake"] as Json | null].filter((halt) => halt !== null);
  return [
    ...(halts.length === 0 ? ["Neither an emergency stop nor the brake stands."] : halts.map(haltLine)),
    `meters ${text(rails["meters"])}; two persons above ${text(rails["approvalAbove"])} an hour; brake above ${text(rails["brakeAbove"])}`,
    `left just now ${text(left["automatic"])} by the rules, ${text(left["approved"])} of lists; failures in a row ${text(rails["failuresInARow"])}`,
    ...(state["batches"] as readonly Json[]).map(batchLine),
  ].join("\n");
}

function previewText(preview: Json): string {
  const items = preview["items"] as readonly Json[];
  const seconds = preview["seconds"] as Json;
  const rows = items.map((row) =>
    [
      ...["meter", "account", "class", "line", "owed"].map((name) => text(row[name])),
      row["due"] === true ? "would be cut" : text(row["stage"]),
      (row["held"] as readonly string[]).join(", "),
    ]
      .join("  ")
      .trimEnd(),
  );
  return [
    `${text(preview["due"])} of ${text(preview["meters"])} would be cut (${text(preview["sharePercent"])} %), owing ${text(preview["owed"])} yuan; ${text(preview["held"])} owe and would not`,
    `two persons needed: ${preview["needsApproval"] === true ? "yes" : "no"} (above ${text(preview["approvalAbove"])}); about ${text(seconds["byLines"])} s by the lines, ${text(seconds["byBrake"])} s by the brake`,
    ...rows,
    ...(preview["next"] === null ? [] : ["… more: --csv shows all"]),
  ].join("\n");
}
