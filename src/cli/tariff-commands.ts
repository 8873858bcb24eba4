/**
 * `meterctl tariff`: what a meter that deducts by itself has, beside what the site file says, and a version pushed into it or into all
 * meters of a tariff. `show --link` asks the meter itself, without a gateway.
 */
import type { Command } from "commander";
import { loadConfig } from "../config.ts";
import { complaintAbout, isModelName } from "../devices/meter-models.ts";
import { openDirectLink } from "../devices/direct-link.ts";
import { tellTariff, type ToldTariff } from "../devices/meter-tariff/told.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Tariff } from "../tariff/tariff.ts";
import type { ApiClient, ApiOptions, Json } from "./api-client.ts";
import { addressArgument } from "./arguments.ts";
import { languageOf } from "./decode.ts";
import { Exit, WrongUse } from "./exits.ts";
import { LINK_PARTS } from "./line-options.ts";
import type { Terminal } from "./terminal.ts";
import { lineOf, watch } from "./watch.ts";
import type { Through } from "./through-gateway.ts";

type Language = "en" | "zh";

export function tariffCommands(program: Command, { throughGateway, clientOf, show, terminal, end }: Through): void {
  const tariff = program.command("tariff").description("tariffs in meters that deduct by themselves · 表内电价");

  throughGateway(tariff.command("show"))
    .description("both sets as the meter has them, beside what the site file says · 查看表内电价")
    .argument("<address>", "twelve digits", addressArgument)
    .option("--link <url>", "ask the meter itself: tcp://host:port, serial:///dev/ttyUSB0?baud=2400, or mqtt://host:port")
    .option("--model <name>", "with --link: what it is (default: standard-wallet) · 表型")
    .option("--site <file>", "with --link: the site file it is held against · 站点文件")
    .option("--lang <language>", "en or zh (default: what the terminal speaks) · 语言")
    .action(async (address: MeterAddress, options: ApiOptions & Readonly<Record<string, string | undefined>>) => {
      const language = languageOf(options["lang"], terminal.env);
      const told =
        options["link"] === undefined
          ? ((await clientOf(options).get(`/v1/meters/${address}/tariff`)) as unknown as ToldTariff)
          : await readDirectly(address, options["link"], { model: options["model"], site: options["site"] }, terminal);
      show(options, told, printTariff(told, language));
      if (told.agrees === false) end(Exit.failed);
    });

  throughGateway(tariff.command("push"))
    .description("write a version into a meter's spare set, or into all meters of the tariff · 下装电价")
    .argument("<tariff>", "its id in the site file")
    .argument("<from>", "the day its version begins on, like 2027-01-01")
    .option("--meter <address>", "this meter alone (default: every meter that deducts by it)", addressArgument)
    .option("--replace-pending", "take back a switch to another tariff first")
    .option("--reason <text>", "why; it stands in the books", "pushed with meterctl")
    .option("--watch", "follow it to its end")
    .action(
      async (
        id: string,
        from: string,
        options: ApiOptions & { meter?: string; replacePending?: boolean; reason: string; watch?: boolean },
      ) => {
        const api = clientOf(options);
        const say = (line: string): void => (options.json === true ? undefined : terminal.out(line));
        const body = { from, replacePending: options.replacePending === true, reason: options.reason };
        if (options.meter !== undefined) {
          const answer = await api.post(`/v1/meters/${options.meter}/tariff`, { tariff: id, ...body });
          const command = answer["command"] as Json;
          show(options, answer, lineOf(command));
          if (options.watch === true) end((await watch(api, String(command["id"]), say)).code);
          return;
        }
        const path = `/v1/tariffs/${encodeURIComponent(id)}/push`;
        const first = await api.post(path, body);
        const refused = (first["items"] as readonly Json[]).filter(({ command }) => command === null);
        show(
          options,
          first,
          [
            printProgress(first),
            ...refused.map(({ meter, problem }) => `${String(meter)}  ${String((problem as Json)["code"])}`),
          ].join("\n"),
        );
        if (options.watch !== true || first["meters"] === first["ended"]) {
          if (refused.length > 0) end(Exit.failed);
          return;
        }
        const last = await followed(api, `${path}/${encodeURIComponent(String(first["push"]))}`, say);
        const confirmed = (last["states"] as Readonly<Record<string, number>>)["confirmed"] ?? 0;
        if (refused.length > 0 || confirmed < (last["meters"] as number)) end(Exit.failed);
      },
    );
}

