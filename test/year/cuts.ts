/**
 * Judges each cut and each restore from outside, in the moment in which the relay moves: by what is true of the account, by the plan's own
 * exemptions and calendar, and by what was really delivered to the customer. Later the house is asked why, and its answer is held against
 * the same truth.
 */
import { hours, minutes } from "../../src/kernel/clock.ts";
import { AccountId, MeterAddress } from "../../src/kernel/ids.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import type { Why } from "../../src/policy/why.ts";
import { TIME_ZONE } from "../months/plan.ts";
import { beginOf, dayAfter, dayOf } from "../oracle/calendar.ts";
import { Unknown } from "./account.ts";
import { classTable, NOTICE_GOOD_MS } from "./classes.ts";
import type { Home } from "./plan.ts";
import type { Delivered } from "./post.ts";
import { forbiddenAt } from "./windows.ts";
import type { Shown, Watcher } from "./witness.ts";
import { told, type World } from "./world.ts";

/** The house is asked when the order has ended; until then nothing else is decided of the account. */
const ASKED_AFTER_MS = minutes(3);
/** What a meter showed and when the gateway says that it read it lie so close together. */
const SAME_MOMENT_MS = 2_000;
/** Without trouble a payment has its supply back within this. */
const RESTORED_WITHIN_MS = minutes(10);
/** And after a trouble within this: as long as a silent meter may be left alone. */
const RESTORED_AFTER_MS = hours(7);

interface Dark {
  readonly home: Home;
  readonly since: number;
  /** Fen, by all that the meter showed. */
  readonly balance: number;
  /** Fen, by its total alone: of today's rates, which midnight tells, nothing yet. */
  readonly balanceByTotal: number;
  paidIn: number;
  /** Since when it has been owed its supply. */
  owedSince: number | null;
}

export class Cuts implements Watcher {
  readonly #world: World;
  readonly #dark = new Map<string, Dark>();
  readonly restores: number[] = [];
  readonly restoresAfterTrouble: number[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  opened(meter: string, at: number): void {
    const home = this.#world.ownerOf(meter);
    if (home === undefined) {
      this.#world.wrong("no cut of a meter that hangs nowhere", meter, "its relay opened");
      return;
    }
    const { account, class: name } = home;
    this.#world.count("cuts");
    const wrong = (text: string): void => this.#world.wrong("false cut", meter, text);
    if (!home.isRemote) {
      wrong("its wallet is its own business");
      return;
    }
    const truth = this.#world.account(account);
    const shown = this.#world.witness.shownBy(meter);
    const last = shown.at(-1);
    const row = classTable[name];
    let balance = Number.NaN;
    let balanceByTotal = Number.NaN;
    try {
      this.#world.harvest(account);
      if (last === undefined) wrong("nobody had asked it for its energy");
      else {
        balance = truth.balance(last.at, last.registers);
        balanceByTotal = truth.balanceByTotal(last.at, last.registers);
      }
      if (balance >= row.cutAt) wrong(`${balance} fen are left, and a cut is due below ${row.cutAt}`);
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      wrong(`its balance cannot be told: ${error.message}`);
    }
    if (row.isProtected) wrong(`${name} is protected`);
    if (!home.hasContact) wrong("nobody can reach this customer");
    if (isExempt(home, at)) wrong(`exempt: ${home.exempt!.kind}`);
    const forbidden = forbiddenAt(at);
    if (forbidden !== null) wrong(forbidden);
    const notice = this.#noticeOf(home, at);
    if (notice === null) wrong("no final notice was delivered in time");
    else if (notice.available! < balance) wrong(`the notice told ${notice.available} fen, and ${balance} are left`);
    this.#dark.set(account, { home, since: at, balance, balanceByTotal, paidIn: 0, owedSince: null });
    void this.#askWhy(home, { meter, at, balance, shown: [...shown] });
  }

  closed(meter: string, at: number): void {
    const home = this.#world.ownerOf(meter);
    const dark = home === undefined ? undefined : this.#dark.get(home.account);
    if (home === undefined || dark === undefined) return;
    this.#dark.delete(home.account);
    this.#world.count("restores");
    this.#world.most("longest without supply, hours", (at - dark.since) / hours(1));
    if (dark.owedSince === null) {
      if (isPaidByTotal(dark, at)) this.#world.count("restores before the rates of the day were known");
      else if (this.#isPaidByTheSun(dark, meter, at)) this.#world.count("restores by what a day had fed back");
      else
        this.#world.wrong(
          "supply comes back for a reason",
          meter,
          `${dark.balance} + ${dark.paidIn} fen, cut at ${told(dark.since)}`,
        );
      return;
    }
    const troubles = this.#world
      .troublesOf(home, dark.owedSince - RESTORED_AFTER_MS, at)
      .filter((one) => one.until >= dark.owedSince!);
    const ms = at - dark.owedSince;
    (troubles.length === 0 ? this.restores : this.restoresAfterTrouble).push(ms);
    const free = Math.max(dark.owedSince, ...troubles.map(({ until }) => Math.min(until, at)));
    if (at - free > (troubles.length === 0 ? RESTORED_WITHIN_MS : RESTORED_AFTER_MS))
      this.#world.wrong(
        "who paid has supply again",
        meter,
        `only after ${Math.round(ms / 60_000)} minutes, ${troubles.length} troubles`,
      );
  }

