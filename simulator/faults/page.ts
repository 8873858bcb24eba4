/** The fault table as people read it in the README. A test compares the two, so the page cannot grow old. */
import { faultKinds, isFaultKind, rowOf } from "../faults.ts";
import type { ParameterName } from "./parameters.ts";

/** Told once above the table, for all rows. */
const common: readonly ParameterName[] = ["times", "function", "di"];

export function faultTable(): string {
  const rows = Object.keys(faultKinds)
    .filter(isFaultKind)
    .map((kind) => {
      const { on, meaning, meaningZh, lasts, parameters, endpoints, payload } = rowOf(kind);
      const names = Object.keys(parameters) as ParameterName[];
      const place =
        endpoints === undefined ? on : `${on}: ${endpoints.join(", ")}${payload === undefined ? "" : ` with ${payload}`}`;
      const told = [
        names.filter((name) => common.includes(name)).map((name) => `\`${name}\``),
        names.filter((name) => !common.includes(name)).map((name) => `\`${name}\` ${parameters[name]!}`),
      ];
      const cells = [
        `\`${kind}\``,
        place,
        `${meaning}<br>${meaningZh}`,
        lasts === "once" ? "once" : "until deleted",
        told
          .map((part, i) => part.join(i === 0 ? " " : "; "))
          .filter((part) => part !== "")
          .join("; "),
      ];
      return `| ${cells.join(" | ")} |`;
    });
  return ["| kind | on | what happens | lasts | parameters |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}
