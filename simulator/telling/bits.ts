/** Bits by their names: run-state word 3, and the three kinds of refusal. A bit that has no name is told by its number. */
import type { Said } from "./values.ts";

export type BitTable = Readonly<Record<number, Said>>;

const bit = (en: string, zh: string): Said => ({ en, zh });

/** Run-state word 3: what a fee-control engineer looks at first. Bit 9 alone says that money is paid before. */
export const relayBits: BitTable = {
  3: bit("programming permitted", "编程允许"),
  4: bit("relay open", "继电器断开"),
  6: bit("ordered to trip", "继电器命令拉闸"),
  7: bit("pre-trip alarm", "预跳闸报警"),
  8: bit("energy prepay", "电量型预付费"),
  9: bit("money prepay", "电费型预付费"),
  12: bit("protected", "保电"),
  13: bit("identity valid", "身份认证有效"),
  14: bit("local account not opened", "本地未开户"),
  15: bit("remote account not opened", "远程未开户"),
};

/** ERR, one byte. */
export const errBits: BitTable = {
  0: bit("other error", "其他错误"),
  1: bit("no such data", "无请求数据"),
  2: bit("password wrong or not authorised", "密码错或未授权"),
  3: bit("baud rate cannot be changed", "通信速率不能更改"),
  4: bit("too many year zones", "年时区数超"),
  5: bit("too many daily slots", "日时段数超"),
  6: bit("too many tariffs", "费率数超"),
};

/** SERR of 03H, two bytes. */
export const serrBits: BitTable = {
  0: bit("other error", "其他错误"),
  1: bit("repeated top-up", "重复充值"),
  2: bit("MAC wrong", "ESAM 验证失败"),
  3: bit("identity not proved or lapsed", "身份认证失败"),
  4: bit("customer number does not fit", "客户编号不匹配"),
  5: bit("purchase count wrong", "充值次数错误"),
  6: bit("above the hoarding limit", "购电超囤积"),
  8: bit("suspended until midnight", "远程安全认证挂起"),
};

/** DC with two bytes: why a secured relay order was not done. */
export const relayRefusalBits: BitTable = {
  0: bit("suspended until midnight", "挂起"),
  1: bit("MAC wrong", "MAC 错误"),
  2: bit("not authorised", "未授权"),
  3: bit("identity lapsed", "身份认证失效"),
  4: bit("deadline passed", "命令有效期已过"),
  5: bit("protected", "保电,跳闸失败"),
  6: bit("protected", "保电,自动恢复跳闸失败"),
  7: bit("trip time invalid", "恢复时间无效"),
  8: bit("already tripped", "已处于跳闸"),
};

/** 9C with two bytes: what was done. */
export const relayDoneBits: BitTable = {
  0: bit("reconnected", "直接合闸"),
  1: bit("armed", "允许合闸"),
  2: bit("disconnected", "直接跳闸"),
  3: bit("trip delayed", "延时跳闸"),
  4: bit("tripped for a time", "跳闸自动恢复"),
  5: bit("trip waits for less current", "大电流延时跳闸"),
  8: bit("protected", "保电"),
  9: bit("unprotected", "保电解除"),
  10: bit("warning", "报警"),
  11: bit("no more warning", "报警解除"),
};

export function bitsSet(word: number, table: BitTable): Said[] {
  return Array.from({ length: 16 }, (_, i) => i)
    .filter((i) => (word & (1 << i)) !== 0)
    .map((i) => table[i] ?? bit(`bit ${i}`, `位${i}`));
}
