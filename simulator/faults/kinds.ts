/** What a row of the fault table says, and the parameters that many rows share. */
import type { ParameterName, ParameterValues } from "./parameters.ts";

export interface FaultKindRow {
  readonly on: "meter" | "bus" | "endpoint";
  readonly meaning: string;
  readonly meaningZh: string;
  /** Without `times`: once, or until it is deleted. */
  readonly lasts: "once" | "until-deleted";
  readonly parameters: Readonly<Partial<Record<ParameterName, string>>>;
  /** What a parameter is when it is left out. */
  readonly otherwise?: ParameterValues;
  /**
   * exchange: spoils one exchange, and an exchange suffers one of these at most (left out, this).
   * body: what the meter is like while it stands; stands beside the others.
   * line: what the wires or the connection do to every byte while it stands; stands beside the others.
   */
  readonly acts?: "exchange" | "body" | "line";
  /** Only on a bus that is reached like this. */
  readonly endpoints?: readonly ("tcp" | "dial-in" | "serial" | "mqtt" | "memory")[];
  /** Only where messages look like this. */
  readonly payload?: "json";
  /** How often the weather brings it, against the others; left out, never: what moves money or a person's order comes by hand only. */
  readonly weather?: number;
}

export const aim = {
  function: 'two hex digits, e.g. "03": only exchanges of this function',
  di: 'eight hex digits, e.g. "070102FF": only exchanges with this data identifier',
} as const;
export const once = { times: "how many exchanges it spoils, default 1", ...aim } as const;
export const lasting = { times: "how often; left out, it lasts until it is deleted" } as const;
