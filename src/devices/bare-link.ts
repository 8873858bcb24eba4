/**
 * A link as a person types it, opened once and bare: no line actor, no retries, nothing asked. For the tools that search a line, listen to
 * it or judge it, and that have to hear what the line actor throws away: echoes, noise, other masters, two answers to one question.
 */
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { SerialTransport, type SerialOptions } from "../transports/serial.ts";
import { TcpTransport } from "../transports/tcp-client.ts";
import type { Transport } from "../transports/transport.ts";
import { parseLink } from "./link-url.ts";
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
export function bareLink(url: string, clock: Clock, other: Partial<LineSettings> = {}): BareLink {
  const { transport } = parseLink(url);
  switch (transport.kind) {
    case "serial": {
      const options = { ...transport, ...other };
      const { baudRate, parity } = options;
      return { transport: new SerialTransport(options), settings: { baudRate, parity }, byteMs: byteMsOf(options) };
    }
    case "tcp":
      if (other.baudRate !== undefined || other.parity !== undefined)
        throw new Fault("invalid-request", { field: "baud", allowed: "speeds of a serial link; a serial server has its own" });
      return { transport: new TcpTransport(transport, clock), settings: null, byteMs: 0 };
    case "mqtt":
      throw new Fault("invalid-request", {
        field: "link: kind",
        given: "mqtt",
        allowed: "serial or tcp: over MQTT every meter has a topic of its own, and there are no wires to search or to listen to",
      });
  }
}
