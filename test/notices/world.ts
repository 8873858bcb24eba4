/** A street and a whole engine that tells its customers, in memory and on a clock that jumps; what a customer got is read from the channel. */
import type { MeterPlan } from "../../simulator/street.ts";
import type { Engine } from "../../src/house/ports.ts";
import { noticesOf, tellingOf } from "../../src/house/notices.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { hours, minutes, seconds, type Clock, type Instant } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { Message, NoticeChannel, Sent } from "../../src/notices/channel.ts";
import type { NoticesConfig } from "../../src/notices/config.ts";
import type { OpenChannel, Undelivered } from "../../src/notices/courier.ts";
import type { NoticeRecord } from "../../src/notices/notice.ts";
import type { NoticeStore } from "../../src/notices/notice-store.ts";
import { policyOf } from "../../src/policy/policy-config.ts";
import type { PolicyRules } from "../../src/policy/policy-file.ts";
import { raiseStreetHouse, TIME_ZONE, type StreetHouse } from "../collection/street-house.ts";

export type Heard = Message & { readonly heardAt: Instant };

/** A channel that answers as it is told, and keeps what it took. */
export class MemoryChannel implements NoticeChannel {
  readonly name: string;
  readonly kind = "webhook";
  readonly heard: Heard[] = [];
  /** What it answers; a test may change it. */
  answer: (message: Message) => Promise<Sent> | Sent = () => ({ outcome: "delivered", words: "taken" });
  missing: NoticeChannel["missing"] = () => null;
  readonly #clock: () => Clock;

  constructor(name: string, clock: () => Clock) {
    this.name = name;
    this.#clock = clock;
  }

  async send(message: Message): Promise<Sent> {
    this.heard.push({ ...message, heardAt: this.#clock().now() });
    return this.answer(message);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export interface NoticeWorld {
  readonly house: StreetHouse;
  readonly channel: MemoryChannel;
  /** Those that nobody could be told, with why. */
  readonly untold: (readonly [NoticeRecord, string])[];
  accountOf(n: number): AccountId;
  engine(): Engine;
  pay(n: number, amount: string): Promise<void>;
  /** What this customer got: the kinds, in order. */
  told(n: number): readonly string[];
  rows(n: number): readonly NoticeRecord[];
}

export const noticesConfig = (contacts: NoticesConfig["contacts"] = new Map()): NoticesConfig => ({
  language: "zh",
  channels: [],
  wording: { site: "street", timeZone: TIME_ZONE, pay: {}, templates: {}, ofClass: new Map() },
  contacts,
});

export async function raiseNoticeWorld(options: {
  readonly start: Instant;
  readonly meters: readonly Partial<MeterPlan>[];
  readonly rules: PolicyRules;
  readonly balances: readonly string[];
  readonly hasContact?: (n: number) => boolean;
  /** Hours in which little happens are looked through in great steps. */
  readonly isSlow?: boolean;
}): Promise<NoticeWorld> {
  let [house, engine]: [StreetHouse | undefined, Engine | undefined] = [undefined, undefined];
  const { isSlow = false } = options;
  let orders = 0;
  let ids = 0;
  const untold: (readonly [NoticeRecord, string])[] = [];
  const undelivered: Undelivered = {
    failed: (_tx, notice, because) => Promise.resolve(void untold.push([notice, because])),
    told: () => Promise.resolve(),
  };
  const newId = (): string => `01930000-0000-7000-8000-${String((ids += 1)).padStart(12, "0")}`;
  const channel = new MemoryChannel("memory", () => house!.clock);
  const channels: readonly OpenChannel[] = [{ channel, patienceMs: seconds(10) }];
  // the engine is begun before the house is there to be asked: its stores are handed on when they are
  const late = new Proxy({} as NoticeStore, {
    get: (_, name) => {
      const to = house!.stores.notices;
      const value: unknown = Reflect.get(to, name);
      return typeof value === "function" ? (value.bind(to) as unknown) : value;
    },
  });
  const contacts: NoticesConfig["contacts"] = new Map(
    options.meters.map((_, n) => [accountOf(n), { contact: { phone: new Secret(`1380000000${n}`) } }]),
  );
  house = await raiseStreetHouse({
    start: options.start,
    meters: options.meters,
    pollEveryMs: isSlow ? hours(12) : minutes(5),
    lookEveryMs: isSlow ? minutes(10) : seconds(20),
    policy: policyOf({ mode: "live", noCut: { hours: "", weekends: false }, ...options.rules }),
    hasContact: options.hasContact ?? (() => true),
    keepers: (books) => tellingOf({ ...books, store: late, newId }),
    beside: (begun) => {
      engine = begun;
      const { books, rules } = begun;
      const parts = {
        ...books,
        everyMs: isSlow ? minutes(1) : seconds(5),
        rules,
        store: late,
        config: noticesConfig(contacts),
        chance: seededChance(7),
        newId,
      };
      return noticesOf({
        ...parts,
        accounts: (page) => house!.stores.meters.accounts(page),
        undelivered,
        channels,
        log: silentLog,
      });
    },
  });
  const standing = house;
  const world: NoticeWorld = {
    ...{ house: standing, channel, untold, accountOf, engine: () => engine! },
    pay: async (n, amount) => {
      const { transactor, payments } = engine!.doors;
      const order = { account: accountOf(n), amount: parseYuan(amount), channel: "bank", orderId: `o-${(orders += 1)}` };
      await transactor.transact((tx) => payments.take(tx, order));
    },
    told: (n) => channel.heard.filter(({ account }) => account === accountOf(n)).map(({ kind }) => kind),
    rows: (n) =>
      standing.db.books.notices
        .in(null, "account", accountOf(n))
        .sort((a, b) => a.id - b.id)
        .map(({ notice }) => notice),
  };
  for (const [n, balance] of options.balances.entries()) if (balance !== "0.00") await world.pay(n, balance);
  return world;
}

export const accountOf = (n: number): AccountId => AccountId(String(2611220001 + n).padStart(10, "0"));
