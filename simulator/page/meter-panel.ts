/** The chosen meter, large: its face with the button a customer presses, what is broken, how to break and to change it. */
import { h, mark, say } from "./dom.ts";
import * as door from "./door.ts";
import { faultForm } from "./fault-form.ts";
import { changeForm } from "./change-form.ts";
import { CLOCK_OFF_MS, spanOf, timeOf } from "./moments.ts";
import { windowOf } from "./meter-tile.ts";
import { note } from "./notes.ts";
import { relayMark } from "./relay-mark.ts";
import type { FaultKindView, MeterView, Place } from "./shapes.ts";
import { standingList } from "./standing-list.ts";
import type { Street } from "./street.ts";
import { fill, wordOf } from "./words.ts";
import type { Words } from "./words.ts";

export interface Panel {
  readonly element: HTMLElement;
  show(): void;
}
export interface PanelTools {
  readonly street: Street;
  readonly words: Words;
  readonly menu: readonly FaultKindView[];
}

export function meterPanel(tools: PanelTools, place: Place): Panel {
  const { street, words } = tools;
  const address = place.id;
  const face = faceOf(words, address);
  const faceNote = note(words);
  const standing = standingList(words, (error) => faceNote.refused(error));
  const facts = h("dl", { class: "facts" });
  const power = h("button", {
    type: "button",
    class: "quiet",
    "data-testid": "power",
    onclick: () =>
      void door
        .patch(address, { powered: street.meters.get(address)?.powered !== true })
        .catch((error: unknown) => faceNote.refused(error)),
  });
  const press = async (): Promise<void> => {
    try {
      const restored = await door.pressButton(address);
      faceNote.done(restored ? words.buttonRestored : words.buttonIdle);
    } catch (error) {
      faceNote.refused(error);
    }
  };
  face.button.addEventListener("click", () => void press());
  const element = h(
    "div",
    { class: "panel", "data-testid": "panel", "data-address": address },
    h(
      "section",
      { class: "card", "aria-label": address },
      face.element,
      h("div", { class: "under-face" }, power),
      faceNote.element,
      standing.element,
    ),
    h("section", { class: "card", "aria-label": words.breakIt }, h("h2", {}, words.breakIt), faultForm(tools, place)),
    h("section", { class: "card", "aria-label": words.change }, h("h2", {}, words.change), changeForm(words, address)),
    h("section", { class: "card", "aria-label": words.facts }, h("h2", {}, words.facts), facts),
  );
  const show = (): void => {
    const meter = street.meters.get(address);
    if (meter === undefined) return;
    face.show(meter);
    say(power, meter.powered ? words.powerOff : words.powerOn);
    standing.show(meter.faults.map((fault) => ({ place, fault })));
    tellFacts(facts, factsOf(meter, street, words));
  };
  show();
  return { element, show };
}

function faceOf(words: Words, address: string) {
  const number = h("b", { "data-testid": "panel-window" });
  const unit = h("span", { class: "unit" });
  const relay = relayMark();
  const relayWord = h("span", { class: "relay-word", "data-testid": "panel-relay" });
  const model = h("small");
  const button = h(
    "button",
    { type: "button", class: "press", "data-testid": "press-button", "aria-label": words.button, title: words.button },
    h("i"),
  );
  const element = h(
    "div",
    { class: "face" },
    h("span", { class: "plate" }, h("code", { class: "address" }, address), h("i", { class: "lamp" })),
    model,
    h("span", { class: "window" }, number, unit),
    h("span", { class: "face-foot" }, h("span", { class: "relay" }, relay.element, relayWord), button),
  );
  const show = (meter: MeterView): void => {
    const inWindow = windowOf(meter, words);
    say(number, inWindow.number);
    say(unit, inWindow.unit);
    relay.show(meter.relay);
    say(relayWord, wordOf(words.relays, meter.relay));
    say(model, `${meter.model} · ${meter.bus}`);
    mark(element, "data-relay", meter.relay);
    mark(element, "data-powered", meter.powered);
  };
  return { element, button, show };
}

type Fact = readonly [name: string, value: string];

function factsOf(meter: MeterView, street: Street, words: Words): Fact[] {
  const names = words.factNames;
  const offset = meter.clockOffsetMs;
  const isRight = Math.abs(offset) <= CLOCK_OFF_MS;
  const obeyed = Object.entries(meter.obeyed).filter(([, count]) => count > 0);
  return [
    [names.energy, `${meter.energyKwh} kWh`],
    ...(meter.price === null ? [] : [[names.price, fill(words.perKwh, { price: meter.price, tariff: meter.tariff })] as const]),
    [names.load, `${meter.loadKw.toFixed(3)} kW`],
    [names.purchaseCount, String(meter.purchaseCount)],
    ...(meter.overdraft === "0.00" ? [] : [[names.overdraft, `${meter.overdraft} ${words.yuan}`] as const]),
    [names.clock, `${timeOf(street.now() + offset)} · ${isRight ? words.rightClock : spanOf(offset)}`],
    [names.meterNumber, meter.meterNumber],
    [names.customerNumber, meter.customerNumber],
    [names.key, words.keyStates[meter.keyState]],
    [names.heard, String(meter.heard)],
    [names.obeyed, obeyed.map(([what, count]) => `${wordOf(words.obeyed, what)} ${count}`).join(" · ") || words.nothingObeyed],
  ];
}

export function tellFacts(list: HTMLElement, facts: readonly Fact[]): void {
  const picture = facts.map(([name]) => name).join();
  if (list.dataset["facts"] !== picture) {
    list.dataset["facts"] = picture;
    list.replaceChildren(...facts.map(([name]) => h("div", {}, h("dt", {}, name), h("dd"))));
  }
  facts.forEach(([, value], i) => say(list.children[i]!.lastElementChild!, value));
}
