/**
 * What the engine of the house stands on: stores, a queue, lines and their leases, time and chance. Given, never chosen: the gateway
 * hands in PostgreSQL, BullMQ and real wires (gateway.ts), a simulation hands in memory, and neither is known here.
 */
import type { ApiParts, LiveEvents } from "../api/books.ts";
import type { CollectionStore, MeterLookStore } from "../collection/collection-store.ts";
import type { AddressKeeper } from "../commands/shared-addresses.ts";
import type { CollectionFindings } from "../collection/daily-look.ts";
import type { EngineCommandStore, EngineMeterStore, PaymentStore } from "../commands/command-store.ts";
import type { ConclusionParts } from "../commands/conclusion.ts";
import type { OutcomeKeeper } from "../commands/outcome-keeper.ts";
import type { ReplacementStore } from "../commands/replacement/replacement.ts";
import type { RestoredBooks } from "../commands/restored.ts";
import type { Config } from "../config.ts";
import type { DeviceStore } from "../devices/device-store.ts";
import type { SuspectListener } from "../devices/reading-intake.ts";
import type { LineGuard } from "../devices/line-leases.ts";
import type { MeterRecord, Street } from "../devices/meter.ts";
import type { Chance } from "../kernel/chance.ts";
import type { Clock, Instant } from "../kernel/clock.ts";
import type { Announcement, Outbox } from "../kernel/events.ts";
import type { CommandId, MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { BillingStore } from "../ledger/billing-store.ts";
import type { RatesWatch } from "../ledger/resettling.ts";
import type { LedgerStore } from "../ledger/ledger-store.ts";
import type { CutAlarms } from "../policy/cut-alarms.ts";
import type { GuardRails } from "../policy/guard-settings.ts";
import type { CutBatch, GuardStore } from "../policy/guard-store.ts";
import type { NoticeStore } from "../notices/notice-store.ts";
import type { NoCutStore } from "../policy/no-cut-store.ts";
import type { NoCutsInForce } from "../policy/no-cuts-in-force.ts";
import type { PolicyStore } from "../policy/policy-store.ts";
import type { Strategies } from "../policy/strategies.ts";
import type { Teller } from "../policy/teller.ts";
import type { CommandQueue } from "../queue/command-queue.ts";
import type { Untold } from "../stores/outbox-pump.ts";
import type { ValidationStore } from "../validation/validation-store.ts";
import type { Closers } from "./closers.ts";

/** The engine's books; every one joins the transactions of this transactor. */
export interface HouseStores {
  readonly transactor: Transactor;
  readonly commands: EngineCommandStore;
  readonly meters: EngineMeterStore;
  readonly replacements: ReplacementStore;
  readonly payments: PaymentStore;
  readonly readings: DeviceStore & {
    /** The newest believed readings of these meters, all items. */
    latestOf(meters: readonly MeterAddress[], tx?: Transaction | null): Promise<readonly Reading[]>;
  };
  readonly collection: CollectionStore;
  readonly looks: MeterLookStore;
  readonly ledger: LedgerStore;
  readonly billing: BillingStore;
  readonly policy: PolicyStore;
  readonly guards: GuardStore;
  readonly noCuts: NoCutStore;
  readonly notices: NoticeStore;
  readonly validation: ValidationStore;
  readonly outbox: Outbox & Untold;
}

/** Of the site, what the engine goes by. */
export type HouseSite = Pick<
  Config,
  "site" | "buses" | "meters" | "accounts" | "tariffs" | "policy" | "classes" | "polling" | "paymentCap" | "channels"
> &
  Partial<Pick<Config, "validation">> & {
    /** Left out: nobody is asked and nothing trips, as in a simulation of one street. */
    readonly guardRails?: GuardRails;
    /** Left out: nobody asks for midnights, as in a simulation of hours. */
    readonly collection?: Config["collection"];
  };

/** Rows and money, as everything that changes them is given them. */
export interface EngineBooks extends Omit<ConclusionParts, "outcomes"> {
  readonly log: Logger;
  readonly newId: () => string;
  readonly transactor: Transactor;
  readonly commands: EngineCommandStore;
}

/** Who is told, in the same transaction, of what needs a person. */
export interface EngineKeepers {
  readonly outcomes?: OutcomeKeeper;
  readonly suspects?: SuspectListener;
  readonly rates?: RatesWatch;
  readonly findings?: CollectionFindings;
  /** And who tells customers what the rules have come to. */
  readonly teller?: Teller;
  /** A relay is seen closed that was last seen open, or not at all. */
  readonly relayClosed?: (tx: Transaction, meter: MeterAddress) => Promise<void>;
  readonly addresses?: AddressKeeper;
  readonly cuts?: CutAlarms;
}

export interface EngineParts<K extends EngineKeepers = EngineKeepers> {
  readonly config: HouseSite;
  readonly stores: HouseStores;
  readonly street: Street;
  readonly leases: Pick<LineGuard, "holds" | "onTaken"> & { held(): readonly string[] };
  readonly queue: CommandQueue;
  readonly lanes: readonly string[];
  /** Commands, rules, meters and lines live on this clock. */
  readonly clock: Clock;
  /** The world's, for what joins moments together. */
  readonly worldClock: Clock;
  readonly newId: () => string;
  readonly log: Logger;
  readonly live: Pick<LiveEvents, "publish">;
  /** Announcements as the outbox tells them, before anybody else hears them. */
  readonly count: (events: readonly Announcement[]) => void;
  /** Made when the books are, before anything is done with them. */
  readonly keepers: (books: EngineBooks) => K;
  readonly closers: Pick<Closers, "add">;
  /** Commands in hand are given so long to write down what they know when the house stops. */
  readonly stopCommandsMs: number;
  /** How often sweeper, pump, poller and rules look around unasked. Left out: as each of them is used to. A simulation has days to get through. */
  readonly lookEveryMs?: number;
  /** Spreads restores of one feeder. Left out: they follow each other without a die. */
  readonly chance?: Chance;
  /** What is not believed of books that came back from a backup. Left out: these never did. */
  readonly restored?: RestoredBooks;
}

/** What the doors say and ask; they come in by nothing else. */
export type EngineDoors = Pick<
  ApiParts,
  | "transactor"
  | "service"
  | "cuts"
  | "payments"
  | "refunds"
  | "ledger"
  | "intake"
  | "identities"
  | "buses"
  | "replacing"
  | "entries"
>;

/** The strategy of cuts in force, and what it says of an account now. */
export interface EngineRules {
  readonly strategies: Strategies;
  /** Pictures in which stands what was said of bad weather and outages. */
  readonly policy: PolicyStore;
  readonly noCuts: NoCutsInForce;
  /** Nobody is cut while it holds. */
  readonly holdsCuts: () => Promise<boolean>;
  /** Of a meter that they would cut: what of the whole site holds it back. */
  readonly heldBy: (meter: MeterAddress) => Promise<readonly string[]>;
  /** The list of cuts that persons approved, by which this command was asked for. */
  readonly listOf: (command: CommandId) => Promise<CutBatch | null>;
  /** When a meter was heard last, or null. */
  readonly heardAt: (meter: MeterAddress) => Instant | null;
}

export interface Engine<K extends EngineKeepers = EngineKeepers> {
  readonly keepers: K;
  readonly books: EngineBooks;
  readonly rules: EngineRules;
  /** A meter that hangs on one of the lines from now on. */
  readonly comes: (meter: MeterRecord) => void;
  readonly doors: EngineDoors;
  /** Takes up what is open, and begins to work. */
  start(): Promise<void>;
  /** Whatever waits for this is looked at now. */
  wakeWaitingFor(what: string): Promise<void>;
  /** Commands in hand. */
  running(): number;
  /** Whether work goes on: what is due and in nobody's hand, how many were taken, and what can be done about it. */
  readonly work: {
    waiting(): Promise<number>;
    taken(): number;
    renew(): Promise<void>;
    /** Of this house, by so much: whatever waits for a moment is looked at now, and no cut has more time than it was given. */
    clockWentBack(byMs: number): Promise<void>;
  };
  /** Its readings are wanted before their time. */
  readSoon(meter: MeterAddress): void;
  pollAll(): Promise<void>;
  reconcile(): Promise<void>;
  hold(): Promise<() => void>;
}
