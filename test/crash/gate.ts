/**
 * A door in front of a server: everything that passes is cut into whole packets, and a watcher says of each whether it passes or is set
 * aside. So a process under test can be held at a named point of its own life without knowing it: what it said has not arrived, or what
 * it waits for does not come.
 *
 *     process under test ──► gate ──► server          aside ─► release(): on its way, in order, if its end still lives
 *
 * Where one end dies the other is told, and what was set aside dies with it, as bytes in a dead machine's buffers do. Knows nothing of
 * what packets mean; the gates of PostgreSQL, Redis and MQTT do.
 */
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";

/** Towards the server, or back from it. */
export type Way = "there" | "back";
export type Ruling = "pass" | "aside";

/** One for each connection. */
export interface Watcher {
  /** How many bytes the first whole packet takes; 0: it is not whole yet. */
  packetBytes(way: Way, bytes: Buffer): number;
  rule(way: Way, packet: Buffer): Ruling;
}

export interface Gate {
  readonly port: number;
  /** What was set aside goes on its way. */
  release(): void;
  close(): Promise<void>;
}

class Half {
  readonly #to: Socket;
  readonly #way: Way;
  readonly #watcher: Watcher;
  #bytes: Buffer = Buffer.alloc(0);
  #aside: Buffer[] = [];

  constructor(to: Socket, way: Way, watcher: Watcher) {
    this.#to = to;
    this.#way = way;
    this.#watcher = watcher;
  }

  take(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const size = this.#bytes.length === 0 ? 0 : this.#watcher.packetBytes(this.#way, this.#bytes);
      if (size === 0 || size > this.#bytes.length) return;
      const packet = this.#bytes.subarray(0, size);
      this.#bytes = this.#bytes.subarray(size);
      if (this.#watcher.rule(this.#way, packet) === "pass") this.#to.write(packet);
      else this.#aside.push(packet);
    }
  }

  release(): void {
    const kept = this.#aside;
    this.#aside = [];
    if (!this.#to.destroyed) for (const packet of kept) this.#to.write(packet);
  }
}

export async function openGate(serverPort: number, watcher: () => Watcher): Promise<Gate> {
  const halves = new Set<Half>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = createConnection({ port: serverPort, host: "127.0.0.1", noDelay: true });
    const watching = watcher();
    const pair = [new Half(upstream, "there", watching), new Half(client, "back", watching)] as const;
    client.on("data", (chunk: Buffer) => pair[0].take(chunk));
    upstream.on("data", (chunk: Buffer) => pair[1].take(chunk));
    for (const half of pair) halves.add(half);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => undefined);
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
        for (const half of pair) halves.delete(half);
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    release: () => {
      for (const half of halves) half.release();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
