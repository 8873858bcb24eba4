/**
 * What the two ends of a TCP connection share, whoever dialled: how a socket is set up, and how its events become those of a transport.
 *
 * TCP_NODELAY: a request is one small write and the answer to it the next thing that happens; with Nagle and delayed acknowledgements
 * together each exchange costs 40 ms more. Keep-alive finds the far end that went away without a word (what loses power sends no
 * FIN) while nothing is asked: after half a minute of quiet Node probes once a second and gives up after ten. While something is asked, see `patience.ts`.
 */
import type { Socket } from "node:net";
import type { Listeners } from "./listeners.ts";

export const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 } as const;

/** From here on what the socket hears and how it ends is told to the listeners; `ended` is called first, and perhaps more than once. */
export function listenTo(socket: Socket, listeners: Listeners, ended: (why: string) => void): void {
  let why = "the far end closed the connection";
  socket.on("error", (error) => (why = error.message));
  socket.on("data", (bytes) => listeners.received(bytes));
  socket.on("close", () => ended(why));
  // A FIN ends it for us too: half a serial server is none.
  socket.on("end", () => ended(why));
}

/**
 * With a reset: a socket that is only closed goes on delivering what the kernel holds, and an order that nobody acknowledged would arrive
 * minutes after it was given up. One that is still dialling holds nothing, and would be reset only once it stands.
 */
export function hangUp(socket: Socket): void {
  if (socket.connecting || socket.destroyed) socket.destroy();
  else socket.resetAndDestroy();
}
