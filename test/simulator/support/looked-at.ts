/** A street to be looked at: two buses, six plain meters in turn, a control door; and somebody who speaks on one of the buses. */
import type { Street, StreetOptions } from "../../../simulator/street.ts";
import { Master } from "./master.ts";
import { raise } from "./street.ts";

export const addressOf = (n: number): string => String(202_611_220_000 + n);

export const sixMeters = (options: Partial<StreetOptions> = {}): Promise<Street> =>
  raise({
    buses: [
      { id: "tower", endpoint: { kind: "tcp" } },
      { id: "cellar", endpoint: { kind: "memory" } },
    ],
    meters: [1, 2, 3, 4, 5, 6].map((n) => ({ address: addressOf(n), bus: n % 2 === 1 ? "tower" : "cellar", loadKw: 0 })),
    controlPort: 0,
    ...options,
  });

/** Somebody on a bus's wires. Nothing may be paced there: when the turn is over, what was not answered never will be. */
export function masterOf(street: Street, address: string, bus = "cellar"): Master {
  const end = street.memoryEnd(bus);
  let heard: Buffer[] = [];
  end.onBytes((bytes) => heard.push(Buffer.from(bytes)));
  return new Master(async (bytes) => {
    heard = [];
    end.send(bytes);
    await new Promise((resolve) => setImmediate(resolve));
    return Buffer.concat(heard);
  }, address);
}
