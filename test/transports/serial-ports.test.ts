/** Serial ports found by the file system alone, in a machine made of files. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { printPorts } from "../../src/cli/ports.ts";
import { listSerialPorts } from "../../src/transports/serial-ports.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function machine(files: Readonly<Record<string, string>>, links: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), "machine-"));
  folders.push(root);
  const place = (path: string): string => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(place(path), text);
  for (const [path, target] of Object.entries(links)) symlinkSync(join(root, target), place(path));
  return root;
}

const usb = "sys/devices/usb1/1-2";
const adapter = {
  "dev/ttyUSB0": "",
  "dev/ttyS0": "",
  "dev/ttyS1": "",
  "dev/tty1": "",
  [`${usb}/idVendor`]: "1a86\n",
  [`${usb}/idProduct`]: "7523\n",
  [`${usb}/manufacturer`]: "QinHeng\n",
  [`${usb}/product`]: "USB Serial\n",
  [`${usb}/1-2:1.0/ttyUSB0/port_number`]: "0",
  "sys/class/tty/ttyS0/type": "4\n",
  "sys/class/tty/ttyS1/type": "0\n",
  "sys/class/tty/tty1/dev": "4:1",
  "sys/devices/pnp/00:05/id": "",
  "sys/bus/drivers/ch341/bind": "",
};
const adapterLinks = {
  "sys/class/tty/ttyUSB0/device": `${usb}/1-2:1.0/ttyUSB0`,
  [`${usb}/1-2:1.0/ttyUSB0/driver`]: "sys/bus/drivers/ch341",
  "sys/class/tty/ttyS0/device": "sys/devices/pnp/00:05",
  "sys/class/tty/ttyS1/device": "sys/devices/pnp/00:05",
  "dev/serial/by-id/usb-QinHeng_USB_Serial-if00-port0": "dev/ttyUSB0",
};

test("an adapter with the name that stays, its maker and driver; a built-in port the board has; nothing that is no serial port", async () => {
  const root = machine(adapter, adapterLinks);
  const found = await listSerialPorts(root);
  expect(found).toEqual([
    { path: join(root, "dev/ttyS0"), byId: null, driver: null, usb: null },
    {
      path: join(root, "dev/ttyUSB0"),
      byId: join(root, "dev/serial/by-id/usb-QinHeng_USB_Serial-if00-port0"),
      driver: "ch341",
      usb: { vendor: "1a86", product: "7523", serial: null, title: "QinHeng USB Serial" },
    },
  ]);
  const text = printPorts(found);
  expect(text).toContain("QinHeng USB Serial (1a86:7523), ch341");
  expect(text).toContain("→ ");
});

test("a container with the device alone, without /sys and without links", async () => {
  const root = machine({ "dev/ttyUSB10": "", "dev/ttyUSB9": "", "dev/ttyS3": "", "dev/null": "" });
  expect((await listSerialPorts(root)).map(({ path }) => path)).toEqual([join(root, "dev/ttyUSB9"), join(root, "dev/ttyUSB10")]);
});

test("an adapter that /sys shows and /dev was not given is no port of ours", async () => {
  const { "dev/ttyUSB0": _gone, ...rest } = adapter;
  const { "dev/serial/by-id/usb-QinHeng_USB_Serial-if00-port0": _link, ...links } = adapterLinks;
  expect((await listSerialPorts(machine(rest, links))).map(({ path }) => path.slice(-5))).toEqual(["ttyS0"]);
});

test("a machine without anything: an empty list, and what to do about it", async () => {
  expect(await listSerialPorts(machine({ "etc/hosts": "" }))).toEqual([]);
  expect(printPorts([])).toContain("Is the adapter plugged in");
});

test("this machine can be looked at, whatever it has and whether or not udev is here", async () => {
  expect(Array.isArray(await listSerialPorts())).toBe(true);
});
