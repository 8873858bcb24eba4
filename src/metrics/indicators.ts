/** Indicators that must be none, of yesterday and today: alarms may hang on them. */
import { Gauge, type Registry } from "prom-client";

export type IndicatorPicture = () => Promise<readonly { readonly name: string; readonly value: number }[]>;

export function indicatorGauges(registers: Registry[], picture: IndicatorPicture): void {
  new Gauge({
    name: "fee_control_indicator",
    help: "Indicators that must be 0, of yesterday and today (docs/indicators.md) → above 0: meterctl indicators rows NAME tells which",
    labelNames: ["name"],
    registers,
    async collect() {
      this.reset();
      for (const { name, value } of await picture().catch(() => [])) this.set({ name }, value);
    },
  });
}
