/** The door a bus was planned with: a new kind of endpoint has its line here, and its form in `plans.ts`. */
import type { Chance } from "../../src/kernel/chance.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import type { Logger } from "../../src/kernel/log.ts";
import type { VirtualBus } from "../virtual-bus.ts";
import { openDialIn } from "./dial-in.ts";
import type { Endpoint } from "./endpoint.ts";
import { openSerial } from "./serial.ts";
import { openTcp } from "./tcp.ts";

export interface Outside {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  /** Where TCP buses listen that name no host of their own. */
  readonly host: string;
}

/** Null: a memory bus is not open to the outside. */
export async function openEndpoint(bus: VirtualBus, { clock, chance, log, host }: Outside): Promise<Endpoint | null> {
  const plan = bus.plan.endpoint;
  switch (plan.kind) {
    case "memory":
      return null;
    case "tcp":
      return openTcp(bus, { host: plan.host ?? host, port: plan.port ?? 0, log });
    case "serial":
      return openSerial(bus, { link: plan.link, log });
    case "dial-in":
      return openDialIn(bus, { plan, clock, chance, log });
    case "mqtt":
      // Loaded when wanted: the client is among the heaviest parts of a street.
      return (await import("./mqtt.ts")).openMqtt(bus, { plan, clock, log });
  }
}
