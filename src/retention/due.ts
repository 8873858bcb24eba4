/** When rows are old, how much of them is a batch, and what would go if somebody let them. */
import { dayOf, type Instant } from "../kernel/clock.ts";
import { startOfDay } from "../ledger/period.ts";
import { kindNames, kinds, type KindName, type RetentionStore } from "./retention-store.ts";
import type { Retention } from "./site.ts";

/** A batch takes about so long, */
const BATCH_MS = 40;
/** and one that would take longer than this is broken off: nobody may stand behind it. */
export const BATCH_MS_MAX = 100;
/** A pair of meter and item may have a hundred rows a day. */
export const SIZE = { first: 20, least: 2, most: 20_000 } as const;

/** Pure: where this kind's old rows end, at a midnight of the site. */
export const dueTo = (kind: KindName, site: Retention, now: Instant, timeZone: string): Instant =>
  startOfDay(dayOf(now, timeZone), timeZone, -kinds[kind].after(site));

/** More at once than a house that stood still for a month has before it: perhaps the clock stands wrong, and a person looks first. */
const JUMP_DAYS_MAX = 30;
const DAY_MS = 86_400_000;

/** Pure: whether rows may go that far, when they went up to `from` before; a person's word counts like a night that was done. */
export function mayGo(from: Instant, until: Instant, { goOnTo }: Pick<Retention, "goOnTo">, timeZone: string): boolean {
  const said = goOnTo === null ? from : startOfDay(goOnTo, timeZone);
  return until - Math.max(from, said) <= JUMP_DAYS_MAX * DAY_MS;
}

/** Pure: the next batch's size, after one of this size took so long. */
export function sizeAfter(size: number, tookMs: number): number {
  const factor = tookMs > BATCH_MS_MAX ? 0.25 : tookMs > BATCH_MS ? 0.75 : tookMs < BATCH_MS / 2 ? 1.5 : 1;
  return Math.min(SIZE.most, Math.max(SIZE.least, Math.round(size * factor)));
}

/** What would go, and nothing goes. */
export async function thinningDue(
  store: RetentionStore,
  { site, timeZone, now }: { readonly site: Retention; readonly timeZone: string; readonly now: Instant },
): Promise<
  readonly {
    readonly kind: KindName;
    readonly until: Instant;
    readonly from: Instant | null;
    readonly rows: number;
    /** For a person's word. */
    readonly waits: boolean;
  }[]
> {
  const due = [];
  for (const kind of kindNames) {
    const until = dueTo(kind, site, now, timeZone);
    const from = (await store.doneTo(kind)) ?? (await store.oldest(kind));
    let rows = 0;
    for (let day = from === null ? until : startOfDay(dayOf(from, timeZone), timeZone); day < until;) {
      const to = startOfDay(dayOf(day, timeZone), timeZone, 1);
      for (let after: string | null = null; ;) {
        const counted = await store.thin({ kind, from: day, to, after, size: SIZE.most, now: null });
        if (counted === null) break;
        rows += counted.thinned;
        if (counted.next === null) break;
        after = counted.next;
      }
      day = to;
    }
    due.push({ kind, until, from, rows, waits: from !== null && !mayGo(from, until, site, timeZone) });
  }
  return due;
}
