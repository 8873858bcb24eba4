/** A real pseudo-terminal, opened by a real serial port library at 2400 8E1. */
import { lstatSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { expect, onTestFinished, test } from "vitest";
import type { Street } from "../../simulator/street.ts";
import { writeFrame } from "../../simulator/wire.ts";
import { Ear, raise, readRequest, until } from "./support/street.ts";

const A = "202611220001";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "street-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const serialStreet = (link: string, more = {}): Promise<Street> =>
  raise({
    buses: [{ id: "serial-1", endpoint: { kind: "serial", link }, ...more }],
    meters: [{ address: A, bus: "serial-1", loadKw: 0, energyKwh: "1.00" }],
  });

async function open(path: string): Promise<Ear & { port: SerialPort }> {
  const port = new SerialPort({ path, baudRate: 2_400, dataBits: 8, parity: "even", stopBits: 1, autoOpen: false });
  const ear = Object.assign(new Ear(), { port });
  port.on("data", (chunk: Buffer) => ear.hear(new Uint8Array(chunk)));
  await new Promise<void>((resolve, reject) => port.open((error) => (error === null ? resolve() : reject(error))));
  onTestFinished(() => close(port));
  return ear;
}
const close = (port: SerialPort): Promise<void> =>
  new Promise((resolve) => {
    if (port.isOpen) port.close(() => resolve());
    else resolve();
  });

test("an exchange at 2400 takes its wire time, with wake-up bytes before the answer; reopening goes on", async () => {
  const link = join(folder(), "deep", "tty-street");
  const street = await serialStreet(link);
  expect(street.endpoints).toEqual([{ bus: "serial-1", kind: "serial", at: link }]);
  for (let round = 0; round < 3; round += 1) {
    const me = await open(link);
    const startedAt = performance.now();
    me.port.write(readRequest(A, "00010000"));
    expect(await me.reply()).toBe(`${A} 91 0000010000010000`);
    // 20 bytes there, 24 back with their wake-up bytes, 20 ms in between.
    expect(performance.now() - startedAt).toBeGreaterThan(((20 + 24) * 11_000) / 2_400 + 20 - 10);
    expect(me.bytes.slice(0, 5)).toEqual(Uint8Array.of(0xfe, 0xfe, 0xfe, 0xfe, 0x68));
    await close(me.port);
  }
});

test("every byte value passes both ways", async () => {
  const link = join(folder(), "tty-street");
  const street = await serialStreet(link, { baud: 4_000_000, answerDelayMs: 0, wakeUps: 0 });
  const me = await open(link);
  const every = Uint8Array.from({ length: 200 }, (_, i) => i);
  const rest = Uint8Array.from({ length: 56 }, (_, i) => 200 + i);
  // Another party on the same wires hears what the port says, and is heard by it.
  const other = Object.assign(new Ear(), { end: street.memoryEnd("serial-1") });
  other.end.onBytes((bytes) => other.hear(bytes));
  for (const [i, data] of [every, rest].entries()) {
    const frame = writeFrame({ address: "000000000000", control: 0x11, data });
    me.port.write(frame);
    await until("heard there", () => other.frames.length === i + 1);
    expect(other.frames[i]!.data).toEqual(data);
    other.end.send(frame);
    await until("heard here", () => me.frames.length === i + 1);
    expect(me.frames[i]!.data).toEqual(data);
  }
});

test("a stale link is replaced, something else is not, and closing removes our link", async () => {
  const path = folder();
  const link = join(path, "tty-street");
  symlinkSync("/dev/pts/no-longer-there", link);
  const street = await serialStreet(link);
  expect(readlinkSync(link)).not.toBe("/dev/pts/no-longer-there");
  await street.close();
  expect(lstatSync(link, { throwIfNoEntry: false })).toBeUndefined();
  writeFileSync(link, "precious");
  await expect(serialStreet(link)).rejects.toThrow(/serial-link/);
});

test("the port cannot know how it was opened: another speed is heard as such only when the fault says so", async () => {
  const link = join(folder(), "tty-street");
  const street = await serialStreet(link, { baud: 115_200, answerDelayMs: 0, wakeUps: 0 });
  const me = await open(link);
  const answer = `${A} 91 0000010000010000`;
  me.port.write(readRequest(A, "00010000"));
  expect(await me.reply()).toBe(answer);
  const fault = street.setBusFault("serial-1", { kind: "baud-mismatch", baud: 9_600, direction: "from-meter" });
  const before = me.bytes.length;
  me.port.write(readRequest(A, "00010000"));
  await until("garbage came", () => me.bytes.length > before && street.snapshot(A).heard === 2);
  expect(me.replies).toEqual([answer]);
  street.bus("serial-1").faults.clear(fault);
  me.port.write(readRequest(A, "00010000"));
  await until("an answer that can be read", () => me.replies.length === 2);
});
