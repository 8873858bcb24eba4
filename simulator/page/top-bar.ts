/** The head of the page: whether the door is heard, the street's own clock and what moves it, the weather, the language. */
import { h, mark, s, say } from "./dom.ts";
import * as door from "./door.ts";
import { dateOf, msToMidnight, timeOf } from "./moments.ts";
import type { Street } from "./street.ts";
import { fill } from "./words.ts";
import type { Words } from "./words.ts";

const speeds = [1, 10, 60, 600, 3_600];
const weathers = ["0", "6", "60", "600"] as const;

export function topBar(
  street: Street,
  words: Words,
  { signal, complain, otherLanguage }: { signal: AbortSignal; complain: (error: unknown) => void; otherLanguage: () => void },
): HTMLElement {
  const line = h("span", { class: "line", role: "status", "data-testid": "line" }, h("i"), h("span"));
  const date = h("span", { class: "date" });
  const time = h("time", { "data-testid": "clock" });
  const order = (wanted: Parameters<typeof door.moveClock>[0]): void => void door.moveClock(wanted).catch(complain);

  let pace = 1;
  const run = h("button", {
    type: "button",
    class: "quiet run",
    "data-testid": "pause",
    onclick: () => order({ speed: street.speed === 0 ? pace : 0 }),
  });
  const speed = h(
    "select",
    { class: "quiet", "aria-label": words.speed, "data-testid": "speed", onchange: () => order({ speed: Number(speed.value) }) },
    ...speeds.map((each) => h("option", { value: each }, `×${each}`)),
  );
  const jump = (name: keyof Words["jumps"], ms: () => number): HTMLElement =>
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        "data-testid": `jump-${name}`,
        title: words.jumpHints[name],
        "aria-label": words.jumpHints[name],
        onclick: () => order({ advanceMs: ms() }),
      },
      words.jumps[name],
    );
  const weather = h(
    "select",
    {
      class: "quiet",
      "aria-label": words.weather,
      "data-testid": "weather",
      onchange: () => void door.setWeather(Number(weather.value)).catch(complain),
    },
    ...weathers.map((each) => h("option", { value: each }, words.weathers[each])),
  );
  const struck = h("small", { class: "struck" });

  const show = (): void => {
    mark(line, "class", `line line-${street.line}`);
    mark(line, "data-line", street.line);
    say(line.lastElementChild!, words.lines[street.line]);
    const isStill = street.speed === 0;
    if (!isStill) pace = street.speed;
    say(run, isStill ? `▶ ${words.run}` : `❚❚ ${words.pause}`);
    choice(speed, String(street.speed), isStill ? words.still : `×${street.speed}`);
    const { faultsPerHour, struck: count } = street.weather;
    choice(weather, String(faultsPerHour), fill(words.perHour, { n: faultsPerHour }));
    say(struck, count === 0 ? "" : fill(words.struck, { n: count }));
  };
  const tick = (): void => {
    if (signal.aborted) return;
    if (street.line !== "opening") {
      say(date, dateOf(street.now()));
      say(time, timeOf(street.now()));
    }
    requestAnimationFrame(tick);
  };
  street.onNews(show, signal);
  show();
  tick();

  return h(
    "header",
    { class: "top" },
    brand(),
    h("h1", {}, words.title),
    line,
    h("span", { class: "spring" }),
    h(
      "div",
      { class: "clock", role: "group", "aria-label": words.clock },
      h("span", { class: "dial" }, date, time),
      run,
      speed,
      h(
        "span",
        { class: "joined" },
        jump("minute", () => 60_000),
        jump("hour", () => 3_600_000),
        jump("day", () => 86_400_000),
        jump("midnight", () => msToMidnight(street.now())),
      ),
    ),
    h("div", { class: "sky", role: "group", "aria-label": words.weather }, sun(), weather, struck),
    h("span", { class: "spring" }),
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        "data-testid": "language",
        "aria-label": words.otherLanguageLabel,
        onclick: otherLanguage,
      },
      words.otherLanguage,
    ),
  );
}

/** Chooses the option of this value; somebody else may have set one that is not in the list. */
function choice(select: HTMLSelectElement, value: string, name: string): void {
  if (![...select.options].some((option) => option.value === value)) select.append(h("option", { value }, name));
  if (select.value !== value) select.value = value;
}

const brand = (): SVGElement =>
  s(
    "svg",
    { class: "brand", viewBox: "0 0 32 32", width: 26, height: 26, "aria-hidden": "true" },
    s("path", { class: "brand-wire", d: "M2 7H30M9 7V12M23 7V12" }),
    s("rect", { x: 3, y: 12, width: 12, height: 15, rx: 3 }),
    s("rect", { x: 17, y: 12, width: 12, height: 15, rx: 3 }),
    s("path", { class: "brand-window", d: "M6 17H12M20 17H26" }),
  );

const sun = (): SVGElement =>
  s(
    "svg",
    { class: "sun", viewBox: "0 0 24 24", width: 17, height: 17, "aria-hidden": "true" },
    s("path", { d: "M7 15a4.2 4.2 0 0 1 .5-8.4A5.4 5.4 0 0 1 17.8 8 3.6 3.6 0 0 1 17.4 15ZM9 18l-1 3M13 18l-1 3M17 18l-1 3" }),
  );
