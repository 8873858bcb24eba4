/** What a scenario file adds to the plan of a street: its meters, fleets spelt out; its faults and its story, checked against the street. */
import { Fault } from "../src/kernel/faults.ts";
import type { Places } from "./placed-faults.ts";
import { faultFromRow } from "./placed-faults.ts";
import type { MeterPlan } from "./plans.ts";
import { rowOf } from "./scenario.ts";
import type { ScenarioFile } from "./scenario-file.ts";
import { checkStep } from "./story.ts";
import type { StoryStep } from "./story.ts";
import type { PlacedFault } from "./street.ts";

/** Those named one by one first. */
export function metersIn(file: ScenarioFile, busIds: readonly string[]): MeterPlan[] {
  const { meters = [], fleets = [] } = file.scenario;
  const rows = fleets.flatMap(({ count, first, buses = busIds, ...common }, i) =>
    named(file, ["fleets", i], () => {
      const allowed = `${count} meters have to fit behind it`;
      const row = rowOf(first, count, buses, common);
      if (row === undefined) throw new Fault("invalid-request", { field: "first", given: first, allowed });
      return row;
    }),
  );
  return [...meters, ...rows];
}

export const faultsIn = (file: ScenarioFile, places: Places): PlacedFault[] =>
  (file.scenario.faults ?? []).map((row, i) => named(file, ["faults", i], () => faultFromRow(row, places)));

export function storyIn(file: ScenarioFile, places: Places): readonly StoryStep[] {
  const { story = [] } = file.scenario;
  story.forEach((step, i) => named(file, ["story", i], () => checkStep(step, places)));
  return story;
}

/** What goes wrong in there is the file's: line and field say where. */
function named<T>(file: ScenarioFile, path: readonly (string | number)[], read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw file.wrong(path, error);
  }
}
