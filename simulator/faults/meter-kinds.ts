/** Faults of the meter itself: what it does is not what it says, or it is not the meter one thinks. */
import type { FaultKindRow } from "./kinds.ts";
import { once } from "./kinds.ts";

const error =
  'error as hex, ERR "01", SERR "0001" or the word of an extended 1CH reply; default other error, in that word unauthorised';

export const meterKinds = {
  refusal: {
    on: "meter",
    meaning: "the meter does nothing and answers with an error",
    meaningZh: "电表不执行，回错误应答",
    lasts: "once",
    parameters: { ...once, error },
    otherwise: { error: "01" },
    weather: 1,
  },
  "refused-though-done": {
    on: "meter",
    meaning: "the meter obeys in full and answers with an error",
    meaningZh: "电表已全部执行，却回错误应答",
    lasts: "once",
    parameters: { ...once, error },
    otherwise: { error: "01" },
  },
  "refused-though-partly-done": {
    on: "meter",
    meaning:
      "the meter obeys by halves and answers with an error: of a top-up the money or the count, of a relay order the order " +
      "without the contact, of a write the lower bytes",
    meaningZh: "电表只执行一半并回错误应答：充值只加金额或只加次数，控制只记命令不动触点，写参数只写低字节",
    lasts: "once",
    parameters: {
      ...once,
      part: "of a top-up: money or count; default money",
      error,
    },
    otherwise: { part: "money", error: "01" },
  },
  "empty-acknowledgement": {
    on: "meter",
    meaning: "the meter says yes to a write, control or money order and does nothing",
    meaningZh: "电表应答成功，实际什么也没做",
    lasts: "once",
    parameters: once,
  },
  "stuck-relay": {
    on: "meter",
    meaning: "orders are taken, the contact does not move; freed, it goes where it was last told to go",
    meaningZh: "继电器卡死：命令已记，触点不动；恢复后按最后命令动作",
    lasts: "until-deleted",
    parameters: { times: "how many movements it spoils; left out, it lasts until it is deleted" },
    acts: "body",
  },
  "welded-relay": {
    on: "meter",
    meaning: "the contact is welded: order and word 3 say open, current flows, energy is counted, word 1 bit 8 is set",
    meaningZh: "触点粘连：命令和状态字3为断开，负荷电流继续，电量照走，状态字1第8位置1",
    lasts: "until-deleted",
    parameters: {},
    acts: "body",
  },
  "count-jump": {
    on: "meter",
    meaning:
      "before it hears the request, somebody else has charged the meter, unless more than 999999.99 yuan or 4294967295 purchases would come of it",
    meaningZh: "收到请求之前，电表已被他人充值（超出 999999.99 元或 4294967295 次则不充）",
    lasts: "once",
    parameters: { ...once, amount: 'yuan, default "10.00"', by: "by how much the purchase count goes up, default 1" },
    otherwise: { amount: "10.00", by: 1 },
  },
  "expired-session": {
    on: "meter",
    meaning: "before it hears the request, the session has run out",
    meaningZh: "收到请求之前，身份认证已失效",
    lasts: "once",
    parameters: once,
    weather: 2,
  },
  "clock-jump": {
    on: "meter",
    meaning: "before it hears the request, the meter's clock has jumped",
    meaningZh: "收到请求之前，电表时钟跳变",
    lasts: "once",
    parameters: { ...once, byMs: "by how much, ahead or back, default 600000" },
    otherwise: { byMs: 600_000 },
  },
  "clock-drift": {
    on: "meter",
    meaning: "the meter's clock runs fast or slow; what it has gained stays when the fault is deleted",
    meaningZh: "电表时钟走快或走慢；故障删除后误差保留",
    lasts: "until-deleted",
    parameters: { msPerDay: "how much it gains a day, below zero it loses, default 60000" },
    otherwise: { msPerDay: 60_000 },
    acts: "body",
  },
  "power-loss": {
    on: "meter",
    meaning: "the meter obeys, and its power goes before it can answer; it stays deaf for a while and wakes without a session",
    meaningZh: "电表执行后未及应答即断电；一段时间内无响应，复电后需重新认证",
    lasts: "once",
    parameters: { ...once, offMs: "how long it stays off, default 30000" },
    otherwise: { offMs: 30_000 },
    weather: 1,
  },
  "slow-meter": {
    on: "meter",
    meaning: "the meter takes its time with every answer, and the line waits for it",
    meaningZh: "电表应答缓慢，线路一直等待",
    lasts: "until-deleted",
    parameters: { delayMs: "how much longer, default 400" },
    otherwise: { delayMs: 400 },
    acts: "body",
  },
  twin: {
    on: "meter",
    meaning: "a second meter with this address hangs on the same wires: it hears, obeys and answers too, with numbers of its own",
    meaningZh: "同一线路上另有一块相同地址的电表，同样接收、执行并应答",
    lasts: "until-deleted",
    parameters: { delayMs: "how long after the first answer it speaks; default 0: both at once, and nobody can read it" },
    otherwise: { delayMs: 0 },
    acts: "body",
  },
  "swapped-addresses": {
    on: "meter",
    meaning: "this meter and another on its bus have each other's address: what is asked of one is done by the other",
    meaningZh: "与同一线路上另一块电表地址对调（串户）",
    lasts: "until-deleted",
    parameters: { with: "the other meter's address; must be given" },
    acts: "body",
  },
  "wrong-customer": {
    on: "meter",
    meaning: "the meter carries another customer's number",
    meaningZh: "电表内客户编号与档案不符",
    lasts: "until-deleted",
    parameters: { customerNumber: "twelve digits; left out, its own plus one" },
    acts: "body",
  },
  "wrong-meter-number": {
    on: "meter",
    meaning: "another meter was put in its place: the address is the same, the meter number and its keys are not",
    meaningZh: "电表已被更换：地址相同，表号和密钥不同",
    lasts: "until-deleted",
    parameters: { meterNumber: "twelve digits; left out, its own plus one" },
    acts: "body",
  },
} as const satisfies Record<string, FaultKindRow>;
