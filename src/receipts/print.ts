/** A receipt as a page for people, in English or Chinese. It tells what stands in the document; whether it is genuine says `verified`. */
import type { Plain } from "../kernel/canonical.ts";
import type { Language } from "../protocols/dlt645/index.ts";
import { meaningOf } from "./meaning.ts";

const words = {
  title: ["Receipt", "凭证"],
  issuedAt: ["issued", "出具时间"],
  payment: ["Payment", "缴费"],
  command: ["Command", "命令"],
  meter: ["What the meter showed", "电表读数"],
  attempts: ["On the wire", "通信报文"],
  entries: ["In the ledger", "账务分录"],
  audit: ["In the audit", "审计链"],
  signature: ["Signature", "签名"],
  id: ["number", "编号"],
  account: ["account", "户号"],
  amount: ["amount, yuan", "金额(元)"],
  channel: ["channel", "渠道"],
  orderId: ["order", "订单号"],
  state: ["state", "状态"],
  createdAt: ["taken", "受理时间"],
  kind: ["kind", "类型"],
  address: ["meter", "表地址"],
  reason: ["reason", "原因"],
  sent: ["sent", "发出"],
  acknowledged: ["acknowledged", "应答"],
  verified: ["verified", "核实"],
  endedAt: ["ended", "结束"],
  before: ["before", "操作前"],
  after: ["after", "操作后"],
  head: ["head of the chain", "链首"],
  rows: ["rows", "条目"],
  key: ["key", "密钥"],
  none: ["none", "无"],
} as const satisfies Record<string, readonly [string, string]>;

type Fields = { readonly [name: string]: Plain };
const LABEL_WIDTH = 22;

const fields = (value: Plain | undefined): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const list = (value: Plain | undefined): readonly Fields[] =>
  Array.isArray(value) ? (value as readonly Plain[]).map(fields) : [];
const text = (value: Plain | undefined): string =>
  value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
/** Chinese characters are two columns wide. */
const wide = (label: string): number => label.length + (label.match(/[\u2e80-\uffef]/g)?.length ?? 0);

export function printReceipt(document: Fields, language: Language): string {
  const say = (name: keyof typeof words): string => words[name][language === "zh" ? 1 : 0];
  const line = (label: string, value: string): string =>
    `  ${label}${" ".repeat(Math.max(1, LABEL_WIDTH - wide(label)))}${value}`;
  const some = (of: Fields, names: readonly (keyof typeof words)[]): string[] =>
    names.filter((name) => of[name] !== undefined && of[name] !== null).map((name) => line(say(name), text(of[name])));
  const site = fields(document["site"]);
  const command = fields(document["command"]);
  const meter = fields(document["meter"]);
  const audit = fields(document["audit"]);
  const head = fields(audit["head"]);
  const signature = fields(document["signature"]);
  const seen = (of: Plain | undefined): string =>
    Object.entries(fields(of))
      .map(([name, value]) => `${name} ${text(value)}`)
      .join(", ") || say("none");
  const sequences = list(audit["rows"]).map((row) => text(row["sequence"]));
  return [
    `${say("title")} · ${text(site["name"])}`,
    line(say("issuedAt"), text(document["issuedAt"])),
    ...(document["payment"] === null
      ? []
      : [
          "",
          say("payment"),
          ...some(fields(document["payment"]), ["id", "account", "amount", "channel", "orderId", "state", "createdAt"]),
        ]),
    ...(document["command"] === null
      ? []
      : [
          "",
          say("command"),
          ...some(command, ["id", "kind"]),
          line(say("address"), text(command["meter"])),
          ...some(command, ["account", "amount", "reason", "state", "createdAt"]),
          ...some(fields(command["proof"]), ["sent", "acknowledged", "verified"]),
          ...some(command, ["endedAt"]),
          "",
          say("meter"),
          line(say("before"), seen(meter["before"])),
          line(say("after"), seen(meter["after"])),
        ]),
    ...list(document["attempts"]).flatMap((attempt) => [
      "",
      `${say("attempts")} ${text(attempt["number"])} · ${text(attempt["at"])} · ${text(attempt["outcome"])}`,
      ...list(attempt["frames"]).flatMap((frame) => [
        `  ${frame["direction"] === "sent" ? "→" : "←"} ${text(frame["hex"])}`,
        `    ${language === "zh" ? meaningOf(text(frame["hex"]), "zh") : text(frame["meaning"])}`,
      ]),
    ]),
    "",
    say("entries"),
    ...list(document["entries"]).flatMap((entry) => [
      line(`${text(entry["id"])} ${text(entry["kind"])}`, text(entry["at"])),
      ...Object.entries(fields(entry["legs"])).map(([book, amount]) => `    ${text(amount).padStart(14)}  ${book}`),
    ]),
    "",
    say("audit"),
    line(say("rows"), sequences.join(", ") || say("none")),
    line(say("head"), `${text(head["sequence"])}  ${text(head["hash"])}`),
    "",
    say("signature"),
    line(say("key"), `${text(signature["algorithm"])} ${text(signature["key"])}`),
    `  ${text(signature["value"])}`,
  ].join("\n");
}
