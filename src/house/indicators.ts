/** Joins indicators to the books, and tells which of those that must be none are not. */
import { dayAfter } from "../collection/days.ts";
import { IndicatorDesk, type IndicatorParts } from "../indicators/desk.ts";
import { mustBeZero } from "../indicators/table.ts";
import { dayOf } from "../kernel/clock.ts";
import { CommandId } from "../kernel/ids.ts";
import { causes } from "../recovery/causes.ts";
import type { RecoveryStore } from "../recovery/recovery-store.ts";
import type { Database } from "../stores/database.ts";
import { PostgresIndicatorStore } from "../stores/indicator-store.ts";
import { PostgresRecoveryStore } from "../stores/recovery-store.ts";

/** Scrapers come every few seconds; such a figure changes by the minute. */
const KEPT_MS = 60_000;

/** What incidents say against cuts. A restore that came late says nothing against the cut before it. */
export const wrongCuts =
  (store: Pick<RecoveryStore, "causesOf">) =>
  async (commands: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const told = new Map<string, string>();
    for (const [cut, said] of await store.causesOf(commands.map((id) => CommandId(id)))) {
      const wrong = said.filter((cause) => causes[cause].tellsAtOnce);
      if (wrong.length > 0) told.set(cut, wrong.join(" "));
    }
    return told;
  };

export function indicatorsOf(db: Database, { clock, timeZone, noCuts }: Required<Omit<IndicatorParts, "store" | "incidents">>) {
  const incidents = wrongCuts(new PostgresRecoveryStore(db));
  const desk = new IndicatorDesk({ clock, timeZone, noCuts, store: new PostgresIndicatorStore(db), incidents });
  let kept: { readonly at: number; readonly told: ReturnType<typeof look> } | null = null;
  const look = async () => {
    const today = dayOf(clock.now(), timeZone);
    const { items } = await desk.figures(desk.spanOf({ from: dayAfter(today, -1), to: today }), "none", mustBeZero);
    return items.map(({ name, value }) => ({ name, value: value ?? 0 }));
  };
  const picture = () => {
    const now = clock.now();
    if (kept === null || now - kept.at >= KEPT_MS || now < kept.at) {
      const told = look();
      kept = { at: now, told };
      told.catch(() => (kept = null)); // what could not be told is asked for again
    }
    return kept.told;
  };
  return { desk, picture };
}
