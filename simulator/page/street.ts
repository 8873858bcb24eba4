/**
 * The street as this page knows it, and the only place that changes it. The door sends the whole once and then what changed;
 * what came is handed on once per painted picture, however much it was. A page in the background paints nothing and forgets
 * nothing but the oldest frames.
 */
import type { BusView, MeterView, Place, Pulse, ToldFrame, WeatherView, WholeStreet } from "./shapes.ts";

export const FRAMES_MAX = 400;

/** What is new since the last picture. */
export interface News {
  readonly isWhole: boolean;
  readonly meters: ReadonlySet<string>;
  readonly buses: ReadonlySet<string>;
  readonly frames: readonly ToldFrame[];
  readonly isChoiceNew: boolean;
}

export class Street {
  readonly meters = new Map<string, MeterView>();
  readonly buses = new Map<string, BusView>();
  /** Oldest first, the last so many. */
  frames: ToldFrame[] = [];
  weather: WeatherView = { seed: 1, faultsPerHour: 0, struck: 0 };
  line: "opening" | "live" | "lost" = "opening";
  chosen: Place | undefined;
  speed = 1;
  missed = 0;
  #clockAt = 0;
  #clockHeard = 0;
  #lastSeq = 0;
  #isWhole = false;
  #isChoiceNew = false;
  #newMeters = new Set<string>();
  #newBuses = new Set<string>();
  #newFrames: ToldFrame[] = [];
  #isDrawing = false;
  readonly #listeners = new Set<(news: News) => void>();

  /** The browser goes on trying by itself; after a pause the door begins with the whole street again. */
  listen(): void {
    const source = new EventSource("/events");
    source.addEventListener("open", () => this.#turn("live"));
    source.addEventListener("error", () => this.#turn("lost"));
    source.addEventListener("street", ({ data }: MessageEvent<string>) => this.#takeWhole(JSON.parse(data) as WholeStreet));
    source.addEventListener("pulse", ({ data }: MessageEvent<string>) => this.#take(JSON.parse(data) as Pulse));
  }

  /** Until the signal says otherwise. */
  onNews(listener: (news: News) => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener));
  }

  /** The street's time now, worked out from the last that was heard. */
  now(): number {
    return this.#clockAt + (performance.now() - this.#clockHeard) * (this.line === "live" ? this.speed : 0);
  }

  choose(place: Place | undefined): void {
    this.chosen = place;
    this.#isChoiceNew = true;
    this.#draw();
  }

  meterOfChoice(): MeterView | undefined {
    return this.chosen?.kind === "meter" ? this.meters.get(this.chosen.id) : undefined;
  }

  #turn(line: Street["line"]): void {
    this.line = line;
    this.#draw();
  }

  #takeWhole(whole: WholeStreet): void {
    this.meters.clear();
    this.buses.clear();
    this.#isWhole = true;
    // A street that was raised anew counts its frames from one.
    if ((whole.frames.at(-1)?.seq ?? 0) < this.#lastSeq) {
      this.frames = [];
      this.#lastSeq = 0;
    }
    this.#take(whole);
  }

  #take({ clock, weather, buses = [], meters = [], frames = [], missed = 0 }: Pulse): void {
    if (clock !== undefined) {
      this.#clockAt = Date.parse(clock.now);
      this.#clockHeard = performance.now();
      this.speed = clock.speed;
    }
    if (weather !== undefined) this.weather = weather as WeatherView;
    for (const bus of buses) {
      this.buses.set(bus.id, bus);
      this.#newBuses.add(bus.id);
    }
    for (const meter of meters) {
      this.meters.set(meter.address, meter);
      this.#newMeters.add(meter.address);
    }
    const news = frames.filter(({ seq }) => seq > this.#lastSeq);
    this.#lastSeq = news.at(-1)?.seq ?? this.#lastSeq;
    this.frames = [...this.frames, ...news].slice(-FRAMES_MAX);
    this.#newFrames = [...this.#newFrames, ...news].slice(-FRAMES_MAX);
    this.missed += missed;
    this.#draw();
  }

  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      const news: News = {
        isWhole: this.#isWhole,
        meters: this.#newMeters,
        buses: this.#newBuses,
        frames: this.#newFrames,
        isChoiceNew: this.#isChoiceNew,
      };
      this.#isWhole = false;
      this.#isChoiceNew = false;
      this.#newMeters = new Set();
      this.#newBuses = new Set();
      this.#newFrames = [];
      for (const listener of this.#listeners) listener(news);
    });
  }
}
