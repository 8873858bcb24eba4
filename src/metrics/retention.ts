/** Figures of letting old rows go. */
import { Gauge, type Registry } from "prom-client";

export interface RetentionFigures {
  readonly thinned: Readonly<Record<string, number>>;
  readonly workedMs: number;
  readonly longestMs: number;
  readonly months: { readonly beside: number };
  readonly waiting: number;
}

export function retentionGauges(registers: Registry[], picture: () => RetentionFigures): void {
  new Gauge({
    name: "fee_control_retention_thinned_total",
    help: "Rows thinned since the start, by kind (docs/retention.md) → 0 of readings-daily for weeks on an old site: see the log for why nothing is thinned",
    labelNames: ["kind"],
    registers,
    collect() {
      for (const [kind, count] of Object.entries(picture().thinned)) this.set({ kind }, count);
    },
  });
  const single = (name: string, help: string, value: (now: RetentionFigures) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value(picture()));
      },
    });
  };
  single(
    "fee_control_retention_worked_seconds_total",
    "Time that thinning took of the database since the start",
    (now) => now.workedMs / 1_000,
  );
  single(
    "fee_control_retention_longest_batch_seconds",
    "The longest of its batches → above 0.1 again and again: the database is short of disk or memory",
    (now) => now.longestMs / 1_000,
  );
  single(
    "fee_control_retention_waiting",
    "Kinds of rows that are not thinned until a person has looked at the clock (docs/retention.md) → above 0: see the log, then retention.goOnTo",
    (now) => now.waiting,
  );
  single(
    "fee_control_readings_beside",
    "Readings whose moment lies too far from now for a month of their own → above 0: clocks of meters or gateway stand wrong",
    (now) => now.months.beside,
  );
}
