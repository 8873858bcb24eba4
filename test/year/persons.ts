/**
 * Who works at the desk of the supply company in a year: two persons who look at lists of cuts and at the brake, and whoever enters
 * exemptions. The fitter has a file of his own.
 */
import { iso } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { TIME_ZONE } from "../months/plan.ts";
import type { Exempt } from "./plan.ts";
import type { World } from "./world.ts";

const LISTS_LOOKED_AT = 20;

export class Persons {
  readonly #world: World;
  /** Tells who is exempt from now on. */
  readonly #exempted: (account: string) => void;

  constructor(world: World, exempted: (account: string) => void) {
    this.#world = world;
    this.#exempted = exempted;
  }

  start(): void {
    for (const { account, exempt } of this.#world.year.homes) if (exempt !== null) void this.#exempt(account, exempt);
  }

  /** Lists that wait, and a brake that stands: both have looked, and say yes. */
  async decide(): Promise<void> {
    const { cuts, transactor } = this.#world.house.engine.doors;
    const said = (actor: string) => ({ actor, note: "looked at: each of them owes" });
    const both = async (say: (actor: string) => Promise<unknown>): Promise<void> => {
      for (const actor of ["li", "zhao"])
        await say(actor).catch((error: unknown) => {
          if (!isFault(error)) throw error; // it ended meanwhile
        });
    };
    for (const { kind } of await cuts.halts.standing()) {
      this.#world.count(`released by two persons: ${kind}`);
      await both((actor) => transactor.transact((tx) => cuts.halts.release(tx, kind, said(actor))));
    }
    for (const { id, state } of await cuts.batches.list(LISTS_LOOKED_AT, null)) {
      if (state !== "proposed") continue;
      this.#world.count("lists of cuts, approved by two persons");
      await both((actor) => transactor.transact((tx) => cuts.batches.approve(tx, id, { ...said(actor), raisesBrake: false })));
    }
  }

  async #exempt(account: string, { kind, from, until }: Exempt): Promise<void> {
    const { engine, exemptions } = this.#world.house;
    await this.#world.until(from);
    const wish = { account: AccountId(account), kind, until: iso(until, TIME_ZONE), reason: "seen on paper", by: "li" };
    await engine.doors.transactor.transact((tx) => exemptions.make(tx, wish));
    this.#world.count(`exempt: ${kind}`);
    this.#exempted(account);
  }
}
