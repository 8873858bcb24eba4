/** A street of wallet meters and the gateway's commands on two wires at 2400 baud and virtual time, for tariffs that are pushed. */
import { tariffTold, type ToldTariff } from "../../simulator/tariff-told.ts";
import type { MeterPlan } from "../../simulator/street.ts";
import type { TariffOrder } from "../../src/devices/meter-tariff/order.ts";
import { Instant } from "../../src/kernel/clock.ts";
import type { Logger } from "../../src/kernel/log.ts";
import { memoryTransport } from "../devices/house.ts";
import { IdleClock } from "../lines/idle-clock.ts";
import { addressOf, raiseWorld, type World } from "../lines/world.ts";

export const A = addressOf(0);

export interface PushWorld extends World {
  readonly clock: IdleClock;
  told(): ToldTariff;
}

export async function raise(
  plan: Partial<MeterPlan> = {},
  { at = "2026-12-31T20:00:00+08:00", log }: { readonly at?: string; readonly log?: Logger } = {},
): Promise<PushWorld> {
  const clock = new IdleClock(Instant(Date.parse(at)));
  const world = await raiseWorld({
    clock,
    ...(log === undefined ? {} : { log }),
    meters: [plan],
    bus: { endpoint: { kind: "memory" }, baud: 2_400, wakeUps: 4 },
    reach: () => ({
      transport: { kind: "serial", path: "/dev/none", baudRate: 2_400, dataBits: 8, parity: "even", stopBits: 1 },
    }),
    wires: (simulator) => () => memoryTransport(simulator),
  });
  return {
    ...world,
    clock,
    told: () => {
      const meter = world.simulator.meter(A);
      meter.settle();
      return tariffTold(meter);
    },
    close: async () => {
      await world.close();
      clock.stop();
    },
  };
}

/** Rates, a holiday and steps: everything that a meter keeps. */
export const full: TariffOrder = {
  tariff: "home",
  from: "2027-01-01",
  prices: ["0.9283", "0.7283", "0.5283", "0.2783"],
  slots: {
    day: [
      ["00:00", 4],
      ["08:00", 3],
      ["10:00", 2],
      ["12:00", 3],
      ["17:00", 2],
      ["19:00", 1],
      ["21:00", 3],
      ["23:00", 4],
    ].map(([at, rate]) => ({ at: at as string, rate: rate as number })),
    holidays: { days: ["2027-02-06"], day: [{ at: "00:00", rate: 4 }] },
  },
  steps: { every: "year", startsOn: "01-01", upTo: ["2880.00", "4800.00"], add: ["0.0000", "0.0500", "0.3000"] },
};
export const flat = (price: string, from = "2027-01-01"): TariffOrder => ({
  tariff: "flat",
  from,
  prices: [price],
  slots: null,
  steps: null,
});
