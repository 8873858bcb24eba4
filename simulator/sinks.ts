/**
 * Where orders go that concern values somebody else keeps. The behaviours hear the order, check it and answer; a meter on which
 * nobody has hung himself says so honestly instead of pretending.
 */

/** 16H. Nobody there: ERR 01. */
export interface FreezeSink {
  /** Instant freeze: the values of now, as 0501xxNN. */
  freezeNow(): void;
  /**
   * Timed freeze from now on, as 0500xxNN: eight digits MMDDhhmm, 99 for "every". 99999930 is every hour at minute 30,
   * 99992359 every day, 99010000 every month, 12282359 once a year. No 99 stands below a date or an hour. False: it makes no
   * sense to the sink.
   */
  appoint(mmddhhmm: string): boolean;
}

/** 19H. Nobody there: nothing to clear, and the record shows zeros. */
export interface DemandRegisters {
  /** 24 maxima of 8 bytes, as they travel (demand 3, time 5): total, A, B, C, each forward, reverse, quadrants 1 to 4. */
  values(): readonly Uint8Array[];
  clear(): void;
}
