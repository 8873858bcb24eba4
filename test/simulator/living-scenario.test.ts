/** The scenario of prices and phases, played: what its comments promise happens, seen from the control door's side. */
import { expect, test } from "vitest";
import { planFrom } from "../../simulator/options.ts";
import type { MeterSnapshot } from "../../simulator/street.ts";
import { StillClock } from "./support/frames.ts";
import { DAY, HOUR } from "./support/life.ts";
import { raise } from "./support/street.ts";

test("prices change at midnight, steps rise, a clock loses, the sun turns a meter round, a wallet reminds", async () => {
  const plan = planFrom(["--scenario", "simulator/scenarios/prices-and-phases.yaml"], {});
  if (plan === "help") throw new Error("no plan");
  const buses = [{ id: "tower", endpoint: { kind: "memory" } } as const];
  const street = await raise({ ...plan, buses, clock: new StillClock() });
  const [timed, stepped, three, roof, poor] = [1, 2, 3, 4, 5].map((n) => `20261122000${n}`) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const of = (address: string): Partial<MeterSnapshot> => street.snapshot(address);

  expect(of(timed)).toMatchObject({ tariff: 1, price: "0.9000", powered: true });
  street.advance(3 * HOUR);
  expect(of(timed)).toMatchObject({ tariff: 3, price: "0.5000" });
  street.advance(1.5 * HOUR);
  expect(of(timed)).toMatchObject({ tariff: 4, price: "0.3500" });
  // Half past midnight; three kilowatts pass 200 kWh after nearly three days.
  expect(of(poor)).toMatchObject({ relay: "armed" });
  expect(street.pressButton(poor)).toBe(true);
  expect(of(stepped)).toMatchObject({ price: "0.5283" });
  street.advance(3 * DAY);
  expect(of(stepped)).toMatchObject({ price: "0.5783" });
  expect(street.meter(three).clockOffsetMs).toBe(Math.floor((-(3 * DAY + 4.5 * HOUR) * 46) / 1_000_000));
  expect(of(roof)).toMatchObject({ price: null });
  street.advance(11.5 * HOUR);
  expect(of(roof).loadKw).toBeLessThan(0);
});
