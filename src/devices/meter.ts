/**
 * What a meter is to the rest of the house, and the verbs one can say to it. The only door to a meter is a MeterSession;
 * it is made by `Street.session(...)` and knows one meter, one priority, and one evidence list for its whole life.
 *
 * A reply is a promise and a reading is a fact: `Sent` therefore says only what came back, never that the thing was done.
 */
import type { Fen } from "../kernel/money.ts";
import type { AccountId, BusId, MeterAddress } from "../kernel/ids.ts";
import type { Instant } from "../kernel/clock.ts";
import type { FaultCode } from "../kernel/faults.ts";
import type { Reading, WireEvidence } from "../kernel/reading.ts";
import type { Secret } from "../kernel/secret.ts";
import type { MeterAnswers } from "./answer-times.ts";
import type { OtherMaster } from "./foreign-master.ts";
import type { TapeReader } from "./line-tape.ts";
import type { AddressDoubt } from "./twins.ts";
import type { TariffExtent, TariffPicture } from "./meter-tariff/picture.ts";

/** Models that this gateway can order end to end; what it knows of others stands in the profiles of the protocol room. */
export type ModelName =
  "standard-wallet" | "remote-ledger" | "state-grid-2009" | "southern-grid" | "breaker-645" | "order-number-4g" | "sts-token";

/** A password that the cipher machine keeps, by its name there; asked for at each use (`meter-password.ts`). */
export interface KeptPassword {
  readonly inMachine: string;
}

/** One meter as the registry knows it. */
export interface MeterRecord {
  readonly address: MeterAddress;
  /** 表号 04000402, 12 digits: what the keys are derived from. */
  readonly meterNumber: string;
  /** 客户编号 0400040E, 12 digits. */
  readonly customerNumber: string;
  readonly account: AccountId | null;
  readonly bus: BusId;
  readonly model: ModelName;
  readonly relayPassword: { readonly level: "02" | "03" | "04"; readonly secret: Secret<string> | KeptPassword } | null;
  /** It hangs on a test bench and serves nobody: its wallet may be wiped. */
  readonly testBench?: boolean;
  /** What feeds it (transformer, cabinet): restores of one are spread together. Left out: its bus stands for it. */
  readonly feeder?: string;
  /** Amperes it is made for; left out: as the site says of all. */
  readonly currentMaxA?: number;
}

