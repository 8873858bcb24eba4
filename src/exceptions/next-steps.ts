/**
 * What a person does next, by kind and cause, in both languages. The most exact row counts: kind and cause, then kind with
 * money on its way, then the kind alone, which every kind has. Behind cause and money may stand the order's kind: a refund that
 * came to nothing leaves its money in the meter, where a top-up's is free on the account.
 */
import type { CommandKind } from "../commands/command.ts";
import type { ExceptionKind } from "./kinds.ts";
import { aboutTariffs } from "./next-steps-tariff.ts";

export interface Sentence {
  readonly en: string;
  readonly zh: string;
}

const say = (en: string, zh: string): Sentence => ({ en, zh });

const COMPARE_NUMBERS = say(
  "Compare meter number and customer number at the site with the books; correct the books or the meter. It is read again by itself.",
  "现场核对表号与客户编号,更正档案或电表;网关会自动重新核对。",
);
const GIVE_BACK_OR_PAY_AGAIN = say(
  "The money is free on the account: agree with the customer whether it goes back or is paid to the meter again, and write down which.",
  "款项已退回账户可用余额:与客户确认退款或重新充值,并在结案说明中写明。",
);
const STILL_IN_THE_METER = say(
  "Nothing was taken out of the meter, so the money is still in it: see why, then order the refund again, or agree with the customer that it stays there.",
  "退费未执行,款项仍在电表内:查明原因后重新下达退费,或与用户确认款项留在表内。",
);