  paid(home: Home, at: number, amount: number): void {
    const dark = this.#dark.get(home.account);
    if (dark === undefined) return;
    dark.paidIn += amount;
    this.#owes(dark, at);
  }

  exempted(account: string): void {
    const dark = this.#dark.get(account);
    if (dark !== undefined && dark.home.exempt!.kind !== "important") dark.owedSince ??= this.#world.now;
  }

  /** Nobody sits in the dark who has paid: looked at while the year goes on. */
  look(): void {
    const { now } = this.#world;
    for (const dark of this.#dark.values()) {
      const { home, owedSince } = dark;
      if (owedSince === null) continue;
      const troubles = this.#world.troublesOf(home, owedSince - RESTORED_AFTER_MS, now);
      const free = Math.max(owedSince, ...troubles.map(({ until }) => Math.min(until, now)));
      if (now - free > (troubles.length === 0 ? RESTORED_WITHIN_MS : RESTORED_AFTER_MS))
        this.#world.wrong("nobody is dark who has paid", this.#world.account(home.account).meter, `since ${told(owedSince)}`);
    }
    this.#world.most("most in the dark at once", this.#dark.size);
  }

  /** What a day fed back is owed when it is over: whoever was cut on it may have supply by that, and has paid nothing. */
  #isPaidByTheSun({ home }: Dark, meter: string, at: number): boolean {
    const last = this.#world.witness.shownBy(meter).at(-1);
    if (last === undefined) return false;
    try {
      this.#world.harvest(home.account);
      return this.#world.account(home.account).balance(at, last.registers) > classTable[home.class].cutAt;
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      return false;
    }
  }

  #owes(dark: Dark, at: number): void {
    const { home, balance, paidIn } = dark;
    if (balance + paidIn > classTable[home.class].cutAt) dark.owedSince ??= at;
  }

  /** The newest that counts: delivered long enough ago, not too long, and after the last payment. */
  #noticeOf({ account, class: name }: Home, at: number): Delivered | null {
    const paidAt = this.#world.account(account).paid.findLast((one) => one.at <= at)?.at ?? 0;
    const counts = (one: Delivered): boolean =>
      one.kind === "notice-due" && one.at <= at - classTable[name].noticeMs && one.at > at - NOTICE_GOOD_MS && one.at > paidAt;
    return this.#world.house.post.toldTo(AccountId(account)).findLast(counts) ?? null;
  }

  async #askWhy(home: Home, cut: Cut): Promise<void> {
    await this.#world.wait(ASKED_AFTER_MS);
    const { stores, why } = this.#world.house;
    const book = await stores.meters.account(null, AccountId(home.account));
    for (const what of unexplained(await why.of(book!), cut, (at) => this.#balanceAt(home, cut, at), this.#noticesOf(home)))
      this.#world.wrong("every cut is explained", cut.meter, what);
    this.#world.count("cuts explained");
  }

  #noticesOf({ account }: Home): readonly Delivered[] {
    return this.#world.house.post.toldTo(AccountId(account));
  }

  /** Null: nobody saw what it showed then. */
  #balanceAt({ account }: Home, { shown }: Cut, at: number): Balance | null {
    const then = shown.findLast((one) => one.at <= at + 1 && at - one.at < SAME_MOMENT_MS);
    const truth = this.#world.account(account);
    return then === undefined
      ? null
      : { least: truth.balance(then.at, then.registers), most: truth.balanceByTotal(then.at, then.registers) };
  }
}

