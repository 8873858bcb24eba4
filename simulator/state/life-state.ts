/**
 * The life of a meter, as it is kept. The load log names clocks and voltages by the object they are, to see that nothing has
 * changed; so each of them is written once and named by its number, and comes back as one object again.
 */
import type { Instant } from "../../src/kernel/clock.ts";
import type { Life, OwnLife } from "../life.ts";
import type { Stretch } from "../load-log.ts";
import { MeterClock } from "../meter-clock.ts";
import type { ClockState } from "../meter-clock.ts";
import { keepsFields, refill } from "./keeping.ts";
import type { Keeps } from "./keeping.ts";

type Volts = Stretch["volts"];
type KeptStretch = Omit<Stretch, "clock" | "volts"> & { readonly clock: number; readonly volts: number };
type LifeState = Omit<OwnLife, "clock"> & {
  readonly until: Instant;
  readonly clocks: readonly ClockState[];
  readonly voltages: readonly Volts[];
  readonly clock: number;
  readonly volts: number;
  readonly stretches: readonly KeptStretch[];
};

const lifeItself = (life: Life): Keeps<LifeState> => ({
  keptAs: "life",
  save: () => {
    const { clock, ...own } = life.ownState();
    const { stretches, until } = life.log;
    const clocks = [...new Set([...stretches.map((stretch) => stretch.clock), clock])];
    const voltages = [...new Set([...stretches.map(({ volts }) => volts), life.supply.volts])];
    return {
      ...own,
      until,
      clocks: clocks.map((each) => each.save()),
      voltages,
      clock: clocks.indexOf(clock),
      volts: voltages.indexOf(life.supply.volts),
      stretches: stretches.map((stretch) => ({
        ...stretch,
        clock: clocks.indexOf(stretch.clock),
        volts: voltages.indexOf(stretch.volts),
      })),
    };
  },
  load: ({ until, clocks: kept, voltages, clock, volts, stretches, ...own }) => {
    const clocks = kept.map((each) => MeterClock.of(each));
    life.goOnFrom({ ...own, clock: clocks[clock]! });
    life.supply.volts = voltages[volts]!;
    life.log.reach(until);
    refill(
      life.log.stretches,
      stretches.map((stretch) => ({ ...stretch, clock: clocks[stretch.clock]!, volts: voltages[stretch.volts]! })),
    );
  },
});

export const partsOfLife = (life: Life): readonly Keeps[] => [
  lifeItself(life),
  life.supply.keeps,
  life.household.keeps,
  life.registers.keeps,
  life.demand.keeps,
  life.settlements.keeps,
  life.freezes.keeps,
  life.agenda.keeps,
  keepsFields("profile", life.profile, ["mode", "start", "startAt", "intervals"]),
  keepsFields("combinations", life.combinations, ["active", "reactive1", "reactive2"]),
  keepsFields("tariff", life.tariff, [
    ...(["zones", "tables", "prices", "steps", "running", "switchAt", "weekend", "holidays"] as const),
  ]),
];
