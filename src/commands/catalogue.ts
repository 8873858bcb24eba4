/** All commands at a glance. API, console, command line and documentation find a command here, and nowhere else. */
import type { CommandKind } from "./command.ts";
import type { CommandDefinition } from "./definition.ts";
import { clockSet } from "./definitions/clock-set.ts";
import { freeze } from "./definitions/freeze.ts";
import { openAccount, topUp } from "./definitions/purchase.ts";
import { modeSwitch } from "./definitions/mode-switch.ts";
import { readNow } from "./definitions/read-now.ts";
import { refund } from "./definitions/refund.ts";
import { relayDefinitions } from "./definitions/relay.ts";
import { tariffSet } from "./definitions/tariff-set.ts";
import { disconnectFor } from "./definitions/timed-cut.ts";
import { walletReset } from "./definitions/wallet-reset.ts";

export const catalogue: ReadonlyMap<CommandKind, CommandDefinition> = new Map(
  [
    topUp,
    openAccount,
    refund,
    ...relayDefinitions,
    disconnectFor,
    clockSet,
    freeze,
    tariffSet,
    walletReset,
    modeSwitch,
    readNow,
  ].map((definition) => [definition.kind, definition]),
);

export function definitionOf(kind: CommandKind): CommandDefinition {
  const definition = catalogue.get(kind);
  if (definition === undefined) throw new Error(`no definition for command kind ${kind}`);
  return definition;
}
