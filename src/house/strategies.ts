/** Joins the strategies of the rules to the house: what is in force is noted at the start, and restores of one feeder find their pace. */
import type { MeterStore } from "../commands/command-store.ts";
import type { RulesAsking } from "../commands/new-meters.ts";
import type { Street } from "../devices/meter.ts";
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import { AccountId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { PolicyStore } from "../policy/policy-store.ts";
import { RestorePace } from "../policy/restore-pace.ts";
import type { Strategies } from "../policy/strategies.ts";

/** Who says so: which process it was stands in the audit. */
const SITE_FILE = "site file";
const NOBODY = AccountId("nobody");
const NO_DIE: Pick<Chance, "next"> = { next: () => 0 };

export async function noteStrategies(parts: {
  readonly strategies: Strategies;
  readonly store: Pick<PolicyStore, "keepStrategies">;
  readonly accounts: readonly { readonly account: string; readonly class: string }[];
  readonly clock: Clock;
  readonly log: Logger;
}): Promise<void> {
  const { strategies, store, accounts, clock, log } = parts;
  const classes = new Map(accounts.map(({ account, class: name }) => [account, name]));
  const inForce = strategies.scopes((account) => classes.get(account) ?? "residential");
  const at = clock.now();
  const fresh = await store.keepStrategies(
    inForce.map(({ scope, resolved }) => ({
      scope,
      version: resolved.strategy.version,
      rules: resolved.origins,
      at,
      who: SITE_FILE,
    })),
  );
  for (const { scope, version } of fresh) log.info({ scope, version }, "another strategy of cuts is in force");
}

/** What the rules in force ask of a meter's model; of one that nobody has yet, what its class would. */
export const asksOf =
  (strategies: Strategies): RulesAsking =>
  (account, className) =>
    strategies.of(account ?? NOBODY, className).strategy;

export function restorePace(parts: {
  readonly strategies: Strategies;
  readonly street: Street;
  readonly meters: Pick<MeterStore, "account">;
  readonly clock: Clock;
  readonly chance?: Pick<Chance, "next">;
}): RestorePace {
  const { strategies, street, meters, clock, chance = NO_DIE } = parts;
  const { staggers } = strategies;
  return new RestorePace({
    clock,
    chance,
    feederOf: async ({ meter, account }) => {
      const record = staggers ? street.meter(meter) : undefined;
      if (record === undefined || account === null) return null;
      const book = await meters.account(null, account);
      const stagger = book === null ? null : strategies.of(account, book.class).strategy.stagger;
      return stagger === null ? null : { name: record.feeder ?? record.bus, ...stagger };
    },
  });
}
