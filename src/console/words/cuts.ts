/** Words of what holds cuts back: the dry run, the lists for two persons, the brake and the emergency stop. */
type Plain =
  | "title"
  | "stop"
  | "stopNow"
  | "stopSure"
  | "stopReason"
  | "stopStands"
  | "brakeStands"
  | "nothingStands"
  | "release"
  | "releaseReason"
  | "releaseAsked"
  | "because"
  | "since"
  | "lists"
  | "noLists"
  | "members"
  | "findMember"
  | "moreMembers"
  | "proposedBy"
  | "approveYes"
  | "declineNo"
  | "note"
  | "raiseBrake"
  | "goodUntil"
  | "canary"
  | "preview"
  | "wouldBeCut"
  | "needsTwo"
  | "export"
  | "none"
  | "meter"
  | "account"
  | "class"
  | "line"
  | "owed"
  | "held"
  | "due"
  | "look"
  | "propose"
  | "proposeReason";

export type CutPhrases = Readonly<Record<Plain, string>> & {
  readonly states: Readonly<Record<string, string>>;
};

export const cutsEn: CutPhrases = {
  title: "Cuts",
  stop: "Emergency stop",
  stopNow: "Stop all cuts now",
  stopSure: "No supply is cut any more, whoever orders it, until two persons release it. Restores go on.",
  stopReason: "Why?",
  stopStands: "An emergency stop stands: nobody is cut.",
  brakeStands: "The brake has tripped: nothing is cut automatically.",
  nothingStands: "Neither an emergency stop nor the brake stands.",
  release: "Release",
  releaseReason: "Why it may go on",
  releaseAsked: "{who} would release it; a second person is needed.",
  because: "Cause: {what}",
  since: "since {when}, by {who}",
  lists: "Lists for two persons",
  noLists: "There is no list.",
  members: "{n} supplies",
  findMember: "Find a meter, an account or a line",
  moreMembers: "{n} more",
  proposedBy: "proposed by {who}",
  approveYes: "Approve",
  declineNo: "Decline",
  note: "Note",
  raiseBrake: "The brake does not count it, if both say so",
  goodUntil: "approved until {when}",
  canary: "first",
  preview: "Who would be cut now",
  wouldBeCut: "{due} of {meters} would be cut ({share} %), owing {owed} yuan; about {seconds} s",
  needsTwo: "Two persons are asked first.",
  export: "As CSV",
  none: "Nobody owes more than he may.",
  meter: "Meter",
  account: "Account",
  class: "Class",
  line: "Line",
  owed: "Owed",
  held: "Held back by",
  due: "would be cut",
  look: "Look through",
  propose: "Propose all that are due",
  proposeReason: "Why now",
  states: {
    proposed: "waits for two persons",
    canary: "the first are being cut",
    running: "running",
    done: "done",
    stopped: "stopped",
    lapsed: "lapsed",
    declined: "declined",
    waiting: "waits for its turn",
    asked: "ordered",
    cut: "cut",
    failed: "not shown by the meter",
    "left-out": "left out",
  },
};

export const cutsZh: CutPhrases = {
  title: "停电管控",
  stop: "紧急停止",
  stopNow: "立即停止所有跳闸",
  stopSure: "此后任何人下达的跳闸均不执行,须两人解除;复电不受影响。",
  stopReason: "原因",
  stopStands: "紧急停止中:任何跳闸均不执行。",
  brakeStands: "自动跳闸已制动。",
  nothingStands: "未紧急停止,未制动。",
  release: "解除",
  releaseReason: "解除理由",
  releaseAsked: "{who} 已申请解除,须另一人确认。",
  because: "原因:{what}",
  since: "自 {when},由 {who}",
  lists: "双人审批的停电批次",
  noLists: "没有停电批次。",
  members: "{n} 户",
  findMember: "按电表、户号或线路查找",
  moreMembers: "其余 {n} 户",
  proposedBy: "提出者 {who}",
  approveYes: "同意",
  declineNo: "否决",
  note: "说明",
  raiseBrake: "两人均同意时,不计入制动",
  goodUntil: "审批有效至 {when}",
  canary: "首批",
  preview: "当前应停电用户(预演)",
  wouldBeCut: "{meters} 户中 {due} 户应停电({share}%),欠费 {owed} 元,约需 {seconds} 秒",
  needsTwo: "须先经双人审批。",
  export: "导出 CSV",
  none: "没有欠费用户。",
  meter: "电表",
  account: "户号",
  class: "类别",
  line: "线路",
  owed: "欠费",
  held: "不停电原因",
  due: "应停电",
  look: "逐户查看",
  propose: "将全部应停电户列入批次",
  proposeReason: "提出理由",
  states: {
    proposed: "待双人审批",
    canary: "首批执行中",
    running: "执行中",
    done: "已完成",
    stopped: "已停止",
    lapsed: "已失效",
    declined: "已否决",
    waiting: "等待执行",
    asked: "已下达",
    cut: "已停电",
    failed: "电表未证实",
    "left-out": "已剔除",
  },
};
