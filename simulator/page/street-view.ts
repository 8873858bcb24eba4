/**
 * The street as it hangs: each bus comes in at its socket, goes down its trunk, and along every row of meters. What is shown is
 * chosen by filter and search; arrow keys walk from meter to meter.
 */
import { busHead } from "./bus-head.ts";
import type { BusHead } from "./bus-head.ts";
import { h, mark, say } from "./dom.ts";
import { meterTile } from "./meter-tile.ts";
import type { MeterTile } from "./meter-tile.ts";
import { Rows } from "./rows.ts";
import type { Row } from "./rows.ts";
import type { MeterView, ToldFrame } from "./shapes.ts";
import { light, spark } from "./sparks.ts";
import type { News, Street } from "./street.ts";
import type { Words } from "./words.ts";

const HEAD_PX = 40;
const ROW_PX = 134;
/** At least; what is left of a row is shared out. */
const TILE_PX = 176;
/** Where the trunk goes down, and where the first meter hangs (street.css). */
const TRUNK_PX = 28;
const SIDE_PX = 44;

const filters = {
  all: () => true,
  connected: ({ relay }) => relay === "connected",
  armed: ({ relay }) => relay === "armed",
  disconnected: ({ relay }) => relay === "disconnected",
  dark: ({ powered }) => !powered,
  broken: ({ faults }) => faults.length > 0,
} as const satisfies Record<string, (meter: MeterView) => boolean>;
type Filter = keyof typeof filters;
const names = Object.keys(filters) as Filter[];

interface Line {
  readonly bus: string;
  readonly wire: HTMLElement;
}

export class StreetView {
  readonly element: HTMLElement;
  readonly #street: Street;
  readonly #words: Words;
  readonly #rows: Rows;
  readonly #tiles = new Map<string, MeterTile>();
  readonly #heads = new Map<string, BusHead>();
  readonly #lines = new Map<string, Line>();
  readonly #passed = new Map<string, number>();
  readonly #buttons: Record<Filter, HTMLButtonElement>;
  readonly #find: HTMLInputElement;
  readonly #nothing = h("p", { class: "empty", role: "status" });
  #filter: Filter = "all";
  #columns = 1;
  #tileWidth = TILE_PX;
  /** In the order in which they hang, by bus. */
  #shown: [bus: string, meters: string[]][] = [];
  #drawn = "";

