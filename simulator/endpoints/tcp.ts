/** A bus behind a TCP port, as a serial server shows it. Any number of clients; they share the wires. */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { Logger } from "../../src/kernel/log.ts";
import type { VirtualBus } from "../virtual-bus.ts";
import type { Endpoint } from "./endpoint.ts";

export async function openTcp(
  bus: VirtualBus,
  { host, port, log }: { host: string; port: number; log: Logger },
): Promise<Endpoint> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", (error) => log.debug({ bus: bus.id, error: error.message }, "a client's connection broke"));
    if (bus.hangsUp) {
      bus.turnAway("hang-up");
      socket.destroy();
      return;
    }
    sockets.add(socket);
    const end = bus.join((bytes) => void socket.write(bytes));
    socket.on("data", (chunk: Buffer) => end.receive(new Uint8Array(chunk)));
    socket.on("close", () => {
      end.leave();
      sockets.delete(socket);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  bus.hands["dropped-connection"] = () => {
    for (const socket of sockets) socket.destroy();
  };
  bus.hands["connection-reset"] = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    at: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
