/**
 * Who drives a line. One lease per bus, with an end and a fencing number that rises with each taking: the port to wherever leases
 * are kept, and what lines ask of it.
 *
 * Ends are judged by the keeper of the leases on its own clock alone; two machines' clocks never meet. A holder judges for
 * itself from the moment a renewal was *sent*, which is never later than the moment it was written down, and stops a margin
 * earlier (lease-keeper.ts). So a holder that was stopped, cut off or forgotten has fallen silent before anybody else speaks.
 */
import { seconds } from "../kernel/clock.ts";

/** A dead holder's lines are driven by another one after this, and a look of at most LOOK_MS. */
export const LEASE_MS = seconds(15);
/** Three renewals may fail, one after the other, before a line with a long reply deadline pauses, and four before it is lost. */
export const RENEW_MS = seconds(3);
/** What others gave back or lost is seen this soon; with nobody else on the database nobody looks. */
export const LOOK_MS = seconds(1);
/** A renewal that was not answered by then is sent again: the next one may find a better connection. */
export const ANSWER_MS_MAX = seconds(2);
/** Between the holder's last byte and the lapse: a clock of the keeper that is set forward by less harms nobody. */
export const MARGIN_MS = seconds(2);
/**
 * An exchange begins only if it would end before the margin, answer included: a reply must not fall into the next holder's
 * first question. Longer reply deadlines count as this; otherwise such a line could never be driven under a lease of 15 s.
 */
export const EXCHANGE_MS_MAX = seconds(8);
/** A bus that was free for so many looks is taken by whoever sees it, whatever its share: no line waits for a fair holder. */
export const FREE_LOOKS_MAX = 3;

export interface GatewayPresence {
  readonly holder: string;
  readonly buses: readonly string[];
}

export interface Lease {
  /** Null: free, or lapsed. */
  readonly holder: string | null;
  readonly fencing: bigint;
}

export interface LeasePicture {
  /** Who lives, by presence; in the same order for everybody. */
  readonly gateways: readonly GatewayPresence[];
  /** Buses that nobody ever held are missing. */
  readonly leases: ReadonlyMap<string, Lease>;
}

/** A holder is one life of one process; its name is never used again. */
export interface LineLeases {
  /** Says that we live. Answers the smallest number that no living gateway has, or null when somebody was quicker: ask again. */
  enter(me: GatewayPresence): Promise<number | null>;
  /** Renews our presence and every lease we hold that has not lapsed, in one statement, and answers what stands then. */
  renew(me: GatewayPresence): Promise<LeasePicture>;
  /** What stands, without renewing. */
  look(me: GatewayPresence): Promise<LeasePicture>;
  /** Of these buses, takes what is free or lapsed: number + 1. Answers what we got. */
  take(holder: string, buses: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** Gives back what of these we still hold under that number; said twice, or late, it does no harm. */
  release(holder: string, leases: ReadonlyMap<string, bigint>): Promise<void>;
  /** Gives back everything and our presence. */
  leave(holder: string): Promise<void>;
  /** For one who is certain to be alone, because nobody else can reach this store: what others left behind is free at once. */
  clear(): Promise<void>;
}

/** What a line needs to know of its lease; answered from memory, since it is asked in front of each first byte. */
export interface LineGuard {
  holds(bus: string): boolean;
  /** Whether an exchange that takes so long may begin now. */
  mayDrive(bus: string, exchangeMs: number): boolean;
  /** Who held it when somebody last looked; null: nobody. */
  holderOf(bus: string): string | null;
  onTaken(listener: (buses: readonly string[]) => void): void;
  onLost(listener: (buses: readonly string[]) => void): void;
  /** Before a lease is given back: resolves when the exchange on the wire has ended; none begins any more. */
  onGivingUp(listener: (bus: string) => Promise<void>): void;
}

/** For one process that shares its lines with nobody: a direct link, a test. */
export const everyLineIsOurs: LineGuard = {
  holds: () => true,
  mayDrive: () => true,
  holderOf: () => "this process",
  onTaken: () => undefined,
  onLost: () => undefined,
  onGivingUp: () => undefined,
};
