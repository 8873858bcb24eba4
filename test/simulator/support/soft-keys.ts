/** The key server's half of DL645-TEST-2, written a second time so that the simulator's software chip is not checked against itself. */
import { createCipheriv } from "node:crypto";

const MASTER = Buffer.from("534F46542D4553414D2D544553542D31", "hex");

function tripleDes(key: Uint8Array, iv: Uint8Array | null, text: Uint8Array): Buffer {
  const three = Buffer.concat([key, key.subarray(0, 8)]);
  const cipher = createCipheriv(iv === null ? "des-ede3" : "des-ede3-cbc", three, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}

const pad = (text: Uint8Array): Buffer => Buffer.concat([text, Buffer.of(0x80), Buffer.alloc((8 - ((text.length + 1) % 8)) % 8)]);

function workKey(meterNumber: string): Buffer {
  const half = tripleDes(MASTER, null, Buffer.from(`0000${meterNumber}`, "hex"));
  return Buffer.concat([half, half.map((byte) => 0xff - byte)]);
}

export const cipher1 = (meterNumber: string, random1: Uint8Array): Uint8Array =>
  Uint8Array.from(tripleDes(workKey(meterNumber), null, random1));

/** `random2` in hex, as it came. */
export function keysOf(meterNumber: string, random2: string) {
  const key = workKey(meterNumber);
  const iv = Buffer.concat([Buffer.from(random2, "hex"), Buffer.alloc(4)]);
  return {
    mac: (header: string, data: Uint8Array): Uint8Array => {
      const message = pad(Buffer.concat([Buffer.from(header, "hex"), Buffer.of(data.length + 4), data]));
      return Uint8Array.from(tripleDes(key, iv, message).subarray(-8, -4));
    },
    encipher: (plain: Uint8Array): Uint8Array => Uint8Array.from(tripleDes(key, iv, pad(plain))),
  };
}
