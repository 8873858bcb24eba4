/**
 * Where a freeze order (16H) goes. The order is heard and checked by the behaviour; keeping frozen values is somebody else's
 * business. A meter without a sink keeps nothing, and says so: ERR 01.
 */
export interface FreezeSink {
  /** Instant freeze: the values of now, as 0501xxNN. */
  freezeNow(): void;
  /**
   * Timed freeze from now on, as 0500xxNN: eight digits MMDDhhmm, 99 for "every". 99999930 is every hour at minute 30,
   * 99992359 every day, 99010000 every month, 12312359 once a year. Already checked: no 99 stands below a date or an hour.
   */
  freezeAt(pattern: string): void;
}
