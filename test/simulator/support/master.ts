/**
 * A master of its own: it shares no line with the gateway, with the simulator or with the other helpers here, so that a mistake
 * made in two of them does not pass. Bytes out, bytes in; it knows the published test keys and nothing else of the meter.
 */
import { createCipheriv } from "node:crypto";

/** Puts bytes on the wires and returns what came back. */
export type Line = (bytes: Buffer) => Promise<Buffer>;

export interface Heard {
  readonly address: string;
  readonly control: number;
  /** As people write it: each field must be turned round by whoever reads it. */
  readonly data: Buffer;
}

const turned = (hex: string): Buffer => Buffer.from(hex, "hex").reverse();
const sum = (bytes: Buffer): number => bytes.reduce((all, byte) => all + byte, 0) & 0xff;
const uint = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const flipped = (bytes: Buffer): Buffer => Buffer.from(bytes).reverse();

function sm4(mode: "ecb" | "cbc", key: Buffer, text: Buffer, iv: Buffer | null = null): Buffer {
  const cipher = createCipheriv(`sm4-${mode}`, key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}

/** 1 authentication, 2 control, 3 parameters, 4 purse. */
function keyFor(purpose: number, meterNumber: string): Buffer {
  const factor = Buffer.from(`0000${meterNumber}`, "hex");
  return sm4("ecb", Buffer.from("DLT645-TEST-ROOT"), Buffer.concat([Buffer.of(purpose, 0, 0, 0, 0, 0, 0, 0), factor]));
}

export interface TopUp {
  readonly fen: number;
  readonly count: number;
  readonly customer: string;
  readonly badMac?: boolean;
}

export class Master {
  readonly #line: Line;
  readonly #address: string;
  readonly #operator = Buffer.from("78563412", "hex");
  #random2: Buffer = Buffer.alloc(4);

  constructor(line: Line, address: string) {
    this.#line = line;
    this.#address = address;
  }

  /** One exchange; undefined is silence. `spoil` changes the bytes before they leave. */
  async say(
    control: number,
    data: Buffer,
    { address = this.#address, spoil = (b: Buffer): Buffer => b } = {},
  ): Promise<Heard | undefined> {
    const head = Buffer.concat([
      Buffer.of(0x68),
      turned(address),
      Buffer.of(0x68, control, data.length),
      data.map((b) => (b + 0x33) & 0xff),
    ]);
    const reply = await this.#line(spoil(Buffer.concat([Buffer.from("FEFEFEFE", "hex"), head, Buffer.of(sum(head), 0x16)])));
    const start = reply.indexOf(0x68);
    if (start < 0) return undefined;
    const length = reply[start + 9] ?? 0;
    const end = start + 10 + length;
    if (reply[start + 7] !== 0x68 || reply[end + 1] !== 0x16 || reply[end] !== sum(reply.subarray(start, end)))
      throw new Error(`no frame: ${reply.toString("hex")}`);
    return {
      address: flipped(reply.subarray(start + 1, start + 7)).toString("hex"),
      control: reply[start + 8] ?? 0,
      data: Buffer.from(reply.subarray(start + 10, end).map((b) => (b - 0x33) & 0xff)),
    };
  }

  /** The digits of one item, highest first; throws on refusal and silence. */
  async read(di: string): Promise<string> {
    const heard = await this.say(0x11, turned(di));
    if (heard?.control !== 0x91) throw new Error(`${di}: ${heard?.data.toString("hex") ?? "silence"}`);
    return flipped(heard.data.subarray(4)).toString("hex");
  }

  /** 1CH with a password. */
  order(n1: number, { password = "000000", deadline = "991231235959" } = {}): Promise<Heard | undefined> {
    const proof = Buffer.concat([Buffer.of(0x02), turned(password), this.#operator]);
    return this.say(0x1c, Buffer.concat([proof, Buffer.of(n1, 0), turned(deadline)]));
  }

  async authenticate(meterNumber: string): Promise<Heard | undefined> {
    const random1 = Buffer.from("A0B1C2D3E4F50617", "hex");
    const factor = Buffer.from(`0000${meterNumber}`, "hex");
    const cipher1 = sm4("ecb", keyFor(1, meterNumber), Buffer.concat([random1, factor])).subarray(0, 8);
    const parts = [turned("070000FF"), this.#operator, flipped(cipher1), flipped(random1), flipped(factor)];
    const heard = await this.say(0x03, Buffer.concat(parts));
    if (heard?.control === 0x83) this.#random2 = flipped(heard.data.subarray(4, 8));
    return heard;
  }

  topUp(meterNumber: string, { fen, count, customer, badMac = false }: TopUp): Promise<Heard | undefined> {
    const mac1 = this.#mac(keyFor(4, meterNumber), 1, Buffer.concat([uint(fen), uint(count)]));
    const mac2 = this.#mac(keyFor(3, meterNumber), 2, Buffer.from(customer, "hex"));
    if (badMac) mac1.writeUInt8(mac1.readUInt8(3) ^ 0x80, 3);
    const fields = [uint(fen), uint(count), mac1, Buffer.from(customer, "hex"), mac2].map(flipped);
    return this.say(0x03, Buffer.concat([turned("070102FF"), this.#operator, ...fields]));
  }

  /** Over control byte, data identifier, tag, length and data, for 070102FF. */
  #mac(key: Buffer, tag: number, data: Buffer): Buffer {
    const message = Buffer.concat([Buffer.from("03070102FF", "hex"), Buffer.of(tag, 0, data.length), data, Buffer.of(0x80)]);
    const padded = Buffer.concat([message, Buffer.alloc((16 - (message.length % 16)) % 16)]);
    const iv = Buffer.concat([this.#random2, Buffer.alloc(12)]);
    return Buffer.from(sm4("cbc", key, padded, iv).subarray(-16, -12));
  }
}
