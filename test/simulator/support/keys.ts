/** The key server's half of DL645-TEST-1, written a second time so that the virtual ESAM is not checked against itself. */
import { createCipheriv } from "node:crypto";

const ROOT = Buffer.from("DLT645-TEST-ROOT", "ascii");

function sm4(mode: "ecb" | "cbc", key: Uint8Array, iv: Uint8Array | null, text: Uint8Array): Buffer {
  const cipher = createCipheriv(`sm4-${mode}`, key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}

const pad = (text: Uint8Array): Buffer => {
  const zeros = (16 - ((text.length + 1) % 16)) % 16;
  return Buffer.concat([text, Buffer.of(0x80), Buffer.alloc(zeros)]);
};

export const factorOf = (meterNumber: string): Uint8Array => Buffer.from(`0000${meterNumber}`, "hex");
export const keyOf = (key: number, meterNumber: string): Uint8Array =>
  sm4("ecb", ROOT, null, Buffer.concat([Buffer.of(key), Buffer.alloc(7), factorOf(meterNumber)]));

export const cipher1 = (meterNumber: string, random1: Uint8Array): Uint8Array =>
  sm4("ecb", keyOf(1, meterNumber), null, Buffer.concat([random1, factorOf(meterNumber)])).subarray(0, 8);

export interface MacInput {
  readonly meterNumber: string;
  /** Hex, as a key server takes it. */
  readonly random2: string;
  readonly key: number;
  readonly control: number;
  readonly di: string;
  readonly tag: number;
  readonly data: Uint8Array;
}

export function macOf({ meterNumber, random2, key, control, di, tag, data }: MacInput): Uint8Array {
  const iv = Buffer.concat([Buffer.from(random2, "hex"), Buffer.alloc(12)]);
  const head = Buffer.concat([Buffer.of(control), Buffer.from(di, "hex"), Buffer.of(tag, data.length >> 8, data.length & 0xff)]);
  const blocks = sm4("cbc", keyOf(key, meterNumber), iv, pad(Buffer.concat([head, data])));
  return Uint8Array.from(blocks.subarray(-16, -12));
}

/** Cipher 16 and MAC 4 of a 1CH order, or of 1AH or 1BH, highest byte first. */
export function sealBlock({
  meterNumber,
  random2,
  plain,
  control = 0x1c,
}: {
  meterNumber: string;
  random2: string;
  plain: Uint8Array;
  control?: number;
}): Uint8Array {
  const cipher = sm4("ecb", keyOf(2, meterNumber), null, pad(plain));
  const mac = macOf({ meterNumber, random2, key: 2, control, di: "00000000", tag: 1, data: cipher });
  return Uint8Array.from(Buffer.concat([cipher, mac]));
}
