/**
 * One storm, from its seed to its end: weather for so many days, then calm, then everything that must be true is looked at. The same seed is
 * the same storm, byte for byte.
 */
import { hours, minutes } from "../../src/kernel/clock.ts";
import { isOpen } from "../../src/commands/command.ts";
import { lookAtEverything, withoutPower } from "./invariants.ts";
import { People } from "./people.ts";
import { plants, type PlantName } from "./plants.ts";
import type { Trace } from "./trace.ts";
import type { Violation } from "./truth.ts";
import { Weather } from "./weather.ts";
import { World } from "./world.ts";

/** Unless somebody says otherwise. */
export const FAULTS_A_DAY = 60;

export interface StormPlan {
  readonly seed: number;
  readonly days: number;
  readonly meters: number;
  readonly faults: number;
  readonly plant: PlantName;
}

export interface StormReport {
  readonly plan: StormPlan;
  readonly digest: string;
  readonly violations: readonly Violation[];
  readonly struck: number;
  readonly orders: number;
  readonly commands: Readonly<Record<string, number>>;
  readonly virtualDays: number;
  readonly turns: number;
}

const CALM_LOOK_MS = minutes(5);
/** After this long in calm weather no command may be open. */
const CALM_MS_MAX = hours(8);

export async function runStorm(
  plan: StormPlan,
  trace: "all" | "digest" = "digest",
): Promise<StormReport & { readonly trace: Trace }> {
  const world = await World.raise({ seed: plan.seed, meters: plan.meters, plant: plants[plan.plant], tellsAll: trace === "all" });
  const { clock, truth, street } = world;
  const began = clock.now();
  const people = new People(world);
  const weather = new Weather(world);
  const leaving = new AbortController();
  void world.keepAlive(world.machines[0]!);
  const isBroken = (): boolean => truth.isBroken;
  await clock.pass(minutes(10), isBroken); // everybody was read once before anything happens
  people.appoint(plan.days);
  people.sayNoCuts(plan.days);
  void people.pressButtons(leaving.signal);
  weather.appoint(plan.faults, plan.days);
  await clock.pass(hours(24) * plan.days, isBroken);
  weather.calm();
  const rest = async (isOver: () => boolean): Promise<boolean> => {
    for (let waited = 0; waited < CALM_MS_MAX && !isBroken(); waited += CALM_LOOK_MS) {
      await clock.pass(CALM_LOOK_MS, isBroken);
      people.decideDisputes();
      if (isOver()) return true;
    }
    return false;
  };
  const hasOpen = (): boolean =>
    world.database.books.commands.all(null).some(({ command: { state } }) => isOpen(state) || state === "disputed");
  const isAtRest = (): boolean => !hasOpen() && people.waiting === 0 && world.holdsEveryLine && withoutPower(world).length === 0;
  await rest(isAtRest);
  street.pauseHouseholds();
  // A last reading of every meter bills what was used, and shows the rules what stands.
  let isRead = false;
  void world.serving[0]?.engine?.pollAll().then(() => (isRead = true));
  await rest(() => isRead && isAtRest());
  if (!truth.isBroken) lookAtEverything(world, people);
  world.isEnding = true;
  leaving.abort();
  for (const life of world.living) life.kill("with the storm");
  await street.close();
  const commands: Record<string, number> = {};
  for (const { command } of world.database.books.commands.all(null)) {
    const key = `${command.kind} ${command.state}`;
    commands[key] = (commands[key] ?? 0) + 1;
  }
  return {
    plan,
    digest: world.trace.digest(),
    violations: truth.violations,
    struck: weather.struck,
    orders: truth.orders,
    commands,
    virtualDays: (clock.now() - began) / hours(24),
    turns: clock.turns,
    trace: world.trace,
  };
}
