/**
 * Looks at the path of a serial device, ten times a second: is it there, and is it still the same device? A port that is open notices
 * a pulled adapter only at the next write, and a write into the void may even succeed; one `stat` tells it without a write.
 *
 * Best with names under `/dev/serial/by-id`: such a path is a link that udev sets anew, so after a replug it leads to another device
 * (ttyUSB0 becomes ttyUSB1) and an open port to the old one carries nothing. When a device comes, a line that pauses is told to hope.
 */
import { realpath, stat } from "node:fs/promises";
import type { Clock } from "../kernel/clock.ts";
import { Listeners } from "./listeners.ts";
import type { Transport } from "./transport.ts";

/** One `stat` costs some fifty microseconds. */
export const LOOK_EVERY_MS = 100;

export class DeviceWatch {
  readonly path: string;
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #stopped = new AbortController();
  readonly #listeners = new Set<(device: string | null) => void>();
  #device: string | null | undefined;
  #running: Promise<void> | undefined;

  constructor(path: string, clock: Clock, everyMs = LOOK_EVERY_MS) {
    this.path = path;
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  /** Called at each change, with the device that is there now; returns what ends it. */
  onChange(listener: (device: string | null) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** What the path leads to at this moment; null: nothing. */
  async look(): Promise<string | null> {
    try {
      const [real, { rdev, ino }] = await Promise.all([realpath(this.path), stat(this.path)]);
      return `${real} ${rdev} ${ino}`;
    } catch {
      return null;
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const isStopped = (): boolean => signal.aborted;
    while (!isStopped()) {
      const found = await this.look();
      if (found !== this.#device && !isStopped()) {
        this.#device = found;
        for (const listener of [...this.#listeners]) listener(found);
      }
      await this.#clock.wait(this.#everyMs, signal);
    }
  }
}

/** The same transport, closed as soon as its device is gone or its path leads to another one. */
export function watched(inner: Transport, watch: DeviceWatch): Transport {
  const listeners = new Listeners();
  let unwatch = (): void => undefined;
  inner.onReceived((bytes) => listeners.received(bytes));
  inner.onClosed((why) => {
    unwatch();
    listeners.closed(why);
  });
  return {
    name: inner.name,
    get isOpen() {
      return inner.isOpen;
    },
    open: async () => {
      const opened = await watch.look();
      await inner.open();
      const judge = (device: string | null): void => {
        if (device === opened || !inner.isOpen) return;
        unwatch();
        listeners.closed(
          device === null ? `${watch.path} is gone: was the adapter pulled out?` : `${watch.path} leads to another device now`,
        );
        void inner.close();
      };
      unwatch = watch.onChange(judge);
      // Between the look and the opening the device may have changed as well.
      judge(await watch.look());
    },
    send: (bytes) => inner.send(bytes),
    close: () => inner.close(),
    onReceived: (listener) => listeners.onReceived(listener),
    onClosed: (listener) => listeners.onClosed(listener),
  };
}
