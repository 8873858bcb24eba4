/** Dialling a serial server: what happens when it does not answer, hangs up, or answers late. */
import type { Socket } from "node:net";
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { TcpTransport } from "../../src/transports/tcp-client.ts";
import { HandClock } from "./hand-clock.ts";

let server: Server | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  server = undefined;
});

const serve = async (onSocket: (socket: Socket) => void): Promise<number> => {
  const listening = createServer((socket) => {
    socket.on("error", () => undefined); // we hang up with a reset
    onSocket(socket);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return (listening.address() as AddressInfo).port;
};

test("nobody listens: the fault names host and port", async () => {
  const port = await serve(() => undefined);
  await new Promise<void>((resolve) => server?.close(() => resolve()));
  server = undefined;
  const transport = new TcpTransport({ host: "127.0.0.1", port }, systemClock);
  await expect(transport.open()).rejects.toSatisfy(
    (error) => isFault(error, "line-down") && error.message.includes(`127.0.0.1:${port}`),
  );
});

test("a host that never answers ends after the connect time-out", async () => {
  const clock = new HandClock();
  // TEST-NET-1: packets to it are answered by nobody, or by an unreachable error, both of which are a fault.
  const opening = new TcpTransport({ host: "192.0.2.1", port: 2404, connectTimeoutMs: 50 }, clock).open();
  opening.catch(() => undefined);
  clock.advance(50);
  await expect(opening).rejects.toSatisfy((error) => isFault(error, "line-down"));
});

test("delay is off: a second small write does not wait for the far end to acknowledge the first", async () => {
  const port = await serve((socket) => {
    socket.setNoDelay(true);
    let count = 0;
    socket.on("data", (bytes) => {
      count += bytes.length;
      if (count % 2 === 0) socket.write("!");
    });
  });
  const transport = new TcpTransport({ host: "127.0.0.1", port }, systemClock);
  let answered: () => void = () => undefined;
  transport.onReceived(() => answered());
  await transport.open();
  const took: number[] = [];
  for (let n = 0; n < 31; n += 1) {
    const answer = new Promise<void>((resolve) => (answered = resolve));
    const startedAt = performance.now();
    await transport.send(Uint8Array.of(1));
    await transport.send(Uint8Array.of(2));
    await answer;
    took.push(performance.now() - startedAt);
  }
  await transport.close();
  expect(took.sort((a, b) => a - b)[15]).toBeLessThan(20);
});

test("a polite good-bye of the far end closes it as well", async () => {
  const port = await serve((socket) => socket.end("bye"));
  const transport = new TcpTransport({ host: "127.0.0.1", port }, systemClock);
  const closed: string[] = [];
  transport.onClosed((why) => closed.push(why));
  await transport.open();
  await vi.waitFor(() => expect(closed).toEqual(["the far end closed the connection"]));
  await expect(transport.send(Uint8Array.of(1))).rejects.toSatisfy((error) => isFault(error, "line-down"));
});

test("closing it resets it, so that nothing the kernel still holds arrives later", async () => {
  const ended: string[] = [];
  const port = await serve((socket) => {
    socket.on("data", () => undefined);
    socket.on("error", (error: NodeJS.ErrnoException) => ended.push(String(error.code)));
    socket.on("end", () => ended.push("a polite good-bye"));
  });
  const transport = new TcpTransport({ host: "127.0.0.1", port }, systemClock);
  await transport.open();
  await transport.send(Uint8Array.of(0x68));
  await transport.close();
  await transport.close();
  await vi.waitFor(() => expect(ended.length).toBeGreaterThan(0));
  expect(ended).toContain("ECONNRESET");
});

test("closing it while it dials ends the dialling at once", async () => {
  const transport = new TcpTransport({ host: "192.0.2.1", port: 2404 }, new HandClock());
  const opening = transport.open();
  opening.catch(() => undefined);
  await transport.close();
  await expect(opening).rejects.toSatisfy((error) => isFault(error, "line-down"));
});
