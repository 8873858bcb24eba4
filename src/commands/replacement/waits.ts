/**
 * What a replacement waits for, by code, and what whoever stands before the meter does about it. Not every wait wants a person: some are
 * over by themselves, and say so.
 */
import { faults, type FaultCode } from "../../kernel/faults.ts";
import type { CommandState } from "../command.ts";

export interface WaitWords {
  readonly en: string;
  readonly zh: string;
}
const say = (en: string, zh: string): WaitWords => ({ en, zh });

const words = {
  "old-meter-once-more": say(
    "The old meter told much more than it can have used, and is asked again after a minute: leave it on the wall, with its line, until the replacement goes on by itself.",
    "旧表示数异常偏大,一分钟后自动复抄:请暂勿拆除旧表及其通信线,换表将自动继续。",
  ),
  "final-readings": say(
    "The old meter does not answer. Put it back on its line, or read its registers and give them: meterctl replace with the same meters and --final-reading, and --final-balance where it holds a wallet.",
    "旧表无应答。请恢复其通信;或人工抄读后用相同两表再次执行 meterctl replace,附 --final-reading(本地费控表另附 --final-balance)。",
  ),
  "old-meter-doubted": say(
    "The old meter's last registers are not believed, and would be billed to nobody once it is gone. Look at its display: enter what it shows (meterctl entry, accept or correct), or read it again and give it: meterctl replace with the same meters and --final-reading.",
    "旧表止码存疑,未予计费,换表后将无法补计。请查看旧表显示:用 meterctl entry 确认(accept)或更正(correct);或重新抄读后用相同两表再次执行 meterctl replace,附 --final-reading。",
  ),
  "final-reading-impossible": say(
    "The last reading that was given cannot follow on what the old meter told before. Read it again and give it again, or correct what is wrong in the meter's readings first.",
    "所填旧表止码与此前示数不符。请重新抄读并再次填报,或先更正该表的错误示数。",
  ),
  "new-meter-unknown-here": say(
    "This gateway does not know the new meter: its line is not among those it holds. Check --bus; where it is right, it goes on as soon as the line is back.",
    "本网关不认识新表:其线路不在本网关名下。请核对 --bus;线路恢复后自动继续。",
  ),
  "new-meter": say(
    "The new meter does not answer. Check that it has supply, its line, address and baud rate; it is asked again by itself.",
    "新表无应答。请检查供电、通信线、通信地址与波特率;网关会自动重试。",
  ),
  "new-meter-identity": say(
    "The new meter is not the one that was named. Compare its nameplate; abandon this replacement and begin again with the numbers that it carries, or put the right meter there.",
    "新表与填报不符。请核对铭牌:终止本次换表并按实际表号重新办理,或换上正确的电表。",
  ),
  "new-meter-in-local-mode": say(
    "The new meter keeps its own wallet, and this account's money is kept here. Switch it to remote mode at the meter; it is read again by itself.",
    "新表处于本地费控模式,而该户为远程费控。请在表上切换为远程模式;网关会自动复核。",
  ),
  "commands-of-the-old-meter": say(
    "An order to the old meter is not settled yet. It goes on by itself when that has ended; where it is disputed, decide it first.",
    "旧表尚有未了结的命令。了结后自动继续;若有争议,请先裁定。",
  ),
  "carry-over": say(
    "The account has gone over; the old wallet's rest is on its way to the new meter, as any top-up.",
    "户号已转至新表;旧表余额正作为一次充值下发至新表。",
  ),
} as const;
type Code = keyof typeof words;

/** As it is kept: the code, behind a colon what the meter or its line said; and how the command ended that carried a balance in vain. */
export type Wait = Code | `${Code}: ${string}` | `carry-over-${CommandState}`;

/** Behind `final-readings` stands what speaks against the meter that answers; alone, nobody answered. */
const OLD_IN_DOUBT = say(
  "What answers by the old meter's address is not, or not alone, the meter of the books, so nothing it says is taken. Read the registers off the old meter itself, by its nameplate, and give them: meterctl replace with the same meters and --final-reading, and --final-balance where it holds a wallet. Where two meters changed places, abandon this instead and put them or the books right.",
  "以旧表地址应答的电表与档案不符或不止一块,其数据一律不予采信。请核对铭牌,在旧表上人工抄读后用相同两表再次执行 meterctl replace,附 --final-reading(本地费控表另附 --final-balance)。若系两表互换,请终止本次换表,先更正接线或档案。",
);
const CARRIED_IN_VAIN = say(
  "The old wallet's rest did not reach the new meter, and lies on the account. See why its command ended, put that right, and send it once more: meterctl replacement ID --carry-over.",
  "旧表余额未能写入新表,现留在账户上。请查看该命令的结束原因,处理后重发:meterctl replacement ID --carry-over。",
);
const CARRIED_IN_DISPUTE = say(
  "Nobody knows whether the old wallet's rest reached the new meter: read its purchase count and balance, and decide the command.",
  "旧表余额是否已写入新表不明:请读取新表购电次数与余额后裁定该命令。",
);

/** Null for what an older program wrote and this one no longer knows. */
export function waitWords(kept: string): WaitWords | null {
  const [code = "", detail] = kept.split(": ", 2);
  if (code.startsWith("carry-over-")) return code === "carry-over-disputed" ? CARRIED_IN_DISPUTE : CARRIED_IN_VAIN;
  if (!Object.hasOwn(words, code)) return null;
  if (code === "final-readings" && detail !== undefined) return OLD_IN_DOUBT;
  if (code === "new-meter" && detail !== undefined && Object.hasOwn(faults, detail)) {
    const { say: en, zh, next } = faults[detail as FaultCode];
    return say(`The new meter could not be read. ${en} ${next}`, `新表抄读失败。${zh}`);
  }
  return words[code as Code];
}
