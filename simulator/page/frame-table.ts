/**
 * What passes on the wires, newest first: which way, whose, what it means, and its bytes by their fields. Opening a row takes the
 * frame apart; pausing holds the picture still while the street goes on.
 */
import { h, mark, s, say } from "./dom.ts";
import { fieldsOf, hexOf } from "./frame-fields.ts";
import type { Field } from "./frame-fields.ts";
import { timeWithin } from "./moments.ts";
import type { ToldFrame } from "./shapes.ts";
import type { Street } from "./street.ts";
import { fill } from "./words.ts";
import type { Words } from "./words.ts";

const ROWS_MAX = 100;
const COLUMNS = 6;

export function frameTable(street: Street, words: Words, signal: AbortSignal): HTMLElement {
  const body = h("tbody", { "data-testid": "frames" });
  const said = h("span", { class: "unseen", role: "status" });
  const nothing = h("p", { class: "empty" }, words.noFrames);
  const tip = h("div", { class: "tip", role: "tooltip", hidden: true });
  let isOfChoice = false;
  let isPaused = false;
  /** Frames up to this one are not shown any more. */
  let clearedTo = 0;
  let waiting = 0;

  const fits = (frame: ToldFrame): boolean => {
    const { chosen } = street;
    if (frame.seq <= clearedTo) return false;
    return !isOfChoice || chosen === undefined || frame.meter === chosen.id || frame.bus === chosen.id;
  };
  const rowOf = (frame: ToldFrame): HTMLElement => frameRow(frame, words, (text) => say(said, text));
  const redraw = (): void => {
    const shown = street.frames.filter(fits).slice(-ROWS_MAX);
    body.replaceChildren(...shown.reverse().map(rowOf));
    waiting = 0;
    show();
  };
  const add = (frames: readonly ToldFrame[]): void => {
    const news = frames.filter(fits);
    if (isPaused) waiting += news.length;
    else {
      body.prepend(...news.slice(-ROWS_MAX).reverse().map(rowOf));
      trim(body);
    }
    show();
  };
  const show = (): void => {
    nothing.hidden = body.childElementCount > 0;
    say(pause, isPaused ? fill(words.goOn, { n: waiting }) : words.pauseFrames);
    mark(pause, "aria-pressed", isPaused);
    mark(all, "aria-pressed", !isOfChoice);
    mark(ofChoice, "aria-pressed", isOfChoice);
    ofChoice.disabled = street.chosen === undefined;
    say(missed, street.missed === 0 ? "" : fill(words.missed, { n: street.missed }));
  };
  const only = (choice: boolean): void => {
    isOfChoice = choice;
    redraw();
  };
  const all = h("button", { type: "button", class: "filter", onclick: () => only(false) }, words.allFrames);
  const ofChoice = h(
    "button",
    { type: "button", class: "filter", "data-testid": "frames-of-choice", onclick: () => only(true) },
    words.framesOfChoice,
  );
  const missed = h("small", { class: "missed" });
  const pause = h("button", {
    type: "button",
    class: "quiet",
    "data-testid": "pause-frames",
    onclick: () => {
      isPaused = !isPaused;
      if (isPaused) show();
      else redraw();
    },
  });
  const clear = h(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: () => {
        clearedTo = street.frames.at(-1)?.seq ?? 0;
        redraw();
      },
    },
    words.clear,
  );
  street.onNews(({ frames, isChoiceNew, isWhole }) => {
    if ((isChoiceNew && isOfChoice) || isWhole) redraw();
    else if (frames.length > 0 || isChoiceNew) add(frames);
  }, signal);
  body.addEventListener("pointerover", (event) => showTip(tip, event.target as Element, words));
  body.addEventListener("pointerleave", () => (tip.hidden = true));
  redraw();

  const { columns } = words;
  const heads = [columns.at, columns.way, columns.meter, columns.meaning, columns.bytes];
  return h(
    "section",
    { class: "pane frames", "aria-label": words.frames },
    h(
      "div",
      { class: "pane-head" },
      h("h2", {}, words.frames),
      h("div", { class: "filters", role: "group" }, all, ofChoice),
      missed,
      said,
      h("span", { class: "spring" }),
      pause,
      clear,
    ),
    h(
      "div",
      { class: "pane-body", tabindex: 0, role: "region", "aria-label": words.frames },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h("tr", {}, ...heads.map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col", class: "slim" })),
        ),
        body,
      ),
      nothing,
    ),
    tip,
  );
}

/** Browsers give the clipboard to secure pages alone: over plain HTTP that is this machine. */
const keep = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
};

