/** The command line tool: decode, encode, read, ports, pay, collection, relay, command, receipt, audit, backup, restore, doctor. What each prints and how it ends is told in the README. */
import { randomUUID } from "node:crypto";
import { Command, CommanderError } from "commander";
import { itemOf } from "../protocols/dlt645/index.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { parseYuan } from "../kernel/money.ts";
import { ApiClient, apiOption, type ApiAddress, type ApiOptions, type Json } from "./api-client.ts";
import { auditCommands } from "./audit-commands.ts";
import { backupCommands } from "./backup-commands.ts";
import { bookRunCommands } from "./book-runs.ts";
import { callCommand } from "./call-command.ts";
import { addressArgument, argument, countArgument } from "./arguments.ts";
import { cutCommands } from "./cut-commands.ts";
import { collectionCommands } from "./collection-commands.ts";
import { deskCommands } from "./desk-commands.ts";
import { decode, explainingOf, languageOf } from "./decode.ts";
import { examine, printFindings } from "./doctor.ts";
import { encode, listForms } from "./encode.ts";
import { modelArgument } from "./model-argument.ts";
import { endOf, Exit, WrongUse } from "./exits.ts";
import { examineLink, lineCommands, withLineOptions, type DoctorOptions } from "./line-commands.ts";
import { meterChanges } from "./meter-changes.ts";
import { importCommands } from "./import/import-commands.ts";
import { tariffCommands } from "./tariff-commands.ts";
import { realTerminal, type Terminal } from "./terminal.ts";
import { noticeCommands } from "./notice-commands.ts";
import { noCutCommands } from "./no-cut-commands.ts";
import { policyCommands } from "./policy-commands.ts";
import { receiptCommands } from "./receipt-commands.ts";
import { recoveryCommands } from "./recovery-commands.ts";
import { indicatorCommands } from "./indicator-commands.ts";
import { reviewCommands } from "./review-commands.ts";
import type { Through } from "./through-gateway.ts";
import { lineOf, watch } from "./watch.ts";

const ORDERS = ["disconnect", "reconnect", "arm", "protect", "unprotect", "warn", "unwarn", "disconnect-for"] as const;

/** Runs one call; answers its exit code. */
export async function main(args: readonly string[], terminal: Terminal = realTerminal()): Promise<number> {
  let code: number = Exit.done;
  const program = build(terminal, (end) => (code = end));
  try {
    await program.parseAsync(["node", "meterctl", ...args]);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.done : Exit.wrongUse; // commander has said why
    const end = endOf(error);
    terminal.error(end.say);
    return end.code;
  }
}

