/**
 * When supply may be expected back, for whoever is on the telephone (B8): from where the newest order to restore stands, what is before it on
 * its line, and how long that line takes for one exchange. Pure. An estimate, and it says what it rests on; where nothing can be said, it says that.
 */
import { later, minutes, seconds, type Instant } from "../kernel/clock.ts";
import { isOpen } from "../commands/command.ts";
import type { Words } from "./causes.ts";
import { isBack, mayBeCut, wishOf, type Wish } from "./detect.ts";
import { reasonFor, reasons, type Reason } from "./reasons.ts";
import type { Point } from "./recovery-store.ts";

/** Exchanges of one restore: identity, clock, proof, the order, the look, the register. */
const EXCHANGES = 6;
const EXCHANGE_MS_USUAL = 500;
/** The last look after a restore. */
const LOOKS_END_MS = seconds(60);

/** What no pace of a line tells: a person has to say yes, or a machine has to come back. */
const NOT_BY_ITSELF: ReadonlySet<Reason> = new Set(["approval", "security"]);

export interface LineSight {
  readonly waiting: number;
  readonly exchanges: number;
  readonly busyMs: number;
  readonly open: boolean;
}

export interface Expected {
  /** Null: nobody can say, or there is nothing to wait for. */
  readonly at: Instant | null;
  readonly because: string;
  readonly words: Words;
}

const say = (at: Instant | null, because: string, en: string, zh: string): Expected => ({ at, because, words: { en, zh } });

export function expectedSupply(
  point: Point,
  {
    line,
    askAgainAt,
    restoreBy,
    now,
  }: {
    readonly line: LineSight | null;
    readonly askAgainAt: Instant | null;
    readonly restoreBy: Wish["way"];
    readonly now: Instant;
  },
): Expected {
  const { relay, restore } = point;
  const isUnseen = mayBeCut(point);
  if (relay === "connected" && !isUnseen) return say(null, "on", "The supply is on.", "供电正常。");
  const wish = wishOf(point, restoreBy);
  if (wish === null && isUnseen)
    return say(
      null,
      "not-known",
      "Nobody knows whether it is on: an order to cut it left, and the meter has shown nothing since.",
      "暂无法确定是否有电:跳闸命令已发出,此后电表尚未显示结果。",
    );
  if (wish === null) return say(null, "not-wanted", "Nothing restores it now: see why.", "当前无复电安排,原因见上。");
  if (isBack(point, wish.way))
    return say(now, "button", "Now: hold the button at the meter for three seconds.", "现在即可:长按电表按键3秒合闸。");
  const reason = reasonFor(point);
  if (restore === null || !isOpen(restore.state))
    return say(
      null,
      reason,
      `Nobody can say: ${reasons[reason].title.en}. A work order is made a quarter of an hour after the payment.`,
      `暂无法确定:${reasons[reason].title.zh}。缴费15分钟后自动生成工单。`,
    );
  if (NOT_BY_ITSELF.has(reason))
    return say(
      null,
      reason,
      `Nobody can say: ${reasons[reason].title.en}. The order goes out by itself as soon as that is settled.`,
      `暂无法确定:${reasons[reason].title.zh}。处理后命令自动下发。`,
    );
  if (restore.sentAt !== null) return about(later(restore.sentAt, LOOKS_END_MS), now, reason);
  if (reason === "meter-silent" || (line !== null && !line.open))
    return say(
      askAgainAt === null || askAgainAt < now ? null : askAgainAt,
      "meter-silent",
      "As soon as the meter is heard; it is asked again all the time.",
      "电表恢复应答后立即复电,系统持续尝试。",
    );
  const each = line === null || line.exchanges === 0 ? EXCHANGE_MS_USUAL : line.busyMs / line.exchanges;
  const pace = reason === "feeder" ? minutes(1) : 0;
  // a restore goes before all that waits; one exchange is under way
  return about(later(now, Math.ceil(each * (EXCHANGES + 1)) + pace), now, reason);
}

function about(at: Instant, now: Instant, reason: string): Expected {
  const soon = at < now ? later(now, seconds(30)) : at;
  const left = Math.max(1, Math.round((soon - now) / 1_000));
  return say(soon, reason, `In about ${left} s: the order is under way.`, `预计约${left}秒:复电命令执行中。`);
}
