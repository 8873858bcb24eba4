/**
 * A push of a tariff into many meters: each has a command of its own, and all of them one name, which stands in their parameters. The
 * name carries the moment it was given, so nobody looks further back for them.
 */
import { hours, Instant, later } from "../kernel/clock.ts";
import type { Command } from "../commands/command.ts";
import type { CommandStore } from "../commands/command-store.ts";

/** Commands of a push are looked up by pages of this many. */
const PAGE = 1_000;
/** A push that is finished by another gateway is dated by that one's clock. */
const CLOCKS_APART_MS_MAX = hours(1);

/** TARIFF.FROM.MOMENT-RANDOM: what is random tells two of one millisecond apart. */
export const pushNamed = (of: {
  readonly tariff: string;
  readonly from: string;
  readonly at: Instant;
  readonly id: string;
}): string => `${of.tariff}.${of.from}.${Math.floor(of.at).toString(36)}-${of.id.slice(-8)}`;

/** Null: it is no name of a push. */
export function momentOf(push: string): Instant | null {
  const [, moment] = /\.([0-9a-z]{8,9})(?:-[0-9a-f]{8})?$/.exec(push) ?? [];
  return moment === undefined ? null : Instant(Number.parseInt(moment, 36));
}

/** Oldest first. */
export async function commandsOf(store: Pick<CommandStore, "list">, push: string): Promise<readonly Command[]> {
  const begunAt = momentOf(push);
  if (begunAt === null) return [];
  const since = later(begunAt, -CLOCKS_APART_MS_MAX);
  const found: Command[] = [];
  for (let before: Command["id"] | undefined; ;) {
    const page = await store.list({ kind: "tariff-set", since, limit: PAGE, ...(before === undefined ? {} : { before }) });
    found.push(...page.filter(({ params }) => params["push"] === push));
    if (page.length < PAGE) return found.reverse();
    before = page.at(-1)!.id;
  }
}
