/**
 * "Why was I cut?", "why was I not?": everything that the answer rests on, looked up at one moment and decided anew by the same function that
 * decides for the rules. Changes nothing.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import type { CommandId, MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Command, CommandKind } from "../commands/command.ts";
import type { AccountBook, CommandStore } from "../commands/command-store.ts";
import { isAutomaticCut } from "../commands/rivals.ts";
import { factsOf, type Facts } from "./facts.ts";
import type { Exemption } from "./exemptions.ts";
import type { CutBatch } from "./guard-store.ts";
import type { ExemptionStore, KeptDecision, Notice, PolicyStore, RemoteMeter } from "./policy-store.ts";
import type { Resolved } from "./resolve.ts";
import { isHolding, type NoCutSpan } from "./no-cuts.ts";
import { kindsOf, resting, type Rest } from "./resting.ts";
import { decide, type Decision } from "./rules.ts";
import type { Strategies } from "./strategies.ts";
import { noCutWords, restWords, stageWords, wordsOf, type Words } from "./words.ts";

const KEPT_MAX = 10;
const COMMANDS_LOOKED_AT = 100;
const RELAY: ReadonlySet<CommandKind> = new Set(["disconnect", "reconnect", "arm", "disconnect-for", "protect", "unprotect"]);

/** What the meter showed last and nobody believes, until something newer is believed or a person decides. */
export interface OpenDoubt {
  readonly doubt: string;
  readonly item: string;
  /** As the meter showed it; null: it was no number. */
  readonly register: bigint | null;
  readonly takenAt: Instant;
  readonly source: Reading["source"];
  /** How often in a row. */
  readonly times: number;
}

export interface Why {
  readonly at: Instant;
  readonly account: AccountBook;
  readonly resolved: Resolved;
  /** Null where no rule decides: the wallet is in the meter, there is none, or another is taking its place. */
  readonly now: { readonly picture: RemoteMeter; readonly facts: Facts; readonly decision: Decision } | null;
  /** Every reason why nobody is cut now, also those that are not the rules' own. */
  readonly blocks: readonly string[];
  readonly answer: Words;
  /** Of a code that tells more here than it does elsewhere: who has said it, and until when. */
  readonly words: ReadonlyMap<string, Words>;
  /** The newest believed reading of the energy register, and whether it was charged; null: the ledger charges nothing of this meter. */
  readonly reading: (Reading & { readonly charged: boolean | null }) | null;
  /** Beside it, never instead of it. */
  readonly doubted: OpenDoubt | null;
  readonly notices: readonly Notice[];
  readonly exemptions: readonly Exemption[];
  /** What was said of bad weather and outages where its meter hangs, and is not over. */
  readonly noCuts: readonly NoCutSpan[];
  readonly decisions: readonly KeptDecision[];
  readonly commands: readonly Command[];
  /** Of those, the cuts that were on a list which two persons approved. */
  readonly lists: readonly { readonly command: Command; readonly batch: CutBatch }[];
}

export interface WhyParts {
  readonly store: PolicyStore;
  readonly exemptions: ExemptionStore;
  readonly commands: Pick<CommandStore, "list" | "lastEnded">;
  readonly strategies: Strategies;
  readonly clock: Clock;
  /** Believed ones alone. */
  readonly latestOf: (meters: readonly MeterAddress[]) => Promise<readonly Reading[]>;
  readonly openDoubtOf: (meter: MeterAddress) => Promise<OpenDoubt | null>;
  readonly holdsCuts: () => Promise<boolean>;
  /** Of a meter that would be cut: what of the whole site holds it back. */
  readonly heldBy: (meter: MeterAddress) => Promise<readonly string[]>;
  readonly listOf: (command: CommandId) => Promise<CutBatch | null>;
  /** When the meter was heard last, or null. */
  readonly heardAt: (meter: MeterAddress) => Instant | null;
}

export class WhyDesk {
  readonly #parts: WhyParts;

  constructor(parts: WhyParts) {
    this.#parts = parts;
  }

