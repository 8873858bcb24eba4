/**
 * A frame in a few words, English and Chinese, for the street page: function, data item, relay order, why it was refused. A small
 * table of the street's own; values are not read out. Whoever can say more takes its place where `control-watch.ts` asks.
 */
import { hex } from "./bytes.ts";
import { dataItemOf, FrameReader, FunctionCode } from "./wire.ts";
import type { Frame } from "./wire.ts";

export interface Said {
  readonly en: string;
  readonly zh: string;
}
/** Bytes as they passed, wake-ups and all; perhaps no frame. */
export type Describe = (bytes: Uint8Array) => Said;

const said = (en: string, zh: string): Said => ({ en, zh });

const functions: Readonly<Record<number, Said>> = {
  0x03: said("security", "安全认证"),
  0x08: said("broadcast clock", "广播校时"),
  0x11: said("read", "读数据"),
  0x12: said("read on", "读后续数据"),
  0x13: said("read address", "读通信地址"),
  0x14: said("write", "写数据"),
  0x15: said("write address", "写通信地址"),
  0x16: said("freeze", "冻结"),
  0x17: said("change baud rate", "更改波特率"),
  0x18: said("change password", "修改密码"),
  0x19: said("clear demand", "需量清零"),
  0x1a: said("clear meter", "电表清零"),
  0x1b: said("clear events", "事件清零"),
  0x1c: said("relay order", "跳合闸"),
  0x1d: said("output", "多功能端子输出"),
};

const orders: Readonly<Record<number, Said>> = {
  0x1a: said("disconnect", "跳闸"),
  0x1b: said("arm", "合闸允许"),
  0x1c: said("reconnect", "直接合闸"),
  0x1d: said("disconnect for a while", "跳闸自动恢复"),
  0x1e: said("disconnect for a while, then arm", "跳闸后合闸允许"),
  0x2a: said("warn", "报警"),
  0x2b: said("stop warning", "报警解除"),
  0x3a: said("protect", "保电"),
  0x3b: said("unprotect", "保电解除"),
};

/** Those that a fee-control engineer meets all day; the others are told by number alone. */
const items: Readonly<Record<string, Said>> = {
  "00010000": said("imported energy", "正向有功总电能"),
  "00900200": said("balance", "剩余金额"),
  "00900201": said("overdraft", "透支金额"),
  "02010100": said("voltage A", "A相电压"),
  "02020100": said("current A", "A相电流"),
  "02030000": said("active power", "总有功功率"),
  "03330201": said("purchase count", "购电次数"),
  "04000101": said("date", "日期及星期"),
  "04000102": said("time", "时间"),
  "04000401": said("address", "通信地址"),
  "04000402": said("meter number", "表号"),
  "0400040E": said("customer number", "客户编号"),
  "04000503": said("run-state word 3", "运行状态字3"),
  "070000FF": said("prove identity", "身份认证"),
  "070001FF": said("session length", "认证时效"),
  "070002FF": said("end session", "认证失效"),
  "070101FF": said("open account", "开户"),
  "070102FF": said("top-up", "充值"),
  "078102FF": said("status", "状态查询"),
};

const errBits: readonly Said[] = [
  said("other error", "其他错误"),
  said("no such data", "无请求数据"),
  said("password wrong or not authorised", "密码错或未授权"),
  said("baud rate cannot be changed", "通信速率不能更改"),
  said("too many year zones", "年时区数超"),
  said("too many daily slots", "日时段数超"),
  said("too many tariffs", "费率数超"),
];
const serrBits: readonly Said[] = [
  said("other error", "其他错误"),
  said("repeated top-up", "重复充值"),
  said("MAC wrong", "ESAM验证失败"),
  said("identity not proved or lapsed", "身份认证失败"),
  said("customer number does not fit", "客户编号不匹配"),
  said("purchase count wrong", "充值次数错误"),
  said("above the hoarding limit", "购电超囤积"),
  said("bit 7", "第7位"),
  said("suspended until midnight", "安全认证挂起"),
];

const withItem: readonly number[] = [FunctionCode.security, FunctionCode.read, FunctionCode.readOn, FunctionCode.write];

export const describe: Describe = (bytes) => {
  const [frame] = new FrameReader().push(bytes, 0);
  if (frame === undefined) return said(`${bytes.length} bytes that are no frame`, `${bytes.length} 字节，不是完整帧`);
  const code = frame.control & 0x1f;
  const name = functions[code] ?? said(`function ${hex(Uint8Array.of(code))}`, `功能 ${hex(Uint8Array.of(code))}`);
  const what = subject(code, frame);
  const tail = (frame.control & 0x40) === 0 ? more(frame) : refusal(code, frame.data);
  return said(`${name.en}${spaced(what?.en)}${tail.en}`, `${name.zh}${spaced(what?.zh)}${tail.zh}`);
};

const spaced = (text: string | undefined): string => (text === undefined ? "" : ` ${text}`);

function subject(code: number, { control, data }: Frame): Said | undefined {
  const isRefusal = (control & 0x40) !== 0;
  if (isRefusal) return undefined;
  if (withItem.includes(code) && data.length >= 4) {
    const di = dataItemOf(data);
    const name = items[di];
    return name === undefined ? said(di, di) : said(`${di} ${name.en}`, `${di} ${name.zh}`);
  }
  if (code !== FunctionCode.control || (control & 0x80) !== 0) return undefined;
  // 98 and 96: the order lies under a cipher. A plain one stands behind level, password and operator.
  return data[0] === 0x98 || data[0] === 0x96 ? said("secured", "密文") : orders[data[8] ?? 0];
}

const more = ({ control }: Frame): Said => ((control & 0xa0) === 0xa0 ? said(", more follows", "，有后续帧") : said("", ""));

function refusal(code: number, data: Uint8Array): Said {
  const isSecurity = code === FunctionCode.security;
  const word = (data[0] ?? 0) | (isSecurity ? (data[1] ?? 0) << 8 : 0);
  const names = (isSecurity ? serrBits : errBits).filter((_, bit) => ((word >> bit) & 1) === 1);
  const number = `${isSecurity ? "SERR" : "ERR"} ${word
    .toString(16)
    .toUpperCase()
    .padStart(isSecurity ? 4 : 2, "0")}`;
  const list = (language: keyof Said, joint: string): string => names.map((name) => name[language]).join(joint);
  return said(
    ` refused: ${[list("en", ", "), number].filter(Boolean).join(" · ")}`,
    ` 拒绝：${[list("zh", "、"), number].filter(Boolean).join(" · ")}`,
  );
}
