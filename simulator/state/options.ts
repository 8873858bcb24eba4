/** `--state FILE`: a street as it was saved, on whatever ports the command line gives it now. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { reasonOf } from "../../src/kernel/faults.ts";
import { placedBuses } from "../given-buses.ts";
import type { GivenBus } from "../given-buses.ts";
import type { StreetOptions } from "../street.ts";
import type { StateFile, StreetState } from "./street-state.ts";

/** What may stand beside it: how the street is reached, how fast it runs, and what is written down. */
export const BESIDE_STATE: readonly string[] = [
  "state",
  ...["tcp", "dial-in", "registration", "heartbeat", "heartbeat-ms", "serial-link"],
  ...["mqtt", "mqtt-payload", "mqtt-username", "mqtt-password"],
  ...["control", "host", "baud", "serial-baud", "answer-delay-ms", "speed", "record", "unmasked", "no-wall"],
];

const parts = z.record(z.string(), z.record(z.string(), z.unknown()));
const fileShape = z.looseObject({
  what: z.literal("street-state"),
  version: z.literal(1),
  plan: z.looseObject({
    buses: z.array(z.looseObject({ id: z.string(), endpoint: z.looseObject({ kind: z.string() }) })),
    meters: z.array(z.looseObject({ address: z.string(), bus: z.string() })),
  }),
  state: z.looseObject({
    at: z.string(),
    events: z.int().min(0),
    chances: z.record(z.string(), z.int().min(0)),
    street: parts,
    buses: z.record(z.string(), parts),
    meters: z.record(z.string(), parts.nullable()),
  }),
});

/** Throws an Error that names the field. */
export function readStateFile(file: string): StateFile {
  const result = fileShape.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (result.success) return result.data as unknown as StateFile;
  const issue = result.error.issues[0]!;
  throw new Error(`${issue.path.join(".") || "file"}: ${issue.message}`);
}

/** The saved street, reached where the arguments say. */
export function optionsFromState(
  file: string,
  { buses, speed }: { buses: readonly GivenBus[]; speed: number | undefined },
): Omit<StreetOptions, "clock" | "log"> {
  let saved: StateFile;
  try {
    saved = readStateFile(file);
  } catch (error) {
    throw new Error(`--state ${file}: ${reasonOf(error)}`, { cause: error });
  }
  const { plan, state } = saved;
  const placed = placedBuses(plan.buses, buses, { file: `--state ${file}`, mayAdd: false });
  return { ...plan, buses: placed, state: speed === undefined ? state : atSpeed(state, speed) };
}

const atSpeed = (state: StreetState, speed: number): StreetState => ({
  ...state,
  street: { ...state.street, time: { ...state.street["time"], speed } },
});
