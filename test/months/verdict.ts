/** What came of a month, held against what is true. */
import { AccountId } from "../../src/kernel/ids.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { Kind, placeOf, TARIFFS } from "../../simulator/energies.ts";
import { dayAfter, dayOf } from "../oracle/calendar.ts";
import { countOut, perUnit, type OracleDay } from "../oracle/oracle.ts";
import type { Clerk } from "./clerk.ts";
import { PAID, type MonthHouse } from "./house.ts";
import { DAY_MS, TIME_ZONE, type Household, type Month } from "./plan.ts";
import { midnightsOf, trueDays } from "./truth.ts";

/** Polls, midnights, clock and records of a day come to some forty frames. */
const HEARD_A_DAY_MAX = 120;
const RECALL_MIN = 0.95;
const SEEN_ONCE = "seen-once";
/** So long a household has to be known before it can be odd. */
const KNOWN_MS = 8 * DAY_MS;

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

export async function judge(month: Month, house: MonthHouse, clerk: Clerk): Promise<Verdict> {
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
    else judgeWallet(month, house, household, truth, { count, wrong });
    const { relay, obeyed, heard } = house.street.snapshot(household.address);
    if (relay !== "connected" || obeyed.disconnects > 0)
      wrong("nobody is cut", household.address, `${relay}, ${obeyed.disconnects} cuts`);
    if (heard > HEARD_A_DAY_MAX * (month.days.length + 1))
      wrong("no meter is asked without end", household.address, `asked ${heard} times in ${month.days.length} days`);
  }
  judgeLies(house, { count, wrong });
  countPutAside(month, house, count);
  await judgeCollection(month, house, { count, wrong });
  judgeReviews(month, clerk, { count, wrong });
  count("registers believed on the clerk's word", clerk.believed.size);
  count("readings doubted", house.doubted.length);
  return { mistakes, figures, storyOf: (address) => storyOf(month, house, address) };
}

/** A wallet deducts by itself: what is read of it is its energy by day, and what it deducted is what the oracle says, to a fen a day. */
function judgeWallet(
  month: Month,
  { database, street }: MonthHouse,
  household: Household,
  truth: readonly OracleDay[],
  { count, wrong }: Tally,
): void {
  const { address } = household;
  const frozen = new Map<string, number>();
  for (const { reading, suspect } of database.books.readings.in(null, "meter", address))
    if (reading.source === "freeze" && reading.item === "importedEnergy" && suspect === null)
      frozen.set(dayOf(reading.takenAt, TIME_ZONE), Math.round(Number(reading.value) * 100));
  for (const { day, units } of truth) {
    count("wallet days");
    const [from, to] = [frozen.get(day), frozen.get(dayAfter(day))];
    const energy = from === undefined || to === undefined ? null : to - from;
    if (energy !== units) wrong("energy of a wallet's day", `${address} ${day}`, `${energy} read, ${units} used (0.01 kWh)`);
  }
  // Up to this moment, the day that is not over among it: by its own registers at the prices of its tables.
  const meter = street.meter(address);
  meter.settle();
  const first = midnightsOf(street, address).get(month.days[0]!)!;
  const { versions } = month.tariffs[household.tariff];
  const prices = versions[0]!.rates?.prices ?? Array.from({ length: TARIFFS }, () => versions[0]!.price!);
  const used = prices.map((_, n) => meter.life.registers.steps(placeOf(Kind.forward, n + 1)) - first.rates![n]!);
  const due = countOut(used.reduce((sum, units, n) => sum + units * perUnit(prices[n]!), 0));
  const deducted = Number(parseYuan(street.snapshot(address).consumed!));
  if (Math.abs(deducted - due) > truth.length)
    wrong("a wallet deducts its tariff", address, `${deducted} deducted, ${due} due (fen)`);
}

/** Every midnight of every meter has come, by a freeze. */
async function judgeCollection({ days }: Month, { stores }: MonthHouse, { count, wrong }: Tally): Promise<void> {
  for (const row of await stores.collection.counts({ from: days[0]!, to: days.at(-1)!, by: "day" })) {
    count("midnights owed", row.expected);
    count("midnights come by freeze", row.byFreeze);
    if (row.byFreeze < row.expected)
      wrong("all midnights come", row.day, `${row.byFreeze} of ${row.expected}, ${row.missing} missing, ${row.givenUp} given up`);
  }
}

/** Of those whose use was odd, and who were known for long enough, nearly all were listed within three days. */
function judgeReviews(
  { troubles, households, firstMidnight, days }: Month,
  { swung, frozen }: Clerk,
  { count, wrong }: Tally,
): void {
  const odd = troubles.filter((trouble) => trouble.kind === "outlier" && trouble.at - firstMidnight > KNOWN_MS);
  const found = odd.filter(({ meter, at, ms }) =>
    swung.get(meter)?.some((morning) => morning > at && morning < at + ms + 3 * DAY_MS),
  );
  const wrongly = households.filter(({ address }) => swung.has(address) && !odd.some(({ meter }) => meter === address));
  count("outliers", odd.length);
  count("outliers listed", found.length);
  count("others listed as swinging at least once", wrongly.length);
  if (found.length < RECALL_MIN * odd.length) wrong("outliers are listed", "all", `${found.length} of ${odd.length}`);
  const idle = troubles.filter(({ kind, at }) => kind === "idle" && at + 9 * DAY_MS < firstMidnight + days.length * DAY_MS);
  count("registers that stood still", idle.length);
  const seen = idle.filter(({ meter }) => frozen.has(meter)).length;
  count("registers that stood still, listed", seen);
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

/**
 * Each false register that was told is listed, with what it said, or was refused as no number at all; or it was put aside until it was seen
 * a second time, which it never was.
 */
function judgeLies({ told, doubted, database }: MonthHouse, { count, wrong }: Tally): void {
  const isAside = (meter: string, value: number): boolean =>
    database.books.readings
      .in(null, "meter", meter)
      .some((reading) => reading.suspect === SEEN_ONCE && Number(reading.reading.value) === value);
  for (const { meter, lie, about, said } of told) {
    count(`lies: ${lie} about a ${about}`);
    const value = `${Number(said.slice(0, 6))}.${said.slice(6)}`;
    if (lie === "not-a-number") continue;
    const isListed = doubted.some(({ reading }) => reading.meter === meter && Number(reading.value) === Number(value));
    if (!isListed && isAside(meter, Number(value))) count("lies that were put aside and not seen again");
    else if (!isListed) wrong("a false register is listed", `${meter} ${lie} about a ${about}`, `${value} was believed`);
  }
}

/** How often the street was asked once more, and how much of it was true: what this costs those who tell the truth. */
function countPutAside({ households }: Month, { told, database }: MonthHouse, count: Tally["count"]): void {
  for (const { address } of households)
    for (const { reading, suspect } of database.books.readings.in(null, "meter", address)) {
      const { item, source, value } = reading;
      if (item !== "importedEnergy" || (source !== "poll" && source !== "freeze")) continue;
      count("registers read");
      if (suspect !== SEEN_ONCE) continue;
      count("registers put aside once");
      if (!told.some(({ meter, said }) => meter === address && Number(said) === Math.round(Number(value) * 100)))
        count("of them true, or another meter's");
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
