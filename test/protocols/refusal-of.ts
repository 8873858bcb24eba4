/** What an encoder says when it refuses: the field, the reason, and what was given, where it was. */
import { isFault } from "../../src/kernel/faults.ts";

export function refusalOf(attempt: () => unknown): Readonly<Record<string, unknown>> {
  try {
    attempt();
  } catch (error) {
    if (isFault(error, "unencodable")) return error.context;
    throw error;
  }
  throw new Error("this was not refused");
}
