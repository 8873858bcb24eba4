/** What the words of the page mean: the legend. */
import type { ByCode } from "./phrases.ts";

export interface MeaningPhrases {
  readonly statesTitle: string;
  readonly states: ByCode;
  readonly lightsTitle: string;
  readonly lights: Readonly<Record<"sent" | "acknowledged" | "verified", string>>;
  readonly relayTitle: string;
  readonly relay: ByCode;
  readonly identityTitle: string;
  readonly identity: ByCode;
  readonly moneyTitle: string;
  readonly money: Readonly<Record<"balance" | "available" | "held", string>>;
  readonly ordersTitle: string;
  readonly orders: ByCode;
}

export const meaningEn: MeaningPhrases = {
  statesTitle: "States of a command",
  states: {
    accepted: "Stored. No byte has left for the meter.",
    queued: "Stored and waiting for its turn. It can still be cancelled.",
    sending: "An attempt is written down; bytes may have left.",
    verifying: "The meter must show that it is done. An acknowledgement alone is not enough.",
    confirmed: "The meter shows it. Money settles.",
    refused: "The meter or a rule said no, for good. Money is released.",
    expired: "Never sent, or proved not obeyed, and no time is left. Money is released.",
    cancelled: "Never sent. Money is released.",
    unanswered: "An order met only silence or an unmoved relay. A person's order is made again only by a person.",
    disputed: "Credit was sent, or money taken back, and nobody can tell whether it happened. The money waits; a person decides.",
  },
  lightsTitle: "Three lights of proof",
  lights: {
    sent: "The bytes have left.",
    acknowledged: "The meter heard: a promise.",
    verified: "The meter shows it: a fact. Only this light ends a command.",
  },
  relayTitle: "Relay",
  relay: {
    connected: "The supply is on.",
    armed: "Allowed to restore: the customer presses the button at the meter.",
    disconnected: "The supply is cut.",
    unknown: "Not read yet.",
  },
  identityTitle: "Identity",
  identity: {
    confirmed: "Meter and customer number agree with the books.",
    unread: "Not read yet; it is looked at before anything is done.",
    quarantined: "The meter's identity does not fit the books: nothing is sent until a person has compared both.",
  },
  moneyTitle: "Money",
  money: {
    balance: "What the meter holds.",
    available: "What the ledger holds, for accounts without a wallet in the meter.",
    held: "Set aside for a top-up that is under way.",
  },
  ordersTitle: "Orders",
  orders: {
    disconnect: "Cuts the supply.",
    reconnect: "Restores it directly. Nobody may be surprised by it.",
    arm: "Allows the customer to restore it at the meter.",
    protect: "The supply may not be cut.",
    unprotect: "Ends the protection.",
  },
};

export const meaningZh: MeaningPhrases = {
  statesTitle: "命令状态",
  states: {
    accepted: "已保存，尚未向电表发出任何字节。",
    queued: "已保存，等待轮到自己；仍可取消。",
    sending: "已登记一次尝试，字节可能已发出。",
    verifying: "须由电表证明已执行；仅有应答不算完成。",
    confirmed: "电表已证明执行，资金结清。",
    refused: "电表或规则明确拒绝，资金释放。",
    expired: "从未发送，或已证明未执行且超过有效期，资金释放。",
    cancelled: "从未发送，资金释放。",
    unanswered: "只遇到无应答，或继电器未动作。人工命令须由人工重新下达。",
    disputed: "充值或退费已发出，但无法判断是否执行。资金暂不变动，由人工裁定。",
  },
  lightsTitle: "三盏证据灯",
  lights: {
    sent: "字节已发出。",
    acknowledged: "电表已应答：只是承诺。",
    verified: "电表已显示结果：才是事实。只有这盏灯能结束命令。",
  },
  relayTitle: "继电器",
  relay: {
    connected: "正常供电。",
    armed: "允许恢复：由用户在电表上按键合闸。",
    disconnected: "已停电。",
    unknown: "尚未读取。",
  },
  identityTitle: "身份",
  identity: {
    confirmed: "表号与客户编号与档案一致。",
    unread: "尚未读取；执行任何操作前会先核对。",
    quarantined: "电表身份与档案不符：人工核对之前不下发任何命令。",
  },
  moneyTitle: "资金",
  money: {
    balance: "电表内的剩余金额。",
    available: "账本中的可用金额(电表内无钱包的户号)。",
    held: "为进行中的充值而冻结的金额。",
  },
  ordersTitle: "操作",
  orders: {
    disconnect: "切断供电。",
    reconnect: "直接恢复供电，须确保现场无人受惊。",
    arm: "允许用户在电表上自行恢复。",
    protect: "不得停电。",
    unprotect: "解除保电。",
  },
};
