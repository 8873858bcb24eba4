/** Traps of serial ports, each met on a real machine and held here by a pseudo-terminal. */
import { SerialPort } from "serialport";
import { afterEach, expect, test, vi } from "vitest";
import { isFault } from "../../src/kernel/faults.ts";
import { SerialTransport } from "../../src/transports/serial.ts";
import { openPtyPair, type PtyPair } from "./pty-pair.ts";

const settings = { baudRate: 2400, dataBits: 8, parity: "even", stopBits: 1 } as const;
const pairs: PtyPair[] = [];
const line = (): PtyPair => {
  const pair = openPtyPair();
  pairs.push(pair);
  return pair;
};
afterEach(() => {
  for (const pair of pairs.splice(0)) pair.vanish();
});

const refusal = async (transport: SerialTransport): Promise<string> => {
  const error: unknown = await transport.open().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(isFault(error, "serial-unavailable")).toBe(true);
  return (error as Error).message;
};

test("a path that is not there is named, with what to do", async () => {
  const message = await refusal(new SerialTransport({ path: "/dev/ttyNOWHERE", ...settings }));
  expect(message).toContain("/dev/ttyNOWHERE");
  expect(message).toContain("by-id");
});

test("a port that another program holds is refused, with what to do", async () => {
  const { path } = line();
  const first = new SerialTransport({ path, ...settings });
  await first.open();
  expect(await refusal(new SerialTransport({ path, ...settings }))).toContain("another program holds it");
  await first.close();
  // and it is free again after closing
  const second = new SerialTransport({ path, ...settings });
  await second.open();
  await second.close();
});

test("line settings that the driver refuses are a fault, not a crash", async () => {
  const { path } = line();
  const odd = new SerialTransport({ path, ...settings, baudRate: Number.NaN });
  expect(await refusal(odd)).toContain(path);
});

test("the library alone would send stale bytes after a reopen: this is why an object is opened once", async () => {
  const pair = line();
  let heard = "";
  pair.onReceived((bytes) => (heard += Buffer.from(bytes).toString()));
  const raw = new SerialPort({ path: pair.path, ...settings, autoOpen: false });
  const open = () => new Promise<void>((resolve) => raw.open(() => resolve()));
  await open();
  await new Promise<void>((resolve) => raw.close(() => resolve()));
  raw.write("STALE");
  await open();
  await vi.waitFor(() => expect(heard).toBe("STALE"), 5_000);
  await new Promise<void>((resolve) => raw.close(() => resolve()));
  // and ours does not
  const transport = new SerialTransport({ path: pair.path, ...settings });
  await transport.open();
  await transport.close();
  await expect(transport.send(Buffer.from("LATE"))).rejects.toSatisfy((error) => isFault(error, "line-down"));
  await expect(transport.open()).rejects.toThrow(/once only/);
  const next = new SerialTransport({ path: pair.path, ...settings });
  await next.open();
  await next.send(Buffer.from("."));
  await vi.waitFor(() => expect(heard).toBe("STALE."), 5_000);
  await next.close();
});

test("an adapter pulled out while the line is idle is noticed at the next write, and closing is said once", async () => {
  const pair = line();
  const transport = new SerialTransport({ path: pair.path, ...settings });
  const closed: string[] = [];
  transport.onClosed((why) => closed.push(why));
  await transport.open();
  pair.vanish();
  await transport.send(Uint8Array.of(1)).catch(() => undefined);
  await vi.waitFor(() => {
    void transport.send(Uint8Array.of(1)).catch(() => undefined);
    expect(closed).toHaveLength(1);
  }, 5_000);
  await transport.close();
  expect(closed).toHaveLength(1);
});
