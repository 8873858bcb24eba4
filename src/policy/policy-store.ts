/** What the rules need of a database: the picture of one remote account, or of all of them, and what they have said. */
import type { AccountId, CommandId, MeterAddress } from "../kernel/ids.ts";
import type { Fen } from "../kernel/money.ts";
import type { Instant } from "../kernel/clock.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Exemption, ExemptionKind } from "./exemptions.ts";
import type { DayCost, DeliveredNotice, Facts } from "./facts.ts";
import type { NoCutSpan } from "./no-cuts.ts";
import type { Intent, Stage } from "./rules.ts";

/** What the rules said of an account last, and since when; one row each, so that a look compares and writes nothing. */
export interface Standing extends Intent {
  readonly stage: Stage;
  /** Version of the strategy by which it was decided so. */
  readonly strategy: string;
  /** When it was decided so. */
  readonly since: Instant;
  /** Since when a cut would be due by the balance alone; null: it is not. */
  readonly arrearsSince: Instant | null;
}

/** Looks in a row that show less than was believed, before anything is made of it: one broken answer brings nobody in arrears his supply back. */
export const CONTRADICTED_MIN = 2;

export interface RemoteMeter {
  readonly meter: MeterAddress;
  readonly account: AccountId;
  readonly class: string;
  readonly available: Fen;
  readonly relay: Facts["relay"];
  /** Bit 6 of word 3 as last seen. */
  readonly order: "connect" | "disconnect" | null;
  /** Bit 7 of word 3 as last seen: the meter shows the low-credit alarm. */
  readonly alarm: boolean | null;
  /** The rules' newest cut has left, may have been obeyed, and nobody has seen the relay since. Left out: no. */
  readonly mayBeCut?: boolean;
  readonly cutBy: Facts["cutBy"];
  readonly protectedSupply: boolean;
  readonly identity: Facts["identity"];
  readonly disputed: boolean;
  /** A register of it was doubted, or the money rests on an estimate, and none was believed since. */
  readonly readingInDoubt?: boolean;
  /** What was read last, later than the newest believed register, is less than that, and so it was at the look before. */
  readonly registerContradicted?: boolean;
  /** One look alone has shown less: an answer that was broken on its way, until another says the same. */
  readonly contradictedOnce?: boolean;
  /** When the newest believed register was read; what was estimated after it does not count. */
  readonly readAt: Instant | null;
  /** An automatic cut of this meter has been accepted and has not left. */
  readonly cutWaiting: boolean;
  /** Those that nobody has taken back, whether their time is over or not. */
  readonly exemptions: readonly { readonly kind: ExemptionKind; readonly until: Instant }[];
  /** What was said of bad weather and outages where it hangs, and is not over (`no-cuts-in-force.ts` shows it). Left out: nothing. */
  readonly noCuts?: readonly NoCutSpan[];
  /** The newest that was delivered and told of a cut. */
  readonly notice: DeliveredNotice | null;
  readonly paidAt: Instant | null;
  /** The newest days that were billed on this meter, newest first. */
  readonly recentDays: readonly DayCost[];
  /** Null: nothing was ever said of it. */
  readonly standing: Standing | null;
}

/** A decision as it is kept: what was wanted, by which strategy, on which facts. */
export interface KeptDecision extends Intent {
  readonly meter: MeterAddress;
  readonly account: AccountId;
  readonly at: Instant;
  readonly stage: Stage;
  readonly blocks: readonly string[];
  readonly nextAt: Instant | null;
  readonly strategy: string;
  readonly shadow: boolean;
  readonly facts: Readonly<Record<string, unknown>>;
  /** What was asked of the meter because of it; null: nothing. */
  readonly command: CommandId | null;
}

/** Something a customer was told. Written by whoever sends notices; here it is only read. */
export interface Notice {
  readonly account: AccountId;
  readonly at: Instant;
  /** What it was about (notices/kinds.ts). A cut rests on one of "notice-due". */
  readonly stage: string;
  /** Null: it never arrived, or nobody knows yet. */
  readonly delivered: Instant | null;
  /** The balance that it told. */
  readonly available: Fen;
  /** What became of it, why, and which channel took it. */
  readonly state?: string;
  readonly because?: string | null;
  readonly channel?: string | null;
}

/** A strategy that came into force, for whom, when, and by whom. */
export interface StrategyVersion {
  readonly scope: string;
  readonly version: string;
  readonly rules: readonly unknown[];
  readonly at: Instant;
  readonly who: string;
}

export interface PolicyStore {
  remoteMeters(): Promise<readonly RemoteMeter[]>;
  /** Inside a transaction the meter's row is locked. */
  remoteMeter(tx: Transaction | null, meter: MeterAddress): Promise<RemoteMeter | null>;
  /** The last thing the rules wanted done with this meter. */
  lastIntent(tx: Transaction | null, meter: MeterAddress): Promise<Intent | null>;
  keepIntent(
    tx: Transaction,
    meter: MeterAddress,
    intent: Intent,
    shadow: boolean,
    facts: Readonly<Record<string, unknown>>,
    at: Instant,
  ): Promise<void>;
  /** Keeps the decision and what stands from now on. */
  keepDecision(tx: Transaction, decision: KeptDecision, standing: Standing): Promise<void>;
  /** What stands, where there was nothing to decide anew. */
  keepStanding(tx: Transaction, meter: MeterAddress, account: AccountId, standing: Standing): Promise<void>;
  /** Newest first. */
  decisionsOf(account: AccountId, limit: number): Promise<readonly KeptDecision[]>;
  /** Newest first. */
  noticesOf(account: AccountId, limit: number): Promise<readonly Notice[]>;
  /** Notes those that are other than what was in force for the same before; answers them. */
  keepStrategies(strategies: readonly StrategyVersion[]): Promise<readonly StrategyVersion[]>;
}

export interface ExemptionStore {
  /** Behind the rows of the account's meters: a cut that is about to leave has left before, or finds it. */
  insert(tx: Transaction, exemption: Exemption): Promise<void>;
  /** Locked until the transaction ends. */
  lock(tx: Transaction, id: string): Promise<Exemption | null>;
  end(tx: Transaction, id: string, at: Instant, by: string): Promise<void>;
  /** Somebody was reminded that it will end. */
  remind(tx: Transaction, id: string, at: Instant): Promise<void>;
  /** Newest first; also those that are over. */
  of(account: AccountId, limit: number): Promise<readonly Exemption[]>;
  /** Of all accounts those that have not ended and end before this moment, soonest first; the next ones after this one. */
  endingBefore(at: Instant, limit: number, after?: Pick<Exemption, "id" | "until">): Promise<readonly Exemption[]>;
  /** Those whose end was noted although it is still to come, by a clock that stood wrong. */
  endedTooEarly(now: Instant, limit: number): Promise<readonly Exemption[]>;
  /** It has not ended, and somebody is to be reminded again. */
  goesOn(tx: Transaction, id: string): Promise<void>;
}
