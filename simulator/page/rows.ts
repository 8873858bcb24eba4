/**
 * A long list of which only what can be seen is there: rows of two heights, made when they come near the window of the pane and
 * dropped when they leave it. A thousand meters cost as much as forty.
 */
import { h } from "./dom.ts";

export interface Row {
  readonly key: string;
  readonly height: number;
  readonly make: () => HTMLElement;
  readonly drop: () => void;
}

const BEYOND_PX = 300;

export class Rows {
  readonly element: HTMLElement;
  readonly #sheet = h("div", { class: "rows" });
  #rows: readonly Row[] = [];
  #tops: number[] = [];
  readonly #there = new Map<string, { element: HTMLElement; row: Row }>();

  constructor(element: HTMLElement) {
    this.element = element;
    element.append(this.#sheet);
    element.addEventListener("scroll", () => this.fill(), { passive: true });
  }

  /** Other rows, from scratch. */
  set(rows: readonly Row[]): void {
    for (const { element, row } of this.#there.values()) {
      element.remove();
      row.drop();
    }
    this.#there.clear();
    this.#rows = rows;
    this.#tops = [];
    let top = 0;
    for (const { height } of rows) {
      this.#tops.push(top);
      top += height;
    }
    this.#sheet.style.height = `${top}px`;
    this.fill();
  }

  fill(): void {
    const from = this.element.scrollTop - BEYOND_PX;
    const to = this.element.scrollTop + this.element.clientHeight + BEYOND_PX;
    const near = new Map<string, number>();
    for (let i = this.#firstBelow(from); i < this.#rows.length && this.#tops[i]! <= to; i += 1) near.set(this.#rows[i]!.key, i);
    for (const [key, { element, row }] of this.#there) {
      if (near.has(key)) continue;
      element.remove();
      row.drop();
      this.#there.delete(key);
    }
    for (const [key, i] of near) {
      if (this.#there.has(key)) continue;
      const row = this.#rows[i]!;
      const element = row.make();
      element.style.transform = `translateY(${this.#tops[i]!}px)`;
      this.#there.set(key, { element, row });
      // In the order of the street, so that the tab key and a screen reader go along it.
      const next = this.#rows.slice(i + 1).find((later) => this.#there.has(later.key));
      this.#sheet.insertBefore(element, next === undefined ? null : this.#there.get(next.key)!.element);
    }
  }

  scrollTo(key: string): void {
    const i = this.#rows.findIndex((row) => row.key === key);
    if (i < 0) return;
    const [top, bottom] = [this.#tops[i]!, this.#tops[i]! + this.#rows[i]!.height];
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (bottom > this.element.scrollTop + this.element.clientHeight)
      this.element.scrollTop = bottom - this.element.clientHeight;
    this.fill();
  }

  #firstBelow(from: number): number {
    let [low, high] = [0, this.#rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#tops[middle]! + this.#rows[middle]!.height < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
