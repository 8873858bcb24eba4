/**
 * A link as a person types it, opened once and bare: no line actor, no retries, nothing asked. For the tools that search a line, listen to
 * it or judge it, and that have to hear what the line actor throws away: echoes, noise, other masters, two answers to one question.
 */
import { Fault } from "../kernel/faults.ts";
import { SerialTransport, type SerialOptions } from "../transports/serial.ts";
import { TcpTransport } from "../transports/tcp-client.ts";
import type { Transport } from "../transports/transport.ts";
import { bareBroker, type BrokerParts } from "./bare-broker.ts";
import { eachMeterAlone } from "./bus-config.ts";
import { isMqtt, parseLink } from "./link-url.ts";
import { byteMsOf } from "./timing.ts";

export type LineSettings = Pick<SerialOptions, "baudRate" | "parity">;

export interface BareLink {
  readonly transport: Transport;
  /** Null where the link has no speed of its own. */
  readonly settings: LineSettings | null;
  /** One byte on the wire; 0 where the link has no speed of its own. */
  readonly byteMs: number;
}

/** Another speed or parity than the link's own: only where there is a serial port to set. */
export interface LinkWish extends Partial<LineSettings> {
  /** Over MQTT, where each meter has topics of its own: whose. */
  readonly address?: string | undefined;
}

export function bareLink(url: string, parts: BrokerParts, { address, ...other }: LinkWish = {}): BareLink {
  const target = parseLink(url);
  const isSet = other.baudRate !== undefined || other.parity !== undefined;
  if (isMqtt(target)) {
    if (isSet)
      throw new Fault("invalid-request", { field: "baud", allowed: "speeds of a serial link; over MQTT the modem has its own" });
    if (eachMeterAlone(target.transport) && address === undefined)
      throw new Fault("invalid-request", {
        field: "address",
        allowed: `one: on ${target.transport.down} a meter can be asked only by its address`,
      });
    return { transport: bareBroker(target, parts, address), settings: null, byteMs: 0 };
  }
  const { transport } = target;
  switch (transport.kind) {
    case "serial": {
      const options = { ...transport, ...other };
      const { baudRate, parity } = options;
      return { transport: new SerialTransport(options), settings: { baudRate, parity }, byteMs: byteMsOf(options) };
    }
    case "tcp":
      if (isSet)
        throw new Fault("invalid-request", { field: "baud", allowed: "speeds of a serial link; a serial server has its own" });
      return { transport: new TcpTransport(transport, parts.clock), settings: null, byteMs: 0 };
  }
}
