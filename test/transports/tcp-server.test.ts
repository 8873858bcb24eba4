/** Callers of one port: how they are let in, and how they are let go. */
import { connect, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { systemChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { CallerTransport } from "../../src/transports/tcp-caller.ts";
import { TcpServer } from "../../src/transports/tcp-server.ts";

const callers: CallerTransport[] = [];
const sockets: Socket[] = [];
let server: TcpServer | undefined;
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
  callers.length = 0;
});

const dial = (heard: string[] = []): Socket => {
  const socket = connect({ host: "127.0.0.1", port: Number(server!.name.split(":").at(-1)) });
  sockets.push(socket);
  socket.on("data", () => undefined);
  socket.on("error", (error: NodeJS.ErrnoException) => heard.push(String(error.code)));
  socket.on("end", () => heard.push("a polite good-bye"));
  return socket;
};

test("a caller that is let go is reset, so that nothing the kernel still holds arrives later", async () => {
  server = new TcpServer(
    { host: "127.0.0.1", port: 0, onCaller: (caller) => callers.push(caller) },
    { clock: systemClock, chance: systemChance, log: silentLog },
  );
  await server.start();
  const heard: string[] = [];
  dial(heard);
  await vi.waitFor(() => expect(callers).toHaveLength(1));
  const [caller] = callers;
  await caller!.open();
  await caller!.send(Uint8Array.of(0x68));
  await caller!.end("another took its place");
  await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0));
  expect(heard).toContain("ECONNRESET");
  expect(server.callers).toBe(0);
});
