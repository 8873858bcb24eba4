/** How far a long piece of work is, how fast it goes and how long it will take: as text. Pure; whoever draws it knows the time. */

export interface Progress {
  readonly done: number;
  readonly of: number;
  readonly elapsedMs: number;
  /** Done when the clock began: what an earlier run had done is not our speed. */
  readonly before?: number;
}

const BAR_WIDTH = 24;

export function progressText(what: string, { done, of, elapsedMs, before = 0 }: Progress, more = ""): string {
  const share = of === 0 ? 1 : done / of;
  const filled = Math.round(share * BAR_WIDTH);
  const rate = elapsedMs <= 0 ? 0 : ((done - before) * 1_000) / elapsedMs;
  const left = done >= of ? "" : rate <= 0 ? "  --:-- left" : `  ${clockOf(((of - done) * 1_000) / rate)} left`;
  const speed = `${rate >= 10 || rate === 0 ? Math.round(rate) : rate.toFixed(1)}/s`;
  const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
  return `${what} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${done} of ${of}  ${speed}${left}${more}`;
}

/** "3:07", "1:02:09". */
export function clockOf(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
