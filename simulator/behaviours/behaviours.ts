/** Everything a virtual meter can do. The first behaviour that answers wins; what none knows meets silence, as in the field. */
import { address } from "./address.ts";
import type { Behaviour } from "./behaviour.ts";
import { clearing } from "./clearing.ts";
import { clock } from "./clock.ts";
import { freezing } from "./freezing.ts";
import { identity } from "./identity.ts";
import { keeping } from "./keeping.ts";
import { passwords } from "./passwords.ts";
import { port } from "./port.ts";
import { prepay } from "./prepay.ts";
import { reading } from "./reading.ts";
import { relay } from "./relay.ts";
import { writing } from "./writing.ts";

export const behaviours: readonly Behaviour[] = [
  ...[reading, keeping],
  ...[relay, identity, prepay],
  ...[writing, passwords, clearing],
  ...[clock, freezing, address, port],
];