  constructor(street: Street, words: Words, signal: AbortSignal) {
    this.#street = street;
    this.#words = words;
    const button = (filter: Filter): HTMLButtonElement =>
      h(
        "button",
        { type: "button", class: `filter filter-${filter}`, onclick: () => this.#choose(filter) },
        words.filters[filter],
        " ",
        h("b"),
      );
    this.#buttons = Object.fromEntries(names.map((name) => [name, button(name)])) as Record<Filter, HTMLButtonElement>;
    this.#find = h("input", {
      type: "search",
      class: "find",
      placeholder: words.findHint,
      "aria-label": words.find,
      oninput: () => this.#arrange(),
    });
    const body = h("div", {
      class: "pane-body wall",
      role: "group",
      "aria-label": words.meters,
      onkeydown: (event) => this.#walk(event as KeyboardEvent),
    });
    this.#rows = new Rows(body);
    this.element = h(
      "section",
      { class: "pane street", "aria-label": words.meters },
      h(
        "div",
        { class: "pane-head" },
        h("h2", {}, words.meters),
        h("div", { class: "filters", role: "group" }, ...names.map((name) => this.#buttons[name])),
        this.#find,
      ),
      this.#nothing,
      body,
    );
    street.onNews((news) => this.#take(news), signal);
    const observer = new ResizeObserver(() => this.#arrange());
    observer.observe(body);
    signal.addEventListener("abort", () => observer.disconnect());
    this.#arrange();
  }

  #take({ isWhole, meters, buses, frames, isChoiceNew }: News): void {
    if (isWhole || meters.size > 0 || buses.size > 0) this.#arrange();
    for (const address of isChoiceNew ? this.#tiles.keys() : meters) this.#showMeter(address);
    for (const id of isChoiceNew ? this.#heads.keys() : buses) this.#showBus(id);
    if (isChoiceNew && this.#street.chosen !== undefined) this.#rows.scrollTo(this.#rowOf(this.#street.chosen.id));
    this.#pass(frames);
  }

  #choose(filter: Filter): void {
    this.#filter = filter;
    this.#arrange();
  }

  /** Who is shown, and where; rows are made anew only when that is another picture than before. */
  #arrange(): void {
    const all = [...this.#street.meters.values()];
    for (const name of names) {
      const count = String(all.filter(filters[name]).length);
      say(this.#buttons[name].lastElementChild!, count);
      mark(this.#buttons[name], "data-count", count);
      mark(this.#buttons[name], "aria-pressed", name === this.#filter);
    }
    const wanted = this.#find.value.trim().toLowerCase();
    const fits = (meter: MeterView): boolean =>
      filters[this.#filter](meter) &&
      (wanted === "" ||
        [meter.address, meter.bus, meter.model, ...meter.faults.map(({ kind }) => kind)].some((text) => text.includes(wanted)));
    const byBus = new Map([...this.#street.buses.keys()].map((id) => [id, [] as string[]]));
    for (const meter of all) if (fits(meter)) byBus.get(meter.bus)?.push(meter.address);
    const isPicking = wanted !== "" || this.#filter !== "all";
    this.#shown = [...byBus].filter(([, meters]) => !isPicking || meters.length > 0);
    say(this.#nothing, this.#street.buses.size === 0 ? this.#words.loading : this.#shown.length === 0 ? this.#words.noMatch : "");
    const room = this.#rows.element.clientWidth - SIDE_PX - 8;
    this.#columns = Math.max(1, Math.floor(room / TILE_PX));
    this.#tileWidth = Math.floor(room / this.#columns);
    const picture = JSON.stringify([this.#columns, this.#tileWidth, this.#shown]);
    if (picture === this.#drawn) return;
    this.#drawn = picture;
    this.#rows.set(this.#shown.flatMap(([bus, meters]) => this.#rowsOf(bus, meters)));
  }

  #rowsOf(bus: string, meters: readonly string[]): Row[] {
    const head: Row = {
      key: bus,
      height: HEAD_PX,
      make: () => {
        const made = busHead(bus, this.#words, () => this.#street.choose({ kind: "bus", id: bus }));
        this.#heads.set(bus, made);
        mark(made.element, "data-passed", String(this.#passed.get(bus) ?? 0));
        this.#showBus(bus);
        return made.element;
      },
      drop: () => this.#heads.delete(bus),
    };
    const count = Math.ceil(meters.length / this.#columns);
    return [head, ...Array.from({ length: count }, (_, n) => this.#tileRow(bus, n, meters, n === count - 1))];
  }

  #tileRow(bus: string, n: number, meters: readonly string[], isLast: boolean): Row {
    const key = `${bus}/${n}`;
    const own = meters.slice(n * this.#columns, (n + 1) * this.#columns);
    return {
      key,
      height: ROW_PX,
      make: () => {
        const wire = h("div", { class: "wire" });
        const tiles = own.map((address) => {
          const tile = meterTile(address, this.#words, () => this.#street.choose({ kind: "meter", id: address }));
          tile.element.style.width = `${this.#tileWidth}px`;
          this.#tiles.set(address, tile);
          this.#showMeter(address);
          return tile.element;
        });
        wire.style.width = `${(own.length - 0.5) * this.#tileWidth + SIDE_PX - TRUNK_PX + 3}px`;
        this.#lines.set(key, { bus, wire });
        return h("div", { class: `tile-row${isLast ? " last" : ""}` }, h("i", { class: "trunk" }), wire, ...tiles);
      },
      drop: () => {
        this.#lines.delete(key);
        for (const address of own) this.#tiles.delete(address);
      },
    };
  }

  #showMeter(address: string): void {
    const meter = this.#street.meters.get(address);
    const { chosen } = this.#street;
    const isFirst = address === this.#shown.find(([, meters]) => meters.length > 0)?.[1][0];
    const tile = this.#tiles.get(address);
    if (meter === undefined || tile === undefined) return;
    tile.show(meter, chosen?.id === address);
    // One stop for the tab key; from there the arrows.
    tile.button.tabIndex = chosen?.kind === "meter" ? (chosen.id === address ? 0 : -1) : isFirst ? 0 : -1;
  }

  #showBus(id: string): void {
    const bus = this.#street.buses.get(id);
    const count = this.#shown.find(([shown]) => shown === id)?.[1].length ?? 0;
    if (bus !== undefined) this.#heads.get(id)?.show(bus, this.#street.chosen?.id === id, count);
  }

  /** However much passed since the last picture: each wire is lit once each way, each meter once. */
  #pass(frames: readonly ToldFrame[]): void {
    for (const { bus } of frames) this.#passed.set(bus, (this.#passed.get(bus) ?? 0) + 1);
    for (const [id, { element }] of this.#heads) mark(element, "data-passed", String(this.#passed.get(id) ?? 0));
    const onWires = new Map<string, ToldFrame>();
    const atMeters = new Map<string, ToldFrame>();
    for (const frame of frames) {
      // Over radio each meter has wires of its own; on a line everybody hears everything.
      const isRadio = this.#street.buses.get(frame.bus)?.kind === "mqtt";
      onWires.set([frame.bus, frame.direction, frame.fault, isRadio ? frame.meter : ""].join(), frame);
      atMeters.set(frame.meter, frame);
    }
    for (const frame of onWires.values()) {
      const own = this.#street.buses.get(frame.bus)?.kind === "mqtt" ? this.#rowOf(frame.meter) : undefined;
      for (const [key, { bus, wire }] of this.#lines)
        if (bus === frame.bus && (own === undefined || own === key)) spark(wire, frame);
    }
    for (const [address, frame] of atMeters) {
      const tile = this.#tiles.get(address);
      if (tile !== undefined) light(tile.element, frame);
    }
  }

  #rowOf(id: string): string {
    for (const [bus, meters] of this.#shown) {
      const at = meters.indexOf(id);
      if (at >= 0) return `${bus}/${Math.floor(at / this.#columns)}`;
    }
    return id;
  }

  #walk(event: KeyboardEvent): void {
    const order = this.#shown.flatMap(([, meters]) => meters);
    const at = order.indexOf(
      this.#street.chosen?.id ?? document.activeElement?.closest<HTMLElement>("[data-address]")?.dataset["address"] ?? "",
    );
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -this.#columns,
      ArrowDown: this.#columns,
      Home: -order.length,
      End: order.length,
    };
    const step = steps[event.key];
    if (step === undefined || order.length === 0) return;
    event.preventDefault();
    const next = order[Math.min(order.length - 1, Math.max(0, at + step))]!;
    this.#rows.scrollTo(this.#rowOf(next));
    this.#street.choose({ kind: "meter", id: next });
    const { button } = this.#tiles.get(next) ?? {};
    if (button !== undefined) {
      button.tabIndex = 0;
      button.focus({ preventScroll: true });
    }
  }
}
