/**
 * Fetches single objects again when something is announced about them, without running after every announcement: what is
 * told many times within a moment is fetched once, what is told while its answer is on the way is fetched once more
 * afterwards, and only a few requests run at the same time, so a lively street does not shout at its own gateway.
 */

const PAUSE_MS = 60;
const AT_ONCE_MAX = 4;

export class Refetcher {
  readonly #fetch: (key: string) => Promise<void>;
  readonly #wanted = new Set<string>();
  readonly #running = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(fetch: (key: string) => Promise<void>) {
    this.#fetch = fetch;
  }

  want(key: string): void {
    this.#wanted.add(key);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#go();
    }, PAUSE_MS);
  }

  #go(): void {
    for (const key of this.#wanted) {
      if (this.#running.size >= AT_ONCE_MAX) return;
      if (this.#running.has(key)) continue;
      this.#wanted.delete(key);
      this.#running.add(key);
      void this.#fetch(key).finally(() => {
        this.#running.delete(key);
        this.#go();
      });
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wanted.clear();
  }
}
