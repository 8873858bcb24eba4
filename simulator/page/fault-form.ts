/**
 * The menu of what can go wrong at one place, as the door tells it: some at one click, all of them by name or meaning, and the
 * parameters of the chosen one as fields. What a field may hold is the door's to judge; it is only told beforehand.
 */
import { h } from "./dom.ts";
import * as door from "./door.ts";
import { note } from "./notes.ts";
import type { BusView, FaultField, FaultKindView, Place } from "./shapes.ts";
import type { Street } from "./street.ts";
import { fill } from "./words.ts";
import type { Words } from "./words.ts";

const quick = {
  meter: ["lost-reply", "silence", "bad-checksum", "late-reply"],
  bus: ["lost-reply", "noise", "dead-line", "echo"],
} as const;
const acts = ["exchange", "body", "line"] as const;

const mayStand = (kind: FaultKindView, place: Place, bus: BusView | undefined): boolean =>
  kind.places.includes(place.kind) &&
  (place.kind === "meter" || kind.endpoints === null || kind.endpoints.includes(bus?.kind ?? ""));

export function faultForm(
  { street, words, menu }: { street: Street; words: Words; menu: readonly FaultKindView[] },
  place: Place,
): HTMLElement {
  const bus = place.kind === "bus" ? street.buses.get(place.id) : undefined;
  const kinds = menu.filter((kind) => mayStand(kind, place, bus));
  const answer = note(words);
  const meaningOf = (kind: FaultKindView): string => (words.language === "zh" ? kind.meaningZh : kind.meaning);

  const order = async (kind: string, parameters: object, fields: Readonly<Record<string, HTMLElement>> = {}): Promise<void> => {
    try {
      await door.setFault(place, { kind, ...parameters });
      answer.done(fill(words.done, { kind }));
    } catch (error) {
      answer.refused(error, fields);
    }
  };

  const list = h("div", { class: "menu", role: "group", "aria-label": words.breakIt });
  const open = (kind: FaultKindView, beside: HTMLElement): void => {
    const isOpen = beside.getAttribute("aria-expanded") === "true";
    for (const other of list.querySelectorAll("[aria-expanded=true]")) other.setAttribute("aria-expanded", "false");
    list.querySelector("form")?.remove();
    if (isOpen) return;
    beside.setAttribute("aria-expanded", "true");
    answer.clear();
    const form = parameterForm(kind, words, (values, fields) => void order(kind.kind, values, fields));
    beside.after(form);
    form.querySelector<HTMLElement>("button.primary")?.scrollIntoView({ block: "nearest" });
  };
  const fillList = (wanted: string): void => {
    const fit = kinds.filter((kind) =>
      [kind.kind, kind.meaning, kind.meaningZh].some((text) => text.toLowerCase().includes(wanted)),
    );
    list.replaceChildren(
      ...acts.flatMap((act) => {
        const rows = fit.filter((kind) => kind.acts === act);
        return rows.length === 0
          ? []
          : [h("h3", {}, words.acts[act]), ...rows.map((kind) => kindButton(kind, meaningOf(kind), words, open))];
      }),
    );
    if (fit.length === 0) list.append(h("p", { class: "empty" }, words.noFaultFits));
  };
  const find = h("input", {
    type: "search",
    class: "find",
    placeholder: words.findFaultHint,
    "aria-label": words.findFault,
    "data-testid": "find-fault",
    oninput: () => fillList(find.value.trim().toLowerCase()),
  });
  fillList("");

  const ready = quick[place.kind].flatMap((name) => kinds.find(({ kind }) => kind === name) ?? []);
  return h(
    "div",
    { class: "break", "data-testid": "break" },
    h(
      "div",
      { class: "quick", role: "group", "aria-label": words.quick },
      ...ready.map((kind) =>
        h(
          "button",
          {
            type: "button",
            class: "strike",
            title: meaningOf(kind),
            "data-testid": `quick-${kind.kind}`,
            onclick: () => void order(kind.kind, {}),
          },
          h("code", {}, kind.kind),
          h("small", {}, meaningOf(kind)),
        ),
      ),
    ),
    answer.element,
    find,
    list,
  );
}

function kindButton(
  kind: FaultKindView,
  meaning: string,
  words: Words,
  open: (kind: FaultKindView, beside: HTMLElement) => void,
): HTMLElement {
  const button = h(
    "button",
    { type: "button", class: "kind", "aria-expanded": "false", "data-kind": kind.kind, onclick: () => open(kind, button) },
    h(
      "span",
      { class: "kind-name" },
      h("code", {}, kind.kind),
      h("small", {}, kind.lasts === "once" ? words.lastsOnce : words.lastsLong),
    ),
    h("span", { class: "kind-meaning" }, meaning),
  );
  return button;
}

function parameterForm(
  { kind, fields }: FaultKindView,
  words: Words,
  submit: (values: Record<string, number | string>, inputs: Readonly<Record<string, HTMLElement>>) => void,
): HTMLElement {
  const inputs = Object.fromEntries(fields.map((field) => [field.name, inputFor(field, words)]));
  const values = (): Record<string, number | string> =>
    Object.fromEntries(
      fields.flatMap(({ name, type }) => {
        const text = inputs[name]!.value.trim();
        return text === "" ? [] : [[name, type === "number" && Number.isFinite(Number(text)) ? Number(text) : text]];
      }),
    );
  return h(
    "form",
    {
      class: "parameters",
      onsubmit: (event) => {
        event.preventDefault();
        submit(values(), inputs);
      },
    },
    h("div", { class: "fields" }, ...fields.map((field) => labelled(field, inputs[field.name]!, words))),
    h("button", { type: "submit", class: "primary", "data-testid": "set-fault" }, fill(words.setIt, { kind })),
  );
}

const labelled = ({ name, zh, meaning }: FaultField, input: HTMLElement, words: Words): HTMLElement =>
  h(
    "label",
    { class: "field", title: words.language === "zh" ? "" : meaning },
    h("span", {}, words.language === "zh" ? `${zh} ` : "", h("code", {}, name)),
    input,
  );

function inputFor(field: FaultField, words: Words): HTMLInputElement | HTMLSelectElement {
  const hint = field.otherwise === undefined ? "" : fill(words.otherwise, { value: field.otherwise });
  if (field.type === "choice")
    return h(
      "select",
      { name: field.name },
      h("option", { value: "" }, hint),
      ...(field.choices ?? []).map((each) => h("option", { value: each }, each)),
    );
  return h("input", {
    name: field.name,
    placeholder: hint === "" ? hintOf(field) : hint,
    inputmode: field.type === "number" ? "decimal" : "text",
    autocomplete: "off",
    spellcheck: "false",
    title: field.type === "number" ? `${field.min ?? ""} … ${field.max ?? ""}` : (field.wanted ?? ""),
  });
}

/** Something to go by where there is no default. */
const hintOf = ({ name, type }: FaultField): string =>
  ({ times: "1", function: "03", di: "070102FF" })[name] ?? (type === "number" ? "0" : "");