function build(terminal: Terminal, end: (code: number) => void): Command {
  const program = new Command("meterctl")
    .description("Talks to fee-control meters, directly or through the gateway. 费控电表工具")
    .addHelpText(
      "after",
      "\nThrough the gateway at GATEWAY_URL, with the key in GATEWAY_KEY. 网关地址取自 GATEWAY_URL，密钥取自 GATEWAY_KEY。",
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.error(text.trimEnd()) });

  const clientOf = (options: ApiOptions): ApiClient => new ApiClient(addressOf(options, terminal.env));
  const show: Through["show"] = (options, value, text) =>
    terminal.out(options.json === true ? JSON.stringify(value, null, 2) : text);

  program
    .command("decode")
    .description("explain frames, field by field · 报文解析")
    .argument("<hex...>", "bytes in hex; each argument is decoded on its own")
    .option("--json", "one flat array")
    .option("--lang <language>", "en or zh (default: what the terminal speaks) · 语言")
    .option("--model <name>", "by the layouts of this model of meter · 表型")
    .action((hex: string[], options: { json?: boolean; lang?: string; model?: string }) => {
      const language = languageOf(options.lang, terminal.env);
      const decoded = decode(hex, { json: options.json === true, language, explaining: explainingOf(options.model) });
      if (decoded.text !== "") terminal.out(decoded.text);
      if (decoded.complaints.length > 0) throw new WrongUse(decoded.complaints.join("\n"));
    });

  program
    .command("encode")
    .description("build a request of any function: encode read ADDRESS ITEM; --list shows all · 组帧")
    .argument("[function]", "its name, as --list shows it")
    .argument("[words...]", "ADDRESS, then the places of the function, by order or as PLACE=VALUE")
    .option("--list", "every function and its places")
    .option("--preamble <count>", "wake-up bytes FE before it", countArgument, 0)
    .option("--model <name>", "by the forms of this model of meter · 表型")
    .action((name: string | undefined, words: string[], options: { list?: boolean; preamble: number; model?: string }) => {
      const model = options.model === undefined ? undefined : modelArgument(options.model);
      if (options.list === true) terminal.out(listForms(model));
      else if (name === undefined) throw new WrongUse("Which function? `meterctl encode --list` shows all of them.");
      else terminal.out(encode(name, words, { preamble: options.preamble, env: terminal.env, model }));
    });

  program
    .command("read")
    .description("read a meter directly, without a gateway · 直接抄表")
    .argument("<address>", "twelve digits", addressArgument)
    .argument("<items...>", "names of the dictionary, or identifiers of eight hex digits")
    .requiredOption("--link <url>", "tcp://host:port, serial:///dev/ttyUSB0?baud=2400, or mqtt://host:port")
    .option("--json", "JSON alone")
    .action(async (address: MeterAddress, items: string[], options: { link: string; json?: boolean }) => {
      for (const item of items)
        if (item !== "clock" && itemOf(item) === undefined)
          throw new WrongUse(`No data item is called "${item}". Use a name of the dictionary, or eight hex digits.`);
      const { readDirectly } = await import("./read.ts");
      const readings = await readDirectly({ address, items, link: options.link });
      terminal.out(
        options.json === true
          ? JSON.stringify({ address, readings }, null, 2)
          : readings
              .map(({ item, value, unit }) => `${item.padEnd(24)} ${value ?? "(no data)"} ${unit ?? ""}`.trimEnd())
              .join("\n"),
      );
      const empty = readings.filter(({ value }) => value === null).map(({ item }) => item);
      if (empty.length === 0) return;
      terminal.error(`The meter answers, and has no data for: ${empty.join(", ")}.`);
      end(Exit.failed);
    });

  program
    .command("ports")
    .description("serial ports of this machine, found without udev · 本机串口")
    .option("--json", "JSON alone")
    .action(async (options: { json?: boolean }) => {
      const { listSerialPorts } = await import("../transports/serial-ports.ts");
      const { printPorts } = await import("./ports.ts");
      const ports = await listSerialPorts();
      terminal.out(options.json === true ? JSON.stringify(ports, null, 2) : printPorts(ports));
    });

  const throughGateway = (command: Command): Command => command.option(...apiOption).option("--json", "JSON alone");

  throughGateway(program.command("pay"))
    .description("take a payment · 缴费")
    .argument("<account>", "account number")
    .argument("<amount>", "yuan, like 100.00", amountArgument)
    .option("--order <id>", "the channel's order id; the same id is never taken twice (default: a new one)")
    .option("--channel <name>", "channel", "meterctl")
    .option("--token <digits>", "twenty digits, for a meter that takes tokens · 购电代码", tokenArgument)
    .option("--watch", "follow the command to its end")
    .action(
      async (
        account: string,
        amount: string,
        options: ApiOptions & { order?: string; channel: string; token?: string; watch?: boolean },
      ) => {
        const api = clientOf(options);
        const orderId = options.order ?? randomUUID();
        // before it is sent: whoever gets no answer asks again with it, and it is taken once
        if (options.order === undefined)
          terminal.error(
            `order ${orderId} (no answer? the same again with --order ${orderId} is taken once · 无应答时用同一单号重试)`,
          );
        const token = options.token === undefined ? {} : { token: options.token };
        const answer = await api.post("/v1/payments", { account, amount, channel: options.channel, orderId, ...token });
        const payment = answer["payment"] as Json;
        const command = answer["command"] as Json | null;
        show(
          options,
          answer,
          `payment ${String(payment["id"])}  ${String(payment["amount"])} yuan  ${String(payment["state"])}  order ${orderId}${command === null ? "" : `\n${lineOf(command)}`}`,
        );
        if (options.watch === true && command !== null)
          end((await watch(api, String(command["id"]), (line) => (options.json === true ? undefined : terminal.out(line)))).code);
      },
    );

  throughGateway(program.command("refund"))
    .description("give a payment back, out of the meter where its money is there · 退费")
    .argument("<payment>", "the payment's id")
    .requiredOption("--reason <text>", "why; it stands in the books")
    .option("--watch", "follow the command to its end")
    .action(async (payment: string, options: ApiOptions & { reason: string; watch?: boolean }) => {
      const api = clientOf(options);
      const answer = await api.post(`/v1/payments/${encodeURIComponent(payment)}/refund`, { reason: options.reason });
      const { amount, state } = answer["payment"] as Json;
      const command = answer["command"] as Json | null;
      const line = command === null ? "" : `\n${lineOf(command)}`;
      show(options, answer, `payment ${payment}  ${String(amount)} yuan  ${String(state)}${line}`);
      if (options.watch === true && command !== null)
        end((await watch(api, String(command["id"]), (row) => (options.json === true ? undefined : terminal.out(row)))).code);
    });

  type OrderOptions = ApiOptions & { reason: string; watch?: boolean };
  /** One command, or one for each meter of a bus. */
  const ordered = async (options: OrderOptions, path: string, body: Json): Promise<void> => {
    const api = clientOf(options);
    const answer = await api.post(path, { ...body, reason: options.reason });
    const commands = (answer["commands"] ?? [answer["command"]]) as readonly Json[];
    show(options, answer, commands.map(lineOf).join("\n"));
    const [command] = commands;
    if (options.watch === true && command !== undefined && commands.length === 1)
      end((await watch(api, String(command["id"]), (line) => (options.json === true ? undefined : terminal.out(line)))).code);
  };

  throughGateway(program.command("relay"))
    .description("order a relay · 继电器控制")
    .argument("<address>", "twelve digits", addressArgument)
    .argument("<order>", ORDERS.join(", "), orderArgument)
    .option("--reason <text>", "why; it stands in the books", "ordered with meterctl")
    .option("--minutes <count>", "with disconnect-for: 5 to 1275, in steps of 5 · 限时分钟数", minutesArgument)
    .option("--then <what>", "with disconnect-for: reconnect or arm (default: reconnect)")
    .option("--watch", "follow the command to its end")
    .action((address: string, order: string, options: OrderOptions & { minutes?: number; then?: string }) => {
      const timed = {
        ...(options.minutes === undefined ? {} : { minutes: options.minutes }),
        ...(options.then === undefined ? {} : { then: options.then }),
      };
      return ordered(options, `/v1/meters/${address}/relay`, { order, ...timed });
    });

  throughGateway(program.command("clock-set"))
    .description("set a meter's clock, or those of a whole bus · 校时")
    .argument("[address]", "twelve digits; none with --bus", addressArgument)
    .option("--bus <id>", "every meter of this bus; the first command broadcasts")
    .option("--way <way>", "write or broadcast (default: write to one meter, broadcast to a bus)")
    .option("--reason <text>", "why; it stands in the books", "ordered with meterctl")
    .option("--watch", "follow the command of one meter to its end")
    .action((address: string | undefined, options: OrderOptions & { bus?: string; way?: string }) => {
      if ((address === undefined) === (options.bus === undefined)) throw new WrongUse("Name one meter, or a bus with --bus.");
      const path = address === undefined ? `/v1/buses/${encodeURIComponent(options.bus!)}` : `/v1/meters/${address}`;
      return ordered(options, `${path}/clock-set`, options.way === undefined ? {} : { way: options.way });
    });

  throughGateway(program.command("freeze"))
    .description("freeze a meter's values · 冻结")
    .argument("<address>", "twelve digits", addressArgument)
    .argument("[when]", "MMDDhhmm, 99 for each; nothing: now")
    .option("--reason <text>", "why; it stands in the books", "ordered with meterctl")
    .option("--watch", "follow the command to its end")
    .action((address: string, when: string | undefined, options: OrderOptions) =>
      ordered(options, `/v1/meters/${address}/freeze`, when === undefined ? {} : { when }),
    );

  throughGateway(program.command("command"))
    .description("show a command and its proof · 查看命令")
    .argument("<id>", "the command's id")
    .option("--watch", "follow it to its end")
    .action(async (id: string, options: ApiOptions & { watch?: boolean }) => {
      const api = clientOf(options);
      // before it is followed: a gateway that was never there is told of at once, and not waited for
      const shown = await api.get(`/v1/commands/${encodeURIComponent(id)}`);
      if (options.watch === true) {
        const { command, code } = await watch(api, id, (line) => (options.json === true ? undefined : terminal.out(line)));
        if (options.json === true) terminal.out(JSON.stringify(command, null, 2));
        end(code);
        return;
      }
      show(options, shown, describe(shown));
    });

  const through: Through = { throughGateway, clientOf, show, terminal, end };
  importCommands({ program, terminal, end, throughGateway, clientOf });
  collectionCommands(program, through);
  deskCommands(program, through);
  indicatorCommands(program, through);
  reviewCommands(program, through);
  meterChanges(program, through);
  tariffCommands(program, through);
  policyCommands(program, through);
  noCutCommands(program, through);
  cutCommands(program, through);
  noticeCommands(program, through);
  recoveryCommands(program, through);
  callCommand(program, through);
  lineCommands(program, terminal, end);
  auditCommands(program, terminal, end);
  backupCommands(program, terminal);
  bookRunCommands(program, terminal);
  receiptCommands(program, terminal, end, clientOf);

  withLineOptions(program.command("doctor"))
    .description("what is wrong with this site, or with a line, and what to do · 自检")
    .option("--json", "JSON alone")
    .action(async (options: DoctorOptions) => {
      if (options.link !== undefined) {
        end(await examineLink(options.link, options, terminal));
        return;
      }
      const findings = await examine(terminal.env);
      terminal.out(options.json === true ? JSON.stringify(findings, null, 2) : printFindings(findings));
      if (findings.some((finding) => !finding.ok)) end(Exit.failed);
    });

  return program;
}

