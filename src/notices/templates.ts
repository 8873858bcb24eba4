/**
 * The words customers are told, in Chinese and English: one table, which a site file may say otherwise for the site and for a class of
 * customers. Places in braces are filled by name; which there are depends on the kind, and a name that is none is found at the start.
 */
import { noticeKinds, type NoticeKind } from "./kinds.ts";

export const languages = ["zh", "en"] as const;
export type Language = (typeof languages)[number];

export interface Template {
  readonly subject: string;
  readonly text: string;
}
/** As a site file says them: only what is to be otherwise. */
export type GivenTemplates = {
  readonly [L in Language]?:
    | { readonly [K in NoticeKind]?: { readonly subject?: string | undefined; readonly text?: string | undefined } | undefined }
    | undefined;
};

const everywhere = ["account", "name", "site", "at", "pay"] as const;
const ofMoney = ["balance", "owed"] as const;
/** Which places a kind has. */
export const placesOf: Readonly<Record<NoticeKind, readonly string[]>> = {
  forecast: [...everywhere, ...ofMoney, "days"],
  "warn-1": [...everywhere, ...ofMoney],
  "warn-2": [...everywhere, ...ofMoney],
  "notice-due": [...everywhere, ...ofMoney, "limit", "cutFrom"],
  cut: [...everywhere, ...ofMoney, "limit"],
  armed: [...everywhere, ...ofMoney],
  restored: [...everywhere, ...ofMoney],
  outage: [...everywhere, "from", "to", "reason"],
  "outage-soon": [...everywhere, "from", "to", "reason"],
};

const say = (subject: string, text: string): Template => ({ subject, text });

export const usualTemplates: Readonly<Record<Language, Readonly<Record<NoticeKind, Template>>>> = {
  zh: {
    forecast: say(
      "电费余额提醒",
      "{name}(户号{account}):截至{at},您的电费余额为{balance},按近日用电预计不足{days}天,请及时缴费。{pay}",
    ),
    "warn-1": say("电费余额提醒", "{name}(户号{account}):截至{at},您的电费余额为{balance},请及时缴费。{pay}"),
    "warn-2": say("电费余额不足", "{name}(户号{account}):截至{at},您的电费余额仅为{balance},请尽快缴费。{pay}"),
    "notice-due": say(
      "欠费停电通知",
      "{name}(户号{account}):截至{at},您的电费余额为{balance}。请缴费使余额高于{limit},否则{cutFrom}起可能停止供电;缴费后不再停电。{pay}",
    ),
    cut: say("欠费已停电", "{name}(户号{account}):因电费余额为{balance},您的供电已停止。缴费使余额高于{limit}后恢复供电。{pay}"),
    armed: say(
      "请按键恢复供电",
      "{name}(户号{account}):您的电表已允许合闸。请先关闭用电设备、确认安全,再按下电表上的按键恢复供电。",
    ),
    restored: say("已恢复供电", "{name}(户号{account}):您的供电已恢复,当前余额{balance}。"),
    outage: say("计划停电通知", "{name}(户号{account}):因{reason},计划于{from}至{to}停电,请提前做好准备。"),
    "outage-soon": say("停电提醒", "{name}(户号{account}):因{reason},{from}至{to}停电,请做好准备。"),
  },
  en: {
    forecast: say(
      "Your electricity credit will not last long",
      "{name} (account {account}): your balance was {balance} at {at} and, by what you used lately, lasts fewer than {days} days. Please top up. {pay}",
    ),
    "warn-1": say(
      "Your electricity credit is low",
      "{name} (account {account}): your balance was {balance} at {at}. Please top up in time. {pay}",
    ),
    "warn-2": say(
      "Your electricity credit is very low",
      "{name} (account {account}): your balance was only {balance} at {at}. Please top up soon. {pay}",
    ),
    "notice-due": say(
      "Your electricity may be cut",
      "{name} (account {account}): your balance was {balance} at {at}. Unless it is brought above {limit}, your supply may be cut from {cutFrom} on; once it is, nothing is cut. {pay}",
    ),
    cut: say(
      "Your electricity was cut",
      "{name} (account {account}): your supply was cut because your balance is {balance}. It comes back once the balance is above {limit}. {pay}",
    ),
    armed: say(
      "Press the button to have your electricity back",
      "{name} (account {account}): your meter may be switched on again. Turn your appliances off, make sure that it is safe, then press the button on the meter.",
    ),
    restored: say("Your electricity is back", "{name} (account {account}): your supply is back. Your balance is {balance}."),
    outage: say(
      "Planned power outage",
      "{name} (account {account}): because of {reason} there will be no electricity from {from} to {to}. Please prepare for it.",
    ),
    "outage-soon": say(
      "Power outage soon",
      "{name} (account {account}): because of {reason} there is no electricity from {from} to {to}. Please prepare for it.",
    ),
  },
};

/** How to pay, where the site says nothing: nobody here knows its counters. */
export const usualPay: Readonly<Record<Language, string>> = {
  zh: "缴费方式不变。",
  en: "Pay as you always do.",
};

const PLACE = /\{([^{}]*)\}/g;

/** Every place must have been filled in `values`; what a site file may say was looked at when it was read. */
export const fill = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(PLACE, (_, name: string) => values[name] ?? "").trim();

/** What is wrong with the templates of a site file, each with its path below `at`. */
export function complaintsAboutTemplates(
  at: string,
  given: GivenTemplates,
): readonly { readonly path: string; readonly what: string }[] {
  return languages.flatMap((language) =>
    noticeKinds.flatMap((kind) => {
      const own = given[language]?.[kind];
      return (["subject", "text"] as const).flatMap((part) => {
        const text = own?.[part] ?? "";
        const unknown = [...text.matchAll(PLACE)].map((match) => match[1]!).filter((name) => !placesOf[kind].includes(name));
        const stray = /[{}]/.test(text.replace(PLACE, ""));
        const what = [
          ...unknown.map(
            (name) => `{${name}} is no place of it; there are: ${placesOf[kind].map((place) => `{${place}}`).join(" ")}`,
          ),
          ...(stray ? ["a brace stands alone; places are written like {balance}"] : []),
        ];
        return what.map((each) => ({ path: `${at}.${language}.${kind}.${part}`, what: each }));
      });
    }),
  );
}

/** The later word counts: our own, the site's, the class's. */
export const templateOf = (kind: NoticeKind, language: Language, said: readonly (GivenTemplates | undefined)[]): Template =>
  said.reduce<Template>((before, given) => {
    const own = given?.[language]?.[kind];
    return { subject: own?.subject ?? before.subject, text: own?.text ?? before.text };
  }, usualTemplates[language][kind]);
