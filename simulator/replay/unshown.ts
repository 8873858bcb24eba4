/**
 * What a replay cannot show, and why. A test made from such an incident passes while the trouble stands, so `make-test` says it
 * instead of handing out a test that proves nothing; `test/simulator/incidents.test.ts` holds this table to the table of faults.
 */
import type { FaultKind } from "../faults.ts";
import type { RecordedLine } from "../recording/line.ts";
import type { Incident } from "./incident.ts";

export const unshown: Readonly<Partial<Record<FaultKind, string>>> = {
  "hang-up": "who is turned away at once asks nothing, and there is nothing to play",
};

/** For people, one line each. */
export function whyNothingShows({ faults, steps, plan }: Incident, lines: readonly RecordedLine[]): string[] {
  const set = steps.flatMap((step) => ("order" in step && step.order.do === "set-fault" ? [step.order.fault.kind] : []));
  const told = (plan.story ?? []).flatMap((step) => (step.do === "fault" ? [step.kind] : []));
  const turnedAway = lines.some((line) => line.what === "noise" && line.fault === "hang-up") ? ["hang-up" as const] : [];
  const kinds = [...new Set([...faults.map(({ kind }) => kind), ...set, ...told, ...turnedAway])];
  if (kinds.length === 0) return ["  nothing stood broken in this stretch: an honest street answers the same"];
  const because = new Map(Object.entries(unshown));
  return kinds.map((kind) => `  ${kind}: ${because.get(kind) ?? "changed no answer to what was asked in this stretch"}`);
}
