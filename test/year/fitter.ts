/**
 * The fitter: takes the old meter off the wall, has the office begin the replacement, and lets the household use something again when its
 * account has gone over. So nothing is used that no meter counts, and the truth needs no footnote. Comes again where supply is cut, something
 * is wrong on the line, or an order is on its way.
 */
import { hours, minutes } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import type { MeterPlan } from "../../simulator/plans.ts";
import { DAY_MS } from "../months/plan.ts";
import { CALM_DAYS, type Home } from "./plan.ts";
import type { World } from "./world.ts";

const AGAIN_MS = minutes(40);
const LOOK_MS = minutes(1);
/** A replacement that takes longer is a mistake. */
const DONE_WITHIN_MS = hours(6);
const SHANGHAI_MS = hours(8);

export class Fitter {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    for (const home of this.#world.year.homes)
      if (home.replaced !== null) void this.#come(home, home.replaced.at, home.replaced.spare);
  }

  async #come(home: Home, at: number, spare: MeterPlan): Promise<void> {
    const { year } = this.#world;
    const lastDay = year.firstMidnight + (year.days.length - CALM_DAYS) * DAY_MS;
    await this.#world.until(at);
    while (this.#world.now < lastDay) {
      if (this.#mayWork(home) && (await this.#hang(home, spare))) return;
      await this.#world.wait(AGAIN_MS);
    }
    this.#world.count("replacements for which there was no time any more");
  }

  #mayWork(home: Home): boolean {
    const { house, now } = this.#world;
    const hour = new Date(now + SHANGHAI_MS).getUTCHours();
    const isClosed = house.street.meter(this.#world.account(home.account).meter).relay.isClosed;
    return isClosed && hour >= 8 && hour < 18 && !this.#world.isTroubled(home);
  }

  /** False: not now. */
  async #hang(home: Home, spare: MeterPlan): Promise<boolean> {
    const { house, witness } = this.#world;
    const { replacing, transactor } = house.engine.doors;
    const account = this.#world.account(home.account);
    const old = account.meter;
    house.street.patch(old, { loadKw: 0 });
    const model = home.isRemote ? "remote-ledger" : "standard-wallet";
    const same = { bus: BusId(home.line), model, customerNumber: `00${home.address.slice(2)}` } as const;
    const oldRecord = {
      ...same,
      address: MeterAddress(old),
      meterNumber: old,
      account: AccountId(home.account),
      relayPassword: null,
    };
    const newMeter = { ...same, address: MeterAddress(spare.address), meterNumber: spare.address };
    try {
      const { id } = await transactor.transact((tx) =>
        replacing.service.begin(tx, oldRecord, { newMeter, given: null, reason: "its time is over", askedByName: "li" }),
      );
      this.#world.harvest(home.account); // it will not be asked again
      account.replaced(this.#world.now, witness.now(old), spare.address, witness.now(spare.address));
      replacing.nudge();
      await this.#done(id, old);
    } catch (error) {
      if (!isFault(error)) throw error;
      house.street.patch(old, { loadKw: null });
      this.#world.count(`replacements put off: ${error.code}`);
      return false;
    }
    house.street.patch(spare.address, { loadKw: null });
    this.#world.count("meters replaced");
    return true;
  }

  async #done(id: string, old: string): Promise<void> {
    const { store } = this.#world.house.engine.doors.replacing;
    for (const since = this.#world.now; this.#world.now - since < DONE_WITHIN_MS;) {
      await this.#world.wait(LOOK_MS);
      if ((await store.find(null, id))?.step === "done") return;
    }
    const standing = await store.find(null, id);
    this.#world.wrong("a replacement comes to its end", old, `${standing?.step}, waiting for ${standing?.waitingFor}`);
  }
}
