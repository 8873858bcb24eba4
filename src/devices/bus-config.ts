/** What the site file says about a bus, as the lines take it, and what of it is refused at the start. */
import { Fault } from "../kernel/faults.ts";
import { BusId } from "../kernel/ids.ts";
import type { JsonFields, PayloadKind } from "../transports/mqtt-payloads.ts";
import type { DialInBus } from "./dial-in/caller-book.ts";

export { JSON_FIELDS, PAYLOAD_KINDS } from "../transports/mqtt-payloads.ts";

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
  | MqttBus;

/**
 * Topic templates; `{address}` stands for the meter's twelve digits, and each meter is a line of its own. Topics without it are those
 * of one DTU: the meters behind it share its wires, and one line.
 */
export interface MqttBus {
  readonly kind: "mqtt";
  readonly down: string;
  readonly up: string;
  readonly payload: PayloadKind;
  /** With payload json: where the frame lies, if not where most modems put it. */
  readonly json?: JsonFields | undefined;
}

const ADDRESS = "{address}";
const isPerMeter = (topic: string): boolean => topic.includes(ADDRESS);
/** Over MQTT with `{address}` in the topics a dead meter holds up nobody; everywhere else meters take turns. */
export const eachMeterAlone = (transport: BusTransport): boolean => transport.kind === "mqtt" && isPerMeter(transport.down);

/** What is wrong with a pair of topics, and in which field; undefined: nothing. */
export function topicTrouble({ down, up }: Pick<MqttBus, "down" | "up">): { field: "down" | "up"; why: string } | undefined {
  for (const [field, topic] of Object.entries({ down, up }) as ["down" | "up", string][]) {
    if (topic === "" || /[+#\0]/.test(topic))
      return { field, why: "a topic, with {address} where each meter has its own; no wildcards (+, #)" };
  }
  if (isPerMeter(down) !== isPerMeter(up)) {
    const field = isPerMeter(down) ? "up" : "down";
    return {
      field,
      why: `has no {address}, and the other topic has: give it to both (each meter on its own) or to neither (meters behind one DTU)`,
    };
  }
  return down === up ? { field: "up", why: "is the topic of down: we would hear ourselves" } : undefined;
}

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
    if (bus.transport.kind === "mqtt") refuseTopics(bus.transport, `${field}.transport`);
    for (const wires of wiresOf(bus.transport)) {
      const other = byWires.get(wires);
      if (other !== undefined)
        throw new Fault("site-file-invalid", {
          field: `${field}.transport`,
          given: wires,
          why: `bus ${other} speaks there already; two masters on one line hear nothing`,
        });
      byWires.set(wires, bus.id);
    }
    byId.set(bus.id, bus);
  }
  for (const [index, bus] of buses.entries()) refuseMeterOnDtu(bus, byWires, `buses[${index}].transport`);
  return byId;
}

/** A topic of a DTU that also is the topic of some meter on another bus: two lines would speak to one modem. */
function refuseMeterOnDtu({ transport }: BusConfig, byWires: ReadonlyMap<string, string>, field: string): void {
  if (transport.kind !== "mqtt" || !eachMeterAlone(transport)) return;
  for (const [name, template] of [
    ["down", transport.down],
    ["up", transport.up],
  ] as const) {
    const asTemplate = (wires: string): string => wires.replaceAll(/(?<!\d)\d{12}(?!\d)/g, ADDRESS);
    const [wires, other] = [...byWires].find(([wires]) => asTemplate(wires) === `topic ${template}`) ?? [];
    if (wires === undefined) continue;
    throw new Fault("site-file-invalid", {
      field: `${field}.${name}`,
      given: template,
      why: `bus ${other} has the ${wires}, which would be a meter's here; two masters on one line hear nothing`,
    });
  }
}

function refuseTopics(transport: MqttBus, field: string): void {
  const trouble = topicTrouble(transport);
  if (trouble === undefined) return;
  const { [trouble.field]: given } = transport;
  throw new Fault("site-file-invalid", { field: `${field}.${trouble.field}`, given, why: trouble.why });
}

/** What stands for a pair of wires; nothing where each meter has its own. A DTU is known by either of its topics. */
function wiresOf(transport: BusTransport): readonly string[] {
  switch (transport.kind) {
    case "serial":
      return [transport.path];
    case "tcp":
      return [`${transport.host}:${transport.port}`];
    case "mqtt":
      return eachMeterAlone(transport) ? [] : [`topic ${transport.down}`, `topic ${transport.up}`];
    case "tcp-server":
      return transport.port === 0 ? [] : [`callers on port ${transport.port}`];
  }
}