/** Most urgent first; a lower number goes before a higher one. */
export const Priority = { safety: 0, relay: 1, money: 2, person: 3, billing: 4, rest: 5 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

/** The wallet as the meter shows it (078102FF, 00900200, 00900201). */
export interface Wallet {
  /** Purchase count of 078102FF, its MACs verified. */
  readonly count: number;
  readonly balance: Fen;
  readonly overdraft: Fen;
  /** Customer number inside the meter, 12 digits. */
  readonly customerNumber: string;
  /** Key info of 04000508 is not zero. */
  readonly keyState: "production" | "test";
  /** Word 3 bit 14 = 0. */
  readonly accountOpened: boolean;
  readonly takenAt: Instant;
}

/** Field 02 and 03 of the newest purchase record (03330201, 03330301). */
export interface PurchaseRecord {
  /** Count after that purchase; two BCD bytes, so it wraps at 10000. */
  readonly count: number;
  readonly amount: Fen;
}

/** What a second obeying of the same frame is impossible by, or "nothing"; null: this model does no such thing. */
export type RepeatProof = "purchase-count" | "order-number" | "token" | "nothing";
export interface MoneyWays {
  readonly purchase: RepeatProof | null;
  readonly refund: RepeatProof | null;
  /** What its wallet counts. */
  readonly unit: "yuan" | "kWh" | null;
}

/** What a wallet without keys shows: no count, no customer, no MAC. */
export interface BalanceSight {
  /** Hundredths of a yuan, or of a kWh, as the wallet counts. */
  readonly balance: bigint;
  /** 0 where the model shows none. */
  readonly overdraft: bigint;
  readonly takenAt: Instant;
}

/** A purchase of a vendor's meter, whose frame carries something else than a purchase count. */
export type VendorPurchase =
  /** Sixteen hex digits. */
  | { readonly by: "order-number"; readonly amount: Fen; readonly orderNumber: string }
  /** Twenty digits, passed through as they were bought. */
  | { readonly by: "token"; readonly token: Secret<string> };

/** `orderNumber`: where the model proves a repeat by it; a refund of function 14H carries none. */
export interface RefundOrder {
  readonly amount: Fen;
  readonly orderNumber: string | null;
}

/** 033400NN. There is no count of refunds: one record is told from another by all of its bytes. */
export interface RefundRecord {
  readonly hex: string;
  /** Null: its digits are none, as before the first refund on some meters. */
  readonly amount: Fen | null;
}

/** Run-state word 3 (04000503). */
export interface RelayPicture {
  /** Bit 4: the relay itself. */
  readonly relay: "connected" | "disconnected";
  /** Bit 6: the relay order. */
  readonly order: "connect" | "disconnect";
  /** Bit 7. */
  readonly preTripAlarm: boolean;
  /** Bit 12. */
  readonly protected: boolean;
  /** Bit 14 = 0. */
  readonly accountOpened: boolean;
  readonly word: number;
  readonly takenAt: Instant;
}

/** As the contract says it: armed means ordered to connect, waiting for the button. */
export type RelayState = "connected" | "armed" | "disconnected" | "unknown";
export const relayStateOf = (picture: RelayPicture): RelayState =>
  picture.relay === "connected" ? "connected" : picture.order === "connect" ? "armed" : "disconnected";

export interface IdentityFinding {
  readonly meterNumber: string;
  readonly customerNumber: string;
  readonly matches: boolean;
}

/** 1DH and 1EH: the supply is cut for so many minutes, and then comes back or may be restored at the button. */
export interface TimedCut {
  readonly cutForMinutes: number;
  readonly then: "reconnect" | "arm";
}

/** The meter's clock beside ours. */
export interface ClockPicture {
  /** Null: its digits are no date. */
  readonly aheadMs: number | null;
  readonly takenAt: Instant;
}

export type RelayOrder = "disconnect" | "reconnect" | "arm" | "protect" | "unprotect" | "warn" | "unwarn";

export type ClockWay = "write" | "broadcast";

/** How a write is proved: its value under a cipher, or in the clear; a MAC lies over both. */
export type WriteProof = "cipher" | "mac";

/** What came back for something that changes the meter. `silent`: the bytes left, nobody spoke; it may have been obeyed. */
export type Sent =
  | { readonly sent: "acknowledged"; readonly sentAt: Instant; readonly at: Instant }
  /**
   * `lineClosed`: the line went away under it, so that its silence says nothing about the meter. `asExpected`: nobody answers such a
   * thing.
   */
  | { readonly sent: "silent"; readonly sentAt: Instant; readonly lineClosed?: boolean; readonly asExpected?: true }
  | { readonly sent: "refused"; readonly sentAt: Instant; readonly fault: FaultCode; readonly bits: readonly string[] };

export interface SendOptions {
  /** Checked in the last moment before the first byte; passed: Fault `deadline-passed`, nothing sent. */
  readonly notAfter: Instant;
  /** Called after everything is prepared and the line is ours, directly before the first byte. Throwing sends nothing. */
  readonly beforeFirstByte?: () => Promise<void>;
}

/** For a list whose first readings are wanted even where a later item fails. */
export interface InParts {
  /** Whose items are asked for before all others. */
  readonly first: (item: string) => boolean;
  /** Told of each reading as soon as it is there. */
  readonly came: (reading: Reading) => void;
}

/**
 * Everything throws a Fault: `meter-silent` (asked, nobody spoke), `line-down` / `line-not-ours` / `bus-queue-full` /
 * `deadline-passed` (nothing was sent), `meter-no-data`, `meter-fault`, `reply-malformed`, or the fault of an error word.
 */
export interface MeterSession {
  readonly meter: MeterRecord;
  /** Everything that passed on the wire for this session so far, oldest first, passwords masked. */
  readonly evidence: readonly WireEvidence[];
  /** Somebody more urgent waits for this meter now: whoever has a long list of questions ends at the next place, and comes again. */
  readonly isWanted?: boolean;
  /** How money travels to this model and back. */
  readonly money: MoneyWays;
  readIdentity(): Promise<IdentityFinding>;
  readWallet(): Promise<Wallet>;
  readLastPurchase(): Promise<PurchaseRecord | null>;
  readRelay(): Promise<RelayPicture>;
  /** Minutes of 04001401; 0 when the meter has no such item. */
  readTripDelayMinutes(): Promise<number>;
  /** By names of the dictionary or eight hex digits; blocks answer one reading per member. */
  read(items: readonly string[], source: Reading["source"], inParts?: InParts): Promise<readonly Reading[]>;
  /** 070102FF, or 070101FF when `opening`. Sent once, never repeated by the session. */
  topUp(
    purchase: { readonly amount: Fen; readonly count: number; readonly opening: boolean },
    options: SendOptions,
  ): Promise<Sent>;
  readBalance(): Promise<BalanceSight>;
  /** 070102FF in a vendor's layout. Sent once. */
  vendorTopUp(purchase: VendorPurchase, options: SendOptions): Promise<Sent>;
  /** The newest refund (1) or the one before (2); null where the meter has no such records. */
  readRefund(age: 1 | 2): Promise<RefundRecord | null>;
  /** 04001006 under cipher and MAC, or a vendor's 070108FF. Sent once. */
  refund(order: RefundOrder, options: SendOptions): Promise<Sent>;
  /** The next proof of identity is a new one: with it the meter's session ends, and every frame of ours that is still on its way. */
  forgetProof(): Promise<void>;
  /** 070103FF: balance and count are 0 afterwards. Sent once. */
  resetWallet(options: SendOptions): Promise<Sent>;
  /** 07A006FF: the rest of the wallet leaves the meter for good. Sent once. */
  switchToRemote(wallet: { readonly count: number }, options: SendOptions): Promise<Sent>;
  /** 1CH, secured (level 98) or plain with password, as model and record say. Sent once. */
  orderRelay(order: RelayOrder | TimedCut, options: SendOptions): Promise<Sent>;
  readClock(): Promise<ClockPicture>;
  /**
   * `write`: 0400010C by password, this meter alone. `broadcast`: 08H to the whole line; a line that was told after `lookedAt` is
   * not told again, and this meter counts as told with it.
   */
  setClock(way: ClockWay, lookedAt: Instant, options: SendOptions): Promise<Sent>;
  /**
   * 14H under cipher and MAC (level 98, 96) or in the clear with a MAC (99, 97), as the item asks for unless `under` says otherwise; for
   * meters with keys, whatever password the record names. `data`: the item's value as a plain write carries it, low byte first; for the
   * refund 04001006 the amount in fen, four binary bytes, low byte first. Sent once, never repeated by the session; what is refused
   * before the first byte (an item that is forbidden, a length that does not fit, a machine that is away) is thrown.
   */
  writeSecured(di: string, data: Uint8Array, options: SendOptions & { readonly under?: WriteProof }): Promise<Sent>;
  /** Both sets of its tariff and the switch times, or a part of them: items as bytes, by identifier (`meter-tariff/`). */
  readTariff(extent: TariffExtent): Promise<TariffPicture>;
  /** 16H. `when`: MMDDhhmm with 99 for "each"; 99999999 freezes now. */
  freeze(when: string, options: SendOptions): Promise<Sent>;
  /** Ends the session's hold on the meter. Idempotent. */
  close(): Promise<void>;
}

/** How a meter has been answering. Silent meters are asked less often. */
export interface MeterHealth {
  readonly state: "unknown" | "answering" | "silent";
  readonly failures: number;
  readonly lastHeardAt: Instant | null;
  /** Before this moment it is not worth asking. */
  readonly askAgainAt: Instant | null;
}

export interface SessionOptions {
  readonly priority: Priority;
  readonly signal?: AbortSignal;
  /** A meter that is believed silent is asked once all the same, in the middle of its pause; without it `meter-silent` comes at once. */
  readonly mayProbe?: boolean;
}

/** All lines and meters together: what commands, policy and API see of devices. */
export interface Street {
  /** Waits for the meter to be free: one session per meter at a time, since the meter's identity session is one. */
  session(address: MeterAddress, options: SessionOptions): Promise<MeterSession>;
  meter(address: MeterAddress): MeterRecord | undefined;
  /** A meter that comes while the house runs; one that is known already stays as it is. Left out: only at the start. */
  adopt?(meter: MeterRecord): void;
  /** A meter that hangs here no more: nothing is asked of it and nothing ordered, whoever answers by its name. */
  retire?(address: MeterAddress): void;
  meters(): readonly MeterRecord[];
  health(address: MeterAddress): MeterHealth;
  /** False: the meter's line may not be driven just now, another gateway holds it; a session is refused at once. Left out: never. */
  isOurs?(address: MeterAddress): boolean;
  /** What its answers take, as measured on its line; left out: nobody measures. */
  answers?(address: MeterAddress): MeterAnswers | undefined;
  /** Called each time a meter that was silent or unknown answers. */
  onHeard(listener: (address: MeterAddress) => void): void;
  /** Called each time a line can send again, with the meters behind it. */
  onLineOpen(listener: (meters: readonly MeterAddress[]) => void): void;
  /** Called at each sign that two meters carry this address (twins.ts). Left out: nobody listens for it. */
  onAddressDoubt?(listener: (meter: MeterAddress, doubt: AddressDoubt) => void): void;
  buses(): readonly BusPicture[];
  /** The last bytes of a line, secrets masked; undefined where there is no such line. */
  tape(bus: string): TapeReader | undefined;
  /** Resolves when no exchange is under way and holds back new ones until the returned function is called. */
  hold(): Promise<() => void>;
  close(): Promise<void>;
}

export interface BusPicture {
  readonly id: BusId;
  readonly transport: string;
  /** The gateway that may drive it; null: nobody, just now. */
  readonly holder: string | null;
  readonly heldByUs: boolean;
  readonly open: boolean;
  readonly why: string | null;
  readonly waiting: number;
  readonly exchanges: number;
  readonly silences: number;
  readonly busyMs: number;
  /** Exchanges and the rests after them: time in which nobody else could have spoken. */
  readonly occupiedMs: number;
  /** Over MQTT: messages that were not let through, by reason. */
  readonly ignored?: Readonly<Record<string, number>>;
  /** Of these, waited for answers that did not come. */
  readonly silentMs: number;
  /** Of the time since the start, 0 to 1. */
  readonly busyShare: number;
  /** Answers that came when nobody waited any more, and answers to another question. */
  readonly late: number;
  readonly strays: number;
  /** Of our own requests: the adapter hears itself. */
  readonly echoes: number;
  readonly noiseBytes: number;
  /** Signs that somebody else is the master here too; null while there are none. */
  readonly otherMaster: OtherMaster | null;
  readonly tape: { readonly rows: number; readonly bytes: number; readonly newest: number };
  /** Only at the port of a bus that is dialled from outside; its lines stand beside it. */
  readonly callers?: CallersPicture;
}

export interface CallersPicture {
  readonly connected: number;
  /** Lines on which somebody sits. */
  readonly known: number;
  readonly quarantined: number;
  /** For want of room, since the start. */
  readonly turnedAway: number;
  /** Callers that nobody knows, newest first; those that left are remembered for a while. */
  readonly quarantine: readonly QuarantinedCaller[];
}

export interface QuarantinedCaller {
  readonly caller: string;
  readonly since: Instant;
  /** When it hung up; null while it is there. */
  readonly until: Instant | null;
  /** Its first bytes, escaped and shortened. */
  readonly said: string;
  readonly why: string;
}
