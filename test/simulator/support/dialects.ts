/**
 * Somebody who speaks to one meter in its model's own words: frames from the profile, proofs from a key server of its own, every
 * frame past the last look before it goes out. What the meter is comes from the simulator, what it is told from the profiles.
 */
import { createCipheriv } from "node:crypto";
import { hexBytes } from "../../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../../src/protocols/dlt645/frame.ts";
import { turned } from "../../../src/protocols/dlt645/formats/formats.ts";
import {
  decodeItem,
  decodeRelayWord,
  errorOf,
  permit,
  readItem,
  refundFrame,
  relayFrame,
  topUpFrame,
} from "../../../src/protocols/dlt645/profiles/index.ts";
import type { ModelProfile, ProfileItemName } from "../../../src/protocols/dlt645/profiles/index.ts";
import type { RelayOrderName } from "../../../src/protocols/dlt645/relay-orders.ts";
import * as requests from "../../../src/protocols/dlt645/requests.ts";
import type { RelayWord } from "../../../src/protocols/dlt645/word3-layouts.ts";
import { encodeFrame } from "../../../src/protocols/dlt645/frame.ts";
import { CentiKwh } from "../../../src/kernel/energy.ts";
import { Fen } from "../../../src/kernel/money.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { fromHex, joined } from "../../../simulator/bytes.ts";
import type { Street } from "../../../simulator/street.ts";
import { cipher1, factorOf, keyOf, macOf } from "./keys.ts";
import * as soft from "./soft-keys.ts";
import { Ear } from "./street.ts";

export const OPERATOR = "00000001";
export const DEADLINE = "261122103000";
const RANDOM_1 = fromHex("0102030405060708");
/** A key of our own; in this family it travels with what it seals. */
const SEAL_KEY = fromHex("4F55522D54455354");

export interface Answer {
  readonly control: number;
  readonly data: Uint8Array;
}

interface KeyServer {
  readonly cipher1: Uint8Array;
  purchase(amount: bigint, count: bigint, customer: string): { readonly mac1: Uint8Array; readonly mac2: Uint8Array };
  order(plain: Uint8Array): { readonly cipher: Uint8Array; readonly mac: Uint8Array };
  refund(amount: bigint): { readonly cipher: Uint8Array; readonly mac: Uint8Array };
}

const big = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(8, "0"));
const fenOf = (yuan: string): bigint => BigInt(yuan.replace(".", ""));

/** DL645-TEST-1, as the chip of a utility's meter. */
function chipServer(meterNumber: string, random2: string): KeyServer {
  const head = { meterNumber, random2 };
  const sealed = (key: number, plain: Uint8Array): Uint8Array => {
    const padded = new Uint8Array(Math.floor(plain.length / 16) * 16 + 16);
    padded.set(plain);
    padded[plain.length] = 0x80;
    const cipher = createCipheriv("sm4-ecb", keyOf(key, meterNumber), null).setAutoPadding(false);
    return joined(cipher.update(padded), cipher.final());
  };
  return {
    cipher1: cipher1(meterNumber, RANDOM_1),
    purchase: (amount, count, customer) => {
      const frame = { ...head, control: 0x03, di: "070102FF" };
      return {
        mac1: macOf({ ...frame, key: 4, tag: 1, data: joined(big(amount), big(count)) }),
        mac2: macOf({ ...frame, key: 3, tag: 2, data: fromHex(customer) }),
      };
    },
    order: (plain) => {
      const cipher = sealed(2, plain);
      return { cipher, mac: macOf({ ...head, control: 0x1c, di: "00000000", key: 2, tag: 1, data: cipher }) };
    },
    refund: (amount) => {
      const frame = { ...head, control: 0x14, di: "04001006" };
      const cipher = sealed(3, joined(big(amount), macOf({ ...frame, key: 4, tag: 2, data: big(amount) })));
      return { cipher, mac: macOf({ ...frame, key: 3, tag: 1, data: cipher }) };
    },
  };
}

