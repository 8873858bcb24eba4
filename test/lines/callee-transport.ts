/** A door for meters that call, as a transport: the newest call is the line, and what was said before its first frame is noise to it. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Fault } from "../../src/kernel/faults.ts";
import { Listeners } from "../../src/transports/listeners.ts";
import type { Transport } from "../../src/transports/transport.ts";

export class Callee {
  readonly port: number;
  readonly #server: Server;
  readonly #calls: Socket[];
  #onCall: (() => void) | undefined;

  private constructor(server: Server, calls: Socket[]) {
    this.#server = server;
    this.#calls = calls;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      socket.on("error", () => undefined);
      calls.push(socket);
      this.#onCall?.();
    });
  }

  static async listen(): Promise<Callee> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Callee(server, []);
  }

  transport(): Transport {
    const listeners = new Listeners();
    let socket: Socket | undefined;
    const ended = (why: string): void => {
      socket = undefined;
      listeners.closed(why);
    };
    const take = (call: Socket): void => {
      socket = call;
      call.on("data", (bytes: Buffer) => {
        if (socket === call) listeners.received(new Uint8Array(bytes));
      });
      call.on("close", () => {
        if (socket === call) ended("the caller hung up");
      });
    };
    return {
      name: `tcp-server:${this.port}`,
      get isOpen() {
        return socket !== undefined;
      },
      open: () => {
        const call = this.#calls.findLast(({ destroyed }) => !destroyed);
        if (call === undefined) return Promise.reject(new Fault("line-down", { why: "nobody has called" }));
        take(call);
        this.#onCall = () => take(this.#calls.at(-1)!); // a meter that moved to another connection
        return Promise.resolve();
      },
      send: (bytes) => {
        if (socket === undefined) return Promise.reject(new Fault("line-down", {}));
        socket.write(bytes);
        return Promise.resolve();
      },
      close: () => {
        if (socket !== undefined) ended("closed by us");
        return Promise.resolve();
      },
      onReceived: (listener) => listeners.onReceived(listener),
      onClosed: (listener) => listeners.onClosed(listener),
    };
  }

  async close(): Promise<void> {
    for (const call of this.#calls) call.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