const copyMark = (): SVGElement =>
  s(
    "svg",
    { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" },
    s("path", { d: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" }),
  );

function trim(body: HTMLElement): void {
  while (body.childElementCount > ROWS_MAX) body.lastElementChild!.remove();
}

function frameRow(frame: ToldFrame, words: Words, tell: (text: string) => void): HTMLElement {
  const fields = fieldsOf(frame.hex);
  const isRequest = frame.direction === "request";
  const copy = h(
    "button",
    {
      type: "button",
      class: "copy",
      "aria-label": words.copy,
      title: words.copy,
      onclick: () => void keep(frame.hex).then((isKept) => tell(isKept ? words.copied : words.notCopied)),
    },
    copyMark(),
  );
  const meaning = frame.told[words.language === "zh" ? "zh" : "en"];
  const open = h(
    "button",
    {
      type: "button",
      class: "meaning",
      "aria-expanded": "false",
      // What does not fit is cut.
      title: `${meaning}\n${words.opened}`,
      onclick: () => unfold(row, open, fields, words),
    },
    meaning,
  );
  const row = h(
    "tr",
    {
      class: `frame ${frame.direction}`,
      "data-what": frame.what,
      "data-meter": frame.meter,
      "data-direction": frame.direction,
      "data-fault": frame.fault,
    },
    h("td", { class: "at" }, timeWithin(frame.at)),
    h(
      "td",
      { class: "way" },
      h("span", { "aria-hidden": "true" }, isRequest ? "→" : "←"),
      h("span", { class: "hidden" }, isRequest ? words.request : words.reply),
      ` ${frame.bus}`,
    ),
    h("td", { class: "whose" }, h("code", {}, frame.meter)),
    h(
      "td",
      { class: "means" },
      h(
        "div",
        {},
        open,
        frame.fault === undefined ? null : h("span", { class: "sign sign-fault", title: frame.fault }, frame.fault),
      ),
    ),
    h("td", { class: "bytes" }, h("code", { class: "hex" }, ...fields.map(hexField))),
    h("td", { class: "slim" }, copy),
  );
  return row;
}

const hexField = ({ name, wire, plain, read }: Field): HTMLElement =>
  h(
    "span",
    { class: `hx hx-${name}`, "data-name": name, "data-plain": plain === undefined ? null : hexOf(plain), "data-read": read },
    hexOf(wire),
  );

function unfold(row: HTMLElement, open: HTMLElement, fields: readonly Field[], words: Words): void {
  const isOpen = open.getAttribute("aria-expanded") === "true";
  open.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) {
    if (row.nextElementSibling?.classList.contains("apart") === true) row.nextElementSibling.remove();
    return;
  }
  const { wire, plain, read } = words.fieldColumns;
  const line = (name: string, cell: (one: Field) => Node | string): HTMLElement =>
    h("tr", {}, h("th", { scope: "row" }, name), ...fields.map((one) => h("td", {}, cell(one))));
  const heads = fields.map(({ name }) => h("th", { scope: "col" }, words.frameFields[name]));
  row.after(
    h(
      "tr",
      { class: "apart" },
      h(
        "td",
        { colspan: COLUMNS },
        h(
          "table",
          {},
          h("thead", {}, h("tr", {}, h("td"), ...heads)),
          h(
            "tbody",
            {},
            line(wire, (one) => h("code", { class: `hx hx-${one.name}` }, hexOf(one.wire))),
            line(plain, (one) => h("code", {}, one.plain === undefined ? "" : hexOf(one.plain))),
            line(read, (one) => h("code", {}, one.read ?? "")),
          ),
        ),
      ),
    ),
  );
}

function showTip(tip: HTMLElement, target: Element, words: Words): void {
  const part = target.closest<HTMLElement>(".hx[data-name]");
  tip.hidden = part === null;
  if (part === null) return;
  const { name = "", plain, read } = part.dataset;
  const lines = [
    h("b", {}, (words.frameFields as Readonly<Record<string, string>>)[name] ?? name),
    ...(plain === undefined ? [] : [h("span", {}, `${words.fieldColumns.plain} `, h("code", {}, plain))]),
    ...(read === undefined ? [] : [h("span", {}, `${words.fieldColumns.read} `, h("code", {}, read))]),
  ];
  tip.replaceChildren(...lines);
  const { left, top } = part.getBoundingClientRect();
  tip.style.left = `${Math.min(left, innerWidth - tip.offsetWidth - 12)}px`;
  tip.style.top = `${top - tip.offsetHeight - 6}px`;
}
