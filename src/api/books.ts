/**
 * What the HTTP door needs of the rest of the house, named by the door: services to ask, and pictures to look at. Stores and
 * services fulfil these shapes; main.ts joins them.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import type { Announcement } from "../kernel/events.ts";
import type { AccountId, CommandId, MeterAddress, PaymentId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Fen } from "../kernel/money.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Right } from "../kernel/permissions.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { AuditStore } from "../audit/audit-store.ts";
import type { Sealer } from "../audit/sealer.ts";
import type { ReceiptDesk } from "../receipts/receipt-desk.ts";
import type { CollectionStore, MeterLookStore } from "../collection/collection-store.ts";
import type { Attempt, Command } from "../commands/command.ts";
import type { CommandService } from "../commands/command-service.ts";
import type { AccountBook, CommandStore, MeterBook, MeterStore, Payment, PaymentStore } from "../commands/command-store.ts";
import type { IdentityWatch } from "../commands/identity-watch.ts";
import type { ReplacementService } from "../commands/replacement/replacement-service.ts";
import type { ReplacementStore } from "../commands/replacement/replacement.ts";
import type { NewMeters } from "../commands/new-meters.ts";
import type { PaymentService } from "../commands/payment-service.ts";
import type { RefundService } from "../commands/refund-service.ts";
import type { BusPicture, Street } from "../devices/meter.ts";
import type { BusShares } from "../devices/poll-planner.ts";
import type { ReadingStore } from "../devices/device-store.ts";
import type { ReadingIntake } from "../devices/reading-intake.ts";
import type { Comparison } from "../exceptions/comparison.ts";
import type { ComparisonStore } from "../exceptions/comparison-store.ts";
import type { ExceptionStore } from "../exceptions/exception-store.ts";
import type { Exceptions } from "../exceptions/exceptions.ts";
import type { IndicatorDesk } from "../indicators/desk.ts";
import type { DailyBillingStore } from "../ledger/billing-store.ts";
import type { ChannelPayments } from "../ledger/channel-file.ts";
import type { Tariffs } from "../tariff/tariff.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { LedgerStore } from "../ledger/ledger-store.ts";
import type { BatchDesk } from "../policy/cut-batches.ts";
import type { CutGate } from "../policy/cut-gate.ts";
import type { CutPreview } from "../policy/cut-preview.ts";
import type { SiteFigures } from "../policy/guard-rails.ts";
import type { GuardRails } from "../policy/guard-settings.ts";
import type { HaltDesk } from "../policy/halts.ts";
import type { NoCutDesk } from "../policy/no-cut-desk.ts";
import type { NoticeDesk } from "../notices/desk.ts";
import type { NoticeStore } from "../notices/notice-store.ts";
import type { ExemptionDesk } from "../policy/exemption-desk.ts";
import type { WhyDesk } from "../policy/why.ts";
import type { RecoveryDesk } from "../recovery/desk.ts";
import type { Expected } from "../recovery/expected.ts";
import type { StatementStore } from "../ledger/statements.ts";
import type { EntryService } from "../validation/entry-service.ts";
import type { Reviewer } from "../validation/review/reviewer.ts";
import type { ValidationStore } from "../validation/validation-store.ts";

export interface StoredAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface Idempotency {
  claim(tx: Transaction, key: string, fingerprint: string): Promise<StoredAnswer | null>;
  keep(tx: Transaction, key: string, answer: StoredAnswer): Promise<void>;
}

export interface PartReport {
  readonly name: string;
  readonly ready: boolean;
  /** Works, but not as it should. */
  readonly degraded?: boolean;
  readonly why: string | null;
  readonly nameZh?: string;
  /** What to do, where something is to be done. */
  readonly next?: string;
  readonly nextZh?: string;
}

