/** Supplies put on a list for two persons, with what was known of each: behind the lock of the site, in the caller's transaction. */
import type { Clock } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { CutAlarms } from "./cut-alarms.ts";
import { railsVersion, type GuardRails } from "./guard-settings.ts";
import type { CutBatch, CutMember, GuardStore } from "./guard-store.ts";
import { factsToKeep, type Look } from "./standing.ts";

/** Who proposes, brakes and takes back when no person does. */
export const RULES = "rules";

export interface ListParts {
  readonly store: GuardStore;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly rails: GuardRails;
  readonly alarms?: CutAlarms;
}

export interface ListWish {
  readonly by: string;
  readonly reason: string;
  readonly lineOf: (meter: MeterAddress) => string;
  /** A person who proposes is one of the two already. */
  readonly first: CutBatch["first"];
}

/** The rules add to their own list until somebody has said yes to it: nobody approves what he has not seen. */
export async function listUp(parts: ListParts, tx: Transaction, looks: readonly Look[], wish: ListWish): Promise<CutBatch> {
  const { store, outbox, clock, newId, rails, alarms } = parts;
  const members = inTurn(
    looks.map((look) => memberOf(look, wish.lineOf(look.picture.meter))),
    ({ line }) => line,
  );
  const isOwn = ({ state, proposedBy, first }: CutBatch): boolean =>
    state === "proposed" && proposedBy === RULES && first === null;
  const known = wish.by === RULES ? (await store.liveBatches(tx)).find(isOwn) : undefined;
  const batch: CutBatch = known ?? {
    ...{ id: newId(), state: "proposed", proposedBy: wish.by, proposedAt: clock.now(), reason: wish.reason },
    ...{ raisesBrake: false, first: wish.first, second: null, goodUntil: null },
    ...{ canary: rails.canary, version: railsVersion(rails), because: null, endedAt: null, endedBy: null },
  };
  if (known === undefined) await store.insertBatch(tx, batch);
  await store.addMembers(tx, batch.id, members);
  const count = known === undefined ? members.length : await store.memberCount(tx, batch.id);
  await alarms?.proposed(tx, batch, count);
  await outbox.announce(tx, { type: "cuts", about: "batch", id: batch.id, state: batch.state });
  return batch;
}

/** The first of each line, then the second of each: so all lines are at work, however few are under way at a time. */
export function inTurn<T>(all: readonly T[], lineOf: (one: T) => string): readonly T[] {
  const lines = [...Map.groupBy(all, lineOf).values()];
  const longest = lines.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: longest }, (_, n) => lines.flatMap((line) => line.slice(n, n + 1))).flat();
}

const memberOf = ({ picture, facts, strategy }: Look, line: string): CutMember => ({
  ...{ meter: picture.meter, account: picture.account, line, isCanary: false, state: "waiting" },
  ...{ available: picture.available, readAt: picture.readAt, noticedAt: picture.notice?.deliveredAt ?? null },
  ...{ strategy: strategy.version, facts: factsToKeep(facts, strategy), command: null, because: null },
});
