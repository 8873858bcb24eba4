/**
 * Who listens to a transport. Libraries may say "closed" twice (serialport does, measured) or go on delivering while they
 * are being closed; here `closed` is said once, and nothing is heard after it.
 */
export class Listeners {
  readonly #received: ((bytes: Uint8Array) => void)[] = [];
  readonly #closed = new Set<(why: string) => void>();
  #why: string | null = null;

  /** Why it closed; null while it has not. */
  get why(): string | null {
    return this.#why;
  }

  onReceived(listener: (bytes: Uint8Array) => void): void {
    this.#received.push(listener);
  }

  /** Whoever comes too late is told at once: a closed transport does not close again. */
  onClosed(listener: (why: string) => void): void {
    if (this.#why === null) this.#closed.add(listener);
    else listener(this.#why);
  }

  /**
   * Runs a write and resolves when it says so, or when the transport closes under it: some libraries never call back then.
   * The listener goes away with the write, since a connection may live for months.
   */
  untilClosed(write: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#closed.delete(done);
        resolve();
      };
      this.onClosed(done);
      write(done);
    });
  }

  received(bytes: Uint8Array): void {
    if (this.#why !== null) return;
    for (const listener of this.#received) listener(bytes);
  }

  closed(why: string): void {
    if (this.#why !== null) return;
    this.#why = why;
    const listeners = [...this.#closed];
    this.#closed.clear();
    for (const listener of listeners) listener(why);
  }
}
