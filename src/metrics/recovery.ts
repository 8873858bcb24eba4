/** Incidents that are open, by how far up they have gone. */
import { Gauge, type Registry } from "prom-client";

export type RecoveryFigures = () => Promise<readonly { readonly level: number; readonly open: number }[]>;

const LEVELS = ["found", "work-order", "field-lead", "duty-manager"] as const;

export function recoveryGauges(registers: Registry[], figures: RecoveryFigures): void {
  new Gauge({
    name: "fee_control_incidents_open",
    help: "Meters that are dark and should not be, by how far up that has gone → above 0: meterctl recovery list; duty-manager: call him",
    labelNames: ["level"],
    registers,
    async collect() {
      this.reset();
      const found = await figures().catch(() => null);
      if (found === null) return;
      for (const [level, name] of LEVELS.entries())
        this.set({ level: name }, found.find((row) => row.level === level)?.open ?? 0);
    },
  });
}