const byKind: Readonly<Record<ExceptionKind, Sentence>> = {
  "command-disputed": say(
    "Read purchase count and balance at the meter, compare them with the first look below, then decide the command as done or not done.",
    "读取电表购电次数与剩余金额,与下方首次读数比较,再裁定该命令已完成或未完成。",
  ),
  "command-refused": say(
    "Look up what the meter or the rule said; put its cause right, and order again if it is still wanted.",
    "查看拒绝原因,排除后如仍需要请重新下达。",
  ),
  "command-expired": say(
    "Find out why nobody could send it in time; order again if it is still wanted.",
    "查明未能按时下发的原因,如仍需要请重新下达。",
  ),
  "command-unanswered": say(
    "Read the relay now. When the meter is silent, look at its line; when it answers and has not moved, send somebody to it.",
    "立即抄读继电器状态;若电表无应答,检查线路;若有应答但未动作,派人现场检查。",
  ),
  "command-late": say(
    "Look what it waits for: a silent meter needs a look at its line; an order that is no longer wanted can be cancelled while it is unsent.",
    "查看命令等待的内容:电表无应答时检查线路;不再需要且未下发的命令可以取消。",
  ),
  "payment-unallocated": GIVE_BACK_OR_PAY_AGAIN,
  "meter-quarantined": COMPARE_NUMBERS,
  "address-garbled": say(
    "Two meters may carry this address and speak at once, or its wires are bad; the others on the line are read as ever. Listen to the line (meterctl sniff), then look at wires and addresses at the site.",
    "可能两块电表地址重复、同时应答,或接线不良;同线其他电表抄读正常。先监听线路(meterctl sniff),再现场检查接线与通信地址。",
  ),
  "ledger-difference": say(
    "Compare the figures below with the meter's purchase records; apply the suggested entry, or close with what explains the difference.",
    "将下列数字与电表购电记录核对;执行建议分录,或写明差异原因后结案。",
  ),
  "books-restored": say(
    "Compare every meter with the books, bring in from the channels' files what was paid since the backup, decide what is disputed; then close this, and the rules may cut again.",
    "对全部电表做账表核对,按渠道对账文件补录备份之后的缴费,裁定存疑命令;完成后结案,规则恢复跳闸。",
  ),
  "stale-tariff": say(
    "Push the tariff into the meter (meterctl tariff push); what was deducted by the old one is put right by an entry or a refund.",
    "重新下装电价(meterctl tariff push);按旧电价多扣或少扣的金额以分录或退费更正。",
  ),
  "tariff-not-switched": say(
    "Read the meter's switch times and its clock (meterctl tariff show); push the tariff again.",
    "抄读切换时间与电表时钟(meterctl tariff show),然后重新下装电价。",
  ),
  "rates-missing": say(
    "The tariff has rates and the meter did not tell how much of which it measured, so this energy was not charged. Read its rate registers (0001FF00); where it has none, give the account a tariff of one price.",
    "电价分费率,而电表未给出各费率示数,该电量未计费:抄读各费率示数(0001FF00);如电表无费率,请改用单一电价。",
  ),
  "exemption-ends": say(
    "Ask whether the reason still holds: make a new exemption with an end of its own, or let this one end; then the rules may cut again.",
    "核实豁免理由是否仍成立:如需继续,重新登记并注明截止时间;否则到期后规则恢复跳闸。",
  ),
  "cuts-stopped": say(
    "Find out why it was pressed, and whether anybody was cut wrongly (restores go on). Two persons release it: meterctl release stop.",
    "查明紧急停止原因,核实有无误停(复电不受影响);由两人解除:meterctl release stop。",
  ),
  "cuts-braked": say(
    "Look who was cut and by which balance (meterctl cuts): is the ledger right? Restore who was cut wrongly. Two persons release it: meterctl release brake.",
    "核对已停电用户及其余额(meterctl cuts):账务是否正确?误停者立即复电;由两人解除:meterctl release brake。",
  ),
  "cut-batch": say(
    "Look through the list (meterctl cuts): balances, readings, notices. Two persons approve it, or one declines it.",
    "逐户核对批次(meterctl cuts):余额、示数、通知;由两人审批,或一人否决。",
  ),
  "notice-undelivered": say(
    "See below which channel said what; put the channel or the customer's contact right, then have it tried again (meterctl notices retry). Until a final notice is delivered, rules that require it do not cut.",
    "查看下方各渠道的反馈,修复渠道或更正客户联系方式后重新发送(meterctl notices retry)。要求先通知时,未送达前不会自动跳闸。",
  ),
  "clock-off": say(
    "Order clock-set for this meter, away from midnight; where it runs away again, its battery is flat: change it. Its midnights are those of its own clock.",
    "在远离零点的时段下发校时;若再次走偏,时钟电池可能失效,应更换电表。日冻结以电表自身时钟为准。",
  ),
  "meter-changed": say(
    "The record below does not carry our operator code. Find out who was at the meter, with which order, and compare its tariff and registers with the books.",
    "下列事件记录的操作者代码不是本系统:查明何人何故操作,并核对电价与示数。",
  ),
  "false-cut": say(
    "Supply goes first: see that it is back. Then call the customer, say what happened, and decide about the compensation (meterctl recovery); close this with what was said.",
    "先确认已复电,再致电用户说明情况,确定是否补偿(meterctl recovery),并在结案说明中写明。",
  ),
  "restore-failed": say(
    "Look at the newest order to restore and what it waits for; where the meter does not follow, send somebody with a spare meter of the same model. It closes itself when supply is seen.",
    "查看最近一次复电命令及其等待原因;电表不动作则携带同型号备表上门。复电核实后工单自动关闭。",
  ),
  "energy-while-disconnected": say(
    "The relay says open and energy goes on: its contacts are welded, or somebody bridged the meter. Send two persons; do not rely on the cut, and do not touch the wires before they are measured.",
    "继电器显示断开但电量仍在走:触点熔焊或有人跨接。派两人现场核查,勿依赖跳闸,先验电后操作。",
  ),
  "follow-up-due": say(
    "Ask the customer whether supply and bill are right again, within two weeks of the restore; write it down with meterctl recovery follow-up, which closes this.",
    "复电两周内回访用户,确认供电与电费无误;用 meterctl recovery follow-up 登记,登记后自动关闭。",
  ),
  "reading-suspect": say(
    "Read the meter again and compare it with its display; nobody was charged for this reading.",
    "重新抄表并与显示屏核对;该示数未用于计费。",
  ),
};

