/** Faults of connections, on real sockets: the street's own port, and calls to a gateway's. */
import { expect } from "vitest";
import { hex } from "../../../simulator/bytes.ts";
import type { lineKinds } from "../../../simulator/faults/line-kinds.ts";
import type { Street } from "../../../simulator/street.ts";
import { raise, tcpClient, until } from "../support/street.ts";
import { callee } from "./callee.ts";
import type { Call, Callee } from "./callee.ts";
import { A, order, question, RIGHT, TRIP } from "./wire-bench.ts";

type Cases = Readonly<Partial<Record<keyof typeof lineKinds, () => Promise<void>>>>;

const meters = [{ address: A, bus: "b", loadKw: 0, energyKwh: "1.00" }];
const READ = question(A);

async function listening(): Promise<{ street: Street; port: number }> {
  const street = await raise({ buses: [{ id: "b", endpoint: { kind: "tcp" } }], meters });
  return { street, port: Number(street.endpoints[0]!.at) };
}

async function calling(): Promise<{ street: Street; gateway: Callee; first: Call }> {
  const gateway = await callee();
  const endpoint = { kind: "dial-in", host: "127.0.0.1", port: gateway.port, registration: "REG", redialMs: 1 } as const;
  const street = await raise({ buses: [{ id: "b", endpoint }], meters });
  const first = await gateway.call(1);
  await until("it said who it is", () => first.text() === "REG");
  return { street, gateway, first };
}

/** Says this on a connection, and waits until it has brought so many bytes in all. */
async function ask(call: Call, bytes: Uint8Array, total: number): Promise<string> {
  call.socket.write(bytes);
  await until(`${total} bytes`, () => call.bytes().length >= total);
  return hex(call.bytes());
}
const REG = hex(Buffer.from("REG"));

export const socketCases = {
  "dropped-connection": async () => {
    const { street, port } = await listening();
    street.setBusFault("b", { kind: "dropped-connection" });
    const client = await tcpClient(port);
    let code = "";
    client.socket.on("error", (error: NodeJS.ErrnoException) => (code = error.code ?? ""));
    client.socket.write(order(A, TRIP));
    await until("it was hung up", () => client.socket.readableEnded || client.socket.destroyed);
    expect([client.bytes.length, code, street.snapshot(A).relay]).toEqual([0, "", "disconnected"]);
    const called = await calling();
    called.street.setBusFault("b", { kind: "dropped-connection" });
    called.first.socket.write(order(A, TRIP));
    const second = await called.gateway.call(2);
    expect([called.first.text(), called.street.snapshot(A).relay]).toEqual(["REG", "disconnected"]);
    expect(await ask(second, READ, 3 + RIGHT.length)).toBe(REG + hex(RIGHT));
  },
  "connection-reset": async () => {
    const { street, port } = await listening();
    street.setBusFault("b", { kind: "connection-reset" });
    const client = await tcpClient(port);
    let code = "";
    client.socket.on("error", (error: NodeJS.ErrnoException) => (code = error.code ?? ""));
    client.socket.write(order(A, TRIP));
    await until("it was reset", () => client.socket.destroyed);
    expect([client.bytes.length, code, street.snapshot(A).relay]).toEqual([0, "ECONNRESET", "disconnected"]);
    const again = await tcpClient(port);
    again.socket.write(READ);
    expect(await again.reply()).toBe(`${A} 91 0000010000010000`);
  },
  "hang-up": async () => {
    const { street, port } = await listening();
    const early = await tcpClient(port);
    street.setBusFault("b", { kind: "hang-up" });
    for (let i = 0; i < 3; i += 1) {
      const client = await tcpClient(port);
      client.socket.write(READ);
      await until("it was hung up", () => client.socket.readableEnded || client.socket.destroyed);
      expect(client.bytes.length).toBe(0);
    }
    // Who was there before stays.
    early.socket.write(READ);
    expect(await early.reply()).toBe(`${A} 91 0000010000010000`);
    const called = await calling();
    called.street.setBusFault("b", { kind: "hang-up" });
    called.first.socket.destroy();
    const kicked = await called.gateway.call(3);
    await until("it hung up by itself", () => kicked.isOver());
    expect(called.gateway.calls.slice(1, 3).map((call) => call.text())).toEqual(["", ""]);
    called.street.clearAllFaults();
    await until("a call that holds", () => called.gateway.calls.at(-1)!.text() === "REG");
  },
  "missing-registration": async () => {
    const { street, gateway, first } = await calling();
    street.setBusFault("b", { kind: "missing-registration" });
    expect(await ask(first, READ, 3 + RIGHT.length)).toBe(REG + hex(RIGHT));
    const second = await gateway.call(2);
    expect(await ask(second, READ, RIGHT.length)).toBe(hex(RIGHT));
    expect(first.isOver()).toBe(true);
    second.socket.destroy();
    expect(await ask(await gateway.call(3), READ, 3 + RIGHT.length)).toBe(REG + hex(RIGHT));
  },
  "second-connection": async () => {
    const { street, gateway, first } = await calling();
    street.setBusFault("b", { kind: "second-connection" });
    first.socket.write(READ);
    const second = await gateway.call(2);
    await until("it answers there", () => second.bytes().length === 3 + RIGHT.length);
    expect(hex(second.bytes())).toBe(REG + hex(RIGHT));
    first.socket.write(order(A, TRIP));
    expect(await ask(second, READ, 3 + 2 * RIGHT.length)).toBe(REG + hex(RIGHT) + hex(RIGHT));
    expect([first.text(), first.isOver(), street.snapshot(A).relay, gateway.calls.length]).toEqual([
      "REG",
      false,
      "connected",
      2,
    ]);
  },
} satisfies Cases;
