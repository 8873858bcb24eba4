/** A link as a person types it. Errors name the part that is wrong and say what is allowed; a password is never printed. */
import { Fault } from "../kernel/faults.ts";
import { Secret } from "../kernel/secret.ts";
import { PAYLOAD_KINDS, type PayloadKind } from "../transports/mqtt-payloads.ts";
import { topicTrouble, type BusTransport } from "./bus-config.ts";

interface LinkBroker {
  readonly url: string;
  readonly username?: string;
  readonly password?: Secret<string>;
}
export interface MqttTarget {
  readonly transport: Extract<BusTransport, { kind: "mqtt" }>;
  readonly broker: LinkBroker;
}
export type LinkTarget =
  MqttTarget | { readonly transport: Extract<BusTransport, { kind: "serial" | "tcp" }>; readonly broker?: undefined };

export const isMqtt = (target: LinkTarget): target is MqttTarget => target.broker !== undefined;

type Topics = Readonly<Partial<Record<"down" | "up", string>>>;

const FORMS = "tcp://host:port, serial:///dev/ttyUSB0?baud=2400 or mqtt://host:port";

export function parseLink(text: string): LinkTarget {
  const wrong = (part: string, given: string, allowed: string): Fault =>
    new Fault("invalid-request", { field: `link: ${part}`, given, allowed });
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong("all of it", "(not a URL)", FORMS);
  }
  const known = (...names: readonly string[]): void => {
    for (const name of url.searchParams.keys())
      if (!names.includes(name)) throw wrong(`?${name}`, name, names.length === 0 ? "nothing behind the port" : names.join(", "));
  };
  const option = (name: string, byDefault: string, allowed: RegExp, said: string): string => {
    const given = url.searchParams.get(name) ?? byDefault;
    if (!allowed.test(given)) throw wrong(`?${name}`, given, said);
    return given;
  };
  const host = (): string => {
    if (url.hostname === "") throw wrong("host", "(nothing)", FORMS);
    return url.hostname.replace(/^\[|\]$/g, "");
  };
  switch (url.protocol) {
    case "tcp:": {
      known();
      const port = Number(url.port);
      if (port === 0) throw wrong("port", url.port === "" ? "(nothing)" : url.port, "1 to 65535");
      return { transport: { kind: "tcp", host: host(), port } };
    }
    case "serial:": {
      known("baud", "parity", "data", "stop");
      const path = decodeURIComponent(`${url.hostname === "" ? "" : `/${url.hostname}`}${url.pathname}`);
      if (path === "" || path === "/") throw wrong("path", "(nothing)", "serial:///dev/ttyUSB0");
      const parity = option("parity", "even", /^(even|odd|none)$/, "even, odd or none") as "even" | "odd" | "none";
      const baudRate = Number(option("baud", "2400", /^\d{3,6}$/, "a baud rate like 2400 or 9600"));
      const dataBits = option("data", "8", /^[78]$/, "7 or 8") === "7" ? 7 : 8;
      const stopBits = option("stop", "1", /^[12]$/, "1 or 2") === "2" ? 2 : 1;
      return { transport: { kind: "serial", path, baudRate, dataBits, parity, stopBits } };
    }
    case "mqtt:":
    case "mqtts:": {
      known("down", "up", "payload");
      host();
      const { down = "meters/{address}/down", up = "meters/{address}/up" } = Object.fromEntries(url.searchParams) as Topics;
      const trouble = topicTrouble({ down, up });
      if (trouble !== undefined) throw wrong(`?${trouble.field}`, trouble.field === "down" ? down : up, trouble.why);
      const kinds = PAYLOAD_KINDS.join(", ");
      const payload = option("payload", "raw", new RegExp(`^(${PAYLOAD_KINDS.join("|")})$`), `one of ${kinds}`) as PayloadKind;
      const credentials =
        url.username === ""
          ? {}
          : { username: decodeURIComponent(url.username), password: new Secret(decodeURIComponent(url.password)) };
      return {
        transport: { kind: "mqtt", down, up, payload },
        broker: { url: `${url.protocol}//${url.host}`, ...credentials },
      };
    }
    default:
      throw wrong("kind", url.protocol.replace(":", ""), FORMS);
  }
}
