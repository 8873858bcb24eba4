/** What this page asks of the control door. An answer that is an error becomes a `Refusal` with the door's own sentence. */
import type { FaultKindView } from "./shapes.ts";

export class Refusal extends Error {
  /** The field that the door names, if it named one. */
  readonly field: string | undefined;

  constructor(sentence: string, field?: string) {
    super(sentence);
    this.field = field;
  }
}

async function ask(path: string, method = "GET", body?: object): Promise<unknown> {
  const response = await fetch(path, {
    method,
    headers: { accept: "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Refusal("");
  });
  const answer = (await response.json().catch(() => ({}))) as { error?: string; field?: string };
  if (!response.ok) throw new Refusal(answer.error ?? `${response.status}`, answer.field);
  return answer;
}

export interface At {
  readonly kind: "meter" | "bus";
  readonly id: string;
}
const pathOf = ({ kind, id }: At): string => `/${kind === "meter" ? "meters" : "buses"}/${encodeURIComponent(id)}`;

export const faultMenu = async (): Promise<readonly FaultKindView[]> => (await ask("/faults")) as FaultKindView[];
export const setFault = (at: At, fault: object): Promise<unknown> => ask(`${pathOf(at)}/faults`, "POST", fault);
export const mend = (at: At, id: string): Promise<unknown> => ask(`${pathOf(at)}/faults/${id}`, "DELETE");
export const mendAll = (): Promise<unknown> => ask("/faults/standing", "DELETE");
export const patch = (address: string, changes: object): Promise<unknown> =>
  ask(pathOf({ kind: "meter", id: address }), "PATCH", changes);
export const pressButton = async (address: string): Promise<boolean> =>
  ((await ask(`${pathOf({ kind: "meter", id: address })}/press-button`, "POST")) as { restored: boolean }).restored;
export const moveClock = (order: { advanceMs?: number; speed?: number }): Promise<unknown> => ask("/clock", "POST", order);
export const setWeather = (faultsPerHour: number): Promise<unknown> => ask("/weather", "POST", { faultsPerHour });
