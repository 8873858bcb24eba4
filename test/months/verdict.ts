/** What came of a month, held against what is true. */
import { AccountId } from "../../src/kernel/ids.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import type { OracleDay } from "../oracle/oracle.ts";
import { PAID, type MonthHouse } from "./house.ts";
import type { Household, Month } from "./plan.ts";
import { midnightsOf, trueDays } from "./truth.ts";

export interface Mistake {
  readonly what: string;
  readonly of: string;
  readonly text: string;
}

export interface Verdict {
  readonly mistakes: readonly Mistake[];
  readonly figures: Readonly<Record<string, number>>;
  /** What befell a meter, what was doubted of it, what is missing: for whoever looks for a cause. */
  readonly storyOf: (address: string) => readonly string[];
}

export async function judge(month: Month, house: MonthHouse): Promise<Verdict> {
  const mistakes: Mistake[] = [];
  const figures: Record<string, number> = {};
  const count = (name: string, by = 1): void => void (figures[name] = (figures[name] ?? 0) + by);
  const wrong = (what: string, of: string, text: string): void => {
    mistakes.push({ what, of, text });
    count(`wrong: ${what}`);
  };
  for (const household of month.households) {
    count(`households with ${household.tariff}`);
    const truth = trueDays(month, household, midnightsOf(house.street, household.address));
    if (household.isRemote) await judgeRemote(house, household, truth, { count, wrong });
    const { relay, obeyed } = house.street.snapshot(household.address);
    if (relay !== "connected" || obeyed.disconnects > 0)
      wrong("nobody is cut", household.address, `${relay}, ${obeyed.disconnects} cuts`);
  }
  judgeLies(house, { count, wrong });
  return { mistakes, figures, storyOf: (address) => storyOf(month, house, address) };
}

interface Tally {
  readonly count: (name: string, by?: number) => void;
  readonly wrong: (what: string, of: string, text: string) => void;
}

async function judgeRemote(
  house: MonthHouse,
  household: Household,
  truth: readonly OracleDay[],
  { count, wrong }: Tally,
): Promise<void> {
  const account = AccountId(household.account);
  const billed = new Map((await house.stores.billing.days(account, 100)).map((day) => [day.day, day]));
  for (const day of truth) {
    count("household days");
    count("kWh x 100", day.units);
    count("fen", day.cost);
    const ours = billed.get(day.day);
    const of = `${household.address} ${day.day} ${household.tariff}`;
    const [energy, cost] = [Number(ours?.energy ?? 0n), Number(ours?.cost ?? 0n)];
    if (energy !== day.units) wrong("energy of a day", of, `${energy} billed, ${day.units} used (0.01 kWh)`);
    if (Number(ours?.exported ?? 0n) !== day.exported)
      wrong("energy fed back", of, `${ours?.exported} settled, ${day.exported} fed back (0.01 kWh)`);
    if (Number(ours?.feedIn ?? 0n) !== day.feedIn)
      wrong("money for what was fed back", of, `${ours?.feedIn} given, ${day.feedIn} due (fen)`);
    if (ours?.settledBy !== "midnights") wrong("settled by its midnights", of, String(ours?.settledBy ?? ours?.state));
    count("kWh x 100 fed back", day.exported);
    if (cost !== day.cost)
      wrong(
        "cost of a day",
        of,
        `${cost} billed, ${day.cost} due (fen) for ${day.units} ${JSON.stringify(day.byRate)} ${JSON.stringify(day.byStep)}`,
      );
  }
  const all = [...billed.values()].reduce((sum, { cost, feedIn }) => sum + cost - feedIn, 0n);
  const { available, held } = await house.engine.doors.ledger.position(null, account);
  if (available + held !== parseYuan(PAID) - all)
    wrong("paid less billed is left", household.account, `${available} + ${held} left of ${parseYuan(PAID)} less ${all} (fen)`);
}

/** Each false register that was told is listed, with what it said, or was refused as no number at all. */
function judgeLies({ told, doubted }: MonthHouse, { count, wrong }: Tally): void {
  for (const { meter, lie, about, said } of told) {
    count(`lies: ${lie} about a ${about}`);
    const value = `${Number(said.slice(0, 6))}.${said.slice(6)}`;
    if (lie === "not-a-number") continue;
    if (!doubted.some(({ reading }) => reading.meter === meter && Number(reading.value) === Number(value)))
      wrong("a false register is listed", `${meter} ${lie} about a ${about}`, `${value} was believed`);
  }
}

function storyOf({ troubles }: Month, { told, doubted, database }: MonthHouse, address: string): string[] {
  const when = (at: number): string => new Date(at + 8 * 3_600_000).toISOString().slice(5, 19);
  const { collectionDays } = database.books;
  return [
    ...troubles
      .filter((trouble) => trouble.meter === address || ("with" in trouble && trouble.with === address))
      .map(
        (trouble) => [trouble.at, `${trouble.kind} ${JSON.stringify({ ...trouble, at: undefined, meter: undefined })}`] as const,
      ),
    ...told
      .filter(({ meter }) => meter === address)
      .map(({ at, lie, about, said }) => [at, `told ${said}: ${lie} about a ${about}`] as const),
    ...doubted
      .filter(({ reading }) => reading.meter === address)
      .map(
        ({ reading, doubt, at }) =>
          [at, `doubted ${reading.item} ${reading.value} (${reading.source} of ${when(reading.takenAt)}): ${doubt}`] as const,
      ),
    ...collectionDays
      .all(null)
      .filter(({ meter }) => meter === address)
      .map(({ day, state, how, because, comeAt }) => [comeAt ?? 0, `midnight of ${day}: ${state} ${how ?? because}`] as const),
  ]
    .sort(([a], [b]) => a - b)
    .map(([at, text]) => `${when(at)} ${text}`);
}
