/** What the door says, as this page reads it. Types alone: nothing of the street itself comes into the browser. */
import type { BusView, ClockView, MeterView, Pulse, ToldFrame, WholeStreet } from "../control-watch.ts";

export type { BusView, ClockView, MeterView, Pulse, ToldFrame, WholeStreet };
export type Place = { readonly kind: "meter" | "bus"; readonly id: string };

export interface WeatherView {
  readonly seed: number | string;
  readonly faultsPerHour: number;
  readonly struck: number;
}

export interface Standing {
  readonly id: string;
  readonly kind: string;
  readonly times: number | null;
}

/** One parameter of a fault, as a field to fill in. */
export interface FaultField {
  readonly name: string;
  readonly zh: string;
  readonly meaning: string;
  readonly type: "number" | "text" | "choice";
  readonly whole?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly wanted?: string;
  readonly choices?: readonly string[];
  readonly otherwise?: number | string;
}

export interface FaultKindView {
  readonly kind: string;
  readonly on: "meter" | "bus" | "endpoint";
  readonly meaning: string;
  readonly meaningZh: string;
  readonly lasts: "once" | "until-deleted";
  readonly acts: "exchange" | "body" | "line";
  readonly places: readonly ("meter" | "bus")[];
  readonly endpoints: readonly string[] | null;
  readonly fields: readonly FaultField[];
}
