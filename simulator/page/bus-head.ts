/** Where a bus comes into the street: its name, what carries it, what is wrong with it. Pressing it chooses the bus. */
import { h, mark, say } from "./dom.ts";
import type { BusView } from "./shapes.ts";
import { fill, wordOf } from "./words.ts";
import type { Words } from "./words.ts";

export interface BusHead {
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  show(bus: BusView, isChosen: boolean, shownCount: number): void;
}

export const carrierOf = (bus: BusView, words: Words): string =>
  [wordOf(words.busKinds, bus.kind), bus.at === null ? "" : String(bus.at)].filter(Boolean).join(" ");

export const paceOf = (bus: BusView, words: Words): string =>
  bus.baud === null ? words.unpaced : fill(words.baud, { n: bus.baud });

export function busHead(id: string, words: Words, choose: () => void): BusHead {
  const facts = h("span", { class: "bus-facts" });
  const faults = h("span", { class: "signs" });
  const button = h(
    "button",
    { type: "button", class: "bus", onclick: choose },
    h("i", { class: "socket" }),
    h("b", {}, id),
    facts,
    faults,
  );
  const element = h("div", { class: "bus-row", "data-testid": "bus", "data-bus": id }, h("i", { class: "trunk" }), button);
  const show = (bus: BusView, isChosen: boolean, shownCount: number): void => {
    const all = bus.meters.length;
    const count = shownCount === all ? fill(words.meterCount, { n: all }) : fill(words.shownCount, { n: shownCount, all });
    say(facts, [carrierOf(bus, words), paceOf(bus, words), count].join(" · "));
    faults.replaceChildren(...bus.faults.map(({ kind }) => h("span", { class: "sign sign-fault" }, kind)));
    mark(element, "data-broken", bus.faults.length > 0);
    mark(button, "aria-pressed", isChosen);
    mark(button, "aria-label", [id, facts.textContent, ...bus.faults.map(({ kind }) => kind)].join(", "));
  };
  return { element, button, show };
}
