/** `meterctl read`: talks to a meter directly, no gateway needed; opens the link once and says plainly when nobody is there. */
import { openDirectLink } from "../devices/direct-link.ts";
import { systemChance } from "../kernel/chance.ts";
import { iso, systemClock } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";

export interface DirectReading {
  readonly item: string;
  readonly value: string | null;
  readonly unit: string | null;
  readonly takenAt: string;
}

export async function readDirectly(wish: {
  readonly address: MeterAddress;
  readonly items: readonly string[];
  readonly link: string;
}): Promise<readonly DirectReading[]> {
  const link = openDirectLink(wish.link, { clock: systemClock, chance: systemChance, log: silentLog });
  try {
    const readings = await link.read(wish.address, wish.items);
    return readings.map(({ item, value, unit, takenAt }) => ({ item, value, unit, takenAt: iso(takenAt) }));
  } finally {
    await link.close();
  }
}
