/** `simulator clock --control 9090 …`: moves the time of a street that runs, through its control door, and says what time it is there. */
import { parseArgs } from "node:util";
import { isFault, reasonOf } from "../src/kernel/faults.ts";
import type { ClockOrder } from "./clock-door.ts";
import { checkedClockOrder } from "./clock-door.ts";
import { DURATION_FORM, durationOf, TIME_FORM } from "./duration.ts";
import { UsageError } from "./options.ts";

const clockArguments = {
  control: ["PORT|URL", "the control door of the street"],
  at: ["ISO", `let the calendar show this, ahead or back; ${TIME_FORM}`],
  advance: ["DURATION", `so much ahead at once, ${DURATION_FORM}`],
  step: ["DURATION", "the same, and the street stands still afterwards"],
  speed: ["FACTOR", "0 stands still, 1 as the wall clock, 60 an hour a minute"],
  households: ["STATE", "running or paused"],
  help: ["", "this"],
} as const;

export interface ClockCommand {
  readonly door: string;
  readonly order: ClockOrder;
}

export function clockCommand(argv: readonly string[]): ClockCommand | "help" {
  const given = argumentsIn(argv);
  if (given === "help") return "help";
  const { control, at, households, speed } = given;
  if (control === undefined) throw new UsageError("--control: the port or URL of a street's control door is wanted");
  const order = {
    ...(at === undefined ? {} : { at }),
    ...millisecondsOf("advance", given["advance"]),
    ...millisecondsOf("step", given["step"]),
    ...(speed === undefined ? {} : { speed: Number(speed) }),
    ...(households === undefined ? {} : { households }),
  };
  return { door: /^\d+$/.test(control) ? `http://127.0.0.1:${control}` : control.replace(/\/$/, ""), order: checkedHere(order) };
}

/** The door's own check, in the words of the command line. */
function checkedHere(order: object): ClockOrder {
  try {
    return checkedClockOrder(order);
  } catch (error) {
    const { field, allowed } = isFault(error) ? error.context : {};
    throw new UsageError(`--${String(field)}: ${String(allowed)}`, { cause: error });
  }
}

/** What the door answers; nothing ordered, it only tells the time. */
export async function moveClock({ door, order }: ClockCommand): Promise<string> {
  const isOrder = Object.keys(order).length > 0;
  const response = await fetch(`${door}/clock`, isOrder ? { method: "POST", body: JSON.stringify(order) } : {});
  const text = await response.text();
  if (!response.ok) throw new Error(`${door}: ${text}`);
  return text;
}

function argumentsIn(argv: readonly string[]): Partial<Record<string, string>> | "help" {
  const options = Object.fromEntries(
    Object.keys(clockArguments).map((name) => [name, { type: name === "help" ? ("boolean" as const) : ("string" as const) }]),
  );
  try {
    const { help, ...values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values;
    return help === true ? "help" : (values as Partial<Record<string, string>>);
  } catch (error) {
    throw new UsageError(reasonOf(error), { cause: error });
  }
}

function millisecondsOf(name: "advance" | "step", text: string | undefined): Record<string, number> {
  if (text === undefined) return {};
  const ms = durationOf(text);
  if (ms === undefined) throw new UsageError(`--${name} ${text}: a time is wanted, ${DURATION_FORM}`);
  return { [`${name}Ms`]: ms };
}

export function clockUsage(): string {
  const rows = Object.entries(clockArguments).map(
    ([name, [value, meaning]]) => `  --${name}${value === "" ? "" : ` ${value}`}`.padEnd(28) + meaning,
  );
  return ["simulator clock: what time it is in a street that runs, and how to move it", "", ...rows, ""].join("\n");
}