interface Cut {
  readonly meter: string;
  readonly at: number;
  readonly balance: number;
  readonly shown: readonly Shown[];
}

/** Fen, by all that the meter showed, and by its total alone. */
interface Balance {
  readonly least: number;
  readonly most: number;
}

/**
 * Whoever is polled for totals knows what the rates of a day cost when that day is over: until its midnight has come in, supply may be back
 * for what the total alone leaves unpaid.
 */
const isPaidByTotal = ({ home, since, balanceByTotal, paidIn }: Dark, at: number): boolean =>
  at < beginOf(dayAfter(dayOf(since, TIME_ZONE)), TIME_ZONE) + RESTORED_AFTER_MS &&
  balanceByTotal + paidIn > classTable[home.class].cutAt;

const isExempt = ({ exempt }: Home, at: number): boolean => exempt !== null && exempt.from <= at && at < exempt.until;

/** What the house says of this cut, and what of it is not so. */
function unexplained(
  why: Why,
  { meter, at }: Cut,
  balanceAt: (at: number) => Balance | null,
  notices: readonly Delivered[],
): readonly string[] {
  const ordered = why.commands.find(
    ({ kind, askedBy, createdAt }) => kind === "disconnect" && askedBy === "rule" && createdAt <= at,
  );
  if (ordered?.meter !== MeterAddress(meter)) return ["no order of the rules for this meter"];
  const decision = why.decisions.find(({ command }) => command === ordered.id);
  if (decision === undefined) return ["no decision names its order"];
  const wrong: string[] = [];
  if (decision.because !== "credit-exhausted" || ordered.reason !== decision.because)
    wrong.push(`decided because of ${decision.because}, ordered because of ${ordered.reason}`);
  if (why.resolved.strategy.version !== decision.strategy)
    wrong.push(`by ${decision.strategy}, and ${why.resolved.strategy.version} is in force`);
  const facts = decision.facts as {
    available: string;
    readAt: number;
    notice: { deliveredAt: number; available: string } | null;
  };
  const [said, left] = [Number(parseYuan(facts.available)), balanceAt(facts.readAt)];
  if (left === null) wrong.push(`it rests on a reading of ${told(facts.readAt)}, and the meter told none then`);
  else if (said < left.least || said > left.most)
    wrong.push(`it says ${said} fen by the reading of ${told(facts.readAt)}, and ${left.least} to ${left.most} were left`);
  const notice = notices.find((one) => one.kind === "notice-due" && one.at === facts.notice?.deliveredAt);
  if (notice === undefined) wrong.push(`it rests on a notice that was not delivered at ${told(facts.notice?.deliveredAt ?? 0)}`);
  else if (notice.available !== Number(parseYuan(facts.notice!.available)))
    wrong.push("it tells of another notice than was delivered");
  if (!why.notices.some(({ delivered, stage }) => stage === "notice-due" && delivered === notice?.at))
    wrong.push("its notice is not shown");
  if (why.reading === null) wrong.push("no reading is shown");
  return wrong;
}
