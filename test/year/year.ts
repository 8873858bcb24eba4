/**
 * A year from its first midnight to the calm after its last trouble: people pay and do not, supply is cut and comes back, meters are replaced,
 * months end. Judged while it is played, so that each mistake is told on its day.
 */
import { hours, minutes } from "../../src/kernel/clock.ts";
import { dayBefore } from "../oracle/calendar.ts";
import { Clerk } from "../months/clerk.ts";
import { befall, stopped } from "../months/month.ts";
import { DAY_MS, type Trouble } from "../months/plan.ts";
import type { Mistake } from "../months/verdict.ts";
import { putAway } from "./archive.ts";
import { Cuts } from "./cuts.ts";
import { judgeEnd } from "./ending.ts";
import { Fitter } from "./fitter.ts";
import { raiseYear } from "./house.ts";
import { MonthEnds } from "./month-end.ts";
import { Payers } from "./payers.ts";
import { Persons } from "./persons.ts";
import { drawYear, type Outage, type YearWish } from "./plan.ts";
import type { PlantName } from "./plants.ts";
import { Witness } from "./witness.ts";
import { World } from "./world.ts";

const MORNING_MS = hours(8.5);
const EVENING_MS = hours(18);
const PUT_AWAY_EVERY_DAYS = 3;

export interface YearReport {
  readonly wish: YearWish;
  readonly mistakes: readonly Mistake[];
  readonly figures: Readonly<Record<string, number>>;
  readonly turns: number;
}

export interface YearOptions {
  readonly plant?: PlantName;
  /** At each midnight: the day that is over, and the mistakes that it brought. */
  readonly tell?: (day: string, news: readonly Mistake[]) => void;
}

export async function playYear(wish: YearWish, { plant, tell }: YearOptions = {}): Promise<YearReport> {
  const year = drawYear(wish);
  const house = await raiseYear(year, plant);
  const { clock, street } = house;
  const world = new World(year, house);
  const cuts = new Cuts(world);
  world.witness = new Witness(street, cuts);
  const persons = new Persons(world, (account) => cuts.exempted(account));
  const payers = new Payers(world, cuts);
  try {
    await clock.pass(minutes(30));
    await begun(world, payers);
    await clock.pass(year.firstMidnight - clock.now());
    street.resumeHouseholds();
    harvest(world);
    for (const trouble of year.troubles) void comes(world, trouble);
    for (const outage of year.outages) void fails(world, outage);
    payers.start();
    persons.start();
    new Fitter(world).start();
    const clerk = new Clerk(house);
    const monthEnds = new MonthEnds(world);
    let judged = 0;
    for (const [n, day] of year.days.entries()) {
      await clock.pass(MORNING_MS);
      harvest(world);
      await persons.decide();
      await clerk.vouch();
      cuts.look();
      await clock.pass(year.firstMidnight + n * DAY_MS + EVENING_MS - clock.now());
      if (day.endsWith("-02") && n > 1)
        await monthEnds.judge(dayBefore(`${day.slice(0, 7)}-01`).slice(0, 7), dayBefore(dayBefore(day)));
      cuts.look();
      if (n % PUT_AWAY_EVERY_DAYS === 0) await putAway(house.database, clock.now());
      await clock.pass(year.firstMidnight + (n + 1) * DAY_MS - clock.now());
      tell?.(day, world.mistakes.slice(judged));
      judged = world.mistakes.length;
    }
    payers.isOver = true;
    await clock.pass(EVENING_MS);
    harvest(world);
    const last = year.days.at(-1)!;
    // a year that ends with the first of a month has not come to the second, when the month before is judged
    if (last.endsWith("-01")) await monthEnds.judge(dayBefore(last).slice(0, 7), dayBefore(last));
    await monthEnds.judge(last.slice(0, 7), last);
    cuts.look();
    await judgeEnd(world);
    return { wish, mistakes: world.mistakes, figures: figuresOf(world, cuts), turns: clock.turns };
  } finally {
    await stopped(house);
  }
}

async function begun({ house }: World, payers: Payers): Promise<void> {
  let isDone = false;
  const paying = payers.begin().then(() => (isDone = true));
  await house.clock.pass(hours(1), () => isDone);
  await paying;
}

const harvest = (world: World): void => world.year.homes.forEach(({ account }) => world.harvest(account));

/** Whatever was meant for the first meter of a household befalls the one that hangs there. */
async function comes(world: World, trouble: Trouble): Promise<void> {
  await world.until(trouble.at);
  const home = world.ownerOf(trouble.meter) ?? world.year.homes.find(({ address }) => address === trouble.meter)!;
  const { meter } = world.account(home.account);
  const isTrouble = trouble.kind !== "lie" && trouble.kind !== "outlier";
  world.count(`befell: ${trouble.kind}`);
  const isOver = isTrouble ? world.trouble(meter) : () => undefined;
  await befall(world.house, { ...trouble, meter });
  isOver();
}

async function fails(world: World, { line, at, ms }: Outage): Promise<void> {
  const { street, post } = world.house;
  await world.until(at);
  const isOver = world.trouble(line ?? "post");
  world.count(line === null ? "befell: nobody carries messages" : "befell: a line fails");
  const fault = line === null ? null : street.setBusFault(line, { kind: "half-open" });
  if (line === null) post.isOutOfOrder = true;
  await world.wait(ms);
  if (line === null) post.isOutOfOrder = false;
  else street.clearBusFaults(line, fault!);
  isOver();
}

function figuresOf({ figures, house }: World, { restores, restoresAfterTrouble }: Cuts): Record<string, number> {
  const at = (all: readonly number[], share: number): number =>
    [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0;
  const seconds = (ms: number): number => Math.round(ms / 10) / 100;
  return {
    ...figures,
    "messages delivered": house.post.count,
    "restores without trouble": restores.length,
    "payment to closed relay, s, p50": seconds(at(restores, 0.5)),
    "payment to closed relay, s, p95": seconds(at(restores, 0.95)),
    "payment to closed relay, s, most": seconds(at(restores, 1)),
    "restores with trouble": restoresAfterTrouble.length,
    "payment to closed relay with trouble, s, most": seconds(at(restoresAfterTrouble, 1)),
  };
}
