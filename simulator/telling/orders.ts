/** What a relay order says (1CH, first byte), and the functions of DL/T 645-2007, by name. */
import type { Said } from "./values.ts";

const word = (en: string, zh: string): Said => ({ en, zh });

export const relayOrders: Readonly<Record<number, Said>> = {
  0x1a: word("disconnect", "跳闸"),
  0x1b: word("arm", "合闸允许"),
  0x1c: word("reconnect", "直接合闸"),
  0x1d: word("disconnect, then reconnect by itself", "跳闸自动恢复"),
  0x1e: word("disconnect, then arm by itself", "跳闸后允许合闸"),
  0x2a: word("warn", "报警"),
  0x2b: word("stop warning", "报警解除"),
  0x3a: word("protect", "保电"),
  0x3b: word("unprotect", "保电解除"),
};

export const functions: Readonly<Record<number, Said>> = {
  0x03: word("security", "安全认证"),
  0x08: word("broadcast clock", "广播校时"),
  0x11: word("read", "读数据"),
  0x12: word("read on", "读后续数据"),
  0x13: word("read address", "读通信地址"),
  0x14: word("write", "写数据"),
  0x15: word("write address", "写通信地址"),
  0x16: word("freeze", "冻结命令"),
  0x17: word("change baud rate", "更改通信速率"),
  0x18: word("change password", "修改密码"),
  0x19: word("clear demand", "最大需量清零"),
  0x1a: word("clear meter", "电表清零"),
  0x1b: word("clear events", "事件清零"),
  0x1c: word("relay order", "跳合闸命令"),
  0x1d: word("output of the terminal", "多功能端子输出"),
};
