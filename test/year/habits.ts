/**
 * How people pay, as a table: on a day of the month, when they are told, a second before the cut, when it is dark, or for weeks not at all.
 * Plain numbers; `payers.ts` lives by them.
 */
export interface HabitRow {
  readonly share: number;
  /** Of the months, those in which he pays on his day; what is left comes later, or never. */
  readonly onHisDay: number;
  /** Hours after a warning of a low balance; null: it moves nobody. */
  readonly afterWarning: readonly [number, number] | null;
  /** Hours after the final notice; "at-the-last": a moment before the cut that the notice tells; null: he waits. */
  readonly afterNotice: readonly [number, number] | "at-the-last" | null;
  /** Hours after his supply was cut. */
  readonly afterCut: readonly [number, number];
  /** For how many days he pays at once. */
  readonly days: readonly [number, number];
}

export const habitTable = {
  steady: { share: 34, onHisDay: 1, afterWarning: [1, 24], afterNotice: [0.2, 3], afterCut: [0.1, 6], days: [33, 45] },
  late: { share: 25, onHisDay: 0.4, afterWarning: null, afterNotice: [0.5, 40], afterCut: [0.1, 20], days: [15, 35] },
  reminded: { share: 14, onHisDay: 0, afterWarning: null, afterNotice: [0.1, 1.4], afterCut: [0.1, 6], days: [10, 30] },
  "at-the-last": { share: 8, onHisDay: 0, afterWarning: null, afterNotice: "at-the-last", afterCut: [0.1, 3], days: [8, 25] },
  "when-dark": { share: 13, onHisDay: 0, afterWarning: null, afterNotice: null, afterCut: [0.05, 36], days: [6, 22] },
  away: { share: 6, onHisDay: 0.2, afterWarning: null, afterNotice: null, afterCut: [48, 480], days: [20, 45] },
} as const satisfies Record<string, HabitRow>;
export type HabitName = keyof typeof habitTable;
export const habitOf = (name: HabitName): HabitRow => habitTable[name];

/** Of the payments, those that do not cover what is owed; the rest of it comes some hours later. */
export const TOO_LITTLE_SHARE = 0.12;
export const REST_AFTER_HOURS = [0.5, 30] as const;
