/** Joins what staff say of bad weather and outages to the house: the desk that says it, and the rules' pictures in which it stands. */
import type { Street } from "../devices/meter.ts";
import { NoCutDesk } from "../policy/no-cut-desk.ts";
import { NoCutsInForce } from "../policy/no-cuts-in-force.ts";
import type { PolicyStore } from "../policy/policy-store.ts";
import type { EngineBooks, HouseSite, HouseStores } from "./ports.ts";

export interface NoCutRooms {
  readonly desk: NoCutDesk;
  readonly inForce: NoCutsInForce;
  /** The rules' store, with what was said in its pictures. */
  readonly policy: PolicyStore;
}

export function noCutsOf(parts: {
  readonly config: Pick<HouseSite, "site" | "buses">;
  readonly books: Pick<EngineBooks, "clock" | "log" | "newId" | "outbox">;
  readonly stores: Pick<HouseStores, "noCuts" | "guards" | "policy">;
  readonly street: Street;
}): NoCutRooms {
  const { config, books, stores, street } = parts;
  const inForce = new NoCutsInForce({ clock: books.clock, store: stores.noCuts, lineOf: (meter) => street.meter(meter) });
  const buses = new Set<string>(config.buses.map(({ id }) => id));
  const desk = new NoCutDesk({
    ...{ ...books, store: stores.noCuts, guards: stores.guards, timeZone: config.site.timeZone },
    hasPlace: (kind, name) =>
      kind === "bus" ? buses.has(name) : street.meters().some(({ bus, feeder = bus }) => feeder === name),
  });
  return { desk, inForce, policy: inForce.seenBy(stores.policy) };
}
