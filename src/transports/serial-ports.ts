/**
 * Which serial ports there are, told by the file system alone. `SerialPort.list()` asks udevadm and ends the whole process where that
 * is missing, as in slim containers; `/sys/class/tty`, `/dev/serial/by-id` and `/dev` itself are there without it.
 *
 * Looks and opens nothing. The first look that finds something is enough for a path; what it does not tell (maker, serial number) is null.
 */
import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

export interface SerialPortFound {
  /** As the kernel calls it today. */
  readonly path: string;
  /** The name that stays: this belongs in the site file. Null: the device has none. */
  readonly byId: string | null;
  readonly driver: string | null;
  readonly usb: {
    readonly vendor: string;
    readonly product: string;
    readonly serial: string | null;
    readonly title: string;
  } | null;
}

/** Where /sys cannot be read: names that are serial ports and nothing else. */
const SERIAL_NAME = /^tty(USB|ACM|AMA|XRUSB|O|mxc|SAC|THS|AP|S)\d+$/;
/** Ports that the kernel lists for boards that do not have them say this of themselves. */
const NOBODY = "0";

export async function listSerialPorts(root = "/"): Promise<readonly SerialPortFound[]> {
  const dev = join(root, "dev");
  const byId = await linksIn(join(dev, "serial/by-id"));
  const names = new Set([...(await namesInSys(root)), ...(await entries(dev)).filter((name) => isOffered(name))]);
  for (const path of byId.keys()) names.add(basename(path));
  const found = [...names].map(async (name): Promise<SerialPortFound | null> => {
    const path = join(dev, name);
    const real = await realpath(path).catch(() => null);
    if (real === null) return null; // the container sees it in /sys, and was not given it
    const device = join(root, "sys/class/tty", name, "device");
    const driver = await realpath(join(device, "driver")).catch(() => null);
    return {
      path,
      byId: byId.get(real) ?? null,
      driver: driver === null ? null : basename(driver),
      usb: await usbOf(device),
    };
  });
  const ports = (await Promise.all(found)).filter((port) => port !== null);
  return ports.sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }));
}

/** A tty with a device behind it; of the built-in ones only those that the board has. */
async function namesInSys(root: string): Promise<readonly string[]> {
  const folder = join(root, "sys/class/tty");
  const real: string[] = [];
  for (const name of await entries(folder)) {
    if ((await realpath(join(folder, name, "device")).catch(() => null)) === null) continue;
    const type = await readFile(join(folder, name, "type"), "utf8").catch(() => null);
    if (type?.trim() !== NOBODY) real.push(name);
  }
  return real;
}

/** Of /dev alone: `ttyS0` to `ttyS31` stand there whether or not the board has them, so they are left to /sys. */
const isOffered = (name: string): boolean => SERIAL_NAME.test(name) && !/^ttyS\d/.test(name);

/** By the device a link leads to. */
async function linksIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const links = new Map<string, string>();
  for (const name of await entries(folder)) {
    const real = await realpath(join(folder, name)).catch(() => null);
    if (real !== null) links.set(real, join(folder, name));
  }
  return links;
}

/** The interface stands above the port, and the device that carries the strings above the interface. */
async function usbOf(device: string): Promise<SerialPortFound["usb"]> {
  let at = await realpath(device).catch(() => null);
  for (let up = 0; at !== null && up < 4; up += 1, at = dirname(at)) {
    const read = async (name: string): Promise<string | null> =>
      (await readFile(join(at!, name), "utf8").catch(() => null))?.trim() ?? null;
    const [vendor, product] = [await read("idVendor"), await read("idProduct")];
    if (vendor === null || product === null) continue;
    const title = [await read("manufacturer"), await read("product")].filter((text) => text !== null).join(" ");
    return { vendor, product, serial: await read("serial"), title };
  }
  return null;
}

const entries = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
