/** A gateway's door for meters that call: every connection that comes in, and what is said on it. */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";
import { joined } from "../../../simulator/bytes.ts";
import { until } from "../support/street.ts";

export interface Call {
  readonly socket: Socket;
  readonly bytes: () => Uint8Array;
  readonly text: () => string;
  readonly isOver: () => boolean;
}

export interface Callee {
  readonly port: number;
  readonly calls: Call[];
  readonly call: (count: number) => Promise<Call>;
}

export async function callee(port = 0): Promise<Callee> {
  const calls: Call[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    let bytes: Uint8Array = new Uint8Array(0);
    let isOver = false;
    socket.on("data", (chunk: Buffer) => (bytes = joined(bytes, new Uint8Array(chunk))));
    socket.on("error", () => undefined);
    socket.on("close", () => (isOver = true));
    calls.push({ socket, bytes: () => bytes, text: () => Buffer.from(bytes).toString("latin1"), isOver: () => isOver });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const { socket } of calls) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    calls,
    call: async (count) => {
      await until(`call ${count}`, () => calls.length >= count);
      return calls[count - 1]!;
    },
  };
}
