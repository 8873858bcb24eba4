/**
 * A cipher machine (密码机) in software: the server's side of the HSM port that is told in `src/security/README.md`, holding the published
 * test keys. For tests, and for engineers who write an adapter or want to see what the gateway does when its machine is slow, refuses or
 * goes away. It is no key server: whoever knows this program knows its keys, and it says so to every gateway.
 *
 *     {"id":1,"verb":"hello",…} ─► challenge · {"id":2,"verb":"authenticate",…} ─► proof · then the verbs of cipher-server-keys.ts
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Chance } from "../src/kernel/chance.ts";
import { seconds, type Clock } from "../src/kernel/clock.ts";
import type { Logger } from "../src/kernel/log.ts";
import type { Secret } from "../src/kernel/secret.ts";
import { attendGateway } from "./cipher-server-talk.ts";
import type { CipherServerMode } from "./cipher-server-modes.ts";

const SLOW_MS = seconds(10);

export interface CipherServerOptions {
  readonly secret: Secret<string>;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly mode?: CipherServerMode | undefined;
  readonly slowMs?: number | undefined;
  /** Passwords of meters that it keeps, by name; six digits each. */
  readonly passwords?: ReadonlyMap<string, Secret<string>> | undefined;
  /** PEM texts; without them plain TCP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** What a test lets it say of its keys; the truth is true. */
  readonly saysTestKeys?: boolean | undefined;
}

export class CipherServer {
  readonly name = "DL645-TEST-1 cipher server";
  readonly saysTestKeys: boolean;
  /** How often each verb was heard. */
  readonly heard: Record<string, number> = {};
  port = 0;
  mode: CipherServerMode;
  slowMs: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #closing = new AbortController();

  constructor(options: CipherServerOptions) {
    const { clock, chance, log, secret, tls, passwords = new Map<string, Secret<string>>() } = options;
    this.mode = options.mode ?? "honest";
    this.slowMs = options.slowMs ?? SLOW_MS;
    this.saysTestKeys = options.saysTestKeys ?? true;
    const attend = (socket: Socket): void =>
      attendGateway(socket, { server: this, closing: this.#closing.signal, clock, chance, log, secret, passwords });
    this.#server = tls === undefined ? createServer(attend) : createTlsServer({ ...tls }, attend);
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    // A gateway that speaks without TLS, or mistrusts the certificate: its trouble, not ours.
    this.#server.on("tlsClientError", (error: Error) => log.debug({ error: error.message }, "no TLS with a gateway"));
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async listen({ host = "127.0.0.1", port = 0 }: Pick<CipherServerOptions, "host" | "port">): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.off("error", reject);
        this.port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  /** The port is free afterwards; gateways see their connections end. */
  close(): Promise<void> {
    this.#closing.abort();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}

export async function openCipherServer(options: CipherServerOptions): Promise<CipherServer> {
  const server = new CipherServer(options);
  await server.listen(options);
  return server;
}
