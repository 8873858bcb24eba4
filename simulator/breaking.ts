/** Faults put on the meters and buses of a street, and taken off again; whoever is touched is brought up to date first. */
import { Fault } from "../src/kernel/faults.ts";
import { bringUpToDate, restorePower } from "./bodies.ts";
import type { FaultOrder } from "./faults.ts";
import { rowOf } from "./faults.ts";
import { checkedFault } from "./meter-door.ts";
import type { VirtualBus } from "./virtual-bus.ts";
import type { VirtualMeter } from "./virtual-meter.ts";
import { fits } from "./weather.ts";

export interface Breakable {
  meter(address: string): VirtualMeter;
  bus(id: string): VirtualBus;
}
/** One of the two. */
export interface Place {
  readonly meter?: string | undefined;
  readonly bus?: string | undefined;
}

export function breakAt(street: Breakable, { meter, bus }: Place, fault: FaultOrder): string {
  if (meter !== undefined && bus === undefined) return breakMeter(street, meter, fault);
  if (bus !== undefined && meter === undefined) return breakBus(street, bus, fault);
  throw new Fault("invalid-request", { field: "meter", allowed: "either a meter or a bus" });
}

function breakMeter(street: Breakable, address: string, fault: FaultOrder): string {
  return breakThis(street, street.meter(address), fault);
}

/** Two meters may have the same address: whoever holds one in hands need not name it. */
export function breakThis(street: Pick<Breakable, "bus">, meter: VirtualMeter, fault: FaultOrder): string {
  const checked = checkedFault(fault);
  const order = checked.kind === "swapped-addresses" ? swapped(street.bus(meter.plan.bus), meter, checked) : checked;
  bringUpToDate(meter);
  const id = meter.faults.set(order);
  bringUpToDate(meter);
  return id;
}

/** The other one is kept by the address it was planned with: that one stays whatever 15H does. */
function swapped(bus: VirtualBus, meter: VirtualMeter, order: FaultOrder): FaultOrder {
  const other = order.with === undefined ? undefined : bus.named(order.with).find((one) => one !== meter);
  if (other === undefined)
    throw new Fault("invalid-request", { field: "with", given: order.with, allowed: `another meter on ${bus.id}` });
  bus.swaps.watch(meter);
  return { ...order, with: other.plan.address };
}

function breakBus(street: Breakable, busId: string, fault: FaultOrder): string {
  const bus = street.bus(busId);
  const order = checkedFault(fault);
  if (!fits(order.kind, bus)) {
    const { endpoints = [], payload } = rowOf(order.kind);
    const allowed = `on a bus over ${endpoints.join(" or ")}${payload === undefined ? "" : `, its payload ${payload}`}`;
    throw new Fault("invalid-request", { field: "kind", given: order.kind, allowed });
  }
  return bus.faults.set(order);
}

/** All faults of a meter, or the one with this id; a freed contact goes where it was told to go. False: there was none. */
export function mend(meter: VirtualMeter, id?: string): boolean {
  bringUpToDate(meter);
  const wasThere = meter.faults.clear(id);
  if (id === undefined) restorePower(meter);
  meter.relay.follow(meter.settle());
  return wasThere;
}
