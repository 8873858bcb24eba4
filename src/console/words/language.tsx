/**
 * Which of the two languages the page speaks: the one chosen last, else the browser's. Also how codes become words: by
 * the dictionary, else by the sentence of the fault table, else as they came.
 */
import { createContext, use, useEffect, useState } from "react";
import type { ReactNode } from "react";
import { faults } from "../../kernel/faults.ts";
import type { Problem } from "../shapes.ts";
import { en } from "./en.ts";
import { nextStepsZh } from "./problems-zh.ts";
import { filled } from "./phrases.ts";
import type { Phrases } from "./phrases.ts";
import { zh } from "./zh.ts";

export type Language = "en" | "zh";

interface Speech {
  readonly language: Language;
  readonly words: Phrases;
  readonly switchLanguage: () => void;
}

const KEPT_AS = "console.language";

/** Storage may be forbidden to the page; then the choice lasts as long as the page. */
function keptLanguage(): Language {
  try {
    const kept = localStorage.getItem(KEPT_AS);
    if (kept === "en" || kept === "zh") return kept;
  } catch {
    // the browser's language then
  }
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(KEPT_AS, language);
  } catch {
    // not kept
  }
}

const SpeechContext = createContext<Speech>({ language: "en", words: en, switchLanguage: () => undefined });

export function Speaking({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(keptLanguage);
  const words = language === "zh" ? zh : en;

  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = words.title;
  }, [language, words]);

  const switchLanguage = (): void => {
    const other = language === "zh" ? "en" : "zh";
    keepLanguage(other);
    setLanguage(other);
  };

  return <SpeechContext value={{ language, words, switchLanguage }}>{children}</SpeechContext>;
}

export const useSpeech = (): Speech => use(SpeechContext);

const rowOf = (code: string): { say: string; zh: string } | undefined =>
  Object.hasOwn(faults, code) ? faults[code as keyof typeof faults] : undefined;

/** Why a command waits or ended, as words. */
export function reasonWords(code: string, { language, words }: Speech): string {
  const row = rowOf(code);
  if (words.reasons[code] !== undefined || row === undefined) return words.reasons[code] ?? code;
  if (language === "zh") return row.zh.replace(/。$/, "");
  // It stands in the middle of a sentence here; MAC and MQTT keep their capitals.
  return row.say.replace(/\.$/, "").replace(/^[A-Z](?=[a-z' ])/, (first) => first.toLowerCase());
}

/** Why a command was asked for: the rules give a code, a person gives words, which are quoted as they are. */
export function askedFor(reason: string, speech: Speech): string {
  const words = reasonWords(reason, speech);
  return filled(words === reason ? speech.words.saidReason : speech.words.because, { what: words });
}

export interface Told {
  readonly sentence: string;
  readonly detail: string | null;
  readonly next: string | null;
}

/** The gateway's detail is the whole line of its log: code, sentence, particulars, next step. Only the particulars are new here. */
function particulars({ code, title, detail, next }: Problem): string | null {
  const rest = (detail ?? "")
    .replace(`${code}: `, "")
    .replace(title, "")
    .replace(next ?? "", "")
    .trim();
  return rest.replace(/^\((.*)\)$/, "$1") || null;
}

/** Where a person at this page does something else than a program would. */
const nextStepsHere: Readonly<Record<string, string | undefined>> = {
  "gateway-unreachable": "Check that it runs; the page tries again by itself.",
  unauthorized: "Sign in, then do it again.",
};

/** A problem as sentence and next step, in the language of the page. */
export function told(problem: Problem, language: Language): Told {
  const detail = particulars(problem);
  if (language === "zh") {
    const sentence = problem.titleZh ?? rowOf(problem.code)?.zh ?? problem.title;
    return { sentence, detail, next: nextStepsZh[problem.code] ?? problem.next };
  }
  return { sentence: problem.title, detail, next: nextStepsHere[problem.code] ?? problem.next };
}
