/**
 * A push whose worker dies at every step in turn, before it and after it: the next life looks, goes on with what is missing, and the
 * end is the same. In no life anything stands under a switch time that was not read back whole, and what runs is never written.
 */
import { expect, test } from "vitest";
import { CommandRunner, type RunnerParts } from "../../src/commands/command-runner.ts";
import { isOpen } from "../../src/commands/command.ts";
import { hours } from "../../src/kernel/clock.ts";
import { Dead, Fate, mortal } from "../support/mortal.ts";
import { A, full, raise } from "./world.ts";

test.each(["before", "after"] as const)(
  "wherever the worker dies %s a step, the tariff stands in the end, and runs from its midnight on",
  async (when) => {
    let died = 0;
    for (let at = 1; ; at += 1) {
      const world = await raise({}, { at: "2026-12-31T21:00:00+08:00" });
      const { running } = world.told();
      const fate = new Fate(at, when);
      const id = await world.orderUnrun("tariff-set", A, { order: full });
      const parts = mortalParts(world.runnerParts, fate);
      await new CommandRunner(parts).run(id).catch((error: unknown) => {
        if (!(error instanceof Dead)) throw error;
      });
      const left = world.told();
      expect(left.running, `step ${at}`).toEqual(running);
      if (left.switchAt.prices !== null) expect(left.spare.prices, `step ${at}`).toEqual(full.prices);
      for (let lives = 0; lives < 20 && isOpen(world.books.command(id).state); lives += 1) {
        await new CommandRunner(world.runnerParts).run(id);
        await world.clock.wait(20_000);
      }
      expect(world.books.command(id), `step ${at}`).toMatchObject({ state: "confirmed" });
      expect(world.told().running, `step ${at}`).toEqual(running);
      await world.clock.wait(hours(3.5));
      expect(world.told().running.prices, `step ${at}`).toEqual(full.prices);
      expect(world.told().running.slots[0], `step ${at}`).toHaveLength(full.slots!.day.length);
      await world.close();
      if (!fate.dead) break;
      died += 1;
    }
    expect(died).toBeGreaterThan(15);
  },
  300_000,
);

const mortalParts = (parts: RunnerParts, fate: Fate): RunnerParts => ({
  ...parts,
  transactor: mortal(parts.transactor, fate),
  commands: mortal(parts.commands, fate),
  street: {
    ...parts.street,
    session: async (address, options) => mortal(await parts.street.session(address, options), fate),
  },
});
