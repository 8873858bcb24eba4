/**
 * An MQTT broker inside the process, so that a fresh machine needs nothing installed. It listens on loopback only and asks nobody who he
 * is: for meters in the field use Mosquitto or EMQX with TLS, credentials and access rules.
 *
 * Port 1883, else the next free one; `noDelay` because QoS 1 crawls without it.
 */
import { createServer, type Server } from "node:net";
import { Aedes } from "aedes";
import { Fault, reasonOf } from "../kernel/faults.ts";

export const MQTT_PORT = 1883;
const PORTS_TRIED_MAX = 100;

export interface EmbeddedBroker {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** `port: 0` takes any free one, as tests do. */
export async function startEmbeddedBroker(options: { readonly port?: number } = {}): Promise<EmbeddedBroker> {
  const broker = await Aedes.createBroker();
  const server = createServer({ noDelay: true }, (socket) => {
    broker.handle(socket);
  });
  const first = options.port ?? MQTT_PORT;
  let port: number | undefined;
  for (let tried = 0; port === undefined; tried += 1) {
    try {
      port = await listen(server, first === 0 ? 0 : first + tried);
    } catch (cause) {
      if (tried + 1 < PORTS_TRIED_MAX && first !== 0) continue;
      await new Promise<void>((resolve) => broker.close(resolve));
      throw new Fault("broker-unavailable", { broker: "embedded", why: reasonOf(cause) }, { cause });
    }
  }
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    close: async () => {
      await new Promise<void>((resolve) => broker.close(resolve));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
