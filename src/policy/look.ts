/** One account looked at by its rules, at one moment. Pure but for the strategies, which remember what was joined. */
import type { Instant } from "../kernel/clock.ts";
import { factsOf } from "./facts.ts";
import type { RemoteMeter } from "./policy-store.ts";
import { decide, fulfils } from "./rules.ts";
import type { Look } from "./standing.ts";
import type { Strategies } from "./strategies.ts";

export function lookAt(strategies: Strategies, picture: RemoteMeter, now: Instant): Look {
  const { strategy } = strategies.of(picture.account, picture.class);
  const facts = factsOf(picture, now, strategies.timeZone, strategies.hasContact(picture.account));
  return { picture, facts, strategy, decision: decide(facts, strategy) };
}

/** Owes more than he may, and is not cut yet: the only ones of whom a look at everybody has to ask more. */
export const owes = (strategies: Strategies, picture: RemoteMeter): boolean =>
  picture.relay !== "disconnected" && picture.available < strategies.of(picture.account, picture.class).strategy.cutAt;

/** The rules would cut it now, whatever holds everybody's cuts back. */
export const isDue = ({ picture, decision }: Look): boolean =>
  decision.want === "disconnected" && picture.relay !== "unknown" && !fulfils(picture, "disconnected");
