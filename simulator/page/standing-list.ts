/** Faults that stand somewhere, each with how often it will still strike and a button that takes it away. */
import { h } from "./dom.ts";
import * as door from "./door.ts";
import type { Place, Standing } from "./shapes.ts";
import { fill } from "./words.ts";
import type { Words } from "./words.ts";

export interface StandingAt {
  readonly place: Place;
  readonly fault: Standing;
  /** Where it stands, when that has to be said. */
  readonly where?: string;
}

export function standingList(words: Words, complain: (error: unknown) => void) {
  const element = h("ul", { class: "standing", "data-testid": "standing" });
  let drawn = "";
  const show = (faults: readonly StandingAt[]): void => {
    const picture = JSON.stringify(faults);
    if (picture === drawn) return;
    drawn = picture;
    element.hidden = faults.length === 0;
    element.replaceChildren(...faults.map(row));
  };
  const row = ({ place, fault, where }: StandingAt): HTMLElement => {
    const { id, kind, times, ...parameters } = fault as Standing & Readonly<Record<string, unknown>>;
    const extra = Object.entries(parameters).map(([name, value]) => `${name} ${String(value)}`);
    const left = times === null ? words.untilMended : fill(words.timesLeft, { n: times });
    return h(
      "li",
      { "data-kind": kind },
      h(
        "span",
        { class: "standing-what" },
        h("code", {}, kind),
        h("small", {}, [where, left, ...extra].filter(Boolean).join(" · ")),
      ),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-label": [fill(words.mend, { kind }), where].filter(Boolean).join(", "),
          onclick: () => void door.mend(place, id).catch(complain),
        },
        words.mendShort,
      ),
    );
  };
  return { element, show };
}
