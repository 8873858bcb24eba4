/**
 * The tables of the books and what their indexes, references and checks refuse: `migrations/` said in TypeScript, under the same
 * names. A row that breaks one of them is refused here exactly where PostgreSQL refuses it.
 */
import type { Attempt, Command } from "../../commands/command.ts";
import { isOpen, isUnsent, waitsForApproval } from "../../commands/command.ts";
import { isAutomaticCut } from "../../commands/rivals.ts";
import type { AccountBook, MeterBook, Payment } from "../../commands/command-store.ts";
import type { Replacement } from "../../commands/replacement/replacement.ts";
import type { ClockRow, Dues, HourRow } from "../../collection/collection-store.ts";
import type { Day } from "../../collection/days.ts";
import type { EventKind, MeterEvent } from "../../collection/event-kinds.ts";
import type { DayState, How, MissingBecause } from "../../collection/states.ts";
import type { Instant } from "../../kernel/clock.ts";
import type { Announcement } from "../../kernel/events.ts";
import type { AccountId, CommandId, MeterAddress } from "../../kernel/ids.ts";
import type { Reading } from "../../kernel/reading.ts";
import type { Entry } from "../../ledger/ledger-store.ts";
import type { BillingState } from "../../ledger/billing-store.ts";
import type { SettlementDay } from "../../ledger/settlement-day.ts";
import type { Exemption } from "../../policy/exemptions.ts";
import type { NoticeAttempt, NoticeId, NoticeRecord } from "../../notices/notice.ts";
import type { CutBatch, CutMember, Halt, Left } from "../../policy/guard-store.ts";
import type { NoCutSpan } from "../../policy/no-cuts.ts";
import type { KeptDecision, Standing, StrategyVersion } from "../../policy/policy-store.ts";
import type { Intent } from "../../policy/rules.ts";
import type { Incident, IncidentId, IncidentStep } from "../../recovery/incident.ts";
import type { WatchedCut } from "../../recovery/recovery-store.ts";
import type { Believed, DayRow } from "../../validation/believed.ts";
import type { Entry as ReadingEntry } from "../../validation/entries.ts";
import type { DoubtRow } from "../../validation/validation-store.ts";
import { ConstraintViolated, Table } from "./table.ts";

export interface CommandRow {
  readonly command: Command;
  /** When a worker should look at it again; null when it has ended. */
  readonly lookAt: Instant | null;
  /** The number of the line's lease under which a worker took it. */
  readonly lineFencing: bigint | null;
}
export interface AttemptRow {
  readonly command: CommandId;
  readonly attempt: Attempt;
  readonly lineFencing: bigint | null;
}
export interface MeterRow {
  readonly book: MeterBook;
  readonly meterNumber: string;
  readonly customerNumber: string;
  readonly bus: string;
  readonly model: string;
  readonly active: boolean;
}
export interface AccountRow extends Omit<AccountBook, "meter"> {
  /** When its mode was switched at the meter; null: the site file tells the mode. */
  readonly switchedAt: Instant | null;
}
export interface EntryRow {
  readonly id: bigint;
  readonly entry: Entry;
}
export interface ReadingRow {
  readonly id: number;
  readonly reading: Reading;
  readonly suspect: string | null;
}
export interface BelievedRow {
  readonly meter: MeterAddress;
  readonly believed: Believed;
}
export interface MeterDayRow extends DayRow {
  readonly meter: MeterAddress;
}
export interface IntentRow {
  readonly id: number;
  readonly intent: Intent;
  readonly meter: MeterAddress;
  readonly shadow: boolean;
  readonly facts: unknown;
  readonly at: Instant;
}
export interface DecisionRow {
  readonly id: number;
  readonly decision: KeptDecision;
}
export interface StandingRow {
  readonly meter: MeterAddress;
  readonly account: AccountId;
  readonly standing: Standing;
}
export interface NoticeRow {
  readonly id: number;
  readonly notice: NoticeRecord;
}
export interface NoticeAttemptRow {
  readonly notice: NoticeId;
  readonly attempt: NoticeAttempt;
}
export interface StrategyRow {
  readonly id: number;
  readonly strategy: StrategyVersion;
}
export interface MemberRow extends CutMember {
  readonly batch: string;
  readonly place: number;
}
export interface IncidentStepRow {
  readonly id: number;
  readonly incident: IncidentId;
  readonly step: IncidentStep;
}
export interface OutboxRow {
  readonly id: number;
  readonly command: CommandId | null;
  readonly event: Announcement | null;
}
export interface KeyRow {
  readonly key: string;
  readonly fingerprint: string;
  readonly status: number;
  /** The answer as the text it was sent as. */
  readonly body: string;
}
export interface LeaseRow {
  readonly bus: string;
  readonly holder: string | null;
  readonly fencing: bigint;
  readonly expiresAt: Instant;
}
export interface GatewayRow {
  readonly slot: number;
  readonly holder: string;
  readonly buses: readonly string[];
  readonly expiresAt: Instant;
}

