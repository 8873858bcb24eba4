/** What the site file says about a bus, as the lines take it, and what of it is refused at the start. */
import { Fault } from "../kernel/faults.ts";
import { BusId } from "../kernel/ids.ts";
import type { DialInBus } from "./dial-in/caller-book.ts";

export type BusTransport =
  | {
      readonly kind: "serial";
      readonly path: string;
      readonly baudRate: number;
      readonly dataBits: 7 | 8;
      readonly parity: "none" | "even" | "odd";
      readonly stopBits: 1 | 2;
    }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "tcp-server"; readonly port: number; readonly host?: string | undefined }
  /** Topic templates; `{address}` stands for the meter's twelve digits. */
  | { readonly kind: "mqtt"; readonly down: string; readonly up: string; readonly payload: "raw" | "hex" | "json" };

/** `dialIn` and `callers` belong to buses of kind tcp-server. */
export interface BusConfig extends DialInBus {
  readonly transport: BusTransport;
  /** After a reply, before the next request. */
  readonly turnaroundMs?: number | undefined;
  /** What the meter and whatever lies between add to the wire's own time, until a request counts as unanswered. */
  readonly replyDeadlineMs?: number | undefined;
  /** After silence: how long what is heard is a late reply that belongs to no one. */
  readonly quietMs?: number | undefined;
}

/** By id. What is not built yet, or would put two masters on one pair of wires, is refused by name, not met at midnight. */
export function checkedBuses(buses: readonly BusConfig[]): ReadonlyMap<string, BusConfig> {
  const byId = new Map<string, BusConfig>();
  const byWires = new Map<string, string>();
  for (const [index, bus] of buses.entries()) {
    const field = `buses[${index}]`;
    if (byId.has(BusId(bus.id, `${field}.id`)))
      throw new Fault("site-file-invalid", { field: `${field}.id`, given: bus.id, why: "named twice" });
    refuseUnbuilt(bus);
    const wires = wiresOf(bus.transport);
    const other = wires === null ? undefined : byWires.get(wires);
    if (other !== undefined)
      throw new Fault("site-file-invalid", {
        field: `${field}.transport`,
        given: wires,
        why: `bus ${other} speaks there already; two masters on one line hear nothing`,
      });
    if (wires !== null) byWires.set(wires, bus.id);
    byId.set(bus.id, bus);
  }
  return byId;
}

function refuseUnbuilt({ id, transport }: BusConfig): void {
  if (transport.kind === "mqtt" && transport.payload !== "raw") {
    throw new Fault("not-supported", {
      bus: id,
      payload: transport.payload,
      why: "only raw payloads are built yet: let the modem send the frame as it is",
    });
  }
}

/** What stands for one pair of wires; null where each meter has its own. */
function wiresOf(transport: BusTransport): string | null {
  if (transport.kind === "serial") return transport.path;
  if (transport.kind === "tcp") return `${transport.host}:${transport.port}`;
  return transport.kind === "tcp-server" && transport.port !== 0 ? `callers on port ${transport.port}` : null;
}
