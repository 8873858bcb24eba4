/**
 * Joins notices to the house: the rules write down what is to be told, the courier brings it to the channels of the site file, and what
 * nobody took becomes an item for a person. Where the site names no channel nobody is told, and nothing is written.
 */
import type { ExceptionStore } from "../exceptions/exception-store.ts";
import type { Exceptions } from "../exceptions/exceptions.ts";
import { GATEWAY, keyOf, nobody } from "../exceptions/item.ts";
import type { OutcomeKeeper } from "../commands/outcome-keeper.ts";
import type { MeterStore } from "../commands/command-store.ts";
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import { iso } from "../kernel/clock.ts";
import type { AccountId } from "../kernel/ids.ts";
import { yuan } from "../kernel/money.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { openChannel, patienceMs, type NoticesConfig } from "../notices/config.ts";
import { Courier, type OpenChannel, type Undelivered } from "../notices/courier.ts";
import { NoticeDesk } from "../notices/desk.ts";
import { Drafts } from "../notices/drafts.ts";
import { kindTable } from "../notices/kinds.ts";
import type { NoticeStore } from "../notices/notice-store.ts";
import { NoticeRounds, type RoundsParts } from "../notices/rounds.ts";
import { NoticeTeller } from "../notices/teller.ts";
import type { EngineBooks, EngineKeepers, EngineRules } from "./ports.ts";

export interface TellingParts {
  readonly store: NoticeStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly ledger: Pick<EngineBooks["ledger"], "position">;
  readonly meters: Pick<MeterStore, "meter">;
  /** Who hears of ended commands besides. */
  readonly outcomes?: OutcomeKeeper;
}

/** Keepers for the engine: what the rules come to and what became of their orders is written down for the customer. */
export function tellingOf({ ledger, meters, outcomes, ...parts }: TellingParts) {
  const teller = new NoticeTeller(parts);
  const balanceIn = (tx: Transaction) => async (account: AccountId) => (await ledger.position(tx, account)).available;
  return {
    teller,
    relayClosed: async (tx, meter) => {
      const { account = null } = (await meters.meter(tx, meter)) ?? {};
      if (account !== null) await teller.closed(tx, { account, meter }, balanceIn(tx));
    },
    outcomes: {
      ended: async (tx, command, end) => {
        await outcomes?.ended(tx, command, end);
        await teller.ended(tx, command, end.step.state, balanceIn(tx));
      },
    },
  } satisfies EngineKeepers;
}

export interface NoticePartsOf extends Pick<EngineBooks, "transactor" | "outbox" | "clock" | "log" | "newId"> {
  readonly store: NoticeStore;
  readonly config: NoticesConfig;
  readonly meters: Pick<MeterStore, "account">;
  readonly accounts: RoundsParts["accounts"];
  readonly rules: EngineRules;
  readonly undelivered: Undelivered;
  readonly chance: Pick<Chance, "next">;
  /** Left out: those of the site file. */
  readonly channels?: readonly OpenChannel[];
  readonly everyMs?: number;
}

export function noticesOf({ config, rules, ...parts }: NoticePartsOf) {
  const { store, log } = parts;
  const channels =
    parts.channels ??
    config.channels.map((channel): OpenChannel => ({
      ...{ channel: openChannel(channel, config.wording), patienceMs: patienceMs(channel) },
    }));
  const { strategies, policy, noCuts, holdsCuts: holds } = rules;
  const { wording, contacts, language } = config;
  const drafts = new Drafts({ ...parts, policy, noCuts, strategies, wording, contacts, language });
  const courier = new Courier({ ...parts, channels, draftOf: (notice) => drafts.of(notice), holds });
  const rounds = new NoticeRounds({ ...parts, teller: new NoticeTeller(parts), drafts, strategies, noCuts });
  return {
    desk: new NoticeDesk({ ...parts, channels, contacts, wording, language }),
    start: (): void => {
      if (channels.length === 0) return;
      courier.start();
      rounds.start();
      log.info({ channels: channels.map(({ channel }) => `${channel.name} (${channel.kind})`) }, "customers are told");
    },
    stop: async (): Promise<void> => {
      await Promise.all([courier.stop(), rounds.stop()]);
      for (const { channel } of channels) await channel.close();
    },
    /** For the figures. */
    picture: async () => ({ open: await store.counts(), tries: courier.counts }),
  };
}
export type NoticesInHouse = ReturnType<typeof noticesOf>;

/** One item for a customer who could not be told, however many notices; it closes itself with the first that arrives. */
export function undeliveredItems(parts: {
  readonly store: NoticeStore;
  readonly exceptions: Exceptions;
  readonly items: Pick<ExceptionStore, "lockOpen">;
  readonly timeZone: string;
}): Undelivered {
  const { store, exceptions, items, timeZone } = parts;
  return {
    failed: async (tx, notice, because) => {
      const { id, account, meter, kind, at, available } = notice;
      const { en, zh } = kindTable[kind];
      const tries = (await store.attempts(id, tx)).map(({ number, at: when, channel, outcome, words }) => ({
        ...{ number, at: iso(when, timeZone), channel, outcome, words },
      }));
      await exceptions.raise(tx, {
        ...{ ...nobody, account, meter },
        kind: "notice-undelivered",
        key: keyOf.notices(account),
        because,
        evidence: { notice: id, kind, what: { en, zh }, at: iso(at, timeZone), balance: yuan(available), tries },
        suggestion: null,
      });
    },
    told: async (tx, { account, id }) => {
      const item = await items.lockOpen(tx, keyOf.notices(account));
      if (item !== null) await exceptions.end(tx, item, { by: GATEWAY, note: `the customer was told since: notice ${id}` });
    },
  };
}
