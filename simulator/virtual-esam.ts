/**
 * The security chip of a meter, with the published test scheme DL645-TEST-1. It protects nothing and is not what real chips
 * do: its root key is printed below. Real layouts, lengths and orders; invented arithmetic.
 *
 * Everything here is written highest byte first, as a chip takes it; behaviours turn wire bytes round before they ask.
 *
 *     KEY(p) = E(ROOT, p ‖ 7 × 00 ‖ F)      F = 00 00 ‖ meter number      E = SM4, one block
 *     MAC    = first 4 bytes of the last block of SM4-CBC over PAD(control ‖ DI ‖ tag ‖ length ‖ data)
 */
import { createCipheriv, createDecipheriv, getCiphers } from "node:crypto";
import type { Instant } from "../src/kernel/clock.ts";
import { later, minutes } from "../src/kernel/clock.ts";
import type { Chance } from "../src/kernel/chance.ts";
import { equalBytes, fromHex, joined } from "./bytes.ts";
import type { Keeps } from "./state/keeping.ts";

const ROOT = fromHex("444C543634352D544553542D524F4F54");
export const Purpose = { authentication: 1, control: 2, parameters: 3, purse: 4 } as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

const VALIDITY_MINUTES = 5;
/** Wrong MACs in a row that end the session, and in a day that suspend until midnight. */
const macPolicies = {
  "3-then-15": { endSession: 3, suspend: 15 },
  "200": { endSession: Number.POSITIVE_INFINITY, suspend: 200 },
} as const;
export type MacPolicy = keyof typeof macPolicies;

/** What one MAC is made over. */
export interface Sealed {
  readonly purpose: Purpose;
  readonly control: number;
  /** Eight hex digits; 00000000 where the frame has no data identifier. */
  readonly di: string;
  readonly tag: 1 | 2;
  readonly data: Uint8Array;
}

interface Session {
  readonly iv: Uint8Array;
  readonly validUntil: Instant;
}
interface EsamState {
  readonly session: Session | undefined;
  readonly validityMinutes: number;
  readonly errorsInRow: number;
  readonly errors: { readonly day: number; readonly count: number };
}

export class VirtualEsam implements Keeps<EsamState> {
  readonly keptAs = "esam";
  readonly #chance: Chance;
  readonly #meterNumber: () => string;
  readonly #policy: (typeof macPolicies)[MacPolicy];
  readonly #keys = new Map<string, Uint8Array>();
  #session: Session | undefined;
  #validityMinutes = VALIDITY_MINUTES;
  #errorsInRow = 0;
  #errors = { day: 0, count: 0 };

  constructor(chance: Chance, meterNumber: () => string, macPolicy: MacPolicy = "3-then-15") {
    if (!getCiphers().includes("sm4-ecb")) throw new Error("This Node's OpenSSL has no SM4: the virtual ESAM cannot work.");
    this.#chance = chance;
    this.#meterNumber = meterNumber;
    this.#policy = macPolicies[macPolicy];
  }

  get serial(): Uint8Array {
    return joined(fromHex("5445"), fromHex(this.#meterNumber()));
  }

  get #factor(): Uint8Array {
    return joined(new Uint8Array(2), fromHex(this.#meterNumber()));
  }

  /** Any new authentication ends the running session, even a failed one. */
  authenticate(
    at: Instant,
    proof: { cipher1: Uint8Array; random1: Uint8Array; factor: Uint8Array },
  ): Uint8Array | "other-meter" | "refused" {
    this.endSession();
    if (!equalBytes(proof.factor, this.#factor)) return "other-meter";
    const expected = ecb(this.#key(Purpose.authentication), joined(proof.random1, this.#factor)).subarray(0, 8);
    if (!equalBytes(proof.cipher1, expected)) return "refused";
    const random2 = this.#chance.bytes(4);
    this.#session = { iv: joined(random2, new Uint8Array(12)), validUntil: later(at, minutes(this.#validityMinutes)) };
    this.#errorsInRow = 0;
    return random2;
  }

  endSession(): void {
    this.#session = undefined;
  }

  hasSession(at: Instant): boolean {
    if (this.#session !== undefined && at >= this.#session.validUntil) this.endSession();
    return this.#session !== undefined;
  }

  minutesLeft(at: Instant): number {
    return this.hasSession(at) ? Math.ceil((this.#session!.validUntil - at) / 60_000) : 0;
  }

  /** 070001FF: holds for the running session, counted from now, and for those to come. */
  setValidity(at: Instant, validity: number): void {
    this.#validityMinutes = validity;
    if (this.#session !== undefined) this.#session = { ...this.#session, validUntil: later(at, minutes(validity)) };
  }

  isSuspended(day: number): boolean {
    return this.#errors.day === day && this.#errors.count >= this.#policy.suspend;
  }

  mac({ purpose, control, di, tag, data }: Sealed): Uint8Array {
    const length = Uint8Array.of(data.length >> 8, data.length & 0xff);
    const message = padded(joined(Uint8Array.of(control), fromHex(di), Uint8Array.of(tag), length, data));
    const cipher = createCipheriv("sm4-cbc", this.#key(purpose), this.#session?.iv ?? new Uint8Array(16)).setAutoPadding(false);
    const blocks = joined(cipher.update(message), cipher.final());
    return blocks.slice(-16, -12);
  }

  /**
   * A wrong MAC changes nothing but the counters, which end the session or suspend until midnight. A command may carry several MACs: only when the last is right (`isLast`) is the row broken.
   */
  accepts(sealed: Sealed, mac: Uint8Array, { day, isLast }: { day: number; isLast: boolean }): boolean {
    if (equalBytes(this.mac(sealed), mac)) {
      if (isLast) this.#errorsInRow = 0;
      return true;
    }
    this.#errors = { day, count: this.#errors.day === day ? this.#errors.count + 1 : 1 };
    this.#errorsInRow += 1;
    if (this.#errorsInRow >= this.#policy.endSession) {
      this.endSession();
      this.#errorsInRow = 0;
    }
    return false;
  }

  /** Takes the cipher off; the padding stays on. */
  decipher(purpose: Purpose, cipher: Uint8Array): Uint8Array {
    const open = createDecipheriv("sm4-ecb", this.#key(purpose), null).setAutoPadding(false);
    return joined(open.update(cipher), open.final());
  }

  save(): EsamState {
    const [session, validityMinutes, errorsInRow, errors] = [
      this.#session,
      this.#validityMinutes,
      this.#errorsInRow,
      this.#errors,
    ];
    return { session, validityMinutes, errorsInRow, errors };
  }

  load({ session, validityMinutes, errorsInRow, errors }: EsamState): void {
    this.#session = session;
    this.#validityMinutes = validityMinutes;
    this.#errorsInRow = errorsInRow;
    this.#errors = errors;
  }

  #key(purpose: Purpose): Uint8Array {
    const name = `${purpose}/${this.#meterNumber()}`;
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = ecb(ROOT, joined(Uint8Array.of(purpose), new Uint8Array(7), this.#factor));
      this.#keys.set(name, key);
    }
    return key;
  }
}

function ecb(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv("sm4-ecb", key, null).setAutoPadding(false);
  return joined(cipher.update(block), cipher.final());
}

/** The 80 is always there: sixteen bytes become thirty-two. */
function padded(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil((message.length + 1) / 16) * 16);
  out.set(message);
  out[message.length] = 0x80;
  return out;
}
