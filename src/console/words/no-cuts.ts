/** Words of the times in which nobody is cut: bad weather, planned outages. */
import type { NoCutKind, NoCutScope } from "../no-cut-calls.ts";

type Plain =
  | "title"
  | "hint"
  | "none"
  | "past"
  | "span"
  | "saidBy"
  | "endedBy"
  | "open"
  | "cancel"
  | "kind"
  | "from"
  | "fromHint"
  | "until"
  | "siteTime"
  | "inHours"
  | "whom"
  | "name"
  | "reason"
  | "outageReason"
  | "say"
  | "endEarly"
  | "callOff"
  | "endReason";

export type NoCutPhrases = Readonly<Record<Plain, string>> & {
  readonly kinds: Readonly<Record<NoCutKind, string>>;
  readonly scopes: Readonly<Record<NoCutScope, string>>;
  readonly states: Readonly<Record<string, string>>;
};

export const noCutsEn: NoCutPhrases = {
  title: "Times in which nobody is cut",
  hint: "No rule cuts anybody in them; restores and orders of people go on. The hours and days of the site file count beside them.",
  none: "Nothing stands, nothing is coming.",
  past: "Past ({n} newest)",
  span: "{from} to {until}",
  saidBy: "said by {who}",
  endedBy: "ended {when} by {who}: {why}",
  open: "Bad weather or outage …",
  cancel: "Leave it",
  kind: "What",
  from: "From",
  fromHint: "left empty: now",
  until: "Until",
  siteTime: "the site's time",
  inHours: "{n} h",
  whom: "For whom",
  name: "Its name in the site file",
  reason: "Why",
  outageReason: "Why; customers are told it",
  say: "Cut nobody until then",
  endEarly: "End early",
  callOff: "Call off",
  endReason: "Why it may end",
  kinds: { "bad-weather": "Bad weather", maintenance: "Planned outage" },
  scopes: { site: "whole site", class: "class", feeder: "feeder", bus: "line" },
  states: { standing: "stands", coming: "coming", past: "past" },
};

export const noCutsZh: NoCutPhrases = {
  title: "禁止跳闸时段",
  hint: "时段内策略不跳闸;复电与人工命令不受影响。站点文件中的时段同时有效。",
  none: "当前无登记,也无将到的登记。",
  past: "已过(最近{n}条)",
  span: "{from} 至 {until}",
  saidBy: "登记人 {who}",
  endedBy: "{who} 于 {when} 提前结束:{why}",
  open: "登记恶劣天气或停电检修……",
  cancel: "放弃",
  kind: "类型",
  from: "开始",
  fromHint: "不填即现在",
  until: "截止",
  siteTime: "站点时间",
  inHours: "{n}小时",
  whom: "范围",
  name: "站点文件中的名称",
  reason: "原因",
  outageReason: "原因(将告知用户)",
  say: "登记:禁止跳闸",
  endEarly: "提前结束",
  callOff: "取消登记",
  endReason: "结束理由",
  kinds: { "bad-weather": "恶劣天气", maintenance: "计划停电检修" },
  scopes: { site: "全站", class: "客户类别", feeder: "馈线", bus: "线路" },
  states: { standing: "生效中", coming: "未开始", past: "已结束" },
};
