/** Cipher servers and HSM modules on free ports, closed when the test has finished; a wire between them that can lie; the worked examples. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished } from "vitest";
import { openCipherServer, type CipherServer, type CipherServerOptions } from "../../simulator/cipher-server.ts";
import { seededChance, type Chance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Fault, reasonOf } from "../../src/kernel/faults.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { HsmLinkOptions } from "../../src/security/hsm-link.ts";
import { HsmModule } from "../../src/security/hsm.ts";
import type { SessionSeed } from "../../src/security/security-module.ts";
import { untilTrue } from "../api/door.ts";

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

export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
export const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex").toUpperCase();

/** Challenges of the introduction are drawn by the seed; the examples' randoms come in turn. */
export const examples = (...randoms: string[]): Chance => {
  const seeded = seededChance(3);
  return { ...seeded, bytes: (count) => (count === 8 ? bytes(randoms.shift() ?? "F0F1F2F3F4F5F6F7") : seeded.bytes(count)) };
};

export const A = { meterNumber: "202611220001" };
export const B = { meterNumber: "000000345678" };
export const session: SessionSeed = { random2: bytes("A1B2C3D4"), esamSerial: bytes("5445202611220001") };
export const purchase = { dataItem: "070102FF", amountFen: 10_000n, count: 8, customerNumber: "000000123456" } as const;
export const trip = bytes("1A00261122103000");
export const wallet = { balanceFen: 12_345n, balanceMac: bytes("5ED027B9"), count: 8, countMac: bytes("23AFFAEB") };

/** How it fails: always by the one code, with the sentence that is wanted. */
export async function expectUnavailable(answer: Promise<unknown>, why: RegExp): Promise<void> {
  const error: unknown = await answer.then(
    (value) => new Error(`it answered: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect({
    code: error instanceof Fault ? error.code : reasonOf(error),
    why: error instanceof Fault ? error.context["why"] : null,
  }).toEqual({
    code: "security-unavailable",
    why: expect.stringMatching(why) as string,
  });
}
export const orderOf = (module: HsmModule): Promise<Uint8Array> => module.protectControl(A, session, trip);
export const clockWrite = { dataItem: "0400010C", plain: bytes("0B0400010C26112200100500") } as const;
export const writeOf = (module: HsmModule): Promise<unknown> => module.protectWrite(A, session, clockWrite);
export const back = (module: HsmModule): Promise<void> => untilTrue("the machine to be back", () => module.trouble === null);
