/**
 * The port to whoever holds the keys: a cipher machine (HSM) in production, the published software test keys elsewhere.
 * The rest of the house sees proofs, never keys. Every field goes in and comes out HIGH BYTE FIRST, as a key server or an
 * ESAM takes it; the codec turns fields round at the border (test-keys scheme, section 1; dlt645-2007 5.13).
 */
import type { Secret } from "../kernel/secret.ts";

/** Which meter: its number (04000402), 12 digits. Not the communication address, not the customer number. */
export interface MeterKeyId {
  readonly meterNumber: string;
  /** Keys of a meter on test keys that come of one factor for all meters, 0000000000000001; a machine with real keys does not ask. */
  readonly testFactor?: "meter-number" | "fixed";
}

export interface IdentityRequest {
  readonly cipher1: Uint8Array; // 8 bytes
  readonly random1: Uint8Array; // 8 bytes
  readonly factor: Uint8Array; // 8 bytes: 00 00 + meter number
}

/** What a later MAC needs of a session: random 2 (4 bytes) and the ESAM's serial (8 bytes), as the meter answered them. */
export interface SessionSeed {
  readonly random2: Uint8Array;
  readonly esamSerial: Uint8Array;
}

export interface TopUpProof {
  readonly mac1: Uint8Array; // over amount and count, purse key
  readonly mac2: Uint8Array; // over the customer number
}

/** Whole blocks of sixteen bytes, and the MAC over them. */
export interface CipherAndMac {
  readonly cipher: Uint8Array;
  readonly mac: Uint8Array;
}

/** What keeps a module from answering. Lasting: it will not pass by itself, a person has to do what the sentence says. */
export interface SecurityTrouble {
  readonly lasting: boolean;
  readonly why: string;
}

export interface SecurityModule {
  readonly name: string;
  /** Null: it can be asked. Absent where nothing can stand between. */
  readonly trouble?: SecurityTrouble | null;
  /** Called each time it can be asked again, for whoever waited. Absent where nobody ever has to. */
  onUsable?(listener: () => void): void;
  /** A new challenge; random 1 is never used twice. */
  beginIdentity(meter: MeterKeyId): Promise<IdentityRequest>;
  /** MACs of 070101FF (opening) and 070102FF (top-up). amountFen and count: unsigned 32 bit. */
  protectTopUp(
    meter: MeterKeyId,
    session: SessionSeed,
    purchase: {
      readonly dataItem: "070101FF" | "070102FF";
      readonly amountFen: bigint;
      readonly count: number;
      readonly customerNumber: string;
    },
  ): Promise<TopUpProof>;
  /** The 20-byte block of a secured 1CH: cipher 16 + MAC 4, high byte first, not yet turned round. plain: N1 N2 YY MM DD hh mm ss. */
  protectControl(meter: MeterKeyId, session: SessionSeed, plain: Uint8Array): Promise<Uint8Array>;
  /**
   * A ciphered write (14H at level 98 or 96): `plain` is the length, the identifier and the value, high byte first; the padding is the
   * machine's business. This and the two below are absent where the machine has no such service: then nothing is written that way.
   */
  protectWrite?(
    meter: MeterKeyId,
    session: SessionSeed,
    write: { readonly dataItem: string; readonly plain: Uint8Array },
  ): Promise<CipherAndMac>;
  /** Both MACs of 070103FF, over the amount and over the count 0. Absent as above. */
  protectPurseReset?(meter: MeterKeyId, session: SessionSeed, reset: { readonly amountFen: bigint }): Promise<TopUpProof>;
  /** Both MACs of 07A006FF, over meter number and mode, and over the purse: balance 4 and count 4. Absent as above. */
  protectModeSwitch?(
    meter: MeterKeyId,
    session: SessionSeed,
    change: { readonly mode: "local" | "remote"; readonly purse: Uint8Array },
  ): Promise<TopUpProof>;
  /** The MAC of a write in the clear (14H at level 99 or 97). `data`: its fields in the order in which they travel, each high byte first. */
  sealWrite?(
    meter: MeterKeyId,
    session: SessionSeed,
    write: { readonly dataItem: string; readonly data: Uint8Array },
  ): Promise<Uint8Array>;
  /**
   * 04001006 at level 98 or 96. Its plain text is made by the machine, since a MAC of the purse lies inside the cipher, beside the amount
   * (unsigned 32 bit): amount 4 ‖ MAC 4, without length and identifier.
   */
  protectRefund?(meter: MeterKeyId, session: SessionSeed, refund: { readonly amountFen: bigint }): Promise<CipherAndMac>;
  /**
   * A password that the machine keeps under this name (`hsm:NAME` in the site file), for meters that obey one. It travels in the clear to
   * the meter, so the machine has to hand it out; asked for at each use and kept nowhere. Absent where nobody keeps passwords.
   */
  password?(name: string): Promise<Secret<string>>;
  /** True when both MACs of a 078102FF reply are genuine. */
  checkWallet(
    meter: MeterKeyId,
    session: SessionSeed,
    reply: {
      readonly balanceFen: bigint;
      readonly balanceMac: Uint8Array;
      readonly count: number;
      readonly countMac: Uint8Array;
    },
  ): Promise<boolean>;
}
