/** A bus reached by nothing but code: for tests, benches and the in-process demonstration. Bytes arrive in a later turn, as on any wire. */
import type { VirtualBus } from "../virtual-bus.ts";

export interface MemoryEnd {
  send(bytes: Uint8Array): void;
  onBytes(listener: (bytes: Uint8Array) => void): void;
  close(): void;
}

export function openMemory(bus: VirtualBus): MemoryEnd {
  const listeners: ((bytes: Uint8Array) => void)[] = [];
  let isOpen = true;
  const end = bus.join((bytes) =>
    queueMicrotask(() => {
      if (isOpen) for (const listener of listeners) listener(bytes);
    }),
  );
  return {
    send: (bytes) => {
      if (isOpen) end.receive(Uint8Array.from(bytes));
    },
    onBytes: (listener) => void listeners.push(listener),
    close: () => {
      isOpen = false;
      end.leave();
    },
  };
}
