/**
 * The fixed phrases of an explanation in Chinese: fields, functions, bits, defects. The page is made in English and turned over here, so
 * that both tell the same; what stands in neither list (hex, numbers, names of vendors) stays as it is.
 *
 * Names of values are in `words-zh.ts`, titles of items in their rows.
 */
import { freezeMode, profileMode, reportMode, reportState, runFeature } from "./formats/feature-bytes.ts";
import { relayOrders } from "./relay-orders.ts";
import { phaseFaults, runStateWord1, runStateWord2, runStateWord7 } from "./formats/status-words.ts";

const FIELDS: Readonly<Record<string, string>> = {
  "on the wire": "线上字节",
  field: "字段",
  "less 33H": "减33H",
  meaning: "含义",
  start: "起始符",
  address: "地址域",
  control: "控制码",
  length: "数据域长度",
  checksum: "校验码",
  end: "结束符",
  right: "正确",
  "data identifier": "数据标识",
  "not in the dictionary": "字典中没有",
  "part of the data": "部分数据",
  "cipher and MAC": "密文与MAC",
  "baud byte": "波特率特征字",
  "no password at this level": "该权限不用密码",
  "no data": "无数据",
  "no frame": "没有帧",
  noise: "杂散字节",
  request: "请求",
  response: "应答",
  exception: "异常应答",
  "more follows": "有后续帧",
  true: "是",
  false: "否",
};

const FUNCTIONS: Readonly<Record<string, string>> = {
  "read data": "读数据",
  "read subsequent data": "读后续数据",
  "read the last data again": "重读数据",
  "security authentication": "安全认证",
  "write data": "写数据",
  "broadcast time": "广播校时",
  "read communication address": "读通信地址",
  "write communication address": "写通信地址",
  "change baud rate": "更改通信速率",
  "change password": "修改密码",
  "clear maximum demand": "最大需量清零",
  freeze: "冻结命令",
  "clear meter": "电表清零",
  "clear events": "事件清零",
  "trip, close, alarm, protect": "跳合闸、报警、保电",
  "multi-function terminal output": "多功能端子输出控制",
  "function not in the standard": "标准外的功能码",
};

const BITS: Readonly<Record<string, string>> = {
  "password wrong or unauthorised": "密码错或未授权",
  "no requested data": "无请求数据",
  "baud rate cannot be changed": "通信速率不能更改",
  "year time-zone count exceeded": "年时区数超",
  "daily slot count exceeded": "日时段数超",
  "tariff count exceeded": "费率数超",
  "other error": "其他错误",
  "remote security suspended": "远程安全功能挂起",
  "repeated top-up": "重复充值",
  "ESAM verification failed": "ESAM验证失败",
  "identity authentication failed or expired": "身份认证失败或失效",
  "customer number mismatch": "客户编号不匹配",
  "top-up count error": "充值次数错误",
  "purchase above the hoarding limit": "购电超囤积",
  "address or comparison error": "地址异常或比对错",
  "closing of an interactive terminal failed": "交互终端合闸失败",
  "setting a password failed": "设置密码失败",
  "MAC error": "MAC校验失败",
  "password wrong, unauthorised, unknown order or deadline no date": "密码错、未授权、命令未知或截止时间不是日期",
  "identity authentication expired": "身份认证失效",
  "deadline passed on the meter's clock": "按电表时钟命令已过截止时间",
  "disconnect refused: supply is protected": "跳闸失败(保电)",
  "disconnect with restore refused: supply is protected": "跳闸自动恢复失败(保电)",
  "time until restore invalid": "自动恢复时间无效",
  "disconnect with restore refused: already disconnected": "跳闸自动恢复失败(已跳闸)",
  "reconnected directly": "直接合闸",
  armed: "合闸允许",
  "disconnected directly": "直接跳闸",
  "disconnects after the trip delay": "延时跳闸",
  "disconnected until it restores itself": "跳闸自动恢复",
  "disconnect postponed: current too high": "大电流延时跳闸",
  protected: "保电",
  unprotected: "保电解除",
  "alarm on": "报警",
  "alarm off": "报警解除",
};

/** Words that values consist of. */
const VALUES: Readonly<Record<string, string>> = {
  connected: "接通",
  disconnected: "断开",
  connect: "合",
  none: "非预付费",
  energy: "电量型",
  money: "电费型",
  unknown: "未知",
  test: "测试密钥",
  production: "正式密钥",
  "clock-second": "时钟秒脉冲",
  "demand-period": "需量周期",
  "slot-switch": "时段投切",
  Sunday: "周日",
  Monday: "周一",
  Tuesday: "周二",
  Wednesday: "周三",
  Thursday: "周四",
  Friday: "周五",
  Saturday: "周六",
  local: "本地",
  remote: "远程",
  ...Object.fromEntries(Object.entries(relayOrders).map(([name, { zh }]) => [name, zh])),
};

