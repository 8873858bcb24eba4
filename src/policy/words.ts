/** What codes of the rules mean, for whoever asks "why was I cut, why was I not?": one sentence each, in both languages. */
import { exemptionKinds, exemptionTable } from "./exemptions.ts";
import { iso, type Instant } from "../kernel/clock.ts";
import type { BrakeCause, HeldBy } from "./guard-rails.ts";
import type { NoCutSpan } from "./no-cuts.ts";
import type { Rest, RestCode } from "./resting.ts";
import type { Block, Stage } from "./rules.ts";

export interface Words {
  readonly en: string;
  readonly zh: string;
}
const say = (en: string, zh: string): Words => ({ en, zh });

export const stageWords: Readonly<Record<Stage, Words>> = {
  fine: say("nothing is due", "正常"),
  "warn-1": say("the balance is low", "一级预警"),
  "warn-2": say("the balance is very low or used up", "二级预警"),
  forecast: say("the balance will not last long", "余额即将用尽"),
  "notice-due": say("in arrears; a notice is due before anything is cut", "欠费,应先送达停电通知"),
  "noticed-waiting": say("in arrears and told; the time after the notice runs", "欠费,通知后等待中"),
  "cut-due": say("in arrears; a cut is due", "欠费,应跳闸"),
  cut: say("the supply is cut", "已跳闸"),
  restore: say("the supply comes back", "正在复电"),
};

const exempt = Object.fromEntries(
  exemptionKinds.map((kind) => [
    `exempt-${kind}`,
    say(`exempt for a time: ${exemptionTable[kind].en}`, `限期豁免:${exemptionTable[kind].zh}`),
  ]),
) as Record<Extract<Block, `exempt-${string}`>, Words>;

/** Also those that are said beside the rules: by a wish that rests, by books that came back from a backup, by a site in shadow. */
export type Because = Block | HeldBy | RestCode | "credit-exhausted" | "restored" | "shadow";

export const becauseWords: Readonly<Record<Because, Words>> = {
  ...exempt,
  "credit-exhausted": say("the credit is used up", "余额已用尽"),
  restored: say("the books came back from a backup and may lack payments", "账务由备份恢复,可能缺少缴费记录"),
  "emergency-stop": say("an emergency stop stands: nobody is cut", "已紧急停止,任何跳闸均不执行"),
  brake: say("the brake of the automatic cut has tripped", "自动跳闸已制动"),
  approval: say("so many are due that two persons are asked first", "应停电户数较多,须双人审批"),
  batch: say("it is on an approved list, and its turn has not come", "已列入审批批次,等待执行"),
  "cut-pace": say("others have been cut just now", "跳闸节奏限制,稍后执行"),
  shadow: say("the rules only record what they would do", "规则仅记录,不执行"),
  "relay-unknown": say("nobody has seen yet where the relay stands", "继电器状态未知"),
  "person-order-under-way": say("a person's order to the same relay is under way", "人工对该继电器的命令正在执行"),
  "taken-back-by-person": say("a person has taken back what the rules asked for last", "人工已撤销上一条自动命令"),
  stuck: say("the relay did not move when it was told to last", "继电器上次拒动"),
  "password-refused": say("the meter refused the password, and locks after a few wrong ones", "电表拒绝密码,多次错误将锁定"),
  silent: say("the meter did not answer last, and was not heard since", "电表上次未应答,此后仍无通信"),
  "tried-in-vain": say("it was asked for a moment ago and the meter refused", "刚才执行未成功"),
  "meter-quarantined": say("the meter is not the one of the books", "电表已隔离"),
  "cut-by-person": say("a person has cut it, and only a person restores it", "人工跳闸,须人工恢复"),
  "supply-protected": say("the supply is protected at the meter", "电表处于保电状态"),
  "in-credit": say("there is credit", "尚有余额"),
  "cut-contradicted": say("the meter itself contradicts the register by which it was cut", "电表示数与跳闸所依据的示数矛盾"),
  "nothing-left": say("exactly nothing is left: neither cut nor restored", "余额恰为限值,不跳闸也不复电"),
  "account-disputed": say("a payment is disputed and waits for a person", "有存疑缴费,待人工裁定"),
  "class-protected": say("no rule cuts customers of this class", "该类客户不自动跳闸"),
  "conversion-grace": say("has just come over from another way to pay: warned only", "结算方式转换期,仅预警"),
  "contact-missing": say("the customer cannot be reached", "缺少联系方式"),
  "reading-stale": say("the last reading is too old", "示数过旧"),
  "reading-in-doubt": say("the last reading is not believed, or the bill rests on an estimate", "示数未通过校验,或电费依据估算"),
  maintenance: say("an outage is planned", "计划停电检修期间"),
  "bad-weather": say("the weather is bad", "恶劣天气"),
  holiday: say("it is a holiday or the day before one", "节假日或节假日前一天"),
  weekend: say("it is the weekend", "周末"),
  "no-cut-hours": say("it is an hour in which nobody is cut", "禁止跳闸时段"),
  "notice-due": say("no valid notice was delivered", "尚无有效送达的通知"),
  "noticed-waiting": say("the time after the notice is not over", "通知后等待时间未满"),
  grace: say("the days of grace are not over", "宽限期未满"),
};

/** A code that was retired is still in old rows: it speaks for itself. */
export const wordsOf = (because: string): Words =>
  (becauseWords as Readonly<Record<string, Words>>)[because] ?? say(because, because);

const minuteOf = (at: Instant, timeZone: string): string =>
  iso(at, timeZone).slice(0, "2026-11-23T10:00".length).replace("T", " ");

/** With whose word it is, and until when. */
export function noCutWords({ kind, saidBy, until, reason }: NoCutSpan, timeZone: string): Words {
  const [{ en, zh }, at] = [becauseWords[kind], minuteOf(until, timeZone)];
  return say(`${en}: said by ${saidBy}, until ${at} (${reason})`, `${zh}:由 ${saidBy} 登记,至 ${at}(${reason})`);
}

/** Why a stop or the brake stands, and why a list has ended. A list waits for approval by the same word as a cut does. */
export type HaltCause = BrakeCause | "person" | "canary-failed" | "approval-over" | "nobody-decided";
const haltWords: Readonly<Record<HaltCause, Words>> = {
  person: say("a person", "人工"),
  "too-many": say("too many cuts in a short time", "短时间内停电过多"),
  failures: say("cuts in a row that the meters did not show", "连续跳闸未得到电表证实"),
  "import-stale": say("no payments were brought in for too long", "长时间未导入缴费"),
  "canary-failed": say("one of the first was not shown by its meter", "首批中有电表未证实"),
  "approval-over": say("the approval was over before its turn came", "审批有效期已过"),
  "nobody-decided": say("nobody decided within a day", "一日内无人审批"),
};
export const haltWordsOf = (because: string): Words =>
  (haltWords as Readonly<Record<string, Words>>)[because] ?? wordsOf(because);

/** With the moment at which it is asked for again, where there is one. */
export function restWords({ code, until }: Rest, timeZone: string): Words {
  const { en, zh } = becauseWords[code];
  if (until === null) return { en, zh };
  const at = minuteOf(until, timeZone);
  return say(`${en} (until ${at})`, `${zh}(至 ${at})`);
}
