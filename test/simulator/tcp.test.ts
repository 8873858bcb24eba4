/** A bus behind a TCP port, as scripts and gateways meet it. */
import { connect } from "node:net";
import { expect, test } from "vitest";
import { raise, readRequest, tcpClient, until } from "./support/street.ts";
import { joined } from "../../simulator/bytes.ts";

const A = "202611220001";
const B = "202611220002";
const reply = (address: string): string => `${address} 91 0000010000010000`;
const options = {
  buses: [{ id: "tcp-1", endpoint: { kind: "tcp", port: 0 } }],
  meters: [A, B].map((address) => ({ address, bus: "tcp-1", loadKw: 0, energyKwh: "1.00" })),
} as const;
const portOf = (street: { endpoints: readonly { at: number | string | null }[] }): number => Number(street.endpoints[0]!.at);

test("several clients share the wires; frames come in pieces and together", async () => {
  const street = await raise(options);
  const [one, two] = [await tcpClient(portOf(street)), await tcpClient(portOf(street))];
  const request = readRequest(A, "00010000");
  one.socket.write(request.subarray(0, 7));
  one.socket.write(request.subarray(7));
  expect(await one.reply()).toBe(reply(A));
  expect(await two.reply()).toBe(reply(A));
  two.socket.write(joined(request, readRequest(B, "00010000")));
  expect(await two.reply(3)).toBe(reply(B));
});

test("a client that goes away takes nothing with it, and closing the street frees the port", async () => {
  const street = await raise(options);
  const port = portOf(street);
  const gone = await tcpClient(port);
  gone.socket.resetAndDestroy();
  const here = await tcpClient(port);
  here.socket.write(readRequest(A, "00010000"));
  expect(await here.reply()).toBe(reply(A));
  await street.close();
  await until("the client was hung up on", () => here.socket.destroyed || here.socket.readableEnded);
  await new Promise<void>((resolve, reject) => {
    const late = connect({ port, host: "127.0.0.1" });
    late.once("connect", () => reject(new Error("the port still listens")));
    late.once("error", () => resolve());
  });
});

test("dropped-connection: the meter obeys and the line breaks before the answer", async () => {
  const street = await raise(options);
  street.setBusFault("tcp-1", { kind: "dropped-connection" });
  const client = await tcpClient(portOf(street));
  client.socket.write(readRequest(A, "00010000"));
  await until("the connection broke", () => client.socket.destroyed || client.socket.readableEnded);
  expect(client.replies).toEqual([]);
  expect(street.snapshot(A).heard).toBe(1);
  const again = await tcpClient(portOf(street));
  again.socket.write(readRequest(A, "00010000"));
  expect(await again.reply()).toBe(reply(A));
});

test("half-open: the connection stays and nothing passes; a slow drip comes byte by byte", async () => {
  const street = await raise(options);
  const client = await tcpClient(portOf(street));
  street.setBusFault("tcp-1", { kind: "half-open" });
  client.socket.write(readRequest(A, "00010000"));
  const other = street.memoryEnd("tcp-1");
  other.send(readRequest(B, "00010000"));
  // Whoever connects after it is served after it: by now the question has arrived, and gone nowhere.
  (await tcpClient(portOf(street))).socket.destroy();
  expect([client.bytes.length, client.socket.destroyed, street.snapshot(B).heard]).toEqual([0, false, 0]);
  street.clearAllFaults();
  street.setBusFault("tcp-1", { kind: "slow-drip", gapMs: 15 });
  let pieces = 0;
  client.socket.on("data", () => (pieces += 1));
  client.socket.write(readRequest(A, "00010000"));
  expect(await client.reply()).toBe(reply(A));
  expect(street.snapshot(A).heard).toBe(1);
  expect(pieces).toBeGreaterThan(5);
});

test("a port that is taken is named", async () => {
  const street = await raise(options);
  const taken = { kind: "tcp", port: portOf(street) } as const;
  await expect(raise({ ...options, buses: [{ id: "tcp-1", endpoint: taken }] })).rejects.toThrow(/EADDRINUSE/);
});
