/** `meterctl call`: all that a caller may ask, in one answer of the gateway's own door. */
import type { Command } from "commander";
import type { ApiOptions, Json } from "./api-client.ts";
import { incidentLine } from "./recovery-commands.ts";
import type { Through } from "./through-gateway.ts";

export function callCommand(program: Command, { throughGateway, clientOf, show }: Through): void {
  throughGateway(program.command("call"))
    .description("all that a caller may ask: balance, relay, last order, expected time · 95598 一键查询")
    .argument("<account>", "account number")
    .action(async (account: string, options: ApiOptions) => {
      const told = await clientOf(options).get(`/v1/accounts/${encodeURIComponent(account)}/call`);
      show(options, told, describeCall(told));
    });
}

/** Of a wallet the meter has the money: what the ledger holds of it is on its way there, and not what a caller asks for. */
export function describeCall(told: Json): string {
  const part = (name: string): Json | null => told[name] as Json | null;
  const [balance, relay, last, expected] = [part("balance"), part("relay"), part("lastOrder"), part("expected")];
  const { en, zh } = told["answer"] as Json;
  const words = (expected?.["words"] ?? {}) as Json;
  const wallet = told["wallet"] as readonly Json[] | null;
  return [
    ["account", "name", "class", "mode", "meter"].map((name) => text(told[name])).join("  "),
    `${text(en)} · ${text(zh)}`,
    ...(wallet === null ? [] : [`wallet      ${walletText(wallet[0])}`]),
    `${wallet === null ? "balance" : "ledger "}     ${text(balance?.["available"])} available, ${text(balance?.["held"])} held`,
    `relay       ${text(relay?.["reported"])} at ${text(relay?.["at"])}`,
    `last order  ${last === null ? "none" : orderText(last)}`,
    `expected    ${text(words["en"])} · ${text(words["zh"])} ${expected?.["at"] == null ? "" : text(expected["at"])}`.trimEnd(),
    ...(told["incidents"] as readonly Json[]).map((incident) => `incident    ${incidentLine(incident)}`),
  ].join("\n");
}

const walletText = (reading: Json | undefined): string =>
  reading === undefined ? "not read yet" : `${text(reading["value"])} ${text(reading["unit"])} at ${text(reading["takenAt"])}`;

const orderText = (order: Json): string =>
  [order["kind"], order["state"], order["because"], order["createdAt"]]
    .flatMap((word) => (word === null ? [] : [text(word)]))
    .join("  ");

const text = (value: unknown): string => (typeof value === "string" ? value : "–");
