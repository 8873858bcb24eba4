/**
 * Why energy registers are not believed, as a table. A doubt stops three things and nothing else: the set is billed to nobody, no rule cuts
 * by it, and it never becomes the register that the next one is judged by. The meter is read on as ever.
 *
 * What a person does about each stands with the other next steps (exceptions/next-steps.ts); in which order they are looked for, and
 * by what measure, in gate.ts.
 */
export interface Words {
  readonly en: string;
  readonly zh: string;
}

const say = (en: string, zh: string): Words => ({ en, zh });

export const doubts = {
  "wrong-identity": say("The meter is not the one of the books.", "电表与档案不符。"),
  "not-a-number": say("The register holds digits that are none.", "示数含非法数字。"),
  negative: say("A register of energy cannot be negative.", "电能示数为负。"),
  "from-the-future": say("The reading is later than now.", "示数时间晚于当前时间。"),
  "clock-wrong": say("The freeze was not made at midnight: its day is not known.", "冻结时间不在零点,无法确定所属日。"),
  "rates-do-not-add-up": say("The rates do not add up to the total.", "各费率示数之和与总示数不符。"),
  backwards: say("The register went backwards.", "示数倒走。"),
  "rolled-over": say("The register began anew at zero, and not plausibly.", "示数翻转,且不合理。"),
  "faster-than-the-meter-can-turn": say("More energy than the meter can carry in that time.", "电量超过电表额定能力。"),
  jump: say("Several times what is typical here.", "电量突增,远超平时。"),
  "out-of-line-with-peers": say(
    "Far beyond all of its kind, and nothing is known of its own use yet.",
    "远超同类用户,且尚无自身历史。",
  ),
} as const satisfies Record<string, Words>;

/**
 * Beside them, what waits for the meter and for no person, makes no item, and holds back cuts: a leap for the next reading (leaps.ts), and a
 * person's word, which is billed all the same, for one that bears it out.
 */
export const waits = {
  "seen-once": say(
    "Much for the time that has passed, and seen only once: it is read again.",
    "短时增量偏大且仅见一次,待再次抄读。",
  ),
  "only-vouched": say("Believed on a person's word alone: no reading has borne it out yet.", "仅凭人工录入采信,待后续抄表印证。"),
} as const satisfies Record<string, Words>;
export type Wait = keyof typeof waits;
export const isWait = (text: string): text is Wait => Object.hasOwn(waits, text);

export type Doubt = keyof typeof doubts;
export const isDoubt = (text: string): text is Doubt => Object.hasOwn(doubts, text);

/** What a person who has looked at the meter may believe all the same. The others are not about how much, and looking does not cure them. */
const MAY_BE_VOUCHED: ReadonlySet<Doubt> = new Set([
  "rates-do-not-add-up",
  "rolled-over",
  "faster-than-the-meter-can-turn",
  "jump",
  "out-of-line-with-peers",
]);
export const mayBeVouched = (doubt: Doubt): boolean => MAY_BE_VOUCHED.has(doubt);