export interface OwingRow extends Omit<Dues, "days"> {
  readonly openedTo: Day;
}
export interface CollectionDayRow {
  readonly meter: MeterAddress;
  readonly day: Day;
  readonly state: DayState;
  readonly how: How | null;
  readonly because: MissingBecause | null;
  readonly takenAt: Instant | null;
  readonly comeAt: Instant | null;
  readonly askedAt: Instant | null;
}
export interface EventCountRow {
  readonly meter: MeterAddress;
  readonly kind: EventKind;
  readonly count: number;
}

/** Nobody can tell yet what became of it; another that adds may not leave. */
const ON_THE_WIRE: readonly string[] = ["sending", "verifying", "disputed"];
const isOnTheWire = (row: Command): boolean => row.effect === "adds" && ON_THE_WIRE.includes(row.state);

/** States of a command of which no byte has left. */
const NOTHING_LEFT: readonly string[] = ["accepted", "queued", "cancelled", "expired", "refused"];

/** The index under which the one command stands that adds and may be on the wire to a meter. */
export const ADDING = "one_adding_command_on_the_wire";

/** Two parts that may hold any character, as one key. */
export const pair = (a: string, b: string): string => JSON.stringify([a, b]);
export const attemptKey = (command: CommandId, number: number): string => `${command}/${number}`;
export const stretchKey = (meter: MeterAddress, stretch: bigint): string => `${meter}/${stretch}`;
export const billedDayKey = ({
  meter,
  stretch,
  day,
  account,
}: Pick<SettlementDay, "meter" | "stretch" | "day" | "account">): string => `${meter}/${stretch}/${day}/${account}`;
/** A day that is asked for still. */
export const isOwed = (state: DayState): boolean => state === "due" || state === "missing";
/** All open commands and days; a meter's own stand under its address. */
export const OPEN = "open";
/** The one group in which all rows of a kind are. */
export const ALL = "all";

