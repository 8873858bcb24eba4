/**
 * Every number we export: its unit, its meaning, and what to do when it is wrong. A table that registers itself; the words
 * after "→" are the advice an alert should carry.
 */
import { Counter, Gauge, Registry, collectDefaultMetrics } from "prom-client";
import { cutGauges, type CutFigures } from "./cuts.ts";
import { noticeGauges, type NoticeFigures } from "./notices.ts";
import { recoveryGauges, type RecoveryFigures } from "./recovery.ts";
import { retentionGauges, type RetentionFigures } from "./retention.ts";

export interface Pictures {
  readonly commandsByState: () => Promise<readonly { readonly state: string; readonly count: number }[]>;
  readonly buses: () => readonly {
    readonly id: string;
    readonly open: boolean;
    readonly heldByUs: boolean;
    readonly waiting: number;
    readonly exchanges: number;
    readonly silences: number;
    readonly busyMs: number;
    readonly planned: number;
    readonly measured: number | null;
    readonly ignored?: Readonly<Record<string, number>>;
  }[];
  readonly meters: () => { readonly answering: number; readonly silent: number; readonly unknown: number };
  readonly running: () => number;
  readonly exceptions: () => Promise<readonly { readonly kind: string; readonly open: number; readonly overdue: number }[]>;
  /** Of the house, as /readyz tells them: 0 as it should be, 1 degraded, 2 not ready. */
  readonly parts: () => Promise<readonly { readonly part: string; readonly state: 0 | 1 | 2 }[]>;
  readonly standsStillMs: () => number;
  readonly retention: () => RetentionFigures;
  readonly cuts: () => Promise<CutFigures>;
  readonly notices: () => Promise<NoticeFigures>;
  readonly recovery: RecoveryFigures;
  /** Midnights of yesterday and today, by line. */
  readonly collection: () => Promise<
    readonly { readonly line: string; readonly when: string; readonly rate: number; readonly gaps: number }[]
  >;
  readonly auditWaiting: () => Promise<{ readonly rows: number; readonly ageMs: number }>;
}

/** A figure that cannot be had just now is left out: the others, and above all the one that says why, are wanted then most. */
const orNone = async <T>(picture: Promise<readonly T[]>): Promise<readonly T[]> => picture.catch(() => []);

export class Counters {
  readonly registry = new Registry();
  readonly announcements: Counter<"type">;

