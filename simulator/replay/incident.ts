/**
 * An incident: a street as it stood, what was broken on it, and what was asked. This is what a test written by `make-test` holds and
 * plays; it knows no recording any more.
 */
import { fromHex } from "../bytes.ts";
import type { StreetPlan } from "../recording/header.ts";
import type { StreetOrder } from "../recording/orders.ts";
import type { KeptParts } from "../state/keeping.ts";
import { pack } from "../state/pack.ts";
import type { StreetState } from "../state/street-state.ts";
import type { StoryStep } from "../story.ts";
import type { PlacedFault } from "../street.ts";
import { tell } from "../telling/tell.ts";
import { Again } from "./again.ts";
import type { Moment } from "./again.ts";
import { answersNow } from "./answers.ts";
import type { Asked } from "./answers.ts";

export { settled } from "./answers.ts";

export type Step = Moment &
  (
    | { readonly order: StreetOrder }
    | {
        readonly bus: string;
        readonly request: string;
        readonly connection?: string | undefined;
        /** As it was put on the wires, which had something wrong with them. */
        readonly isSent?: true | undefined;
        /** It met another on the wires: no meter hears it. Take this out, and they did not meet. */
        readonly lost?: "collision" | undefined;
      }
  );

export interface Incident extends Moment {
  readonly plan: StreetPlan;
  readonly state: StreetState;
  /** What stands broken at the beginning. Take a line out, and that trouble is mended. */
  readonly faults: readonly PlacedFault[];
  readonly steps: readonly Step[];
}

/** As it stands in a written file, where a moment is a plain number. */
export type WrittenIncident = Moment & Readonly<Record<"plan" | "state", object> & Record<"faults" | "steps", readonly object[]>>;

/** What comes to each request, in the order of the requests. */
export async function playIncident(written: WrittenIncident): Promise<Asked[]> {
  const { plan, state, at, wall, faults, steps } = written as Incident;
  const again = await Again.raise({ plan, state, at, wall });
  try {
    for (const fault of faults) again.street.placeFault(fault);
    const heard: Asked[] = [];
    for (const step of steps) {
      again.moveTo(step);
      if ("order" in step) again.carryOut(step.order);
      else {
        const { bus, request, connection, isSent, lost } = step;
        const came = lost === undefined ? again.hear({ bus, hex: request, connection, isSent }).came : [];
        heard.push({ asked: tell(fromHex(request)).en, answers: answersNow(came) });
      }
    }
    return heard;
  } finally {
    await again.close();
  }
}

/** The same without anything broken: what should have come. */
export function mended(incident: Incident): Incident {
  const breaks = (step: Step): boolean => "order" in step && ["set-fault", "clear-faults", "weather"].includes(step.order.do);
  const { state, plan } = incident;
  return {
    ...incident,
    plan: { ...plan, story: plan.story?.map(unbroken) },
    faults: [],
    steps: incident.steps.filter((step) => !breaks(step)).map((step) => ("order" in step ? step : { ...step, lost: undefined })),
    state: { ...state, street: calm(state.street), meters: mapped(state.meters, lit) },
  };
}

/** Nothing goes wrong by itself. */
export function calm(street: KeptParts): KeptParts {
  const { weather } = street;
  return { ...street, weather: { ...weather, plan: { ...(weather?.["plan"] as object), faultsPerHour: 0 } } };
}

/** The power is on. */
const lit = (parts: KeptParts | null): KeptParts | null =>
  parts && { ...parts, body: { ...parts["body"], darkUntil: pack(undefined) } };

/** What the story breaks is only told. */
const unbroken = (step: StoryStep): StoryStep =>
  step.do !== "fault" && step.do !== "mend" && step.do !== "weather"
    ? step
    : { at: step.at, say: step.say ?? `not done: ${step.do}` };

export const mapped = <T>(things: Readonly<Record<string, T>>, change: (thing: T) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(things).map(([name, thing]) => [name, change(thing)]));
