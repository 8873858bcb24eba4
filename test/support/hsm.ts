/** Cipher servers and HSM modules on free ports, closed when the test has finished; and a wire between them that can lie. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { openCipherServer, type CipherServer, type CipherServerOptions } from "../../simulator/cipher-server.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { HsmLinkOptions } from "../../src/security/hsm-link.ts";
import { HsmModule } from "../../src/security/hsm.ts";

export const SHARED = "a secret of the tests alone";

export async function cipherServer(options: Partial<CipherServerOptions> = {}): Promise<CipherServer> {
  const server = await openCipherServer({
    secret: new Secret(SHARED),
    clock: systemClock,
    chance: seededChance(11),
    log: silentLog,
    ...options,
  });
  onTestFinished(() => server.close());
  return server;
}

/** Not started yet. Pauses are short, so that coming back takes a blink. */
export function hsmAt(port: number, options: Partial<HsmLinkOptions> = {}): HsmModule {
  const module = new HsmModule({
    place: { host: "127.0.0.1", port, tls: null },
    secret: new Secret(SHARED),
    deadlineMs: 2_000,
    production: false,
    clock: systemClock,
    chance: seededChance(12),
    log: silentLog,
    pauseFirstMs: 5,
    pauseMsMax: 40,
    refusedPauseMs: 40,
    ...options,
  });
  onTestFinished(() => module.close());
  return module;
}

export async function startedHsm(port: number, options: Partial<HsmLinkOptions> = {}): Promise<HsmModule> {
  const module = hsmAt(port, options);
  await module.start();
  return module;
}

/** A listener that hands each connection to `attend`; closed with all of them when the test has finished. */
export async function listener(attend: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    attend(socket);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  );
  return (server.address() as AddressInfo).port;
}

/** Somebody between gateway and machine, who may change each line of the machine: one line in, any number of lines out. */
export async function wireTo(port: number, change: (line: string) => readonly string[]): Promise<number> {
  return listener((near) => {
    const far = connect({ host: "127.0.0.1", port });
    let rest = "";
    near.on("data", (bytes) => far.write(bytes));
    far.on("data", (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split("\n");
      rest = lines.pop()!;
      for (const line of lines) for (const said of change(line)) near.write(said);
    });
    far.on("error", () => near.destroy());
    far.on("close", () => near.destroy());
    near.on("close", () => far.destroy());
  });
}

/** Everything that was logged, as one text. */
export function listeningLog(): { readonly log: Logger; readonly text: () => string } {
  const said: string[] = [];
  const note = (fields: object, message: string): void => void said.push(`${JSON.stringify(fields)} ${message}`);
  const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };
  return { log, text: () => said.join("\n") };
}
