/** The relay as electricians draw it: a lever between two contacts. The word stands beside it, so colour is never the only sign. */
import { s } from "./dom.ts";

const levers: Readonly<Record<string, string>> = {
  connected: "M12 14H32",
  armed: "M12 14 30 6",
  disconnected: "M12 14 29 4",
};

export function relayMark(): { readonly element: SVGElement; readonly show: (state: string) => void } {
  const lever = s("path", { class: "lever" });
  const press = s("path", { class: "press", d: "M23 0.5V5M20.6 3 23 5.6 25.4 3" });
  const element = s(
    "svg",
    { class: "relay-mark", viewBox: "0 0 44 20", width: 44, height: 20, "aria-hidden": "true" },
    s("path", { class: "lead", d: "M2 14H12M32 14H42" }),
    lever,
    s("circle", { class: "contact", cx: 12, cy: 14, r: 2.6 }),
    s("circle", { class: "contact", cx: 32, cy: 14, r: 2.6 }),
    press,
  );
  return {
    element,
    show: (state) => {
      lever.setAttribute("d", levers[state] ?? "M12 14H32");
      press.setAttribute("visibility", state === "armed" ? "visible" : "hidden");
    },
  };
}
