/**
 * The life of a meter, as it is kept. The load log names clocks, voltages and curves by the object they are, to see that nothing has
 * changed; so each of them is written once and named by its number, and comes back as one object again.
 */
import type { Instant } from "../../src/kernel/clock.ts";
import type { CurveState } from "../household.ts";
import type { Life, OwnLife } from "../life.ts";
import type { Around, Span } from "../load-log.ts";
import { MeterClock } from "../meter-clock.ts";
import type { ClockState } from "../meter-clock.ts";
import { keepsFields } from "./keeping.ts";
import type { Keeps } from "./keeping.ts";

type Numbered<Part extends Around> = Omit<Part, "clock" | "volts"> & { readonly clock: number; readonly volts: number };
type KeptSpan = Omit<Numbered<Span>, "curve"> & { readonly curve: number | undefined };
type LifeState = Omit<OwnLife, "clock"> & {
  readonly until: Instant;
  readonly clocks: readonly ClockState[];
  readonly voltages: readonly Around["volts"][];
  readonly curves: readonly CurveState[];
  /** Those of now. */
  readonly clock: number;
  readonly volts: number;
  readonly curve: number;
  readonly spans: readonly KeptSpan[];
};

const lifeItself = (life: Life): Keeps<LifeState> => ({
  keptAs: "life",
  save: () => {
    const { clock, ...own } = life.ownState();
    const { spans, until } = life.log;
    const { volts } = life.supply;
    const { curve } = life.household;
    const clocks = [...new Set([...spans.map((each) => each.clock), clock])];
    const voltages = [...new Set([...spans.map((each) => each.volts), volts])];
    const curves = [...new Set([...spans.flatMap((span) => span.curve ?? []), curve])];
    const numbers = (around: Around) => ({ clock: clocks.indexOf(around.clock), volts: voltages.indexOf(around.volts) });
    return {
      ...own,
      until,
      clocks: clocks.map((each) => each.save()),
      voltages,
      curves: curves.map((each) => each.save()),
      ...numbers({ clock, volts } as Around),
      curve: curves.indexOf(curve),
      spans: spans.map((span) => ({ ...span, ...numbers(span), curve: span.curve && curves.indexOf(span.curve) })),
    };
  },
  load: ({ until, clocks: keptClocks, voltages, curves: keptCurves, clock, volts, curve, spans, ...own }) => {
    const clocks = keptClocks.map((each) => MeterClock.of(each));
    const curves = keptCurves.map((each) => life.household.curve.like(each));
    const named = (part: { clock: number; volts: number }) => ({ clock: clocks[part.clock]!, volts: voltages[part.volts]! });
    life.goOnFrom({ ...own, clock: clocks[clock]! });
    life.supply.volts = voltages[volts]!;
    life.household.goOnWith(curves[curve]!);
    life.log.goOnFrom({
      until,
      spans: spans.map((span) => ({
        ...span,
        ...named(span),
        curve: span.curve === undefined ? undefined : curves[span.curve]!,
      })),
    });
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
  life.tariff.keeps,
];
