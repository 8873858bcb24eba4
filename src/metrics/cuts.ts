/** Figures of what holds automatic cuts back. */
import { Gauge, type Registry } from "prom-client";

export interface CutFigures {
  readonly stop: boolean;
  readonly brake: boolean;
  readonly left: { readonly automatic: number; readonly approved: number };
  readonly failures: number;
  /** Lists that wait for two persons. */
  readonly waiting: number;
}

export function cutGauges(registers: Registry[], picture: () => Promise<CutFigures>): void {
  const single = (name: string, help: string, value: (now: CutFigures) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const now = await picture().catch(() => null); // the others say why
        if (now !== null) this.set(value(now));
      },
    });
  };
  single(
    "fee_control_cuts_stopped",
    "1 while an emergency stop stands → nobody is cut: see /v1/cuts; two persons release it",
    ({ stop }) => Number(stop),
  );
  single(
    "fee_control_cuts_braked",
    "1 while the brake stands → look who was cut and why before two persons release it: /v1/cuts",
    ({ brake }) => Number(brake),
  );
  single(
    "fee_control_cuts_left",
    "Automatic cuts that left within the brake's minutes, of lists as well → near the brake's limit: is the ledger right?",
    ({ left }) => left.automatic + left.approved,
  );
  single(
    "fee_control_cut_failures_in_a_row",
    "Cuts in a row that their meters did not show → rises: look at line, passwords and keys",
    ({ failures }) => failures,
  );
  single(
    "fee_control_cut_batches_waiting",
    "Lists of cuts that wait for two persons → approve or decline them: /v1/cuts/batches",
    ({ waiting }) => waiting,
  );
}
