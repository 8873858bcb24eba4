/** A street for one test, its plain meters, and a conversation over whatever carries bytes. */
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import { Aedes } from "aedes";
import { onTestFinished } from "vitest";
import { systemClock } from "../../../src/kernel/clock.ts";
import { hex, joined } from "../../../simulator/bytes.ts";
import type { HeardFrame } from "../../../simulator/wire.ts";
import { dataItemBytes, FrameReader, writeFrame } from "../../../simulator/wire.ts";
import { buildStreet } from "../../../simulator/street.ts";
import type { Street, StreetOptions } from "../../../simulator/street.ts";

export async function raise(options: Partial<StreetOptions> & Pick<StreetOptions, "buses" | "meters">): Promise<Street> {
  const street = await buildStreet({ clock: systemClock, seed: 7, ...options });
  onTestFinished(() => street.close());
  return street;
}

export const readRequest = (address: string, di: string): Uint8Array =>
  writeFrame({ address, control: 0x11, data: dataItemBytes(di) }, 4);

/** Asks again and again until it is so; fails after a few seconds. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, limitMs = 5_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`still not so after ${limitMs} ms: ${what}`);
    await systemClock.wait(5);
  }
}

/** Keeps what came and cuts it into frames. */
export class Ear {
  readonly frames: HeardFrame[] = [];
  bytes: Uint8Array = new Uint8Array(0);
  readonly #reader = new FrameReader();

  hear(bytes: Uint8Array): void {
    this.bytes = joined(this.bytes, bytes);
    this.frames.push(...this.#reader.push(bytes, 0));
  }

  get replies(): string[] {
    return this.frames
      .filter((frame) => frame.control >= 0x80)
      .map((frame) => `${frame.address} ${frame.control.toString(16)} ${hex(frame.data)}`);
  }

  async reply(count = 1): Promise<string> {
    await until(`${count} replies`, () => this.replies.length >= count);
    return this.replies[count - 1]!;
  }
}

export async function tcpClient(port: number): Promise<Ear & { socket: Socket }> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const ear = Object.assign(new Ear(), { socket });
  socket.on("data", (chunk: Buffer) => ear.hear(new Uint8Array(chunk)));
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return ear;
}

/** A broker in this process, on a free port. */
export async function broker(): Promise<string> {
  const aedes = await Aedes.createBroker();
  const server = createServer({ noDelay: true }, aedes.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    await new Promise((resolve) => server.close(resolve));
  });
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
