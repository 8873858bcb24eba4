/** What the door answered, beside the form that asked: done in one colour, refused in another, both read aloud. */
import { h } from "./dom.ts";
import { Refusal } from "./door.ts";
import type { Words } from "./words.ts";

export interface Note {
  readonly element: HTMLElement;
  done(text: string): void;
  /** Marks the field that the door named, when it is one of these. */
  refused(error: unknown, fields?: Readonly<Record<string, HTMLElement>>): void;
  clear(): void;
}

export function note(words: Words): Note {
  const element = h("div", { class: "note-place", "aria-live": "polite" });
  let marked: HTMLElement | undefined;
  const show = (kind: string, text: string): void => {
    marked?.removeAttribute("aria-invalid");
    element.replaceChildren(h("p", { class: `note note-${kind}`, role: kind === "problem" ? "alert" : "status" }, text));
  };
  return {
    element,
    done: (text) => show("done", text),
    refused: (error, fields = {}) => {
      const isRefusal = error instanceof Refusal;
      show("problem", (isRefusal ? error.message : String(error)) || words.lostDoor);
      marked = isRefusal && error.field !== undefined ? fields[error.field] : undefined;
      marked?.setAttribute("aria-invalid", "true");
      marked?.focus();
    },
    clear: () => {
      marked?.removeAttribute("aria-invalid");
      element.replaceChildren();
    },
  };
}