/** DL645-TEST-2, as software that plays a chip. */
function softServer(meterNumber: string, random2: string): KeyServer {
  const keys = soft.keysOf(meterNumber, random2);
  return {
    cipher1: soft.cipher1(meterNumber, RANDOM_1),
    purchase: (amount, count, customer) => ({
      mac1: keys.mac("8432010C", joined(big(amount), big(count))),
      mac2: keys.mac("04D68224", fromHex(customer)),
    }),
    order: (plain) => {
      const cipher = keys.encipher(plain);
      return { cipher, mac: keys.mac("04D68800", cipher) };
    },
    refund: (amount) => {
      const cipher = keys.encipher(joined(big(amount), keys.mac("8432010C", big(amount))));
      return { cipher, mac: keys.mac("04D68C00", cipher) };
    },
  };
}

export class Speaker {
  readonly profile: ModelProfile;
  readonly street: Street;
  readonly address: string;
  readonly #ear = new Ear();
  readonly #send: (bytes: Uint8Array) => void;
  #keys: KeyServer | undefined;

  constructor(profile: ModelProfile, street: Street, address: string) {
    this.profile = profile;
    this.street = street;
    this.address = address;
    const end = street.memoryEnd("m");
    end.onBytes((bytes) => this.#ear.hear(bytes));
    this.#send = (bytes) => end.send(bytes);
  }

  get meter() {
    return this.street.meter(this.address);
  }

  /** Past the last look, like everything a gateway sends. */
  async say(frame: Frame): Promise<Answer> {
    const verdict = permit(this.profile, frame);
    if (!verdict.allowed) throw new Error(`not permitted: ${verdict.why}`);
    return this.force(frame);
  }

  /** Around the last look: what the meter itself makes of it. */
  async force(frame: Frame): Promise<Answer> {
    const answer = await this.#exchange(frame);
    if (answer === undefined) throw new Error("the meter stayed silent");
    return answer;
  }

  async isSilentTo(frame: Frame): Promise<boolean> {
    return (await this.#exchange(frame)) === undefined;
  }

  /** The frame, and a question that every model answers: what is answered first, unless it is that, is the answer. */
  async #exchange(frame: Frame): Promise<Answer | undefined> {
    const from = this.#heard.length;
    this.#send(encodeFrame(frame, { preamble: this.profile.line.preamble }));
    this.#send(encodeFrame({ address: this.address, control: 0x13, data: new Uint8Array(0) }));
    const isLast = ({ control }: Answer): boolean => control === 0x93;
    await expectSoon(() => this.#heard.slice(from).some(isLast));
    const [first] = this.#heard.slice(from);
    return first === undefined || isLast(first) ? undefined : first;
  }

  get #heard(): readonly Answer[] {
    return this.#ear.frames.filter(({ control }) => control >= 0x80);
  }

  async read(name: ProfileItemName): Promise<Readonly<Record<string, string | null>>> {
    const answer = await this.say(readItem(this.profile, name, this.address));
    if ((answer.control & 0x40) !== 0) throw new Error(`${name}: ERR ${errorOf(answer.data)}`);
    const cut = decodeItem(this.profile, name, answer.data.slice(4));
    if ("fault" in cut) throw new Error(cut.fault);
    return cut.values;
  }

  async relay(): Promise<RelayWord> {
    const { data } = await this.say(readItem(this.profile, "relayWord", this.address));
    const word = decodeRelayWord(this.profile, data.slice(4));
    if ("fault" in word) throw new Error(word.fault);
    return word;
  }

  async prove(): Promise<void> {
    if (this.profile.proof.scheme === null) return;
    const { meterNumber } = this.meter;
    const server = this.profile.proof.kind === "esam" ? chipServer : softServer;
    const challenge = { address: this.address, operator: OPERATOR, random1: RANDOM_1, factor: factorOf(meterNumber) };
    const { control, data } = await this.say(requests.authenticate({ ...challenge, cipher1: server(meterNumber, "").cipher1 }));
    if (control !== 0x83) throw new Error(`identity refused: ${errorOf(data)}`);
    this.#keys = server(meterNumber, hexBytes(turned(data.slice(4, 8)), ""));
  }

  get #server(): KeyServer {
    if (this.#keys === undefined) throw new Error("prove who you are first");
    return this.#keys;
  }

  orderPlain(order: RelayOrderName, deadline = DEADLINE): Promise<Answer> {
    const { password } = this.profile.proof;
    if (password === null) throw new Error(`${this.profile.name} takes no plain order`);
    const to = { address: this.address, operator: OPERATOR };
    return this.say(relayFrame(this.profile, to, { order, deadline, password: new Secret(password.factory) }));
  }

  orderSecured(order: RelayOrderName, extendedReply = this.profile.choices.relayReply !== "short"): Promise<Answer> {
    return this.say(this.securedFrame(order, extendedReply));
  }

  securedFrame(order: RelayOrderName, extendedReply: boolean): Frame {
    const { choices } = this.profile;
    const plain = requests.relayOrderPlainText({ order, deadline: DEADLINE }, choices);
    const to = { address: this.address, operator: OPERATOR };
    return requests.relayOrderSecured({ ...to, ...this.#server.order(plain), extendedReply }, choices);
  }

  /** `mark`: the count, the order number or the second at which it was bought, whichever this model looks at. */
  topUpFrame(amount: string, mark: number): Frame {
    const to = { address: this.address, operator: OPERATOR };
    const layout = this.profile.choices.purchase;
    switch (layout) {
      case "1E": {
        const { customerNumber } = this.meter;
        const macs = this.#server.purchase(fenOf(amount), BigInt(mark), customerNumber);
        const paid = { amount: Fen(fenOf(amount)), purchaseCount: mark, customerNumber };
        return topUpFrame(this.profile, to, { layout, ...paid, ...macs });
      }
      case "22":
        return topUpFrame(this.profile, to, { layout, ...this.#ordered(amount, mark) });
      case "18 sealed":
        return topUpFrame(this.profile, to, { layout, ...sealed(amount, mark) });
      case "1C":
        return topUpFrame(this.profile, to, { layout, token: tokenOf(amount, mark) });
      case "28":
        throw new Error("no model tops up like this");
    }
  }

  refundFrame(amount: string, mark: number): Frame {
    const { profile, address } = this;
    const to = { address, operator: OPERATOR };
    if (profile.refund!.control === 0x14)
      return requests.writeCiphered({ ...to, di: profile.refund!.di, ...this.#server.refund(fenOf(amount)) }, profile.choices);
    return profile.choices.refund === "070108FF"
      ? refundFrame(profile, to, { layout: "22", ...this.#ordered(amount, mark) })
      : refundFrame(profile, to, { layout: "18 sealed", ...sealed(amount, mark) });
  }

  longRefundFrame(amount: string, mark: number): Frame {
    const to = { address: this.address, operator: OPERATOR };
    return refundFrame(this.profile, to, { layout: "28", ...this.#ordered(amount, mark), further: "000000000000" });
  }

  #ordered(amount: string, mark: number) {
    const orderNumber = String(mark).padStart(16, "0");
    const none = new Uint8Array(4);
    return { amount: Fen(fenOf(amount)), orderNumber, mac1: none, meterAddress: this.address, mac2: none };
  }
}

/** Eight digits of hundredths of a kWh, ten of the token's number, two that check them. */
function tokenOf(amount: string, mark: number): string {
  const body = fenOf(amount).toString().padStart(8, "0") + String(mark).padStart(10, "0");
  return body + (BigInt(body) % 97n).toString().padStart(2, "0");
}

/** Amount and second under DES with a key that stands beside it. */
function sealed(amount: string, stamp: number): { sealed: Uint8Array; key: Uint8Array } {
  const plain = requests.sealedPurchasePlainText(CentiKwh(fenOf(amount)), stamp);
  const des = createCipheriv("des-ede3-ecb", joined(SEAL_KEY, SEAL_KEY, SEAL_KEY), null).setAutoPadding(false);
  return { sealed: turned(joined(des.update(plain), des.final())), key: turned(SEAL_KEY) };
}

/** Bytes cross a memory bus in a later turn; nothing here waits for time. */
async function expectSoon(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns += 1) {
    if (turns > 1_000) throw new Error("nothing came back");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
