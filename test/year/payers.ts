/**
 * Everybody who pays: on his day, when he is told, at the last moment, or when it is dark. He looks at his balance as an app shows it, and
 * pays for so many days of what he used of late.
 */
import { hours, seconds } from "../../src/kernel/clock.ts";
import type { Chance } from "../../src/kernel/chance.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import { between, happens } from "../storms/draws.ts";
import { DAY_MS } from "../months/plan.ts";
import { REST_AFTER_HOURS, TOO_LITTLE_SHARE, habitOf, type HabitRow } from "./habits.ts";
import type { Home } from "./plan.ts";
import type { Delivered } from "./post.ts";
import type { World } from "./world.ts";

const CHANNELS = ["bank", "app", "counter"] as const;
const AGAIN_MS = hours(0.2);
/** Before anything is known of what a household uses: fen a day. */
const A_DAY_AT_FIRST = 900;
/** Fen for each 0.01 kWh, roughly: he reads his last bill. */
const FEN_PER_UNIT = 0.62;
const LEAST_FEN = 500;
const WALLET_FEN_MAX = 300_000;

export interface Payer {
  /** Tells that money was taken, and how much; who waits for his supply counts from here. */
  paid(home: Home, at: number, amount: number): void;
}

export class Payers {
  readonly #world: World;
  readonly #payer: Payer;
  #orders = 0;
  /** Who has made up his mind already. */
  readonly #deciding = new Set<string>();
  readonly #chances = new Map<string, Chance>();
  isOver = false;

  constructor(world: World, payer: Payer) {
    this.#world = world;
    this.#payer = payer;
    for (const { account } of world.year.homes)
      this.#chances.set(account, seededChance(`year-payer/${world.year.wish.seed}/${account}`));
    world.house.post.reads((account, message) => this.#read(world.homes.get(account)!, message));
  }

  /** Everybody begins with something. */
  async begin(): Promise<void> {
    const homes = this.#world.year.homes.filter(({ isRemote }) => isRemote);
    await Promise.all(
      homes.map(async (home) => {
        const { days } = habitOf(home.habit);
        const [least, most] = home.habit === "steady" ? days : [4, days[1]];
        await this.#take(home, between(this.#of(home), least, most) * A_DAY_AT_FIRST);
      }),
    );
  }

  start(): void {
    for (const home of this.#world.year.homes) void this.#live(home);
  }

  #of({ account }: Home): Chance {
    return this.#chances.get(account)!;
  }

  /** Looks at the lamp and at the calendar once a day. */
  async #live(home: Home): Promise<void> {
    const { year, witness } = this.#world;
    const chance = this.#of(home);
    const { onHisDay, afterCut } = habitOf(home.habit);
    const day = 1 + Math.floor(chance.next() * 28);
    const hour = between(chance, 7, 22);
    for (const today of year.days.keys()) {
      await this.#world.until(year.firstMidnight + today * DAY_MS + hours(hour));
      if (this.isOver) return;
      const isHisDay = Number(year.days[today]!.slice(8)) === day && happens(chance, onHisDay);
      if (isHisDay) await this.#pay(home, 1);
      // Who was told nothing of it sees that it is dark.
      else if (home.isRemote && witness.isOpen(this.#world.account(home.account).meter)) void this.#decide(home, afterCut);
    }
  }

  #read(home: Home, { kind, cutFrom, at }: Delivered): void {
    const { afterWarning, afterNotice, afterCut }: HabitRow = habitOf(home.habit);
    if (kind === "cut") void this.#decide(home, afterCut);
    else if (kind === "notice-due") {
      if (afterNotice === "at-the-last") void this.#atTheLast(home, cutFrom ?? at);
      else if (afterNotice !== null) void this.#decide(home, afterNotice);
    } else if ((kind === "warn-1" || kind === "warn-2" || kind === "forecast") && afterWarning !== null)
      void this.#decide(home, afterWarning);
  }

  async #decide(home: Home, [least, most]: readonly [number, number]): Promise<void> {
    if (this.#deciding.has(home.account)) return;
    this.#deciding.add(home.account);
    await this.#world.wait(hours(between(this.#of(home), least, most)));
    this.#deciding.delete(home.account);
    if (!this.isOver) await this.#pay(home, 1);
  }

  async #atTheLast(home: Home, cutFrom: number): Promise<void> {
    if (this.#deciding.has(home.account)) return;
    this.#deciding.add(home.account);
    // A second before, as the cut leaves, or as it is in the meter.
    const chance = this.#of(home);
    await this.#world.until(cutFrom + seconds(happens(chance, 0.5) ? -1 : between(chance, -1, 240)));
    this.#deciding.delete(home.account);
    if (!this.isOver) await this.#pay(home, 1);
  }

  async #pay(home: Home, times: number): Promise<void> {
    const chance = this.#of(home);
    const { days } = habitOf(home.habit);
    const aDay = this.#usedADay(home);
    const has = await this.#seen(home);
    const wanted = Math.max(
      LEAST_FEN,
      Math.round(between(chance, days[0], days[1]) * aDay - Math.max(0, has)) - Math.min(0, has),
    );
    if (times === 1 && happens(chance, TOO_LITTLE_SHARE)) {
      await this.#take(home, Math.max(100, wanted * 0.05));
      void this.#world
        .wait(hours(between(chance, ...REST_AFTER_HOURS)))
        .then(() => (this.isOver ? undefined : this.#pay(home, 2)));
      return;
    }
    await this.#take(home, home.isRemote ? wanted : Math.min(WALLET_FEN_MAX, wanted));
  }

  #usedADay(home: Home): number {
    const { witness, year, now } = this.#world;
    const account = this.#world.account(home.account);
    const [first] = witness.midnights(account.meter, 8);
    const units = first === undefined ? 0 : witness.now(account.meter).total - first[1].total;
    const sinceMs = first === undefined ? 0 : now - Math.max(Date.parse(`${first[0]}T00:00:00+08:00`), year.firstMidnight);
    if (sinceMs < DAY_MS) return A_DAY_AT_FIRST;
    return Math.max(100, (units * FEN_PER_UNIT * DAY_MS) / sinceMs);
  }

  async #seen({ account, isRemote }: Home): Promise<number> {
    const { engine, street } = this.#world.house;
    if (!isRemote) return Number(street.snapshot(this.#world.account(account).meter).balance) * 100;
    return Number((await engine.doors.ledger.position(null, AccountId(account))).available);
  }

  async #take(home: Home, fen: number): Promise<void> {
    const { transactor, payments } = this.#world.house.engine.doors;
    const amount = Math.round(fen);
    this.#orders += 1;
    const order = {
      ...{ account: AccountId(home.account), amount: Fen(BigInt(amount)), orderId: `order-${this.#orders}` },
      channel: CHANNELS[this.#orders % CHANNELS.length]!,
    };
    for (;;) {
      try {
        const { payment } = await transactor.transact((tx) => payments.take(tx, order));
        this.#world.account(home.account).paid.push({ at: payment.createdAt, amount });
        this.#world.count("payments");
        this.#payer.paid(home, payment.createdAt, amount);
        return;
      } catch (error) {
        // Its meter is just being replaced, or a line is away: he comes again.
        if (!isFault(error) || this.isOver) throw error;
        this.#world.count(`payments put off: ${error.code}`);
        await this.#world.wait(AGAIN_MS);
      }
    }
  }
}
