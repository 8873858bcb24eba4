/**
 * What passes on a wire is seen passing: a spark runs from the socket to the meters, or back. At most a few at a time on one
 * wire, however much passes; and for whoever prefers stillness the wire only lights up.
 */
import { h, prefersStillness } from "./dom.ts";
import type { ToldFrame } from "./shapes.ts";

const RUN_MS = 750;
const GLOW_MS = 1_600;
const SPARKS_MAX = 4;

const colourOf = ({ direction, fault }: ToldFrame): string =>
  fault === undefined ? (direction === "request" ? "var(--request)" : "var(--reply)") : "var(--bad)";

export function spark(wire: HTMLElement, frame: ToldFrame): void {
  const colour = colourOf(frame);
  glow(wire, colour, "background");
  if (prefersStillness() || wire.childElementCount >= SPARKS_MAX) return;
  const run = h("i", { class: "spark" });
  run.style.setProperty("--spark", colour);
  wire.append(run);
  const [from, to] = frame.direction === "request" ? ["0%", "100%"] : ["100%", "0%"];
  const animation = run.animate([{ left: from }, { left: to }], { duration: RUN_MS, easing: "ease-in-out" });
  animation.onfinish = () => run.remove();
  animation.oncancel = () => run.remove();
}

export function light(tap: HTMLElement, frame: ToldFrame): void {
  const colour = colourOf(frame);
  for (const part of tap.querySelectorAll<HTMLElement>(".drop")) glow(part, colour, "background");
  for (const part of tap.querySelectorAll<HTMLElement>(".meter")) glow(part, colour, "borderColor");
}

function glow(element: HTMLElement, colour: string, what: "background" | "borderColor"): void {
  for (const running of element.getAnimations()) if (running.id === "glow") running.cancel();
  element.animate([{ [what]: colour }, { [what]: colour, offset: 0.35 }, {}], { duration: GLOW_MS, id: "glow" });
}
