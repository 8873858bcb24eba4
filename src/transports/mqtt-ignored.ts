/**
 * What came on up-topics and was not let through, counted by topic and reason. Each topic and reason is told once: a modem that
 * does it once does it all day.
 */
import type { Logger } from "../kernel/log.ts";

/** Each with what a person who reads the log should do. */
const REASONS = {
  retained: "a retained message was ignored: it answers a question of another day; clear it on the broker",
  duplicate: "a message that the broker delivered twice was ignored",
  malformed:
    "a message that is not in the form agreed upon was ignored; compare the bus's payload in the site file with the modem's",
  otherQuestion: "an answer with another number than the question's was ignored",
} as const;

export type IgnoredBecause = keyof typeof REASONS;
export type IgnoredCounts = Readonly<Record<IgnoredBecause, number>>;

const none = (): Record<IgnoredBecause, number> => ({ retained: 0, duplicate: 0, malformed: 0, otherQuestion: 0 });

export class IgnoredMessages {
  readonly #broker: string;
  readonly #log: Logger;
  readonly #byTopic = new Map<string, Record<IgnoredBecause, number>>();

  constructor(broker: string, log: Logger) {
    this.#broker = broker;
    this.#log = log;
  }

  /** Only for topics that somebody listens to, so there are never more of them than meters. */
  note(topic: string, because: IgnoredBecause, why?: string): void {
    let counts = this.#byTopic.get(topic);
    if (counts === undefined) this.#byTopic.set(topic, (counts = none()));
    counts[because] += 1;
    if (counts[because] > 1) return;
    this.#log.warn({ broker: this.#broker, topic, ...(why === undefined ? {} : { why }) }, `${REASONS[because]}; told once`);
  }

  of(topic: string): IgnoredCounts {
    return this.#byTopic.get(topic) ?? none();
  }
}
