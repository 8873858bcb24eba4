/**
 * Orders that move the same thing: the newest one counts. An older one that has not left is superseded; one that has left may
 * still be obeyed, but it is never sent again.
 */
import type { Command, CommandKind } from "./command.ts";

const groups: readonly (readonly CommandKind[])[] = [
  ["disconnect", "reconnect", "arm", "disconnect-for"],
  ["protect", "unprotect"],
  ["warn", "unwarn"],
  ["clock-set"],
];

/** Orders after which somebody sits in the dark. */
export const cuts: readonly CommandKind[] = ["disconnect", "disconnect-for"];

/** Asked for by the rules, and by nobody who could say that he meant it. */
export const isAutomaticCut = ({ kind, askedBy }: Pick<Command, "kind" | "askedBy">): boolean =>
  kind === "disconnect" && askedBy === "rule";

/** The kind itself and those that say otherwise; none for what has no rival. */
export const rivalsOf = (kind: CommandKind): readonly CommandKind[] => groups.find((group) => group.includes(kind)) ?? [];
