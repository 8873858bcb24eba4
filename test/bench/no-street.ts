/** A street on which nothing is ever asked, for benches of what comes behind it. */
import type { MeterRecord, Street } from "../../src/devices/meter.ts";

export function noStreet(meters: readonly MeterRecord[]): Street {
  const byAddress = new Map(meters.map((meter) => [meter.address, meter]));
  return {
    session: () => Promise.reject(new Error("nobody is asked here")),
    meter: (address) => byAddress.get(address),
    meters: () => meters,
    health: () => ({ state: "unknown", failures: 0, lastHeardAt: null, askAgainAt: null }),
    onHeard: () => undefined,
    onLineOpen: () => undefined,
    buses: () => [],
    tape: () => undefined,
    hold: () => Promise.resolve(() => undefined),
    close: () => Promise.resolve(),
  };
}
