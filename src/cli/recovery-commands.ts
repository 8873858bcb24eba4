/** `meterctl recovery`: dark hours that should not have been, through the gateway's own door. */
import type { Command } from "commander";
import type { ApiOptions, Json } from "./api-client.ts";
import { WrongUse } from "./exits.ts";
import { leftOut, wholeList } from "./whole-list.ts";
import type { Through } from "./through-gateway.ts";

interface Options extends ApiOptions {
  readonly state?: string;
  readonly cause?: string;
  readonly meter?: string;
  readonly account?: string;
  readonly from?: string;
  readonly to?: string;
  readonly by?: string;
  readonly month?: string;
  readonly csv?: boolean;
  readonly mark?: string;
  readonly note?: string;
}

const WHAT = "list, show, causes, report, compensation, follow-up";

export function recoveryCommands(program: Command, { throughGateway, clientOf, show, terminal }: Through): void {
  throughGateway(program.command("recovery"))
    .description("wrong cuts and failed restores · 误停电与复电失败")
    .argument("[what]", WHAT, "list")
    .argument("[id]", "of show, compensation, follow-up")
    .option("--state <state>", "list: open or ended")
    .option("--cause <cause>", "list: of this cause alone")
    .option("--meter <address>", "list: of this meter")
    .option("--account <account>", "list: of this account")
    .option("--from <day>", "causes: from this day on (default: today)")
    .option("--to <day>", "causes: up to this day")
    .option("--by <key>", "causes: model, bus, firmware or class")
    .option("--month <month>", "report: like 2026-11 (default: this month)")
    .option("--csv", "report: as CSV")
    .option("--mark <mark>", "compensation: yes, no or paid")
    .option("--note <text>", "compensation, follow-up: what was said; it stands in the books")
    .action(async (what: string, id: string | undefined, options: Options) => {
      const api = clientOf(options);
      const query = (...names: readonly (keyof Options)[]): string =>
        new URLSearchParams(
          names.flatMap((name) => (options[name] === undefined ? [] : [[name, String(options[name])]])),
        ).toString();
      const one = (): string => {
        if (id === undefined) throw new WrongUse(`Which one? meterctl recovery ${what} ID`);
        return `/v1/recovery/incidents/${encodeURIComponent(id)}`;
      };
      const said = (): string => {
        if (options.note === undefined) throw new WrongUse("Say in --note what was said or done.");
        return options.note;
      };
      switch (what) {
        case "list": {
          const asked = new URLSearchParams(query("state", "cause", "meter", "account"));
          const answer = await wholeList(api, "/v1/recovery/incidents", asked);
          const items = answer["items"] as readonly Json[];
          const lines = [...items.map(incidentLine), ...leftOut(answer, "--state, --cause, --meter or --account")];
          show(options, answer, items.length === 0 ? "No dark hours that should not have been." : lines.join("\n"));
          return;
        }
        case "show": {
          const incident = await api.get(one());
          show(
            options,
            incident,
            [incidentLine(incident), ...steps(incident, "steps"), ...steps(incident, "handOvers")].join("\n"),
          );
          return;
        }
        case "causes": {
          const answer = await api.get(`/v1/recovery/causes?${query("from", "to", "by")}`);
          show(options, answer, rows(answer, "rows", ["cause", "of", "incidents", "workOrders", "open"], "Nothing was found."));
          return;
        }
        case "report": {
          const path = `/v1/recovery/report?${query("month")}`;
          if (options.csv === true) {
            terminal.out((await api.text(`${path}&format=csv`)).trimEnd());
            return;
          }
          const answer = await api.get(path);
          const names = [
            "class",
            "incidents",
            "restored",
            "workOrders",
            "escalated",
            "toCompensate",
            "compensated",
            "followedUp",
          ];
          show(options, answer, rows(answer, "classes", names, "Nothing was found in this month."));
          return;
        }
        case "compensation": {
          if (options.mark === undefined) throw new WrongUse("Say --mark yes, no or paid.");
          const marked = await api.post(`${one()}/compensation`, { mark: options.mark, note: said() });
          show(options, marked, incidentLine(marked));
          return;
        }
        case "follow-up": {
          const asked = await api.post(`${one()}/follow-up`, { note: said() });
          show(options, asked, incidentLine(asked));
          return;
        }
        default:
          throw new WrongUse(`There is no "${what}" here: ${WHAT}.`);
      }
    });
}

const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "–");

export const incidentLine = (incident: Json): string =>
  [
    ...["id", "state", "cause", "class", "meter", "account", "darkSince", "restoredAt"].map((name) => text(incident[name])),
    `level ${text(incident["level"])}`,
    text((incident["reason"] as Json | null)?.["code"]),
    `compensation ${text(incident["compensation"])}`,
  ].join("  ");

const steps = (incident: Json, name: string): readonly string[] =>
  (incident[name] as readonly Json[]).map(
    (step) => `  ${["at", "what", "by", "to", "note"].map((field) => text(step[field])).join("  ")}`,
  );

function rows(answer: Json, name: string, fields: readonly string[], none: string): string {
  const all = answer[name] as readonly Json[];
  if (all.length === 0) return none;
  return [fields, ...all.map((row) => fields.map((field) => text(row[field])))].map((line) => line.join("  ")).join("\n");
}
