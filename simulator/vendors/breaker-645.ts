/**
 * A smart breaker: six functions, no wallet, no keys, no customer, no clock that could judge a deadline. Its motor cuts and closes;
 * there is nothing to press. 15H and 17H are known to it and not played here: it stays silent.
 */
import type { Behaviour } from "../behaviours/behaviour.ts";
import { Err } from "../behaviours/behaviour.ts";
import { relay } from "../behaviours/relay.ts";
import { fromHex, reversed } from "../bytes.ts";
import { FunctionCode, no } from "../wire.ts";
import { knowsOnly, lacks, obeysOnly } from "./dialect.ts";

/** A last moment that never comes, in wire order. */
export const NEVER_LATE = reversed(fromHex("991231235959"));

const anyDeadline: Behaviour = {
  name: "looks at no deadline",
  hear(request, meter) {
    if (request.control !== FunctionCode.control || request.data.length !== 16) return undefined;
    const data = Uint8Array.from(request.data);
    data.set(NEVER_LATE, 10);
    return relay.hear({ ...request, data }, meter);
  },
};

const writesNothing: Behaviour = {
  name: "nothing to write",
  hear: (request) => (request.control === FunctionCode.write ? no(request, Err.unauthorised) : undefined),
};

export const breaker645: readonly Behaviour[] = [
  knowsOnly([0x11, 0x13, 0x14, 0x15, 0x17, 0x1c]),
  lacks("0400040E", "040001", "040010", "040014", "04000508", "0280002", "0090", "0333", "0334"),
  obeysOnly([0x1a, 0x1c]),
  anyDeadline,
  writesNothing,
];
