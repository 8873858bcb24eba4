/** Words of what customers are told. */
import type { NoticeState } from "../notice-calls.ts";

type Plain =
  | "title"
  | "filter"
  | "account"
  | "ofAccount"
  | "none"
  | "more"
  | "became"
  | "balance"
  | "reach"
  | "nobody"
  | "delivered"
  | "because"
  | "nextAt"
  | "notAfter"
  | "text"
  | "tries"
  | "noTries"
  | "retry"
  | "retried";

export type NoticePhrases = Readonly<Record<Plain, string>> & {
  readonly states: Readonly<Record<NoticeState | "all", string>>;
  readonly outcomes: Readonly<Record<string, string>>;
};

export const noticesEn: NoticePhrases = {
  title: "Notices",
  filter: "State",
  account: "Account, then Enter",
  ofAccount: "Of one customer",
  none: "No such notice.",
  more: "… and older ones: meterctl notices",
  became: "True since",
  balance: "Balance it tells",
  reach: "Reached by",
  nobody: "no number, no address",
  delivered: "Delivered",
  because: "Why",
  nextAt: "Tried again",
  notAfter: "Worth telling until",
  text: "As it was sent last",
  tries: "Tries",
  noTries: "It was not tried yet.",
  retry: "Try again now",
  retried: "It is tried again.",
  states: { failed: "Not delivered", waiting: "Waiting", delivered: "Delivered", cancelled: "Cancelled", all: "All" },
  outcomes: { begun: "no answer kept", delivered: "taken", later: "not now", never: "refused for good" },
};

export const noticesZh: NoticePhrases = {
  title: "客户通知",
  filter: "状态",
  account: "户号,回车查询",
  ofAccount: "按用户查询",
  none: "没有通知。",
  more: "更早的通知见 meterctl notices",
  became: "产生时间",
  balance: "通知余额",
  reach: "联系方式",
  nobody: "无可用联系方式",
  delivered: "送达",
  because: "原因",
  nextAt: "下次发送",
  notAfter: "有效至",
  text: "最近一次发送内容",
  tries: "发送记录",
  noTries: "尚未发送。",
  retry: "立即重发",
  retried: "已安排重发。",
  states: { failed: "未送达", waiting: "待发送", delivered: "已送达", cancelled: "已取消", all: "全部" },
  outcomes: { begun: "未记录结果", delivered: "已接收", later: "暂未接收", never: "拒绝接收" },
};
