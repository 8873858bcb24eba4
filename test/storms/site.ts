/** The site of a storm, drawn from its seed: lines, meters, accounts, rules. As a site file would say it, and as the street hangs it up. */
import type { BusPlan, MeterPlan } from "../../simulator/street.ts";
import type { MeterRecord } from "../../src/devices/meter.ts";
import type { HouseSite } from "../../src/house/ports.ts";
import type { Chance } from "../../src/kernel/chance.ts";
import { hours, Instant, iso, later, minutes } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { parsePrice, parseYuan, yuan, Fen } from "../../src/kernel/money.ts";
import type { PolicyRules } from "../../src/policy/policy-file.ts";
import { flatTariff } from "../../src/tariff/tariff.ts";
import { between, chosen, happens } from "./draws.ts";

export const TIME_ZONE = "Asia/Shanghai";
export const PRICE = "0.5283";
const MONDAY = Instant(Date.parse("2026-11-23T00:00:00+08:00"));
const DAY_MS = hours(24);

/** Between these moments no rule may cut this account. */
export interface Spared {
  readonly account: AccountId;
  readonly by: "outage" | "important" | "guarantee";
  readonly from: Instant;
  readonly to: Instant;
}

export interface Site {
  readonly startAt: Instant;
  readonly house: HouseSite;
  readonly buses: readonly BusPlan[];
  readonly meters: readonly MeterPlan[];
  readonly remote: ReadonlySet<MeterAddress>;
  /** Accounts that are not cut for a time: planned outages by the site file, exemptions by rows. */
  readonly spared: readonly Spared[];
  /** Nobody else can reach the books: a new life takes the lines at once, and two never overlap. */
  readonly alone: boolean;
}

export function drawSite(chance: Chance, meterCount: number): Site {
  const startAt = Instant(MONDAY + Math.floor(chance.next() * 7) * DAY_MS + Math.floor(chance.next() * 24) * hours(1));
  const lineCount = Math.min(meterCount, 2 + Math.floor(chance.next() * 4));
  const lines = Array.from({ length: lineCount }, (_, n) => ({ id: `line-${n + 1}`, baud: chosen(chance, [2_400, 9_600]) }));
  const drawn = Array.from({ length: meterCount }, (_, n) => drawMeter(chance, n, lines[n % lineCount]!.id));
  const spared = drawSpared(chance.child("spared"), drawn, startAt);
  const buses = lines.map(({ id, baud }) => ({
    id,
    transport: { kind: "serial", path: id, baudRate: baud, dataBits: 8, parity: "even", stopBits: 1 } as const,
  }));
  return {
    startAt,
    spared,
    alone: happens(chance, 0.4),
    buses: lines.map(({ id, baud }) => ({ id, endpoint: { kind: "memory" }, baud })),
    meters: drawn.map(({ plan }) => plan),
    remote: new Set(drawn.filter(({ isRemote }) => isRemote).map(({ record }) => record.address)),
    house: {
      site: { name: "storm", timeZone: TIME_ZONE },
      buses,
      meters: drawn.map(({ record }) => record),
      accounts: drawn.map(({ record, isRemote }) => ({
        account: record.account!,
        name: record.address,
        class: "residential",
        mode: isRemote ? "remote" : "local",
        tariff: "flat",
        ...outagesOf(record.account!, spared),
      })),
      tariffs: new Map([["flat", flatTariff("flat", parsePrice(PRICE))]]),
      policy: {
        mode: "live",
        restoreBy: chosen(chance, ["arm", "reconnect"]),
        cutBelow: Fen(0n),
        noCut: {
          hours: chosen(chance, ["22:00-06:00", "17:00-08:00", "00:00-00:00"]),
          weekends: happens(chance, 0.3),
          holidays: [],
        },
      },
      polling: {
        hot: happens(chance, 0.5) ? { everyMs: minutes(45), items: null } : null,
        warm: { everyMs: between(chance, hours(3), hours(8)), items: null },
        cold: null,
      },
      paymentCap: parseYuan("50000.00", "cap"),
      channels: null,
    },
  };
}

/** From a die of its own, so that the rest of a storm is what it was. */
function drawSpared(chance: Chance, drawn: readonly ReturnType<typeof drawMeter>[], startAt: Instant): readonly Spared[] {
  return drawn.flatMap(({ record, isRemote }): readonly Spared[] => {
    if (!happens(chance, 0.3) || !isRemote) return [];
    const from = later(startAt, minutes(Math.floor(between(chance, 60, 720))));
    const to = later(from, minutes(Math.floor(between(chance, 60, 720))));
    const by = chosen(chance, ["outage", "important", "guarantee"] as const);
    return [{ account: record.account!, by, from: by === "outage" ? from : startAt, to }];
  });
}

function outagesOf(account: AccountId, spared: readonly Spared[]): { readonly policy?: PolicyRules } {
  const outages = spared.filter((one) => one.account === account && one.by === "outage");
  const text = (at: Instant): string => iso(at, TIME_ZONE);
  if (outages.length === 0) return {};
  return {
    policy: { noCut: { maintenance: outages.map(({ from, to }) => ({ from: text(from), to: text(to), reason: "drawn" })) } },
  };
}

function drawMeter(chance: Chance, n: number, bus: string) {
  const address = MeterAddress(String(202_611_220_001 + n));
  const isRemote = happens(chance, 0.4);
  const model = isRemote ? "remote-ledger" : "standard-wallet";
  const record: MeterRecord = {
    address,
    meterNumber: address,
    customerNumber: `00${address.slice(2)}`,
    account: AccountId(address.slice(2)),
    bus: BusId(bus),
    model,
    relayPassword: null,
  };
  const plan: MeterPlan = {
    address,
    bus,
    model,
    price: PRICE,
    loadKw: Math.round(between(chance, 50, 3_000)) / 1_000,
    energyKwh: `${Math.floor(between(chance, 0, 20_000))}.00`,
    ...(isRemote ? {} : { balance: yuan(BigInt(Math.floor(between(chance, 500, 20_000)))) }),
    ...(happens(chance, 0.15) ? { tripDelayMinutes: 1 + Math.floor(chance.next() * 5) } : {}),
    clockDriftPpm: Math.round(between(chance, -30, 30)),
  };
  return { record, plan, isRemote };
}