  constructor(pictures: Pictures) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    retentionGauges(registers, pictures.retention);
    cutGauges(registers, pictures.cuts);
    noticeGauges(registers, pictures.notices);
    recoveryGauges(registers, pictures.recovery);
    this.announcements = new Counter({
      name: "fee_control_announcements_total",
      help: "Announcements delivered, by type → none while payments come in: look at the outbox pump in the log",
      labelNames: ["type"],
      registers,
    });
    new Gauge({
      name: "fee_control_commands",
      help: "Commands by state → disputed > 0: a person decides; verifying growing: meters fell silent after an order",
      labelNames: ["state"],
      registers,
      async collect() {
        this.reset();
        for (const { state, count } of await orNone(pictures.commandsByState())) this.set({ state }, count);
      },
    });
    new Gauge({
      name: "fee_control_commands_running",
      help: "Commands that a worker has in hand → 0 while some are queued: the queue's store is away",
      registers,
      collect() {
        this.set(pictures.running());
      },
    });
    const perException = (name: string, help: string, value: (row: { open: number; overdue: number }) => number): void => {
      new Gauge({
        name,
        help,
        labelNames: ["kind"],
        registers,
        async collect() {
          this.reset();
          for (const row of await orNone(pictures.exceptions())) this.set({ kind: row.kind }, value(row));
        },
      });
    };
    perException(
      "fee_control_exceptions_open",
      "What waits for a person, by kind → each has an owner and a next step: see /v1/exceptions",
      (row) => row.open,
    );
    perException(
      "fee_control_exceptions_overdue",
      "Of these, open longer than their kind may be → call the owner; hand it over where nobody works on it",
      (row) => row.overdue,
    );
    new Gauge({
      name: "fee_control_audit_waiting_seconds",
      help: "Age of the oldest row of the audit that is not sealed yet → above 60: see audit at /readyz; nobody seals, or a transaction hangs",
      registers,
      async collect() {
        const waits = await pictures.auditWaiting().catch(() => null);
        if (waits !== null) this.set(waits.ageMs / 1_000);
      },
    });
    new Gauge({
      name: "fee_control_part_state",
      help: "Parts of the house, 0 as it should be, 1 degraded, 2 not ready → above 0: /readyz says why and what to do next",
      labelNames: ["part"],
      registers,
      async collect() {
        this.reset();
        for (const { part, state } of await orNone(pictures.parts())) this.set({ part }, state);
      },
    });
    const perLine = (name: string, help: string, value: (row: { rate: number; gaps: number }) => number): void => {
      new Gauge({
        name,
        help,
        labelNames: ["bus", "day"],
        registers,
        async collect() {
          this.reset();
          for (const row of await orNone(pictures.collection())) this.set({ bus: row.line, day: row.when }, value(row));
        },
      });
    };
    perLine(
      "fee_control_collection_rate",
      "Midnights that came, of those that meters owed, today and yesterday → yesterday below 0.999: see /v1/collection/gaps",
      (row) => row.rate,
    );
    perLine(
      "fee_control_collection_gaps",
      "Midnights missing or given up → those of one line alone: look at the line; of single meters: visit them",
      (row) => row.gaps,
    );
    new Gauge({
      name: "fee_control_work_stands_still_seconds",
      help: "For how long nothing was taken though commands were due → above 30: workers are made anew; above 180: /healthz fails",
      registers,
      collect() {
        this.set(pictures.standsStillMs() / 1_000);
      },
    });
    const perBus = (name: string, help: string, value: (bus: ReturnType<Pictures["buses"]>[number]) => number): void => {
      new Gauge({
        name,
        help,
        labelNames: ["bus"],
        registers,
        collect() {
          this.reset();
          for (const bus of pictures.buses()) this.set({ bus: bus.id }, value(bus));
        },
      });
    };
    perBus(
      "fee_control_bus_held",
      "1 when this gateway holds the line's lease → 0 at every gateway: nobody drives it; see leases at /readyz",
      (bus) => (bus.heldByUs ? 1 : 0),
    );
    perBus(
      "fee_control_bus_open",
      "1 when bytes can be sent → 0 where held is 1: see why at /v1/buses; check adapter, host, broker",
      (bus) => (bus.open ? 1 : 0),
    );
    perBus(
      "fee_control_bus_waiting",
      "Requests waiting for the line → grows: the line is full or a meter is silent",
      (bus) => bus.waiting,
    );
    perBus("fee_control_bus_exchanges_total", "Requests answered or given up", (bus) => bus.exchanges);
    perBus(
      "fee_control_bus_silences_total",
      "Requests nobody answered → rises: wrong address, baud rate, or a dead meter",
      (bus) => bus.silences,
    );
    perBus(
      "fee_control_bus_busy_seconds_total",
      "Time in which the line was in use → near the clock's own pace: the line is full",
      (bus) => bus.busyMs / 1_000,
    );
    perBus(
      "fee_control_bus_planned_share",
      "Share of the line's time that the poll plan needs → above 1: poll less often, fewer items, or raise the baud rate",
      (bus) => bus.planned,
    );
    perBus(
      "fee_control_bus_measured_share",
      "Share of the line's time in use over the last hour, rests included → far above planned: commands, or dead meters",
      (bus) => bus.measured ?? 0,
    );
    new Gauge({
      name: "fee_control_bus_messages_ignored_total",
      help: "MQTT messages not let through → malformed: compare the bus's payload with the modem's; retained: clear them on the broker",
      labelNames: ["bus", "why"],
      registers,
      collect() {
        this.reset();
        for (const { id, ignored } of pictures.buses())
          for (const [why, count] of Object.entries(ignored ?? {})) if (count > 0) this.set({ bus: id, why }, count);
      },
    });
    new Gauge({
      name: "fee_control_meters",
      help: "Meters by health → silent: visit, or look at the line",
      labelNames: ["health"],
      registers,
      collect() {
        for (const [health, count] of Object.entries(pictures.meters())) this.set({ health }, count);
      },
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}
