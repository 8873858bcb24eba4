/**
 * One meter on its wire: a window with what it holds, its relay, its load, and what is wrong. A button, because it is chosen by
 * pressing it; what the picture shows is said in its label as well.
 */
import { h, mark, say } from "./dom.ts";
import { CLOCK_OFF_MS, spanOf } from "./moments.ts";
import { relayMark } from "./relay-mark.ts";
import type { MeterView } from "./shapes.ts";
import { fill, wordOf } from "./words.ts";
import type { Words } from "./words.ts";

export interface MeterTile {
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  show(meter: MeterView, isChosen: boolean): void;
}

/** What stands in the window: money where there is a wallet, else energy. */
export const windowOf = (meter: MeterView, words: Words): { readonly number: string; readonly unit: string } => {
  if (!meter.powered) return { number: "", unit: words.noPower };
  if (meter.mode === "remote") return { number: meter.energyKwh, unit: words.kwh };
  const owes = meter.overdraft !== "0.00";
  return { number: owes ? `−${meter.overdraft}` : meter.balance, unit: words.yuan };
};

export function meterTile(address: string, words: Words, choose: () => void): MeterTile {
  const number = h("b");
  const unit = h("span", { class: "unit" });
  const relay = relayMark();
  const relayWord = h("span", { class: "relay-word" });
  const load = h("span", { class: "load" });
  const signs = h("span", { class: "signs" });
  const button = h(
    "button",
    { type: "button", class: "meter", onclick: choose },
    h(
      "span",
      { class: "plate" },
      h("span", { class: "address" }, address.slice(0, -4), h("b", {}, address.slice(-4))),
      h("i", { class: "lamp" }),
    ),
    h("span", { class: "window" }, number, unit),
    h("span", { class: "relay" }, relay.element, relayWord),
    h("span", { class: "foot" }, signs, load),
  );
  const element = h("div", { class: "tap", "data-testid": "meter", "data-address": address }, h("i", { class: "drop" }), button);

  const show = (meter: MeterView, isChosen: boolean): void => {
    const inWindow = windowOf(meter, words);
    say(number, inWindow.number);
    say(unit, inWindow.unit);
    relay.show(meter.relay);
    const relayName = wordOf(words.relays, meter.relay);
    say(relayWord, relayName);
    say(load, meter.powered ? `${meter.loadKw.toFixed(2)} kW` : "");
    const notes = signsOf(meter, words);
    signs.replaceChildren(...notes.map(({ kind, text }) => h("span", { class: `sign sign-${kind}` }, text)));
    mark(element, "data-relay", meter.relay);
    mark(element, "data-powered", meter.powered);
    mark(element, "data-broken", meter.faults.length > 0);
    mark(button, "aria-pressed", isChosen);
    const label = [address, relayName, `${inWindow.number} ${inWindow.unit}`.trim(), ...notes.map(({ text }) => text)];
    mark(button, "aria-label", label.join(", "));
    mark(button, "tabindex", isChosen ? "0" : (button.getAttribute("tabindex") ?? "-1"));
  };
  return { element, button, show };
}

function signsOf(meter: MeterView, words: Words): { kind: string; text: string }[] {
  const { faults } = meter;
  const faultText = faults.length === 1 ? faults[0]!.kind : fill(words.faultCount, { n: faults.length });
  const isClockOff = Math.abs(meter.clockOffsetMs) > CLOCK_OFF_MS;
  return [
    ...(faults.length > 0 ? [{ kind: "fault", text: faultText }] : []),
    ...(meter.alarm && meter.powered ? [{ kind: "alarm", text: words.alarm }] : []),
    ...(meter.protected ? [{ kind: "quiet", text: words.protected }] : []),
    ...(isClockOff ? [{ kind: "clock", text: fill(words.clockOff, { n: spanOf(meter.clockOffsetMs) }) }] : []),
  ];
}
