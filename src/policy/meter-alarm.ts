/** Whether the meter's own low-credit alarm (2AH) has to be set or taken back. Pure. Only where the strategy says that meters warn. */
import type { Stage } from "./rules.ts";
import type { Look } from "./standing.ts";

/** A forecast is told by message: a lamp that burns for days is not looked at. */
const wishes: Partial<Record<Stage, "warn" | "unwarn">> = {
  fine: "unwarn",
  forecast: "unwarn",
  "warn-1": "warn",
  "warn-2": "warn",
  "notice-due": "warn",
  "noticed-waiting": "warn",
  "cut-due": "warn",
};

export function alarmWish({ picture, decision, strategy }: Look): "warn" | "unwarn" | null {
  if (!strategy.meterWarn || strategy.mode === "shadow" || picture.identity === "quarantined") return null;
  if (picture.relay === "unknown" || picture.alarm === null) return null;
  const wish = wishes[decision.stage] ?? null;
  return wish === null || picture.alarm === (wish === "warn") ? null : wish;
}
