/** What a person does next about tariffs in meters that deduct by themselves: rows of the table in next-steps.ts. */
import type { Sentence } from "./next-steps.ts";

const say = (en: string, zh: string): Sentence => ({ en, zh });

export const aboutTariffs: Readonly<Record<string, Sentence>> = {
  "command-unanswered/partial-write": say(
    "The meter said no and changed something all the same, or gave back a part of another switch: the bytes stand in the command's receipt, and under “stands” what would still switch. Look at the meter (meterctl tariff show), then push again with replacePending.",
    "电表拒绝写入但部分字节已改变,或原切换时间只撤销了一部分:差异见命令回执,“stands” 为仍将切换的项目。用 meterctl tariff show 查看后以 replacePending 重新下装。",
  ),
  "command-unanswered/foreign-bytes-changed": say(
    "Something of the meter's tariff changed that nobody here wrote: find out who else programs it, then push again.",
    "表内电价有非本网关写入的变化:查明还有谁在设置该电表,然后重新下装。",
  ),
  "command-unanswered/switch-time-passed": say(
    "The meter was not heard until a switch was near; what was begun was taken back. Push the tariff again.",
    "切换时间临近前电表未应答,已写内容已撤销切换:请重新下装电价。",
  ),
  "command-unanswered/deadline": say(
    "The push was not whole when its day was over; what would have switched was taken back. Look at the meter's line, then push the tariff again.",
    "下装期限已到而写入未完成,已撤销切换:检查线路后重新下装电价。",
  ),
  "command-unanswered/silence/tariff-set": say(
    "The meter was silent to the end, and may have switched to a part of the tariff. Look at its line; when it answers, compare it (meterctl tariff show) and push the tariff again.",
    "电表始终无应答,可能只切换了部分电价:检查线路,恢复后用 meterctl tariff show 核对并重新下装。",
  ),
  "command-unanswered/stuck/tariff-set": say(
    "The meter said yes to the writes and does not show them; what would have switched was taken back. Look at its spare set (meterctl tariff show); where it does so again, change the meter.",
    "电表确认写入但读回不符,已撤销切换:用 meterctl tariff show 查看备用套;如再次出现,应更换电表。",
  ),
  "command-expired/deadline/tariff-set": say(
    "Nothing was written: the meter was not heard for the whole time, or always near a switch. Look at its line, then push the tariff again.",
    "期限内未能写入任何内容(电表无应答或临近切换):检查线路后重新下装电价。",
  ),
  "stale-tariff/pending-differs": say(
    "The meter waits for a switch to something that the site file does not say: look at its spare set (meterctl tariff show), and push the right one with replacePending.",
    "电表待切换的内容与站点文件不符:查看备用套(meterctl tariff show),并以 replacePending 重新下装。",
  ),
  "stale-tariff/tariff-month-differs": say(
    "The steps of the month begin on another day than the meter's settlement day (04000B01), and nobody moves that silently: correct the day in the site file, or set it in the meter.",
    "月阶梯起始日与电表结算日(04000B01)不一致,本系统不自动改动:更正站点文件,或在电表上设置结算日。",
  ),
  "stale-tariff/tariff-too-large": say(
    "The meter has no room for the account's tariff, so it deducts by something else: give the account a tariff that fits, or change the meter.",
    "电表容不下该账户的电价,正按其他电价扣费:为账户更换合适的电价,或更换电表。",
  ),
  "stale-tariff/not-supported": say(
    "The account's tariff has steps, and the meter keeps none: give the account a tariff that fits, or change the meter.",
    "账户电价含阶梯,而电表不支持阶梯:为账户更换合适的电价,或更换电表。",
  ),
};
