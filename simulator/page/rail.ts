/** The side of the page: the chosen meter or bus; and below, everything that is broken anywhere. */
import { busPanel } from "./bus-panel.ts";
import { h } from "./dom.ts";
import * as door from "./door.ts";
import { meterPanel } from "./meter-panel.ts";
import type { Panel, PanelTools } from "./meter-panel.ts";
import { note } from "./notes.ts";
import { standingList } from "./standing-list.ts";
import type { StandingAt } from "./standing-list.ts";
import type { Street } from "./street.ts";

const STANDING_SHOWN_MAX = 200;

export function rail(tools: PanelTools, signal: AbortSignal): HTMLElement {
  const { street, words } = tools;
  const place = h("div", { class: "rail-place" });
  const answer = note(words);
  const standing = standingList(words, (error) => answer.refused(error));
  const none = h("p", { class: "empty" }, words.nothingStands);
  const mendAll = h(
    "button",
    {
      type: "button",
      class: "quiet",
      "data-testid": "mend-all",
      onclick: () => void door.mendAll().catch((error: unknown) => answer.refused(error)),
    },
    words.mendAll,
  );
  let panel: Panel | undefined;

  const showPanel = (): void => {
    const { chosen } = street;
    panel = chosen === undefined ? undefined : (chosen.kind === "meter" ? meterPanel : busPanel)(tools, chosen);
    const invitation = h(
      "section",
      { class: "card invitation" },
      h("h2", {}, words.nothingChosen),
      h("p", {}, words.nothingChosenHint),
    );
    place.replaceChildren(panel?.element ?? invitation);
  };
  const showStanding = (): void => {
    const faults = allStanding(street);
    standing.show(faults.slice(0, STANDING_SHOWN_MAX));
    none.hidden = faults.length > 0;
    mendAll.hidden = faults.length === 0;
  };
  street.onNews(({ isChoiceNew, isWhole, meters, buses }) => {
    const isGone = street.chosen !== undefined && panel === undefined;
    if (isChoiceNew || isGone) showPanel();
    else panel?.show();
    if (isWhole || meters.size > 0 || buses.size > 0) showStanding();
  }, signal);
  showPanel();
  showStanding();
  return h(
    "aside",
    { class: "rail" },
    place,
    h(
      "section",
      { class: "card", "aria-label": words.standingAll },
      h("div", { class: "card-head" }, h("h2", {}, words.standingAll), mendAll),
      none,
      answer.element,
      standing.element,
    ),
  );
}

const allStanding = (street: Street): StandingAt[] => [
  ...[...street.buses.values()].flatMap(({ id, faults }) =>
    faults.map((fault) => ({ place: { kind: "bus", id } as const, fault, where: id })),
  ),
  ...[...street.meters.values()].flatMap(({ address, faults }) =>
    faults.map((fault) => ({ place: { kind: "meter", id: address } as const, fault, where: address })),
  ),
];
