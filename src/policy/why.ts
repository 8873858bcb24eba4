/**
 * "Why was I cut?", "why was I not?": everything that the answer rests on, looked up at one moment and decided anew by the same function that
 * decides for the rules. Changes nothing.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Command, CommandKind } from "../commands/command.ts";
import type { AccountBook, CommandStore } from "../commands/command-store.ts";
import { factsOf, type Facts } from "./facts.ts";
import type { Exemption } from "./exemptions.ts";
import type { ExemptionStore, KeptDecision, Notice, PolicyStore, RemoteMeter } from "./policy-store.ts";
import type { Resolved } from "./resolve.ts";
import { decide, type Decision } from "./rules.ts";
import type { Strategies } from "./strategies.ts";
import { stageWords, wordsOf, type Words } from "./words.ts";

const KEPT_MAX = 10;
const COMMANDS_LOOKED_AT = 100;
const RELAY: ReadonlySet<CommandKind> = new Set(["disconnect", "reconnect", "arm", "disconnect-for", "protect", "unprotect"]);

export interface Why {
  readonly at: Instant;
  readonly account: AccountBook;
  readonly resolved: Resolved;
  /** Null where no rule decides: the wallet is in the meter, there is none, or another is taking its place. */
  readonly now: { readonly picture: RemoteMeter; readonly facts: Facts; readonly decision: Decision } | null;
  /** Every reason why nobody is cut now, also those that are not the rules' own. */
  readonly blocks: readonly string[];
  readonly answer: Words;
  /** The newest believed reading of the energy register, and whether it was charged. */
  readonly reading: (Reading & { readonly charged: boolean }) | null;
  readonly notices: readonly Notice[];
  readonly exemptions: readonly Exemption[];
  readonly decisions: readonly KeptDecision[];
  readonly commands: readonly Command[];
}

export interface WhyParts {
  readonly store: PolicyStore;
  readonly exemptions: ExemptionStore;
  readonly commands: Pick<CommandStore, "list">;
  readonly strategies: Strategies;
  readonly clock: Clock;
  readonly latestOf: (meters: readonly MeterAddress[]) => Promise<readonly Reading[]>;
  readonly holdsCuts: () => Promise<boolean>;
  /** Of a meter that would be cut: what of the whole site holds it back. */
  readonly heldBy: (meter: MeterAddress) => Promise<readonly string[]>;
}

export class WhyDesk {
  readonly #parts: WhyParts;

  constructor(parts: WhyParts) {
    this.#parts = parts;
  }

  async of(account: AccountBook): Promise<Why> {
    const { store, exemptions, commands, strategies, clock, latestOf, holdsCuts, heldBy } = this.#parts;
    const { account: id, meter } = account;
    const at = clock.now();
    const resolved = strategies.of(id, account.class);
    const picture = account.mode === "remote" && meter !== null ? await store.remoteMeter(null, meter) : null;
    const facts = picture === null ? null : factsOf(picture, at, strategies.timeZone, strategies.hasContact(id));
    const now = picture === null || facts === null ? null : { picture, facts, decision: decide(facts, resolved.strategy) };
    const site =
      now?.decision.want === "disconnected" && now.picture.relay !== "disconnected" ? await heldBy(now.picture.meter) : [];
    const outside = [
      ...((await holdsCuts()) ? ["restored"] : []),
      ...site,
      ...(resolved.rules.mode === "shadow" ? ["shadow"] : []),
    ];
    const blocks = now === null ? [] : [...now.decision.blocks, ...outside];
    const register = meter === null ? undefined : (await latestOf([meter])).find(({ item }) => item === "importedEnergy");
    const ordered = meter === null ? [] : await commands.list({ meter, limit: COMMANDS_LOOKED_AT });
    return {
      ...{ at, account, resolved, now, blocks, answer: answerOf(account, now?.decision ?? null, blocks) },
      reading: register === undefined ? null : { ...register, charged: (picture?.readAt ?? 0) >= register.takenAt },
      notices: await store.noticesOf(id, KEPT_MAX),
      exemptions: await exemptions.of(id, KEPT_MAX),
      decisions: await store.decisionsOf(id, KEPT_MAX),
      commands: ordered.filter(({ kind }) => RELAY.has(kind)).slice(0, KEPT_MAX),
    };
  }
}

/** One sentence for whoever is on the telephone. */
export function answerOf(account: AccountBook, decision: Decision | null, blocks: readonly string[]): Words {
  if (decision === null)
    return account.mode === "local"
      ? {
          en: "The wallet in the meter deducts and cuts by itself; no rule of the gateway does.",
          zh: "本地费控:电表自行扣费与跳闸,网关规则不参与。",
        }
      : { en: "No meter of this account can be cut by a rule now.", zh: "该户目前没有可由规则控制的电表。" };
  const stage = stageWords[decision.stage];
  const reasons = blocks.map(wordsOf);
  if (decision.stage === "cut" || reasons.length === 0) {
    const because = wordsOf(decision.because);
    return { en: `${capital(stage.en)}, because ${because.en}.`, zh: `${stage.zh}:${because.zh}。` };
  }
  return {
    en: `${capital(stage.en)}. Not cut now, because ${reasons.map(({ en }) => en).join("; ")}.`,
    zh: `${stage.zh}。当前不跳闸,原因:${reasons.map(({ zh }) => zh).join(";")}。`,
  };
}

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
