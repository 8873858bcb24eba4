import { Fault } from "../src/kernel/faults.ts";

/** A map by name; two of one name are a mistake of whoever planned the street. */
export function unique<Plan, Thing>(
  field: string,
  plans: readonly Plan[],
  nameOf: (plan: Plan) => string,
  make: (plan: Plan) => Thing,
): Map<string, Thing> {
  const things = new Map<string, Thing>();
  for (const plan of plans) {
    const name = nameOf(plan);
    if (things.has(name)) throw new Fault("invalid-request", { field, given: name, because: "named twice" });
    things.set(name, make(plan));
  }
  return things;
}