/** Of a work order: what to do first, and what to take along, by why supply is not back (recovery/reasons.ts). */
const workOrders: Readonly<Record<string, Sentence>> = {
  "restore-failed/button": say(
    "Call the customer first: hold the button at the meter for three seconds. If the supply stays away, drive there; take along a meter of the same model, its relay may be stuck.",
    "先致电用户:长按电表按键3秒合闸;仍无电再上门,携带同型号备表(继电器可能卡死)。",
  ),
  "restore-failed/stuck": say(
    "Drive there: the relay took the order and did not move. Take along a meter of the same model and seals; where supply cannot wait, bridge it by the book and write down since when.",
    "上门处理:继电器已接受命令但未动作。携带同型号备表与封印;如不能等待,按规程临时旁路并记录时间。",
  ),
  "restore-failed/meter-silent": say(
    "Look at the line first: are its neighbours read? If they are, drive there; take along tester, fuses and a spare meter. The order is sent as soon as the meter is heard.",
    "先看线路:同线其他电表能否抄读。能抄读则上门,携带万用表、熔断器与备表;电表恢复应答后命令自动下发。",
  ),
  "restore-failed/line": say(
    "The line is away or busy: look at its adapter, concentrator or modem (meterctl doctor). Take along a hand-held with DL/T 645, so that the meter can be restored on the spot.",
    "线路中断或繁忙:检查转换器、集中器或通信模块(meterctl doctor);携带掌机,可现场合闸。",
  ),
  "restore-failed/password": say(
    "Do not order again: after a few wrong ones the meter locks. Correct the password in the site file; on the spot, take along a hand-held with the right one.",
    "勿重复下发,以免电表锁定:更正站点文件中的密码;上门时携带已配置正确密码的掌机。",
  ),
  "restore-failed/wrong-identity": say(
    "Nobody knows whose supply this meter is: nothing is sent to it. Drive there with the books, compare meter and customer number, and restore the right home by hand.",
    "电表归属不明,网关不会下发命令:携带档案上门核对表号与客户编号,现场为正确用户复电。",
  ),
  "restore-failed/security": say(
    "The cipher machine is away, or the meter has suspended secured orders until its midnight: look at /readyz. Take along a hand-held with infrared where the customer cannot wait.",
    "密码机无应答,或电表安全挂起至零点:查看 /readyz;用户不能等待时携带红外掌机现场合闸。",
  ),
  "restore-failed/approval": say(
    "A second person has to say yes: call whoever approves. A restore by itself needs no approval.",
    "命令待第二人审批:联系审批人;复电命令本身无需审批。",
  ),
};

const ENTER_WHAT_IT_SHOWS = say(
  "Look at the meter's display. If it shows this register, enter accept and name it; if another, enter correct with what it shows. Until then nobody is charged and nobody cut.",
  "现场核对显示屏:示数属实则录入“确认”并写明该示数,否则录入“更正”;在此之前不计费、不跳闸。",
);
/** What each doubt of the gate asks of a person (validation/doubts.ts). */
const aboutReadings: Readonly<Record<string, Sentence>> = {
  "reading-suspect/jump": ENTER_WHAT_IT_SHOWS,
  "reading-suspect/out-of-line-with-peers": ENTER_WHAT_IT_SHOWS,
  "reading-suspect/faster-than-the-meter-can-turn": ENTER_WHAT_IT_SHOWS,
  "reading-suspect/rolled-over": say(
    "The register began anew at zero. If it ran over its end, enter accept and name it: the energy counts across; if the meter was reset, enter rebase.",
    "示数归零:若为满度翻转,录入“确认”并写明该示数,电量跨越累计;若电表被清零,录入“重新起算”。",
  ),
  "reading-suspect/backwards": say(
    "Look at the meter's display. Where the register that was believed before was false, enter correct with what the meter shows, instead of that one: what it cost is given back. An exchange is entered as a replacement, a reset as rebase. Whom the rules cut by it has supply again until then.",
    "现场核对显示屏:若先前已确认的示数有误,录入“更正”(instead-of 填该错误示数),多计电费自动退回;换表走换表流程,清零录入“重新起算”。据此跳闸的用户在核实前先复电。",
  ),
  "reading-suspect/rates-do-not-add-up": say(
    "Compare total and rates at the display: the meter may have more rates than are read, or a fault. If it shows them so, enter accept and name the total.",
    "核对总示数与各费率示数:可能费率数多于抄读数,或电表故障;属实则录入“确认”并写明总示数。",
  ),
  "reading-suspect/clock-wrong": say(
    "The meter's freeze was not made at midnight: set its clock, and fetch the freeze of the next day.",
    "日冻结不在零点:校准电表时钟,次日重新抄读冻结。",
  ),
  "reading-suspect/from-the-future": say(
    "The reading is later than now: look at the meter's clock and at the gateway's (meterctl doctor).",
    "示数时间晚于当前时间:检查电表时钟与网关时钟。",
  ),
  "reading-suspect/not-a-number": say(
    "The register holds digits that are none: its memory or its line may be faulty. Read again; if it stays, exchange the meter and enter an estimate.",
    "示数含非法数字:可能存储或线路故障;重新抄读,仍异常则换表并录入“估算”。",
  ),
  "reading-suspect/negative": say(
    "A register of energy cannot be negative: look whether the right item is read, and whether the meter is connected the right way round.",
    "电能示数为负:检查抄读项目与接线方向。",
  ),
  "reading-suspect/wrong-identity": COMPARE_NUMBERS,
};

