/** Adapters that are pulled out and come back, noticed without a write. Pseudo-terminals behind a link, as udev makes them. */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { seededChance, type Chance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { DeviceWatch, watched } from "../../src/transports/device-watch.ts";
import { Reconnecting } from "../../src/transports/reconnecting.ts";
import { SerialTransport } from "../../src/transports/serial.ts";
import { openPtyPair, type PtyPair } from "./pty-pair.ts";

const settings = { baudRate: 2400, dataBits: 8, parity: "even", stopBits: 1 } as const;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A socket in the wall: adapters come and go behind one path. */
function socketInTheWall() {
  const folder = mkdtempSync(join(tmpdir(), "by-id-"));
  const path = join(folder, "usb-adapter");
  let pair: PtyPair | undefined;
  let heard = "";
  const pull = (): void => {
    pair?.vanish();
    pair = undefined;
    rmSync(path, { force: true });
  };
  const plugIn = (): void => {
    pair = openPtyPair();
    pair.onReceived((bytes) => (heard += Buffer.from(bytes).toString()));
    rmSync(path, { force: true });
    symlinkSync(pair.path, path);
  };
  closers.push(() => {
    pull();
    rmSync(folder, { recursive: true, force: true });
  });
  plugIn();
  return { path, pull, plugIn, heard: () => heard };
}

const watch = (path: string): DeviceWatch => {
  const looking = new DeviceWatch(path, systemClock, 5);
  closers.push(() => looking.stop());
  looking.start();
  return looking;
};

test("a path that leads nowhere while the line is idle: closed without a write, once, and said", async () => {
  const wall = socketInTheWall();
  const transport = watched(new SerialTransport({ path: wall.path, ...settings }), watch(wall.path));
  const closed: string[] = [];
  transport.onClosed((why) => closed.push(why));
  await transport.open();
  expect(transport.isOpen).toBe(true);
  rmSync(wall.path); // the pseudo-terminal lives on, so the library itself cannot notice
  await vi.waitFor(() => expect(closed).toEqual([`${wall.path} is gone: was the adapter pulled out?`]));
  await vi.waitFor(() => expect(transport.isOpen).toBe(false));
  await transport.close();
  expect(closed).toHaveLength(1);
});

test("an adapter pulled out while the line is idle is noticed without a write, by whoever is first, and said once", async () => {
  for (let n = 0; n < 5; n += 1) {
    const wall = socketInTheWall();
    const transport = watched(new SerialTransport({ path: wall.path, ...settings }), watch(wall.path));
    const closed: string[] = [];
    transport.onClosed((why) => closed.push(why));
    await transport.open();
    wall.pull();
    await vi.waitFor(() => expect(closed).toHaveLength(1));
    await transport.close();
    expect(closed).toHaveLength(1);
    expect(transport.isOpen).toBe(false);
  }
});

test("the link leads to another device: the port that is open to the old one is given up", async () => {
  const wall = socketInTheWall();
  const other = openPtyPair();
  closers.push(() => other.vanish());
  const transport = watched(new SerialTransport({ path: wall.path, ...settings }), watch(wall.path));
  const closed: string[] = [];
  transport.onClosed((why) => closed.push(why));
  await transport.open();
  rmSync(wall.path);
  symlinkSync(other.path, wall.path);
  await vi.waitFor(() => expect(closed).toEqual([`${wall.path} leads to another device now`]));
});

test("it waits for ever, with pauses that grow; when the adapter comes the longest pause ends at once, and the line goes on", async () => {
  const wall = socketInTheWall();
  wall.pull();
  const worst: Chance = { ...seededChance(1), next: () => 1 };
  const looking = watch(wall.path);
  const line = new Reconnecting({
    make: () => watched(new SerialTransport({ path: wall.path, ...settings }), looking),
    clock: systemClock,
    chance: worst,
    log: silentLog,
    pauseFirstMs: 60_000,
    pauseMaxMs: 60_000,
    onHope: (listener) => void looking.onChange((device) => (device === null ? undefined : listener())),
  });
  closers.push(() => line.close());
  await line.start();
  expect(line.why).toContain("no such device");
  for (const word of ["one", "two", "three"]) {
    wall.plugIn();
    await vi.waitFor(() => expect(line.isOpen).toBe(true), 5_000);
    await line.send(Buffer.from(word));
    await vi.waitFor(() => expect(wall.heard().endsWith(word)).toBe(true));
    wall.pull();
    await vi.waitFor(() => expect(line.isOpen).toBe(false));
  }
  expect(wall.heard()).toBe("onetwothree");
});
