/**
 * The strategies of a site: what its file says, joined for each account once and kept. Accounts that say nothing of their own share the
 * strategy of their class, so a million accounts have as many strategies as there are classes, and their calendars look only once.
 */
import type { AccountId } from "../kernel/ids.ts";
import type { Maintenance } from "./calendar.ts";
import { saidIn, type PolicyRules } from "./policy-file.ts";
import { resolve, type Layer, type Resolved } from "./resolve.ts";
import type { Strategy } from "./strategy.ts";

export interface StrategySource {
  readonly timeZone: string;
  readonly site: PolicyRules;
  readonly classes: ReadonlyMap<string, PolicyRules>;
  readonly accounts: ReadonlyMap<string, { readonly policy?: PolicyRules | undefined; readonly hasContact: boolean }>;
}

/** What a site has in force, by who said it: "site", "class residential", "account 1000000001". */
export interface Scope {
  readonly scope: string;
  readonly resolved: Resolved;
}

/** Accounts of no class of the file are of this one, as far as the site's own strategy is told. */
const USUAL_CLASS = "residential";

export class Strategies {
  readonly timeZone: string;
  readonly #source: StrategySource;
  readonly #site: Layer;
  readonly #ofClass = new Map<string, Resolved>();
  readonly #ofAccount = new Map<string, Resolved>();

  constructor(source: StrategySource) {
    this.timeZone = source.timeZone;
    this.#source = source;
    this.#site = { from: "site", said: saidIn(source.site) };
  }

  of(account: AccountId, className: string): Resolved {
    const own = this.#source.accounts.get(account)?.policy;
    if (own === undefined) return this.#class(className);
    const key = JSON.stringify([account, className]);
    let known = this.#ofAccount.get(key);
    if (known === undefined) {
      const layers = [...this.#layers(className), { from: `account ${account}`, said: saidIn(own) }];
      this.#ofAccount.set(key, (known = resolve(className, layers, this.timeZone)));
    }
    return known;
  }

  /** As nobody says otherwise for his class or himself. */
  ofSite(): Strategy {
    return resolve(USUAL_CLASS, [this.#site], this.timeZone).strategy;
  }

  hasContact(account: AccountId): boolean {
    return this.#source.accounts.get(account)?.hasContact ?? false;
  }

  /** Some restores are spread. */
  get staggers(): boolean {
    return this.#said().some((said) => said.stagger != null);
  }

  /** Every planned outage that somebody said, for whomever. */
  get outages(): readonly Maintenance[] {
    return this.#said().flatMap((said) => said.noCut?.maintenance ?? []);
  }

  #said(): readonly PolicyRules[] {
    const { site, classes, accounts } = this.#source;
    return [site, ...classes.values(), ...[...accounts.values()].flatMap(({ policy }) => policy ?? [])];
  }

  /** Everything that is in force; accounts with words of their own as members of `classOf`. */
  scopes(classOf: (account: string) => string): readonly Scope[] {
    const own = [...this.#source.accounts].filter(([, { policy }]) => policy !== undefined).map(([account]) => account);
    return [
      { scope: "site", resolved: resolve(USUAL_CLASS, [this.#site], this.timeZone) },
      ...[...this.#source.classes.keys()].map((name) => ({ scope: `class ${name}`, resolved: this.#class(name) })),
      ...own.map((account) => ({ scope: `account ${account}`, resolved: this.of(account as AccountId, classOf(account)) })),
    ];
  }

  #class(name: string): Resolved {
    let known = this.#ofClass.get(name);
    if (known === undefined) this.#ofClass.set(name, (known = resolve(name, this.#layers(name), this.timeZone)));
    return known;
  }

  #layers(className: string): readonly Layer[] {
    const said = this.#source.classes.get(className);
    return said === undefined ? [this.#site] : [this.#site, { from: `class ${className}`, said: saidIn(said) }];
  }
}
