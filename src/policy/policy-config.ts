/** What `policy:` and its kin in a site file mean to the house: the rules as given, what every part has to know at once, and what is wrong with them. */
import type { AccountId } from "../kernel/ids.ts";
import { parseYuan, yuan, type Fen } from "../kernel/money.ts";
import { contradictionIn, type PolicyRules } from "./policy-file.ts";
import { Strategies } from "./strategies.ts";
import { ruleTable } from "./strategy.ts";

export interface PolicyConfig {
  readonly mode: "shadow" | "live";
  readonly restoreBy: "arm" | "reconnect";
  readonly cutBelow: Fen;
  readonly noCut: { readonly hours: string; readonly weekends: boolean; readonly holidays: readonly string[] };
  /** Everything that was said, and nothing else. Left out: what stands above was said. */
  readonly given?: PolicyRules;
}

export interface PolicySite {
  readonly site: { readonly timeZone: string };
  readonly policy: PolicyConfig;
  readonly classes?: ReadonlyMap<string, { readonly policy?: PolicyRules | undefined }>;
  readonly accounts: readonly {
    readonly account: AccountId;
    readonly class: string;
    readonly hasContact?: true;
    readonly policy?: PolicyRules;
  }[];
}

export function policyOf(given: PolicyRules): PolicyConfig {
  const { noCut } = given;
  return {
    mode: given.mode ?? ruleTable.mode.usual,
    restoreBy: given.restoreBy ?? ruleTable.restoreBy.usual,
    cutBelow: parseYuan(given.cutBelow ?? ruleTable.cutBelow.usual),
    noCut: {
      hours: noCut?.hours ?? ruleTable["noCut.hours"].usual,
      weekends: noCut?.weekends ?? ruleTable["noCut.weekends"].usual,
      holidays: noCut?.holidays ?? ruleTable["noCut.holidays"].usual,
    },
    given,
  };
}

const rulesIn = ({ given, noCut, ...policy }: PolicyConfig): PolicyRules =>
  given ?? { ...policy, cutBelow: yuan(policy.cutBelow), noCut: { ...noCut, holidays: [...noCut.holidays] } };

export function strategiesOf({ site, policy, classes, accounts }: PolicySite): Strategies {
  const rulesOfClasses = [...(classes ?? [])].flatMap(([name, said]) =>
    said.policy === undefined ? [] : [[name, said.policy] as const],
  );
  return new Strategies({
    timeZone: site.timeZone,
    site: rulesIn(policy),
    classes: new Map(rulesOfClasses),
    accounts: new Map(
      accounts
        .filter((account) => account.policy !== undefined || account.hasContact === true)
        .map(({ account, policy: own, hasContact }) => [account, { policy: own, hasContact: hasContact ?? false }]),
    ),
  });
}

/** What contradicts itself once site, class and account are joined: told where the last of them spoke. */
export function complaintsAboutPolicy(given: PolicySite): readonly { readonly path: string; readonly what: string }[] {
  const site = { ...given, site: { timeZone: "UTC" } }; // its own may not be one; rules are the same in each
  const strategies = strategiesOf(site);
  const classOf = new Map<string, string>(site.accounts.map(({ account, class: name }) => [account, name]));
  return strategies
    .scopes((account) => classOf.get(account) ?? "residential")
    .flatMap(({ scope, resolved }) => {
      const found = contradictionIn(resolved.rules);
      if (found === null) return [];
      const [kind, name] = scope.split(" ");
      const index = site.accounts.findIndex(({ account }) => account === name);
      const path = kind === "site" ? "policy" : kind === "class" ? `classes.${name}.policy` : `accounts[${index}].policy`;
      return [{ path: `${path}.${found.rule}`, what: found.why }];
    });
}
