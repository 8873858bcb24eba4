/**
 * The street page: meters on their wires, what breaks them, and the bytes as they pass. One street, drawn in one language; another
 * language draws it anew. It knows nothing but what the control door says, and needs nothing that is not in this folder.
 */
import { h } from "./dom.ts";
import * as door from "./door.ts";
import { frameTable } from "./frame-table.ts";
import { note } from "./notes.ts";
import { rail } from "./rail.ts";
import type { FaultKindView } from "./shapes.ts";
import { Street } from "./street.ts";
import { StreetView } from "./street-view.ts";
import { topBar } from "./top-bar.ts";
import { languageNow, rememberLanguage, wordsOf } from "./words.ts";

const street = new Street();
let drawn = new AbortController();
let menu: readonly FaultKindView[] = [];

function draw(): void {
  drawn.abort();
  drawn = new AbortController();
  const { signal } = drawn;
  const language = languageNow();
  const words = wordsOf(language);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = words.title;
  const trouble = note(words);
  const view = new StreetView(street, words, signal);
  const otherLanguage = (): void => {
    rememberLanguage(language === "zh" ? "en" : "zh");
    draw();
    document.querySelector<HTMLElement>("[data-testid=language]")?.focus();
  };
  document.body.replaceChildren(
    h(
      "div",
      { id: "page" },
      topBar(street, words, { signal, complain: (error) => trouble.refused(error), otherLanguage }),
      trouble.element,
      h("main", { class: "desk" }, view.element, frameTable(street, words, signal), rail({ street, words, menu }, signal)),
    ),
  );
}

async function begin(): Promise<void> {
  draw();
  street.listen();
  menu = await door.faultMenu();
  draw();
}

void begin().catch((error: unknown) => document.body.append(String(error)));
