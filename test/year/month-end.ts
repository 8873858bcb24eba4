/**
 * The end of a month: each day of each account, and its statement, against the oracle. What was judged is put away, so that a year stays in
 * memory.
 */
import { AccountId } from "../../src/kernel/ids.ts";
import type { StatementLine } from "../../src/ledger/ledger-store.ts";
import { statementOf } from "../../src/ledger/statements.ts";
import { monthOf } from "../../src/ledger/month-run.ts";
import type { Position } from "../../src/ledger/ledger.ts";
import { TIME_ZONE } from "../months/plan.ts";
import { dayBefore, dayOf } from "../oracle/calendar.ts";
import { Unknown } from "./account.ts";
import { FIRST_DAY, type Home } from "./plan.ts";
import type { World } from "./world.ts";

const LINES_MAX = 100_000;

export class MonthEnds {
  readonly #world: World;
  readonly #closings = new Map<string, Position>();

  constructor(world: World) {
    this.#world = world;
  }

  /** "2027-01", which is over; its days up to `last`. */
  async judge(month: string, last: string): Promise<void> {
    for (const home of this.#world.year.homes) {
      if (!home.isRemote) continue;
      try {
        await this.#days(home, month, last);
        await this.#statement(home, month);
      } catch (error) {
        if (!(error instanceof Unknown)) throw error;
        this.#world.wrong("the street kept each midnight", home.address, error.message);
      }
    }
    this.#world.count("months judged");
  }

  async #days({ account, address, tariff }: Home, month: string, last: string): Promise<void> {
    const { stores, engine } = this.#world.house;
    const truth = this.#world
      .account(account)
      .daysTo(last)
      .filter(({ day }) => day.startsWith(month));
    const billed = await stores.billing.billOf(AccountId(account), `${month}-01`, `${month}-31`);
    const byDay = new Map(billed.map((day) => [day.day, day]));
    for (const due of truth) {
      this.#world.count("household days");
      this.#world.count("kWh x 100", due.units);
      this.#world.count("fen", due.cost);
      const ours = byDay.get(due.day);
      const of = `${address} ${due.day} ${tariff}`;
      const pairs = [
        ["energy of a day", Number(ours?.energy ?? 0n), due.units],
        ["cost of a day", Number(ours?.cost ?? 0n), due.cost],
        ["energy fed back", Number(ours?.exported ?? 0n), due.exported],
        ["money for what was fed back", Number(ours?.feedIn ?? 0n), due.feedIn],
      ] as const;
      for (const [what, said, isTrue] of pairs)
        if (said !== isTrue) this.#world.wrong(what, of, `${said} billed, ${isTrue} true`);
      if (ours?.settledBy !== "midnights")
        this.#world.wrong("settled by its midnights", of, String(ours?.settledBy ?? ours?.state));
    }
    await this.#left({ account, address }, engine.doors.ledger);
  }

  /** What was paid less what all days cost is what is left; of today, what is charged so far. */
  async #left(
    { account, address }: Pick<Home, "account" | "address">,
    ledger: World["house"]["engine"]["doors"]["ledger"],
  ): Promise<void> {
    const { now, house } = this.#world;
    const today = dayOf(now, TIME_ZONE);
    const truth = this.#world.account(account);
    const { available, held } = await ledger.position(null, AccountId(account));
    const before = truth.costBefore(dayBefore(today));
    const open = await house.stores.billing.billOf(AccountId(account), dayBefore(today), today);
    const sofar = open.reduce((sum, { cost, feedIn }) => sum + Number(cost - feedIn), 0);
    const due = truth.paidUntil(now) - before - sofar;
    if (Number(available + held) !== due)
      this.#world.wrong("paid less billed is left", `${address} ${account}`, `${available} + ${held} left, ${due} due`);
  }

  async #statement({ account, address }: Home, month: string): Promise<void> {
    const { stores } = this.#world.house;
    const id = AccountId(account);
    const period = monthOf(month, TIME_ZONE);
    const all = await stores.ledger.statement(id, { limit: LINES_MAX, before: null });
    const known = this.#closings.get(account);
    const isBefore = ({ at }: StatementLine): boolean => at < period.from;
    const opening: Position = known ?? sumOf(all.filter(isBefore));
    const lines = all.filter(({ at }) => at >= period.from && at < period.to).toReversed();
    const statement = statementOf(id, period, { opening, lines: lines.map((line) => ({ ...line, by: null })) });
    this.#closings.set(account, statement.closing);
    const paid = this.#world.account(account);
    const came = Number(statement.sums.find(({ kind }) => kind === "payment")?.available ?? 0n);
    const isIn = (at: number): boolean => at >= period.from && at < period.to;
    const due = paid.paid.reduce((sum, one) => (isIn(one.at) ? sum + one.amount : sum), 0);
    if (came !== due) this.#world.wrong("payments of a statement", `${address} ${month}`, `${came} on it, ${due} paid`);
    // What stands there for energy, up to its last line, is what the days cost that it names.
    const after = all.filter(({ at }) => at >= period.to);
    const { available } = await this.#world.house.engine.doors.ledger.position(null, id);
    const later = after.reduce((sum, line) => sum + line.available, 0n);
    if (statement.closing.available + later !== available)
      this.#world.wrong(
        "a statement leads on",
        `${address} ${month}`,
        `${statement.closing.available} + ${later}, ${available} now`,
      );
    this.#world.count("statements");
  }
}

const sumOf = (lines: readonly StatementLine[]): Position => ({
  available: lines.reduce((sum, { available }) => sum + available, 0n) as Position["available"],
  held: lines.reduce((sum, { held }) => sum + held, 0n) as Position["held"],
});

export const firstMonth = FIRST_DAY.slice(0, 7);
