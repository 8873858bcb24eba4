/**
 * A serial line without hardware: a pseudo-terminal whose slave path serialport opens, and whose master the test holds.
 *
 * Two traps of the library, both met: it opens the slave itself and reads from it, which swallows bytes, so that handle is destroyed;
 * and `destroy()` of an opened terminal sends SIGHUP to process -1, which is everybody, so the master handle is destroyed instead. While
 * nobody has the slave open the master reads EIO; a handle of ours, never read, keeps it quiet.
 */
import { closeSync, constants, openSync } from "node:fs";
import type { Socket } from "node:net";
import * as pty from "@lydell/node-pty";

interface Opened {
  readonly ptsName: string;
  readonly _master: Socket;
  readonly _slave: Socket;
}

export interface PtyPair {
  readonly path: string;
  onReceived(listener: (bytes: Uint8Array) => void): void;
  send(bytes: Uint8Array): void;
  /** The adapter is pulled out. */
  vanish(): void;
}

export function openPtyPair(): PtyPair {
  const { open } = pty as unknown as { open: (options: { encoding: null }) => Opened };
  const terminal = open({ encoding: null });
  const keeper = openSync(terminal.ptsName, constants.O_RDWR | constants.O_NOCTTY);
  terminal._slave.destroy();
  terminal._master.removeAllListeners("error");
  terminal._master.on("error", () => undefined);
  let gone = false;
  return {
    path: terminal.ptsName,
    onReceived: (listener) => terminal._master.on("data", (bytes: Uint8Array) => listener(Uint8Array.from(bytes))),
    send: (bytes) => void terminal._master.write(bytes),
    vanish: () => {
      if (gone) return;
      gone = true;
      terminal._master.destroy();
      closeSync(keeper);
    },
  };
}