  async of(account: AccountBook): Promise<Why> {
    const { store, exemptions, commands, strategies, clock, latestOf, openDoubtOf, holdsCuts, heldBy, listOf } = this.#parts;
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
    const asked = meter === null ? [] : await commands.list({ meter, limit: COMMANDS_LOOKED_AT });
    const rests = now === null ? [] : await this.#restsOf(now, resolved, asked);
    const isCut = now?.decision.want === "disconnected";
    const blocks = now === null ? [] : [...now.decision.blocks, ...outside, ...(isCut ? rests.map(({ code }) => code) : [])];
    const { timeZone } = strategies;
    const noCuts = facts?.noCuts ?? [];
    const words = new Map(
      [...noCuts].reverse().flatMap((one) => (isHolding(one, at) ? [[one.kind, noCutWords(one, timeZone)]] : [])),
    );
    const answer = answerOf(account, now?.decision ?? null, blocks, { rests, words, timeZone });
    const register = meter === null ? undefined : (await latestOf([meter])).find(({ item }) => item === "importedEnergy");
    const ordered = asked.filter(({ kind }) => RELAY.has(kind)).slice(0, KEPT_MAX);
    const lists: { command: Command; batch: CutBatch }[] = [];
    for (const command of ordered) {
      const batch = isAutomaticCut(command) ? await listOf(command.id) : null;
      if (batch !== null) lists.push({ command, batch });
    }
    return {
      ...{ at, account, resolved, now, blocks, answer, words, noCuts },
      reading: register === undefined ? null : { ...register, charged: isCharged(register, picture) },
      doubted: meter === null ? null : await openDoubtOf(meter),
      notices: await store.noticesOf(id, KEPT_MAX),
      exemptions: await exemptions.of(id, KEPT_MAX),
      decisions: await store.decisionsOf(id, KEPT_MAX),
      ...{ commands: ordered, lists },
    };
  }

  async #restsOf(
    { picture, facts, decision }: NonNullable<Why["now"]>,
    { strategy }: Resolved,
    ordered: readonly Command[],
  ): Promise<readonly Rest[]> {
    const { want } = decision;
    if (want === "as-is") return [];
    const { meter } = picture;
    const last = await this.#parts.commands.lastEnded(null, meter, kindsOf(want));
    const kind = want === "connected" ? strategy.restoreBy : "disconnect";
    return resting(picture, { want, kind }, { ordered, last, heardAt: this.#parts.heardAt(meter), now: facts.now });
  }
}

const isCharged = ({ takenAt }: Reading, picture: RemoteMeter | null): boolean | null =>
  picture === null ? null : (picture.readAt ?? 0) >= takenAt;

/** One sentence for whoever is on the telephone, and another where a restore has to wait. */
export function answerOf(
  account: AccountBook,
  decision: Decision | null,
  blocks: readonly string[],
  {
    rests,
    words,
    timeZone,
  }: { readonly rests: readonly Rest[]; readonly words: ReadonlyMap<string, Words>; readonly timeZone: string },
): Words {
  if (decision === null)
    return account.mode === "local"
      ? {
          en: "The wallet in the meter deducts and cuts by itself; no rule of the gateway does.",
          zh: "本地费控:电表自行扣费与跳闸,网关规则不参与。",
        }
      : { en: "No meter of this account can be cut by a rule now.", zh: "该户目前没有可由规则控制的电表。" };
  const stage = stageWords[decision.stage];
  const waits = new Map<string, Words>(rests.map((rest) => [rest.code, restWords(rest, timeZone)]));
  const reasons = blocks.map((code) => waits.get(code) ?? words.get(code) ?? wordsOf(code));
  if (decision.want === "connected" && waits.size > 0) {
    const [because, why] = [wordsOf(decision.because), [...waits.values()]];
    return {
      en: `The supply is to come back, because ${because.en}. Not asked for now, because ${why.map(({ en }) => en).join("; ")}.`,
      zh: `应复电:${because.zh}。暂未执行,原因:${why.map(({ zh }) => zh).join(";")}。`,
    };
  }
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
