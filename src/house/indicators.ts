/** Joins indicators to the books, and tells which of those that must be none are not. */
import { dayAfter } from "../collection/days.ts";
import { IndicatorDesk, type IndicatorParts } from "../indicators/desk.ts";
import { mustBeZero } from "../indicators/table.ts";
import { dayOf, type Clock } from "../kernel/clock.ts";
import { CommandId } from "../kernel/ids.ts";
import { falseCutCauses } from "../recovery/causes.ts";
import type { RecoveryStore } from "../recovery/recovery-store.ts";
import type { Database } from "../stores/database.ts";
import { PostgresIndicatorStore } from "../stores/indicator-store.ts";

/** Scrapers come every few seconds; such a figure changes by the minute. */
const KEPT_MS = 60_000;

/** Of these cuts those that an incident calls false, and by which causes: power that came back late does not make a cut a false one. */
export const foundFalse =
  (recovery: Pick<RecoveryStore, "causesOf">): NonNullable<IndicatorParts["incidents"]> =>
  async (commands) => {
    const told = new Map<string, string>();
    for (const [command, causes] of await recovery.causesOf(commands.map((id) => CommandId(id)))) {
      const found = falseCutCauses(causes);
      if (found.length > 0) told.set(command, found.join(" "));
    }
    return told;
  };

export function indicatorsOf(db: Database, recovery: RecoveryStore, clock: Clock, timeZone: string) {
  const desk = new IndicatorDesk({ clock, timeZone, store: new PostgresIndicatorStore(db), incidents: foundFalse(recovery) });
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
