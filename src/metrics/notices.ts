/** Figures of telling customers. */
import { Gauge, type Registry } from "prom-client";

export interface NoticeFigures {
  readonly open: readonly { readonly state: string; readonly kind: string; readonly count: number }[];
  readonly tries: ReadonlyMap<string, Readonly<Record<"delivered" | "later" | "never", number>>>;
}

export function noticeGauges(registers: Registry[], picture: () => Promise<NoticeFigures>): void {
  const now = (): Promise<NoticeFigures | null> => picture().catch(() => null);
  new Gauge({
    name: "fee_control_notices_open",
    help: "Notices that wait or have failed, by kind → waiting grows: see the tries by channel; failed: items of kind notice-undelivered",
    labelNames: ["state", "kind"],
    registers,
    async collect() {
      const figures = await now();
      this.reset();
      for (const { state, kind, count } of figures?.open ?? []) this.set({ state, kind }, count);
    },
  });
  new Gauge({
    name: "fee_control_notice_tries_total",
    help: "Tries to deliver since the start, by channel and outcome → later grows alone: the channel is down; never: wrong addresses, or a receiver that refuses",
    labelNames: ["channel", "outcome"],
    registers,
    async collect() {
      for (const [channel, outcomes] of (await now())?.tries ?? [])
        for (const [outcome, count] of Object.entries(outcomes)) this.set({ channel, outcome }, count);
    },
  });
}
