/** What an encoder answers to a value that the standard forbids: a fault with the name of the field, and nothing encoded. */
import { Fault } from "../../kernel/faults.ts";

export function refuse(field: string, why: string, given?: unknown): never {
  throw new Fault("unencodable", { field, why, ...(given === undefined ? {} : { given }) });
}
