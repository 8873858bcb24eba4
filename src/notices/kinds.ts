/**
 * What customers are told, as a table: what it is called, for how long it is worth telling, and how near a cut it stands. A kind is kept in
 * `notices.stage`: those of the rules' stages have their names, and a cut rests on "notice-due" alone.
 */
import { hours } from "../kernel/clock.ts";

interface KindRow {
  readonly en: string;
  readonly zh: string;
  /** Afterwards it is not sent any more: it would tell of yesterday. An outage is told until it is over. */
  readonly lifeMs: number;
}

const row = (lifeHours: number, en: string, zh: string): KindRow => ({ en, zh, lifeMs: hours(lifeHours) });

/** Lives are ours: a warning waits two days for a mail server that is down, news of a supply that is back does not. */
export const kindTable = {
  forecast: row(48, "the balance will not last long", "余额即将用尽"),
  "warn-1": row(48, "the balance is low", "余额预警"),
  "warn-2": row(48, "the balance is very low", "余额不足"),
  "notice-due": row(24, "final notice before a cut", "停电通知"),
  cut: row(24, "the supply was cut", "已停电"),
  armed: row(24, "the supply may be switched on at the meter", "可合闸送电"),
  restored: row(6, "the supply is back", "已复电"),
  outage: row(0, "a planned outage", "计划停电"),
  "outage-soon": row(0, "a planned outage within a day", "停电提醒"),
} as const satisfies Record<string, KindRow>;

export type NoticeKind = keyof typeof kindTable;
export const noticeKinds = Object.keys(kindTable) as [NoticeKind, ...NoticeKind[]];

export const FINAL = "notice-due" satisfies NoticeKind;
/** What becomes of a supply, of which the newest is where the customer believes to stand. */
export const supplyKinds = ["cut", "armed", "restored"] as const satisfies readonly NoticeKind[];
export const outageKinds = ["outage", "outage-soon"] as const satisfies readonly NoticeKind[];

/** How near a stage of the rules stands to a cut; only coming nearer is told. Of a cut and what follows it others tell. */
const ladder: Readonly<Record<string, number>> = { fine: 0, forecast: 1, "warn-1": 2, "warn-2": 3 };
const TOP = 4;
export const nearnessOf = (stage: string): number => ladder[stage] ?? TOP;

export const isKind = (text: string): text is NoticeKind => Object.hasOwn(kindTable, text);

interface Words {
  readonly en: string;
  readonly zh: string;
}
/** Why one was cancelled or failed. */
const becauseTable: Readonly<Record<string, Words>> = {
  paid: { en: "paid before it left", zh: "发送前已缴费" },
  superseded: { en: "a newer one says more", zh: "已由更新的通知取代" },
  "no-longer-so": { en: "no longer so", zh: "情况已变化" },
  "out-of-time": { en: "nobody took it in time", zh: "超过有效时间未送达" },
  refused: { en: "every channel refused it for good", zh: "各渠道均拒绝" },
  unreachable: { en: "no channel reaches this customer", zh: "无可用联系方式" },
  "before-channels": { en: "from before there were channels", zh: "启用通知渠道之前的记录" },
};
export const becauseOf = (code: string): Words => becauseTable[code] ?? { en: code, zh: code };