async function followed(api: ApiClient, path: string, say: (line: string) => void): Promise<Json> {
  let last = "";
  for (;;) {
    const now = await api.get(path);
    const line = printProgress(now);
    if (line !== last) say(line);
    last = line;
    if (now["ended"] === now["meters"]) return now;
    await LINK_PARTS.clock.wait(1_000);
  }
}

const printProgress = (push: Json): string => {
  const states = Object.entries(push["states"] as Readonly<Record<string, number>>).map(([state, count]) => `${count} ${state}`);
  return `push ${String(push["push"])}  ${String(push["ended"])} of ${String(push["meters"])} ended  ${states.join(", ")}`;
};

async function readDirectly(
  address: MeterAddress,
  url: string,
  about: { readonly model: string | undefined; readonly site: string | undefined },
  { env }: Terminal,
): Promise<ToldTariff> {
  const model: string = about.model ?? "standard-wallet";
  if (!isModelName(model)) throw new WrongUse(complaintAbout(model) ?? model);
  const tariff = about.site === undefined ? null : tariffIn(about.site, address, env);
  const link = openDirectLink(url, LINK_PARTS);
  try {
    return tellTariff(await link.readTariff(address, model), tariff, { meter: address, model });
  } finally {
    await link.close();
  }
}

function tariffIn(path: string, address: MeterAddress, env: Terminal["env"]): Tariff | null {
  const { meters, accounts, tariffs } = loadConfig({ path, env });
  const meter = meters.find((each) => each.address === address);
  if (meter === undefined) throw new WrongUse(`${path} names no meter ${address}.`);
  const account = accounts.find((each) => each.account === meter.account);
  return account === undefined ? null : (tariffs.get(account.tariff) ?? null);
}

const SETS: Readonly<Record<ToldTariff["items"][number]["set"], Readonly<Record<Language, string>>>> = {
  running: { en: "running", zh: "执行套" },
  spare: { en: "spare", zh: "备用套" },
  switch: { en: "switches at", zh: "切换时间" },
  both: { en: "both sets", zh: "公用" },
};

/** A line an item; where the site file says otherwise, what it says stands on the next one, marked. */
export function printTariff({ clock, running, tariff, from, agrees, items }: ToldTariff, language: Language): string {
  const zh = language === "zh";
  const head = zh
    ? `电表时钟 ${clock ?? "–"}  执行: 时区第${running.zones ?? "?"}套, 时段第${running.slots ?? "?"}套`
    : `meter's clock ${clock ?? "–"}  running: zones ${running.zones ?? "?"}, slots ${running.slots ?? "?"}`;
  const verdict =
    agrees === null
      ? zh
        ? "站点文件: 无可比电价"
        : "site file: nothing to hold it against"
      : `${zh ? "站点文件" : "site file"}: ${tariff} ${zh ? "自" : "from"} ${from}  ${agrees ? (zh ? "一致" : "agrees") : zh ? "不一致" : "differs"}`;
  const lines = (Object.keys(SETS) as (keyof typeof SETS)[]).flatMap((set) => {
    const own = items.filter((each) => each.set === set);
    return own.length === 0 ? [] : [`\n${SETS[set][language]}`, ...own.flatMap((item) => printItem(item, language))];
  });
  return [head, verdict, ...lines].join("\n");
}

function printItem({ item, title, zh, value, should, differs }: ToldTariff["items"][number], language: Language): string[] {
  const line = `${differs ? "≠" : " "} ${item}  ${language === "zh" ? zh : title}: ${value ?? "–"}`;
  return differs ? [line, `  ${" ".repeat(item.length)}  ${language === "zh" ? "应为" : "should be"}: ${should ?? "–"}`] : [line];
}
