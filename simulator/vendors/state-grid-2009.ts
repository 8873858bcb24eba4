/**
 * The 2009 generation: closes only with a person at the button, knows nothing of the extended reply and of the current above
 * which a trip waits. P2 is a byte that no MAC covers, so an old meter simply does not look at it.
 */
import type { Behaviour } from "../behaviours/behaviour.ts";
import { Err } from "../behaviours/behaviour.ts";
import { relay } from "../behaviours/relay.ts";
import { dataItemOf, FunctionCode, no } from "../wire.ts";
import { asPlain, lacks, obeysOnly } from "./dialect.ts";

const LATER_ITEMS = ["04001402", "04001403"];

const shortReply: Behaviour = {
  name: "no extended reply",
  hear: (request, meter) =>
    request.control === FunctionCode.control && request.data[0] === 0x98
      ? relay.hear(asPlain(request, { 3: 0 }), meter)
      : undefined,
};

const doesNotWrite: Behaviour = {
  name: "items that came later",
  hear: (request) =>
    request.control === FunctionCode.write && LATER_ITEMS.includes(dataItemOf(request.data))
      ? no(request, Err.unauthorised)
      : undefined,
};

export const stateGrid2009: readonly Behaviour[] = [
  obeysOnly([0x1a, 0x1b, 0x2a, 0x2b, 0x3a, 0x3b]),
  shortReply,
  lacks(...LATER_ITEMS),
  doesNotWrite,
];
