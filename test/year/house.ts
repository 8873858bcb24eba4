/**
 * The house of a year: that of a month, with everything by which supply is cut and restored: classes and their rules, guard rails, notices
 * that somebody carries, exemptions, and the desk that says why.
 */
import { hours, minutes } from "../../src/kernel/clock.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { CommandEnd } from "../../src/commands/outcome-keeper.ts";
import type { Command } from "../../src/commands/command.ts";
import { collectionFile } from "../../src/collection/settings.ts";
import { noticesOf, tellingOf } from "../../src/house/notices.ts";
import type { HouseSite } from "../../src/house/ports.ts";
import { ExemptionDesk } from "../../src/policy/exemption-desk.ts";
import { usualRails } from "../../src/policy/guard-settings.ts";
import { policyOf } from "../../src/policy/policy-config.ts";
import { WhyDesk } from "../../src/policy/why.ts";
import { raiseHouse, type MonthHouse } from "../months/house.ts";
import { TIME_ZONE } from "../months/plan.ts";
import { classTable, siteRules } from "./classes.ts";
import type { Home, Year } from "./plan.ts";
import { plants, type PlantName } from "./plants.ts";
import { Post } from "./post.ts";

/** As a site of this size would ask: who owes little money is asked more often (`hot`). */
const POLL_EVERY_MS = hours(6);
const HOT_EVERY_MS = hours(2);
/** On virtual time a look at everybody takes none, so nothing else keeps the rules from looking after each reading. */
const RULES_LOOK_MS = minutes(5);
const POST_LOOK_MS = minutes(1);

/** An end of a command that is no success, or a notice that nobody took: what becomes an item for a person. */
export interface Ended {
  readonly command: Command;
  readonly state: string;
  readonly because: string | null;
  readonly at: number;
}

export interface YearHouse extends MonthHouse {
  readonly post: Post;
  readonly why: WhyDesk;
  readonly exemptions: ExemptionDesk;
  readonly ended: readonly Ended[];
  /** By account, since when somebody could not be told. */
  readonly untold: ReadonlyMap<string, number>;
}

export async function raiseYear(year: Year, plant: PlantName = "nothing"): Promise<YearHouse> {
  const ended: Ended[] = [];
  const untold = new Map<string, number>();
  const note = (command: Command, { step }: CommandEnd, at: number): void =>
    void ended.push({ command, state: step.state, because: step.because ?? null, at });
  const house = await raiseHouse(
    year,
    {},
    {
      site: (usual) => siteOf(year, usual),
      spares: year.homes.flatMap(({ replaced }) => replaced?.spare ?? []),
      plant: plants[plant](year),
      rulesLookMs: RULES_LOOK_MS,
      keepers: ({ ledger, meters, clock, newId }, { notices: store }) =>
        tellingOf({
          ...{ ledger, meters, clock, newId, store },
          outcomes: {
            ended: (_tx, command, end) => {
              note(command, end, clock.now());
              return Promise.resolve();
            },
          },
        }),
    },
  );
  const { engine, stores, clock, newId } = house;
  const post = new Post(clock);
  const notices = noticesOf({
    ...{ ...engine.books, rules: engine.rules, store: stores.notices, policy: stores.policy },
    config: {
      ...{ language: "zh", channels: [], contacts: contactsOf(year.homes) },
      wording: { site: "year", timeZone: TIME_ZONE, pay: {}, templates: {}, ofClass: new Map() },
    },
    accounts: (page) => stores.meters.accounts(page),
    undelivered: {
      failed: (_tx, { account }) => Promise.resolve(void untold.set(account, untold.get(account) ?? clock.now())),
      told: (_tx, { account }) => Promise.resolve(void untold.delete(account)),
    },
    chance: seededChance(`year-post/${year.wish.seed}`),
    channels: [{ channel: post.channel, patienceMs: minutes(1) }],
    everyMs: POST_LOOK_MS,
  });
  notices.start();
  const whyDesk = new WhyDesk({
    ...{ clock, ...engine.rules, store: stores.policy, exemptions: stores.exemptions, commands: stores.commands },
    latestOf: (meters) => stores.readings.latestOf(meters),
    openDoubtOf: async (meter) => {
      const doubt = await stores.validation.doubt(null, meter);
      return doubt?.open === true ? doubt : null;
    },
  });
  const exemptions = new ExemptionDesk({
    ...{ store: stores.exemptions, outbox: stores.outbox, clock, timeZone: TIME_ZONE, newId },
  });
  return {
    ...house,
    ...{ post, why: whyDesk, exemptions, ended, untold },
    close: async () => {
      await notices.stop();
      await house.close();
    },
  };
}

function siteOf({ homes }: Year, usual: HouseSite): HouseSite {
  const homeOf = new Map(homes.map((home) => [home.account, home]));
  return {
    ...usual,
    accounts: usual.accounts.map((account) => {
      const { class: name, hasContact } = homeOf.get(account.account)!;
      return { ...account, class: name, ...(hasContact ? { hasContact } : {}) };
    }),
    policy: policyOf(siteRules),
    classes: new Map(Object.entries(classTable).map(([name, { policy }]) => [name, { policy }])),
    polling: { hot: { everyMs: HOT_EVERY_MS, items: null }, warm: { everyMs: POLL_EVERY_MS, items: null }, cold: null },
    collection: collectionFile.parse({ events: false }),
    guardRails: usualRails,
  };
}

const contactsOf = (homes: readonly Home[]) =>
  new Map(
    homes.map(({ account, hasContact }) => [
      AccountId(account),
      { contact: hasContact ? { phone: new Secret(`138${account.slice(-8)}`) } : {} },
    ]),
  );
