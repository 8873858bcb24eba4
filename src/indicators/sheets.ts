/**
 * The sheets: rows of the books on which indicators rest, as they are told outside. A table: what a row is, which moment puts it into a
 * period, its columns, and which of them the figures need when rows are counted together.
 *
 * Names of columns are for ever: people's spreadsheets name them. No row names a customer: no name, account, order id, amount or free text.
 * A meter's address stays, because it hangs on a wall and whoever checks a figure has to find it.
 */
import type { Words } from "./words.ts";

/** How a column is written: moments in ISO 8601 with milliseconds and offset, energy in kWh; nothing is an empty cell. */
export type Kind = "text" | "number" | "moment" | "kwh";

interface Column {
  readonly kind: Kind;
  readonly means: string;
}

export interface Sheet {
  readonly title: Words;
  /** Which rows are in a period. */
  readonly when: string;
  readonly columns: Readonly<Record<string, Column>>;
  /** By these the store may count rows together instead of handing them out; left out: they are few. */
  readonly folds?: readonly string[];
}

const text = (means: string): Column => ({ kind: "text", means });
const number = (means: string): Column => ({ kind: "number", means });
const moment = (means: string): Column => ({ kind: "moment", means });
const energy = (means: string): Column => ({ kind: "kwh", means });

const meter = {
  meter: text("address of the meter"),
  class: text("class of its customer; empty: it serves nobody"),
  bus: text("its line"),
  model: text("its model"),
};
const order = { command: text("id of the command"), kind: text("what was ordered") };
const asOf = moment("when the sheet was drawn up");

export const sheets = {
  midnights: {
    title: { en: "Midnights that meters owe", zh: "应采日冻结" },
    when: "the day",
    columns: {
      day: text("named by the midnight with which it begins"),
      ...meter,
      state: text("due · missing · collected · given-up"),
      how: text("freeze · reading · person"),
      come_at: moment("when it came"),
      same_day: text("yes: it came before the next midnight"),
    },
    folds: ["class", "bus", "model", "state", "same_day"],
  },
  "relay-orders": {
    title: { en: "Relay orders", zh: "跳合闸命令" },
    when: "asked_at",
    columns: {
      ...order,
      asked_by: text("person · rule · payment"),
      ...meter,
      state: text("as the command stands now"),
      because: text("why it ended so, as a code"),
      asked_at: moment("accepted"),
      sent_at: moment("bytes of the last attempt left"),
      acknowledged_at: moment("the meter said that it heard"),
      verified_at: moment("the meter showed it"),
      ended_at: moment("the command ended"),
    },
  },
  "payments-while-cut": {
    title: { en: "Payments for a supply that was disconnected", zh: "断电用户缴费" },
    when: "paid_at",
    columns: {
      payment: text("id of the payment"),
      ...meter,
      cut_by: text("who had the verified cut that stood then: person · rule"),
      cut_at: moment("when that cut was verified"),
      paid_at: moment("the payment was accepted"),
      restore_asked_at: moment(
        "the first restore order after it, before the next payment or cut; empty: it was not enough, or none came",
      ),
      powered_at: moment("the first verified reconnect or arm after it, before the next verified cut"),
      as_of: asOf,
    },
  },
  warnings: {
    title: { en: "Accounts that entered a warning", zh: "进入预警的用户" },
    when: "warned_at",
    columns: {
      ...meter,
      stage: text("forecast · warn-1 · warn-2: the rules' first stage of warning after one that is none"),
      warned_at: moment("when the rules said so"),
      paid_at: moment("the first payment after it"),
      cut_at: moment("the first verified cut after it"),
      as_of: asOf,
    },
  },
  "rule-cuts": {
    title: { en: "Verified cuts by the rules", zh: "规则跳闸" },
    when: "cut_at",
    columns: {
      command: text("id of the command"),
      ...meter,
      sent_at: moment("bytes left"),
      cut_at: moment("the meter showed it"),
      restored_at: moment("the next verified reconnect or arm"),
      in_credit: text("yes: by the books as known now the balance at sent_at was not below the line"),
      exemption: text("kind of an exemption that held at sent_at"),
      window: text("a window in which nobody is cut, at sent_at, by the strategy that decided or because staff had said so"),
      notice_minutes: number("how long before a notice had to be delivered; empty: none was required"),
      notice_delivered_at: moment("the newest notice of a cut since the last payment, delivered before sent_at and still good"),
      register_then: energy("the newest believed register at sent_at"),
      register_taken_back_to: energy("the least to which a person has corrected the register after sent_at"),
      contradicted_at: moment("the rules found while it was cut that the meter shows less than was believed"),
      quarantined_at: moment("the rules found while it was cut that it is not the meter of the books"),
      incident: text("causes by which an incident calls this cut false (docs/recovery.md)"),
    },
  },
  unverified: {
    title: { en: "Orders whose bytes left and that nobody has verified", zh: "已发送未确认的命令" },
    when: "now, whatever the period",
    columns: {
      ...order,
      effect: text("sets · adds"),
      ...meter,
      state: text("as the command stands now"),
      sent_at: moment("the first byte left"),
      as_of: asOf,
    },
  },
  "unverified-at-day-end": {
    title: { en: "The same, at the end of each day", zh: "日终未确认的命令" },
    when: "the day whose end it is; days that are not over have no end yet",
    columns: {
      day: text("the day"),
      day_end: moment("its end"),
      ...order,
      effect: text("sets · adds"),
      ...meter,
      state: text("as the command stands now"),
      sent_at: moment("the first byte left"),
      ended_at: moment("when it ended; of a disputed one when the dispute began: it is in doubt until a person has decided"),
    },
  },
  "refused-macs": {
    title: { en: "Attempts whose MAC a meter refused", zh: "MAC 校验失败" },
    when: "at",
    columns: {
      ...order,
      attempt: number("its number"),
      ...meter,
      day: text("the site's day"),
      at: moment("when the attempt began"),
      fault: text("mac-refused · security-suspended"),
    },
  },
  clocks: {
    title: { en: "Looks at clocks", zh: "时钟核对" },
    when: "at",
    columns: {
      ...meter,
      at: moment("when it was read"),
      ahead_ms: number("by how much it was ahead, milliseconds"),
      off_s: number("how far it was off, in seconds begun"),
    },
    folds: ["class", "bus", "model", "off_s"],
  },
  meters: {
    title: { en: "Meters in use", zh: "在用电表" },
    when: "now, whatever the period",
    columns: { ...meter, identity: text("unread · confirmed · quarantined"), as_of: asOf },
    folds: ["class", "bus", "model", "identity"],
  },
} as const satisfies Record<string, Sheet>;

export type SheetName = keyof typeof sheets;
export const sheetNames = Object.keys(sheets) as [SheetName, ...SheetName[]];
export const sheetOf = (name: SheetName): Sheet => sheets[name];
