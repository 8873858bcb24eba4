/** The chosen bus: what carries it, what is broken about it, how to break it. */
import { carrierOf, paceOf } from "./bus-head.ts";
import { h } from "./dom.ts";
import { faultForm } from "./fault-form.ts";
import { tellFacts } from "./meter-panel.ts";
import type { Panel, PanelTools } from "./meter-panel.ts";
import { note } from "./notes.ts";
import type { Place } from "./shapes.ts";
import { standingList } from "./standing-list.ts";

export function busPanel(tools: PanelTools, place: Place): Panel {
  const { street, words } = tools;
  const answer = note(words);
  const standing = standingList(words, (error) => answer.refused(error));
  const facts = h("dl", { class: "facts" });
  const element = h(
    "div",
    { class: "panel", "data-testid": "panel", "data-bus": place.id },
    h(
      "section",
      { class: "card", "aria-label": place.id },
      h("h2", { class: "bus-title" }, place.id),
      facts,
      answer.element,
      standing.element,
    ),
    h("section", { class: "card", "aria-label": words.breakIt }, h("h2", {}, words.breakIt), faultForm(tools, place)),
  );
  const show = (): void => {
    const bus = street.buses.get(place.id);
    if (bus === undefined) return;
    const names = words.factNames;
    tellFacts(facts, [
      [names.endpoint, carrierOf(bus, words)],
      [words.speed, paceOf(bus, words)],
      [names.delay, `${bus.answerDelayMs} ms`],
      [names.meters, String(bus.meters.length)],
    ]);
    standing.show(bus.faults.map((fault) => ({ place, fault })));
  };
  show();
  return { element, show };
}
