/** A shipped scenario, raised over memory on a clock that is moved by hand: what it tells can be played in a moment. */
import { planFrom } from "../../../simulator/options.ts";
import type { Plan } from "../../../simulator/options.ts";
import type { Street } from "../../../simulator/street.ts";
import { HandClock } from "../../transports/hand-clock.ts";
import { Master } from "./master.ts";
import { raise } from "./street.ts";

export function planOf(...argv: string[]): Plan {
  const plan = planFrom(argv, {});
  if (plan === "help") throw new Error("no plan");
  return plan;
}

export interface Stage {
  readonly street: Street;
  /** Somebody who talks to one meter over its bus. */
  readonly master: (address: string) => Master;
}

export async function stage(plan: Plan): Promise<Stage> {
  const clock = new HandClock();
  const buses = plan.buses.map(({ id }) => ({ id, endpoint: { kind: "memory" } as const }));
  const street = await raise({ ...plan, buses, clock });
  const lineTo = (bus: string) => {
    const end = street.memoryEnd(bus);
    let came: Uint8Array[] = [];
    end.onBytes((bytes) => came.push(bytes));
    return async (bytes: Buffer): Promise<Buffer> => {
      came = [];
      end.send(bytes);
      await turns();
      // A late answer is waited for, a few seconds at most; the street's own clock is hardly moved by it.
      for (let i = 0; i < 100 && clock.sleeping > 0; i += 1) {
        clock.advance(50);
        await turns();
      }
      return Buffer.concat(came);
    };
  };
  const lines = new Map(buses.map(({ id }) => [id, lineTo(id)]));
  return { street, master: (address) => new Master(lines.get(street.meter(address).plan.bus)!, address) };
}

export const played = (name: string): Promise<Stage> => stage(planOf("--scenario", name));

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}