export class Books {
  readonly accounts = new Table<AccountRow>({ name: "accounts", keyOf: (row) => row.account });
  readonly meters = new Table<MeterRow>({
    name: "meters",
    keyOf: (row) => row.book.address,
    ordered: { all: { of: () => ALL, by: (row) => row.book.address } },
    unique: { one_meter_per_account: (row) => (row.active ? row.book.account : null) },
  });
  readonly entries = new Table<EntryRow>({
    name: "ledger_entries",
    keyOf: (row) => String(row.id),
    unique: {
      ledger_entries_kind_reference_key: ({ entry }) => pair(entry.kind, entry.reference),
      ledger_entries_closes_key: ({ entry }) => entry.closes,
    },
    groups: { book: ({ entry }) => entry.legs.map((leg) => leg.book) },
    check: ({ entry: { legs } }) => {
      if (legs.some((leg) => leg.amount === 0n)) throw new ConstraintViolated("ledger_legs_amount_check");
      if (new Set(legs.map((leg) => leg.book)).size < legs.length) throw new ConstraintViolated("ledger_legs_pkey");
    },
  });
  readonly positions = new Table<{ readonly book: string; readonly amount: bigint }>({
    name: "ledger_positions",
    keyOf: (row) => row.book,
  });
  readonly payments = new Table<Payment>({
    name: "payments",
    keyOf: (row) => row.id,
    unique: { payments_channel_order_id_key: (row) => pair(row.channel, row.orderId) },
    groups: { account: (row) => row.account, disputed: (row) => (row.state === "disputed" ? row.account : null) },
    ordered: { account: { of: (row) => row.account, by: (row) => row.id }, all: { of: () => ALL, by: (row) => row.id } },
    check: (row) => {
      if (row.amount <= 0n) throw new ConstraintViolated("payments_amount_check");
    },
  });
  readonly commands = new Table<CommandRow>({
    name: "commands",
    keyOf: (row) => row.command.id,
    unique: { [ADDING]: ({ command }) => (isOnTheWire(command) ? command.meter : null) },
    groups: {
      meter: ({ command }) => command.meter,
      open: ({ command }) => (isOpen(command.state) ? [OPEN, command.meter] : null),
      unended: ({ command: { endedAt, state, meter } }) => (endedAt === null || isUnsent(state) ? meter : null),
      automaticCuts: ({ command }) => (isAutomaticCut(command) ? ALL : null),
    },
    ordered: {
      kind: { of: ({ command }) => pair(command.meter, command.kind), by: ({ command }) => command.id },
      cutEnds: {
        of: ({ command }) =>
          command.kind !== "disconnect" || command.endedAt === null
            ? null
            : isAutomaticCut(command)
              ? [ALL, command.meter]
              : command.meter,
        by: ({ command }) => command.endedAt ?? 0,
      },
    },
    check: ({ command }) => {
      const { askedByName, approval, state } = command;
      if (approval?.by != null && (askedByName == null || askedByName === approval.by))
        throw new ConstraintViolated("two_persons");
      if (waitsForApproval(command) && !NOTHING_LEFT.includes(state)) throw new ConstraintViolated("nothing_leaves_unapproved");
    },
  });
  readonly replacements = new Table<Replacement>({
    name: "replacements",
    keyOf: (row) => row.id,
    unique: {
      one_replacement_of_a_meter: (row) => (row.endedAt === null ? row.oldMeter : null),
      one_replacement_by_a_meter: (row) => (row.endedAt === null ? row.newMeter : null),
    },
    check: (row) => {
      if (row.oldMeter === row.newMeter) throw new ConstraintViolated("replacements_check");
    },
  });
  readonly attempts = new Table<AttemptRow>({
    name: "attempts",
    keyOf: (row) => attemptKey(row.command, row.attempt.number),
    groups: { command: (row) => row.command },
  });
  readonly readings = new Table<ReadingRow>({
    name: "readings",
    keyOf: (row) => String(row.id),
    groups: { meter: (row) => row.reading.meter },
    ordered: {
      energy: {
        of: ({ reading }) => (reading.item === "importedEnergy" ? reading.meter : null),
        by: ({ reading }) => reading.takenAt,
      },
    },
  });
  readonly latest = new Table<Reading>({
    name: "latest_readings",
    keyOf: (row) => pair(row.meter, row.item),
    groups: { meter: (row) => row.meter },
  });
  readonly believed = new Table<BelievedRow>({ name: "believed_registers", keyOf: (row) => row.meter });
  readonly doubts = new Table<DoubtRow>({ name: "reading_doubts", keyOf: (row) => row.meter });
  readonly meterDays = new Table<MeterDayRow>({
    name: "meter_days",
    keyOf: (row) => pair(row.meter, row.day),
    ordered: { meter: { of: (row) => row.meter, by: (row) => row.day } },
  });
  readonly readingEntries = new Table<ReadingEntry>({
    name: "reading_entries",
    keyOf: (row) => row.id,
    groups: { meter: (row) => row.meter },
  });
  readonly billing = new Table<BillingState>({
    name: "billing",
    keyOf: (row) => row.meter,
    groups: { account: (row) => row.account },
  });
  readonly billedDays = new Table<SettlementDay>({
    name: "billing_days",
    keyOf: billedDayKey,
    groups: {
      account: (row) => row.account,
      meter: (row) => row.meter,
      unsettled: (row) => (row.settledBy === null && row.endBy !== null ? [row.meter, row.account] : null),
      ratesMissing: (row) => (row.ratesMissing && row.settledBy !== null ? row.meter : null),
    },
    ordered: {
      account: { of: (row) => row.account, by: (row) => row.day },
      stretch: { of: (row) => stretchKey(row.meter, row.stretch), by: (row) => row.day },
    },
  });
  readonly intents = new Table<IntentRow>({
    name: "intents",
    keyOf: (row) => String(row.id),
    ordered: { meter: { of: (row) => row.meter, by: (row) => row.id } },
  });
  readonly decisions = new Table<DecisionRow>({
    name: "decisions",
    keyOf: (row) => String(row.id),
    ordered: { account: { of: ({ decision }) => decision.account, by: (row) => row.id } },
    groups: { account: ({ decision }) => decision.account },
  });
  readonly standings = new Table<StandingRow>({
    name: "standings",
    keyOf: (row) => row.meter,
    groups: { stage: ({ standing }) => standing.stage },
  });
  readonly notices = new Table<NoticeRow>({
    name: "notices",
    keyOf: (row) => row.notice.id,
    unique: { notices_said_once: ({ notice }) => (notice.once === null ? null : pair(notice.account, notice.once)) },
    groups: {
      account: ({ notice }) => notice.account,
      waiting: ({ notice }) => (notice.state === "waiting" ? notice.account : null),
      state: ({ notice }) => (notice.state === "waiting" || notice.state === "failed" ? notice.state : null),
      once: ({ notice }) => notice.once,
    },
    ordered: { account: { of: ({ notice }) => notice.account, by: (row) => row.id } },
    check: ({ notice: { state, delivered } }) => {
      if ((state === "delivered") !== (delivered !== null)) throw new ConstraintViolated("notices_delivered");
    },
  });
  readonly noticeAttempts = new Table<NoticeAttemptRow>({
    name: "notice_attempts",
    keyOf: (row) => pair(row.notice, String(row.attempt.number)),
    groups: { notice: (row) => row.notice },
  });
  readonly strategies = new Table<StrategyRow>({
    name: "strategies",
    keyOf: (row) => String(row.id),
    groups: { scope: ({ strategy }) => strategy.scope },
  });
  readonly exemptions = new Table<Exemption>({
    name: "exemptions",
    keyOf: (row) => row.id,
    groups: { account: (row) => row.account },
    check: (row) => {
      if (row.until <= row.from) throw new ConstraintViolated("exemptions_check");
    },
  });
  readonly noCuts = new Table<NoCutSpan>({
    name: "no_cuts",
    keyOf: (row) => row.id,
    check: (row) => {
      if (row.until <= row.from) throw new ConstraintViolated("no_cuts_last");
    },
  });
  readonly siteLocks = new Table<{ readonly name: string }>({ name: "site_locks", keyOf: (row) => row.name });
  readonly cutHalts = new Table<Halt>({
    name: "cut_halts",
    keyOf: (row) => row.id,
    unique: { one_halt_stands: (row) => (row.released === null ? row.kind : null) },
    check: ({ asked, released }) => {
      if (released !== null && (asked === null || asked.by === released.by)) throw new ConstraintViolated("two_persons_release");
    },
  });
  readonly cutBatches = new Table<CutBatch>({
    name: "cut_batches",
    keyOf: (row) => row.id,
    check: ({ state, first, second, goodUntil }) => {
      if (second !== null && (first === null || first.by === second.by)) throw new ConstraintViolated("two_persons_cut");
      if (["canary", "running", "done"].includes(state) && (second === null || goodUntil === null))
        throw new ConstraintViolated("nothing_runs_unapproved");
    },
  });
  readonly cutMembers = new Table<MemberRow>({
    name: "cut_members",
    keyOf: (row) => pair(row.batch, row.meter),
    unique: { cut_members_by_command: (row) => row.command },
    groups: { batch: (row) => row.batch, command: (row) => row.command },
  });
  readonly cutsLeft = new Table<Left>({
    name: "cuts_left",
    keyOf: (row) => row.command,
    ordered: { all: { of: () => ALL, by: (row) => row.at } },
  });
  readonly paymentImports = new Table<{ readonly channel: string; readonly at: Instant; readonly by: string }>({
    name: "payment_imports",
    keyOf: (row) => row.channel,
  });
  readonly incidents = new Table<Incident>({
    name: "incidents",
    keyOf: (row) => row.id,
    unique: {
      one_open_incident_of_a_meter: (row) => (row.endedAt === null ? row.meter : null),
      one_incident_of_a_cut: (row) => row.cut,
    },
    groups: { meter: (row) => row.meter },
    check: (row) => {
      if (row.restoredAt !== null && row.endedAt === null) throw new ConstraintViolated("incidents_check");
    },
  });
  readonly incidentSteps = new Table<IncidentStepRow>({
    name: "incident_steps",
    keyOf: (row) => String(row.id),
    groups: { incident: (row) => row.incident },
  });
  readonly watchedCuts = new Table<WatchedCut>({
    name: "watched_cuts",
    keyOf: (row) => row.command,
    groups: { meter: (row) => row.meter },
  });
  readonly outbox = new Table<OutboxRow>({ name: "outbox", keyOf: (row) => String(row.id) });
  readonly keys = new Table<KeyRow>({ name: "idempotency_keys", keyOf: (row) => row.key });
  readonly leases = new Table<LeaseRow>({ name: "line_leases", keyOf: (row) => row.bus });
  readonly gateways = new Table<GatewayRow>({ name: "gateways", keyOf: (row) => String(row.slot) });
  readonly owing = new Table<OwingRow>({ name: "collection_meters", keyOf: (row) => row.meter });
  readonly collectionDays = new Table<CollectionDayRow>({
    name: "collection_days",
    keyOf: (row) => pair(row.meter, row.day),
    groups: {
      day: (row) => row.day,
      open: (row) => (isOwed(row.state) ? [OPEN, row.meter] : null),
      gaps: (row) => (row.state === "missing" || row.state === "given-up" ? row.state : null),
    },
    check: ({ state, how, comeAt }) => {
      if ((state === "collected") !== (how !== null) || (state === "collected") !== (comeAt !== null))
        throw new ConstraintViolated("collection_days_check");
    },
  });
  readonly meterClocks = new Table<ClockRow & { readonly meter: MeterAddress }>({
    name: "meter_clocks",
    keyOf: (row) => pair(row.meter, String(row.at)),
    groups: { meter: (row) => row.meter },
  });
  readonly eventCounts = new Table<EventCountRow>({
    name: "meter_event_counts",
    keyOf: (row) => pair(row.meter, row.kind),
    groups: { meter: (row) => row.meter },
  });
  readonly meterEvents = new Table<MeterEvent & { readonly id: bigint }>({
    name: "meter_events",
    keyOf: (row) => JSON.stringify([row.meter, row.kind, row.number, row.at]),
    groups: { meter: (row) => row.meter },
  });
  readonly meterHours = new Table<HourRow & { readonly meter: MeterAddress }>({
    name: "meter_hours",
    keyOf: (row) => pair(row.meter, String(row.at)),
    groups: { meter: (row) => row.meter },
  });
  #births = 0;
  #ids = 0;

  /** The age of a transaction. */
  nextBirth(): number {
    return (this.#births += 1);
  }

  /** Like an identity column: rises, and is not given back by a rollback. */
  nextId(): number {
    return (this.#ids += 1);
  }
}

/** As jsonb keeps it: a copy that nobody else can change, without what JSON cannot say. */
export const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
