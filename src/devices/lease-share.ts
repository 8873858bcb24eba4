/**
 * Who should hold which line, when several gateways live: a fair share by number of buses, and no bus without a holder. Pure.
 *
 * Each gateway judges for itself from the same picture. Its quota is the sum, over the buses it can drive, of one divided by the
 * number of living gateways that can; a quota that is not whole lies between two numbers, and to hold either is fair. Lines are
 * given up only to somebody who holds less than the lower one, only as many as he lacks, and only what he can drive: so a
 * street that is shared out stays as it is until somebody comes or goes.
 */
import type { LeasePicture } from "./line-leases.ts";

export interface Share {
  readonly take: readonly string[];
  readonly giveUp: readonly string[];
}

/** Sums of thirds and sevenths are not exact. */
const ALMOST = 1e-6;

export function shareOf({ gateways, leases }: LeasePicture, me: string, longFree: ReadonlySet<string> = new Set()): Share {
  const mine = gateways.find(({ holder }) => holder === me)?.buses ?? [];
  const drivers = new Map<string, number>();
  for (const { buses } of gateways) for (const bus of buses) drivers.set(bus, (drivers.get(bus) ?? 0) + 1);
  const holderOf = (bus: string): string | null => leases.get(bus)?.holder ?? null;
  const quotaOf = (buses: readonly string[]): number => buses.reduce((sum, bus) => sum + 1 / drivers.get(bus)!, 0);
  const held = new Map<string, number>();
  for (const { holder } of leases.values()) if (holder !== null) held.set(holder, (held.get(holder) ?? 0) + 1);

  const quota = quotaOf(mine);
  const [least, most] = [Math.floor(quota + ALMOST), Math.ceil(quota - ALMOST)];
  const ours = mine.filter((bus) => holderOf(bus) === me);
  const free = mine.filter((bus) => holderOf(bus) === null).sort();
  const must = free.filter((bus) => drivers.get(bus) === 1 || longFree.has(bus));
  const may = rotated(
    free.filter((bus) => !must.includes(bus)),
    gateways.findIndex(({ holder }) => holder === me) / Math.max(1, gateways.length),
  );
  const take = [...must, ...may.slice(0, Math.max(0, most - ours.length - must.length))];

  const giveUp: string[] = [];
  for (const { holder, buses } of gateways) {
    if (holder === me) continue;
    const canHave = new Set(buses);
    const finds = buses.filter((bus) => holderOf(bus) === null).length;
    const lacks = Math.floor(quotaOf(buses) + ALMOST) - (held.get(holder) ?? 0) - finds;
    const surplus = ours.length - least - giveUp.length;
    const fitting = ours.filter((bus) => canHave.has(bus) && !giveUp.includes(bus));
    giveUp.push(...fitting.slice(0, Math.max(0, Math.min(lacks, surplus))));
  }
  return { take, giveUp };
}

/** Two who come at once begin at different ends, and seldom reach for the same line. */
const rotated = <T>(list: readonly T[], by: number): readonly T[] => {
  const at = Math.floor(list.length * Math.max(0, by));
  return [...list.slice(at), ...list.slice(0, at)];
};
