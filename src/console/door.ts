/**
 * Whether this page may see the street. The gateway is asked when the page opens and whenever somebody was turned away: its
 * answer counts, not the refusal, which may be of a request that left before the sign-in. A gateway that does not answer
 * changes nothing: then the line is lost, and the head of the page says so.
 *
 * The key goes to the gateway once and is kept nowhere; what the browser keeps is a cookie this page cannot read.
 */
import * as api from "./api.ts";

export interface Doorstep {
  /** "shut": a sign-in is needed. "unknown": the gateway has not said yet. */
  readonly door: "unknown" | "shut" | "open";
  readonly hasSession: boolean;
}

export class Door {
  #step: Doorstep = { door: "unknown", hasSession: false };
  #looking: Promise<void> | undefined;
  readonly #listeners = new Set<() => void>();

  readonly step = (): Doorstep => this.#step;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  look(): Promise<void> {
    this.#looking ??= this.#ask().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async signIn(key: string): Promise<void> {
    await api.signIn(key);
    this.#stand({ door: "open", hasSession: true });
  }

  /** The page begins anew afterwards, so that nothing of the street is left in it for whoever sits down next. */
  async signOut(): Promise<void> {
    await api.signOut();
    location.reload();
  }

  async #ask(): Promise<void> {
    try {
      const { needed, signedIn } = await api.standing();
      this.#stand({ door: needed && !signedIn ? "shut" : "open", hasSession: needed && signedIn });
    } catch {
      if (this.#step.door === "unknown") this.#stand({ door: "open", hasSession: false });
    }
  }

  #stand(step: Doorstep): void {
    this.#step = step;
    for (const listener of this.#listeners) listener();
  }
}
