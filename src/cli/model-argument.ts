/** `--model NAME`: a meter as its profile has it. */
import {
  STANDARD,
  formNamed,
  profileOf,
  profiles,
  type Choices,
  type FormName,
  type ModelProfile,
} from "../protocols/dlt645/index.ts";
import { WrongUse } from "./exits.ts";

export function modelArgument(name: string): ModelProfile {
  const profile = profileOf(name);
  if (profile === undefined)
    throw new WrongUse(`There is no model "${name}"; there are: ${profiles.map((each) => each.name).join(", ")}.`);
  return profile;
}

/** Of a profile, what a frame is built by. */
export type Model = Pick<ModelProfile, "name" | "choices" | "functions" | "items" | "orders" | "proof">;
export const choicesOf = (model: Model | undefined): Choices => model?.choices ?? STANDARD;
export const hears = ({ choices, functions }: Model, name: FormName): boolean => {
  const form = formNamed(name, choices);
  return form.heardIf(choices) && functions.includes(form.code);
};
