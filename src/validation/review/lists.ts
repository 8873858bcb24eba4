/** The review lists as a table: whom each shows, and why. Pure; none of them stops a bill, and none of them cuts. */
import { hours, type Instant } from "../../kernel/clock.ts";
import { kwh } from "../../kernel/energy.ts";
import { countedOf } from "../believed.ts";
import { isWait, type Words } from "../doubts.ts";
import type { GateSettings } from "../limits.ts";
import { median, usesOf } from "../typical.ts";
import type { MeterSight, ReviewRow } from "./sight.ts";
import { swingsOf } from "./swings.ts";

interface List {
  readonly title: Words;
  /** What its score counts. */
  readonly score: Words;
  readonly needsDays: boolean;
  readonly of: (sights: readonly MeterSight[], how: How) => readonly ReviewRow[];
}
export interface How {
  readonly now: Instant;
  readonly settings: GateSettings;
}

const say = (en: string, zh: string): Words => ({ en, zh });
const DAY_MS = hours(24);
/** A meter whose usual day is less than this may well stand still. */
const USED_MIN = 10n;
/** A step and its rounding are no energy behind a cut. */
const BEHIND_A_CUT_MIN = 2n;

const row = (
  { meter, account, class: kind, bus, model }: MeterSight,
  found: Pick<ReviewRow, "score" | "since" | "why" | "figures">,
): ReviewRow => ({ ...{ meter, account, class: kind, bus, model }, ...found });

export const reviews = {
  swings: {
    title: say("Use that swings", "用电量波动"),
    score: say("deviations", "偏离倍数"),
    needsDays: true,
    of: (sights) =>
      [...swingsOf(sights)].map(([sight, { score, day, used, usual }]) =>
        row(sight, {
          ...{ score: Math.round(score * 10) / 10, since: null, why: score > 0 ? "much-more" : "much-less" },
          figures: { day, used: kwh(used), usual: kwh(usual) },
        }),
      ),
  },
  silent: {
    title: say("Paid, connected, and no energy", "有余额、已通电却无用电"),
    score: say("hours", "小时"),
    needsDays: false,
    of: (sights, { now, settings }) =>
      sights.flatMap((sight) => {
        const { believed, relay, inCredit } = sight;
        if (believed === null || !inCredit || (relay !== "connected" && relay !== "armed")) return [];
        const stands = believed.takenAt - believed.advancedAt;
        const unread = now - believed.takenAt;
        if (stands < settings.silentMs && unread < settings.silentMs) return [];
        const why = stands >= settings.silentMs ? "no-energy" : "not-read";
        return row(sight, {
          ...{ score: hoursOf(now - believed.advancedAt), since: believed.advancedAt, why },
          figures: { register: kwh(believed.register) },
        });
      }),
  },
  "energy-while-cut": {
    title: say("Energy behind a cut", "断电后仍有用电"),
    score: say("kWh", "kWh"),
    needsDays: false,
    of: (sights) =>
      sights.flatMap((sight) => {
        const { believed } = sight;
        if (believed?.cut == null) return [];
        const energy = countedOf(believed) - believed.cut.counted;
        if (energy < BEHIND_A_CUT_MIN) return [];
        return row(sight, {
          ...{ score: Number(energy) / 100, since: believed.cut.since, why: "energy-while-cut" },
          figures: { energy: kwh(energy), register: kwh(believed.register) },
        });
      }),
  },
  frozen: {
    title: say("A register that stands still", "示数停走"),
    score: say("days", "天"),
    needsDays: true,
    of: (sights, { settings }) =>
      sights.flatMap((sight) => {
        const { believed, relay } = sight;
        if (believed === null || relay === "disconnected") return [];
        const days = (believed.takenAt - believed.advancedAt) / DAY_MS;
        // what it used before it stood still: a flat that is empty since ever is no frozen meter
        const before = usesOf(sight.days.filter(({ last }) => last.at <= believed.advancedAt)).map(({ energy }) => energy);
        const usual = median(before);
        if (days < settings.frozenDays || usual === null || usual < USED_MIN) return [];
        return row(sight, {
          ...{ score: Math.floor(days), since: believed.advancedAt, why: "frozen" },
          figures: { usual: kwh(usual), register: kwh(believed.register) },
        });
      }),
  },
  "never-read": {
    title: say("Never read", "从未抄到"),
    score: say("days", "天"),
    needsDays: false,
    of: (sights, { now }) =>
      sights.flatMap((sight) =>
        sight.believed !== null
          ? []
          : row(sight, {
              ...{ score: Math.max(0, Math.floor((now - sight.createdAt) / DAY_MS)), since: sight.createdAt, why: "never-read" },
              figures: {},
            }),
      ),
  },
  suspects: {
    title: say("Readings that are doubted", "存疑示数"),
    score: say("times", "次"),
    needsDays: false,
    of: (sights) =>
      sights.flatMap((sight) => {
        const { doubt, believed } = sight;
        if (doubt === null || isWait(doubt.doubt)) return []; // the meter will tell, nobody has to look
        return row(sight, {
          ...{ score: doubt.times, since: doubt.takenAt, why: doubt.doubt },
          figures: {
            item: doubt.item,
            ...(doubt.register === null ? {} : { register: kwh(doubt.register) }),
            ...(believed === null ? {} : { believed: kwh(believed.register) }),
            open: String(doubt.open),
          },
        });
      }),
  },
} as const satisfies Record<string, List>;

export type ReviewList = keyof typeof reviews;
export const reviewLists = Object.keys(reviews) as [ReviewList, ...ReviewList[]];

const hoursOf = (ms: number): number => Math.floor(ms / hours(1));

export const sortKeys = ["score", "since", "meter", "class", "bus"] as const;
export type SortKey = (typeof sortKeys)[number];

/** By what is asked, and by address where that is the same; the oddest first is by the size of the score, whichever way it swings. */
export function sorted(rows: readonly ReviewRow[], by: SortKey, order: "asc" | "desc"): readonly ReviewRow[] {
  const keyOf = (each: ReviewRow): number | string =>
    by === "score" ? Math.abs(each.score) : by === "since" ? (each.since ?? 0) : (each[by] ?? "");
  const sign = order === "asc" ? 1 : -1;
  return rows.toSorted((a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    if (x !== y) return x < y ? -sign : sign;
    return a.meter < b.meter ? -1 : 1;
  });
}
