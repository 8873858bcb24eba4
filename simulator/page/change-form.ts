/** What a person with a tool can change about a meter: one field, one button each. An empty load gives the household its own life back. */
import { h } from "./dom.ts";
import * as door from "./door.ts";
import { note } from "./notes.ts";
import type { Words } from "./words.ts";

interface Change {
  readonly name: keyof Words["fields"];
  /** The door's own name for it. */
  readonly field: string;
  readonly hint: (words: Words) => string;
  readonly patch: (text: string) => object;
}

const number = (text: string): number | string => (text !== "" && Number.isFinite(Number(text)) ? Number(text) : text);

const changes: readonly Change[] = [
  { name: "balance", field: "balance", hint: () => "50.00", patch: (text) => ({ balance: text }) },
  {
    name: "loadKw",
    field: "loadKw",
    hint: (words) => words.fieldHints.loadKw,
    patch: (text) => ({ loadKw: text === "" ? null : text }),
  },
  {
    name: "clockOffset",
    field: "clockOffsetMs",
    hint: () => "0",
    patch: (text) => {
      const seconds = number(text);
      return { clockOffsetMs: typeof seconds === "number" ? Math.round(seconds * 1_000) : seconds };
    },
  },
  { name: "purchaseCount", field: "purchaseCount", hint: () => "0", patch: (text) => ({ purchaseCount: number(text) }) },
];

export function changeForm(words: Words, address: string): HTMLElement {
  const answer = note(words);
  const row = ({ name, field, hint, patch }: Change): HTMLElement => {
    const input = h("input", { name: field, placeholder: hint(words), inputmode: "decimal", autocomplete: "off" });
    const send = async (): Promise<void> => {
      try {
        await door.patch(address, patch(input.value.trim()));
        answer.done(words.changed);
        input.value = "";
      } catch (error) {
        answer.refused(error, { [field]: input });
      }
    };
    return h(
      "form",
      {
        class: "change",
        "data-testid": `change-${field}`,
        onsubmit: (event) => {
          event.preventDefault();
          void send();
        },
      },
      h("label", { class: "field" }, h("span", {}, words.fields[name]), input),
      h("button", { type: "submit", class: "quiet", "aria-label": `${words.set}: ${words.fields[name]}` }, words.set),
    );
  };
  return h("div", { class: "changes" }, ...changes.map(row), answer.element);
}
