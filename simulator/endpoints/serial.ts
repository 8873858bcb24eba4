/**
 * A bus behind a pseudo-terminal: for whoever opens the link it is a serial port. No root, no system packages.
 *
 * Three traps were found by trying. The library opens the far side itself and reads from it, so that handle is destroyed or it
 * swallows bytes. The library's own `destroy()` ends with a signal to process −1, that is to every process of the user, and
 * must never be called: the two handles are closed one by one. And once nobody has the far side open, reading the near side
 * fails for good; so we keep the far side open ourselves, never read from it, and set it raw before anybody comes.
 * A pseudo-terminal notes the baud rate and throttles nothing: the bus paces the bytes.
 */
import { constants, lstatSync, mkdirSync, openSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { ReadStream } from "node:tty";
import { Fault, reasonOf } from "../../src/kernel/faults.ts";
import type { Logger } from "../../src/kernel/log.ts";
import type { VirtualBus } from "../virtual-bus.ts";
import type { Endpoint } from "./endpoint.ts";

/** The part of the library that its types leave out. */
interface PseudoTerminal {
  readonly master: ReadStream;
  readonly slave: ReadStream;
  readonly ptsName: string;
}
type OpenPseudoTerminal = (options: { encoding: null }) => PseudoTerminal;

export function openSerial(bus: VirtualBus, { link, log }: { link: string; log: Logger }): Endpoint {
  const path = resolve(link);
  // Loaded only here, so that a street without a serial line needs no native code.
  const { open } = createRequire(import.meta.url)("@lydell/node-pty") as { open: OpenPseudoTerminal };
  const { master, slave, ptsName } = open({ encoding: null });
  slave.destroy();
  const held = new ReadStream(openSync(ptsName, constants.O_RDWR | constants.O_NOCTTY));
  held.setRawMode(true);
  try {
    makeLink(ptsName, path);
  } catch (error) {
    held.destroy();
    master.destroy();
    throw error;
  }
  const end = bus.join((bytes) => void (master as unknown as NodeJS.WritableStream).write(Buffer.from(bytes)));
  master.on("data", (chunk: Buffer) => end.receive(new Uint8Array(chunk)));
  master.on("error", (error) => log.warn({ bus: bus.id, error: error.message }, "the pseudo-terminal reported an error"));
  return {
    at: path,
    close: async () => {
      end.leave();
      removeLink(ptsName, path);
      const closed = new Promise<void>((done) => master.once("close", () => done()));
      held.destroy();
      master.destroy();
      await closed;
    },
  };
}

function makeLink(target: string, path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) unlinkSync(path);
    symlinkSync(target, path);
  } catch (error) {
    throw new Fault(
      "invalid-request",
      { field: "serial-link", given: path, allowed: "a path where a link can be made", because: reasonOf(error) },
      { cause: error },
    );
  }
}

/** Only a link that is still ours. */
function removeLink(target: string, path: string): void {
  try {
    if (readlinkSync(path) === target) unlinkSync(path);
  } catch {
    // Somebody else has removed it: that is what we wanted.
  }
}
