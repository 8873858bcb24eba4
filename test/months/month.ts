/**
 * A month from its first midnight to a morning after its last, and then what came of it: every household's days as the gateway billed them,
 * against what the meters kept and the oracle says.
 */
import { hours, later, minutes, type Instant } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { Clerk } from "./clerk.ts";
import { PAID, raiseHouse, type HouseOptions, type MonthHouse } from "./house.ts";
import { drawMonth, DAY_MS, type Month, type MonthWish, type Trouble } from "./plan.ts";
import { judge, type Verdict } from "./verdict.ts";

const OFFICE_OPENS_MS = hours(9);
/** After the last midnight, and the last work of the clerk, everything that was late comes. */
const MORNING_MS = hours(9);

export interface MonthReport extends Verdict {
  readonly wish: MonthWish;
  readonly turns: number;
}

export async function playMonth(
  wish: MonthWish,
  { tell, ...options }: HouseOptions & { readonly tell?: (day: string) => void } = {},
): Promise<MonthReport> {
  const month = drawMonth(wish);
  const house = await raiseHouse(month, options);
  try {
    const { clock, street } = house;
    await clock.pass(minutes(30));
    await payAll(month, house);
    await clock.pass(month.firstMidnight - clock.now());
    street.resumeHouseholds();
    for (const trouble of month.troubles) void befall(house, trouble);
    const clerk = new Clerk(house);
    for (const day of month.days) {
      await clock.pass(OFFICE_OPENS_MS);
      await clerk.workThrough();
      await clock.pass(DAY_MS - ((clock.now() - month.firstMidnight) % DAY_MS));
      tell?.(day);
    }
    await clock.pass(OFFICE_OPENS_MS);
    await clerk.workThrough();
    await clock.pass(MORNING_MS);
    return { wish, turns: clock.turns, ...(await judge(month, house, clerk)) };
  } finally {
    await stopped(house);
  }
}

/** Time has to pass for a house to stop. */
export async function stopped(house: Pick<MonthHouse, "clock" | "close">): Promise<void> {
  let isClosed = false;
  const closing = house.close().then(() => (isClosed = true));
  await house.clock.pass(hours(1), () => isClosed);
  await closing;
}

async function payAll({ households }: Month, { engine, clock }: MonthHouse): Promise<void> {
  const { transactor, payments } = engine.doors;
  let left = 0;
  for (const { account, isRemote } of households) {
    if (!isRemote) continue;
    left += 1;
    const payment = { account: AccountId(account), amount: parseYuan(PAID), channel: "bank", orderId: `first/${account}` };
    void transactor.transact((tx) => payments.take(tx, payment)).then(() => (left -= 1));
  }
  await clock.pass(minutes(20), () => left === 0);
  if (left > 0) throw new Error(`${left} payments were not taken`);
}

export async function befall(house: MonthHouse, trouble: Trouble): Promise<void> {
  const { clock, street } = house;
  const until = (at: Instant): Promise<void> => clock.wait(Math.max(0, at - clock.now()));
  await until(trouble.at);
  const { meter } = trouble;
  const end = later(trouble.at, trouble.ms);
  switch (trouble.kind) {
    case "lie":
      house.willLie(meter, trouble.lie, trouble.about);
      return;
    case "silence":
    case "twin": {
      const id = street.setFault(meter, { kind: trouble.kind });
      await until(end);
      street.clearFaults(meter, id);
      return;
    }
    case "swapped": {
      const id = street.setFault(meter, { kind: "swapped-addresses", with: trouble.with });
      await until(end);
      street.clearFaults(meter, id);
      return;
    }
    case "power":
      street.powerOff(meter);
      await until(end);
      street.powerOn(meter);
      return;
    case "idle":
      street.patch(meter, { loadKw: 0 });
      return;
    case "outlier":
      street.patch(meter, { loadKw: trouble.loadKw });
      await until(end);
      street.patch(meter, { loadKw: null });
  }
}
