/** On which line a meter is spoken to: a pair of wires that it shares, or, over MQTT and where it dials in alone, one of its own. */
import { eachMeterAlone, type BusConfig } from "./bus-config.ts";
import { callerLineOf } from "./dial-in/caller-book.ts";
import type { MeterRecord } from "./meter.ts";

export function lineNameOf(bus: BusConfig | undefined, meter: Pick<MeterRecord, "bus" | "address">): string {
  switch (bus?.transport.kind) {
    case "mqtt":
      return eachMeterAlone(bus.transport) ? `${meter.bus}/${meter.address}` : meter.bus;
    case "tcp-server":
      return callerLineOf(bus, meter.address);
    case "serial":
    case "tcp":
    case undefined:
      return meter.bus;
  }
}