function addressOf(options: ApiOptions, env: Terminal["env"]): ApiAddress {
  const url = options.api ?? env["GATEWAY_URL"] ?? "http://127.0.0.1:8080";
  if (!URL.canParse(url)) throw new WrongUse(`--api: "${url}" is no address; write it like http://127.0.0.1:8080`);
  return { url, key: env["GATEWAY_KEY"] };
}

const minutesArgument = argument((text) => {
  if (!/^\d{1,4}$/.test(text)) throw new Error("Whole minutes.");
  return Number(text);
});
const tokenArgument = argument((text) => {
  if (!/^\d{20}$/.test(text)) throw new Error("A token has twenty digits.");
  return text;
});
const amountArgument = argument((text) => {
  if (parseYuan(text) <= 0n) throw new Error("An amount is positive.");
  return text;
});
const orderArgument = argument((text) => {
  if (!(ORDERS as readonly string[]).includes(text)) throw new Error(`Use one of ${ORDERS.join(", ")}.`);
  return text;
});

/** A command for people: where it stands, the three proofs, and what passed on the wire. */
function describe(command: Json): string {
  const proof = command["proof"] as Readonly<Record<string, string | null>>;
  const attempts = command["attempts"] as readonly {
    readonly at: string;
    readonly outcome: string;
    readonly frames: readonly { readonly at: string; readonly direction: string; readonly hex: string }[];
  }[];
  return [
    lineOf(command),
    `reason        ${String(command["reason"])}`,
    `sent          ${proof["sent"] ?? "–"}`,
    `acknowledged  ${proof["acknowledged"] ?? "–"}`,
    `verified      ${proof["verified"] ?? "–"}`,
    ...attempts.flatMap((attempt, index) => [
      `attempt ${index + 1}     ${attempt.at}  ${attempt.outcome}`,
      ...attempt.frames.map((frame) => `  ${frame.direction === "sent" ? "→" : "←"} ${frame.hex}`),
    ]),
  ].join("\n");
}
