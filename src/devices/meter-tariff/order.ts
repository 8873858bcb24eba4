/**
 * A version of a tariff, as it is told to a meter: what a kWh costs by rate, when which rate runs, and what a step adds. Plain JSON,
 * since a command carries it whole: what was ordered stays what it was, whatever the site file says afterwards.
 */
export interface TariffOrder {
  readonly tariff: string;
  /** The day of the site's zone it begins on, "2027-01-01". */
  readonly from: string;
  /** Yuan per kWh of rates 1 to 4 (尖 峰 平 谷); one price: whatever the rate. */
  readonly prices: readonly string[];
  /** Which rate runs when; null: it makes no difference, or the meter's own tables stay as they are. */
  readonly slots: Slots | null;
  readonly steps: OrderedSteps | null;
}

export interface Slots {
  readonly day: readonly Slot[];
  readonly holidays: { readonly days: readonly string[]; readonly day: readonly Slot[] } | null;
}

export interface Slot {
  /** "08:00" */
  readonly at: string;
  readonly rate: number;
}

export interface OrderedSteps {
  readonly every: "year" | "month";
  /** "01-01" of the year, or the day of the month. */
  readonly startsOn: string;
  /** kWh with two decimals, rising. */
  readonly upTo: readonly string[];
  /** Yuan per kWh, one more than `upTo`: added to the rate's price. */
  readonly add: readonly string[];
}
