/** Words of dark hours that should not have been: who is in them, what is done about it, what was said to the customer. */
import type { Compensation } from "../recovery-calls.ts";

type Plain =
  | "title"
  | "filter"
  | "none"
  | "noneEnded"
  | "more"
  | "since"
  | "meter"
  | "account"
  | "line"
  | "owner"
  | "level"
  | "darkSince"
  | "wishedAt"
  | "expected"
  | "reason"
  | "restoredAt"
  | "minutes"
  | "energy"
  | "compensation"
  | "followUp"
  | "followUpBy"
  | "askBy"
  | "asked"
  | "also"
  | "toItem"
  | "note"
  | "mark"
  | "markAs"
  | "wasAsked"
  | "history";

export type DarkHoursPhrases = Readonly<Record<Plain, string>> & {
  readonly lists: Readonly<Record<"open" | "ended", string>>;
  /** The work order, by level: 0 found, 1 made, 2 and 3 escalated. */
  readonly levels: readonly string[];
  readonly states: Readonly<Record<string, string>>;
  readonly marks: Readonly<Record<Compensation, string>>;
  readonly causes: Readonly<Record<string, string>>;
  readonly steps: Readonly<Record<string, string>>;
};

export const darkHoursEn: DarkHoursPhrases = {
  title: "Dark hours",
  filter: "Which",
  none: "Nobody is in the dark who should not be.",
  noneEnded: "None has ended yet.",
  more: "… and older ones: meterctl recovery",
  since: "dark since {when}",
  meter: "Meter",
  account: "Account",
  line: "Line · model",
  owner: "Owner",
  level: "Work order",
  darkSince: "Dark since",
  wishedAt: "Wanted back since",
  expected: "Supply expected",
  reason: "Not back, because",
  restoredAt: "Supply back",
  minutes: "{n} min in the dark",
  energy: "Register before, after",
  compensation: "Compensation",
  followUp: "Customer asked",
  followUpBy: "{when}, by {who}: {what}",
  askBy: "to be asked by {when}",
  asked: "asked",
  also: "Also",
  toItem: "Its item: hand over, close",
  note: "What was said or agreed; eight letters or more",
  mark: "Mark the compensation",
  markAs: "Compensation",
  wasAsked: "The customer was asked",
  history: "What happened",
  lists: { open: "In the dark", ended: "Ended" },
  levels: ["none yet", "made", "with the field lead", "with the duty manager"],
  states: { open: "in the dark", restored: "supply is back", withdrawn: "supply wanted no more" },
  marks: { yes: "due", no: "none", paid: "paid" },
  causes: {
    "wrong-identity": "another meter than the books say",
    "false-register": "a false register",
    "cut-in-window": "at a time at which nobody is cut",
    "cut-unnoticed": "without the notice that was due",
    "cut-too-late": "after its deadline",
    "paid-but-dark": "paid",
    "restore-failed": "ordered back by a person",
  },
  steps: {
    found: "found",
    "cause-added": "another cause",
    "restore-asked": "restore asked for",
    "work-order": "work order",
    escalated: "escalated",
    restored: "supply is back",
    withdrawn: "supply wanted no more",
    "wanted-again": "supply wanted again",
    compensation: "compensation",
    reminded: "reminder to ask the customer",
    "followed-up": "the customer was asked",
    opened: "item opened",
    became: "item became another",
    assigned: "handed over",
    overdue: "overdue",
    applied: "entry applied",
    closed: "item closed",
  },
};

export const darkHoursZh: DarkHoursPhrases = {
  title: "误停与复电",
  filter: "范围",
  none: "当前没有不应停电的用户。",
  noneEnded: "尚无已结束的事件。",
  more: "更早的事件见 meterctl recovery",
  since: "停电自 {when}",
  meter: "电表",
  account: "户号",
  line: "线路 · 型号",
  owner: "责任人",
  level: "工单",
  darkSince: "停电时间",
  wishedAt: "应复电时间",
  expected: "预计复电",
  reason: "未复电原因",
  restoredAt: "复电时间",
  minutes: "停电{n}分钟",
  energy: "停电前后示数",
  compensation: "补偿",
  followUp: "回访",
  followUpBy: "{when},{who}:{what}",
  askBy: "应于 {when} 前回访",
  asked: "已回访",
  also: "其他原因",
  toItem: "查看异常单(移交、结案)",
  note: "沟通或约定内容(至少8个字)",
  mark: "登记补偿",
  markAs: "补偿",
  wasAsked: "登记已回访",
  history: "处理经过",
  lists: { open: "停电中", ended: "已结束" },
  levels: ["尚无", "已派工单", "已升级至班长", "已升级至值班经理"],
  states: { open: "停电中", restored: "已复电", withdrawn: "无需复电" },
  marks: { yes: "应补偿", no: "不补偿", paid: "已补偿" },
  causes: {
    "wrong-identity": "电表与档案不符",
    "false-register": "错误示数",
    "cut-in-window": "禁止跳闸时段",
    "cut-unnoticed": "未送达通知",
    "cut-too-late": "超过有效期",
    "paid-but-dark": "已缴费",
    "restore-failed": "人工复电未成功",
  },
  steps: {
    found: "已发现",
    "cause-added": "增加原因",
    "restore-asked": "已下达复电",
    "work-order": "生成工单",
    escalated: "升级",
    restored: "已复电",
    withdrawn: "无需复电",
    "wanted-again": "再次应复电",
    compensation: "登记补偿",
    reminded: "提醒回访",
    "followed-up": "已回访",
    opened: "异常单已建",
    became: "异常单转类",
    assigned: "移交",
    overdue: "超时",
    applied: "已入账",
    closed: "异常单结案",
  },
};
