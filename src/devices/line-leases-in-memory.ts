/** Leases in memory: for tests, and for one process whose gateways are all inside it. As strict as the ones in the database. */
import type { Instant } from "../kernel/clock.ts";
import { LEASE_MS, type GatewayPresence, type LeasePicture, type LineLeases } from "./line-leases.ts";

interface Kept {
  holder: string | null;
  fencing: bigint;
  expiresAt: number;
}

export function leasesInMemory({ now }: { readonly now: () => Instant }): LineLeases {
  const gateways = new Map<number, GatewayPresence & { expiresAt: number }>();
  const leases = new Map<string, Kept>();

  const picture = ({ buses }: GatewayPresence): LeasePicture => ({
    gateways: [...gateways.values()]
      .filter(({ expiresAt }) => expiresAt > now())
      .map(({ holder, buses: theirs }) => ({ holder, buses: theirs }))
      .sort((a, b) => (a.holder < b.holder ? -1 : 1)),
    leases: new Map(
      buses.flatMap((bus) => {
        const kept = leases.get(bus);
        if (kept === undefined) return [];
        return [[bus, { holder: kept.expiresAt > now() ? kept.holder : null, fencing: kept.fencing }]] as const;
      }),
    ),
  });

  return {
    enter({ holder, buses }) {
      let slot = 1;
      while ((gateways.get(slot)?.expiresAt ?? 0) > now()) slot += 1;
      gateways.set(slot, { holder, buses, expiresAt: now() + LEASE_MS });
      return Promise.resolve(slot);
    },
    renew(me) {
      const expiresAt = now() + LEASE_MS;
      for (const gateway of gateways.values()) if (gateway.holder === me.holder) gateway.expiresAt = expiresAt;
      for (const kept of leases.values()) if (kept.holder === me.holder && kept.expiresAt > now()) kept.expiresAt = expiresAt;
      return Promise.resolve(picture(me));
    },
    look: (me) => Promise.resolve(picture(me)),
    take(holder, buses) {
      const got = new Map<string, bigint>();
      for (const bus of buses) {
        const kept = leases.get(bus) ?? { holder: null, fencing: 0n, expiresAt: 0 };
        if (kept.holder !== null && kept.expiresAt > now()) continue;
        leases.set(bus, { holder, fencing: kept.fencing + 1n, expiresAt: now() + LEASE_MS });
        got.set(bus, kept.fencing + 1n);
      }
      return Promise.resolve(got);
    },
    release(holder, back) {
      for (const [bus, kept] of leases) if (kept.holder === holder && kept.fencing === back.get(bus)) kept.holder = null;
      return Promise.resolve();
    },
    leave(holder) {
      for (const kept of leases.values()) if (kept.holder === holder) kept.holder = null;
      for (const [slot, gateway] of gateways) if (gateway.holder === holder) gateways.delete(slot);
      return Promise.resolve();
    },
    clear() {
      for (const kept of leases.values()) kept.holder = null;
      gateways.clear();
      return Promise.resolve();
    },
  };
}
