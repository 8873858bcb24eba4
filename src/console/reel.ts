/**
 * Shows the states of a command one after another, as a film shows its pictures.
 *
 * The gateway may announce three states within a millisecond, and a fetched object may overtake the announcements that led
 * to it. A person at the desk should see each step that was announced, in its order, and never a step back that did not
 * happen. So states wait in a reel and each stands for a moment before the next. An announcement that is behind what was
 * fetched already is old news: it finds its place among the pictures still to come, or is dropped. Only a fetched object
 * can go back (a meter that shows "not done" is sent to again), because it is the newer word; unless something was announced
 * after it was asked for: then it may have been written down before that, and is fetched once more anyway.
 *
 *     announced sending ──┐
 *     fetched verifying ──┼─► queued · sending · verifying ─► one picture every DWELL_MS ─► show
 *     announced verifying ┘
 */
import type { Command } from "./shapes.ts";

const DWELL_MS = 140;

const ranks: Readonly<Record<string, number>> = { accepted: 0, queued: 1, sending: 2, verifying: 3 };
const ENDED = 4;
const rankOf = (state: string): number => ranks[state] ?? ENDED;

interface Frame {
  readonly state: string;
  /** The whole object, once it was fetched in this state. */
  readonly whole: Command | null;
}

export class Reel {
  #shown: Command;
  #fetched: Command | null = null;
  #waiting: Frame[] = [];
  #announcementCount = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #show: (command: Command) => void;

  /** The first picture: an object as it was fetched or listed, or, without a moment of its own, what was announced of it. */
  constructor(first: Command, show: (command: Command) => void) {
    this.#shown = first;
    this.#fetched = first.createdAt === null ? null : first;
    this.#show = show;
    show(first);
    this.#dwell();
  }

  get announcementCount(): number {
    return this.#announcementCount;
  }

  announced(state: string): void {
    this.#announcementCount += 1;
    if (this.#fetched !== null && rankOf(state) < rankOf(this.#fetched.state)) {
      const place = this.#waiting.findIndex((frame) => rankOf(frame.state) >= rankOf(state));
      const isKnown = place < 0 || this.#waiting[place]!.state === state || rankOf(this.#shown.state) >= rankOf(state);
      if (!isKnown) this.#waiting.splice(place, 0, { state, whole: null });
    } else if (this.#last() !== state) {
      this.#waiting.push({ state, whole: null });
    }
    this.#play();
  }

  /** `countWhenAsked`: how many announcements there had been when it was asked for. */
  fetched(whole: Command, countWhenAsked = this.#announcementCount): void {
    if (countWhenAsked < this.#announcementCount && rankOf(whole.state) < rankOf(this.#last())) return;
    this.#fetched = whole;
    const { state } = whole;
    if (this.#waiting.length === 0 && this.#shown.state === state) {
      this.#shown = whole;
      this.#show(whole);
      return;
    }
    const last = this.#waiting.at(-1);
    if (last?.state === state) this.#waiting[this.#waiting.length - 1] = { state, whole };
    else this.#waiting.push({ state, whole });
    this.#play();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  #last(): string {
    return (this.#waiting.at(-1) ?? this.#shown).state;
  }

  #play(): void {
    if (this.#timer !== undefined) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#shown = next.whole ?? { ...this.#shown, state: next.state, waitingFor: null };
    this.#show(this.#shown);
    this.#dwell();
  }

  #dwell(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#play();
    }, DWELL_MS);
  }
}