const UNITS: Readonly<Record<string, string>> = {
  yuan: "元",
  "yuan/kWh": "元/kWh",
  times: "次",
  min: "分钟",
  s: "秒",
  ms: "毫秒",
  degC: "℃",
  deg: "度",
  baud: "波特",
};

const FLAGS = [
  runStateWord1,
  runStateWord2,
  phaseFaults,
  runStateWord7,
  profileMode,
  freezeMode,
  runFeature,
  reportMode,
  reportState,
];
const flagNames = FLAGS.flatMap(({ table }) => table.map(([, name, zh]) => [name, zh] as const));
const PHRASES: ReadonlyMap<string, string> = new Map([
  ...Object.entries({ ...VALUES, ...BITS, ...FUNCTIONS, ...FIELDS }),
  ...flagNames,
]);

/** Sentences with numbers in them. */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^checksum at offset (\d+) is (..), computed (..)/, "校验码(偏移$1)为$2,应为$3"],
  [/; it fits a sum from the second 68$/, ";与从第二个68起的和相符"],
  [/; it fits a sum without the first 68$/, ";与不含第一个68的和相符"],
  [/; it fits a sum without both 68$/, ";与不含两个68的和相符"],
  [/; it fits a sum without the address$/, ";与不含地址域的和相符"],
  [/; it fits a sum from the control byte$/, ";与从控制码起的和相符"],
  [/; it fits a sum from the length byte$/, ";与从数据域长度起的和相符"],
  [/; it fits a sum with the end byte in it$/, ";与计入结束符的和相符"],
  [/; it fits a sum with (\d) wake-up bytes? in it$/, ";与计入$1个前导字节的和相符"],
  [/; it fits a sum from offset (\d), in the middle of the address$/, ";与从偏移$1(地址域中间)起的和相符"],
  [/; it fits a sum over the data alone$/, ";与仅数据域的和相符"],
  [/; it fits a sum over the data before 33 was added$/, ";与未加33H的数据的和相符"],
  [/^first start byte at offset 0 is (..), not 68/, "第一个起始符(偏移0)为$1,不是68"],
  [/^second start byte at offset 7 is (..), not 68/, "第二个起始符(偏移7)为$1,不是68"],
  [/^length at offset 9 is (..), but (\d+) data bytes are present/, "数据域长度(偏移9)为$1,实有$2字节"],
  [/; the checksum fits these$/, ";校验码与实有字节相符"],
  [/^end byte at offset (\d+) is (..), not 16$/, "结束符(偏移$1)为$2,不是16"],
  [/^truncated: (\d+) of at least (\d+) bytes/, "帧不完整:至少$2字节,只有$1字节"],
  [/^truncated: (\d+) of (\d+) bytes/, "帧不完整:共$2字节,只有$1字节"],
  [/; or length at offset 9 is wrong: the checksum fits (\d+) data bytes$/, ";或数据域长度有误:校验码与$1字节数据相符"],
  [/^not BCD: /, "不是BCD码:"],
  [/^not ASCII: /, "不是ASCII码:"],
  [/^(\d+) bytes where (\d+) are expected: (.*) in wire order$/, "应为$2字节,实为$1字节:$3(线上顺序)"],
  [/^(\d+) bytes where (\d+) are expected$/, "应为$2字节,实为$1字节"],
  [/^(\d+) data bytes$/, "数据域$1字节"],
  [/^(..) has not exactly one rate set$/, "$1 未恰好置一个速率位"],
  [/^the record's own checksum is (..), computed (..): (.*) in wire order$/, "记录自身校验码为$1,应为$2:$3(线上顺序)"],
  [/forward/g, "正向"],
  [/reverse/g, "反向"],
  [/quadrant (\d)/g, "象限$1"],
  [/^reserved bit (\d+)$|^bit (\d+)$/, "保留位$1$2"],
];

export const unitZh = (unit: string): string => UNITS[unit] ?? unit;

/** A phrase, or several with commas between them; what is not known stays as it is. */
export function phraseZh(text: string): string {
  const whole = PHRASES.get(text);
  if (whole !== undefined) return whole;
  let turned = text;
  for (const [pattern, zh] of SENTENCES) turned = turned.replace(pattern, zh);
  if (turned !== text) return turned;
  const parts = text.split(", ");
  return parts.length > 1 ? parts.map(phraseZh).join("、") : text;
}