/** `KIND/CAUSE`, `KIND/CAUSE/ORDER` where it is about one kind of order, or `KIND/money` for what holds a payment. */
const exact: Readonly<Record<string, Sentence>> = {
  "cuts-braked/import-stale": say(
    "No payments were brought in for too long: see that the channel's file arrives, bring in what is missing, then two persons release the brake: meterctl release brake.",
    "长时间未导入缴费:检查渠道文件,补录缺失缴费后由两人解除制动:meterctl release brake。",
  ),
  "cuts-braked/failures": say(
    "Several cuts in a row were not shown by their meters: look at line, passwords and keys. Two persons release the brake: meterctl release brake.",
    "连续多次跳闸未得到电表证实:检查线路、密码与密钥,由两人解除制动:meterctl release brake。",
  ),
  "cut-batch/canary-failed": say(
    "One of the first meters of the list did not show that it was cut, and the others were left alone: look at that meter, then propose the list again.",
    "首批试停电表未证实停电,其余未执行:查明原因后重新提出批次。",
  ),
  "clock-off/clock-lost": say(
    "The clock has lost the day: look what the meter froze and deducted since, then order clock-set by hand; its midnights in between are no midnights.",
    "电表日期已错:先核对其间冻结与扣费,再人工校时;期间的日冻结不可用。",
  ),
  "meter-changed/meter-clear": say(
    "The meter's registers were cleared, and not by us. Nothing is billed across it by itself: find the last registers before, and enter where counting begins anew.",
    "电表被清零且非本系统操作:查明清零前示数,并登记新的起算示数。",
  ),
  "meter-changed/cover-opening": say(
    "The meter's cover was opened: send somebody to look at the seals.",
    "电表开盖:派人现场核查封印。",
  ),
  "notice-undelivered/unreachable": say(
    "No channel reaches this customer: enter an e-mail address in the site file (accounts[].email), or name a channel that needs none; then have it tried again (meterctl notices retry).",
    "无可用渠道联系该客户:在站点文件登记电子邮箱(accounts[].email)或增加其他渠道,然后重新发送(meterctl notices retry)。",
  ),
  "command-disputed/count-gap": say(
    "The purchase count does not follow: somebody else may have charged this meter. Read its purchase records, find whose purchase it was, then decide.",
    "购电次数不连续,可能另有系统充值:读取购电记录,查明归属后再裁定。",
  ),
  "command-disputed/no-proof": say(
    "The meter fell silent after the money was sent. Reach it, read purchase count and balance, compare with the first look below, then decide.",
    "下发后电表无应答:恢复通信后读取购电次数与剩余金额,与首次读数比较,再裁定。",
  ),
  "command-disputed/restored": say(
    "The books were restored to an older moment, and the meter moved on since: this purchase may be in it already. Read its purchase records and decide; nothing was sent.",
    "账务曾恢复到较早时刻,电表购电次数已前进,本次充值可能已入表:读取购电记录后裁定;本次未下发。",
  ),
  "command-refused/restored": say(
    "The order was open when the books were restored, and may have been carried out and taken back since. Look at the meter; order again if it is still wanted.",
    "该命令在账务恢复时尚未结束,可能已执行:查看电表状态,如仍需要请重新下达。",
  ),
  "command-unanswered/restored": say(
    "The order was under way when the books were restored, and is not repeated. Look at the meter; order again if it is still wanted.",
    "该命令在账务恢复时正在执行,不再重发:查看电表状态,如仍需要请重新下达。",
  ),
  "command-refused/money": GIVE_BACK_OR_PAY_AGAIN,
  "command-expired/money": GIVE_BACK_OR_PAY_AGAIN,
  "command-refused/money/refund": STILL_IN_THE_METER,
  "command-expired/money/refund": STILL_IN_THE_METER,
  "command-refused/customer-mismatch": COMPARE_NUMBERS,
  "command-refused/identity-mismatch": COMPARE_NUMBERS,
  "meter-quarantined/address-shared": say(
    "Two meters carry this address: find the second one on this line (meterctl scan), give one of them an address of its own; then compare. It is lifted by itself when for an hour only one was heard.",
    "两块电表共用此通信地址:在该线路上找出另一块(meterctl scan),为其中一块改设独立地址,再核对;一小时内只有一块应答时自动解除隔离。",
  ),
  "command-refused/meter-quarantined": COMPARE_NUMBERS,
  "command-refused/hoard-limit": say(
    "The meter holds as much as it may. The money is free on the account: give it back, or pay a smaller amount later.",
    "电表已达囤积限额;款项已退回账户:退款,或稍后分次充值。",
  ),
  "command-refused/key-state": say(
    "The meter carries test keys: its keys have to be brought to production first. The money is free on the account.",
    "电表处于测试密钥状态,须先下装正式密钥;款项已退回账户。",
  ),
  "command-refused/key-state/refund": say(
    "The meter carries test keys: its keys have to be brought to production first. The money is still in the meter; order the refund again afterwards.",
    "电表处于测试密钥状态,须先下装正式密钥;款项仍在电表内,之后重新下达退费。",
  ),
  "command-refused/password-refused": say(
    "Correct the relay password of this meter in the site file; two wrong ones in a row may lock the meter for a day.",
    "更正站点文件中的继电器密码;连续密码错误可能锁定电表一天。",
  ),
  "command-unanswered/stuck": say(
    "The meter took the order and its relay has not moved: send somebody to look at the relay.",
    "电表已接受命令但继电器未动作:派人检查继电器。",
  ),
  "command-unanswered/welded": say(
    "The relay says open and power still flows: its contacts may be welded. Send somebody, and do not rely on the cut.",
    "继电器显示断开但仍有负荷,触点可能熔焊:派人处理,勿依赖跳闸。",
  ),
  "command-unanswered/silence": say(
    "The meter was silent, and may have obeyed. Look at its line and its power; read the relay when it answers.",
    "电表无应答,命令可能已执行:检查线路与供电,恢复后抄读继电器。",
  ),
  "rates-missing/tariff-not-in-file": say(
    "A tariff of these days is not in the site file, so what was used of them since was not charged; no meter is at fault. Put the tariff back into the file, beside the new one, and write an entry for what is missing.",
    "这些日期的电价已不在站点文件中,其后电量未计费,与电表无关:将该电价与新电价一并写回站点文件,少收部分以分录补记。",
  ),
  ...aboutReadings,
  ...aboutTariffs,
  ...workOrders,
  "false-cut/wrong-identity": say(
    "The meter that was cut carries other numbers than the books: another home may be dark. Call both customers, send somebody at once; the gateway orders nothing at a meter that it does not know.",
    "被跳闸的电表与档案不符,可能错停他户:立即联系相关用户并派人;网关不会向归属不明的电表下发命令。",
  ),
  "false-cut/false-register": say(
    "The register by which it was cut was false. Supply is restored by the rules where credit is left; look at the meter, enter what it shows, and tell the customer.",
    "跳闸所依据的示数有误:有余额者由规则自动复电;现场核对并录入示数,告知用户。",
  ),
  "ledger-difference/tariff-stale": say(
    "The price in use is not the price of the site file: correct the tariff where it is old; what was charged by it is put right by an entry.",
    "执行电价与站点文件不一致:更正电价,并以分录更正已计费金额。",
  ),
};

/** Pure: the sentence for a person. Of some orders silence means something else than of a relay: they have rows of their own. */
export const nextStepOf = (
  kind: ExceptionKind,
  because: string | null,
  withMoney: boolean,
  orderKind: CommandKind | null = null,
): Sentence =>
  exact[`${kind}/${because ?? ""}/${orderKind ?? ""}`] ??
  exact[`${kind}/${because ?? ""}`] ??
  (withMoney ? (exact[`${kind}/money/${orderKind ?? ""}`] ?? exact[`${kind}/money`]) : undefined) ??
  byKind[kind];
