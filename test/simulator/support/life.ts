/** Long answers whole, as the meter gives them before they are cut into frames; and a meter whose life has everything in it. */
import { keeping } from "../../../simulator/behaviours/keeping.ts";
import { reading } from "../../../simulator/behaviours/reading.ts";
import { fromHex, hex, joined, reversed } from "../../../simulator/bytes.ts";
import type { MeterPlan } from "../../../simulator/plans.ts";
import { dataItemBytes } from "../../../simulator/wire.ts";
import type { Bench } from "./frames.ts";
import { METER_A } from "./frames.ts";

/** The values of an answer to 11H, each highest digit first; or the one error. `rest` stands behind the identifier, as it travels. */
export function values({ meter }: Pick<Bench, "meter">, di: string, rest = ""): string[] {
  const request = { address: METER_A, control: 0x11, data: joined(dataItemBytes(di), fromHex(rest)) };
  meter.settle();
  const answer = meter.isPowered ? (reading.hear(request, meter) ?? keeping.hear(request, meter)) : undefined;
  if (answer === undefined || answer === "silent") return ["silence"];
  if (answer.control !== 0x91) return [`ERR ${hex(answer.data)}`];
  return (answer.values ?? [answer.data.slice(4)]).map((value) => hex(reversed(value)));
}

/** All of it in one string. */
export const value = (b: Pick<Bench, "meter">, di: string, rest = ""): string => values(b, di, rest).join(" ");

export const DAY = 86_400_000;
export const HOUR = 3_600_000;

/** Moves the street and makes the meter live up to there. */
export function pass(b: Bench, ms: number): void {
  b.clock.ms += ms;
  b.meter.settle();
}

/** Valley, flat, peak, sharp, peak, flat; in July and August another table. */
export const timeOfUse = {
  tables: [
    [
      { at: "00:00", tariff: 4 },
      { at: "07:00", tariff: 3 },
      { at: "10:30", tariff: 2 },
      { at: "18:00", tariff: 1 },
      { at: "21:00", tariff: 2 },
      { at: "23:00", tariff: 3 },
    ],
    [
      { at: "00:00", tariff: 4 },
      { at: "08:00", tariff: 1 },
    ],
  ],
  zones: [
    { from: "01-01", table: 1 },
    { from: "07-01", table: 2 },
    { from: "09-01", table: 1 },
  ],
  prices: ["1.0000", "0.8000", "0.5000", "0.3000"],
} satisfies MeterPlan["tariff"];
