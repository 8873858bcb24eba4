/** Which language is spoken: the one chosen here last, or the browser's own. Remembered in the browser, nowhere else. */
import { en } from "./words-en.ts";
import type { Words } from "./words-en.ts";
import { zh } from "./words-zh.ts";

export type { Words } from "./words-en.ts";
export type Language = "en" | "zh";

const PLACE = "street-language";

export function languageNow(): Language {
  const kept = localStorage.getItem(PLACE);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export const rememberLanguage = (language: Language): void => localStorage.setItem(PLACE, language);
export const wordsOf = (language: Language): Words => (language === "zh" ? zh : en);

export const fill = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

/** A word out of a table by a name that came from the door: what is not in the table stands for itself. */
export const wordOf = (table: Readonly<Record<string, string>>, name: string): string => table[name] ?? name;
