/**
 * A broker that does what no honest one does when it is asked to: accepts and hangs up, never acknowledges, delivers again. It speaks
 * as much of MQTT 3.1.1 as that takes.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";

const CONNECT = 1;
const PUBLISH = 3;
const SUBSCRIBE = 8;
const UNSUBSCRIBE = 10;

export class ScriptedBroker {
  /** True: hangs up as soon as it has accepted. */
  hangsUp = false;
  acknowledges = true;
  connects = 0;
  /** Payloads of what was published to it. */
  readonly heard: string[] = [];
  /** How connections ended: by a reset or politely. */
  readonly ends: ("reset" | "closed")[] = [];
  readonly #server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  readonly #sockets = new Set<Socket>();

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** At QoS 1, to everybody. */
  say(topic: string, payload: string, { packet, dup = false }: { readonly packet: number; readonly dup?: boolean }): void {
    const name = Buffer.from(topic);
    const body = Buffer.concat([Buffer.from([0, name.length]), name, Buffer.from([0, packet]), Buffer.from(payload)]);
    const message = Buffer.concat([Buffer.from([0x32 | (dup ? 8 : 0), body.length]), body]);
    for (const socket of this.#sockets) socket.write(message);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let how: "reset" | "closed" = "closed";
    let held: Buffer = Buffer.alloc(0);
    socket.on("error", () => (how = "reset"));
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.ends.push(how);
    });
    socket.on("data", (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      // Whatever these tests send is shorter than 128 bytes: its length is one byte.
      while (held.length >= 2 && held.length >= 2 + held[1]!) {
        this.#take(socket, held.subarray(0, 2 + held[1]!));
        held = held.subarray(2 + held[1]!);
      }
    });
  }

  #take(socket: Socket, packet: Buffer): void {
    const kind = packet[0]! >> 4;
    const id = packet.subarray(2, 4);
    if (kind === CONNECT) {
      this.connects += 1;
      socket.write(Buffer.from([0x20, 2, 0, 0]));
      if (this.hangsUp) socket.end();
    } else if (kind === SUBSCRIBE) socket.write(Buffer.from([0x90, 3, ...id, 1]));
    else if (kind === UNSUBSCRIBE) socket.write(Buffer.from([0xb0, 2, ...id]));
    else if (kind === PUBLISH) {
      const topicEnd = 4 + packet.readUInt16BE(2);
      this.heard.push(packet.subarray(topicEnd + 2).toString());
      if (this.acknowledges) socket.write(Buffer.from([0x40, 2, ...packet.subarray(topicEnd, topicEnd + 2)]));
    }
  }
}
