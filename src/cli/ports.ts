/** `meterctl ports`: what a person looks for before writing a site file. */
import type { SerialPortFound } from "../transports/serial-ports.ts";

export function printPorts(ports: readonly SerialPortFound[]): string {
  if (ports.length === 0)
    return "No serial port here. Is the adapter plugged in, and passed into the container (device and /dev/serial)? 未发现串口";
  return ports
    .map(({ path, byId, driver, usb }) => {
      const about = [usb === null ? null : `${usb.title} (${usb.vendor}:${usb.product})`.trim(), driver].filter(
        (each) => each !== null,
      );
      return `${path.padEnd(14)} ${about.join(", ")}${byId === null ? "" : `\n${"".padEnd(14)} → ${byId}`}`.trimEnd();
    })
    .join("\n");
}
