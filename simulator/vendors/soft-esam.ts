/**
 * The chip that is none: security in software, as cheap meters have it. Scheme DL645-TEST-2, with a PUBLISHED master key of this
 * project: it protects nothing and opens no real meter. Steps follow what public firmware shows; key, refund header and values
 * are our own (the profiles' README tells the whole scheme).
 *
 *     W   = 3DES(master, 00 00 ‖ meter number) ‖ its complement            two-key 3DES
 *     MAC = first 4 bytes of the last block of 3DES-CBC(W, IV) over PAD(header ‖ n + 4 ‖ data)      IV = random 2 ‖ 4 × 00
 *
 * Highest byte first; behaviours turn wire bytes round before they ask.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { later, minutes, type Instant } from "../../src/kernel/clock.ts";
import type { Chance } from "../../src/kernel/chance.ts";
import { equalBytes, fromHex, joined } from "../bytes.ts";
import type { Keeps } from "../state/keeping.ts";

const MASTER = new Uint8Array(Buffer.from("SOFT-ESAM-TEST-1", "ascii"));
const VALIDITY_MINUTES = 5;

/** What stands before the data under a MAC: commands of a chip that is not there. */
export const Header = { purse: "8432010C", customer: "04D68224", control: "04D68800", refund: "04D68C00" } as const;
export type Header = (typeof Header)[keyof typeof Header];

interface Session {
  readonly iv: Uint8Array;
  readonly validUntil: Instant;
}

export class SoftEsam implements Keeps<{ session: Session | undefined }> {
  readonly keptAs = "softEsam";
  readonly #chance: Chance;
  readonly #meterNumber: () => string;
  #session: Session | undefined;

  constructor(chance: Chance, meterNumber: () => string) {
    this.#chance = chance;
    this.#meterNumber = meterNumber;
  }

  /** Random 2, or why not. Even a failed attempt ends the session that was. */
  authenticate(
    at: Instant,
    { cipher1, random1, factor }: { cipher1: Uint8Array; random1: Uint8Array; factor: Uint8Array },
  ): Uint8Array | "other-meter" | "refused" {
    this.endSession();
    if (!equalBytes(factor, this.factor)) return "other-meter";
    if (!equalBytes(cipher1, this.#encrypt(random1))) return "refused";
    const random2 = this.#chance.bytes(4);
    this.#session = { iv: joined(random2, new Uint8Array(4)), validUntil: later(at, minutes(VALIDITY_MINUTES)) };
    return random2;
  }

  get factor(): Uint8Array {
    return joined(new Uint8Array(2), fromHex(this.#meterNumber()));
  }

  hasSession(at: Instant): boolean {
    if (this.#session !== undefined && at >= this.#session.validUntil) this.endSession();
    return this.#session !== undefined;
  }

  endSession(): void {
    this.#session = undefined;
  }

  accepts(header: Header, data: Uint8Array, mac: Uint8Array): boolean {
    const cipher = createCipheriv("des-ede-cbc", this.#workKey, this.#iv).setAutoPadding(false);
    const message = padded(joined(fromHex(header), Uint8Array.of(data.length + 4), data));
    return equalBytes(joined(cipher.update(message), cipher.final()).slice(-8, -4), mac);
  }

  decipher(cipher: Uint8Array): Uint8Array {
    const open = createDecipheriv("des-ede-cbc", this.#workKey, this.#iv).setAutoPadding(false);
    return joined(open.update(cipher), open.final());
  }

  save(): { session: Session | undefined } {
    return { session: this.#session };
  }

  load({ session }: { session: Session | undefined }): void {
    this.#session = session;
  }

  get #iv(): Uint8Array {
    return this.#session?.iv ?? new Uint8Array(8);
  }

  get #workKey(): Uint8Array {
    const half = encrypted(MASTER, this.factor);
    return joined(
      half,
      half.map((byte) => byte ^ 0xff),
    );
  }

  #encrypt(block: Uint8Array): Uint8Array {
    return encrypted(this.#workKey, block);
  }
}

function encrypted(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv("des-ede-ecb", key, null).setAutoPadding(false);
  return joined(cipher.update(block), cipher.final());
}

/** The 80 is always there. */
function padded(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.floor(message.length / 8) * 8 + 8);
  out.set(message);
  out[message.length] = 0x80;
  return out;
}