export interface ApiParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly timeZone: string;
  readonly transactor: Transactor;
  readonly idempotency: Idempotency;
  readonly service: CommandService;
  readonly payments: PaymentService;
  readonly refunds: RefundService;
  readonly commandStore: CommandStore & {
    /** The attempts of these commands, oldest first. */
    attemptsOf(
      tx: Transaction | null,
      commands: readonly CommandId[],
    ): Promise<readonly (Attempt & { readonly command: CommandId })[]>;
    /** Those there are, in no order. */
    findAll(commands: readonly CommandId[]): Promise<readonly Command[]>;
  };
  readonly paymentStore: Pick<PaymentStore, "find" | "list"> &
    ChannelPayments & {
      /** Those that were taken, in no order. */
      byOrders(orders: readonly { readonly channel: string; readonly orderId: string }[]): Promise<readonly Payment[]>;
    };
  readonly meterStore: Pick<MeterStore, "meter" | "account"> & {
    all(): Promise<readonly MeterBook[]>;
    accounts(page: { readonly limit: number; readonly after: AccountId | null }): Promise<readonly AccountBook[]>;
  };
  readonly replacing: {
    readonly service: ReplacementService;
    readonly store: Pick<ReplacementStore, "find" | "list">;
    /** Somebody said something to one of them. */
    readonly nudge: () => void;
  };
  readonly ledger: Ledger;
  readonly ledgerStore: Pick<LedgerStore, "statement"> & StatementStore;
  readonly cuts: {
    readonly rails: GuardRails;
    readonly gate: Pick<CutGate, "figures">;
    readonly halts: HaltDesk;
    readonly batches: BatchDesk;
    readonly noCuts: NoCutDesk;
    readonly preview: CutPreview;
    readonly noteImport: (tx: Transaction, channel: string, by: string) => Promise<Instant>;
    readonly counts: () => Promise<SiteFigures & { readonly waiting: number }>;
  };
  readonly policy: { readonly why: WhyDesk; readonly exemptions: ExemptionDesk };
  readonly notices: { readonly desk: NoticeDesk; readonly store: Pick<NoticeStore, "list" | "find" | "attempts"> };
  readonly recovery: {
    readonly desk: RecoveryDesk;
    /** When supply may be expected back; null: no meter hangs there. */
    readonly expected: (meter: MeterAddress) => Promise<Expected | null>;
  };
  readonly exceptions: Exceptions;
  readonly exceptionStore: ExceptionStore;
  readonly comparison: Pick<Comparison, "begin">;
  readonly comparisonStore: Pick<ComparisonStore, "run">;
  /** The largest correction that one person may make. */
  readonly correctionCap: Fen;
  /** Null: any channel name is accepted. */
  readonly channels: ReadonlySet<string> | null;
  /** Of an account that names none. */
  readonly tariffOfClass: (name: string) => string;
  readonly tariffs: Tariffs;
  readonly newId: () => string;
  readonly tariffPush: { readonly approval: "one" | "two-persons" };
  readonly newMeters: {
    readonly service: NewMeters;
    /** Onto their lines, now. */
    bring(): Promise<void>;
  };
  readonly readings: Pick<ReadingStore, "list"> & {
    latestOf(meters: readonly MeterAddress[]): Promise<readonly Reading[]>;
    energyByDay(
      meter: MeterAddress,
      timeZone: string,
      limit: number,
    ): Promise<readonly { readonly day: string; readonly first: string; readonly last: string }[]>;
  };
  readonly billing: Pick<DailyBillingStore, "days" | "billOf">;
  readonly collection: {
    readonly store: Pick<CollectionStore, "counts" | "gaps" | "gapCount">;
    readonly looks: Pick<MeterLookStore, "events" | "clocks" | "hours">;
  };
  readonly street: Street;
  /** Lines with their shares of time beside their counts. */
  readonly buses: () => readonly (BusPicture & BusShares)[];
  readonly intake: ReadingIntake;
  readonly identities: Pick<IdentityWatch, "mustBeOurs">;
  /** What persons enter about a register. */
  readonly entries: EntryService;
  readonly entryStore: Pick<ValidationStore, "entries">;
  readonly reviewer: Reviewer;
  readonly indicators: Pick<IndicatorDesk, "spanOf" | "figures" | "rows">;
  readonly live: LiveEvents;
  readonly readiness: () => Promise<readonly PartReport[]>;
  /** False: nothing goes on here any more, and another process would do better. Left out: it always does. */
  readonly isAlive?: () => boolean;
  readonly audit: {
    readonly store: Pick<AuditStore, "head" | "waiting" | "page">;
    readonly sealer: Pick<Sealer, "trouble">;
    readonly receipts: Pick<ReceiptDesk, "ofCommand" | "ofPayment" | "keys">;
  };
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly apiKeys: readonly { readonly name: string; readonly secret: Secret<string>; readonly may?: readonly Right[] }[];
  /** What people's browsers call the gateway when a proxy stands before it; null: what they say in Host. */
  readonly publicUrl: string | null;
  /** Folder of the built console, or null when there is none. */
  readonly consoleFolder: string | null;
}

/** Announcements for whoever listens right now; nothing is kept. */
export class LiveEvents {
  readonly #listeners = new Set<(event: Announcement) => void>();

  publish(events: readonly Announcement[]): void {
    for (const event of events) for (const listener of this.#listeners) listener(event);
  }

  subscribe(listener: (event: Announcement) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export type { AccountBook, MeterBook, Payment, PaymentId };
