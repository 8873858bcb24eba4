/** `meterctl notices`: what customers were told, having one tried again, and whether a channel works; through the gateway's own door. */
import type { Command } from "commander";
import type { ApiClient, ApiOptions, Json } from "./api-client.ts";
import { Exit, WrongUse } from "./exits.ts";
import { leftOut } from "./whole-list.ts";
import type { Through } from "./through-gateway.ts";

interface ListOptions extends ApiOptions {
  readonly state?: string;
  readonly kind?: string;
  readonly limit: string;
}
interface TestOptions extends ApiOptions {
  readonly channel: string;
  readonly to?: string;
}
interface RetryOptions extends ApiOptions {
  readonly allFailed?: boolean;
}

const PAGE = 1_000;

export function noticeCommands(program: Command, { throughGateway, clientOf, show, end }: Through): void {
  const notices = program.command("notices").description("what customers were told · 客户通知");

  throughGateway(notices.command("list", { isDefault: true }))
    .description("newest first, of one account or of all · 通知列表")
    .argument("[account]", "account number")
    .option("--state <state>", "waiting, delivered, failed or cancelled")
    .option("--kind <kind>", "like warn-1, notice-due, cut, restored")
    .option("--limit <count>", "at most 1000", "50")
    .action(async (account: string | undefined, options: ListOptions) => {
      const query = new URLSearchParams({ limit: options.limit });
      for (const name of ["state", "kind"] as const) if (options[name] !== undefined) query.set(name, options[name]);
      const path = account === undefined ? "/v1/notices" : `/v1/accounts/${encodeURIComponent(account)}/notices`;
      const answer = await clientOf(options).get(`${path}?${query.toString()}`);
      const items = answer["items"] as readonly Json[];
      const lines = [...items.map(noticeLine), ...leftOut(answer, "an account, --state or --kind; for more: --limit")];
      show(options, answer, items.length === 0 ? "Nobody was to be told anything." : lines.join("\n"));
    });

  throughGateway(notices.command("retry"))
    .description("try one again, or all that failed · 重新发送")
    .argument("[id]", "the notice's id")
    .option("--all-failed", "every notice that failed")
    .action(async (id: string | undefined, options: RetryOptions) => {
      const api = clientOf(options);
      if ((id === undefined) === (options.allFailed !== true)) throw new WrongUse("Which one? Name its id, or say --all-failed.");
      const failed = id === undefined ? await allFailed(api) : [id];
      const tried: Json[] = [];
      for (const each of failed) tried.push(await api.post(`/v1/notices/${encodeURIComponent(each)}/retry`, {}));
      show(options, tried, tried.length === 0 ? "Nothing has failed." : tried.map(noticeLine).join("\n"));
    });

  throughGateway(notices.command("test"))
    .description("send one test message; it stands in no book · 发送测试消息")
    .requiredOption("--channel <name>", "a name of notices.channels")
    .option("--to <whom>", "a telephone number, or an e-mail address")
    .action(async ({ channel, to, ...options }: TestOptions) => {
      const whom = to === undefined ? {} : to.includes("@") ? { email: to } : { phone: to };
      const sent = await clientOf(options).post("/v1/notices/test", { channel, ...whom });
      show(options, sent, `${text(sent["channel"])}  ${text(sent["outcome"])}  ${text(sent["words"])}`);
      if (sent["outcome"] !== "delivered") end(Exit.failed);
    });
}

/** All pages are read before the first is tried again: what is tried is not failed any more. */
async function allFailed(api: ApiClient): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let cursor = ""; ;) {
    const answer = await api.get(`/v1/notices?state=failed&limit=${PAGE}${cursor === "" ? "" : `&cursor=${cursor}`}`);
    ids.push(...(answer["items"] as readonly Json[]).map(({ id }) => text(id)));
    if (typeof answer["next"] !== "string") return ids;
    cursor = answer["next"];
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : "–");

function noticeLine(one: Json): string {
  const because = one["because"] as { readonly en: string; readonly zh: string } | null;
  const state = one["delivered"] === null ? text(one["state"]) : `delivered ${text(one["delivered"])} by ${text(one["channel"])}`;
  const why = because === null ? [] : [`${because.en} · ${because.zh}`];
  return [text(one["id"]), text(one["at"]), text(one["account"]), text(one["kind"]), state, ...why].join("  ");
}
